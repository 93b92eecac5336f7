package dossier

import (
	"github.com/casefile-engine/casefile/domain"
)

func (d *decision) commissioned() bool { return d.s.Referral == "commissioned" }

func (d *decision) open(c *OpenDossier) ([]domain.Fact, error) {
	if d.s.Exists() {
		return nil, domain.RefusedField("dossier", "dossier_exists", "C-0a", "this dossier is open already; choose another id for a new one")
	}
	commissioned := c.Referral == "commissioned"
	if commissioned && c.Commissioner == "" {
		return nil, domain.RefusedField("commissioner", "commissioner_missing", "C-1.1a", "a commissioned client has a commissioner; name the registered party")
	}
	if c.Commissioner != "" {
		if err := d.commissioner(c.Commissioner); err != nil {
			return nil, err
		}
	}
	if err := d.particulars(&c.Client, "client", commissioned, false); err != nil {
		return nil, err
	}
	e := &Opened{Service: c.Service, Referral: c.Referral, Commissioner: c.Commissioner, Standing: c.Standing, Fields: c.Client.fields()}
	return domain.OneFact(e, c.Client.sections(d)), nil
}

// particulars judges what is given of the client: a birth date that is past,
// and the number that only a statute allows (L-U46).
func (d *decision) particulars(p *Particulars, path string, commissioned, statuteKnown bool) *domain.Error {
	if p.BirthDate != nil {
		if err := d.notFuture(path+".birth_date", *p.BirthDate, domain.RuleForm); err != nil {
			return err
		}
	}
	if text(p.BSN) == "" || statuteKnown {
		return nil
	}
	if err := d.profile.CheckBSN(commissioned, text(p.BSNStatute)); err != nil {
		return at(err, path+".bsn_statute")
	}
	return nil
}

func (d *decision) decline(c *DeclineReferral) ([]domain.Fact, error) {
	switch {
	case len(d.s.Trajectories) > 0:
		return nil, domain.RefusedField("dossier", "trajectory_exists", "C-2.5e", "a trajectory has been started, so the referral was not declined; end the trajectory instead")
	case c.DeclinedOn.Before(dayOf(d.s.Opened)):
		return nil, domain.RefusedField("declined_on", "before_opening", "C-2.5e", "it lies before the dossier was opened; give a day on or after the opening")
	}
	if err := d.notFuture("declined_on", c.DeclinedOn, "C-2.5e"); err != nil {
		return nil, err
	}
	e := &ReferralDeclined{DeclinedOn: c.DeclinedOn, By: oneOf(c.By, decliners)}
	return domain.OneFact(e, d.file(map[string]any{"by": c.By, "reason": c.Reason})), nil
}

func (d *decision) changeClient(c *ChangeClient) ([]domain.Fact, error) {
	if err := d.particulars(&c.Fields, "fields", d.commissioned(), d.s.BSNStatute); err != nil {
		return nil, err
	}
	e := &ClientChanged{Fields: c.Fields.fields(), ValidFrom: c.ValidFrom, Source: c.Source, Correction: c.Correction}
	return domain.OneFact(e, c.Fields.sections(d)), nil
}

func (d *decision) handOut(c *HandOutRegulation) ([]domain.Fact, error) {
	if !d.agency.VersionAdopted(c.Version, d.day) {
		return nil, domain.RefusedField("version", "unknown_version", "C-I4", "the agency has adopted no regulation of that version by that day; give the version that was handed out")
	}
	return domain.OneFact(&RegulationHandedOut{Version: c.Version, Language: c.Language, Method: c.Method, Acknowledged: c.Acknowledged, Sources: sorted(c.Sources)}), nil
}
