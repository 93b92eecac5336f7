// Package projections turns the stream into views, registers and schedules
// (architecture §4). The same Apply serves live following, catching up and
// rebuilding, and the checkpoint is committed in the transaction of the rows.
package projections

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Delivery is one commit as a projection sees it: stored form and decoded,
// upcast events. Events is empty for a commit in which the projection reads no
// type, unless it reads all.
type Delivery struct {
	Commit *eventstore.Commit
	// Payload is the stored form of the commit (eventstore.Marshal's), for a
	// projection that reads every commit; nil for others.
	Payload []byte
	Events  []domain.Recorded
}

// Projection builds tables from the stream. It is a pure function of the
// commits in their order: no clock, no randomness, no other input.
type Projection interface {
	// Name is constant; it prefixes the names of its tables.
	Name() string
	// Version rises with every change of its tables or of Apply; a changed
	// version is rebuilt beside the old one and swapped in.
	Version() int
	// Tables are what it builds.
	Tables() []readdb.Table
	// Reads lists the event types it reads; nil means every commit.
	Reads() []string
	// Apply folds one commit. An error stalls the projection at its position; no
	// commit is ever skipped.
	Apply(ctx context.Context, tx readdb.Tx, d *Delivery) error
}
