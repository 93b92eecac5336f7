package agency_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/nl"
)

func adopt(profile, from string) string {
	return `{"profile":"` + profile + `","version":1,"effective_from":"` + from + `"}`
}

func TestAdoptRegulation(t *testing.T) {
	t.Run("carries the whole profile", func(t *testing.T) {
		e := sc.New(t).Given("2017-01-19", "AdoptRegulation", adopt("click-2017", "2017-01-19")).Facts[0].Event.(*agency.RegulationAdopted)
		if e.Document.Name != "click-2017" || len(e.Document.Categories) != len(domain.Categories) || e.Document.Law == 0 {
			t.Fatalf("%s with %d categories, law %d", e.Document.Name, len(e.Document.Categories), e.Document.Law)
		}
	})
	t.Run("before its own date it is a finding, no refusal C-5", func(t *testing.T) {
		r := sc.New(t).Given("2017-01-01", "AdoptRegulation", adopt("click-2017", "2011-01-01"))
		if !slices.Contains(r.Warnings, "effective_before_regulation") || !slices.Contains(r.Facts[0].Event.(*agency.RegulationAdopted).Findings, "effective_before_regulation") {
			t.Fatal(r.Warnings)
		}
	})
	t.Run("an impact assessment was made before it is recorded L-35", func(t *testing.T) {
		with := func(day string) string {
			return `{"profile":"click-2017","version":1,"effective_from":"2017-01-19","impact_assessed_on":"` + day + `"}`
		}
		w := sc.New(t)
		w.When("2017-01-19", "AdoptRegulation", with("2017-01-20")).Refused("in_future", domain.RuleForm)
		if e := w.Given("2017-01-19", "AdoptRegulation", with("2017-01-19")).Facts[0].Event.(*agency.RegulationAdopted); e.ImpactAssessedOn.String() != "2017-01-19" {
			t.Fatal(e.ImpactAssessedOn)
		}
	})
	t.Run("unknown profile", func(t *testing.T) {
		r := sc.New(t).When("2017-01-01", "AdoptRegulation", adopt("nobody-2017", "2017-01-01"))
		if r.Err == nil || r.Err.Code != "unknown_profile" || len(r.Facts) != 0 {
			t.Fatal(r.Err)
		}
	})
	t.Run("the latest effective one holds, of those the last adopted", func(t *testing.T) {
		w := sc.New(t)
		w.Given("2017-01-19", "AdoptRegulation", adopt("click-2017", "2017-01-19"))
		w.Given("2017-01-20", "AdoptRegulation", adopt("solutions-vpr", "2018-01-01"))
		w.Given("2017-01-21", "AdoptRegulation", adopt("click-2017", "2018-01-01"))
		w.Given("2017-01-22", "AdoptRegulation", adopt("solutions-vpr", "2016-01-01"))
		s := w.State(domain.KindAgency, sc.Agency).(*agency.State)
		for day, want := range map[string]string{"2015-12-31": "", "2016-01-01": "solutions-vpr", "2017-01-18": "solutions-vpr", "2017-01-19": "click-2017", "2018-01-01": "click-2017"} {
			got := ""
			if p := s.ProfileAt(nl.MustDate(day)); p != nil {
				got = p.Name
			}
			if got != want {
				t.Errorf("in force on %s: %q, want %q", day, got, want)
			}
		}
	})
}

func TestAdoptionIsApproved_C_2_1_5b(t *testing.T) {
	approved := func(by string) string {
		return `{"profile":"solutions-vpr","version":1,"effective_from":"2018-01-01","approved_by":"` + by + `"}`
	}
	w := sc.Begin(t, "click-2017")
	w.Given("2017-01-03", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
	w.Given("2017-01-03", "SignConfidentiality", `{"staff":"`+sc.Stranger+`","signed_on":"2017-01-03","reference":"G-9"}`)
	w.Given("2017-01-03", "GrantRole", `{"staff":"`+sc.Stranger+`","role":"compliance_officer"}`)
	// Whoever protects the data advises, and is no director yet.
	w.When("2017-02-01", "AdoptRegulation", approved(sc.Stranger)).Refused("adviser_approves", "C-2.1.5b")
	if r := w.Given("2017-02-01", "AdoptRegulation", approved(sc.Admin)); !slices.Contains(r.Warnings, domain.WarnApprover) {
		t.Error(r.Warnings)
	}
	w.Given("2017-02-01", "GrantRole", `{"staff":"`+sc.Stranger+`","role":"director"}`)
	if r := w.Given("2017-02-02", "AdoptRegulation", approved(sc.Stranger)); slices.Contains(r.Warnings, domain.WarnApprover) || slices.Contains(r.Warnings, domain.WarnApprovedBySelf) {
		t.Error(r.Warnings)
	}
	w.Actor = sc.Stranger
	if r := w.Given("2017-02-02", "AdoptRegulation", approved(sc.Stranger)); !slices.Contains(r.Warnings, domain.WarnApprovedBySelf) {
		t.Error(r.Warnings)
	}
	// The first adoption comes before all staff.
	if r := sc.New(t).Given("2017-01-01", "AdoptRegulation", approved(sc.Stranger)); slices.Contains(r.Warnings, domain.WarnApprover) {
		t.Error(r.Warnings)
	}
}

func TestRecipients_C_2_6_3(t *testing.T) {
	register := func(class, more string) string {
		return `{"recipient":"` + sc.Stranger + `","name":"Marker","class":"` + class + `"` + more + `}`
	}
	t.Run("a commissioner has an agreement", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		for _, agreement := range []string{"", `,"agreement":" "`} {
			r := w.When("2017-02-01", "RegisterRecipient", register("commissioner", `,"subtype":"uwv"`+agreement))
			if r.Err == nil || r.Err.Code != "agreement_missing" || r.Err.Rule[:7] != "C-2.6.3" {
				t.Fatal(r.Err)
			}
		}
	})
	t.Run("a class has its own subtypes", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-02-01", "RegisterRecipient", register("partner", `,"subtype":"uwv"`)).Refused("unknown_code", domain.RuleForm)
	})
	t.Run("its name is sealed under its own key", func(t *testing.T) {
		r := sc.Begin(t, "click-2017").Given("2017-02-01", "RegisterRecipient", register("other", ""))
		if s := r.Facts[0].Sections; len(s) != 1 || s[0].Owner != "recipient/"+sc.Stranger || s[0].Class != domain.ClassPerson {
			t.Fatalf("%+v", s)
		}
	})
	t.Run("stands as it stood at a time", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.Given("2017-02-01", "RegisterRecipient", register("other", ""))
		w.When("2017-02-02", "RegisterRecipient", register("other", "")).Refused("id_in_use", "C-2.6.3")
		w.Given("2017-03-01", "ChangeRecipient", register("partner", ""))
		w.Given("2017-04-01", "EndRecipient", `{"recipient":"`+sc.Stranger+`"}`)
		w.When("2017-04-02", "EndRecipient", `{"recipient":"`+sc.Stranger+`"}`).Refused("recipient_ended", "C-2.6.3")
		s := w.State(domain.KindAgency, sc.Agency).(*agency.State)
		for _, c := range []struct {
			at, class    string
			known, ended bool
		}{{"2017-01-31", "", false, false}, {"2017-02-28", "other", true, false}, {"2017-03-31", "partner", true, false}, {"2017-04-01", "partner", true, true}} {
			terms, known, ended := s.RecipientAt(sc.Stranger, sc.Time(c.at))
			if terms.Class != c.class || known != c.known || ended != c.ended {
				t.Errorf("at %s: %v %v %v", c.at, terms, known, ended)
			}
		}
	})
	t.Run("an unknown one cannot change", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-02-01", "ChangeRecipient", register("other", "")).Refused("unknown_recipient", "C-2.6.3")
	})
	t.Run("in an agency that exists C-5", func(t *testing.T) {
		sc.New(t).When("2017-02-01", "RegisterRecipient", register("other", "")).Refused("unknown_agency", "C-5")
	})
}

// Whoever is named as approving what the agency adopts says so himself (C-2.1.5b).
func TestConfirmAdoption_C_2_1_5b(t *testing.T) {
	w := sc.Begin(t, "click-2017")
	w.Given("2017-01-03", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
	w.Given("2017-01-03", "SignConfidentiality", `{"staff":"`+sc.Stranger+`","signed_on":"2017-01-03","reference":"G-9"}`)
	w.Given("2017-01-03", "GrantRole", `{"staff":"`+sc.Stranger+`","role":"director"}`)
	id := func() string { return w.History[len(w.History)-1].Meta.CommandID }
	confirm := func(adoption, answer string) string {
		return `{"adoption":"` + adoption + `","answer":"` + answer + `"}`
	}
	w.Given("2017-02-01", "AdoptRegulation", `{"profile":"solutions-vpr","version":1,"effective_from":"2018-01-01","approved_by":"`+sc.Stranger+`"}`)
	regulation := id()
	w.Given("2017-02-01", "AdoptPolicies", `{"approved_by":"`+sc.Stranger+`"}`)
	policies := id()
	w.Given("2017-02-01", "AdoptPolicies", `{}`)
	unnamed := id()
	for _, adoption := range []string{regulation, policies} {
		w.Actor = sc.Admin
		w.When("2017-02-02", "ConfirmAdoption", confirm(adoption, "confirmed")).Refused("not_the_approver", "C-2.1.5b")
		w.Actor = sc.Stranger
		w.When("2017-02-02", "ConfirmAdoption", confirm(adoption, "")).Refused("missing", domain.RuleForm)
		w.Given("2017-02-02", "ConfirmAdoption", confirm(adoption, "confirmed"))
		w.When("2017-02-02", "ConfirmAdoption", confirm(adoption, "confirmed")).Refused("approval_answered", "C-2.1.5b")
		w.Given("2017-02-02", "ConfirmAdoption", confirm(adoption, "denied"))
	}
	w.When("2017-02-03", "ConfirmAdoption", confirm(unnamed, "confirmed")).Refused("unknown_adoption", "C-2.1.5b")
	if s := w.State(domain.KindAgency, sc.Agency).(*agency.State); s.Adopted("solutions-vpr", 1) == nil {
		t.Error("a denial took back what was adopted")
	}
}
