package regulation

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
)

// C-3.6, C-3.7, L-9, L-U30: who may have what recorded. Columns: click-2017 and
// solutions-vpr, each for a client on a commission and for one who came himself.
func TestRecording_C_3_6_C_3_7_L_9(t *testing.T) {
	for _, c := range []struct {
		category domain.Category
		consent  string // none, unambiguous, explicit, withdrawn, disclose, other
		want     [4]string
	}{
		{domain.CatReport, "none", [4]string{"", "", "", ""}},
		{domain.CatMedical, "none", [4]string{"C-3.6", "C-3.6", "", "L-9"}},
		{domain.CatMedical, "unambiguous", [4]string{"", "L-9", "", "L-9"}},
		{domain.CatMedical, "explicit", [4]string{"", "", "", ""}},
		{domain.CatMedical, "withdrawn", [4]string{"C-3.6", "C-3.6", "", "L-9"}},
		{domain.CatMedical, "disclose", [4]string{"C-3.6", "C-3.6", "", "L-9"}},
		{domain.CatMedical, "other", [4]string{"C-3.6", "C-3.6", "", "L-9"}},
		{domain.CatDisability, "none", [4]string{"C-3.7", "C-3.7", "", "L-9"}},
		{domain.CatDisability, "explicit", [4]string{"", "", "", ""}},
		{domain.CatCapacity, "none", [4]string{"", "L-9", "", "L-9"}},
		{domain.CatCapacity, "unambiguous", [4]string{"", "L-9", "", "L-9"}},
		{domain.CatCapacity, "explicit", [4]string{"", "", "", ""}},
		{domain.CatIncome, "none", [4]string{"C-3.6", "C-3.6", "", ""}},
		{domain.CatIncome, "unambiguous", [4]string{"", "", "", ""}},
		{"horoscope", "explicit", [4]string{"C-3", "C-3", "S-Geg3", "S-Geg3"}},
	} {
		for i, want := range c.want {
			p := effective(t, []string{"click-2017", "solutions-vpr"}[i/2])
			in := RecordingInput{Category: c.category, Source: "client", Necessity: true}
			if i%2 == 0 {
				in.Client = ClientFact{Standing: StandingBenefit, Commissioned: true}
			}
			fact := ConsentFact{State: ConsentValid, For: ForRecord, Explicit: c.consent != "unambiguous", Categories: []domain.Category{c.category}}
			switch c.consent {
			case "none":
				fact = ConsentFact{}
			case "withdrawn":
				fact.State = ConsentWithdrawn
			case "disclose":
				fact.For = ForDisclose
			case "other":
				fact.Categories = []domain.Category{domain.CatReport}
			}
			in.Consents = []ConsentFact{{}, fact}
			if _, got := p.CheckRecording(in); rule(got) != want {
				t.Errorf("%s, consent %s, case %d: got %v, want %q", c.category, c.consent, i, got, want)
			}
		}
	}
}

// Standing and commission carry health only together (UAVG 30(1)(b)).
func TestRecordingHealthNeedsBoth_C_1_1a_L_U30(t *testing.T) {
	p := effective(t, "solutions-vpr")
	for fact, want := range map[ClientFact]string{
		{StandingEmployee, true}: "", {StandingBenefit, true}: "", {StandingNone, true}: "L-9",
		{StandingEmployee, false}: "L-9", {StandingBenefit, false}: "L-9", {}: "L-9",
	} {
		_, got := p.CheckRecording(RecordingInput{Category: domain.CatCapacity, Source: "client", Client: fact})
		if rule(got) != want {
			t.Errorf("%+v: got %v", fact, got)
		}
	}
}

// Requirements §2: the strictest of what a mixed item contains governs.
func TestRecordingOfAMixedItem(t *testing.T) {
	p := effective(t, "click-2017")
	in := RecordingInput{Category: domain.CatUWVDecision, Contains: []domain.Category{domain.CatReport, domain.CatMedical}, Source: "commissioner", Client: ClientFact{StandingBenefit, true}}
	if _, got := p.CheckRecording(in); rule(got) != "C-3.6" {
		t.Errorf("got %v", got)
	}
	if got := p.Strictest(in.Categories()); got != domain.CatMedical {
		t.Errorf("the strictest is %s", got)
	}
	if got := p.ClassesOf(in.Categories()); len(got) != 2 || got[0] != domain.ClassDossier || got[1] != domain.ClassMedical {
		t.Errorf("classes %v", got)
	}
}

func TestRecordingSourceAndNecessity_C_1_2c_C_4c(t *testing.T) {
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p := effective(t, name)
		if _, got := p.CheckRecording(RecordingInput{Category: domain.CatReport}); rule(got) != "C-1.2c" {
			t.Errorf("%s without a source: %v", name, got)
		}
		if _, got := p.CheckRecording(RecordingInput{Category: domain.CatReport, Source: "gossip"}); rule(got) != domain.RuleForm {
			t.Errorf("%s with an unknown source: %v", name, got)
		}
		warnings, got := p.CheckRecording(RecordingInput{Category: domain.CatInsuranceCard, Source: "client"})
		if got != nil || len(warnings) != 1 || warnings[0] != WarnNecessity {
			t.Errorf("%s: %v, %v", name, warnings, got)
		}
	}
}

func TestBSNOfASelfReferredClient_L_U46(t *testing.T) {
	p := effective(t, "click-2017")
	if got := p.CheckBSN(false, ""); rule(got) != "L-U46" {
		t.Errorf("got %v", got)
	}
	if p.CheckBSN(true, "") != nil || p.CheckBSN(false, "Participatiewet 7") != nil {
		t.Error("a commission or a statute allows it")
	}
}

func TestRegisteringARecipient_C_2_6_3(t *testing.T) {
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p := effective(t, name)
		for _, c := range []struct{ class, subtype, agreement, rule string }{
			{"commissioner", "uwv", "", "C-2.6.3"},
			{"commissioner", "uwv", "2017-4", ""},
			{"commissioner", "company", "", "C-2.6.3"},
			{"partner", "", "", ""},
			{"employer", "current", "", ""},
			{"employer", "uwv", "", domain.RuleForm},
			{"neighbour", "", "", domain.RuleForm},
		} {
			if got := p.CheckRecipient(c.class, c.subtype, c.agreement); rule(got) != c.rule {
				t.Errorf("%s: %s/%s: %v", name, c.class, c.subtype, got)
			}
		}
	}
}
