package engine

import (
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// Heed is what the guard does each minute, with a status and a time of the test's.
func (g *Guard) Heed(list []ledger.Status, now time.Time) { g.heed(list, now) }
