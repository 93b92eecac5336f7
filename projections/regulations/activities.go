package regulations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Activity is one processing activity of an agency, as the export `activities`
// gives it: an entry of the register that AVG 30 asks for and that came in the
// place of the registration with the CBP (S-CBP, L-30). There is one for each
// purpose of the regulation in force. Lists of codes are in byte order.
type Activity struct {
	Agency string `json:"agency"`
	// Activity names this entry and never another: profile/version/purpose. A
	// change of the regulation is another version, and so another entry.
	Activity      string  `json:"activity"`
	Profile       string  `json:"profile"`
	Version       int     `json:"version"`
	EffectiveFrom nl.Date `json:"effective_from"`
	Purpose       string  `json:"purpose"`
	Rule          string  `json:"rule"` // the article that names the purpose
	// Name is what the regulation calls the purpose, in Dutch; NameEN in English.
	Name   string `json:"name"`
	NameEN string `json:"name_en"`
	// Role is controller, processor or joint, unless a commission says otherwise.
	Role     string   `json:"role"`
	Services []string `json:"services,omitempty"`
	// Subjects are the classes of people: client.
	Subjects   []string          `json:"subjects"`
	Categories []domain.Category `json:"categories,omitempty"`
	// Special are those of Categories that are health data or the BSN.
	Special []domain.Category `json:"special,omitempty"`
	Sources []string          `json:"sources,omitempty"`
	// Recipients are the classes that may receive something of it, Grounds those
	// on which they may.
	Recipients []string        `json:"recipients,omitempty"`
	Grounds    []domain.Ground `json:"grounds,omitempty"`
	Retention  []ActivityTerm  `json:"retention,omitempty"`
}

// ActivityTerm is how long one class of an activity's data is kept.
type ActivityTerm struct {
	Class  domain.Class         `json:"class"`
	Term   nl.Term              `json:"term"`
	Starts regulation.StartRule `json:"starts"`
	Rule   string               `json:"rule"`
	Basis  string               `json:"basis,omitempty"`
}

// narrow are the purposes that need some categories alone; all others may need
// every category of the regulation. Overviews have no data of persons but sums
// of hours (C-1.2d), an invoice has name and trajectory number (C-1.2e), and the
// index finds people by name and BSN (L-U46).
var narrow = map[string][]domain.Category{
	"subsidy":                {domain.CatContact, domain.CatSubsidy},
	"invoicing":              {domain.CatBank, domain.CatContact, domain.CatHours},
	"management_information": {domain.CatHours},
	"index":                  {domain.CatBSN, domain.CatContact},
	"maintenance":            {},
}

// receivers are the classes of recipient of the purposes from which data go out.
var receivers = map[string][]string{
	"guidance":  {"commissioner", "employer", "other", "partner", "training"},
	"absence":   {"commissioner", "employer", "other", "partner"},
	"subsidy":   {"subsidy_provider"},
	"invoicing": {"commissioner"},
	"research":  {"other"},
}

// Activities calls f with the processing activities by the regulation in force
// on a day, by agency and then in the order of the regulation. f may give
// rows.ErrStop.
func Activities(ctx context.Context, db *readdb.DB, agency string, day nl.Date, f func(Activity) error) error {
	b, err := Load(ctx, db, agency)
	if err != nil {
		return err
	}
	for _, name := range b.Agencies() {
		adoption := b.adoptionOn(name, day)
		if adoption == nil {
			continue
		}
		for _, purpose := range adoption.Document.Purposes {
			if err := f(activity(name, adoption, purpose)); errors.Is(err, rows.ErrStop) {
				return nil
			} else if err != nil {
				return err
			}
		}
	}
	return nil
}

func activity(agency string, adoption *Adoption, purpose regulation.Purpose) Activity {
	p := adoption.Document
	a := Activity{
		Agency: agency, Activity: fmt.Sprintf("%s/%d/%s", p.Name, p.Version, purpose.Code),
		Profile: p.Name, Version: p.Version, EffectiveFrom: adoption.From,
		Purpose: purpose.Code, Rule: purpose.Rule, Name: purpose.Label.NL, NameEN: purpose.Label.EN,
		Role: p.Role.Default, Subjects: []string{"client"}, Sources: rows.Sorted(domain.Sources),
	}
	for _, s := range p.Services {
		if (s.Code == "absence") == (purpose.Code == "absence") {
			a.Services = append(a.Services, s.Code)
		}
	}
	a.Services = rows.Sorted(a.Services)
	only, narrowed := narrow[purpose.Code]
	for _, c := range p.Categories {
		if narrowed && !slices.Contains(only, c.Code) {
			continue
		}
		a.Categories = append(a.Categories, c.Code)
		if c.Special != "" {
			a.Special = append(a.Special, c.Code)
		}
	}
	a.Categories, a.Special = rows.Sorted(a.Categories), rows.Sorted(a.Special)
	if len(a.Categories) == 0 {
		a.Sources = nil
	}
	a.outward(p)
	a.kept(p)
	return a
}

// outward fills in who may receive something, and on which grounds.
func (a *Activity) outward(p *regulation.Profile) {
	for _, r := range p.Recipients {
		if slices.Contains(receivers[a.Purpose], r.Class) {
			a.Recipients = append(a.Recipients, r.Class)
		}
	}
	a.Recipients = rows.Sorted(a.Recipients)
	if len(a.Recipients) == 0 {
		return
	}
	for _, g := range p.Grounds {
		a.Grounds = append(a.Grounds, g.Code)
	}
	a.Grounds = rows.Sorted(a.Grounds)
}

// kept fills in the terms of the classes of the activity's categories.
func (a *Activity) kept(p *regulation.Profile) {
	for _, class := range p.ClassesOf(a.Categories) {
		if r, ok := p.RetentionOf(class); ok {
			a.Retention = append(a.Retention, ActivityTerm{r.Class, r.Term, r.Start, r.Rule, r.Basis})
		}
	}
	if a.Purpose != "invoicing" {
		return
	}
	if r, ok := p.RetentionOf(domain.ClassFiscal); ok && !slices.ContainsFunc(a.Retention, func(t ActivityTerm) bool { return t.Class == r.Class }) {
		a.Retention = append(a.Retention, ActivityTerm{r.Class, r.Term, r.Start, r.Rule, r.Basis})
	}
}
