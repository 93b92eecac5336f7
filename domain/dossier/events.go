package dossier

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The types of event of a dossier. They are constants for ever: a changed
// shape gets a higher schema and is upcast, a changed meaning a new name.
const (
	TypeOpened              = "dossier.opened"
	TypeReferralDeclined    = "referral.declined"
	TypeClientChanged       = "client.changed"
	TypeRegulationHandedOut = "regulation.handed_out"
	TypeStaffAssigned       = "staff.assigned"
	TypeStaffUnassigned     = "staff.unassigned"
	TypeTrajectoryStarted   = "trajectory.started"
	TypeTrajectoryEnded     = "trajectory.ended"
	TypeTrajectoryReopened  = "trajectory.reopened"
	TypeRecordAdded         = "record.added"
	TypeRecordCorrected     = "record.corrected"
	TypeRecordCompleted     = "record.completed"
	TypeRecordRestricted    = "record.restricted"
	TypeRestrictionLifted   = "restriction.lifted"
	TypeHoursLogged         = "hours.logged"
	TypeHoursCorrected      = "hours.corrected"
	TypeConsentGiven        = "consent.given"
	TypeConsentRefused      = "consent.refused"
	TypeConsentWithdrawn    = "consent.withdrawn"
	TypeObjectionReceived   = "objection.received"
	TypeObjectionWithdrawn  = "objection.withdrawn"
	TypeDisclosureMade      = "disclosure.made"
	TypeDisclosureRefused   = "disclosure.refused"
	TypeHoldPlaced          = "hold.placed"
	TypeHoldLifted          = "hold.lifted"
)

// Every struct here is the clear part of an event. Its id of dossier, its
// actor and its two times stand in domain.Meta.

// Opened begins a dossier (C-0a, C-1.1a). Sections: contact, personal, bank,
// bsn as far as given, and invoice_name when a name is.
type Opened struct {
	Service      string    `json:"service"`
	Referral     string    `json:"referral"` // self, commissioned
	Commissioner domain.ID `json:"commissioner,omitzero"`
	Standing     string    `json:"standing"` // employee, benefit, none
	// Fields names the particulars that were given, in byte order ("address").
	// What they say stands in the sections.
	Fields []string `json:"fields,omitzero"`
}

// ReferralDeclined ends a dossier that never got a trajectory; its term starts
// on DeclinedOn (C-2.5e). A later one replaces the date. Section: file {by, reason}.
type ReferralDeclined struct {
	DeclinedOn nl.Date `json:"declined_on"`
	// By says who declined where it is one of client, commissioner, agency.
	By string `json:"by,omitzero"`
}

// ClientChanged changes particulars. Each section holds the changed fields
// alone: a reader lays them over the earlier ones, field by field, in stream order.
type ClientChanged struct {
	Fields     []string `json:"fields"`
	ValidFrom  nl.Date  `json:"valid_from"`
	Source     string   `json:"source"`
	Correction bool     `json:"correction,omitzero"` // an error, no change of circumstances
}

// RegulationHandedOut records the hand-out of the regulation (C-I4).
type RegulationHandedOut struct {
	Version      int    `json:"version"`
	Language     string `json:"language"` // as in "nl"
	Method       string `json:"method"`
	Acknowledged bool   `json:"acknowledged,omitzero"`
	// Sources are the sources of data that it names to the client, in byte order:
	// what came from them needs no notice of its own (L-14).
	Sources []string `json:"sources,omitzero"`
}

// StaffAssigned gives a member of staff access by assignment (C-0d, S-Toe1)
// from From until Until, excluded; a zero Until has no end.
type StaffAssigned struct {
	Staff    domain.ID `json:"staff"`
	Capacity string    `json:"capacity"` // responsible, co, replacement
	From     time.Time `json:"from"`
	Until    time.Time `json:"until,omitzero"`
}

// StaffUnassigned ends the assignments of a member of staff at Until (S-Toe1):
// all of them, or those in one capacity.
type StaffUnassigned struct {
	Staff    domain.ID `json:"staff"`
	Capacity string    `json:"capacity,omitzero"`
	Until    time.Time `json:"until"`
}

// TrajectoryStarted begins a trajectory on StartedOn. Section: file
// {order_number, processing_role} as far as given.
type TrajectoryStarted struct {
	Trajectory     string    `json:"trajectory"` // registration number, a pseudonym
	StartedOn      nl.Date   `json:"started_on"`
	Service        string    `json:"service"`
	Commissioner   domain.ID `json:"commissioner,omitzero"`
	AgreementUntil nl.Date   `json:"agreement_until,omitzero"`
	PlannedEnd     nl.Date   `json:"planned_end,omitzero"`
	BudgetMinutes  int       `json:"budget_minutes,omitzero"`
	ProcessingRole string    `json:"processing_role,omitzero"` // controller, processor, joint (C-2.1.1)
}

// TrajectoryEnded ends a trajectory after EndedOn (C-2.5b).
type TrajectoryEnded struct {
	Trajectory string  `json:"trajectory"`
	EndedOn    nl.Date `json:"ended_on"`
	Outcome    string  `json:"outcome"`
}

// TrajectoryReopened opens an ended trajectory again from ReopenedOn; it
// clears a running term (catalogue §1). Section: file {reason}.
type TrajectoryReopened struct {
	Trajectory string  `json:"trajectory"`
	ReopenedOn nl.Date `json:"reopened_on"`
}

// RecordAdded puts a record on file. Its one section is of the strictest
// category among Category and Contains: {title, text, fields, provided_by, necessity}.
type RecordAdded struct {
	Record   domain.ID         `json:"record"`
	Category domain.Category   `json:"category"`
	Contains []domain.Category `json:"contains,omitzero"` // further categories, in byte order
	// Class is the retention class under which the section is sealed.
	Class      domain.Class `json:"class"`
	Source     string       `json:"source"`
	ObtainedOn nl.Date      `json:"obtained_on,omitzero"`
	Trajectory string       `json:"trajectory,omitzero"`
	Judgement  bool         `json:"judgement,omitzero"`  // professional judgement (C-2.4)
	Unexpected bool         `json:"unexpected,omitzero"` // the client need not expect it (C-I2)
	Necessity  bool         `json:"necessity,omitzero"`  // a necessity was given (C-4c)
	Consent    domain.ID    `json:"consent,omitzero"`    // the consent that carries it
}

// RecordCorrected replaces a record's content; the former stays for auditors
// (C-2.9.2). Sections: as RecordAdded's with the replaced fields alone, which a
// reader lays over the earlier ones, field by field, and file {reason}.
type RecordCorrected struct {
	Record     domain.ID         `json:"record"`
	Category   domain.Category   `json:"category"`
	Contains   []domain.Category `json:"contains,omitzero"`
	Class      domain.Class      `json:"class"`
	Source     string            `json:"source"`
	ObtainedOn nl.Date           `json:"obtained_on,omitzero"`
	Trajectory string            `json:"trajectory,omitzero"`
	Necessity  bool              `json:"necessity,omitzero"`
	Consent    domain.ID         `json:"consent,omitzero"`
	Request    domain.ID         `json:"request,omitzero"` // the rights request that it carries out
}

// RecordCompleted adds a statement to a record, as the client's view beside a
// judgement (C-2.4, C-2.9.2). Section: of the record's, {statement, by}.
type RecordCompleted struct {
	Record domain.ID    `json:"record"`
	Class  domain.Class `json:"class"`
	// By says whose statement it is where it is one of client, representative, staff, third_party.
	By string `json:"by,omitzero"`
}

// RecordRestricted shields a record (C-2.9.3, L-18). Section: file {reason}.
type RecordRestricted struct {
	Record           domain.ID `json:"record"`
	ClientInformedOn nl.Date   `json:"client_informed_on,omitzero"`
}

// RestrictionLifted ends the shielding, after the client was told (L-18).
// Section: file {reason}.
type RestrictionLifted struct {
	Record           domain.ID `json:"record"`
	ClientInformedOn nl.Date   `json:"client_informed_on"`
}

// HoursLogged is time spent (C-0b). Section: file {note}, when given.
type HoursLogged struct {
	Entry      domain.ID `json:"entry"`
	Trajectory string    `json:"trajectory"`
	Date       nl.Date   `json:"date"`
	Minutes    int       `json:"minutes"` // 1 to 1440
	Activity   string    `json:"activity"`
	WorkedBy   string    `json:"worked_by"` // staff id, or operator
}

// HoursCorrected replaces the minutes of an entry; 0 voids it. Section: file {reason}.
type HoursCorrected struct {
	Entry    domain.ID `json:"entry"`
	Minutes  int       `json:"minutes"`
	Previous int       `json:"previous"`
}

// ConsentGiven is a consent from its occurred_at until the end of Until
// (L-7, C-2.6.1). Section: file {evidence, given_by, notice_version}.
type ConsentGiven struct {
	Consent    domain.ID         `json:"consent"`
	For        string            `json:"for"` // record, disclose, view
	Categories []domain.Category `json:"categories"`
	Recipient  domain.ID         `json:"recipient,omitzero"`
	Purpose    string            `json:"purpose"`
	Explicit   bool              `json:"explicit,omitzero"`
	Until      nl.Date           `json:"until,omitzero"`
}

// ConsentRefused records that a consent was asked and not given.
type ConsentRefused struct {
	Consent    domain.ID `json:"consent"`
	ReceivedOn nl.Date   `json:"received_on,omitzero"`
	Channel    string    `json:"channel,omitzero"`
}

// ConsentWithdrawn ends a consent at its occurred_at, or at the start of
// ReceivedOn where that is an earlier day (L-7).
type ConsentWithdrawn struct {
	Consent    domain.ID `json:"consent"`
	ReceivedOn nl.Date   `json:"received_on,omitzero"`
	Channel    string    `json:"channel,omitzero"`
}

// ObjectionReceived stops disclosures of contact details from its occurred_at,
// or from the start of ReceivedOn where that is an earlier day (C-2.6.7).
// Section: file {reference}.
type ObjectionReceived struct {
	ReceivedOn nl.Date `json:"received_on"`
}

// ObjectionWithdrawn allows them again from its occurred_at. Section: file {reference}.
type ObjectionWithdrawn struct {
	ReceivedOn nl.Date `json:"received_on"`
}

// DisclosureMade is a disclosure to a third party (C-2.6.1). Sections: of the
// recipient {recipient_person, address_used}, and file {evidence}.
type DisclosureMade struct {
	Disclosure        domain.ID         `json:"disclosure"`
	Recipient         domain.ID         `json:"recipient"`
	RecipientClass    string            `json:"recipient_class"`
	RecipientSubtype  string            `json:"recipient_subtype,omitzero"`
	Categories        []domain.Category `json:"categories"`
	Records           []domain.ID       `json:"records,omitzero"`
	Ground            domain.Ground     `json:"ground"`
	Purpose           string            `json:"purpose"`
	Channel           string            `json:"channel"`
	Consent           domain.ID         `json:"consent,omitzero"`
	ApprovedBy        string            `json:"approved_by,omitzero"`
	ConfidentialUntil nl.Date           `json:"confidential_until,omitzero"`
	Profile           string            `json:"profile"`
	ProfileVersion    int               `json:"profile_version"`
}

// DisclosureRefused records that a disclosure was asked for and refused
// (architecture §1.3). No sections.
type DisclosureRefused struct {
	Disclosure domain.ID         `json:"disclosure"`
	Code       string            `json:"code"`
	Rule       string            `json:"rule"`
	Recipient  domain.ID         `json:"recipient"`
	Categories []domain.Category `json:"categories"`
	Records    []domain.ID       `json:"records,omitzero"`
	Ground     domain.Ground     `json:"ground"`
	Purpose    string            `json:"purpose"`
	Channel    string            `json:"channel"`
	Consent    domain.ID         `json:"consent,omitzero"`
}

// HoldPlaced forbids the destruction of classes, or of the records named,
// until it is lifted. Section: file {reason}.
type HoldPlaced struct {
	Hold     domain.ID      `json:"hold"`
	Classes  []domain.Class `json:"classes"`
	Records  []domain.ID    `json:"records,omitzero"`
	ReviewOn nl.Date        `json:"review_on,omitzero"`
}

// HoldLifted ends a hold. Section: file {reason}.
type HoldLifted struct {
	Hold domain.ID `json:"hold"`
}

// EventType names are the constants above.

func (*Opened) EventType() string              { return TypeOpened }
func (*ReferralDeclined) EventType() string    { return TypeReferralDeclined }
func (*ClientChanged) EventType() string       { return TypeClientChanged }
func (*RegulationHandedOut) EventType() string { return TypeRegulationHandedOut }
func (*StaffAssigned) EventType() string       { return TypeStaffAssigned }
func (*StaffUnassigned) EventType() string     { return TypeStaffUnassigned }
func (*TrajectoryStarted) EventType() string   { return TypeTrajectoryStarted }
func (*TrajectoryEnded) EventType() string     { return TypeTrajectoryEnded }
func (*TrajectoryReopened) EventType() string  { return TypeTrajectoryReopened }
func (*RecordAdded) EventType() string         { return TypeRecordAdded }
func (*RecordCorrected) EventType() string     { return TypeRecordCorrected }
func (*RecordCompleted) EventType() string     { return TypeRecordCompleted }
func (*RecordRestricted) EventType() string    { return TypeRecordRestricted }
func (*RestrictionLifted) EventType() string   { return TypeRestrictionLifted }
func (*HoursLogged) EventType() string         { return TypeHoursLogged }
func (*HoursCorrected) EventType() string      { return TypeHoursCorrected }
func (*ConsentGiven) EventType() string        { return TypeConsentGiven }
func (*ConsentRefused) EventType() string      { return TypeConsentRefused }
func (*ConsentWithdrawn) EventType() string    { return TypeConsentWithdrawn }
func (*ObjectionReceived) EventType() string   { return TypeObjectionReceived }
func (*ObjectionWithdrawn) EventType() string  { return TypeObjectionWithdrawn }
func (*DisclosureMade) EventType() string      { return TypeDisclosureMade }
func (*DisclosureRefused) EventType() string   { return TypeDisclosureRefused }
func (*HoldPlaced) EventType() string          { return TypeHoldPlaced }
func (*HoldLifted) EventType() string          { return TypeHoldLifted }
