// Package reviews is the register of the control of proper use (C-2.1.4b,
// C-2.1.4c): every look in an emergency with its review, done or owed, and every
// sampling review of access. What was found stays sealed.
package reviews

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "reviews"

// The columns that the review of a glass fills.
const (
	colOutcome = 14 + iota
	colReviewed
	colActor
	colIncident
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
	return []string{dossier.TypeGlassBroken, dossier.TypeGlassReviewed, review.TypeReviewed}
}

// Tables is one row for each look in an emergency and for each review of access,
// which has no dossier in its key.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "dossier:t", "id:t", "position:i", "event:i", "occurred:i",
			"kind:t", "dossiers:t", "staff:t", "opened:i", "closed:i", "first_day:t", "last_day:t", "sample:i",
			"outcome:t", "reviewed:i", "actor:t", "incident:t"),
		KeyColumns: 3,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply folds the commit into its rows.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		m := &r.Meta
		switch e := r.Event.(type) {
		case *dossier.GlassBroken:
			return tx.Insert(ctx, Name, readdb.Row{
				m.Agency, m.Aggregate, e.Glass, int64(m.Position), int64(place), rows.Instant(m.Occurred),
				KindBreakGlass, "", e.Staff, rows.Instant(e.From), rows.Instant(e.Until), "", "", int64(0),
				"", int64(0), "", "",
			})
		case *dossier.GlassReviewed:
			finding := rows.Set(func(row readdb.Row) {
				row[colOutcome], row[colReviewed], row[colActor], row[colIncident] = e.Finding, rows.Instant(m.Occurred), m.Actor, e.Incident
			})
			return rows.Change(ctx, tx, m, "reviews a glass that was never broken", finding, Name, m.Agency, m.Aggregate, e.Glass)
		case *review.Reviewed:
			return tx.Insert(ctx, Name, readdb.Row{
				m.Agency, "", m.Aggregate, int64(m.Position), int64(place), rows.Instant(m.Occurred),
				KindAccess, rows.Join(rows.Sorted(e.Dossiers)), rows.Join(rows.Sorted(e.Staff)), int64(0), int64(0), e.From.String(), e.Until.String(), int64(e.Sample),
				e.Outcome, rows.Instant(m.Occurred), m.Actor, e.Incident,
			})
		}
		return nil
	})
}
