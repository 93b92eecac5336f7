package agency

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// AdoptRegulation puts a version of a profile in force; the agency comes into
// being with its first one (catalogue §2).
type AdoptRegulation struct {
	Profile       string    `json:"profile"`
	Version       int       `json:"version"`
	EffectiveFrom nl.Date   `json:"effective_from"`
	ApprovedBy    domain.ID `json:"approved_by,omitzero"`
	// Document is a profile of the agency's own: an object, or a text with the
	// profile as YAML or JSON.
	Document json.RawMessage `json:"document,omitzero"`
	// ImpactAssessedOn is the day of the impact assessment of this version; the
	// same version can be adopted again to add it (L-35).
	ImpactAssessedOn nl.Date `json:"impact_assessed_on,omitzero"`
}

// RegisterRecipient enters a recipient in the register (C-2.6.3).
type RegisterRecipient struct{ Registration }

// ChangeRecipient replaces all that is registered of a recipient: what is left
// out is then absent.
type ChangeRecipient struct{ Registration }

// Registration is what is registered of a recipient.
type Registration struct {
	Recipient              domain.ID `json:"recipient"`
	Name                   string    `json:"name"`
	Class                  string    `json:"class"`
	Subtype                string    `json:"subtype,omitzero"`
	Agreement              string    `json:"agreement,omitzero"` // reference
	AgreementUntil         nl.Date   `json:"agreement_until,omitzero"`
	SecrecyReference       string    `json:"secrecy_reference,omitzero"`
	AuthorisedForSubsidies bool      `json:"authorised_for_subsidies,omitzero"`
}

// EndRecipient ends disclosures to a recipient.
type EndRecipient struct {
	Recipient domain.ID `json:"recipient"`
}

// CommandName is the name in the catalogue.

func (*AdoptRegulation) CommandName() string   { return "AdoptRegulation" }
func (*RegisterRecipient) CommandName() string { return "RegisterRecipient" }
func (*ChangeRecipient) CommandName() string   { return "ChangeRecipient" }
func (*EndRecipient) CommandName() string      { return "EndRecipient" }

// Validate tells what is wrong with the form of the command.
func (c *AdoptRegulation) Validate() error {
	var k domain.Check
	k.Text("profile", c.Profile, domain.MaxShort)
	k.Range("version", c.Version, 1, 1_000_000)
	k.Has("effective_from", !c.EffectiveFrom.IsZero())
	k.OptionalID("approved_by", &c.ApprovedBy)
	k.Raw("document", c.Document)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *Registration) Validate() error {
	var k domain.Check
	k.ID("recipient", &c.Recipient)
	k.Text("name", c.Name, domain.MaxShort)
	k.Code("class", c.Class, domain.RecipientClasses)
	if c.Subtype != "" && !slices.Contains(domain.RecipientSubtypes[c.Class], c.Subtype) {
		k.Fail(domain.Invalid("unknown_code", "subtype", "this class of recipients has no such subtype; use one of the catalogue's or leave it out"))
	}
	k.OptionalText("agreement", c.Agreement, domain.MaxShort)
	k.OptionalText("secrecy_reference", c.SecrecyReference, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *EndRecipient) Validate() error {
	var k domain.Check
	k.ID("recipient", &c.Recipient)
	return k.Err()
}

// Unknown is the answer in an agency that has not come into being.
func Unknown() *domain.Error {
	return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: "C-5", Field: "agency",
		Message: "there is no such agency; it comes into being when it adopts a regulation, with AdoptRegulation"}
}

// Decide says what a command does to an agency. It changes nothing but
// env.Warnings.
func Decide(s *State, c domain.Command, env *domain.Env) ([]domain.Fact, error) {
	_, adopts := c.(*AdoptRegulation)
	if !adopts && !s.Exists() {
		return nil, Unknown()
	}
	if err := env.CheckTime(domain.Timing{}, time.Time{}, s.Newest); err != nil {
		return nil, err
	}
	switch c := c.(type) {
	case *AdoptRegulation:
		return adopt(s, c, env)
	case *AdoptPolicies:
		return adoptPolicies(c, env)
	case *ConfirmAdoption:
		return confirmAdoption(s, c, env)
	case *RegisterRecipient:
		if s.Recipients[c.Recipient] != nil {
			return nil, domain.RefusedField("recipient", "id_in_use", "C-2.6.3", "this id belongs to a recipient already; change that one, or choose another id")
		}
		return register(s, &c.Registration, env, func(t RecipientTerms) domain.Event { return &RecipientRegistered{c.Recipient, t} })
	case *ChangeRecipient:
		if err := current(s, c.Recipient); err != nil {
			return nil, err
		}
		return register(s, &c.Registration, env, func(t RecipientTerms) domain.Event { return &RecipientChanged{c.Recipient, t} })
	case *EndRecipient:
		if err := current(s, c.Recipient); err != nil {
			return nil, err
		}
		return []domain.Fact{{Event: &RecipientEnded{Recipient: c.Recipient}}}, nil
	}
	return nil, domain.NotHandled(c)
}

// NeedsStaff are the members of staff whose states a command is judged by.
func NeedsStaff(c domain.Command) []domain.ID {
	by := ""
	switch a := c.(type) {
	case *AdoptRegulation:
		by = a.ApprovedBy
	case *AdoptPolicies:
		by = a.ApprovedBy
	}
	if by == "" {
		return nil
	}
	return []domain.ID{by}
}

// findingEarly remarks that a regulation is adopted for a time before its own
// date: the catalogue makes it a finding and no refusal.
const findingEarly = "effective_before_regulation"

func adopt(s *State, c *AdoptRegulation, env *domain.Env) ([]domain.Fact, error) {
	p, findings, err := regulation.Adopt(c.Profile, c.Version, c.document())
	if err != nil {
		return nil, err
	}
	if err := s.unchanged(&p); err != nil {
		return nil, err
	}
	if c.ImpactAssessedOn.After(nl.DateOf(env.At)) {
		return nil, domain.Invalid("in_future", "impact_assessed_on", "it lies after the time of the command; give the day on which the assessment was made, and leave it out until then")
	}
	if s.Exists() { // the first adoption comes before all staff
		if err := env.Approve("approved_by", c.ApprovedBy); err != nil {
			return nil, err
		}
	}
	e := &RegulationAdopted{Profile: p.Name, Version: p.Version, EffectiveFrom: c.EffectiveFrom, ApprovedBy: c.ApprovedBy, Document: p, ImpactAssessedOn: c.ImpactAssessedOn}
	for _, f := range findings {
		if !slices.Contains(e.Findings, f.Code) {
			e.Findings = append(e.Findings, f.Code)
		}
	}
	if own := p.EffectiveFrom.Value; !own.IsZero() && c.EffectiveFrom.Before(own) {
		e.Findings = append(e.Findings, findingEarly)
		env.Warn(findingEarly)
	}
	return []domain.Fact{{Event: e}}, nil
}

// document is the profile's text: a document that is a text is taken as such.
func (c *AdoptRegulation) document() []byte {
	if !domain.Filled(c.Document) {
		return nil
	}
	var text string
	if json.Unmarshal(c.Document, &text) == nil {
		return []byte(text)
	}
	return c.Document
}

// unchanged asks that a name and version that the agency has adopted before
// still say the same: a profile is immutable by both (requirements §6).
func (s *State) unchanged(p *regulation.Profile) error {
	for _, a := range s.Adoptions {
		if a.Document.Name != p.Name || a.Document.Version != p.Version {
			continue
		}
		changes, err := regulation.Diff(a.Document, p)
		if err != nil {
			return err
		}
		if len(changes) > 0 && a.Document.Law == p.Law {
			return domain.RefusedField("document", "profile_changed", "C-4b", "the agency has adopted this version with other content, and a version never changes; give the document a new version")
		}
	}
	return nil
}

func current(s *State, id domain.ID) *domain.Error {
	switch r := s.Recipients[id]; {
	case r == nil:
		return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_recipient", Rule: "C-2.6.3", Field: "recipient",
			Message: "this agency has no such recipient; register it first"}
	case !r.Ended.IsZero():
		return domain.RefusedField("recipient", "recipient_ended", "C-2.6.3", "this recipient has been ended; register it anew under another id")
	}
	return nil
}

// register judges a registration by the profile in force, or by the one last
// adopted while none is in force yet.
func register(s *State, c *Registration, env *domain.Env, event func(RecipientTerms) domain.Event) ([]domain.Fact, error) {
	p := s.ProfileAt(nl.DateOf(env.At))
	if p == nil {
		p = s.Adoptions[len(s.Adoptions)-1].Document
	}
	if err := p.CheckRecipient(c.Class, c.Subtype, strings.TrimSpace(c.Agreement)); err != nil {
		return nil, err
	}
	e := event(RecipientTerms{
		Class: c.Class, Subtype: c.Subtype, Agreement: strings.TrimSpace(c.Agreement) != "", AgreementUntil: c.AgreementUntil,
		Secrecy: strings.TrimSpace(c.SecrecyReference) != "", AuthorisedForSubsidies: c.AuthorisedForSubsidies,
	})
	return []domain.Fact{{Event: e, Sections: domain.Seal("recipient/"+c.Recipient, domain.ClassPerson, domain.CatRecipient,
		map[string]any{"name": c.Name, "agreement": c.Agreement, "secrecy_reference": c.SecrecyReference})}}, nil
}
