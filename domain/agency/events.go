// Package agency is an agency itself: the regulations that it has adopted and
// the recipients to whom it may disclose.
package agency

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// The types of event of an agency.
const (
	TypeRegulationAdopted   = "regulation.adopted"
	TypeRecipientRegistered = "recipient.registered"
	TypeRecipientChanged    = "recipient.changed"
	TypeRecipientEnded      = "recipient.ended"
	TypePoliciesAdopted     = "policies.adopted"
)

// RegulationAdopted puts a version of a profile in force from EffectiveFrom;
// of several that are effective on a day, the one with the latest
// EffectiveFrom holds, and of those the last adopted. No section.
type RegulationAdopted struct {
	Profile       string  `json:"profile"`
	Version       int     `json:"version"`
	EffectiveFrom nl.Date `json:"effective_from"`
	ApprovedBy    string  `json:"approved_by,omitzero"` // staff id
	// Document is the whole effective profile, so that a replay judges by what
	// held then and never by what the program knows now (architecture §1.6).
	Document regulation.Profile `json:"document"`
	// Findings are the codes of what the validator remarked on, in its order.
	Findings []string `json:"findings,omitzero"`
	// ImpactAssessedOn is the day of the impact assessment of the version (L-35).
	ImpactAssessedOn nl.Date `json:"impact_assessed_on,omitzero"`
}

// RecipientTerms is the clear part of what is registered of a recipient.
type RecipientTerms struct {
	Class          string  `json:"class"`
	Subtype        string  `json:"subtype,omitzero"`
	Agreement      bool    `json:"agreement,omitzero"` // an agreement is on file (C-2.6.3)
	AgreementUntil nl.Date `json:"agreement_until,omitzero"`
	Secrecy        bool    `json:"secrecy,omitzero"` // a secrecy agreement is on file (C-2.6.2)
	// AuthorisedForSubsidies: may receive what an application needs (C-2.6.4).
	AuthorisedForSubsidies bool `json:"authorised_for_subsidies,omitzero"`
}

// The sections of the two events below belong to "recipient/<id>", class
// person, category recipient: {name, agreement, secrecy_reference}, complete.

// RecipientRegistered enters a recipient in the register (C-2.6.3).
type RecipientRegistered struct {
	Recipient domain.ID `json:"recipient"`
	RecipientTerms
}

// RecipientChanged replaces all that is registered of a recipient.
type RecipientChanged struct {
	Recipient domain.ID `json:"recipient"`
	RecipientTerms
}

// RecipientEnded ends disclosures to a recipient from its occurred_at. No section.
type RecipientEnded struct {
	Recipient domain.ID `json:"recipient"`
}

// EventType names are the constants above.

func (*RegulationAdopted) EventType() string   { return TypeRegulationAdopted }
func (*RecipientRegistered) EventType() string { return TypeRecipientRegistered }
func (*RecipientChanged) EventType() string    { return TypeRecipientChanged }
func (*RecipientEnded) EventType() string      { return TypeRecipientEnded }
