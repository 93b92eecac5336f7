// Package access is the register of who saw what and when (C-2.1.4b): one row
// for each look at each dossier, allowed or denied.
package access

import (
	"cmp"
	"context"

	domainaccess "github.com/casefile-engine/casefile/domain/access"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name = "access"
	// listed has a row for each dossier of a look that names more than one.
	listed = "access_listed"
)

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 2 }

// Reads lists the event types.
func (Projection) Reads() []string { return []string{domainaccess.TypeRecorded} }

// Tables are one row for each access event, in stream order, and one small row
// for each dossier of a list, so that a dossier's own log finds the lists that
// showed it. The look at a single dossier, which is nearly every one, costs one row.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name: Name,
			Columns: rows.Columns("agency:t", "position:i", "event:i", "dossier:t", "dossiers:t",
				"occurred:i", "recorded:i", "actor:t", "role:t", "on_behalf_of:t", "action:t",
				"categories:t", "purpose:t", "ground:t", "outcome:t", "code:t", "rule:t",
				"policies:t", "digest:t", "trace:t", "door:t", "imported:i"),
			KeyColumns: 3,
			// By client, by member of staff and by period (C-2.1.4b).
			Indexes: [][]string{{"agency", "dossier", "position"}, {"agency", "actor", "occurred"}, {"agency", "occurred"}},
		},
		{
			Name:       listed,
			Columns:    rows.Columns("agency:t", "dossier:t", "position:i", "event:i"),
			KeyColumns: 4,
		},
	}
}

// Apply adds the looks of the commit.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		e, ok := r.Event.(*domainaccess.Recorded)
		if !ok {
			return nil
		}
		one, many := "", ""
		dossiers := distinct(e.Dossiers)
		if len(dossiers) == 1 {
			one = dossiers[0]
		} else {
			many = rows.Join(dossiers)
			for _, id := range dossiers {
				if err := tx.Insert(ctx, listed, readdb.Row{r.Meta.Agency, id, int64(r.Meta.Position), int64(place)}); err != nil {
					return err
				}
			}
		}
		env := &d.Commit.Envelope
		return tx.Insert(ctx, Name, readdb.Row{
			r.Meta.Agency, int64(r.Meta.Position), int64(place), one, many,
			rows.Instant(r.Meta.Occurred), rows.Instant(r.Meta.Recorded),
			r.Meta.Actor, e.Role, cmp.Or(e.OnBehalfOf, env.OnBehalfOf), e.Action,
			rows.Join(rows.Sorted(e.Categories)), e.Purpose, e.Ground, e.Outcome, e.Code, e.Rule,
			rows.Join(e.Policies), env.Policy, env.TraceParent, env.Door, rows.Bool(e.Imported),
		})
	})
}

// distinct keeps the order and drops repetitions, which would be two rows with
// one key.
func distinct(ids []domain.ID) []domain.ID {
	if len(ids) < 2 {
		return ids
	}
	seen := make(map[domain.ID]bool, len(ids))
	out := make([]domain.ID, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}
