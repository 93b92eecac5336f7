package regulation

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
)

// WarnNecessity is the warning when a category that is kept only where it is
// needed is recorded without a text that says why (C-4c). It refuses nothing.
const WarnNecessity = "necessity_missing"

// CheckRecording judges whether an item may be recorded (catalogue §2,
// AddRecord): its categories are in the profile, its source is known (C-1.2c),
// the regulation's consent to record is there (C-3.6, C-3.7), and the law on
// health is met (L-9). Every category that the item contains is judged. The
// warnings are codes.
func (p *Profile) CheckRecording(in RecordingInput) (warnings []string, refusal *domain.Error) {
	codes := in.Categories()
	var v verdict
	for _, code := range codes {
		if e := p.CheckCategory(code); e != nil {
			return nil, e
		}
	}
	if in.Source == "" {
		e := domain.Refused("source_missing", "C-1.2c", "say where this comes from: the client, somebody on behalf of the client, the commissioning party, a report of staff, or a third party")
		e.Field = "source"
		v.add(e)
	} else if !slices.Contains(domain.Sources, in.Source) {
		return nil, domain.Invalid("unknown_source", "source", "choose one of the sources of the catalogue")
	}
	for _, code := range codes {
		c, _ := p.CategoryOf(code)
		if c.ConsentToRecord != "" && !in.consented(code, false) {
			v.refuse("consent_to_record_missing", c.ConsentToRecord, "the regulation lets this be recorded with the client's consent alone; record the consent to record first")
		}
		if code.Health() && !in.Client.carriesHealth() && !in.consented(code, true) {
			v.refuse("health_basis_missing", "L-9", "health data may be recorded for an employee or a recipient of a benefit on somebody's commission, or with the client's explicit consent; record that consent first")
		}
		if c.Necessity && !in.Necessity && !slices.Contains(warnings, WarnNecessity) {
			warnings = append(warnings, WarnNecessity)
		}
	}
	if e := v.first(); e != nil {
		return nil, e
	}
	return warnings, nil
}

// Categories are the item's category and all that it contains, each once.
func (in RecordingInput) Categories() []domain.Category {
	codes := []domain.Category{in.Category}
	for _, c := range in.Contains {
		if !slices.Contains(codes, c) {
			codes = append(codes, c)
		}
	}
	return codes
}

// consented tells whether a valid consent to record covers the category.
func (in RecordingInput) consented(code domain.Category, explicit bool) bool {
	return slices.ContainsFunc(in.Consents, func(c ConsentFact) bool {
		return c.State == ConsentValid && c.For == ForRecord && (c.Explicit || !explicit) && slices.Contains(c.Categories, code)
	})
}

// CheckCategory refuses a category that the profile does not hold.
func (p *Profile) CheckCategory(code domain.Category) *domain.Error {
	if _, ok := p.CategoryOf(code); ok {
		return nil
	}
	e := domain.Refused("category_unknown", p.Limits.Category, "the regulation does not hold this category of data; choose one of its categories")
	e.Field = "category"
	return e
}

// NeedsNecessity tells whether one of the categories asks for a necessity text
// (C-4c).
func (p *Profile) NeedsNecessity(codes []domain.Category) bool {
	return slices.ContainsFunc(codes, func(code domain.Category) bool {
		c, _ := p.CategoryOf(code)
		return c.Necessity
	})
}

// CheckBSN refuses the citizen service number of a client who came by himself
// without the statute that allows it (L-U46).
func (p *Profile) CheckBSN(commissioned bool, statute string) *domain.Error {
	if commissioned || statute != "" {
		return nil
	}
	e := domain.Refused("bsn_statute_missing", "L-U46", "the citizen service number of a client who came without a commission may be kept only where a statute says so; name the statute, or leave the number out")
	e.Field = "bsn_statute"
	return e
}
