// Package regulations keeps every regulation that an agency adopted, whole, and
// gives the register of processing activities that each is (AVG 30; S-CBP): the
// terms of deadlines and the duties of an agency are read from the version that
// held on the day, never from what the program knows now (architecture §1.6).
package regulations

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "regulations"

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the table or of Apply.
func (Projection) Version() int { return 2 }

// Reads lists the event types.
func (Projection) Reads() []string { return []string{agency.TypeRegulationAdopted} }

// Tables is one row for each adoption. A document is a regulation: it speaks of
// nobody.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name:       Name,
		Columns:    rows.Columns("agency:t", "position:i", "event:i", "profile:t", "version:i", "effective_from:t", "adopted:i", "assessed_on:t", "document:t"),
		KeyColumns: 3,
	}}
}

// Apply adds the adoptions of the commit.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		e, ok := r.Event.(*agency.RegulationAdopted)
		if !ok {
			return nil
		}
		document, err := json.Marshal(&e.Document)
		if err != nil {
			return fmt.Errorf("regulations: encoding a regulation: %w", err)
		}
		return tx.Insert(ctx, Name, readdb.Row{
			r.Meta.Agency, int64(r.Meta.Position), int64(place), e.Profile, int64(e.Version), e.EffectiveFrom.String(),
			rows.Instant(r.Meta.Occurred), e.ImpactAssessedOn.String(), string(document),
		})
	})
}
