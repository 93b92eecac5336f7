package dossier_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
)

func record(category, more string) string {
	return `{"record":"` + sc.Record + `","category":"` + category + `","title":"Marker","text":"Marker","source":"client"` + more + `}`
}

func consent(id, use, categories, more string) string {
	return `{"consent":"` + id + `","for":"` + use + `","categories":[` + categories + `],"purpose":"guidance","evidence":"form"` + more + `}`
}

func TestAddRecord_C_3(t *testing.T) {
	type given struct{ command, data string }
	explicit := given{"GiveConsent", consent(sc.Consent, "record", `"medical","disability","income","capacity"`, `,"explicit":true`)}
	plain := given{"GiveConsent", consent(sc.Consent, "record", `"medical","disability","income","capacity"`, "")}
	for _, c := range []struct {
		name, profile, referral, standing string
		given                             []given
		data, code, rule                  string
	}{
		{"a report needs nothing", click, "self", "none", nil, record("report", ""), "", ""},
		{"source missing C-1.2c", click, "self", "none", nil, `{"record":"` + sc.Record + `","category":"report","title":"t","source":""}`, "source_missing", "C-1.2c"},
		{"unknown category", click, "self", "none", nil, record("horoscope", ""), "unknown_category", domain.RuleForm},
		{"medical without consent C-3.6", click, "commissioned", "employee", nil, record("medical", ""), "consent_to_record_missing", "C-3.6"},
		{"income without consent C-3.6", click, "commissioned", "employee", nil, record("income", ""), "consent_to_record_missing", "C-3.6"},
		{"disability without consent C-3.7", click, "commissioned", "employee", nil, record("disability", ""), "consent_to_record_missing", "C-3.7"},
		{"medical with consent C-3.6", click, "commissioned", "employee", []given{plain}, record("medical", ""), "", ""},
		{"the regulation does not ask it", solutions, "commissioned", "benefit", nil, record("medical", ""), "", ""},
		{"income under solutions", solutions, "self", "none", nil, record("income", ""), "", ""},
		{"health of a self-referred client L-9", solutions, "self", "employee", nil, record("capacity", ""), "health_basis_missing", "L-9"},
		{"health without standing L-9", solutions, "commissioned", "none", nil, record("medical", ""), "health_basis_missing", "L-9"},
		{"health with a consent that is not explicit L-9", solutions, "self", "none", []given{plain}, record("medical", ""), "health_basis_missing", "L-9"},
		{"the same under click: the consent is there, the law's is not L-9", click, "self", "none", []given{plain}, record("medical", ""), "health_basis_missing", "L-9"},
		{"health with an explicit consent", click, "self", "none", []given{explicit}, record("medical", ""), "", ""},
		{"the strictest of what it contains governs C-3.6", click, "commissioned", "employee", nil, record("correspondence", `,"contains":["medical"]`), "consent_to_record_missing", "C-3.6"},
		{"withdrawn consent L-7", click, "self", "none", []given{explicit, {"WithdrawConsent", `{"consent":"` + sc.Consent + `"}`}}, record("income", ""), "consent_to_record_missing", "C-3.6"},
		{"expired consent L-7", click, "self", "none", []given{{"GiveConsent", consent(sc.Consent, "record", `"income"`, `,"explicit":true,"until":"2017-02-28"`)}}, record("income", ""), "consent_to_record_missing", "C-3.6"},
		{"consent for another use L-7", click, "self", "none", []given{{"GiveConsent", consent(sc.Consent, "disclose", `"income"`, `,"explicit":true`)}}, record("income", ""), "consent_to_record_missing", "C-3.6"},
		{"unknown trajectory", click, "self", "none", nil, record("report", `,"trajectory":"T-9"`), "unknown_trajectory", "C-0a"},
		{"obtained in the future C-I3", click, "self", "none", nil, record("report", `,"obtained_on":"2027-01-01"`), "in_future", "C-I3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := sc.Begin(t, c.profile)
			w.Given("2017-02-01", "OpenDossier", sc.Open(c.referral, c.standing, ""))
			for _, g := range c.given {
				w.Given("2017-02-02", g.command, g.data)
			}
			r := w.When("2017-03-01", "AddRecord", c.data)
			if c.code == "" {
				r.Accepted()
			} else {
				r.Refused(c.code, c.rule)
			}
		})
	}
}

func TestAddRecordSealsUnderTheStrictestCategory(t *testing.T) {
	w := sc.Opened(t, solutions)
	r := w.Given("2017-03-01", "AddRecord", record("correspondence", `,"contains":["uwv_decision","medical"],"provided_by":"x","expected":false`))
	if got := r.Sections(); !slices.Equal(got, []string{"medical/medical"}) {
		t.Fatal(got)
	}
	e := r.Facts[0].Event.(*dossier.RecordAdded)
	if e.Class != domain.ClassMedical || !e.Unexpected || !slices.Equal(e.Contains, []domain.Category{"medical", "uwv_decision"}) {
		t.Fatalf("%+v", e)
	}
	if !slices.Contains(r.Warnings, "necessity_missing") {
		t.Fatalf("C-4c: warnings %v", r.Warnings)
	}
	w.When("2017-03-02", "AddRecord", record("report", "")).Refused("id_in_use", "C-2.4")
}

// UAVG 30(4): only those bound to secrecy record health data.
func TestHealthIsRecordedByThoseBoundToSecrecy_L_U30(t *testing.T) {
	w := sc.Opened(t, solutions)
	w.Actor = domain.Operator
	w.Given("2017-02-02", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
	w.Given("2017-02-02", "SignConfidentiality", `{"staff":"`+sc.Stranger+`","signed_on":"2017-02-02","until":"2017-03-01","reference":"G"}`)
	w.Actor = sc.Stranger
	w.Given("2017-03-01", "AddRecord", record("medical", ""))
	again := strings.ReplaceAll(record("medical", ""), sc.Record, sc.Record2)
	w.When("2017-03-02", "AddRecord", again).Refused("no_confidentiality", "L-U30")
	w.Given("2017-03-02", "AddRecord", strings.ReplaceAll(record("report", ""), sc.Record, sc.Record2))
}

// A consent withdrawn later does not change what was lawful before (L-7).
func TestFactsAreJudgedAtTheirTime(t *testing.T) {
	w := sc.Begin(t, click)
	w.Given("2017-02-01", "OpenDossier", sc.Open("self", "none", ""))
	w.Given("2017-02-10", "GiveConsent", consent(sc.Consent, "record", `"income"`, `,"explicit":true`))
	w.Given("2017-03-10", "WithdrawConsent", `{"consent":"`+sc.Consent+`"}`)
	w.When("2017-02-09", "AddRecord", record("income", "")).Refused("consent_to_record_missing", "C-3.6")
	w.When("2017-03-11", "AddRecord", record("income", "")).Refused("consent_to_record_missing", "C-3.6")
	r := w.Given("2017-03-09", "AddRecord", record("income", ""))
	if e := r.Facts[0].Event.(*dossier.RecordAdded); e.Consent != sc.Consent {
		t.Fatalf("%+v", e)
	}
}

func TestCorrectRecord_C_2_9_2(t *testing.T) {
	correct := func(replacement string) string {
		return `{"record":"` + sc.Record + `","replacement":` + replacement + `,"reason":"typing"}`
	}
	t.Run("replaces what is named", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "AddRecord", record("report", ""))
		r := w.Given("2017-03-02", "CorrectRecord", correct(`{"text":"better"}`))
		if got := r.Sections(); !slices.Equal(got, []string{"file/dossier", "report/dossier"}) {
			t.Fatal(got)
		}
	})
	t.Run("a judgement is completed, not replaced C-2.4", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "AddRecord", record("report", `,"judgement":true`))
		w.When("2017-03-02", "CorrectRecord", correct(`{"text":"better"}`)).Refused("judgement_not_replaced", "C-2.4")
		w.Given("2017-03-02", "CompleteRecord", `{"record":"`+sc.Record+`","statement":"I see it otherwise","by":"client"}`)
	})
	t.Run("what it brings in is judged C-3.6", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "AddRecord", record("report", ""))
		w.When("2017-03-02", "CorrectRecord", correct(`{"contains":["medical"]}`)).Refused("consent_to_record_missing", "C-3.6")
	})
	t.Run("says something", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "AddRecord", record("report", ""))
		w.When("2017-03-02", "CorrectRecord", correct(`{}`)).Refused("missing", domain.RuleForm)
	})
	t.Run("unknown record", func(t *testing.T) {
		sc.Opened(t, click).When("2017-03-02", "CorrectRecord", correct(`{"text":"x"}`)).Refused("unknown_record", "C-2.9.2")
	})
}

func TestRestriction_L_18(t *testing.T) {
	w := sc.Opened(t, click)
	restrict := func(more string) string { return `{"record":"` + sc.Record + `","reason":"disputed"` + more + `}` }
	w.Given("2017-03-01", "AddRecord", record("report", ""))
	w.When("2017-03-02", "LiftRestriction", restrict(`,"client_informed_on":"2017-03-02"`)).Refused("not_restricted", "L-18")
	w.Given("2017-03-02", "RestrictRecord", restrict(""))
	w.When("2017-03-03", "RestrictRecord", restrict("")).Refused("already_restricted", "C-2.9.3")
	w.When("2017-03-03", "LiftRestriction", restrict("")).Refused("client_not_informed", "L-18")
	w.When("2017-03-03", "LiftRestriction", restrict(`,"client_informed_on":"2017-03-04"`)).Refused("client_not_informed", "L-18")
	w.Given("2017-03-03", "LiftRestriction", restrict(`,"client_informed_on":"2017-03-03"`))
	if r := state(w).Records[sc.Record]; r.RestrictedAt(sc.Time("2017-03-03")) || !r.RestrictedAt(sc.Time("2017-03-02")) {
		t.Fatal("the interval of the restriction")
	}
}

func TestConsents_L_7(t *testing.T) {
	t.Run("not without evidence", func(t *testing.T) {
		for _, evidence := range []string{`""`, `null`, `{}`, `"  "`} {
			sc.Opened(t, click).When("2017-03-01", "GiveConsent", `{"consent":"`+sc.Consent+`","for":"record","categories":["income"],"purpose":"guidance","explicit":true,"evidence":`+evidence+`}`).Refused("evidence_missing", "L-7")
		}
	})
	t.Run("not for a purpose that the regulation does not know", func(t *testing.T) {
		r := sc.Opened(t, click).When("2017-03-01", "GiveConsent", `{"consent":"`+sc.Consent+`","for":"record","categories":["income"],"purpose":"absence","explicit":true,"evidence":"f"}`)
		if r.Err == nil || r.Err.Code != "purpose_unknown" {
			t.Fatal(r.Err)
		}
	})
	t.Run("one that is not explicit is taken", func(t *testing.T) {
		sc.Opened(t, click).Given("2017-03-01", "GiveConsent", consent(sc.Consent, "record", `"income"`, ""))
	})
	t.Run("withdrawn once, and only what was given", func(t *testing.T) {
		w := sc.Opened(t, click)
		withdraw := `{"consent":"` + sc.Consent + `"}`
		w.When("2017-03-01", "WithdrawConsent", withdraw).Refused("unknown_consent", "L-7")
		w.Given("2017-03-01", "GiveConsent", consent(sc.Consent, "record", `"income"`, ""))
		w.When("2017-03-01", "GiveConsent", consent(sc.Consent, "record", `"income"`, "")).Refused("id_in_use", "L-7")
		w.Given("2017-03-02", "WithdrawConsent", withdraw)
		w.When("2017-03-03", "WithdrawConsent", withdraw).Refused("already_withdrawn", "L-7")
		w.Given("2017-03-03", "RefuseConsent", `{"consent":"`+sc.Consent2+`","channel":"oral"}`)
		w.When("2017-03-03", "WithdrawConsent", `{"consent":"`+sc.Consent2+`"}`).Refused("consent_refused", "L-7")
	})
	t.Run("a withdrawal counts from the day it was received", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "GiveConsent", consent(sc.Consent, "record", `"income"`, ""))
		w.Given("2017-03-10", "WithdrawConsent", `{"consent":"`+sc.Consent+`","received_on":"2017-03-08"}`)
		c := state(w).Consents[sc.Consent]
		if c.ValidAt(sc.Time("2017-03-08")) || !c.ValidAt(sc.Time("2017-03-07")) {
			t.Fatalf("%+v", c)
		}
	})
}
