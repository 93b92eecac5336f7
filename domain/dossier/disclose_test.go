package dossier_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
)

type disclosure struct {
	id, recipient, categories, records, ground, evidence, purpose, channel, more string
}

func (d disclosure) json() string {
	or := func(v, other string) string {
		if v == "" {
			return other
		}
		return v
	}
	return fmt.Sprintf(`{"disclosure":%q,"recipient":%q,"recipient_person":"Marker","address_used":"Marker","categories":[%s],"records":[%s],"ground":%q,"evidence":{%s},"purpose":%q,"channel":%q%s}`,
		or(d.id, sc.Disclosed), or(d.recipient, sc.UWV), or(d.categories, `"report"`), d.records, or(d.ground, "guidance"),
		or(d.evidence, `"necessity":"asked"`), or(d.purpose, "guidance"), or(d.channel, "letter"), d.more)
}

const (
	theRecord  = `"` + sc.Record + `"`
	theConsent = `"consent":"` + sc.Consent + `"`
	toUWV      = `,"explicit":true,"recipient":"` + sc.UWV + `"`
)

func TestDisclose(t *testing.T) {
	add := func(w *sc.World, category, more string) {
		w.Given("2017-02-05", "AddRecord", record(category, more))
	}
	permit := func(more, categories string) func(*sc.World) {
		return func(w *sc.World) {
			add(w, "report", "")
			w.Given("2017-02-06", "GiveConsent", consent(sc.Consent, "disclose", categories, more))
		}
	}
	report := func(w *sc.World) { add(w, "report", "") }
	medical := func(w *sc.World) {
		w.Given("2017-02-04", "GiveConsent", consent(sc.Consent2, "record", `"medical"`, `,"explicit":true`))
		add(w, "medical", "")
	}
	byConsent := disclosure{records: theRecord, ground: "consent", evidence: theConsent}
	for _, c := range []struct {
		name, profile string
		given         func(*sc.World)
		d             disclosure
		code, rule    string
	}{
		{"guidance to the commissioner C-2.6.1", click, report, disclosure{records: theRecord}, "", ""},
		{"contact needs no record", click, nil, disclosure{categories: `"contact"`}, "", ""},
		{"guidance is no ground S-Der", solutions, report, disclosure{records: theRecord}, "ground_not_allowed", "S-Der"},
		{"evidence missing C-2.6.1", click, report, disclosure{records: theRecord, evidence: `"necessity":""`}, "evidence_missing", "C-2.6.1"},
		{"no consent C-2.6.1", click, report, byConsent, "consent_missing", "C-2.6.1"},
		{"with consent", click, permit(toUWV, `"report"`), byConsent, "", ""},
		{"consent for another recipient", click, permit(`,"recipient":"`+sc.Partner+`"`, `"report"`), byConsent, "consent_recipient", "C-2.6.1"},
		{"consent that names no recipient", click, permit("", `"report"`), byConsent, "consent_recipient", "C-2.6.1"},
		{"consent for other categories", click, permit(toUWV, `"plan"`), byConsent, "consent_categories", "C-2.6.1"},
		{"consent for another purpose", click, permit(toUWV, `"report"`), disclosure{records: theRecord, ground: "consent", evidence: theConsent, purpose: "subsidy"}, "consent_purpose", "C-2.6.1"},
		{"consent not explicit S-Der", solutions, permit(`,"recipient":"`+sc.UWV+`"`, `"report"`), byConsent, "consent_not_explicit", "S-Der"},
		{"consent withdrawn L-7", click, func(w *sc.World) {
			permit(toUWV, `"report"`)(w)
			w.Given("2017-02-20", "WithdrawConsent", `{"consent":"`+sc.Consent+`"}`)
		}, byConsent, "consent_withdrawn", "C-2.6.1"},
		{"consent expired", click, permit(toUWV+`,"until":"2017-02-10"`, `"report"`), byConsent, "consent_expired", "C-2.6.1"},
		{"medical to an employer", click, medical, disclosure{recipient: sc.Employer, categories: `"medical"`, records: theRecord}, "never_to_recipient", "*"},
		{"contact details with other categories C-2.6.7", click, report, disclosure{categories: `"contact","report"`, records: theRecord, ground: "contact_details", evidence: `"interest":"x"`}, "contact_details_only", "C-2.6.7"},
		{"contact details against an objection C-2.6.7", click, func(w *sc.World) {
			w.Given("2017-02-10", "ObjectToContactDisclosure", `{"received_on":"2017-02-10","reference":"letter"}`)
		}, disclosure{categories: `"contact"`, ground: "contact_details", evidence: `"interest":"x"`}, "contact_objection", "C-2.6.7"},
		{"contact details after the objection was withdrawn", click, func(w *sc.World) {
			w.Given("2017-02-10", "ObjectToContactDisclosure", `{"received_on":"2017-02-10","reference":"letter"}`)
			w.Given("2017-02-11", "WithdrawObjection", `{"received_on":"2017-02-11","reference":"letter"}`)
		}, disclosure{categories: `"contact"`, ground: "contact_details", evidence: `"interest":"x"`}, "", ""},
		{"by telephone C-2.7c", click, report, disclosure{records: theRecord, channel: "telephone"}, "channel_not_allowed", "C-2.7c"},
		{"restricted record L-18", click, func(w *sc.World) {
			report(w)
			w.Given("2017-02-10", "RestrictRecord", `{"record":"`+sc.Record+`","reason":"x"}`)
		}, disclosure{records: theRecord}, "record_restricted", "*"},
		{"record of another category", click, report, disclosure{categories: `"plan"`, records: theRecord}, "record_category", "*"},
		{"record of another dossier", click, nil, disclosure{records: theRecord}, "record_unknown", "*"},
		{"recipient unknown", click, report, disclosure{recipient: sc.Stranger, records: theRecord}, "recipient_unknown", "*"},
		{"recipient ended", click, func(w *sc.World) {
			report(w)
			w.Given("2017-02-10", "EndRecipient", `{"recipient":"`+sc.UWV+`"}`)
		}, disclosure{records: theRecord}, "recipient_ended", "*"},
		{"a partner may not have it for guidance", click, report, disclosure{recipient: sc.Partner, records: theRecord}, "category_not_for_recipient", "*"},
		{"subsidy to one who is not competent C-2.6.4", click, report, disclosure{records: theRecord, purpose: "subsidy"}, "not_authorised_for_subsidies", "C-2.6.4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := sc.Opened(t, c.profile)
			if c.given != nil {
				c.given(w)
			}
			r := w.When("2017-03-01", "Disclose", c.d.json())
			switch {
			case c.code == "":
				r.Accepted()
				if got := r.Sections(); !slices.Equal(got, []string{"file/dossier", "recipient/person"}) {
					t.Fatal(got)
				}
			case c.rule == "*":
				r.RefusedOnRecord(c.code, r.Err.Rule)
			default:
				rule := c.rule
				if r.Err != nil && len(r.Err.Rule) > len(rule) && r.Err.Rule[:len(rule)] == rule {
					rule = r.Err.Rule // the clause's own row
				}
				r.RefusedOnRecord(c.code, rule)
			}
		})
	}
}

func TestDiscloseIsJudgedAtItsTime_L_7(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-05", "AddRecord", record("report", ""))
	w.Given("2017-02-10", "GiveConsent", consent(sc.Consent, "disclose", `"report"`, toUWV))
	w.Given("2017-02-20", "WithdrawConsent", `{"consent":"`+sc.Consent+`"}`)
	d := disclosure{records: theRecord, ground: "consent", evidence: theConsent}
	r := w.When("2017-02-09", "Disclose", d.json())
	r.RefusedOnRecord("consent_later", r.Err.Rule)
	e := w.Given("2017-02-15", "Disclose", d.json()).Facts[0].Event.(*dossier.DisclosureMade)
	if e.Consent != sc.Consent || e.Profile != click || e.ProfileVersion != 1 || e.RecipientClass != "commissioner" || e.RecipientSubtype != "uwv" {
		t.Fatalf("%+v", e)
	}
	w.When("2017-02-15", "Disclose", d.json()).Refused("id_in_use", "C-2.6.1")
	// A record that came in later cannot have gone out before.
	r = w.When("2017-02-04", "Disclose", disclosure{id: sc.Hold, records: theRecord}.json())
	r.RefusedOnRecord("record_unknown", r.Err.Rule)
}

// What a mixed record brings along goes out too, and stands in the register.
func TestDisclosureNamesAllThatGoesOut_C_2_6_3(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-05", "AddRecord", record("correspondence", `,"contains":["plan"]`))
	e := w.Given("2017-03-01", "Disclose", disclosure{categories: `"correspondence","contact"`, records: theRecord}.json()).Facts[0].Event.(*dossier.DisclosureMade)
	if !slices.Equal(e.Categories, []domain.Category{"contact", "correspondence", "plan"}) {
		t.Fatal(e.Categories)
	}
}

func TestAFaultOfFormIsNoRefusedDisclosure(t *testing.T) {
	sc.Opened(t, click).When("2017-03-01", "Disclose", disclosure{channel: "pigeon"}.json()).Refused("unknown_code", domain.RuleForm)
	sc.Opened(t, click).When("2017-03-01", "Disclose", disclosure{categories: `"contact"`, evidence: `"necessity":"x","name":"Marker"`}.json()).Refused("unknown_field", domain.RuleForm)
}
