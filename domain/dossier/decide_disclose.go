package dossier

import (
	"encoding/json"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// disclose judges a disclosure by everything in requirements §3 and §4, as
// things stood at env.At. A refusal by a rule is a fact of its own (architecture
// §1.3): it comes back as a fact and as the error. A fault of form is no
// refusal of a disclosure, so it leaves nothing.
func (d *decision) disclose(c *Disclose) ([]domain.Fact, error) {
	if d.s.Disclosures[c.Disclosure] != nil {
		return nil, inUse("disclosure", "C-2.6.1")
	}
	in := d.disclosureInput(c)
	consent := d.consentID(c)
	err := d.profile.CheckDisclosure(in)
	if err == nil {
		err = d.env.Approve("approved_by", approverOf(c))
	}
	if err != nil {
		if err.Kind != domain.KindRefused {
			return nil, err
		}
		return domain.OneFact(&DisclosureRefused{
			Disclosure: c.Disclosure, Code: err.Code, Rule: err.Rule, Recipient: c.Recipient, Categories: sorted(c.Categories),
			Records: sorted(c.Records), Ground: c.Ground, Purpose: c.Purpose, Channel: c.Channel, Consent: consent,
		}), err
	}
	e := &DisclosureMade{
		Disclosure: c.Disclosure, Recipient: c.Recipient, RecipientClass: in.Recipient.Class, RecipientSubtype: in.Recipient.Subtype,
		Categories: sorted(in.Disclosed()), Records: sorted(c.Records), Ground: c.Ground, Purpose: c.Purpose, Channel: c.Channel,
		Consent: consent, ApprovedBy: approverOf(c), ConfidentialUntil: c.ConfidentialUntil,
		Profile: d.profile.Name, ProfileVersion: d.profile.Version,
	}
	person := domain.Seal("recipient/"+c.Recipient, domain.ClassPerson, domain.CatRecipient,
		map[string]any{"recipient_person": c.RecipientPerson, "address_used": c.AddressUsed})
	return domain.OneFact(e, person, d.file(map[string]any{"evidence": c.Evidence})), nil
}

func (d *decision) disclosureInput(c *Disclose) regulation.DisclosureInput {
	terms, known, ended := d.agency.RecipientAt(c.Recipient, d.env.At)
	in := regulation.DisclosureInput{
		On: d.day, Categories: c.Categories, Ground: c.Ground, Purpose: c.Purpose, Channel: c.Channel,
		Evidence: map[string]string{}, Actor: d.env.Actor, ApprovedBy: c.ApprovedBy,
		ContactObjection: d.s.ObjectedAt(d.env.At),
		Client:           d.client(""),
		Recipient: regulation.RecipientFact{
			Known: known, ID: c.Recipient, Class: terms.Class, Subtype: terms.Subtype, Ended: ended,
			AuthorisedForSubsidies: terms.AuthorisedForSubsidies,
		},
	}
	for name, raw := range c.Evidence {
		in.Evidence[name] = evidenceText(raw)
	}
	in.Records = d.recordFacts(c.Records)
	for i, id := range c.Records {
		if in.Records[i].Known && d.client(d.s.Records[id].Trajectory).Commissioned {
			in.Client.Commissioned = true
		}
	}
	if k := d.s.Consents[d.consentID(c)]; k != nil {
		in.Consent = consentFact(k, d.env.At)
	}
	return in
}

// evidenceText is the text of a field of evidence; "" when it says nothing.
func evidenceText(raw json.RawMessage) string {
	if !domain.Filled(raw) {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return strings.TrimSpace(s)
	}
	return string(raw)
}

// consentID is the consent that the evidence names, where it is an id: what is
// none may be anything, and does not stand in the clear.
func (d *decision) consentID(c *Disclose) domain.ID { return evidenceID(c, "consent") }

// approverOf is the second person, where it is named by an id.
func approverOf(c *Disclose) domain.ID {
	if c.ApprovedBy != "" {
		return c.ApprovedBy
	}
	return evidenceID(c, "approved_by")
}

func evidenceID(c *Disclose, field string) domain.ID {
	id, err := domain.ParseID(field, evidenceText(c.Evidence[field]))
	if err != nil {
		return ""
	}
	return id
}
