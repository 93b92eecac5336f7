package regulation

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/casefile-engine/casefile/domain"
)

// ruleForm is a requirement id (requirements §1) or an article of the law.
var ruleForm = regexp.MustCompile(`^(C-(0[a-g]|I[1-4]|\d+(\.\d+)*[a-f]?)|S-[A-Z][A-Za-z]+\d?|L-U?\d+)$`)

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,40}$`)

// checker walks a profile and keeps the first thing that is wrong.
type checker struct{ err *domain.Error }

func (c *checker) bad(path, message string) {
	if c.err == nil {
		c.err = domain.Invalid("profile_field", path, message)
	}
}

func (c *checker) rule(path, rule string) {
	if !ruleForm.MatchString(rule) {
		c.bad(path, "name the requirement that this setting rests on, such as C-2.6.1, S-Der or L-9")
	}
}

func (c *checker) text(path string, t Text) {
	if t.NL == "" || t.EN == "" {
		c.bad(path, "this text is needed in Dutch (nl) and in English (en)")
	}
}

func checkOne[T comparable](c *checker, path string, v T, list ...T) {
	if !slices.Contains(list, v) {
		c.bad(path, "this value is not in its list of codes")
	}
}

// checkRows checks that no row of a list stands there twice.
func checkRows[T any](c *checker, path string, rows []T, key func(T) string) {
	if len(rows) == 0 {
		c.bad(path, "this list may not be empty")
	}
	seen := map[string]bool{}
	for i, r := range rows {
		k := key(r)
		if seen[k] {
			c.bad(at(path, i), "this row stands in the list twice")
		}
		seen[k] = true
	}
}

func at(path string, i int, more ...string) string {
	s := fmt.Sprintf("%s/%d", path, i)
	for _, m := range more {
		s += "/" + m
	}
	return s
}

// validate checks the form of a profile: every code from its list, every list
// without doubles, a requirement behind each setting. It returns the first
// problem with its place.
func validate(p *Profile) *domain.Error {
	c := &checker{}
	p.checkHead(c)
	p.checkLists(c)
	p.checkGrounds(c)
	p.checkRecipients(c)
	p.checkRetention(c)
	p.checkTerms(c)
	p.checkRest(c)
	return c.err
}

func (p *Profile) checkHead(c *checker) {
	if !nameForm.MatchString(p.Name) {
		c.bad("/name", "a profile's name is 1 to 40 lower-case letters, digits and hyphens")
	}
	if p.Version < 1 {
		c.bad("/version", "versions count from 1")
	}
	c.text("/title", p.Title)
	if !p.EffectiveFrom.Value.IsZero() {
		c.rule("/effective_from/rule", p.EffectiveFrom.Rule)
	}
	checkOne(c, "/address/value", p.Address.Value, "je", "u")
	c.rule("/address/rule", p.Address.Rule)
	checkOne(c, "/role/default", p.Role.Default, "controller", "processor", "joint")
	c.rule("/role/rule", p.Role.Rule)
	c.rule("/change_notice/rule", p.ChangeNotice.Rule)
	c.rule("/second_factor/rule", p.SecondFactor.Rule)
	for _, r := range [][2]string{{"purpose", p.Limits.Purpose}, {"category", p.Limits.Category}, {"ground", p.Limits.Ground},
		{"recipient", p.Limits.Recipient}, {"restricted", p.Limits.Restricted}, {"capacity", p.Limits.Capacity}} {
		c.rule("/limits/"+r[0], r[1])
	}
}

func (p *Profile) checkLists(c *checker) {
	checkRows(c, "/services", p.Services, func(x Service) string { return x.Code })
	for i, x := range p.Services {
		checkOne(c, at("/services", i, "code"), x.Code, domain.Services...)
		c.rule(at("/services", i, "rule"), x.Rule)
		c.text(at("/services", i, "label"), x.Label)
	}
	checkRows(c, "/purposes", p.Purposes, func(x Purpose) string { return x.Code })
	for i, x := range p.Purposes {
		checkOne(c, at("/purposes", i, "code"), x.Code, domain.Purposes...)
		c.rule(at("/purposes", i, "rule"), x.Rule)
		c.text(at("/purposes", i, "label"), x.Label)
	}
	checkRows(c, "/categories", p.Categories, func(x Category) string { return string(x.Code) })
	for i, x := range p.Categories {
		checkOne(c, at("/categories", i, "code"), x.Code, domain.Categories...)
		c.rule(at("/categories", i, "rule"), x.Rule)
		c.text(at("/categories", i, "label"), x.Label)
		checkOne(c, at("/categories", i, "class"), x.Class, domain.Classes...)
		checkOne(c, at("/categories", i, "special"), x.Special, "", SpecialHealth, SpecialBSN)
		checkOne(c, at("/categories", i, "employer"), x.Employer, EmployerYes, EmployerNo, EmployerNever, EmployerLimits, EmployerPlacement, EmployerPerItem, EmployerTotals)
		if x.ConsentToRecord != "" {
			c.rule(at("/categories", i, "consent_to_record"), x.ConsentToRecord)
		}
	}
	checkOne(c, "/consent/wording", p.Consent.Wording, "unambiguous", "explicit")
	c.rule("/consent/rule", p.Consent.Rule)
}

func (p *Profile) checkGrounds(c *checker) {
	checkRows(c, "/grounds", p.Grounds, func(x Ground) string { return string(x.Code) })
	for i, x := range p.Grounds {
		checkOne(c, at("/grounds", i, "code"), x.Code, domain.Grounds...)
		c.rule(at("/grounds", i, "rule"), x.Rule)
		c.text(at("/grounds", i, "label"), x.Label)
		if x.Article == "" {
			c.bad(at("/grounds", i), "a ground names its article of the AVG")
		}
		for j, name := range x.Evidence {
			if !slices.Contains(groundLaw[x.Code].evidence, name) {
				c.bad(at(at("/grounds", i, "evidence"), j), "this ground has no evidence of this name")
			}
		}
	}
	checkRows(c, "/channels", p.Channels, func(x Channel) string { return x.Code })
	for i, x := range p.Channels {
		checkOne(c, at("/channels", i, "code"), x.Code, domain.Channels...)
		c.rule(at("/channels", i, "rule"), x.Rule)
		c.text(at("/channels", i, "label"), x.Label)
		for j, g := range x.Only {
			checkOne(c, at(at("/channels", i, "only"), j), g, domain.Grounds...)
		}
	}
}

func (p *Profile) checkRecipients(c *checker) {
	checkRows(c, "/recipients", p.Recipients, func(x Recipient) string { return x.Class + "/" + x.Subtype })
	for i, x := range p.Recipients {
		checkOne(c, at("/recipients", i, "class"), x.Class, domain.RecipientClasses...)
		if x.Subtype != "" {
			checkOne(c, at("/recipients", i, "subtype"), x.Subtype, domain.RecipientSubtypes[x.Class]...)
		}
		c.rule(at("/recipients", i, "rule"), x.Rule)
		c.text(at("/recipients", i, "label"), x.Label)
		for j, k := range x.Guidance {
			checkOne(c, at(at("/recipients", i, "guidance"), j), k, domain.Categories...)
		}
		for j, k := range x.Never {
			checkOne(c, at(at("/recipients", i, "never"), j), k, domain.Categories...)
		}
		for j, g := range x.Approval {
			checkOne(c, at(at("/recipients", i, "approval"), j), g, domain.Grounds...)
		}
		if x.Agreement != "" {
			c.rule(at("/recipients", i, "agreement"), x.Agreement)
		}
		if x.Secrecy != "" {
			c.rule(at("/recipients", i, "secrecy"), x.Secrecy)
		}
	}
	if p.Subsidy != (Subsidy{}) {
		c.rule("/subsidy/rule", p.Subsidy.Rule)
	}
	checkOne(c, "/view/value", p.View.Value, "consent")
	c.rule("/view/rule", p.View.Rule)
}

func (p *Profile) checkRetention(c *checker) {
	checkRows(c, "/retention", p.Retention, func(x Retention) string { return string(x.Class) })
	for i, x := range p.Retention {
		checkOne(c, at("/retention", i, "class"), x.Class, domain.Classes...)
		if !x.Term.Valid() {
			c.bad(at("/retention", i, "term"), "a term is a whole number of years or days above zero, written as P10Y or P28D")
		}
		checkOne(c, at("/retention", i, "start"), x.Start, StartGuidance, StartAgreement, StartYear)
		c.rule(at("/retention", i, "rule"), x.Rule)
	}
	if len(p.Retention) != len(domain.Classes) {
		c.bad("/retention", "each of the retention classes dossier, medical, subsidy and fiscal needs a term")
	}
	if !p.Declined.Term.Valid() {
		c.bad("/declined/term", "a term is a whole number of years or days above zero, written as P10Y or P28D")
	}
	c.rule("/declined/rule", p.Declined.Rule)
}

// namedTerm is a row of Terms with its name in the file.
type namedTerm struct {
	name string
	Setting[int]
}

func (t Terms) all() []namedTerm {
	return []namedTerm{
		{"request", t.Request}, {"breach_hours", t.BreachHours}, {"indirect_notice", t.IndirectNotice}, {"handout", t.Handout},
		{"complaint", t.Complaint}, {"destruction", t.Destruction}, {"cooling_off", t.CoolingOff}, {"break_glass_review", t.BreakGlassReview},
		{"break_glass_max", t.BreakGlassMax}, {"assignment_ends", t.AssignmentEnds}, {"dormant_start", t.DormantStart},
		{"dormant_activity", t.DormantActivity}, {"hours_after_end", t.HoursAfterEnd}, {"erasure", t.Erasure},
	}
}

// maxTerm is the longest of the other terms, in days, hours or minutes.
const maxTerm = 10_000

func (p *Profile) checkTerms(c *checker) {
	for _, t := range p.Terms.all() {
		least := 1
		if t.name == "handout" || t.name == "hours_after_end" || t.name == "assignment_ends" {
			least = 0
		}
		if t.Value < least || t.Value > maxTerm {
			c.bad("/terms/"+t.name+"/value", fmt.Sprintf("this term is a whole number from %d to %d", least, maxTerm))
		}
		c.rule("/terms/"+t.name+"/rule", t.Rule)
	}
}

func (p *Profile) checkRest(c *checker) {
	checkRows(c, "/rights", p.Rights, func(x Right) string { return x.Kind })
	for i, x := range p.Rights {
		checkOne(c, at("/rights", i, "kind"), x.Kind, domain.RequestKinds...)
		c.rule(at("/rights", i, "rule"), x.Rule)
		c.text(at("/rights", i, "label"), x.Label)
	}
	for i, m := range p.Requests.Methods {
		checkOne(c, at("/requests/methods", i), m, domain.Methods...)
	}
	checkOne(c, "/requests/handled_by", p.Requests.HandledBy, append([]string{"any"}, domain.Roles...)...)
	c.rule("/requests/rule", p.Requests.Rule)
	if p.Requests.Extension < 0 || p.Requests.Fee < 0 {
		c.bad("/requests", "neither the extension nor the fee can be below zero")
	}
	for i, k := range p.Representatives.Value {
		checkOne(c, at("/representatives/value", i), k, RepresentativeKinds...)
	}
	checkOne(c, "/access/model", p.Access.Model, "assigned", "team")
	checkOne(c, "/access/authorised_by/value", p.Access.AuthorisedBy.Value, domain.Roles...)
	checkOne(c, "/access/granted_by/value", p.Access.GrantedBy.Value, domain.Roles...)
	for i, k := range p.Paper.Value {
		checkOne(c, at("/paper/value", i), k, PaperChecks...)
	}
	c.text("/complaint/value", p.Complaint.Value)
	for i, t := range p.Coupling.Whitelist {
		checkOne(c, at("/coupling/whitelist", i, "code"), t.Code, "invoice")
	}
	for i, n := range p.Notes {
		c.rule(at("/notes", i, "rule"), n.Rule)
		c.text(at("/notes", i, "text"), n.Text)
	}
	for _, r := range []struct{ path, rule string }{
		{"/representatives/rule", p.Representatives.Rule}, {"/access/rule", p.Access.Rule}, {"/access/authorised_by/rule", p.Access.AuthorisedBy.Rule},
		{"/access/granted_by/rule", p.Access.GrantedBy.Rule}, {"/paper/rule", p.Paper.Rule}, {"/complaint/rule", p.Complaint.Rule},
		{"/remainder/rule", p.Remainder.Rule}, {"/minimum_cell/rule", p.MinimumCell.Rule}, {"/coupling/rule", p.Coupling.Rule}, {"/suppliers/rule", p.Suppliers.Rule},
	} {
		c.rule(r.path, r.rule)
	}
}

// RepresentativeKinds are the kinds of representative of the catalogue.
var RepresentativeKinds = []string{"parent", "curator", "administrator", "mentor", "mandated"}

// PaperChecks are the checks on paper custody that a profile can ask (C-2.7d,
// S-Bev1).
var PaperChecks = []string{"never_unattended", "alphabetical_cabinet", "end_of_day", "cabinet_locked_each_working_day"}
