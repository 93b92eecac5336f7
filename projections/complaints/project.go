// Package complaints is the register of complaints (C-2.1.3, S-Kla): what came
// in and when, whom and which article it concerns, and how it was answered. What
// the client wrote stays sealed.
package complaints

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
const Name = "complaints"

// The columns that the answer fills.
const (
	colHandler = 11 + iota
	colAnsweredOn
	colOutcome
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
	return []string{dossier.TypeComplaintFiled, dossier.TypeComplaintResolved}
}

// Tables is one row for each complaint.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "dossier:t", "complaint:t", "position:i", "event:i", "occurred:i",
			"received_on:t", "due:t", "channel:t", "about_staff:t", "clause:t", "handler:t", "answered_on:t", "outcome:t"),
		KeyColumns: 3,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply folds the commit into the rows of its complaints.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		switch e := r.Event.(type) {
		case *dossier.ComplaintFiled:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, r.Meta.Aggregate, e.Complaint, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Occurred),
				e.ReceivedOn.String(), e.Due.String(), e.Channel, e.AboutStaff, e.Clause, "", "", "",
			})
		case *dossier.ComplaintResolved:
			answer := rows.Set(func(row readdb.Row) {
				row[colHandler], row[colAnsweredOn], row[colOutcome] = e.Handler, e.AnsweredOn.String(), e.Outcome
			})
			return rows.Change(ctx, tx, &r.Meta, "answers a complaint that was never filed", answer, Name, r.Meta.Agency, r.Meta.Aggregate, e.Complaint)
		}
		return nil
	})
}
