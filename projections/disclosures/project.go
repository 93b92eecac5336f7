// Package disclosures is the register of disclosures (C-2.6.1): what went to
// whom, on which ground, and which recipients have still to hear of a
// correction (L-19). Refused disclosures stand in the history alone.
package disclosures

import (
	"context"

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
	Name = "disclosures"
	// changes has what a recipient must be told of: each correction,
	// completion, restriction and removal, by record or by category of particulars.
	changes = "disclosures_changes"
	// told has what recipients were told, or why they were not (L-19).
	told = "disclosures_told"
	// unlawful has what went out wrongly, registered as lawful before or not (C-2.6b).
	unlawful = "disclosures_unlawful"
)

// The acts of which the recipients of an item must be told (AVG 19).
const (
	ActRectification = "rectification"
	ActCompletion    = "completion"
	ActRestriction   = "restriction"
	ActRemoval       = "removal" // moved out of the wrong client's dossier (C-2.9.3b)
)

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
		dossier.TypeDisclosureMade,
		dossier.TypeRecordCorrected, dossier.TypeRecordCompleted, dossier.TypeRecordRestricted,
		dossier.TypeClientChanged, dossier.TypeRecordMoved,
		dossier.TypeUnlawfulDisclosure, dossier.TypeRecipientNotified,
	}
}

// Tables only grow. The register's key is the place in the stream, so that no
// choice of ids by a caller can make two rows collide.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name: Name,
			Columns: rows.Columns("agency:t", "position:i", "event:i", "dossier:t", "disclosure:t",
				"occurred:i", "recorded:i", "recipient:t", "recipient_class:t", "recipient_subtype:t",
				"categories:t", "records:t", "ground:t", "purpose:t", "channel:t", "actor:t", "consent:t",
				"approved_by:t", "confidential_until:t", "profile:t", "profile_version:i", "unlawful:i", "happened:i"),
			KeyColumns: 3,
			Indexes:    [][]string{{"agency", "dossier", "position"}},
		},
		{
			Name:       changes,
			Columns:    rows.Columns("agency:t", "dossier:t", "item:t", "position:i", "event:i", "occurred:i", "act:t"),
			KeyColumns: 5,
		},
		{
			Name:       told,
			Columns:    rows.Columns("agency:t", "dossier:t", "disclosure:t", "item:t", "position:i", "event:i", "occurred:i", "outcome:t", "about:t"),
			KeyColumns: 6,
		},
		{
			Name: unlawful,
			Columns: rows.Columns("agency:t", "dossier:t", "disclosure:t", "position:i", "event:i", "occurred:i", "occurred_on:t",
				"recipient:t", "categories:t", "records:t", "incident:t"),
			KeyColumns: 5,
		},
	}
}

// Apply adds the disclosures of the commit and the changes of what may have
// been disclosed.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, stored *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		switch e := r.Event.(type) {
		case *dossier.DisclosureMade:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, int64(r.Meta.Position), int64(place), r.Meta.Aggregate, e.Disclosure,
				rows.Instant(r.Meta.Occurred), rows.Instant(r.Meta.Recorded), e.Recipient, e.RecipientClass, e.RecipientSubtype,
				rows.Join(rows.Sorted(e.Categories)), rows.Join(rows.Sorted(e.Records)), string(e.Ground), e.Purpose, e.Channel,
				r.Meta.Actor, e.Consent, e.ApprovedBy, e.ConfidentialUntil.String(), e.Profile, int64(e.ProfileVersion), int64(0),
				rows.Instant(r.Meta.Occurred),
			})
		case *dossier.UnlawfulDisclosure:
			return wrong(ctx, tx, r, place, e)
		case *dossier.RecipientNotified:
			for _, item := range rows.Sorted(e.Items) {
				row := readdb.Row{r.Meta.Agency, r.Meta.Aggregate, e.Disclosure, item, int64(r.Meta.Position), int64(place),
					rows.Instant(r.Meta.Occurred), e.Outcome, e.About}
				if err := tx.Insert(ctx, told, row); err != nil {
					return err
				}
			}
			return nil
		}
		return changed(ctx, tx, r, place, stored)
	})
}

// wrong registers what went out wrongly. What had been registered as lawful
// keeps its one row, which List marks.
func wrong(ctx context.Context, tx readdb.Tx, r *domain.Recorded, place int, e *dossier.UnlawfulDisclosure) error {
	categories, records := rows.Join(rows.Sorted(e.Categories)), rows.Join(rows.Sorted(e.Records))
	err := tx.Insert(ctx, unlawful, readdb.Row{
		r.Meta.Agency, r.Meta.Aggregate, e.Disclosure, int64(r.Meta.Position), int64(place),
		rows.Instant(r.Meta.Occurred), e.OccurredOn.String(), e.Recipient, categories, records, e.Incident,
	})
	if err != nil || e.Registered {
		return err
	}
	happened := r.Meta.Occurred
	if e.OccurredOn.Before(nl.DateOf(happened)) {
		happened = e.OccurredOn.Start()
	}
	return tx.Insert(ctx, Name, readdb.Row{
		r.Meta.Agency, int64(r.Meta.Position), int64(place), r.Meta.Aggregate, e.Disclosure,
		rows.Instant(r.Meta.Occurred), rows.Instant(r.Meta.Recorded), e.Recipient, e.RecipientClass, e.RecipientSubtype,
		categories, records, "", "", e.Channel, r.Meta.Actor, "", "", "", e.Profile, int64(e.ProfileVersion), int64(1),
		rows.Instant(happened),
	})
}

// changed adds what recipients must hear of.
func changed(ctx context.Context, tx readdb.Tx, r *domain.Recorded, place int, stored *eventstore.StoredEvent) error {
	switch e := r.Event.(type) {
	case *dossier.RecordCorrected:
		return change(ctx, tx, r, place, e.Record, ActRectification)
	case *dossier.RecordCompleted:
		return change(ctx, tx, r, place, e.Record, ActCompletion)
	case *dossier.RecordRestricted:
		return change(ctx, tx, r, place, e.Record, ActRestriction)
	case *dossier.RecordMoved:
		return change(ctx, tx, r, place, e.Record, ActRemoval)
	case *dossier.ClientChanged:
		// A change of circumstances makes nothing that was sent untrue.
		if !e.Correction {
			return nil
		}
		for _, c := range particulars(stored) {
			if err := change(ctx, tx, r, place, string(c), ActRectification); err != nil {
				return err
			}
		}
	}
	return nil
}

func change(ctx context.Context, tx readdb.Tx, r *domain.Recorded, place int, item, act string) error {
	return tx.Insert(ctx, changes, readdb.Row{
		r.Meta.Agency, r.Meta.Aggregate, item, int64(r.Meta.Position), int64(place), rows.Instant(r.Meta.Occurred), act,
	})
}

// particulars are the categories that an event has sections of.
func particulars(stored *eventstore.StoredEvent) []domain.Category {
	var out []domain.Category
	for _, s := range stored.Sections {
		if s.Category.Particular() {
			out = append(out, s.Category)
		}
	}
	return rows.Sorted(out)
}
