package staff_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/staff"
)

// Whoever authorises access, or approves a maintenance window, says so himself; what
// he denies ends at once, and no later answer opens it again (C-2.1.5b, C-2.7a, C-2.7f).
func TestConfirmGrant_C_2_1_5b(t *testing.T) {
	confirm := func(grant, answer string) string {
		return `{"staff":"` + sc.Coach + `","grant":"` + grant + `","answer":"` + answer + `"}`
	}
	open := func(w *sc.World, on string) int {
		return len(w.State(domain.KindStaff, sc.Coach).(*staff.State).GrantsAt(sc.Time(on)))
	}
	w := office(t, "click-2017")
	w.Given("2017-03-01", "GrantAccess", access)
	w.When("2017-03-02", "ConfirmGrant", confirm(sc.Hold, "confirmed")).Refused("not_the_approver", "C-2.1.5b")
	w.Actor = sc.Coach // nor whoever got it
	w.When("2017-03-02", "ConfirmGrant", confirm(sc.Hold, "confirmed")).Refused("not_the_approver", "C-2.1.5b")
	w.Actor = director
	w.When("2017-03-02", "ConfirmGrant", confirm(sc.Entry, "confirmed")).Refused("unknown_grant", "C-2.7a")
	w.When("2017-03-02", "ConfirmGrant", confirm(sc.Hold, "yes")).Refused("unknown_code", domain.RuleForm)
	w.Given("2017-03-02", "ConfirmGrant", confirm(sc.Hold, "confirmed"))
	w.When("2017-03-03", "ConfirmGrant", confirm(sc.Hold, "confirmed")).Refused("approval_answered", "C-2.1.5b")
	if open(w, "2017-03-04") != 1 {
		t.Fatal("a confirmation ended the grant")
	}
	w.Given("2017-03-05", "ConfirmGrant", confirm(sc.Hold, "denied"))
	w.Given("2017-03-06", "ConfirmGrant", confirm(sc.Hold, "confirmed"))
	if open(w, "2017-03-04") != 1 || open(w, "2017-03-05") != 0 || open(w, "2017-03-07") != 0 {
		t.Fatal("a denial does not end the grant, or a later answer opens it again")
	}
	// A director who grants access on his own authority has said so.
	w = office(t, "click-2017")
	w.Actor = director
	w.Given("2017-03-01", "GrantAccess", access)
	w.When("2017-03-02", "ConfirmGrant", confirm(sc.Hold, "confirmed")).Refused("approval_answered", "C-2.1.5b")
}
