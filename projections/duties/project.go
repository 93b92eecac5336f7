// Package duties keeps what the duties of an agency towards its clients follow
// from and no other view has: hand-outs of the regulation (C-I4), items that
// came from others (C-I3, L-14) or that the client need not expect (C-I2), the
// consents that items rest on (L-7), what clients were told, and the views of
// third parties (C-2.7b). The registers of deadlines, notices and obligations
// are worked out from it for a day, when they are asked for.
package duties

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name          = "duties"
	tableHandouts = "duties_handouts"
	tableItems    = "duties_items"
	// tableArriving has the items that were moved out of a wrong client's file and
	// are not on file yet where they belong, by the move that brings them (C-2.9.3b).
	tableArriving = "duties_arriving"
	tableConsents = "duties_consents"
	tableTold     = "duties_told"
	tableViews    = "duties_views"
)

// Columns that later events change, or that a move gives anew.
const (
	itemDossier  = 1
	itemPosition = 3
	itemAt       = 4
)

const (
	itemSource = 5 + iota
	itemCategories
	itemTrajectory
	itemObtained
	itemUnexpected
	itemConsent
	itemShielded
	itemMoved
	itemWas
)

const (
	consentWithdrawn = 5
	viewEnded        = 8
)

// Others are the sources of data that the client did not give and did not let
// be given in his name; they are to be told of (C-I3, L-14).
var Others = []string{"commissioner", "third_party"}

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 3 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{
		dossier.TypeRegulationHandedOut, dossier.TypeClientChanged, dossier.TypeClientNotified,
		dossier.TypeRecordAdded, dossier.TypeRecordCorrected, dossier.TypeRecordRestricted, dossier.TypeRestrictionLifted, dossier.TypeRecordMoved,
		dossier.TypeConsentGiven, dossier.TypeConsentWithdrawn,
		dossier.TypeViewGranted, dossier.TypeViewEnded,
	}
}

// Tables are one for each kind of fact. Items are only those that a duty
// follows from; most records are none.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name:       tableHandouts,
			Columns:    rows.Columns("agency:t", "dossier:t", "position:i", "event:i", "occurred:i", "version:i", "method:t", "acknowledged:i", "sources:t"),
			KeyColumns: 4,
		},
		{
			Name: tableItems,
			Columns: rows.Columns("agency:t", "dossier:t", "item:t", "position:i", "occurred:i", "source:t", "categories:t",
				"trajectory:t", "obtained:t", "unexpected:i", "consent:t", "shielded:i", "moved:i", "was:t"),
			KeyColumns: 3,
		},
		{
			Name:       tableArriving,
			Columns:    rows.Columns("agency:t", "dossier:t", "cause:t", "item:t"),
			KeyColumns: 3,
		},
		{
			Name:       tableConsents,
			Columns:    rows.Columns("agency:t", "dossier:t", "consent:t", "position:i", "given:i", "withdrawn:i"),
			KeyColumns: 3,
		},
		{
			Name: tableTold,
			Columns: rows.Columns("agency:t", "dossier:t", "position:i", "event:i", "occurred:i", "about:t", "ref:t",
				"trajectory:t", "method:t", "notified_on:t"),
			KeyColumns: 4,
		},
		{
			Name: tableViews,
			Columns: rows.Columns("agency:t", "dossier:t", "view:t", "position:i", "granted:i", "recipient:t", "consent:t",
				"until:i", "ended:i"),
			KeyColumns: 3,
		},
	}
}

// Apply folds the commit into the facts.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, stored *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		f := fold{ctx: ctx, tx: tx, meta: &r.Meta, cause: d.Commit.Envelope.CausationID, place: int64(place), at: rows.Instant(r.Meta.Occurred)}
		switch e := r.Event.(type) {
		case *dossier.RegulationHandedOut:
			return tx.Insert(ctx, tableHandouts, f.row(f.position(), f.place, f.at, int64(e.Version), e.Method, rows.Bool(e.Acknowledged), rows.Join(rows.Sorted(e.Sources))))
		case *dossier.ClientNotified:
			return tx.Insert(ctx, tableTold, f.row(f.position(), f.place, f.at, e.About, e.Ref, e.Trajectory, e.Method, e.NotifiedOn.String()))
		case *dossier.ConsentGiven:
			return tx.Put(ctx, tableConsents, f.row(e.Consent, f.position(), f.at, int64(0)))
		case *dossier.ConsentWithdrawn:
			at := f.at
			if e.ReceivedOn.Before(nl.DateOf(r.Meta.Occurred)) && !e.ReceivedOn.IsZero() {
				at = rows.Instant(e.ReceivedOn.Start())
			}
			return f.change(tableConsents, e.Consent, func(row readdb.Row) { row[consentWithdrawn] = at })
		case *dossier.ViewGranted:
			return tx.Put(ctx, tableViews, f.row(e.View, f.position(), f.at, e.Recipient, e.Consent, rows.Instant(e.Until), int64(0)))
		case *dossier.ViewEnded:
			return f.change(tableViews, e.View, func(row readdb.Row) { row[viewEnded] = rows.Instant(e.Until) })
		}
		return f.item(r.Event, stored)
	})
}

// fold is one event on its way into the tables.
type fold struct {
	ctx   context.Context
	tx    readdb.Tx
	meta  *domain.Meta
	cause string // the event that the commit follows from
	place int64
	at    int64 // occurred_at
}

func (f fold) position() int64 { return int64(f.meta.Position) }

// row begins with the agency and the dossier.
func (f fold) row(rest ...any) readdb.Row {
	return append(readdb.Row{f.meta.Agency, f.meta.Aggregate}, rest...)
}

// change changes a row that an earlier event made; there is none where that
// event made no fact.
func (f fold) change(table, key string, do func(row readdb.Row)) error {
	_, err := rows.ChangeAny(f.ctx, f.tx, rows.Set(do), table, f.meta.Agency, f.meta.Aggregate, key)
	return err
}

// item folds what concerns one item: a record, or particulars that somebody
// else than the client gave.
func (f fold) item(event domain.Event, stored *eventstore.StoredEvent) error {
	switch e := event.(type) {
	case *dossier.RecordAdded:
		was, err := f.arrived()
		if err != nil || !slices.Contains(Others, e.Source) && !e.Unexpected && e.Consent == "" {
			return err
		}
		return f.tx.Put(f.ctx, tableItems, f.row(e.Record, f.position(), f.at, e.Source, categories(e.Category, e.Contains),
			e.Trajectory, f.obtained(e.ObtainedOn), rows.Bool(e.Unexpected), e.Consent, int64(0), int64(0), was))
	case *dossier.RecordCorrected:
		return f.correct(e)
	case *dossier.RecordRestricted:
		return f.change(tableItems, e.Record, func(row readdb.Row) { row[itemShielded] = f.at })
	case *dossier.RecordMoved:
		return f.move(e, stored.ID)
	case *dossier.RestrictionLifted:
		return f.change(tableItems, e.Record, func(row readdb.Row) { row[itemShielded] = int64(0) })
	case *dossier.ClientChanged:
		return f.particulars(e, stored)
	}
	return nil
}

// correct lays a correction over a record. One that finds that it came from
// somebody else starts the duty to tell of it.
func (f fold) correct(e *dossier.RecordCorrected) error {
	_, ok, err := f.tx.Get(f.ctx, tableItems, f.meta.Agency, f.meta.Aggregate, e.Record)
	if err != nil {
		return err
	}
	if !ok {
		if !slices.Contains(Others, e.Source) && e.Consent == "" {
			return nil
		}
		return f.tx.Put(f.ctx, tableItems, f.row(e.Record, f.position(), f.at, e.Source, categories(e.Category, e.Contains),
			e.Trajectory, f.obtained(e.ObtainedOn), int64(0), e.Consent, int64(0), int64(0), ""))
	}
	return f.change(tableItems, e.Record, func(row readdb.Row) {
		row[itemSource], row[itemCategories], row[itemTrajectory], row[itemConsent] = e.Source, categories(e.Category, e.Contains), e.Trajectory, e.Consent
		if !e.ObtainedOn.IsZero() {
			row[itemObtained] = e.ObtainedOn.String()
		}
	})
}

// particulars adds the particulars that a change brought, as one item.
func (f fold) particulars(e *dossier.ClientChanged, stored *eventstore.StoredEvent) error {
	if !slices.Contains(Others, e.Source) {
		return nil
	}
	var list []domain.Category
	for _, s := range stored.Sections {
		if s.Category.Particular() {
			list = append(list, s.Category)
		}
	}
	if len(list) == 0 {
		return nil
	}
	item := fmt.Sprintf("particulars.%d.%d", f.meta.Position, f.place)
	return f.tx.Insert(f.ctx, tableItems, f.row(item, f.position(), f.at, e.Source, rows.Join(rows.Sorted(list)),
		"", rows.Day(f.meta.Occurred), int64(0), "", int64(0), int64(0), ""))
}

// obtained is the day on which an item was obtained: the one given, else the
// day of the event.
func (f fold) obtained(on nl.Date) string {
	if !on.IsZero() {
		return on.String()
	}
	return rows.Day(f.meta.Occurred)
}

// categories are an item's own and all that it contains, packed.
func categories(own domain.Category, contains []domain.Category) string {
	return rows.Join(rows.Sorted(append([]domain.Category{own}, contains...)))
}
