package regulation

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// ConsentState is how a consent stands at the instant that is judged.
type ConsentState string

// The states of a consent. The zero value stands for "there is no such consent".
const (
	ConsentNone      ConsentState = ""
	ConsentValid     ConsentState = "valid"
	ConsentRefused   ConsentState = "refused"
	ConsentWithdrawn ConsentState = "withdrawn"
	ConsentExpired   ConsentState = "expired"
	ConsentNotYet    ConsentState = "not_yet" // given later than the instant that is judged
)

// What a consent is for (catalogue §2, GiveConsent).
const (
	ForRecord   = "record"
	ForDisclose = "disclose"
	ForView     = "view"
)

// ConsentFact is one consent, as it stands at the instant that is judged.
type ConsentFact struct {
	State      ConsentState
	For        string // record, disclose, view
	Explicit   bool
	Categories []domain.Category
	Recipient  string // id; "" when it names none
	Purpose    string
}

// RecordFact is one record that is to go out.
type RecordFact struct {
	// Known is false for a record that does not exist in this dossier.
	Known bool
	// Categories are the record's category and all that it contains.
	Categories []domain.Category
	Restricted bool
	// Date is the day on which the item was obtained or, failing that, recorded.
	Date nl.Date
}

// RecipientFact is the recipient as it stands at the instant that is judged.
type RecipientFact struct {
	// Known is false for a recipient that is not registered.
	Known   bool
	ID      string
	Class   string
	Subtype string
	Ended   bool
	// AuthorisedForSubsidies marks it as competent to decide on subsidies (C-2.6.4).
	AuthorisedForSubsidies bool
}

// Standing of a client (catalogue §2, OpenDossier).
const (
	StandingEmployee = "employee"
	StandingBenefit  = "benefit"
	StandingNone     = "none"
)

// ClientFact is what the law on health asks about the client.
type ClientFact struct {
	Standing     string // employee, benefit, none
	Commissioned bool   // the agency works on somebody's commission
}

// carriesHealth tells whether UAVG 30(1)(b) lets the agency process health data
// of the client without consent (requirements §2, rule for recording).
func (c ClientFact) carriesHealth() bool {
	return c.Commissioned && (c.Standing == StandingEmployee || c.Standing == StandingBenefit)
}

// RecordingInput is what CheckRecording judges.
type RecordingInput struct {
	Category domain.Category
	Contains []domain.Category // further categories in it
	Source   string            // domain.Sources
	Client   ClientFact
	// Consents are the client's consents to record; those that are not valid
	// count for nothing.
	Consents []ConsentFact
	// Necessity tells whether a text says why it is needed (C-4c).
	Necessity bool
}

// DisclosureInput is what CheckDisclosure and CheckView judge: everything as it
// stands at the instant of the disclosure, in plain values.
type DisclosureInput struct {
	// On is the day of the disclosure in Europe/Amsterdam.
	On         nl.Date
	Categories []domain.Category
	Records    []RecordFact
	Ground     domain.Ground
	// Evidence are the fields of catalogue §2 "Evidence of a disclosure".
	Evidence  map[string]string
	Recipient RecipientFact
	Purpose   string
	Channel   string
	// Actor is who discloses, ApprovedBy the second person; "" for none.
	Actor      string
	ApprovedBy string
	// Consent is the one that the evidence names; the zero value for none.
	Consent ConsentFact
	// ContactObjection is true while an objection to the disclosure of contact
	// details is on file (C-2.6.7).
	ContactObjection bool
	Client           ClientFact
}
