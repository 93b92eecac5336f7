package dossier

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// grantView lets a third party look into the running dossier with the client's
// consent alone (C-2.7b). A refusal by a rule is on record, as that of a
// disclosure is.
func (d *decision) grantView(c *GrantThirdPartyView) ([]domain.Fact, error) {
	if d.s.Views[c.View] != nil {
		return nil, inUse("view", d.profile.View.Rule)
	}
	if !c.Until.End().After(d.env.At) {
		return nil, domain.RefusedField("until", "out_of_range", d.profile.View.Rule, "the view would have ended before it began; compare the two")
	}
	in := d.viewInput(c)
	if err := d.judgeView(c, in); err != nil {
		if err.Kind != domain.KindRefused {
			return nil, err
		}
		return domain.OneFact(&ViewRefused{
			View: c.View, Code: err.Code, Rule: err.Rule, Recipient: c.Recipient, Records: sorted(c.Records), Purpose: c.Purpose, Consent: c.Consent,
		}), err
	}
	e := &ViewGranted{
		View: c.View, Recipient: c.Recipient, RecipientClass: in.Recipient.Class, RecipientSubtype: in.Recipient.Subtype,
		Categories: sorted(in.Categories), Records: sorted(c.Records), Purpose: c.Purpose, Consent: c.Consent, Until: c.Until.End(),
		Profile: d.profile.Name, ProfileVersion: d.profile.Version,
	}
	return domain.OneFact(e, domain.Seal("recipient/"+c.Recipient, domain.ClassPerson, domain.CatRecipient, map[string]any{"viewer": c.Viewer})), nil
}

func (d *decision) viewInput(c *GrantThirdPartyView) regulation.DisclosureInput {
	terms, known, ended := d.agency.RecipientAt(c.Recipient, d.env.At)
	in := regulation.DisclosureInput{
		On: d.day, Purpose: c.Purpose, Actor: d.env.Actor, Client: d.client(""), Records: d.recordFacts(c.Records),
		Recipient: regulation.RecipientFact{
			Known: known, ID: c.Recipient, Class: terms.Class, Subtype: terms.Subtype, Ended: ended,
			AuthorisedForSubsidies: terms.AuthorisedForSubsidies,
		},
	}
	in.Categories = in.Disclosed()
	if k := d.s.Consents[c.Consent]; k != nil {
		in.Consent = consentFact(k, d.env.At)
	}
	return in
}

// judgeView asks the regulation, and that the dossier is running.
func (d *decision) judgeView(c *GrantThirdPartyView, in regulation.DisclosureInput) *domain.Error {
	if slices.ContainsFunc(in.Records, func(r regulation.RecordFact) bool { return !r.Known }) {
		return domain.RefusedField("records", "record_unknown", d.profile.View.Rule, "a record is not in this dossier; name records of this dossier alone")
	}
	if err := d.profile.CheckView(in); err != nil {
		if err.Field == "evidence.consent" {
			err.Field = "consent"
		}
		return err
	}
	if !d.s.running(d.day) {
		return domain.RefusedField("view", "no_open_trajectory", d.profile.View.Rule, "no trajectory is open, so this is no running dossier; what a third party needs now is disclosed on a ground of its own")
	}
	return nil
}

// recordFacts are the records as they stand at env.At.
func (d *decision) recordFacts(ids []domain.ID) (out []regulation.RecordFact) {
	for _, id := range ids {
		r := d.s.Records[id]
		if r == nil || r.Added.After(d.env.At) {
			out = append(out, regulation.RecordFact{})
			continue
		}
		out = append(out, regulation.RecordFact{Known: true, Categories: r.Categories(), Restricted: r.RestrictedAt(d.env.At), Date: r.Date})
	}
	return out
}

func (d *decision) endView(c *EndThirdPartyView) ([]domain.Fact, error) {
	v := d.s.Views[c.View]
	until := c.Until.End()
	if until.IsZero() {
		until = d.env.At
	}
	switch {
	case v == nil:
		return nil, unknown("view", "unknown_view", "C-2.7b", "this dossier has no such view; compare its id")
	case until.Before(d.env.At) && !d.env.Backdated():
		return nil, domain.RefusedField("until", "not_now", "C-2.7b", "a view ends now or later, never earlier; leave the end out")
	case !until.Before(v.Until):
		return nil, domain.RefusedField("view", "view_ended", "C-2.7b", "this view ends no later than that already")
	}
	return domain.OneFact(&ViewEnded{View: c.View, Until: until}), nil
}
