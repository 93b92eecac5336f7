// Package incidents is the register of incidents and breaches (AVG 33(5),
// C-2.1.2, L-33, L-34): when each was discovered, what it concerns, how it was
// judged, who was told and when it was closed. Free text stays sealed.
package incidents

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "incidents"

// The columns that later events change.
const (
	colRisk = 11 + iota
	colNotifyAuthority
	colNotifyClients
	colAssessed
	colExonerated
	colNotified
	colClosedOn
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
	return []string{incident.TypeReported, incident.TypeAssessed, incident.TypeAuthorityNotified, incident.TypeClosed}
}

// Tables is one row for each incident.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "incident:t", "position:i", "event:i", "occurred:i",
			"discovered:i", "notify_by:i", "kind:t", "dossiers:t", "categories:t", "people:i",
			"risk:t", "notify_authority:i", "notify_clients:i", "assessed:i", "exonerated:i", "notified:i", "closed_on:t"),
		KeyColumns: 2,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply folds the commit into its incident's row.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		switch e := r.Event.(type) {
		case *incident.Reported:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, r.Meta.Aggregate, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Occurred),
				rows.Instant(e.DiscoveredAt), rows.Instant(e.NotifyBy), e.Kind,
				rows.Join(rows.Sorted(e.Dossiers)), rows.Join(rows.Sorted(e.Categories)), int64(e.People),
				"", int64(0), int64(0), int64(0), int64(0), int64(0), "",
			})
		case *incident.Assessed:
			return change(ctx, tx, &r.Meta, func(row readdb.Row) { assess(row, e, rows.Instant(r.Meta.Occurred)) })
		case *incident.AuthorityNotified:
			return change(ctx, tx, &r.Meta, func(row readdb.Row) {
				if row[colNotified] == int64(0) {
					row[colNotified] = rows.Instant(e.NotifiedAt)
				}
			})
		case *incident.Closed:
			return change(ctx, tx, &r.Meta, func(row readdb.Row) { row[colClosedOn] = e.ClosedOn.String() })
		}
		return nil
	})
}

// assess replaces the assessment. A reasoned "no risk" meets the clock when it
// is made; one that finds a risk after all starts it running again (L-33).
func assess(row readdb.Row, e *incident.Assessed, at int64) {
	row[colRisk], row[colNotifyAuthority], row[colNotifyClients], row[colAssessed] = e.Risk, rows.Bool(e.NotifyAuthority), rows.Bool(e.NotifyClients), at
	switch {
	case e.NotifyAuthority:
		row[colExonerated] = int64(0)
	case row[colExonerated] == int64(0):
		row[colExonerated] = at
	}
}

func change(ctx context.Context, tx readdb.Tx, meta *domain.Meta, do func(row readdb.Row)) error {
	return rows.Change(ctx, tx, meta, "is about an incident that was never reported", rows.Set(do), Name, meta.Agency, meta.Aggregate)
}
