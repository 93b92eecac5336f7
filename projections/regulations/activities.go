package regulations

import (
	"context"

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
	// Subjects are the classes of people: client, staff.
	Subjects   []string          `json:"subjects"`
	Categories []domain.Category `json:"categories,omitempty"`
	// Special are those of Categories that are health data or the BSN.
	Special []domain.Category `json:"special,omitempty"`
	Sources []string          `json:"sources,omitempty"`
	// Recipients are the classes that may receive something of it, Grounds those
	// on which they may.
	Recipients []string                  `json:"recipients,omitempty"`
	Grounds    []domain.Ground           `json:"grounds,omitempty"`
	Retention  []regulation.ActivityTerm `json:"retention,omitempty"`
	// Bases are the articles that make it lawful, Health those that carry data on
	// health as well.
	Bases  []string `json:"bases,omitempty"`
	Health []string `json:"health,omitempty"`
	// Expected tells whether the client can reasonably expect it; what is not
	// expected is told beforehand (C-I2, L-13).
	Expected bool `json:"expected"`
	// Transfers tells whether anything goes outside the Union.
	Transfers bool `json:"transfers"`
	// Security are the codes of the measures (AVG 32).
	Security []string `json:"security,omitempty"`
}

// Activities calls f with the processing activities by the regulation in force
// on a day, by agency and then in the order of the regulation. f may give
// rows.ErrStop.
func Activities(ctx context.Context, db *readdb.DB, agency string, day nl.Date, f func(Activity) error) error {
	b, err := Load(ctx, db, agency)
	if err != nil {
		return err
	}
	var list []Activity
	for _, name := range b.Agencies() {
		if adoption := b.adoptionOn(name, day); adoption != nil {
			for _, entry := range regulation.Activities(adoption.Document) {
				list = append(list, activity(name, adoption, entry))
			}
		}
	}
	return rows.Give(list, f)
}

// activity gives an entry of the register that a regulation is, as a row.
func activity(agency string, adoption *Adoption, a regulation.Activity) Activity {
	p := adoption.Document
	return Activity{
		Agency: agency, Activity: a.ID, Profile: p.Name, Version: p.Version, EffectiveFrom: adoption.From,
		Purpose: a.Purpose, Rule: a.Rule, Name: a.Name.NL, NameEN: a.Name.EN, Role: a.Role,
		Services: rows.Sorted(a.Services), Subjects: rows.Sorted(a.Subjects), Categories: rows.Sorted(a.Categories), Special: rows.Sorted(a.Special),
		Sources:    rows.Sorted(a.Sources),
		Recipients: codes(a.Recipients, func(r regulation.Receiver) string { return r.Class }),
		Grounds:    rows.Sorted(a.Grounds), Retention: a.Retention,
		Bases:    codes(a.Bases, basis),
		Health:   codes(a.Health, basis),
		Expected: a.Expected, Transfers: a.Transfers,
		Security: codes(a.Security, func(m regulation.Measure) string { return m.Code }),
	}
}

func basis(b regulation.Basis) string { return b.Article }

// codes are the codes of a list, in byte order.
func codes[T any](list []T, code func(T) string) []string {
	var out []string
	for _, x := range list {
		out = append(out, code(x))
	}
	return rows.Sorted(out)
}
