package dossier_test

import (
	"fmt"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

func TestAssignStaff_C_0d_S_Toe1(t *testing.T) {
	assign := func(more string) string { return `{"staff":"` + sc.Coach + `"` + more + `}` }
	t.Run("gives access from the assignment to its end", func(t *testing.T) {
		w := sc.Opened(t, solutions)
		w.Given("2017-02-02", "AssignStaff", assign(""))
		w.Given("2017-03-01", "UnassignStaff", assign(""))
		s := state(w)
		for at, want := range map[string]bool{"2017-02-01": false, "2017-02-02": true, "2017-02-28": true, "2017-03-01": false} {
			if got := s.AssignedAt(sc.Coach, sc.Time(at)); got != want {
				t.Errorf("assigned on %s: %v", at, got)
			}
		}
	})
	t.Run("by days, both included", func(t *testing.T) {
		w := sc.Opened(t, solutions)
		w.Given("2017-02-02", "AssignStaff", assign(`,"capacity":"replacement","from":"2017-02-10","until":"2017-02-11"`))
		s := state(w)
		for at, want := range map[string]bool{"2017-02-09T22:59:59Z": false, "2017-02-09T23:00:00Z": true, "2017-02-11T22:59:59Z": true, "2017-02-11T23:00:00Z": false} {
			if got := s.AssignedAt(sc.Coach, sc.Time(at)); got != want {
				t.Errorf("assigned at %s: %v", at, got)
			}
		}
	})
	t.Run("not without a role that works with dossiers", func(t *testing.T) {
		sc.Opened(t, solutions).When("2017-02-02", "AssignStaff", `{"staff":"`+sc.Admin+`"}`).Refused("no_dossier_role", "C-0d")
	})
	t.Run("not before the role was granted", func(t *testing.T) {
		w := sc.Opened(t, solutions)
		w.Given("2017-02-05", "RevokeRole", `{"staff":"`+sc.Coach+`","role":"coach"}`)
		w.When("2017-02-06", "AssignStaff", assign("")).Refused("no_dossier_role", "C-0d")
	})
	t.Run("not somebody unknown", func(t *testing.T) {
		sc.Opened(t, solutions).When("2017-02-02", "AssignStaff", `{"staff":"`+sc.Stranger+`"}`).Refused("unknown_staff", "C-2.7e")
	})
	t.Run("not twice", func(t *testing.T) {
		w := sc.Opened(t, solutions)
		w.Given("2017-02-02", "AssignStaff", assign(""))
		w.When("2017-02-03", "AssignStaff", assign("")).Refused("already_assigned", "C-0d")
	})
	t.Run("not backdated outside the import", func(t *testing.T) {
		w := sc.Opened(t, solutions)
		w.Door = "web"
		w.When("", "AssignStaff", assign(`,"from":"2017-03-01"`)).Refused("not_now", "C-0d")
		w.Given("", "AssignStaff", assign(`,"from":"2026-06-01"`))
	})
	t.Run("nothing to end", func(t *testing.T) {
		sc.Opened(t, solutions).When("2017-02-02", "UnassignStaff", assign("")).Refused("not_assigned", "S-Toe1")
	})
}

func TestTrajectories_C_2_5b(t *testing.T) {
	t.Run("its number is no BSN L-U46", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-02", "StartTrajectory", `{"trajectory":"111222333"}`).Refused("trajectory_is_bsn", "L-U46")
	})
	t.Run("its number has its form", func(t *testing.T) {
		sc.Opened(t, click).When("2017-02-02", "StartTrajectory", `{"trajectory":"Jan Jansen"}`).Refused("invalid_trajectory", domain.RuleForm)
	})
	t.Run("its number is not used twice C-1.2e", func(t *testing.T) {
		w := sc.Opened(t, click)
		w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
		w.When("2017-02-03", "StartTrajectory", `{"trajectory":"T-1"}`).Refused("trajectory_in_use", "C-1.2e")
	})
	t.Run("takes service and commissioner from the dossier", func(t *testing.T) {
		e := sc.Opened(t, click).Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1","agreement_until":"2018-01-01"}`).Facts[0].Event.(*dossier.TrajectoryStarted)
		if e.Service != "reintegration" || e.Commissioner != sc.UWV || e.StartedOn != nl.MustDate("2017-02-02") || e.AgreementUntil != nl.MustDate("2018-01-01") {
			t.Fatalf("%+v", e)
		}
	})
	end := func(day string) string { return `{"trajectory":"T-1","ended_on":"` + day + `","outcome":"work"}` }
	begun := func(t *testing.T) *sc.World {
		w := sc.Opened(t, click)
		w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
		return w
	}
	t.Run("ends, and guidance with it", func(t *testing.T) {
		w := begun(t)
		w.Given("2017-06-01", "EndTrajectory", end("2017-05-31"))
		if day, ok := state(w).GuidanceEnded(); !ok || day != nl.MustDate("2017-05-31") {
			t.Fatal(day, ok)
		}
		w.When("2017-06-02", "EndTrajectory", end("2017-06-01")).Refused("trajectory_not_open", "C-2.5b")
	})
	t.Run("does not end before its start", func(t *testing.T) {
		begun(t).When("2017-06-01", "EndTrajectory", end("2017-02-01")).Refused("before_start", "C-2.5b")
	})
	t.Run("does not end in the future", func(t *testing.T) {
		begun(t).When("2017-06-01", "EndTrajectory", end("2026-06-02")).Refused("in_future", "C-2.5b")
	})
	t.Run("an unknown one does not end", func(t *testing.T) {
		sc.Opened(t, click).When("2017-06-01", "EndTrajectory", end("2017-05-01")).Refused("unknown_trajectory", "C-0a")
	})
	t.Run("reopened, it clears the end and can end on an earlier day", func(t *testing.T) {
		w := begun(t)
		w.Given("2017-06-01", "EndTrajectory", end("2017-05-31"))
		w.Given("2017-07-01", "ReopenTrajectory", `{"trajectory":"T-1","reason":"relapse"}`)
		if _, ok := state(w).GuidanceEnded(); ok {
			t.Fatal("guidance has ended although a trajectory is open")
		}
		w.When("2017-07-02", "ReopenTrajectory", `{"trajectory":"T-1","reason":"again"}`).Refused("trajectory_open", "C-2.5b")
		w.Given("2017-07-03", "EndTrajectory", end("2017-04-30"))
		if day, _ := state(w).GuidanceEnded(); day != nl.MustDate("2017-04-30") {
			t.Fatal(day)
		}
	})
}

func TestLogHours_C_0b(t *testing.T) {
	w := sc.Opened(t, click)
	w.Given("2017-02-10", "StartTrajectory", `{"trajectory":"T-1"}`)
	w.Given("2017-05-01", "EndTrajectory", `{"trajectory":"T-1","ended_on":"2017-04-30","outcome":"work"}`)
	n := 0
	log := func(day, activity string) sc.Result {
		n++
		return w.When("2017-08-01", "LogHours", fmt.Sprintf(`{"entry":"f0000000-0000-4000-8000-%012d","trajectory":"T-1","date":%q,"minutes":45,"activity":%q,"note":"n"}`, n, day, activity))
	}
	log("2017-02-10", "conversation").Accepted()
	log("2017-04-30", "conversation").Accepted()
	log("2017-06-29", "aftercare").Accepted()
	log("2017-06-29", "report").Accepted()
	log("2017-06-29", "conversation").Refused("trajectory_not_open", "C-0b")
	log("2017-06-30", "report").Refused("trajectory_not_open", "C-0b")
	log("2017-02-09", "conversation").Refused("trajectory_not_open", "C-0b")
	log("2026-06-02", "report").Refused("in_future", "C-0b")
	log("2017-03-01", "golf").Refused("unknown_code", domain.RuleForm)

	entry := `"entry":"f0000000-0000-4000-8000-000000000001"`
	w.When("2017-08-01", "LogHours", `{`+entry+`,"trajectory":"T-1","date":"2017-03-01","minutes":45,"activity":"travel"}`).Refused("id_in_use", "C-0b")
	e := w.Given("2017-08-02", "CorrectHours", `{`+entry+`,"minutes":30,"reason":"typing"}`).Facts[0].Event.(*dossier.HoursCorrected)
	if e.Minutes != 30 || e.Previous != 45 {
		t.Fatalf("%+v", e)
	}
	w.When("2017-08-02", "CorrectHours", `{"entry":"`+sc.Entry[:len(sc.Entry)-2]+`99","minutes":30,"reason":"typing"}`).Refused("unknown_entry", "C-0b")
	w.When("2017-08-01", "LogHours", `{"entry":"`+sc.Record+`","trajectory":"T-1","date":"2017-03-01","minutes":5,"activity":"travel","worked_by":"`+sc.Stranger+`"}`).Refused("unknown_staff", "C-2.7e")
}

func TestHolds_C_2_5c(t *testing.T) {
	w := sc.Opened(t, click)
	place := `{"hold":"` + sc.Hold + `","classes":["medical","dossier"],"reason":"claim"}`
	e := w.Given("2017-03-01", "PlaceHold", place).Facts[0].Event.(*dossier.HoldPlaced)
	if e.Classes[0] != domain.ClassDossier {
		t.Fatalf("classes are in byte order: %v", e.Classes)
	}
	w.When("2017-03-02", "PlaceHold", place).Refused("id_in_use", "C-2.5c")
	w.When("2017-03-02", "PlaceHold", `{"hold":"`+sc.Entry+`","classes":["dossier"],"reason":"x","records":["`+sc.Record+`"]}`).Refused("unknown_record", "C-2.5c")
	w.When("2017-03-02", "LiftHold", `{"hold":"`+sc.Entry+`","reason":"over"}`).Refused("unknown_hold", "C-2.5c")
	w.Given("2017-03-02", "LiftHold", `{"hold":"`+sc.Hold+`","reason":"over"}`)
	w.When("2017-03-03", "LiftHold", `{"hold":"`+sc.Hold+`","reason":"over"}`).Refused("hold_lifted", "C-2.5c")
}
