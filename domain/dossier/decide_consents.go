package dossier

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

func (d *decision) giveConsent(c *GiveConsent) ([]domain.Fact, error) {
	if d.s.Consents[c.Consent] != nil {
		return nil, inUse("consent", "L-7")
	}
	if err := d.profile.CheckPurpose(c.Purpose); err != nil {
		return nil, err
	}
	if !c.Until.IsZero() && c.Until.Before(d.day) {
		return nil, domain.RefusedField("until", "out_of_range", "L-7", "this consent would have expired before it was given; compare the date")
	}
	e := &ConsentGiven{
		Consent: c.Consent, For: c.For, Categories: sorted(c.Categories), Recipient: c.Recipient,
		Purpose: c.Purpose, Explicit: c.Explicit, Until: c.Until,
	}
	return domain.OneFact(e, d.file(map[string]any{"evidence": c.Evidence, "given_by": c.GivenBy, "notice_version": c.NoticeVersion})), nil
}

func (d *decision) refuseConsent(c *RefuseConsent) ([]domain.Fact, error) {
	if d.s.Consents[c.Consent] != nil {
		return nil, domain.RefusedField("consent", "id_in_use", "L-7", "this consent was given or refused before; withdraw it with WithdrawConsent, or choose another id")
	}
	if err := d.notFuture("received_on", c.ReceivedOn, "L-7"); err != nil {
		return nil, err
	}
	return domain.OneFact(&ConsentRefused{Consent: c.Consent, ReceivedOn: c.ReceivedOn, Channel: c.Channel}), nil
}

func (d *decision) withdrawConsent(c *WithdrawConsent) ([]domain.Fact, error) {
	have := d.s.Consents[c.Consent]
	switch {
	case have == nil:
		return nil, unknown("consent", "unknown_consent", "L-7", "this dossier has no such consent; compare its id")
	case have.Refused:
		return nil, domain.RefusedField("consent", "consent_refused", "L-7", "this consent was never given, so there is nothing to withdraw")
	case !have.Withdrawn.IsZero():
		return nil, domain.RefusedField("consent", "already_withdrawn", "L-7", "this consent has been withdrawn already")
	case !c.ReceivedOn.IsZero() && c.ReceivedOn.Before(nl.DateOf(have.Given)):
		return nil, domain.RefusedField("received_on", "before_consent", "L-7", "it lies before the consent was given; compare the date")
	case c.ReceivedOn.After(d.day):
		return nil, domain.RefusedField("received_on", "in_future", "L-7", "the withdrawal was received on or before the day of the command; compare the date")
	}
	return domain.OneFact(&ConsentWithdrawn{Consent: c.Consent, ReceivedOn: c.ReceivedOn, Channel: c.Channel}), nil
}

func (d *decision) object(c *ObjectToContactDisclosure) ([]domain.Fact, error) {
	if err := d.notFuture("received_on", c.ReceivedOn, "C-2.6.7"); err != nil {
		return nil, err
	}
	return domain.OneFact(&ObjectionReceived{ReceivedOn: c.ReceivedOn}, d.file(map[string]any{"reference": c.Reference})), nil
}

func (d *decision) withdrawObjection(c *WithdrawObjection) ([]domain.Fact, error) {
	if err := d.notFuture("received_on", c.ReceivedOn, "C-2.6.7"); err != nil {
		return nil, err
	}
	return domain.OneFact(&ObjectionWithdrawn{ReceivedOn: c.ReceivedOn}, d.file(map[string]any{"reference": c.Reference})), nil
}

func (d *decision) placeHold(c *PlaceHold) ([]domain.Fact, error) {
	if d.s.Holds[c.Hold] != nil {
		return nil, inUse("hold", "C-2.5c")
	}
	for _, id := range c.Records {
		if d.s.Records[id] == nil {
			return nil, unknown("records", "unknown_record", "C-2.5c", "a record is not in this dossier; compare the ids")
		}
	}
	e := &HoldPlaced{Hold: c.Hold, Classes: sorted(c.Classes), Records: sorted(c.Records), ReviewOn: c.ReviewOn}
	return domain.OneFact(e, d.file(map[string]any{"reason": c.Reason})), nil
}

func (d *decision) liftHold(c *LiftHold) ([]domain.Fact, error) {
	h := d.s.Holds[c.Hold]
	switch {
	case h == nil:
		return nil, unknown("hold", "unknown_hold", "C-2.5c", "this dossier has no such hold; compare its id")
	case !h.Until.IsZero():
		return nil, domain.RefusedField("hold", "hold_lifted", "C-2.5c", "this hold has been lifted already")
	}
	return domain.OneFact(&HoldLifted{Hold: c.Hold}, d.file(map[string]any{"reason": c.Reason})), nil
}
