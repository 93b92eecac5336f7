// Package commits keeps every commit as it was stored, by aggregate, so that
// loading state, a timeline, a replay or a view of an earlier time never scans
// the stream (architecture §2). Its bytes can be checked against the ledger's
// leaves, so a copy is as good as the original.
package commits

import (
	"context"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "commits"

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the table.
func (Projection) Version() int { return 1 }

// Reads is nil: every commit.
func (Projection) Reads() []string { return nil }

// Tables is the one table. The key serves the reading of one aggregate in
// order; the first index serves idempotency, the second the history of an
// agency in stream order. The index on command ids leads with the aggregate, so
// that a caller who uses one id on many aggregates slows nobody down, and
// leaves the agency and the kind out, since ids nearly always tell already.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: []readdb.Column{
			{Name: "agency", Type: readdb.Text}, {Name: "kind", Type: readdb.Text},
			{Name: "aggregate", Type: readdb.Text}, {Name: "version", Type: readdb.Int},
			{Name: "position", Type: readdb.Int}, {Name: "command_id", Type: readdb.Text},
			{Name: "occurred", Type: readdb.Int}, {Name: "recorded", Type: readdb.Int},
			{Name: "leaf", Type: readdb.Bytes}, {Name: "payload", Type: readdb.Bytes},
		},
		KeyColumns: 4,
		Indexes:    [][]string{{"aggregate", "command_id"}, {"agency", "position"}},
		Sealed:     []string{"payload"},
	}}
}

// Apply adds the commit.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	e := &d.Commit.Envelope
	leaf := eventstore.LeafHash(d.Commit.Clear)
	return tx.Insert(ctx, Name, readdb.Row{
		e.Agency, e.Kind, e.AggregateID, int64(e.Version), int64(d.Commit.Position), e.CommandID,
		rows.Instant(e.Time), rows.Instant(e.Recorded), leaf[:], d.Payload,
	})
}
