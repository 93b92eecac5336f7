package regulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// effective is a built-in profile as an agency adopts it.
func effective(t testing.TB, name string) *Profile {
	t.Helper()
	p, _, err := Adopt(name, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

// The grids below are written by hand from requirements §3 and §4 and from
// catalogue "What a recipient may have". Columns are domain.Categories in order:
//
//	ref vis con per ban bsn ins edu MED inc DIS pla cor emp sub uwv rep CAP ben frm hrs prf
//
// A cell says who refuses: . nobody, m the matrix (C-2.6.3), n never to an
// employer (click C-2.6.5, solutions L-9), g the ground itself (C-2.6.1, S-Der),
// c contact details alone (C-2.6.7), h health on this ground (L-9),
// u no commission for health (L-U30), b the citizen service number (L-U46).
const header = "ref vis con per ban bsn ins edu MED inc DIS pla cor emp sub uwv rep CAP ben frm hrs prf"

// Rows of the grids.
const (
	free     = " .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   . "
	noBSN    = " .   .   .   .   .   b   .   .   .   .   .   .   .   .   .   .   .   .   .   .   .   . "
	employ   = " .   .   .   .   .   .   .   .   n   .   n   .   .   .   .   .   .   .   .   .   .   . "
	health   = " .   .   .   .   .   .   .   .   h   .   h   .   .   .   .   .   .   h   .   .   .   . "
	healthNB = " .   .   .   .   .   b   .   .   h   .   h   .   .   .   .   .   .   h   .   .   .   . "
	healthEm = " .   .   .   .   .   .   .   .   n   .   n   .   .   .   .   .   .   h   .   .   .   . "
	ground   = " g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g   g "
	contact  = " c   c   .   c   c   c   c   c   c   c   c   c   c   c   c   c   c   c   c   c   c   c "

	guideCommissioner = " .   .   .   .   m   m   m   .   m   .   m   .   .   .   .   .   .   m   .   .   .   . "
	guideEmployer     = " m   m   m   m   m   m   m   m   n   m   n   .   m   .   m   m   m   .   m   .   m   m "
	guidePartner      = " m   m   .   m   m   m   m   .   m   m   m   .   m   m   m   m   m   .   m   m   m   . "
	guideTraining     = " m   m   .   m   m   m   m   .   m   m   m   m   m   m   m   m   m   m   m   m   m   m "
	guideSubsidy      = " m   m   .   m   m   m   m   m   m   m   m   m   m   m   .   m   m   m   m   m   m   m "
	guideNothing      = " m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m   m "
	guideEmployerSelf = " m   m   m   m   m   m   m   m   n   m   n   .   m   .   m   m   m   u   m   .   m   m "
	guidePartnerSelf  = " m   m   .   m   m   m   m   .   m   m   m   .   m   m   m   m   m   u   m   m   m   . "
)

// recipients in the order of a grid's rows.
var recipients = []struct{ class, subtype string }{
	{"commissioner", "uwv"},
	{"commissioner", "municipality"},
	{"commissioner", "insurer"},
	{"commissioner", "company"},
	{"partner", ""},
	{"training", ""},
	{"subsidy_provider", ""},
	{"employer", "current"},
	{"employer", "prospective"},
	{"other", ""},
}

func every(row string) []string { return slices.Repeat([]string{row}, len(recipients)) }

// rowsOf spells a grid out: commissioners, company, partner, training, subsidy
// provider, employer, other.
func rowsOf(commissioner, company, partner, training, subsidy, employer, other string) []string {
	return []string{commissioner, commissioner, commissioner, company, partner, training, subsidy, employer, employer, other}
}

var (
	lawful  = rowsOf(free, employ, free, free, free, employ, free)                                                                         // court, statute, danger
	consent = rowsOf(free, employ, noBSN, noBSN, free, employ, noBSN)                                                                      // explicit consent, research
	weak    = rowsOf(health, healthEm, healthNB, healthNB, health, healthEm, healthNB)                                                     // consent that is not explicit; grounds that carry no health
	guide   = rowsOf(guideCommissioner, guideEmployer, guidePartner, guideTraining, guideSubsidy, guideEmployer, guideNothing)             // an employee on a commission
	guideMe = rowsOf(guideCommissioner, guideEmployerSelf, guidePartnerSelf, guideTraining, guideSubsidy, guideEmployerSelf, guideNothing) // somebody who came by himself
)

type grid struct {
	profile string
	ground  domain.Ground
	consent string // state of the consent, see consentOf
	self    bool   // came without a commission
	rows    []string
}

var grids = []grid{
	{"click-2017", domain.GroundGuidance, "", false, guide},
	{"click-2017", domain.GroundGuidance, "", true, guideMe},
	{"click-2017", domain.GroundConsent, "explicit", false, consent},
	{"click-2017", domain.GroundConsent, "explicit", true, consent},
	{"click-2017", domain.GroundConsent, "unambiguous", false, weak},
	{"click-2017", domain.GroundVitalInterest, "", true, lawful},
	{"click-2017", domain.GroundCourtOrder, "", true, lawful},
	{"click-2017", domain.GroundLegalObligation, "", true, lawful},
	{"click-2017", domain.GroundCompatiblePurpose, "", false, weak},
	{"click-2017", domain.GroundUrgentReason, "", false, weak},
	{"click-2017", domain.GroundResearch, "", false, consent},
	{"click-2017", domain.GroundContactDetails, "", false, every(contact)},

	{"solutions-vpr", domain.GroundConsent, "explicit", false, consent},
	{"solutions-vpr", domain.GroundConsent, "unambiguous", false, every(ground)},
	{"solutions-vpr", domain.GroundCourtOrder, "", true, lawful},
	{"solutions-vpr", domain.GroundLegalObligation, "", true, lawful},
	{"solutions-vpr", domain.GroundGuidance, "", false, every(ground)},
	{"solutions-vpr", domain.GroundVitalInterest, "", false, every(ground)},
	{"solutions-vpr", domain.GroundCompatiblePurpose, "", false, every(ground)},
	{"solutions-vpr", domain.GroundResearch, "", false, every(ground)},
	{"solutions-vpr", domain.GroundUrgentReason, "", false, every(ground)},
	{"solutions-vpr", domain.GroundContactDetails, "", false, every(ground)},
}

// allGrids adds the consents that do not hold: they refuse every cell, by the
// regulation's ground.
func allGrids() []grid {
	out := slices.Clone(grids)
	for _, profile := range []string{"click-2017", "solutions-vpr"} {
		for _, state := range []string{"none", "withdrawn", "expired", "refused", "later", "other use", "other recipient", "no recipient", "other purpose", "other categories"} {
			out = append(out, grid{profile, domain.GroundConsent, state, false, every(ground)})
		}
	}
	return out
}

var ruleOf = map[string]map[byte]string{
	"click-2017":    {'.': "", 'm': "C-2.6.3", 'n': "C-2.6.5", 'g': "C-2.6.1", 'c': "C-2.6.7", 'h': "L-9", 'u': "L-U30", 'b': "L-U46"},
	"solutions-vpr": {'.': "", 'n': "L-9", 'g': "S-Der", 'h': "L-9", 'b': "L-U46"},
}

func consentOf(state string, codes []domain.Category) ConsentFact {
	c := ConsentFact{State: ConsentValid, For: ForDisclose, Explicit: true, Categories: codes, Recipient: "r1", Purpose: "guidance"}
	switch state {
	case "", "none":
		return ConsentFact{}
	case "unambiguous":
		c.Explicit = false
	case "withdrawn":
		c.State = ConsentWithdrawn
	case "expired":
		c.State = ConsentExpired
	case "refused":
		c.State = ConsentRefused
	case "later":
		c.State = ConsentNotYet
	case "other use":
		c.For = ForRecord
	case "other recipient":
		c.Recipient = "r2"
	case "no recipient":
		c.Recipient = ""
	case "other purpose":
		c.Purpose = "subsidy"
	case "other categories":
		c.Categories = nil
	}
	return c
}

func evidenceOf(g domain.Ground) map[string]string {
	fields := map[domain.Ground]string{
		domain.GroundConsent: "consent", domain.GroundGuidance: "necessity", domain.GroundVitalInterest: "danger why_no_consent informed",
		domain.GroundCourtOrder: "court case_number date", domain.GroundLegalObligation: "statute article", domain.GroundCompatiblePurpose: "assessment",
		domain.GroundResearch: "project why_not_anonymised approved_by", domain.GroundUrgentReason: "reason approved_by", domain.GroundContactDetails: "interest",
	}
	out := map[string]string{}
	for _, f := range strings.Fields(fields[g]) {
		out[f] = "x"
	}
	return out
}

// disclosure is one that nothing but the cell under test forbids.
func disclosure(g domain.Ground, class, subtype string, codes ...domain.Category) DisclosureInput {
	in := DisclosureInput{
		On: nl.MustDate("2017-06-01"), Categories: codes, Ground: g, Evidence: evidenceOf(g),
		Recipient: RecipientFact{Known: true, ID: "r1", Class: class, Subtype: subtype, AuthorisedForSubsidies: true},
		Purpose:   "guidance", Channel: "letter", Actor: "a", ApprovedBy: "b",
		Client: ClientFact{Standing: StandingEmployee, Commissioned: true},
	}
	for _, c := range codes {
		if !c.Particular() {
			in.Records = append(in.Records, RecordFact{Known: true, Categories: []domain.Category{c}, Date: nl.MustDate("2017-05-01")})
		}
	}
	return in
}

func rule(e *domain.Error) string {
	if e == nil {
		return ""
	}
	return e.Rule
}

// C-2.6.1, C-2.6.3, C-2.6.5, C-2.6.7, S-Der, L-9, L-U30, L-U46 for every ground,
// class of recipient, category and state of consent.
func TestDisclosureGrid_C_2_6_S_Der(t *testing.T) {
	if n := len(strings.Fields(header)); n != len(domain.Categories) {
		t.Fatalf("the header has %d columns", n)
	}
	cells := 0
	for _, g := range allGrids() {
		p := effective(t, g.profile)
		for i, r := range recipients {
			row := strings.Fields(g.rows[i])
			for j, c := range domain.Categories {
				in := disclosure(g.ground, r.class, r.subtype, c)
				in.Consent = consentOf(g.consent, in.Categories)
				if g.self {
					in.Client = ClientFact{Standing: StandingNone}
				}
				cells++
				want, known := ruleOf[g.profile][row[j][0]]
				if got := p.CheckDisclosure(in); rule(got) != want || !known {
					t.Errorf("%s: %s (%s, self %v) to %s/%s of %s: got %v, want rule %q", g.profile, g.ground, g.consent, g.self, r.class, r.subtype, c, got, want)
				}
			}
		}
	}
	if cells != 42*10*22 {
		t.Errorf("%d cells were judged", cells)
	}
}

// MayReceive is the matrix alone.
func TestMayReceive_C_2_6_3(t *testing.T) {
	p := effective(t, "click-2017")
	for i, r := range recipients {
		row := strings.Fields(guide[i])
		for j, c := range domain.Categories {
			if got := rule(p.MayReceive(r.class, r.subtype, c, domain.GroundGuidance)); got != ruleOf["click-2017"][row[j][0]] {
				t.Errorf("%s/%s, %s: %q", r.class, r.subtype, c, got)
			}
		}
	}
	if got := rule(p.MayReceive("neighbour", "", domain.CatContact, domain.GroundGuidance)); got != "C-2.6.3" {
		t.Errorf("a class that does not exist: %q", got)
	}
}

// Each change to a lawful disclosure, and the rule that then refuses it.
func TestDisclosureConditions(t *testing.T) {
	type change func(*DisclosureInput)
	for _, c := range []struct {
		name, profile string
		in            DisclosureInput
		change        change
		rule, code    string
	}{
		{"C-2.7c telephone", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Channel = "telephone" }, "C-2.7c", "channel_not_allowed"},
		{"C-2.7c telephone in danger", "click-2017", disclosure(domain.GroundVitalInterest, "other", "", domain.CatMedical), func(in *DisclosureInput) { in.Channel = "telephone" }, "", ""},
		{"S-Der is silent on the telephone", "solutions-vpr", disclosure(domain.GroundCourtOrder, "other", "", domain.CatContact), func(in *DisclosureInput) { in.Channel = "telephone" }, "", ""},
		{"C-I1 purpose of the other regulation", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Purpose = "absence" }, "C-I1", "purpose_unknown"},
		{"S-Doel absence", "solutions-vpr", disclosure(domain.GroundLegalObligation, "commissioner", "uwv", domain.CatContact), func(in *DisclosureInput) { in.Purpose = "absence" }, "", ""},
		{"S-Doel unknown purpose", "solutions-vpr", disclosure(domain.GroundLegalObligation, "commissioner", "uwv", domain.CatContact), func(in *DisclosureInput) { in.Purpose = "marketing" }, "S-Doel", "purpose_unknown"},
		{"C-2.6.3 unknown recipient", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Recipient = RecipientFact{} }, "C-2.6.3", "recipient_unknown"},
		{"C-2.6.3 ended recipient", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Recipient.Ended = true }, "C-2.6.3", "recipient_ended"},
		{"C-2.6.7 objection", "click-2017", disclosure(domain.GroundContactDetails, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.ContactObjection = true }, "C-2.6.7", "contact_objection"},
		{"C-2.6.7 objection blocks no other ground", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.ContactObjection = true }, "", ""},
		{"C-2.6.7 record with more in it", "click-2017", disclosure(domain.GroundContactDetails, "partner", "", domain.CatContact), func(in *DisclosureInput) {
			in.Records = []RecordFact{{Known: true, Categories: []domain.Category{domain.CatContact, domain.CatReport}}}
		}, "C-2.6.7", "contact_details_only"},
		{"C-2.6.4 not competent", "click-2017", disclosure(domain.GroundGuidance, "subsidy_provider", "", domain.CatSubsidy), func(in *DisclosureInput) { in.Recipient.AuthorisedForSubsidies = false }, "C-2.6.4", "not_authorised_for_subsidies"},
		{"C-2.6.4 for the purpose", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatPlan), func(in *DisclosureInput) {
			in.Purpose, in.Recipient.AuthorisedForSubsidies = "subsidy", false
		}, "C-2.6.4", "not_authorised_for_subsidies"},
		{"C-2.6.4 twelve months to the day", "click-2017", disclosure(domain.GroundGuidance, "subsidy_provider", "", domain.CatSubsidy), func(in *DisclosureInput) { in.Records[0].Date = nl.MustDate("2016-06-01") }, "", ""},
		{"C-2.6.4 a day older", "click-2017", disclosure(domain.GroundGuidance, "subsidy_provider", "", domain.CatSubsidy), func(in *DisclosureInput) { in.Records[0].Date = nl.MustDate("2016-05-31") }, "C-2.6.4", "record_not_recent"},
		{"C-2.6.4 older and relevant", "click-2017", disclosure(domain.GroundGuidance, "subsidy_provider", "", domain.CatSubsidy), func(in *DisclosureInput) {
			in.Records[0].Date, in.Evidence["relevance"] = nl.MustDate("2015-01-01"), "decides the amount"
		}, "", ""},
		{"C-2.9.3 shielded record", "click-2017", disclosure(domain.GroundCourtOrder, "other", "", domain.CatReport), func(in *DisclosureInput) { in.Records[0].Restricted = true }, "C-2.9.3", "record_restricted"},
		{"L-18 restricted record", "solutions-vpr", disclosure(domain.GroundCourtOrder, "other", "", domain.CatReport), func(in *DisclosureInput) { in.Records[0].Restricted = true }, "L-18", "record_restricted"},
		{"C-2.6.1 record of another dossier", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatReport), func(in *DisclosureInput) { in.Records[0].Known = false }, "C-2.6.1", "record_unknown"},
		{"C-2.6.1 record of another category", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatReport), func(in *DisclosureInput) {
			in.Records = append(in.Records, RecordFact{Known: true, Categories: []domain.Category{domain.CatPlan}})
		}, "C-2.6.1", "record_category"},
		{"C-2.6.1 no record", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatReport), func(in *DisclosureInput) { in.Records = nil }, "C-2.6.1", "records_missing"},
		{"hours are no records", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatHours), func(in *DisclosureInput) { in.Records = nil }, "", ""},
		{"C-2.6.3 health inside a report", "click-2017", disclosure(domain.GroundGuidance, "commissioner", "uwv", domain.CatReport), func(in *DisclosureInput) {
			in.Records[0].Categories = append(in.Records[0].Categories, domain.CatMedical)
		}, "C-2.6.3", "category_not_for_recipient"},
		{"C-2.6.3 others need approval", "click-2017", disclosure(domain.GroundCompatiblePurpose, "other", "", domain.CatContact), func(in *DisclosureInput) { in.ApprovedBy = "" }, "C-2.6.3", "approval_missing"},
		{"C-2.6.3 nobody approves his own", "click-2017", disclosure(domain.GroundCompatiblePurpose, "other", "", domain.CatContact), func(in *DisclosureInput) { in.ApprovedBy = "a" }, "C-2.6.3", "approved_by_self"},
		{"C-2.6.3 a court needs none", "click-2017", disclosure(domain.GroundCourtOrder, "other", "", domain.CatContact), func(in *DisclosureInput) { in.ApprovedBy = "" }, "", ""},
		{"C-2.6.6 nobody approves his own", "click-2017", disclosure(domain.GroundUrgentReason, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Evidence["approved_by"] = "a" }, "C-2.6.6", "approved_by_self"},
		{"C-2.6.1 a space is no evidence", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Evidence["necessity"] = " " }, "C-2.6.1", "evidence_missing"},
		{"a document may be added", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Evidence["document"] = "d" }, "", ""},
		{"no other field may", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Evidence["remark"] = "d" }, domain.RuleForm, "unknown_field"},
		{"C-3 unknown category", "click-2017", disclosure(domain.GroundGuidance, "partner", "", "horoscope"), func(*DisclosureInput) {}, "C-3", "category_unknown"},
		{"unknown ground", "click-2017", disclosure("habit", "partner", "", domain.CatContact), func(*DisclosureInput) {}, domain.RuleForm, "unknown_ground"},
		{"unknown channel", "click-2017", disclosure(domain.GroundGuidance, "partner", "", domain.CatContact), func(in *DisclosureInput) { in.Channel = "pigeon" }, domain.RuleForm, "unknown_channel"},
		{"no category", "click-2017", disclosure(domain.GroundGuidance, "partner", ""), func(*DisclosureInput) {}, domain.RuleForm, "categories_missing"},
		{"the regulation before the law", "click-2017", disclosure(domain.GroundCompatiblePurpose, "partner", "", domain.CatMedical), func(in *DisclosureInput) { in.Channel = "telephone" }, "C-2.7c", "channel_not_allowed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := effective(t, c.profile)
			c.change(&c.in)
			got := p.CheckDisclosure(c.in)
			if rule(got) != c.rule || got != nil && got.Code != c.code {
				t.Errorf("got %v, want %s %s", got, c.code, c.rule)
			}
		})
	}
}

// Requirements §3: no field of the evidence may be empty, on any ground.
func TestEvidenceOfEveryGround_C_2_6_1_C_2_6_6_C_2_6_7(t *testing.T) {
	p := effective(t, "click-2017")
	for g, row := range groundLaw {
		for _, name := range row.evidence {
			in := disclosure(g, "commissioner", "uwv", domain.CatContact)
			in.Consent = consentOf("explicit", in.Categories)
			delete(in.Evidence, name)
			of, _ := p.GroundOf(g)
			if got := p.CheckDisclosure(in); rule(got) != of.Rule || got.Field != "evidence."+name {
				t.Errorf("%s without %s: %v", g, name, got)
			}
		}
	}
}

// C-2.7b, S-Der: a third party looks in with consent for a view alone, even
// where guidance would carry a disclosure.
func TestView_C_2_7b(t *testing.T) {
	for profile, want := range map[string]string{"click-2017": "C-2.7b", "solutions-vpr": "S-Der"} {
		p := effective(t, profile)
		in := disclosure(domain.GroundGuidance, "partner", "", domain.CatPlan)
		if got := p.CheckView(in); rule(got) != want {
			t.Errorf("%s without consent: %v", profile, got)
		}
		in.Consent = consentOf("explicit", in.Categories)
		if got := p.CheckView(in); rule(got) != want {
			t.Errorf("%s with a consent to disclose: %v", profile, got)
		}
		in.Consent.For = ForView
		if got := p.CheckView(in); got != nil {
			t.Errorf("%s with a consent to view: %v", profile, got)
		}
		in.Records[0].Restricted = true
		if got := p.CheckView(in); got == nil {
			t.Errorf("%s: a restricted record was shown", profile)
		}
	}
}

// What is refused stays refused when more goes out, and the answer does not
// depend on the order of the categories.
func TestMoreDataNeverHelps(t *testing.T) {
	profiles := []*Profile{effective(t, "click-2017"), effective(t, "solutions-vpr")}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(profiles).Draw(t, "profile")
		g := rapid.SampledFrom(domain.Grounds).Draw(t, "ground")
		r := rapid.SampledFrom(recipients).Draw(t, "recipient")
		codes := rapid.SliceOfNDistinct(rapid.SampledFrom(domain.Categories), 1, 6, rapid.ID[domain.Category]).Draw(t, "categories")
		state := rapid.SampledFrom([]string{"none", "explicit", "unambiguous", "withdrawn"}).Draw(t, "consent")
		more := rapid.SampledFrom(domain.Categories).Draw(t, "more")
		judge := func(codes []domain.Category) *domain.Error {
			in := disclosure(g, r.class, r.subtype, codes...)
			in.Consent = consentOf(state, codes)
			return p.CheckDisclosure(in)
		}
		first := judge(codes)
		if first != nil && judge(append(slices.Clone(codes), more)) == nil {
			t.Fatalf("adding %s allowed what was refused: %v", more, first)
		}
		back := slices.Clone(codes)
		slices.Reverse(back)
		if rule(judge(back)) != rule(first) {
			t.Fatal("the order of the categories changes the answer")
		}
		if text := fmt.Sprint(first); strings.Contains(text, "r1") {
			t.Fatal("a refusal repeats an id")
		}
	})
}
