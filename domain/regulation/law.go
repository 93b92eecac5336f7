package regulation

import (
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// LawVersion is the version of the law layer that Effective applies. It grows
// with every change of what the layer adds or refuses.
const LawVersion = 1

// Limits of the law layer.
const (
	lawRequestDays  = 28 // AVG 12(3): a month; four weeks are never later (requirements §7)
	lawExtension    = 59 // AVG 12(3): two further months, at their shortest
	lawBreachHours  = 72 // AVG 33
	lawNoticeDays   = 28 // AVG 14(3): a month at the latest
	lawErasureDays  = 28 // AVG 12(3)
	lawMinimumCell  = 5  // requirements §15: floor of a profile
	lawMinimumK     = 10 // requirements §10
	lawAssignment   = 56 // C-0g
	lawDeclinedDays = 28 // C-2.5e
)

// groundRow is what the law says of a ground (requirements §3).
type groundRow struct {
	health   bool     // may it carry health data at all
	evidence []string // what accountability asks (AVG 5(2)), catalogue §2
}

var groundLaw = map[domain.Ground]groundRow{
	domain.GroundConsent:           {true, []string{"consent"}},
	domain.GroundGuidance:          {true, []string{"necessity"}},
	domain.GroundVitalInterest:     {true, []string{"danger", "why_no_consent", "informed"}},
	domain.GroundCourtOrder:        {true, []string{"court", "case_number", "date"}},
	domain.GroundLegalObligation:   {true, []string{"statute", "article"}},
	domain.GroundCompatiblePurpose: {false, []string{"assessment"}},
	domain.GroundResearch:          {true, []string{"project", "why_not_anonymised", "approved_by"}},
	domain.GroundUrgentReason:      {false, []string{"reason", "approved_by"}},
	domain.GroundContactDetails:    {false, []string{"interest"}},
}

// rightLaw are the rights that the law gives whatever the regulation says.
var rightLaw = []Right{
	{"access", "L-15", Text{"inzage", "access"}},
	{"rectification", "L-16", Text{"rectificatie", "rectification"}},
	{"completion", "L-16", Text{"aanvulling", "completion"}},
	{"erasure", "L-17", Text{"wissing", "erasure"}},
	{"restriction", "L-18", Text{"beperking", "restriction"}},
	{"objection", "L-21", Text{"bezwaar", "objection"}},
	{"portability", "L-20", Text{"overdraagbaarheid", "portability"}},
}

// Effective is the profile with the law layer beneath it (requirements §7):
// what the law adds is filled in, what loosens the law is refused with its
// article as Rule and its place (a JSON pointer) as Field. The findings say what
// was added, what has no basis and which tensions there are; after a refusal
// they say all that was refused. Effective of an effective profile is itself.
func Effective(p Profile) (Profile, []Finding, error) {
	if e := validate(&p); e != nil {
		return Profile{}, nil, e
	}
	c, err := clone(p)
	if err != nil {
		return Profile{}, nil, err
	}
	l := &law{p: &c}
	l.categories()
	l.grounds()
	l.recipients()
	l.requests()
	l.terms()
	l.retention()
	l.overviews()
	l.doubts()
	if l.refused != nil {
		return Profile{}, l.findings, l.refused
	}
	c.Law = LawVersion
	c, err = clone(c)
	return c, l.findings, err
}

// Check reads a document, applies the law layer, and gives findings and refusal
// the lines of the document.
func Check(doc []byte) (Profile, []Finding, error) {
	p, root, err := parse(doc)
	if err != nil {
		return Profile{}, nil, err
	}
	eff, findings, err := Effective(p)
	for i := range findings {
		findings[i].Line = lineOf(root, findings[i].Path)
	}
	if e := domain.AsError(err); e != nil {
		return Profile{}, findings, atLine(root, e)
	}
	return eff, findings, nil
}

// law applies the layer to a copy of a profile.
type law struct {
	p        *Profile
	findings []Finding
	refused  *domain.Error // the first
}

func (l *law) refuse(rule, path string, t Text) {
	if l.refused == nil {
		l.refused = domain.Refused("below_the_law", rule, t.EN)
		l.refused.Field = path
	}
	l.findings = append(l.findings, Finding{Code: "below_the_law", Severity: SeverityRefused, Rule: rule, Path: path, Text: t})
}

func (l *law) added(rule, path string, t Text) {
	l.findings = append(l.findings, Finding{Code: "law_adds", Severity: SeverityLaw, Rule: rule, Path: path, Text: t})
}

func (l *law) doubt(code, rule, path string, t Text) {
	l.findings = append(l.findings, Finding{Code: code, Severity: SeverityWarning, Rule: rule, Path: path, Text: t})
}

// categories: health and the citizen service number are what they are; what is
// kept only where it is needed says why; nothing is kept longer by calling it
// fiscal.
func (l *law) categories() {
	for i := range l.p.Categories {
		c, path := &l.p.Categories[i], at("/categories", i)
		if c.Code.Health() && c.Special != SpecialHealth {
			l.refuse("L-9", path, Text{"Dit zijn gegevens over gezondheid; het profiel mag ze niet als gewone gegevens behandelen.", "These are data concerning health; the profile may not treat them as ordinary ones."})
		}
		if c.Code == domain.CatBSN && c.Special != SpecialBSN {
			l.refuse("L-U46", path, Text{"Dit is het burgerservicenummer; het profiel mag het niet als gewoon gegeven behandelen.", "This is the citizen service number; the profile may not treat it as ordinary data."})
		}
		if c.Class == domain.ClassFiscal && c.Code != domain.CatHours && c.Code != domain.CatBank {
			l.refuse("L-5", path+"/class", Text{"De fiscale termijn geldt alleen voor wat die plicht nodig heeft: datum, minuten, trajectnummer, naam en een betaalde bankrekening.", "The fiscal term is for what that duty needs alone: date, minutes, trajectory number, name and a bank account that was paid to."})
		}
		if needsNecessity(c.Code) && !c.Necessity {
			c.Necessity = true
			l.added("L-5", path, Text{"De wet vraagt waarom dit nodig is; het profiel vraagt het niet en krijgt het erbij.", "The law asks why this is needed; the profile does not and has it added."})
		}
		never := c.Code == domain.CatMedical || c.Code == domain.CatDisability
		if never && c.Employer != EmployerNever {
			l.refuse("L-9", path, Text{"Een werkgever krijgt nooit medische gegevens of de aard van een handicap.", "An employer never gets medical data or the nature of a disability."})
		}
	}
}

// needsNecessity holds C-4c: health, nationality and sex, the insurance card.
func needsNecessity(c domain.Category) bool {
	return c.Health() || c == domain.CatPersonal || c == domain.CatInsuranceCard
}

func (l *law) grounds() {
	for i := range l.p.Grounds {
		g, path := &l.p.Grounds[i], at("/grounds", i)
		row := groundLaw[g.Code]
		if len(g.Health) > 0 && !row.health {
			l.refuse("L-9", path+"/health", Text{"Deze grond kan geen gegevens over gezondheid dragen.", "This ground cannot carry data concerning health."})
		}
		for _, name := range row.evidence {
			if !slices.Contains(g.Evidence, name) {
				l.refuse("L-5", path+"/evidence", Text{"Bij deze grond hoort meer bewijs; wie verstrekt moet kunnen aantonen dat het mocht.", "This ground asks more evidence; who discloses must be able to show that it was allowed."})
				break
			}
		}
	}
}

// recipients: an employer, also one that commissions, never gets medical data
// or the nature of a disability, on no ground (requirements §4 and §7).
func (l *law) recipients() {
	never := []domain.Category{domain.CatMedical, domain.CatDisability}
	company := false
	for i := range l.p.Recipients {
		r, path := &l.p.Recipients[i], at("/recipients", i)
		company = company || r.Class == "commissioner" && r.Subtype == "company"
		if slices.Contains(r.Guidance, domain.CatBSN) && !bsnMayGo(r.Class, domain.GroundGuidance) {
			l.refuse("L-U46", path+"/guidance", Text{"Deze ontvanger mag het burgerservicenummer niet gebruiken.", "This recipient may not use the citizen service number."})
		}
		if !isEmployer(r.Class, r.Subtype) {
			continue
		}
		for _, c := range never {
			if slices.Contains(r.Guidance, c) {
				l.refuse("L-9", path+"/guidance", Text{"Een werkgever krijgt nooit medische gegevens of de aard van een handicap.", "An employer never gets medical data or the nature of a disability."})
			}
			if !slices.Contains(r.Never, c) {
				r.Never = append(r.Never, c)
				l.added("L-9", path, Text{"De wet verbiedt medische gegevens en de aard van een handicap aan een werkgever; het verbod is toegevoegd.", "The law forbids medical data and the nature of a disability to an employer; the prohibition has been added."})
			}
		}
	}
	if _, ok := l.p.RecipientOf("commissioner", "company"); ok && !company {
		l.employerMatrix(never)
	}
}

// employerMatrix gives a company that commissions the matrix of an employer,
// where the profile has no row of its own for it.
func (l *law) employerMatrix(never []domain.Category) {
	of, _ := l.p.RecipientOf("commissioner", "company")
	employer, _ := l.p.RecipientOf("employer", "")
	of.Subtype, of.Never, of.Guidance = "company", never, employer.Guidance
	of.Label = Text{"onderneming als opdrachtgever", "company as commissioning party"}
	l.p.Recipients = append(l.p.Recipients, of)
	l.added("L-9", "/recipients", Text{"Een onderneming die opdracht geeft is werkgever en krijgt niet meer dan een werkgever.", "A company that commissions is an employer and gets no more than one."})
}

func isEmployer(class, subtype string) bool {
	return class == "employer" || class == "commissioner" && subtype == "company"
}

func (l *law) requests() {
	for _, r := range rightLaw {
		if _, ok := l.p.RightOf(r.Kind); !ok {
			l.p.Rights = append(l.p.Rights, r)
			l.added(r.Rule, "/rights", Text{"De wet geeft dit recht, het reglement noemt het niet: " + r.Label.NL + ".", "The law gives this right, the regulation does not name it: " + r.Label.EN + "."})
		}
	}
	missing := false
	for _, m := range domain.Methods {
		if !slices.Contains(l.p.Requests.Methods, m) {
			l.p.Requests.Methods, missing = append(l.p.Requests.Methods, m), true
		}
	}
	if missing {
		l.added("L-12", "/requests/methods", Text{"Een verzoek is vormvrij: ook een mondeling verzoek telt.", "A request is free of form: an oral one counts as well."})
	}
	if !l.p.Requests.Copy {
		l.p.Requests.Copy = true
		l.added("L-15", "/requests", Text{"Bij inzage hoort een kopie.", "Access comes with a copy."})
	}
	if l.p.Requests.Fee > 0 {
		l.refuse("L-12", "/requests/fee", Text{"Een verzoek is kosteloos.", "A request is free of charge."})
	}
	if l.p.Requests.Extension > lawExtension {
		l.refuse("L-12", "/requests/extension", Text{"Een antwoord mag ten hoogste twee maanden worden uitgesteld.", "An answer may be put off by two months at most."})
	}
	added := false
	for _, k := range RepresentativeKinds {
		if !slices.Contains(l.p.Representatives.Value, k) {
			l.p.Representatives.Value, added = append(l.p.Representatives.Value, k), true
		}
	}
	if added {
		l.added("L-U5", "/representatives", Text{"De wet laat ook andere vertegenwoordigers toe dan het reglement noemt.", "The law allows representatives whom the regulation does not name."})
	}
	if !l.p.SecondFactor.Value {
		l.p.SecondFactor = Setting[bool]{true, "L-32"}
		l.added("L-32", "/second_factor", Text{"Een wachtwoord alleen is niet genoeg: een tweede factor is nodig.", "A password alone is not enough: a second factor is needed."})
	}
}

func (l *law) terms() {
	t := &l.p.Terms
	for _, x := range []struct {
		name, rule string
		v          *Setting[int]
		most       int
		text       Text
	}{
		{"request", "L-12", &t.Request, lawRequestDays, Text{"Een verzoek wordt binnen een maand beantwoord; vier weken is nooit later.", "A request is answered within a month; four weeks are never later."}},
		{"breach_hours", "L-33", &t.BreachHours, lawBreachHours, Text{"Een datalek wordt binnen 72 uur gemeld.", "A breach is notified within 72 hours."}},
		{"indirect_notice", "L-14", &t.IndirectNotice, lawNoticeDays, Text{"Wie gegevens van een ander krijgt, meldt dat binnen een maand; vier weken is nooit later.", "Who obtains data from others says so within a month; four weeks are never later."}},
		{"handout", "L-13", &t.Handout, 0, Text{"De cliënt krijgt het reglement bij de start.", "The client gets the regulation at the start."}},
		{"erasure", "L-12", &t.Erasure, lawErasureDays, Text{"Een toegewezen verwijdering wordt binnen een maand uitgevoerd.", "A granted erasure is carried out within a month."}},
		{"assignment_ends", "L-5", &t.AssignmentEnds, lawAssignment, Text{"Wie niet meer begeleidt, leest niet meer mee; ten hoogste 56 dagen na het einde.", "Who no longer guides no longer reads; at most 56 days after the end."}},
	} {
		if x.v.Value > x.most {
			l.refuse(x.rule, "/terms/"+x.name+"/value", x.text)
		}
	}
	if l.p.Declined.Term.Years > 0 || l.p.Declined.Term.Days > lawDeclinedDays {
		l.refuse("L-5", "/declined/term", Text{"Een aanmelding die geen traject werd, blijft ten hoogste 28 dagen.", "A referral that never became a trajectory stays for 28 days at most."})
	}
}

// retention: fiscal never shorter than seven years after 31 December; a subsidy
// longer than the dossier only on a scheme's own words.
func (l *law) retention() {
	dossier, _ := l.p.RetentionOf(domain.ClassDossier)
	for i, r := range l.p.Retention {
		path := at("/retention", i, "term")
		switch r.Class {
		case domain.ClassFiscal:
			floor := nl.YearsTerm(FiscalYears)
			if r.Start != StartYear {
				floor = nl.YearsTerm(FiscalYears + 1) // any day + 8 years is past 31 December + 7
			}
			if !r.Term.Longer(floor) {
				l.refuse("L-17", path, Text{"De administratie blijft ten minste 7 jaar na 31 december (artikel 52 AWR); tel 7 jaar vanaf 31 december of 8 jaar vanaf het einde.", "The administration stays at least 7 years after 31 December (article 52 AWR); count 7 years from 31 December or 8 from the end."})
			}
		case domain.ClassSubsidy:
			if r.Basis == "" && !dossier.Term.Longer(r.Term) {
				l.refuse("L-5", path, Text{"Subsidiestukken blijven alleen langer dan het dossier als het profiel de regeling en het artikel noemt (basis).", "Subsidy papers stay longer than the dossier only where the profile names the scheme and its article (basis)."})
			}
		}
	}
}

func (l *law) overviews() {
	if l.p.MinimumCell.Value < lawMinimumCell {
		l.refuse("L-5", "/minimum_cell/value", Text{"Een overzicht toont geen aantallen onder 5; kleinere zijn tot personen te herleiden.", "An overview shows no counts below 5; smaller ones lead back to people."})
	}
	if l.p.Remainder.Allowed && l.p.Remainder.MinimumK < lawMinimumK {
		l.refuse("L-5", "/remainder/minimum_k", Text{"Wat geanonimiseerd blijft, hoort bij ten minste 10 personen met dezelfde kenmerken.", "What stays in anonymised form belongs to at least 10 people of the same traits."})
	}
	for i, t := range l.p.Coupling.Whitelist {
		if slices.ContainsFunc(t.Fields, func(f string) bool { return f != "name" && f != "trajectory" }) {
			l.refuse("L-5", at("/coupling/whitelist", i, "fields"), Text{"De facturatie krijgt alleen naam en trajectnummer.", "Invoicing gets name and trajectory number alone."})
		}
	}
}
