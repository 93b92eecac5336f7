package all_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/handlers/commands"
	rt "github.com/casefile-engine/casefile/handlers/reactions/reactionstest"
)

// C-2.1.4b: the compliance officer hears of a look in an emergency at once, once,
// and never of one that an import brings; and again when nobody reviews it.
func TestALookInAnEmergencyIsRemindedOf_C_2_1_4b(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	d := w.Dossier(1, "2020-01-10")
	old := commands.Request{ID: uuid.NewString(), Agency: "click", Actor: rt.Coach, Command: "BreakGlass", Dossier: d, At: "2020-05-30T10:00:00Z",
		Data: json.RawMessage(`{"glass":"` + rt.ID(700) + `","reason":"crisis","minutes":30}`)}
	if o := w.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}, old); o.Outcome != commands.Accepted {
		t.Fatalf("%+v", o)
	}
	w.Do("ReviewBreakGlass", d, "2020-06-01T09:00:00Z", m{"glass": rt.ID(700), "finding": "justified"})
	w.Want(reminder.TypeRaised, 0)

	w.Live("BreakGlass", d, m{"glass": rt.ID(701), "reason": "crisis", "minutes": 30})
	c := w.Want(reminder.TypeRaised, 1)[0]
	e := rt.Event[reminder.Raised](t, c)
	if e.Kind != "break_glass_review" || e.Dossier != d || e.Ref != rt.ID(701) || e.Stage != reminder.StageNew || e.Due.String() != "2020-06-08" ||
		e.Role != "compliance_officer" || !slices.Equal(e.For, []string{rt.Coach}) || c.Envelope.Purpose != "audit" {
		t.Errorf("%+v %+v", e, c.Envelope)
	}
	// Neither a restart nor views that are built anew raise it again.
	w.Restart(true)
	if err := w.Views.Rebuild(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	w.Want(reminder.TypeRaised, 1)
	w.Set("2020-06-05T10:00:00Z")
	if e := rt.Event[reminder.Raised](t, w.Want(reminder.TypeRaised, 2)[1]); e.Ref != rt.ID(701) || e.Stage != reminder.StageComing {
		t.Errorf("%+v", e)
	}
	w.Set("2020-06-09T10:00:00Z")
	if e := rt.Event[reminder.Raised](t, w.Want(reminder.TypeRaised, 3)[2]); e.Stage != reminder.StageOverdue {
		t.Errorf("%+v", e)
	}
}
