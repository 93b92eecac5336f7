package regulation

import (
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Activity is one entry of the register of processing activities (AVG 30,
// L-30), which came in the place of the registration with the CBP (S-CBP). Every
// purpose of a regulation is one; the three uses of the central register, for
// subsidies, invoicing and management information, are among them (C-1.2a).
// Lists are in the order of the profile or of the catalogue.
type Activity struct {
	// ID names this entry and never another: profile/version/purpose. A change of
	// the regulation is another version, and so another entry.
	ID      string `json:"id"`
	Purpose string `json:"purpose"`
	Rule    string `json:"rule"` // the article that names the purpose
	Name    Text   `json:"name"`
	// Role is controller, processor or joint, unless a commission says otherwise.
	Role     string   `json:"role"`
	Services []string `json:"services,omitempty"`
	// Bases are why it is lawful, the first one as a rule; Health are those that
	// carry data on health as well.
	Bases  []Basis `json:"bases"`
	Health []Basis `json:"health,omitempty"`
	// Expected tells whether the client can reasonably expect it. What is not
	// expected is told to the client beforehand (C-I2, L-13).
	Expected bool `json:"expected"`
	// Subjects are the classes of people: client, staff.
	Subjects   []string          `json:"subjects"`
	Categories []domain.Category `json:"categories,omitempty"`
	// Special are those of Categories that are health data or the BSN.
	Special []domain.Category `json:"special,omitempty"`
	Sources []string          `json:"sources,omitempty"` // domain.Sources
	// Recipients are those that may receive something of it, Grounds those on
	// which they may.
	Recipients []Receiver      `json:"recipients,omitempty"`
	Grounds    []domain.Ground `json:"grounds,omitempty"`
	// Transfers tells whether anything goes outside the Union; nothing does.
	Transfers bool           `json:"transfers"`
	Retention []ActivityTerm `json:"retention,omitempty"`
	Security  []Measure      `json:"security"`
}

// Basis is an article that makes processing lawful, as a term of
// https://w3id.org/dpv/legal/eu/gdpr# with what it says.
type Basis struct {
	Article string `json:"article"` // A6-1-b
	Text    Text   `json:"text"`
}

// Receiver is a class of recipients in the register.
type Receiver struct {
	Class string `json:"class"`
	Label Text   `json:"label"`
}

// ActivityTerm is how long one class of an activity's data is kept.
type ActivityTerm struct {
	Class  domain.Class `json:"class"`
	Term   nl.Term      `json:"term"`
	Starts StartRule    `json:"starts"`
	Rule   string       `json:"rule"`
	Basis  string       `json:"basis,omitempty"`
}

// Measure is a measure of security (AVG 32) with the requirement it rests on.
type Measure struct {
	Code string `json:"code"`
	Rule string `json:"rule"`
	Text Text   `json:"text"`
}

// activityRule is what the profile does not say of a purpose: the law's basis,
// what the purpose needs and to whom it may lead. It is the same under every
// regulation, since the law is.
type activityRule struct {
	bases  []string
	health []string
	// only are the categories that it needs; nil means that it may need them all.
	only []domain.Category
	// receivers are the classes to which data may go for it.
	receivers  []string
	unexpected bool
	staff      bool // it processes data of staff as well
}

// activityRules: overviews are made of hours and outcomes and lead to nobody
// (C-1.2d), an invoice has name and trajectory number (C-1.2e), and the index
// finds people by name and BSN (L-U46). Maintenance and audit are about the
// system; content is seen there by a grant alone (C-2.7f, C-2.1.4b).
var activityRules = map[string]activityRule{
	"guidance":               {bases: []string{"A6-1-b", "A6-1-a"}, health: []string{"A9-2-b", "A9-2-a"}, receivers: []string{"commissioner", "partner", "training", "employer", "other"}},
	"absence":                {bases: []string{"A6-1-c", "A6-1-b"}, health: []string{"A9-2-b"}, receivers: []string{"commissioner", "partner", "employer", "other"}},
	"subsidy":                {bases: []string{"A6-1-b", "A6-1-a"}, only: []domain.Category{domain.CatContact, domain.CatSubsidy}, receivers: []string{"subsidy_provider"}},
	"invoicing":              {bases: []string{"A6-1-f", "A6-1-c"}, only: []domain.Category{domain.CatContact, domain.CatBank, domain.CatHours}, receivers: []string{"commissioner"}},
	"management_information": {bases: []string{"A6-1-f"}, only: []domain.Category{domain.CatHours}},
	"rights_request":         {bases: []string{"A6-1-c"}, health: []string{"A9-2-f"}},
	"complaint":              {bases: []string{"A6-1-c", "A6-1-f"}, health: []string{"A9-2-f"}, staff: true},
	"incident":               {bases: []string{"A6-1-c"}, health: []string{"A9-2-f"}, staff: true},
	"audit":                  {bases: []string{"A6-1-c"}, only: []domain.Category{}, staff: true},
	"retention":              {bases: []string{"A6-1-c"}, health: []string{"A9-2-b"}},
	"maintenance":            {bases: []string{"A6-1-f"}, only: []domain.Category{}, staff: true},
	"index":                  {bases: []string{"A6-1-f"}, only: []domain.Category{domain.CatContact, domain.CatBSN}},
	"research":               {bases: []string{"A6-1-f"}, health: []string{"A9-2-j"}, receivers: []string{"other"}, unexpected: true},
}

// Activities is the register of processing activities of a profile, in the
// order of its purposes. It says what the profile says and the law layer under
// it; the same profile always gives the same register.
func Activities(p *Profile) []Activity {
	out := make([]Activity, 0, len(p.Purposes))
	for _, purpose := range p.Purposes {
		r := activityRules[purpose.Code]
		a := Activity{
			ID: fmt.Sprintf("%s/%d/%s", p.Name, p.Version, purpose.Code), Purpose: purpose.Code, Rule: purpose.Rule, Name: purpose.Label,
			Role: p.Role.Default, Bases: basesOf(r.bases), Expected: !r.unexpected, Subjects: []string{"client"}, Security: p.measures(),
		}
		if r.staff {
			a.Subjects = append(a.Subjects, "staff")
		}
		for _, s := range p.Services {
			if (s.Code == "absence") == (purpose.Code == "absence") {
				a.Services = append(a.Services, s.Code)
			}
		}
		p.activityData(&a, r)
		p.activityReceivers(&a, r)
		out = append(out, a)
	}
	return out
}

// activityData fills in what is processed, where it comes from and how long it
// is kept.
func (p *Profile) activityData(a *Activity, r activityRule) {
	health := false
	for _, c := range p.Categories {
		if r.only != nil && !slices.Contains(r.only, c.Code) {
			continue
		}
		a.Categories = append(a.Categories, c.Code)
		if c.Special != "" {
			a.Special = append(a.Special, c.Code)
		}
		health = health || c.Special == SpecialHealth
	}
	if len(a.Categories) > 0 {
		a.Sources = slices.Clone(domain.Sources)
	}
	if health {
		a.Health = basesOf(r.health)
	}
	classes := p.ClassesOf(a.Categories)
	if a.Purpose == "invoicing" && !slices.Contains(classes, domain.ClassFiscal) {
		classes = append(classes, domain.ClassFiscal) // the name for invoices
	}
	for _, class := range classes {
		if t, ok := p.RetentionOf(class); ok {
			a.Retention = append(a.Retention, ActivityTerm{t.Class, t.Term, t.Start, t.Rule, t.Basis})
		}
	}
}

// activityReceivers fills in who may receive something, and on which grounds.
func (p *Profile) activityReceivers(a *Activity, r activityRule) {
	for _, x := range p.Recipients {
		known := slices.ContainsFunc(a.Recipients, func(have Receiver) bool { return have.Class == x.Class })
		if slices.Contains(r.receivers, x.Class) && !known {
			a.Recipients = append(a.Recipients, Receiver{x.Class, x.Label})
		}
	}
	if len(a.Recipients) == 0 {
		return
	}
	for _, g := range p.Grounds {
		// Research has a ground of its own where the regulation knows it, and goes
		// out on no other but consent and the law's.
		if a.Purpose != "research" && g.Code == domain.GroundResearch || a.Purpose == "research" && !slices.Contains(researchGrounds, g.Code) {
			continue
		}
		a.Grounds = append(a.Grounds, g.Code)
	}
}

var researchGrounds = []domain.Ground{domain.GroundConsent, domain.GroundResearch, domain.GroundCourtOrder, domain.GroundLegalObligation}

func basesOf(articles []string) []Basis {
	out := make([]Basis, 0, len(articles))
	for _, a := range articles {
		out = append(out, Basis{a, articleText[a]})
	}
	return out
}

// articleText is what the articles say that the register names.
var articleText = map[string]Text{
	"A6-1-a": {"toestemming van de betrokkene (artikel 6, eerste lid, onder a, AVG)", "consent of the person concerned (article 6(1)(a) AVG)"},
	"A6-1-b": {"uitvoering van een overeenkomst met de betrokkene (artikel 6, eerste lid, onder b, AVG)", "performance of an agreement with the person concerned (article 6(1)(b) AVG)"},
	"A6-1-c": {"wettelijke verplichting (artikel 6, eerste lid, onder c, AVG)", "legal obligation (article 6(1)(c) AVG)"},
	"A6-1-f": {"gerechtvaardigd belang (artikel 6, eerste lid, onder f, AVG)", "legitimate interest (article 6(1)(f) AVG)"},
	"A9-2-a": {"uitdrukkelijke toestemming (artikel 9, tweede lid, onder a, AVG)", "explicit consent (article 9(2)(a) AVG)"},
	"A9-2-b": {"re-integratie van werknemers en uitkeringsgerechtigden (artikel 9, tweede lid, onder b, AVG; artikel 30 UAVG)", "re-integration of employees and recipients of benefits (article 9(2)(b) AVG; article 30 UAVG)"},
	"A9-2-f": {"rechtsvordering (artikel 9, tweede lid, onder f, AVG)", "legal claims (article 9(2)(f) AVG)"},
	"A9-2-j": {"onderzoek onder voorwaarden (artikel 9, tweede lid, onder j, AVG; artikel 24 UAVG)", "research on conditions (article 9(2)(j) AVG; article 24 UAVG)"},
}

// measures are the measures of security that the profile promises, by its own
// articles, and those that the program takes whatever a profile says, by the law's.
func (p *Profile) measures() []Measure {
	access := Text{"alleen wie aan de cliënt is toegewezen leest", "only who is assigned to the client reads"}
	if p.Access.Model == "team" {
		access = Text{"alleen het team leest", "only the team reads"}
	}
	out := []Measure{
		{"access", p.Access.Rule, access},
		{"secrecy", "L-U30", Text{"wie leest is gebonden aan geheimhouding", "who reads is bound to secrecy"}},
		{"logging", "L-32", Text{"elke inzage wordt vastgelegd voor er iets te zien is", "every look is recorded before anything is shown"}},
		{"encryption", "L-32", Text{"persoonsgegevens zijn versleuteld, per dossier en bewaartermijn met een eigen sleutel", "personal data are encrypted, with a key of its own for each dossier and retention class"}},
		{"destruction", "L-5", Text{"na de bewaartermijn worden de sleutels vernietigd", "after the retention term the keys are destroyed"}},
		{"integrity", "L-32", Text{"elke wijziging is vast te stellen: wat vastligt wordt niet overschreven", "every change shows: what is recorded is never overwritten"}},
	}
	if p.SecondFactor.Value {
		out = append(out, Measure{"second_factor", p.SecondFactor.Rule, Text{"aanmelden met een tweede factor", "signing in with a second factor"}})
	}
	if !p.Coupling.Allowed {
		out = append(out, Measure{"no_coupling", p.Coupling.Rule, Text{"geen koppeling met andere registraties", "no coupling with other registrations"}})
	}
	if p.Suppliers.Value {
		out = append(out, Measure{"suppliers", p.Suppliers.Rule, Text{"leveranciers komen er alleen in op contract en voor bepaalde tijd", "suppliers come in on a contract and for a set time alone"}})
	}
	for _, check := range p.Paper.Value {
		if t, ok := paperText[check]; ok {
			out = append(out, Measure{check, p.Paper.Rule, t})
		}
	}
	return out
}

// paperText is what the checks on paper of a profile say.
var paperText = map[string]Text{
	"never_unattended":                {"papier blijft nooit onbeheerd achter", "paper is never left unattended"},
	"alphabetical_cabinet":            {"papier staat geordend in een kast", "paper stands in order in a cabinet"},
	"end_of_day":                      {"papier gaat aan het einde van de dag terug in de kast", "paper goes back into the cabinet at the end of the day"},
	"cabinet_locked_each_working_day": {"de kast gaat elke werkdag op slot", "the cabinet is locked on every working day"},
}
