package dossier_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
)

// An urgent reason needs a second person's approval: a director's, and not that
// of whoever protects the data and only advises (C-2.6.6, C-2.1.5b).
func TestWhoApprovesADisclosure_C_2_6_6(t *testing.T) {
	world := func(t *testing.T, role string) *sc.World {
		w := sc.Opened(t, click)
		w.Given("2017-02-02", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
		w.Given("2017-02-02", "SignConfidentiality", `{"staff":"`+sc.Stranger+`","signed_on":"2017-02-02","reference":"G-9"}`)
		w.Given("2017-02-02", "GrantRole", `{"staff":"`+sc.Stranger+`","role":"`+role+`"}`)
		w.Given("2017-02-05", "AddRecord", record("report", ""))
		return w
	}
	urgent := func(by string) string {
		return disclosure{records: theRecord, ground: "urgent_reason", evidence: `"reason":"Marker","approved_by":"` + by + `"`}.json()
	}
	if r := world(t, "director").Given("2017-02-07", "Disclose", urgent(sc.Stranger)); slices.Contains(r.Warnings, domain.WarnApprover) {
		t.Error(r.Warnings)
	}
	world(t, "compliance_officer").When("2017-02-07", "Disclose", urgent(sc.Stranger)).RefusedOnRecord("adviser_approves", "C-2.1.5b")
	if r := world(t, "coach").Given("2017-02-07", "Disclose", urgent(sc.Stranger)); !slices.Contains(r.Warnings, domain.WarnApprover) {
		t.Error(r.Warnings)
	}
	world(t, "director").When("2017-02-07", "Disclose", urgent(sc.Coach)).RefusedOnRecord("approved_by_self", "C-2.6.6")
}

// Whoever is named as approving a disclosure answers for himself, and nobody for
// him; a second answer takes the place of the first (C-2.1.5b).
func TestConfirmDisclosure_C_2_1_5b(t *testing.T) {
	const other = "80000000-0000-4000-8000-0000000000ff"
	w := sc.Opened(t, click)
	w.Given("2017-02-02", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
	w.Given("2017-02-02", "SignConfidentiality", `{"staff":"`+sc.Stranger+`","signed_on":"2017-02-02","reference":"G-9"}`)
	w.Given("2017-02-02", "GrantRole", `{"staff":"`+sc.Stranger+`","role":"director"}`)
	w.Given("2017-02-05", "AddRecord", record("report", ""))
	made := w.Given("2017-02-07", "Disclose", disclosure{records: theRecord, ground: "urgent_reason", evidence: `"reason":"Marker","approved_by":"` + sc.Stranger + `"`}.json()).Facts[0].Event.(*dossier.DisclosureMade)
	confirm := func(id, answer string) string { return `{"disclosure":"` + id + `","answer":"` + answer + `"}` }

	w.When("2017-02-08", "ConfirmDisclosure", confirm(made.Disclosure, "confirmed")).Refused("not_the_approver", "C-2.1.5b")
	coach := w.Actor
	w.Actor = sc.Stranger
	w.When("2017-02-08", "ConfirmDisclosure", confirm(other, "confirmed")).Refused("unknown_disclosure", "C-2.1.5b")
	w.When("2017-02-08", "ConfirmDisclosure", confirm(made.Disclosure, "maybe")).Refused("unknown_code", domain.RuleForm)
	for _, answer := range []string{"confirmed", "denied", "confirmed"} {
		r := w.Given("2017-02-08", "ConfirmDisclosure", confirm(made.Disclosure, answer))
		if e := r.Facts[0].Event.(*dossier.DisclosureConfirmed); *e != (dossier.DisclosureConfirmed{Disclosure: made.Disclosure, By: sc.Stranger, Answer: answer}) || len(r.Sections()) != 0 {
			t.Fatalf("%+v", e)
		}
		w.When("2017-02-08", "ConfirmDisclosure", confirm(made.Disclosure, answer)).Refused("approval_answered", "C-2.1.5b")
	}

	// One that names nobody.
	w.Actor = coach
	plain := w.Given("2017-02-10", "Disclose", disclosure{id: other, records: theRecord}.json())
	if _, ok := plain.Facts[0].Event.(*dossier.DisclosureMade); !ok {
		t.Fatal(plain.Facts[0].Event)
	}
	w.When("2017-02-11", "ConfirmDisclosure", confirm(other, "confirmed")).Refused("no_approval", "C-2.1.5b")
}
