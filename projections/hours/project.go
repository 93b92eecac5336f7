// Package hours is the register of time spent, with its corrections folded in
// (C-0b): what a client was promised to be written down, and what feeds
// invoices as totals.
package hours

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "hours"

// The columns that a correction changes.
const (
	colMinutes     = 7
	colCorrections = 10
)

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the table or of Apply.
func (Projection) Version() int { return 1 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{dossier.TypeHoursLogged, dossier.TypeHoursCorrected}
}

// Tables is the one table; the index gives an agency's register in stream order.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "dossier:t", "entry:t",
			"position:i", "event:i", "trajectory:t", "date:t", "minutes:i", "activity:t", "actor:t",
			"corrections:i"),
		KeyColumns: 3,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply adds entries and folds corrections into theirs.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		switch e := r.Event.(type) {
		case *dossier.HoursLogged:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, r.Meta.Aggregate, e.Entry,
				int64(r.Meta.Position), int64(place), e.Trajectory, e.Date.String(), int64(e.Minutes), e.Activity,
				worker(e, r), int64(0),
			})
		case *dossier.HoursCorrected:
			return correct(ctx, tx, e, r)
		}
		return nil
	})
}

// worker is who did the work: hours may be logged for somebody else.
func worker(e *dossier.HoursLogged, r *domain.Recorded) string {
	if e.WorkedBy != "" {
		return e.WorkedBy
	}
	return r.Meta.Actor
}

func correct(ctx context.Context, tx readdb.Tx, e *dossier.HoursCorrected, r *domain.Recorded) error {
	do := rows.Set(func(row readdb.Row) {
		row[colMinutes] = int64(e.Minutes)
		row[colCorrections] = row[colCorrections].(int64) + 1
	})
	return rows.Change(ctx, tx, &r.Meta, "corrects an entry that is not there", do, Name, r.Meta.Agency, r.Meta.Aggregate, e.Entry)
}
