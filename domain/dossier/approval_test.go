package dossier_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
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
