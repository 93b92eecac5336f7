// Package people is what an agency is made of: its members of staff, the
// recipients to whom it may disclose, and the regulations that it has adopted.
// Names stand in sealed sections alone.
package people

import (
	"context"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name             = "people"
	tableStaff       = "people_staff"
	tableGrants      = "people_grants"
	tableRecipients  = "people_recipients"
	tableRegulations = "people_regulations"
)

// Columns of people_staff that later events change.
const (
	staffLeftOn = 3 + iota
	staffRoles
	staffSignedOn
	staffSignedUntil
	staffPosition
	staffLastEvent
)

// Columns of people_recipients that later events change.
const (
	recipientEnded = 9 + iota
	recipientPosition
)

// nameColumns is where a sealed name stands, in all that is needed to open it.
var nameColumns = []string{"name_key:t", "name_event:t", "name_type:t", "name_schema:i", "name_version:i", "name_place:i", "name_sealed:b"}

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 2 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{
		agency.TypeRegulationAdopted,
		agency.TypeRecipientRegistered, agency.TypeRecipientChanged, agency.TypeRecipientEnded,
		staff.TypeEnrolled, staff.TypeEnded, staff.TypeConfidentialitySigned, staff.TypeRoleGranted, staff.TypeRoleRevoked,
		staff.TypeAccessGranted, staff.TypeMaintenanceGranted, staff.TypeAccessRevoked,
	}
}

// Tables are one row for each member of staff, grant, recipient and adoption.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name: tableStaff,
			Columns: rows.Columns(append([]string{"agency:t", "staff:t", "enrolled:i", "left_on:t", "roles:t",
				"signed_on:t", "signed_until:t", "position:i", "last_event_at:i"}, nameColumns...)...),
			KeyColumns: 2,
			Sealed:     []string{"name_sealed"},
		},
		{
			Name:       tableGrants,
			Columns:    rows.Columns("agency:t", "staff:t", "grant_id:t", "position:i", "begins:i", "ends:i"),
			KeyColumns: 3,
		},
		{
			Name: tableRecipients,
			Columns: rows.Columns(append([]string{"agency:t", "recipient:t", "registered:i", "class:t", "subtype:t",
				"agreement:i", "agreement_until:t", "secrecy:i", "authorised_for_subsidies:i", "ended:i", "position:i"}, nameColumns...)...),
			KeyColumns: 2,
			Sealed:     []string{"name_sealed"},
		},
		{
			Name: tableRegulations,
			Columns: rows.Columns("agency:t", "position:i", "event:i", "profile:t", "version:i", "effective_from:t",
				"approved_by:t", "adopted:i"),
			KeyColumns: 3,
		},
	}
}

// Apply folds the commit into the rows.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, stored *eventstore.StoredEvent, sealed [][]byte, r *domain.Recorded) error {
		at := site{ctx: ctx, tx: tx, meta: &r.Meta, place: place, stored: stored, sealed: sealed}
		switch e := r.Event.(type) {
		case *staff.Enrolled:
			return at.enrol()
		case *staff.Ended:
			return at.changeStaff(func(row readdb.Row) {
				row[staffLeftOn] = e.LeftOn.String()
				row[staffRoles] = ""
			})
		case *staff.ConfidentialitySigned:
			return at.changeStaff(func(row readdb.Row) {
				row[staffSignedOn], row[staffSignedUntil] = e.SignedOn.String(), e.Until.String()
			})
		case *staff.RoleGranted:
			return at.changeStaff(func(row readdb.Row) {
				roles := append(rows.Split[string](row[staffRoles].(string)), e.Role)
				row[staffRoles] = rows.Join(rows.Sorted(roles))
			})
		case *staff.RoleRevoked:
			return at.changeStaff(func(row readdb.Row) {
				roles := slices.DeleteFunc(rows.Split[string](row[staffRoles].(string)), func(s string) bool { return s == e.Role })
				row[staffRoles] = rows.Join(roles)
			})
		case *staff.AccessGranted:
			return at.grant(e.Grant, e.From, e.Until)
		case *staff.MaintenanceGranted:
			return at.grant(e.Grant, e.From, e.Until)
		case *staff.AccessRevoked:
			return at.revoke(e.Grant)
		case *agency.RecipientRegistered:
			return at.putRecipient(e.Recipient, e.RecipientTerms)
		case *agency.RecipientChanged:
			return at.putRecipient(e.Recipient, e.RecipientTerms)
		case *agency.RecipientEnded:
			return at.endRecipient(e.Recipient)
		case *agency.RegulationAdopted:
			return tx.Insert(ctx, tableRegulations, readdb.Row{
				r.Meta.Agency, int64(r.Meta.Position), int64(place), e.Profile, int64(e.Version), e.EffectiveFrom.String(),
				e.ApprovedBy, rows.Instant(r.Meta.Occurred),
			})
		}
		return nil
	})
}

// site is one event where it stands.
type site struct {
	ctx    context.Context
	tx     readdb.Tx
	meta   *domain.Meta
	place  int
	stored *eventstore.StoredEvent
	sealed [][]byte
}

// name gives the values of nameColumns out of the event's section of that
// category; an event without one has no name.
func (s site) name(c domain.Category) []any {
	for i, ref := range s.stored.Sections {
		if ref.Category == c {
			return []any{ref.Key, s.stored.ID, s.stored.Type, int64(s.stored.Schema), int64(s.meta.Version), int64(s.place), s.sealed[i]}
		}
	}
	return []any{"", "", "", int64(0), int64(0), int64(0), []byte(nil)}
}

func (s site) enrol() error {
	row := readdb.Row{
		s.meta.Agency, s.meta.Aggregate, rows.Instant(s.meta.Occurred), "", "", "", "",
		int64(s.meta.Position), rows.Instant(s.meta.Occurred),
	}
	return s.tx.Insert(s.ctx, tableStaff, append(row, s.name(domain.CatStaff)...))
}

func (s site) changeStaff(change func(readdb.Row)) error {
	do := rows.Set(func(row readdb.Row) {
		change(row)
		row[staffPosition] = int64(s.meta.Position)
		row[staffLastEvent] = max(row[staffLastEvent].(int64), rows.Instant(s.meta.Occurred))
	})
	return rows.Change(s.ctx, s.tx, s.meta, "is about a member of staff who was never enrolled", do, tableStaff, s.meta.Agency, s.meta.Aggregate)
}

// putRecipient registers a recipient or replaces what is registered; the day
// of the first registration stays.
func (s site) putRecipient(id domain.ID, t agency.RecipientTerms) error {
	registered := rows.Instant(s.meta.Occurred)
	ended := int64(0)
	if old, ok, err := s.tx.Get(s.ctx, tableRecipients, s.meta.Agency, id); err != nil {
		return err
	} else if ok {
		registered, ended = old[2].(int64), old[recipientEnded].(int64)
	}
	row := readdb.Row{
		s.meta.Agency, id, registered, t.Class, t.Subtype, rows.Bool(t.Agreement), t.AgreementUntil.String(),
		rows.Bool(t.Secrecy), rows.Bool(t.AuthorisedForSubsidies), ended, int64(s.meta.Position),
	}
	return s.tx.Put(s.ctx, tableRecipients, append(row, s.name(domain.CatRecipient)...))
}

func (s site) endRecipient(id domain.ID) error {
	do := rows.Set(func(row readdb.Row) {
		row[recipientEnded], row[recipientPosition] = rows.Instant(s.meta.Occurred), int64(s.meta.Position)
	})
	return rows.Change(s.ctx, s.tx, s.meta, "ends a recipient that was never registered", do, tableRecipients, s.meta.Agency, id)
}
