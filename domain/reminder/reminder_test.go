package reminder_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/reminder"
)

func engine(t *testing.T) *sc.World {
	t.Helper()
	w := sc.Opened(t, "click-2017")
	w.Given("2017-02-01", "AssignStaff", `{"staff":"`+sc.Coach+`","capacity":"responsible"}`)
	w.Actor, w.Door, w.NameDossier = domain.Engine, "engine", true
	return w
}

const due = `{"kind":"handout","ref":"` + sc.Dossier + `","due":"2017-02-01","stage":"overdue"}`

// X-5, C-I4: the engine reminds whoever is responsible for the dossier.
func TestAReminderIsForWhoIsResponsible(t *testing.T) {
	w := engine(t)
	e := w.Given("", "RaiseReminder", due).Facts[0].Event.(*reminder.Raised)
	if e.Dossier != sc.Dossier || !slices.Equal(e.For, []string{sc.Coach}) || e.Role != "administration" || e.Stage != "overdue" {
		t.Fatalf("%+v", e)
	}
	if w.State(domain.KindReminder, sc.Dossier) == nil {
		t.Error("it does not stand with the reminders of its dossier")
	}
	// A request is for whom the regulation names (requirements §6).
	e = w.Given("", "RaiseReminder", `{"kind":"request","ref":"`+sc.Entry+`","due":"2026-06-20","stage":"coming"}`).Facts[0].Event.(*reminder.Raised)
	if e.Role == "" {
		t.Errorf("%+v", e)
	}
	// What belongs to no dossier is the agency's.
	w.NameDossier = false
	e = w.Given("", "RaiseReminder", `{"kind":"paper","ref":"kast 1","item":"cabinet","due":"2026-05-29","stage":"overdue"}`).Facts[0].Event.(*reminder.Raised)
	if e.Dossier != "" || len(e.For) != 0 {
		t.Errorf("%+v", e)
	}
}

func TestOnlyTheEngineReminds(t *testing.T) {
	w := engine(t)
	w.Actor, w.Door = sc.Coach, "api"
	w.When("", "RaiseReminder", due).Refused("engine_only", domain.RuleForm)
	w.Actor, w.Door = domain.Engine, "import" // an import may name any actor
	w.When("", "RaiseReminder", due).Refused("engine_only", domain.RuleForm)
	w.Actor, w.Door = domain.Engine, "engine"
	w.When("2026-05-01", "RaiseReminder", due).Refused("not_now", domain.RuleForm)
	w.When("", "RaiseReminder", `{"kind":"birthday","ref":"x","due":"2017-02-01","stage":"new"}`).Refused("unknown_code", domain.RuleForm)
	w.When("", "RaiseReminder", `{"kind":"paper","ref":"Jan Jansen, tel. 06","due":"2017-02-01","stage":"new"}`).Refused("invalid_ref", domain.RuleForm)
	w2 := sc.Begin(t, "click-2017")
	w2.Actor, w2.Door, w2.NameDossier = domain.Engine, "engine", true
	w2.When("", "RaiseReminder", due).Refused("unknown_dossier", "C-0a")
}
