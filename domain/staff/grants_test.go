package staff_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/staff"
)

const director, supplier = "a0000000-0000-4000-8000-000000000003", "a0000000-0000-4000-8000-000000000004"

// office is an agency with a director and a supplier, both since 2 February 2017.
func office(t *testing.T, profile string) *sc.World {
	w := sc.Opened(t, profile)
	w.Actor = sc.Admin
	for id, role := range map[string]string{director: "director", supplier: "supplier"} {
		w.Given("2017-02-02", "EnrolStaff", fmt.Sprintf(`{"staff":%q,"name":"Marker","login":%q}`, id, role))
		w.Given("2017-02-02", "SignConfidentiality", fmt.Sprintf(`{"staff":%q,"signed_on":"2017-02-02","reference":"G-9"}`, id))
		w.Given("2017-02-02", "GrantRole", fmt.Sprintf(`{"staff":%q,"role":%q}`, id, role))
	}
	return w
}

const access = `{"grant":"` + sc.Hold + `","staff":"` + sc.Coach + `","dossiers":["` + sc.Dossier + `"],"categories":["report","contact"],
	"purpose":"complaint","reason":"Marker","from":"2017-03-01","until":"2017-03-10","authorised_by":"` + director + `"}`

func with(json, old, new string) string { return strings.Replace(json, old, new, 1) }

func TestGrantAccess_C_2_7a(t *testing.T) {
	for profile, rule := range map[string]string{"click-2017": "C-2.7a", "solutions-vpr": "S-Toe2"} {
		t.Run("on a director's authority alone, S-Toe2, "+profile, func(t *testing.T) {
			w := office(t, profile)
			w.When("2017-03-01", "GrantAccess", with(access, director, sc.Admin)).Refused("not_authorised", rule)
			w.When("2017-03-01", "GrantAccess", with(access, director, sc.Stranger)).Refused("not_authorised", rule)
			w.When("2017-03-01", "GrantAccess", with(access, director, sc.Coach)).Refused("grant_to_self", rule)
			w.Given("2017-03-01", "GrantAccess", access)
		})
	}
	t.Run("whoever was a director then C-2.7a", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-02-20", "RevokeRole", `{"staff":"`+director+`","role":"director"}`)
		w.When("2017-03-01", "GrantAccess", access).Refused("not_authorised", "C-2.7a")
	})
	t.Run("whoever protects the data advises and does not decide C-2.1.5b", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-02-20", "GrantRole", `{"staff":"`+supplier+`","role":"compliance_officer"}`)
		w.When("2017-03-01", "GrantAccess", with(access, director, supplier)).Refused("not_authorised", "C-2.7a")
	})
	t.Run("not to oneself C-2.7e", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Actor = sc.Coach
		w.When("2017-03-01", "GrantAccess", access).Refused("grant_to_self", "C-2.7e")
	})
	t.Run("not without a declaration of confidentiality C-2.1.5", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-02-20", "EnrolStaff", `{"staff":"`+sc.Stranger+`","name":"Marker","login":"marker"}`)
		w.When("2017-03-01", "GrantAccess", with(access, sc.Coach, sc.Stranger)).Refused("no_confidentiality", "C-2.1.5")
	})
	t.Run("what it opens, and from when to when", func(t *testing.T) {
		w := office(t, "click-2017")
		r := w.Given("2017-02-28", "GrantAccess", access)
		if e := r.Facts[0].Event.(*staff.AccessGranted); !slices.Equal(e.Categories, []domain.Category{"contact", "report"}) || e.AuthorisedBy != director {
			t.Errorf("%+v", e)
		}
		if s := r.Facts[0].Sections; len(s) != 1 || s[0].Owner != "staff/"+sc.Coach {
			t.Errorf("%+v", s)
		}
		s := w.State(domain.KindStaff, sc.Coach).(*staff.State)
		for at, want := range map[string]int{"2017-02-28": 0, "2017-03-01T00:00:00+01:00": 1, "2017-03-10T23:59:59+01:00": 1, "2017-03-11T00:00:00+01:00": 0} {
			grants := s.GrantsAt(sc.Time(at))
			if len(grants) != want || want > 0 && (!grants[0].Opens(sc.Dossier) || grants[0].Opens(sc.Stranger)) {
				t.Errorf("%s: %v", at, grants)
			}
		}
	})
	t.Run("the team", func(t *testing.T) {
		w := office(t, "click-2017")
		dossiers := `"dossiers":["` + sc.Dossier + `"]`
		w.When("2017-03-01", "GrantAccess", with(access, dossiers, dossiers+`,"team":true`)).Refused("missing", domain.RuleForm)
		w.When("2017-03-01", "GrantAccess", with(access, dossiers, `"team":false`)).Refused("missing", domain.RuleForm)
		w.Given("2017-03-01", "GrantAccess", with(access, dossiers, `"team":true`))
		if g := w.State(domain.KindStaff, sc.Coach).(*staff.State).GrantsAt(sc.Time("2017-03-02")); len(g) != 1 || !g[0].Opens(sc.Stranger) {
			t.Error(g)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		w := office(t, "click-2017")
		w.When("2017-03-01", "GrantAccess", with(access, sc.Dossier, sc.Stranger)).Refused("unknown_dossier", "C-0a")
		w.When("2017-03-01", "GrantAccess", with(access, `"complaint"`, `"absence"`)).Refused("purpose_unknown", "C-I1")
		w.When("2017-03-01", "GrantAccess", with(access, "2017-03-10", "2017-02-28")).Refused("out_of_range", "C-2.7a")
		w.When("2017-03-01", "GrantAccess", with(access, `,"until":"2017-03-10"`, "")).Refused("missing", domain.RuleForm)
		w.When("2017-03-01", "GrantAccess", with(access, `"Marker"`, `""`)).Refused("missing", domain.RuleForm)
		w.Given("2017-03-01", "GrantAccess", access)
		w.When("2017-03-02", "GrantAccess", access).Refused("id_in_use", "C-2.7a")
		w.Door = "web"
		w.When("", "GrantAccess", with(access, sc.Hold, sc.Entry)).Refused("not_now", "C-2.7a")
		w.When("2017-03-02", "GrantAccess", with(access, sc.Hold, sc.Entry)).Refused("not_now", domain.RuleForm)
	})
}

func TestRevokeAccess_C_2_7a(t *testing.T) {
	revoke := `{"grant":"` + sc.Hold + `","staff":"` + sc.Coach + `","reason":"Marker"}`
	t.Run("at once", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-03-01", "GrantAccess", access)
		w.Given("2017-03-05", "RevokeAccess", revoke)
		s := w.State(domain.KindStaff, sc.Coach).(*staff.State)
		if len(s.GrantsAt(sc.Time("2017-03-04"))) != 1 || len(s.GrantsAt(sc.Time("2017-03-05"))) != 0 {
			t.Error(s.Grants)
		}
		w.When("2017-03-06", "RevokeAccess", revoke).Refused("grant_ended", "C-2.7a")
	})
	t.Run("before it began", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-02-20", "GrantAccess", access)
		w.Given("2017-02-21", "RevokeAccess", revoke)
		if s := w.State(domain.KindStaff, sc.Coach).(*staff.State); len(s.GrantsAt(sc.Time("2017-03-04"))) != 0 {
			t.Error(s.Grants)
		}
	})
	t.Run("one that exists", func(t *testing.T) {
		office(t, "click-2017").When("2017-03-05", "RevokeAccess", revoke).Refused("unknown_grant", "C-2.7a")
	})
}

func TestGrantMaintenance_C_2_7f(t *testing.T) {
	window := `{"grant":"` + sc.Hold + `","staff":"` + supplier + `","contract":"Marker","ticket":"T-9","from":"2017-03-01T20:00:00+01:00","until":"2017-03-02T02:00:00+01:00","approved_by":"` + director + `"}`
	t.Run("on a contract, for a window", func(t *testing.T) {
		w := office(t, "click-2017")
		for name, change := range map[string][2]string{
			"no_contract": {`"Marker"`, `" "`}, "no_ticket": {`"T-9"`, `""`},
			"no_window": {`,"until":"2017-03-02T02:00:00+01:00"`, ""}, "too_long": {`2017-03-02T02:00:00`, `2017-03-08T20:00:01`},
			"out_of_range": {`2017-03-02T02:00:00`, `2017-03-01T20:00:00`}, "not_authorised": {director, sc.Admin},
		} {
			w.When("2017-03-01", "GrantMaintenance", with(window, change[0], change[1])).Refused(name, "C-2.7f")
		}
		w.When("2017-03-01", "GrantMaintenance", with(window, `"contract":"Marker",`, "")).Refused("no_contract", "C-2.7f")
		w.When("2017-03-01", "GrantMaintenance", with(window, supplier, sc.Coach)).Refused("not_a_supplier", "C-2.7f")
		r := w.Given("2017-03-01", "GrantMaintenance", window)
		if !slices.Equal(r.Sections(), []string{"staff/person"}) {
			t.Error(r.Sections())
		}
		s := w.State(domain.KindStaff, supplier).(*staff.State)
		if g := s.GrantsAt(sc.Time("2017-03-01T21:00:00+01:00")); len(g) != 1 || !g[0].Maintenance || g[0].Opens(sc.Dossier) {
			t.Error(g)
		}
		if g := s.GrantsAt(sc.Time("2017-03-02T02:00:00+01:00")); len(g) != 0 {
			t.Error(g)
		}
	})
	t.Run("no standing access: a window never lasts longer than a week", func(t *testing.T) {
		w := office(t, "solutions-vpr")
		w.Given("2017-03-01", "GrantMaintenance", with(window, `2017-03-02T02:00:00`, `2017-03-08T20:00:00`))
		for _, g := range w.State(domain.KindStaff, supplier).(*staff.State).Grants {
			if g.Until.Sub(g.From) > 7*24*time.Hour {
				t.Error(g)
			}
		}
	})
	t.Run("ended before its time", func(t *testing.T) {
		w := office(t, "click-2017")
		w.Given("2017-03-01", "GrantMaintenance", window)
		w.Given("2017-03-01T21:00:00+01:00", "RevokeAccess", `{"grant":"`+sc.Hold+`","staff":"`+supplier+`"}`)
		if g := w.State(domain.KindStaff, supplier).(*staff.State).GrantsAt(sc.Time("2017-03-01T21:30:00+01:00")); len(g) != 0 {
			t.Error(g)
		}
	})
}
