// Package approvals is who is named as approving what (C-2.1.5b): disclosures,
// grants of access, maintenance windows, regulations and policies, with what that
// person said of it himself.
package approvals

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Name is the projection's name and its one table's.
const Name = "approvals"

// The kinds of what is approved.
const (
	KindDisclosure = "disclosure"
	KindGrant      = "grant" // access, or a maintenance window
	KindRegulation = "regulation"
	KindPolicies   = "policies"
)

// The columns that change.
const (
	colAnswer = 9 + iota
	colAnswered
	colUnlawful
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
		dossier.TypeDisclosureMade, dossier.TypeUnlawfulDisclosure, dossier.TypeDisclosureConfirmed,
		staff.TypeAccessGranted, staff.TypeMaintenanceGranted, staff.TypeGrantConfirmed,
		agency.TypeRegulationAdopted, agency.TypePoliciesAdopted, agency.TypeAdoptionConfirmed,
	}
}

// Tables is one row for each act that names an approver, and for each adoption. Of
// is the dossier or the member of staff, "" for the agency's own acts.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{{
		Name: Name,
		Columns: rows.Columns("agency:t", "of_id:t", "id:t", "position:i", "event:i", "kind:t", "approver:t", "actor:t", "occurred:i",
			"answer:t", "answered:i", "unlawful:i", "recipient:t", "categories:t", "ground:t"),
		KeyColumns: 3,
		Indexes:    [][]string{{"agency", "position"}},
	}}
}

// Apply folds the commit into its rows.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		m := &r.Meta
		add := func(of, id, kind, by string, what ...string) error {
			if by == "" && kind != KindRegulation && kind != KindPolicies {
				return nil
			}
			a := domain.Named(by, m.Actor)
			answered := int64(0)
			if a.Answer != "" {
				answered = rows.Instant(m.Occurred)
			}
			what = append(what, "", "", "")
			return tx.Insert(ctx, Name, readdb.Row{m.Agency, of, id, int64(m.Position), int64(place), kind, by, m.Actor, rows.Instant(m.Occurred), a.Answer, answered, int64(0),
				what[0], what[1], what[2]})
		}
		answer := func(of, id, said string) error {
			said, at := said, rows.Instant(m.Occurred)
			return rows.Change(ctx, tx, m, "answers an approval that nobody was named for",
				rows.Set(func(row readdb.Row) { row[colAnswer], row[colAnswered] = said, at }), Name, m.Agency, of, id)
		}
		switch e := r.Event.(type) {
		case *dossier.DisclosureMade:
			return add(m.Aggregate, e.Disclosure, KindDisclosure, e.ApprovedBy, e.Recipient, rows.Join(rows.Sorted(e.Categories)), string(e.Ground))
		case *dossier.UnlawfulDisclosure:
			_, err := rows.ChangeAny(ctx, tx, rows.Set(func(row readdb.Row) { row[colUnlawful] = int64(1) }), Name, m.Agency, m.Aggregate, e.Disclosure)
			return err
		case *dossier.DisclosureConfirmed:
			return answer(m.Aggregate, e.Disclosure, e.Answer)
		case *staff.AccessGranted:
			return add(m.Aggregate, e.Grant, KindGrant, e.AuthorisedBy, "", rows.Join(rows.Sorted(e.Categories)))
		case *staff.MaintenanceGranted:
			return add(m.Aggregate, e.Grant, KindGrant, e.ApprovedBy)
		case *staff.GrantConfirmed:
			return answer(m.Aggregate, e.Grant, e.Answer)
		case *agency.RegulationAdopted:
			return add("", m.CommandID, KindRegulation, e.ApprovedBy)
		case *agency.PoliciesAdopted:
			return add("", m.CommandID, KindPolicies, e.ApprovedBy)
		case *agency.AdoptionConfirmed:
			return answer("", e.Adoption, e.Answer)
		}
		return nil
	})
}
