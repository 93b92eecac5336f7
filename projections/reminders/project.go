// Package reminders is the list of reminders that were raised, each once, for
// whoever has something to do.
package reminders

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "reminders"

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the table or of Apply.
func (Projection) Version() int { return 2 }

// Reads lists the event types.
func (Projection) Reads() []string { return []string{reminder.TypeRaised} }

// Tables is one row for each reminder.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "dossier:t", "kind:t", "ref:t", "item:t", "due:t", "stage:t",
			"reminder:t", "position:i", "event:i", "occurred:i", "staff:t", "role:t"),
		KeyColumns: 7,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply adds the reminders of the commit. The same one a second time, which the
// engine never raises, would replace the first.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, stored *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		e, ok := r.Event.(*reminder.Raised)
		if !ok {
			return nil
		}
		return tx.Put(ctx, Name, readdb.Row{
			r.Meta.Agency, e.Dossier, e.Kind, e.Ref, e.Item, e.Due.String(), e.Stage,
			stored.ID, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Occurred), rows.Join(e.For), e.Role,
		})
	})
}
