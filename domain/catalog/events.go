// Package catalog is THE list of commands, events and aggregates: adding one is
// a file in the aggregate's folder and a line here. What it gives is the same
// for every kind of aggregate, so that the handler and the projections know
// none of them by name.
package catalog

import (
	stdjson "encoding/json"
	"fmt"
	"sync"

	"github.com/go-json-experiment/json"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
)

// EventSpec is one type of event.
type EventSpec struct {
	Type string
	// Schema is the current schema version of its clear data, from 1.
	Schema int
	// New gives an empty event to decode into: a pointer to its struct.
	New func() domain.Event
	// Copy gives an event of this type over again, sharing what it points at.
	Copy func(domain.Event) domain.Event
	// Upcast turns clear data of an older schema into the current one; nil
	// while there is only one.
	Upcast func(schema int, raw stdjson.RawMessage) (stdjson.RawMessage, error)
}

// Events lists every type of event. A type that was ever written stays here.
func Events() []EventSpec {
	return []EventSpec{
		event[agency.RegulationAdopted](1),
		event[agency.PoliciesAdopted](1),
		event[agency.AdoptionConfirmed](1),
		event[agency.RecipientRegistered](1),
		event[agency.RecipientChanged](1),
		event[agency.RecipientEnded](1),

		event[staff.Enrolled](1),
		event[staff.Ended](1),
		event[staff.ConfidentialitySigned](1),
		event[staff.RoleGranted](1),
		event[staff.RoleRevoked](1),
		event[staff.AccessGranted](1),
		event[staff.AccessRevoked](1),
		event[staff.GrantConfirmed](1),
		event[staff.MaintenanceGranted](1),

		event[incident.Reported](1),
		event[incident.Assessed](1),
		event[incident.AuthorityNotified](1),
		event[incident.Closed](1),

		event[paper.VolumeRegistered](1),
		event[paper.CheckedOut](1),
		event[paper.CheckedIn](1),
		event[paper.Attested](1),
		event[paper.Destroyed](1),

		event[access.Recorded](1),
		event[access.SignIn](1),
		event[access.OverviewAsked](1),
		event[access.SessionStarted](1),
		event[access.SessionEnded](1),
		event[access.FactorAdded](1),
		event[access.FactorRemoved](1),
		event[access.RecoveryCodesRenewed](1),
		event[access.PasswordChanged](1),
		event[access.AccountInvited](1),
		event[access.AccountLinked](1),
		event[access.TokenIssued](1),
		event[access.TokenRevoked](1),

		event[reminder.Raised](1),

		event[review.Reviewed](1),

		event[unique.Reserved](1),

		event[ledger.Anchored](1),

		event[dossier.Opened](1),
		event[dossier.ReferralDeclined](1),
		event[dossier.ClientChanged](1),
		event[dossier.RegulationHandedOut](1),
		event[dossier.StaffAssigned](1),
		event[dossier.StaffUnassigned](1),
		event[dossier.TrajectoryStarted](1),
		event[dossier.TrajectoryEnded](1),
		event[dossier.TrajectoryReopened](1),
		event[dossier.RecordAdded](1),
		event[dossier.RecordCorrected](1),
		event[dossier.RecordCompleted](1),
		event[dossier.RecordRestricted](1),
		event[dossier.RestrictionLifted](1),
		event[dossier.HoursLogged](1),
		event[dossier.HoursCorrected](1),
		event[dossier.ConsentGiven](1),
		event[dossier.ConsentRefused](1),
		event[dossier.ConsentWithdrawn](1),
		event[dossier.ObjectionReceived](1),
		event[dossier.ObjectionWithdrawn](1),
		event[dossier.DisclosureMade](1),
		event[dossier.DisclosureRefused](1),
		event[dossier.HoldPlaced](1),
		event[dossier.HoldLifted](1),
		event[dossier.Redated](1),
		event[dossier.RepresentativeRecorded](1),
		event[dossier.RepresentativeEnded](1),
		event[dossier.RequestReceived](1),
		event[dossier.RequestExtended](1),
		event[dossier.RequestDecided](1),
		event[dossier.RequestFulfilled](1),
		event[dossier.RequestWithdrawn](1),
		event[dossier.RecipientNotified](1),
		event[dossier.ClientNotified](1),
		event[dossier.UnlawfulDisclosure](1),
		event[dossier.RecordMoved](1),
		event[dossier.ViewGranted](1),
		event[dossier.ViewRefused](1),
		event[dossier.ViewEnded](1),
		event[dossier.ComplaintFiled](1),
		event[dossier.ComplaintResolved](1),
		event[dossier.InvoiceTakenOver](1),
		event[dossier.DocumentAttached](1),
		event[dossier.QuestionAnswered](1),
		event[dossier.GlassBroken](1),
		event[dossier.GlassReviewed](1),
		event[dossier.DisclosureConfirmed](1),
	}
}

// event lists the type of event whose struct is T.
func event[T any, P interface {
	*T
	domain.Event
}](schema int) EventSpec {
	return EventSpec{
		Type: P(new(T)).EventType(), Schema: schema, New: func() domain.Event { return P(new(T)) },
		Copy: func(e domain.Event) domain.Event {
			c := *e.(P)
			return P(&c)
		},
	}
}

// eventTable is Events by type; it is never changed once built.
var eventTable = sync.OnceValue(func() map[string]*EventSpec {
	m := map[string]*EventSpec{}
	for _, s := range Events() {
		m[s.Type] = &s
	}
	return m
})

// SchemaOf is the current schema version of a type; 0 for an unknown one.
func SchemaOf(typ string) int {
	if s := eventTable()[typ]; s != nil {
		return s.Schema
	}
	return 0
}

// Decode gives the event of a type from its stored clear data, upcast to the
// current schema. It keeps nothing of raw. An unknown type, a schema newer than
// this program's or data of another form is an error: no event is ever passed
// over (architecture §4).
func Decode(typ string, schema int, raw stdjson.RawMessage) (domain.Event, error) {
	s := eventTable()[typ]
	if s == nil {
		return nil, fmt.Errorf("catalog: this version of the program does not know events of type %q", typ)
	}
	if schema != s.Schema {
		if schema > s.Schema || schema < 1 || s.Upcast == nil {
			return nil, fmt.Errorf("catalog: this version of the program does not know schema %d of %s", schema, typ)
		}
		up, err := s.Upcast(schema, raw)
		if err != nil {
			return nil, fmt.Errorf("catalog: bringing %s from schema %d to %d: %w", typ, schema, s.Schema, err)
		}
		raw = up
	}
	e := s.New()
	if err := json.Unmarshal(raw, e); err != nil {
		return nil, fmt.Errorf("catalog: decoding %s: %w", typ, err)
	}
	return e, nil
}

// Encode gives the clear data of an event in its stored form, and its schema.
func Encode(e domain.Event) (raw stdjson.RawMessage, schema int, err error) {
	s := eventTable()[e.EventType()]
	if s == nil {
		return nil, 0, fmt.Errorf("catalog: events of type %q are not in the list", e.EventType())
	}
	raw, err = json.Marshal(e, json.Deterministic(true))
	if err != nil {
		return nil, 0, fmt.Errorf("catalog: encoding %s: %w", s.Type, err)
	}
	return raw, s.Schema, nil
}
