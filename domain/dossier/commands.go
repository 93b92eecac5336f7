package dossier

import (
	"encoding/json"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The commands of a dossier, in the form of catalogue §2. A field without a
// comment means what the catalogue says of it.

// OpenDossier opens a dossier (C-0a, C-1.1a).
type OpenDossier struct {
	Client       Particulars `json:"client"`
	Service      string      `json:"service"`
	Referral     string      `json:"referral"`
	Commissioner domain.ID   `json:"commissioner,omitzero"`
	Standing     string      `json:"standing"`
}

// DeclineReferral ends a dossier before a trajectory (C-2.5e).
type DeclineReferral struct {
	DeclinedOn nl.Date `json:"declined_on"`
	By         string  `json:"by"`
	Reason     string  `json:"reason"`
}

// ChangeClient changes the client's particulars (C-2.9.2).
type ChangeClient struct {
	Fields     Particulars `json:"fields"`
	ValidFrom  nl.Date     `json:"valid_from"`
	Source     string      `json:"source"`
	Correction bool        `json:"correction,omitzero"`
}

// HandOutRegulation records the hand-out of the regulation (C-I4).
type HandOutRegulation struct {
	Version      int    `json:"version"`
	Language     string `json:"language"`
	Method       string `json:"method"`
	Acknowledged bool   `json:"acknowledged,omitzero"`
	// Sources are the sources of data that it names to the client (L-14).
	Sources []string `json:"sources,omitzero"`
}

// AssignStaff gives access by assignment (C-0d). From and Until are days or
// instants; absent From is the command's time.
type AssignStaff struct {
	Staff    domain.ID `json:"staff"`
	Capacity string    `json:"capacity,omitzero"` // absent: responsible
	From     Moment    `json:"from,omitzero"`
	Until    Moment    `json:"until,omitzero"`
}

// UnassignStaff ends the assignments of a member of staff (S-Toe1).
type UnassignStaff struct {
	Staff    domain.ID `json:"staff"`
	Capacity string    `json:"capacity,omitzero"` // absent: all
	From     Moment    `json:"from,omitzero"`     // taken and not used: an assignment ends, whenever it began
	Until    Moment    `json:"until,omitzero"`    // absent: the command's time
}

// StartTrajectory begins a trajectory.
type StartTrajectory struct {
	Trajectory     string    `json:"trajectory"`
	Service        string    `json:"service,omitzero"`      // absent: the dossier's
	Commissioner   domain.ID `json:"commissioner,omitzero"` // absent: the dossier's
	OrderNumber    string    `json:"order_number,omitzero"`
	AgreementUntil nl.Date   `json:"agreement_until,omitzero"`
	PlannedEnd     nl.Date   `json:"planned_end,omitzero"`
	BudgetMinutes  int       `json:"budget_minutes,omitzero"`
	ProcessingRole string    `json:"processing_role,omitzero"`
}

// EndTrajectory ends a trajectory (C-2.5b).
type EndTrajectory struct {
	Trajectory string  `json:"trajectory"`
	EndedOn    nl.Date `json:"ended_on"`
	Outcome    string  `json:"outcome"`
}

// ReopenTrajectory opens an ended trajectory again (C-2.5b).
type ReopenTrajectory struct {
	Trajectory string `json:"trajectory"`
	Reason     string `json:"reason"`
}

// AddRecord puts a record on file (C-2.4, C-3).
type AddRecord struct {
	Record     domain.ID         `json:"record"`
	Category   domain.Category   `json:"category"`
	Contains   []domain.Category `json:"contains,omitzero"`
	Title      string            `json:"title"`
	Text       string            `json:"text,omitzero"`
	Fields     json.RawMessage   `json:"fields,omitzero"`
	Source     string            `json:"source"`
	ProvidedBy string            `json:"provided_by,omitzero"`
	ObtainedOn nl.Date           `json:"obtained_on,omitzero"`
	Trajectory string            `json:"trajectory,omitzero"`
	Judgement  bool              `json:"judgement,omitzero"`
	Expected   *bool             `json:"expected,omitzero"` // absent: expected (C-I2)
	Necessity  string            `json:"necessity,omitzero"`
}

// CorrectRecord replaces what a record says (C-2.9.2).
type CorrectRecord struct {
	Record      domain.ID   `json:"record"`
	Replacement Replacement `json:"replacement"`
	Reason      string      `json:"reason"`
	Request     domain.ID   `json:"request,omitzero"`
}

// Replacement holds what is replaced; what is absent stays as it was.
type Replacement struct {
	Category   domain.Category    `json:"category,omitzero"`
	Contains   *[]domain.Category `json:"contains,omitzero"`
	Title      string             `json:"title,omitzero"`
	Text       string             `json:"text,omitzero"`
	Fields     json.RawMessage    `json:"fields,omitzero"`
	Source     string             `json:"source,omitzero"`
	ProvidedBy string             `json:"provided_by,omitzero"`
	ObtainedOn nl.Date            `json:"obtained_on,omitzero"`
	Trajectory string             `json:"trajectory,omitzero"`
	Necessity  string             `json:"necessity,omitzero"`
}

// CompleteRecord adds a statement to a record (C-2.4, C-2.9.2).
type CompleteRecord struct {
	Record    domain.ID `json:"record"`
	Statement string    `json:"statement"`
	By        string    `json:"by"`
}

// RestrictRecord shields a record (C-2.9.3, L-18).
type RestrictRecord struct {
	Record           domain.ID `json:"record"`
	Reason           string    `json:"reason"`
	ClientInformedOn nl.Date   `json:"client_informed_on,omitzero"`
}

// LiftRestriction ends the shielding of a record (L-18).
type LiftRestriction struct {
	Record           domain.ID `json:"record"`
	Reason           string    `json:"reason"`
	ClientInformedOn nl.Date   `json:"client_informed_on,omitzero"`
}

// LogHours records time spent (C-0b).
type LogHours struct {
	Entry      domain.ID `json:"entry"`
	Trajectory string    `json:"trajectory"`
	Date       nl.Date   `json:"date"`
	Minutes    int       `json:"minutes"`
	Activity   string    `json:"activity"`
	Note       string    `json:"note,omitzero"`
	WorkedBy   domain.ID `json:"worked_by,omitzero"` // absent: the actor
}

// CorrectHours replaces the minutes of an entry; 0 voids it (C-0b).
type CorrectHours struct {
	Entry   domain.ID `json:"entry"`
	Minutes *int      `json:"minutes"`
	Reason  string    `json:"reason"`
}

// GiveConsent records a consent (L-7, C-2.6.1).
type GiveConsent struct {
	Consent       domain.ID         `json:"consent"`
	For           string            `json:"for"`
	Categories    []domain.Category `json:"categories"`
	Recipient     domain.ID         `json:"recipient,omitzero"`
	Purpose       string            `json:"purpose"`
	Explicit      bool              `json:"explicit"`
	Evidence      json.RawMessage   `json:"evidence"`
	GivenBy       json.RawMessage   `json:"given_by,omitzero"`
	NoticeVersion json.RawMessage   `json:"notice_version,omitzero"`
	Until         nl.Date           `json:"until,omitzero"`
}

// RefuseConsent records that a consent was asked and not given (L-7).
type RefuseConsent struct {
	Consent    domain.ID `json:"consent"`
	ReceivedOn nl.Date   `json:"received_on,omitzero"`
	Channel    string    `json:"channel,omitzero"`
}

// WithdrawConsent ends a consent (L-7).
type WithdrawConsent struct {
	Consent    domain.ID `json:"consent"`
	ReceivedOn nl.Date   `json:"received_on,omitzero"`
	Channel    string    `json:"channel,omitzero"`
}

// ObjectToContactDisclosure stops disclosures of contact details (C-2.6.7).
type ObjectToContactDisclosure struct {
	ReceivedOn nl.Date `json:"received_on"`
	Reference  string  `json:"reference"`
}

// WithdrawObjection allows them again (C-2.6.7).
type WithdrawObjection struct {
	ReceivedOn nl.Date `json:"received_on"`
	Reference  string  `json:"reference"`
}

// Disclose discloses data to a third party (C-2.6.1 to C-2.6.7).
type Disclose struct {
	Disclosure        domain.ID                  `json:"disclosure"`
	Recipient         domain.ID                  `json:"recipient"`
	RecipientPerson   string                     `json:"recipient_person"`
	AddressUsed       string                     `json:"address_used"`
	Categories        []domain.Category          `json:"categories"`
	Records           []domain.ID                `json:"records,omitzero"`
	Ground            domain.Ground              `json:"ground"`
	Evidence          map[string]json.RawMessage `json:"evidence"`
	Purpose           string                     `json:"purpose"`
	Channel           string                     `json:"channel"`
	ApprovedBy        domain.ID                  `json:"approved_by,omitzero"`
	ConfidentialUntil nl.Date                    `json:"confidential_until,omitzero"`
}

// PlaceHold forbids destruction (requirements §5).
type PlaceHold struct {
	Hold     domain.ID      `json:"hold"`
	Classes  []domain.Class `json:"classes"`
	Reason   string         `json:"reason"`
	Records  []domain.ID    `json:"records,omitzero"`
	ReviewOn nl.Date        `json:"review_on,omitzero"`
}

// LiftHold ends a hold.
type LiftHold struct {
	Hold   domain.ID `json:"hold"`
	Reason string    `json:"reason"`
}

// CommandName is the name in the catalogue.

func (*OpenDossier) CommandName() string               { return "OpenDossier" }
func (*DeclineReferral) CommandName() string           { return "DeclineReferral" }
func (*ChangeClient) CommandName() string              { return "ChangeClient" }
func (*HandOutRegulation) CommandName() string         { return "HandOutRegulation" }
func (*AssignStaff) CommandName() string               { return "AssignStaff" }
func (*UnassignStaff) CommandName() string             { return "UnassignStaff" }
func (*StartTrajectory) CommandName() string           { return "StartTrajectory" }
func (*EndTrajectory) CommandName() string             { return "EndTrajectory" }
func (*ReopenTrajectory) CommandName() string          { return "ReopenTrajectory" }
func (*AddRecord) CommandName() string                 { return "AddRecord" }
func (*CorrectRecord) CommandName() string             { return "CorrectRecord" }
func (*CompleteRecord) CommandName() string            { return "CompleteRecord" }
func (*RestrictRecord) CommandName() string            { return "RestrictRecord" }
func (*LiftRestriction) CommandName() string           { return "LiftRestriction" }
func (*LogHours) CommandName() string                  { return "LogHours" }
func (*CorrectHours) CommandName() string              { return "CorrectHours" }
func (*GiveConsent) CommandName() string               { return "GiveConsent" }
func (*RefuseConsent) CommandName() string             { return "RefuseConsent" }
func (*WithdrawConsent) CommandName() string           { return "WithdrawConsent" }
func (*ObjectToContactDisclosure) CommandName() string { return "ObjectToContactDisclosure" }
func (*WithdrawObjection) CommandName() string         { return "WithdrawObjection" }
func (*Disclose) CommandName() string                  { return "Disclose" }
func (*PlaceHold) CommandName() string                 { return "PlaceHold" }
func (*LiftHold) CommandName() string                  { return "LiftHold" }
