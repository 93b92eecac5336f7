package dossier_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
)

const aGlass = "30000000-0000-4000-8000-000000000001"

func glass(minutes string) string {
	return `{"glass":"` + aGlass + `","reason":"Marker","minutes":` + minutes + `}`
}

func review(finding, more string) string {
	return `{"glass":"` + aGlass + `","finding":"` + finding + `"` + more + `}`
}

// C-0d, S-Toe2: whoever is not assigned looks with a reason, for no longer than
// the regulation allows, and it is on record from when to when.
func TestBreakGlass_C_0d(t *testing.T) {
	for profile, rule := range map[string]string{click: "C-0d", solutions: "S-Toe2"} {
		t.Run(profile, func(t *testing.T) {
			w := sc.Opened(t, profile)
			w.When("2017-03-01", "BreakGlass", glass("241")).Refused("glass_too_long", rule)
			w.When("2017-03-01", "BreakGlass", strings.Replace(glass("60"), "Marker", " ", 1)).Refused("reason_missing", rule)
			w.When("2017-03-01", "BreakGlass", `{"glass":"`+aGlass+`","minutes":60}`).Refused("reason_missing", rule)
			w.When("2017-03-01", "BreakGlass", glass("0")).Refused("missing", domain.RuleForm)
			w.When("2017-03-01", "BreakGlass", glass("-1")).Refused("out_of_range", domain.RuleForm)

			r := w.Given("2017-03-01", "BreakGlass", glass("240"))
			e := r.Facts[0].Event.(*dossier.GlassBroken)
			at := sc.Time("2017-03-01")
			if e.Staff != sc.Coach || !e.From.Equal(at) || e.Until.Sub(at) != 4*time.Hour || len(r.Warnings) != 0 {
				t.Errorf("%+v %v", e, r.Warnings)
			}
			if !slices.Equal(r.Sections(), []string{"file/dossier"}) {
				t.Error(r.Sections())
			}
			for instant, want := range map[time.Duration]bool{-time.Second: false, 0: true, 4*time.Hour - time.Second: true, 4 * time.Hour: false} {
				if got := state(w).BrokenBy(sc.Coach, at.Add(instant)); got != want {
					t.Errorf("after %s: %v", instant, got)
				}
			}
			if state(w).BrokenBy(sc.Admin, at) {
				t.Error("the glass is open for somebody else")
			}
			w.When("2017-03-02", "BreakGlass", glass("5")).Refused("id_in_use", rule)
		})
	}
}

// Who is assigned needs no glass, and is told so: while the assignment gives
// access, and no longer (C-0g).
func TestBreakGlassOfWhoIsAssigned_C_0g(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-02", "AssignStaff", `{"staff":"`+sc.Coach+`","capacity":"co"}`)
	w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
	if r := w.Given("2017-03-01", "BreakGlass", glass("5")); !slices.Equal(r.Warnings, []string{dossier.WarnAssigned}) {
		t.Error(r.Warnings)
	}
	w.Given("2017-03-31", "EndTrajectory", `{"trajectory":"T-1","ended_on":"2017-03-31","outcome":"work"}`)
	if r := w.Given("2017-07-01", "BreakGlass", strings.Replace(glass("5"), aGlass, sc.Hold, 1)); len(r.Warnings) != 0 {
		t.Error(r.Warnings)
	}
}

// Catalogue §2: it takes place now. What is wrong with the question is answered
// alike whether or not there is such a dossier, so that a refusal tells nobody
// who is not assigned which dossiers there are.
func TestBreakGlassTellsNothingOfTheDossier_C_0d(t *testing.T) {
	here, nowhere := sc.Opened(t, click), sc.Begin(t, click)
	for _, w := range []*sc.World{here, nowhere} {
		w.Door = "api"
		w.When("2017-01-15", "BreakGlass", glass("60")).Refused("not_now", domain.RuleForm)
		w.When("2027-01-15", "BreakGlass", glass("60")).Refused("in_future", domain.RuleForm)
		w.When("", "BreakGlass", glass("1000")).Refused("glass_too_long", "C-0d")
	}
	here.Given("", "BreakGlass", glass("60"))
	r := nowhere.When("", "BreakGlass", glass("60"))
	r.Refused("unknown_dossier", "C-0a")
	if r.Err.Kind != domain.KindNotFound {
		t.Error(r.Err.Kind)
	}
	// The answer is that of any other command on a dossier that is not there.
	if other := nowhere.When("", "PlaceHold", `{"hold":"`+sc.Hold+`","classes":["dossier"],"reason":"r"}`); *other.Err != *r.Err {
		t.Errorf("%v and %v", other.Err, r.Err)
	}
}

// C-2.1.4b: every look in an emergency is looked into, once, and never by
// whoever looked.
func TestReviewBreakGlass_C_2_1_4b(t *testing.T) {
	broken := func(t *testing.T) *sc.World {
		w := sc.Opened(t, click)
		w.Given("2017-03-01", "BreakGlass", glass("60"))
		return w
	}
	t.Run("by somebody else", func(t *testing.T) {
		w := broken(t)
		w.When("2017-03-02", "ReviewBreakGlass", review("justified", "")).Refused("own_glass", "C-2.1.4b")
		w.Actor = sc.Admin
		w.When("2017-03-02", "ReviewBreakGlass", strings.Replace(review("justified", ""), aGlass, sc.Hold, 1)).Refused("unknown_glass", "C-2.1.4b")
		w.When("2017-03-02", "ReviewBreakGlass", review("fine", "")).Refused("unknown_code", domain.RuleForm)
		r := w.Given("2017-03-02", "ReviewBreakGlass", review("justified", `,"text":"Marker"`))
		if e := r.Facts[0].Event.(*dossier.GlassReviewed); e.Glass != aGlass || e.Finding != dossier.Justified || e.Incident != "" || len(r.Warnings) != 0 {
			t.Errorf("%+v %v", e, r.Warnings)
		}
		if !slices.Equal(r.Sections(), []string{"file/dossier"}) || !state(w).Glasses[aGlass].Reviewed.Equal(sc.Time("2017-03-02")) {
			t.Error(r.Sections(), state(w).Glasses[aGlass])
		}
		w.When("2017-03-03", "ReviewBreakGlass", review("not_justified", "")).Refused("glass_reviewed", "C-2.1.4b")
	})
	t.Run("what was not justified is an incident L-33", func(t *testing.T) {
		w := broken(t)
		w.Actor = sc.Admin
		if r := w.Given("2017-03-02", "ReviewBreakGlass", review("not_justified", "")); !slices.Equal(r.Warnings, []string{dossier.WarnIncidentMissing}) || len(r.Sections()) != 0 {
			t.Error(r.Warnings, r.Sections())
		}
		w = broken(t)
		w.Actor = sc.Admin
		r := w.Given("2017-03-02", "ReviewBreakGlass", review("not_justified", `,"incident":"`+sc.Hold+`"`))
		if e := r.Facts[0].Event.(*dossier.GlassReviewed); e.Incident != sc.Hold || len(r.Warnings) != 0 {
			t.Errorf("%+v %v", e, r.Warnings)
		}
	})
	t.Run("before the time has run out", func(t *testing.T) {
		w := broken(t)
		w.Actor = sc.Admin
		if r := w.Given("2017-03-01", "ReviewBreakGlass", review("justified", "")); !slices.Equal(r.Warnings, []string{dossier.WarnGlassRuns}) {
			t.Error(r.Warnings)
		}
	})
}
