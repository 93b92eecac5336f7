package regulation

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// CategoryOf is the category under this regulation; ok is false for one that
// it does not hold.
func (p *Profile) CategoryOf(code domain.Category) (c Category, ok bool) {
	if i := slices.IndexFunc(p.Categories, func(c Category) bool { return c.Code == code }); i >= 0 {
		return p.Categories[i], true
	}
	return Category{}, false
}

// ClassOf is the retention class under which a category is sealed. The name for
// invoices is fiscal, other text without a category of its own is dossier, and
// what belongs to staff or recipients is person, under every profile.
func (p *Profile) ClassOf(code domain.Category) domain.Class {
	switch code {
	case domain.CatInvoiceName:
		return domain.ClassFiscal
	case domain.CatStaff, domain.CatRecipient:
		return domain.ClassPerson
	}
	if c, ok := p.CategoryOf(code); ok {
		return c.Class
	}
	return domain.ClassDossier
}

// ClassesOf are the retention classes of the categories, in byte order, each once.
func (p *Profile) ClassesOf(codes []domain.Category) []domain.Class {
	out := make([]domain.Class, 0, len(codes))
	for _, c := range codes {
		out = append(out, p.ClassOf(c))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// strictness orders the categories from the strictest; what is not in it comes
// after, in the order of the catalogue.
var strictness = []domain.Category{
	domain.CatMedical, domain.CatDisability, domain.CatCapacity, domain.CatBSN, domain.CatInsuranceCard,
	domain.CatBank, domain.CatIncome, domain.CatBenefit, domain.CatUWVDecision, domain.CatPersonal,
	domain.CatReport, domain.CatSubsidy,
}

// Strictest is the category of a mixed item that governs how it is shown and
// filed (requirements §2: "the strictest governs"); "" for an empty list.
// Recording and disclosing judge every category of the item, not this one alone.
func (p *Profile) Strictest(codes []domain.Category) domain.Category {
	for _, list := range [][]domain.Category{strictness, domain.Categories, codes} {
		for _, c := range list {
			if slices.Contains(codes, c) {
				return c
			}
		}
	}
	return ""
}

// KnowsPurpose tells whether the regulation knows the purpose.
func (p *Profile) KnowsPurpose(code string) bool {
	return slices.ContainsFunc(p.Purposes, func(x Purpose) bool { return x.Code == code })
}

// CheckPurpose refuses a purpose that the regulation does not know (C-I1,
// S-Doel).
func (p *Profile) CheckPurpose(code string) *domain.Error {
	if p.KnowsPurpose(code) {
		return nil
	}
	e := domain.Refused("purpose_unknown", p.Limits.Purpose, "the regulation does not know this purpose; choose one of its purposes, or tell the client first and have the regulation extended")
	e.Field = "purpose"
	return e
}

// KnowsService tells whether the agency offers the service (S-Alg).
func (p *Profile) KnowsService(code string) bool {
	return slices.ContainsFunc(p.Services, func(x Service) bool { return x.Code == code })
}

// GroundOf is the disclosure ground; ok is false for one that the regulation
// does not have.
func (p *Profile) GroundOf(code domain.Ground) (g Ground, ok bool) {
	if i := slices.IndexFunc(p.Grounds, func(g Ground) bool { return g.Code == code }); i >= 0 {
		return p.Grounds[i], true
	}
	return Ground{}, false
}

// RecipientOf is the row of the matrix for a class and subtype: the subtype's
// own row, or else that of the class.
func (p *Profile) RecipientOf(class, subtype string) (r Recipient, ok bool) {
	for _, x := range p.Recipients {
		if x.Class != class {
			continue
		}
		if x.Subtype == subtype {
			return x, true
		}
		if x.Subtype == "" {
			r, ok = x, true
		}
	}
	return r, ok
}

// CheckRecipient judges the registration of a recipient: class and subtype from
// the code lists, an agreement where the class needs one (C-2.6.3).
func (p *Profile) CheckRecipient(class, subtype, agreement string) *domain.Error {
	if !slices.Contains(domain.RecipientClasses, class) {
		return domain.Invalid("recipient_class", "class", "choose one of the classes of recipients of the catalogue")
	}
	if subtype != "" && !slices.Contains(domain.RecipientSubtypes[class], subtype) {
		return domain.Invalid("recipient_subtype", "subtype", "this class of recipients has no such subtype")
	}
	r, ok := p.RecipientOf(class, subtype)
	if !ok {
		return domain.Refused("recipient_class", p.Limits.Recipient, "the regulation does not know this class of recipients")
	}
	if r.Agreement != "" && agreement == "" {
		e := domain.Refused("agreement_missing", r.Agreement, "a commissioning party is registered with the reference of its agreement; add the agreement")
		e.Field = "agreement"
		return e
	}
	return nil
}

// CheckChannel refuses a channel that the regulation does not allow for a
// disclosure on this ground (C-2.7c: no telephone but for vital interest).
func (p *Profile) CheckChannel(channel string, ground domain.Ground) *domain.Error {
	if !slices.Contains(domain.Channels, channel) {
		return domain.Invalid("unknown_channel", "channel", "choose one of the channels of the catalogue")
	}
	for _, c := range p.Channels {
		if c.Code != channel {
			continue
		}
		if len(c.Only) == 0 || slices.Contains(c.Only, ground) {
			return nil
		}
		return channelRefused(c.Rule)
	}
	return channelRefused(p.Limits.Ground)
}

func channelRefused(rule string) *domain.Error {
	e := domain.Refused("channel_not_allowed", rule, "the regulation forbids this channel; use another one, and register as unlawful what has been told already")
	e.Field = "channel"
	return e
}

// RightOf is the right that a kind of request uses. After Effective every kind
// of the catalogue has one, since the law adds what the regulation lacks.
func (p *Profile) RightOf(kind string) (r Right, ok bool) {
	if i := slices.IndexFunc(p.Rights, func(r Right) bool { return r.Kind == kind }); i >= 0 {
		return p.Rights[i], true
	}
	return Right{}, false
}

// RequestDue is the last day for a rights request received on a day (C-2.9.1,
// S-Inz): 28 days later, with no roll-forward at weekends.
func (p *Profile) RequestDue(received nl.Date) nl.Date {
	return received.AddDays(p.Terms.Request.Value)
}

// LateActivity tells whether an activity may be logged after the end of its
// trajectory, within Terms.HoursAfterEnd days (catalogue §2, LogHours).
func (p *Profile) LateActivity(activity string) bool {
	return activity == "report" || activity == "aftercare"
}

// RecentSince is the earliest day on which an item may have been obtained to be
// recent on a day (C-2.6.4); the zero date when the profile has no such limit.
func (p *Profile) RecentSince(on nl.Date) nl.Date {
	if p.Subsidy.MaxAge.IsZero() {
		return nl.Date{}
	}
	return on.AddYears(-p.Subsidy.MaxAge.Years).AddDays(-p.Subsidy.MaxAge.Days)
}
