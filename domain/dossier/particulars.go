package dossier

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Particulars are the client's particulars. Nil means not given.
type Particulars struct {
	FamilyName  *string         `json:"family_name,omitzero"`
	GivenNames  *string         `json:"given_names,omitzero"`
	BirthDate   *nl.Date        `json:"birth_date,omitzero"`
	Address     json.RawMessage `json:"address,omitzero"` // a text or an object
	Telephone   *string         `json:"telephone,omitzero"`
	Sex         *string         `json:"sex,omitzero"`
	Nationality *string         `json:"nationality,omitzero"`
	BSN         *string         `json:"bsn,omitzero"`
	BSNStatute  *string         `json:"bsn_statute,omitzero"`
	Bank        *string         `json:"bank,omitzero"`
}

// check asks for the form of the particulars, at path. The number and the
// account are put into their one form, so that what is sealed can be compared.
func (p *Particulars) check(c *domain.Check, path string) {
	for name, v := range map[string]*string{
		"family_name": p.FamilyName, "given_names": p.GivenNames, "telephone": p.Telephone, "sex": p.Sex,
		"nationality": p.Nationality, "bsn_statute": p.BSNStatute,
	} {
		if v != nil {
			c.OptionalText(path+"."+name, *v, domain.MaxShort)
		}
	}
	c.Raw(path+".address", p.Address)
	if p.BSN != nil && *p.BSN != "" {
		b, err := nl.ParseBSN(*p.BSN)
		if err != nil {
			c.Fail(at(err, path+".bsn"))
		} else {
			s := b.Reveal()
			p.BSN = &s
		}
	}
	if p.Bank != nil && *p.Bank != "" {
		b, err := nl.ParseIBAN(*p.Bank)
		if err != nil {
			c.Fail(at(err, path+".bank"))
		} else {
			s := b.Reveal()
			p.Bank = &s
		}
	}
}

// at puts a field to an error that has none.
func at(err error, field string) *domain.Error {
	e := *domain.AsError(err)
	e.Field = field
	return &e
}

// fields names what was given, in byte order. The names are codes.
func (p *Particulars) fields() []string {
	var out []string
	for name, given := range map[string]bool{
		"family_name": p.FamilyName != nil, "given_names": p.GivenNames != nil, "birth_date": p.BirthDate != nil,
		"address": len(p.Address) > 0 && string(p.Address) != "null", "telephone": p.Telephone != nil, "sex": p.Sex != nil,
		"nationality": p.Nationality != nil, "bsn": p.BSN != nil, "bsn_statute": p.BSNStatute != nil, "bank": p.Bank != nil,
	} {
		if given {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// sections splits the particulars over their categories, and puts the name
// beside them under the fiscal class: invoices outlive the dossier (catalogue §1).
func (p *Particulars) sections(d *decision) []domain.Section {
	var out []domain.Section
	add := func(k domain.Category, fields map[string]any) {
		for name, v := range fields {
			switch t := v.(type) {
			case *string:
				if t == nil {
					delete(fields, name)
				}
			case *nl.Date:
				if t == nil {
					delete(fields, name)
				}
			}
		}
		out = append(out, d.seal(k, fields)...)
	}
	add(domain.CatContact, map[string]any{"family_name": p.FamilyName, "given_names": p.GivenNames, "address": p.Address})
	add(domain.CatPersonal, map[string]any{"birth_date": p.BirthDate, "sex": p.Sex, "nationality": p.Nationality, "telephone": p.Telephone})
	add(domain.CatBank, map[string]any{"bank": p.Bank})
	add(domain.CatBSN, map[string]any{"bsn": p.BSN, "bsn_statute": p.BSNStatute})
	add(domain.CatInvoiceName, map[string]any{"family_name": p.FamilyName, "given_names": p.GivenNames})
	return out
}

// Number is the citizen service number in its one form; "" when not given.
func (p *Particulars) Number() string { return text(p.BSN) }

// NameAndBirth is what two entries of one client agree in: the name without
// regard to case and spacing, and the birth date; "" when a part is missing.
func (p *Particulars) NameAndBirth() string {
	family, given := text(p.FamilyName), text(p.GivenNames)
	if p.BirthDate == nil || p.BirthDate.IsZero() || family == "" {
		return ""
	}
	fold := func(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }
	return fold(family) + "\x00" + fold(given) + "\x00" + p.BirthDate.String()
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// Moment is a day or an instant.
type Moment = nl.Moment
