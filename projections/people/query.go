package people

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Staff is one member of staff: clear facts and the sealed name.
type Staff struct {
	Agency   string
	Staff    string
	Enrolled time.Time // occurred_at
	LeftOn   string    // YYYY-MM-DD, "" while employed
	Roles    []string  // in byte order; none after the end
	// SignedOn and SignedUntil are the newest declaration of confidentiality,
	// both days included; "" for none and for no end (C-2.1.5).
	SignedOn, SignedUntil string
	Position              uint64 // of the newest commit
	LastEventAt           time.Time
	// Name holds {name, login}. It has no ciphertext when nothing was sealed.
	Name seal.Sealed
}

// Recipient is one recipient of the register (C-2.6.3).
type Recipient struct {
	Agency     string
	Recipient  string
	Registered time.Time // occurred_at of the first registration
	Class      string
	Subtype    string
	// Agreement and AgreementUntil (YYYY-MM-DD, "" for no end), Secrecy
	// (C-2.6.2) and AuthorisedForSubsidies (C-2.6.4) are as registered last.
	Agreement              bool
	AgreementUntil         string
	Secrecy                bool
	AuthorisedForSubsidies bool
	Ended                  time.Time // zero while it may receive
	Position               uint64
	// Name holds {name, agreement, secrecy_reference}.
	Name seal.Sealed
}

// Regulation is one adoption of a regulation profile.
type Regulation struct {
	Agency        string
	Position      uint64
	Profile       string
	Version       int
	EffectiveFrom string // YYYY-MM-DD
	ApprovedBy    string
	Adopted       time.Time // occurred_at
}

const nameSelect = ", name_key, name_event, name_type, name_schema, name_version, name_place, name_sealed"

// named gives where the columns of a sealed name are scanned to.
func named(s *seal.Sealed, agency string, category domain.Category) []any {
	s.Agency, s.Class, s.Category = agency, domain.ClassPerson, category
	return []any{&s.Key, &s.Event, &s.Type, &s.Schema, &s.Version, &s.Index, &s.Ciphertext}
}

// ListStaff calls f with the members of staff of an agency by id; with ids only
// with those. f may give rows.ErrStop.
func ListStaff(ctx context.Context, db *readdb.DB, agency string, ids []string, f func(Staff) error) error {
	q := "SELECT staff, enrolled, left_on, roles, signed_on, signed_until, position, last_event_at" + nameSelect +
		" FROM people_staff"
	return list(ctx, db, q, "staff", agency, ids, func(scan func(...any) error) error {
		s := Staff{Agency: agency}
		var (
			enrolled, last int64
			roles          string
		)
		dest := []any{&s.Staff, &enrolled, &s.LeftOn, &roles, &s.SignedOn, &s.SignedUntil, &s.Position, &last}
		if err := scan(append(dest, named(&s.Name, agency, domain.CatStaff)...)...); err != nil {
			return fmt.Errorf("reading the members of staff: %w", err)
		}
		s.Name.Owner = "staff/" + s.Staff
		s.Enrolled, s.LastEventAt, s.Roles = rows.Time(enrolled), rows.Time(last), rows.Split[string](roles)
		return f(s)
	})
}

// GetStaff gives one member of staff; ok is false when the agency has none with that id.
func GetStaff(ctx context.Context, db *readdb.DB, agency, id string) (s Staff, ok bool, err error) {
	err = ListStaff(ctx, db, agency, []string{id}, func(found Staff) error {
		s, ok = found, true
		return nil
	})
	return s, ok, err
}

// ListRecipients calls f with the recipients of an agency by id; with ids only
// with those. f may give rows.ErrStop.
func ListRecipients(ctx context.Context, db *readdb.DB, agency string, ids []string, f func(Recipient) error) error {
	q := "SELECT recipient, registered, class, subtype, agreement, agreement_until, secrecy, authorised_for_subsidies, ended, position" + nameSelect +
		" FROM people_recipients"
	return list(ctx, db, q, "recipient", agency, ids, func(scan func(...any) error) error {
		r := Recipient{Agency: agency}
		var registered, agreement, secrecy, subsidies, ended int64
		dest := []any{&r.Recipient, &registered, &r.Class, &r.Subtype, &agreement, &r.AgreementUntil, &secrecy, &subsidies, &ended, &r.Position}
		if err := scan(append(dest, named(&r.Name, agency, domain.CatRecipient)...)...); err != nil {
			return fmt.Errorf("reading the recipients: %w", err)
		}
		r.Name.Owner = "recipient/" + r.Recipient
		r.Registered, r.Ended = rows.Time(registered), rows.Time(ended)
		r.Agreement, r.Secrecy, r.AuthorisedForSubsidies = agreement != 0, secrecy != 0, subsidies != 0
		return f(r)
	})
}

// list runs a query for all of an agency or for some ids, in their order.
func list(ctx context.Context, db *readdb.DB, q, key, agency string, ids []string, f func(scan func(...any) error) error) error {
	if len(ids) == 0 {
		return rows.Query(ctx, db, q+" WHERE agency = ? ORDER BY "+key, []any{agency}, f)
	}
	for _, id := range ids {
		if err := rows.Query(ctx, db, q+" WHERE agency = ? AND "+key+" = ?", []any{agency, id}, f); err != nil {
			return err
		}
	}
	return nil
}

// Regulations calls f with the adoptions of an agency, or of all for "", in
// stream order. f may give rows.ErrStop.
func Regulations(ctx context.Context, db *readdb.DB, agency string, f func(Regulation) error) error {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	q := "SELECT agency, position, profile, version, effective_from, approved_by, adopted FROM people_regulations" +
		w.String() + " ORDER BY position, event"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			r       Regulation
			adopted int64
		)
		if err := scan(&r.Agency, &r.Position, &r.Profile, &r.Version, &r.EffectiveFrom, &r.ApprovedBy, &adopted); err != nil {
			return fmt.Errorf("reading the regulations: %w", err)
		}
		r.Adopted = rows.Time(adopted)
		return f(r)
	})
}

// InForce is the regulation in force in an agency on a day: of those that are
// effective the one with the latest day, and of those the last adopted; ok is
// false for none.
func InForce(ctx context.Context, db *readdb.DB, agency string, day nl.Date) (r Regulation, ok bool, err error) {
	err = Regulations(ctx, db, agency, func(one Regulation) error {
		if one.EffectiveFrom <= day.String() && (!ok || one.EffectiveFrom >= r.EffectiveFrom) {
			r, ok = one, true
		}
		return nil
	})
	return r, ok, err
}

// Agencies lists the agencies that have adopted a regulation, in byte order:
// they come into being with the first (catalogue §2).
func Agencies(ctx context.Context, db *readdb.DB) ([]string, error) {
	var out []string
	err := rows.Query(ctx, db, "SELECT DISTINCT agency FROM people_regulations ORDER BY agency", nil, func(scan func(...any) error) error {
		var a string
		if err := scan(&a); err != nil {
			return fmt.Errorf("reading the agencies: %w", err)
		}
		out = append(out, a)
		return nil
	})
	return out, err
}
