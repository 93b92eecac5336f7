package staff_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/staff"
)

func enrolled(t *testing.T) *sc.World {
	w := sc.Begin(t, "click-2017")
	w.Actor = sc.Admin
	w.Given("2017-02-01", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
	return w
}

func sign(day, until string) string {
	return fmt.Sprintf(`{"staff":%q,"signed_on":%q,"reference":"G-7"%s}`, sc.Stranger, day, until)
}

const (
	grant = `{"staff":"` + sc.Stranger + `","role":"coach"}`
	end   = `{"staff":"` + sc.Coach + `","left_on":"2017-03-01"}`
)

func TestGrantRole(t *testing.T) {
	t.Run("not without a declaration of confidentiality C-2.1.5", func(t *testing.T) {
		enrolled(t).When("2017-02-02", "GrantRole", grant).Refused("no_confidentiality", "C-2.1.5")
	})
	t.Run("not on an expired declaration C-2.1.5", func(t *testing.T) {
		w := enrolled(t)
		w.Given("2017-02-02", "SignConfidentiality", sign("2017-02-01", `,"until":"2017-02-10"`))
		w.When("2017-02-11", "GrantRole", grant).Refused("no_confidentiality", "C-2.1.5")
	})
	t.Run("not to oneself C-2.7e", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.Actor = sc.Admin
		w.When("2017-02-02", "GrantRole", `{"staff":"`+sc.Admin+`","role":"coach"}`).Refused("grant_to_self", "C-2.7e")
	})
	t.Run("from its time to its revocation", func(t *testing.T) {
		w := enrolled(t)
		w.Given("2017-02-02", "SignConfidentiality", sign("2017-02-01", ""))
		w.Given("2017-02-03", "GrantRole", grant)
		w.When("2017-02-04", "GrantRole", grant).Refused("role_held", "C-2.7e")
		w.Given("2017-02-10", "RevokeRole", grant)
		w.When("2017-02-11", "RevokeRole", grant).Refused("role_not_held", "C-2.7e")
		s := w.State(domain.KindStaff, sc.Stranger).(*staff.State)
		for at, want := range map[string][]string{"2017-02-02": nil, "2017-02-03": {"coach"}, "2017-02-09": {"coach"}, "2017-02-10": nil} {
			if got := s.RolesAt(sc.Time(at)); !slices.Equal(got, want) {
				t.Errorf("roles on %s: %v", at, got)
			}
		}
	})
	t.Run("now, outside the import", func(t *testing.T) {
		w := enrolled(t)
		w.Given("2017-02-02", "SignConfidentiality", sign("2017-02-01", ""))
		w.Door = "web"
		w.When("2017-02-03", "GrantRole", grant).Refused("not_now", domain.RuleForm)
		w.Given("", "GrantRole", grant)
	})
	t.Run("to somebody unknown", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-02-02", "GrantRole", grant).Refused("unknown_staff", "C-2.7e")
	})
}

func TestEndStaff(t *testing.T) {
	t.Run("not while responsible for a dossier C-0d", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.Responsible = 1
		w.When("2017-03-01", "EndStaff", end).Refused("still_responsible", "C-0d")
	})
	t.Run("the roles end with it", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.Given("2017-02-20", "EndStaff", end)
		w.When("2017-02-21", "EndStaff", end).Refused("already_ended", "C-2.7e")
		s := w.State(domain.KindStaff, sc.Coach).(*staff.State)
		if len(s.RolesAt(sc.Time("2017-03-01"))) != 1 || s.RolesAt(sc.Time("2017-03-02")) != nil {
			t.Fatal("the roles last to the end of the last day")
		}
		w.When("2017-03-02", "GrantRole", `{"staff":"`+sc.Coach+`","role":"director"}`).Refused("grant_to_self", "C-2.7e")
		w.Actor = sc.Admin
		w.When("2017-03-02", "GrantRole", `{"staff":"`+sc.Coach+`","role":"director"}`).Refused("staff_ended", "C-2.7e")
	})
	t.Run("not before the enrolment", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-02-20", "EndStaff", `{"staff":"`+sc.Coach+`","left_on":"2016-12-31"}`).Refused("before_enrolment", "C-2.7e")
	})
}

func TestEnrolStaff(t *testing.T) {
	enrol := `{"staff":"` + sc.Stranger + `","name":"Marker","login":"marker"}`
	t.Run("once", func(t *testing.T) {
		enrolled(t).When("2017-02-02", "EnrolStaff", enrol).Refused("already_enrolled", "C-2.7e")
	})
	t.Run("in an agency that exists C-5", func(t *testing.T) {
		sc.New(t).When("2017-02-02", "EnrolStaff", enrol).Refused("unknown_agency", "C-5")
	})
	t.Run("a declaration of tomorrow C-2.1.5", func(t *testing.T) {
		enrolled(t).When("2017-02-02", "SignConfidentiality", sign("2026-06-02", "")).Refused("in_future", "C-2.1.5")
	})
	t.Run("in order", func(t *testing.T) {
		enrolled(t).When("2017-01-31", "SignConfidentiality", sign("2017-01-31", "")).Refused("out_of_order", domain.RuleForm)
	})
}
