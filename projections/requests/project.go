// Package requests is the register of the client's requests (C-2.9.1 to
// C-2.9.3, S-Inz, L-12, L-15 to L-21): what was asked, by whom, by when it has
// to be answered, and how it was. What the client wrote stays sealed.
package requests

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
const Name = "requests"

// The columns that later events change.
const (
	colExtendedUntil = 14 + iota
	colToldOn
	colDecision
	colDecidedOn
	colAnsweredOn
	colGranted
	colRefused
	colFulfilledOn
	colWithdrawnOn
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
	return []string{
		dossier.TypeRequestReceived, dossier.TypeRequestExtended, dossier.TypeRequestDecided,
		dossier.TypeRequestFulfilled, dossier.TypeRequestWithdrawn,
	}
}

// Tables is one row for each request.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "dossier:t", "request:t", "position:i", "event:i", "occurred:i",
			"kind:t", "by_whom:t", "representative:t", "channel:t", "received_on:t", "due:t", "items:i", "reason:t",
			"extended_until:t", "told_on:t", "decision:t", "decided_on:t", "answered_on:t", "granted:i", "refused:i",
			"fulfilled_on:t", "withdrawn_on:t"),
		KeyColumns: 3,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply folds the commit into the rows of its requests.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		change := func(request domain.ID, do func(row readdb.Row)) error {
			return change(ctx, tx, &r.Meta, request, do)
		}
		switch e := r.Event.(type) {
		case *dossier.RequestReceived:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, r.Meta.Aggregate, e.Request, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Occurred),
				e.Kind, e.By, e.Representative, e.Channel, e.ReceivedOn.String(), e.Due.String(), int64(len(e.Items)), e.Reason,
				"", "", "", "", "", int64(0), int64(0), "", "",
			})
		case *dossier.RequestExtended:
			return change(e.Request, func(row readdb.Row) {
				row[colExtendedUntil], row[colToldOn] = e.Until.String(), e.ToldOn.String()
			})
		case *dossier.RequestDecided:
			return change(e.Request, func(row readdb.Row) {
				row[colDecision], row[colDecidedOn], row[colAnsweredOn] = e.Decision, rows.Day(r.Meta.Occurred), e.AnsweredOn.String()
				row[colGranted], row[colRefused] = count(e.Items, "granted"), count(e.Items, "refused")
			})
		case *dossier.RequestFulfilled:
			return change(e.Request, func(row readdb.Row) { row[colFulfilledOn] = e.FulfilledOn.String() })
		case *dossier.RequestWithdrawn:
			return change(e.Request, func(row readdb.Row) { row[colWithdrawnOn] = e.WithdrawnOn.String() })
		}
		return nil
	})
}

func count(items []dossier.DecidedItem, decision string) (n int64) {
	for _, i := range items {
		if i.Decision == decision {
			n++
		}
	}
	return n
}

func change(ctx context.Context, tx readdb.Tx, meta *domain.Meta, request domain.ID, do func(row readdb.Row)) error {
	return rows.Change(ctx, tx, meta, "is about a request that was never received", rows.Set(do), Name, meta.Agency, meta.Aggregate, request)
}
