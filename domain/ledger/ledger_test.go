package ledger_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/ledger"
)

// C-2.7: an anchor says how far the log goes, and the newest one counts.
func TestTheNewestAnchorCounts(t *testing.T) {
	s := ledger.Zero()
	for _, n := range []int64{3, 12} {
		s = ledger.Evolve(s, domain.Recorded{Event: &ledger.Anchored{Size: n}})
	}
	if s.Size != 12 {
		t.Fatal(s)
	}
}
