package all_test

import (
	"encoding/json"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/reactions/all"
	rt "github.com/casefile-engine/casefile/handlers/reactions/reactionstest"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/reminders"
)

type m = rt.M

// Every reaction reads events that exist, and no two share a name: command ids
// and checkpoints follow from it.
func TestTheListIsWhole(t *testing.T) {
	var known, names []string
	for _, s := range catalog.Events() {
		known = append(known, s.Type)
	}
	list := all.List()
	for _, r := range list.Reactions {
		names = append(names, r.Name())
		for _, typ := range r.Reads() {
			if !slices.Contains(known, typ) {
				t.Errorf("%s reads %s, which is no event", r.Name(), typ)
			}
		}
	}
	for _, r := range list.Timers {
		names = append(names, r.Name())
	}
	slices.Sort(names)
	if n := len(names); len(slices.Compact(names)) != n {
		t.Errorf("two have one name: %v", names)
	}
}

// Every folder beside this one that answers something stands in the list.
func TestEveryReactionIsInTheList(t *testing.T) {
	var have []string
	for _, r := range all.List().Reactions {
		have = append(have, path.Base(reflect.TypeOf(r).PkgPath()))
	}
	for _, r := range all.List().Timers {
		have = append(have, path.Base(reflect.TypeOf(r).PkgPath()))
	}
	folders, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range folders {
		if f.IsDir() && f.Name() != "all" && f.Name() != "reactionstest" && !slices.Contains(have, f.Name()) {
			t.Errorf("handlers/reactions/%s is not in the list", f.Name())
		}
	}
}

// What can be reminded of are the deadlines of the register, and the end of a view.
func TestRemindersKnowEveryDeadline(t *testing.T) {
	for _, k := range []string{deadlines.KindRequest, deadlines.KindBreach, deadlines.KindIndirectNotice, deadlines.KindHandout, deadlines.KindRecipientNotice,
		deadlines.KindClientNotice, deadlines.KindComplaint, deadlines.KindPaper, deadlines.KindDestruction, deadlines.KindBreakGlass} {
		if !slices.Contains(reminder.Kinds, k) {
			t.Errorf("%s cannot be reminded of", k)
		}
	}
	if len(reminder.Kinds) != 11 {
		t.Errorf("another kind than a deadline or a view: %v", reminder.Kinds)
	}
}

// C-0g, S-Toe1: 56 days after guidance ended the engine ends the assignments,
// once, and neither earlier nor where guidance goes on.
func TestAssignmentsEndWithTheNeed_C_0g(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	ended, open := w.Dossier(1, "2020-01-10"), w.Dossier(2, "2020-01-10")
	w.Do("EndTrajectory", ended, "2020-03-31T10:00:00Z", m{"trajectory": "T-B", "ended_on": "2020-03-31", "outcome": "work"})

	w.Set("2020-05-26T10:00:00Z") // the last day: 31 March and 56 days
	w.Want(dossier.TypeStaffUnassigned, 0)
	w.Set("2020-05-26T22:00:30Z") // midnight in Amsterdam has passed
	c := w.Want(dossier.TypeStaffUnassigned, 1)[0]
	if e := c.Envelope; e.AggregateID != ended || e.Actor != domain.Engine || e.Door != "engine" || e.RecordedBy != domain.Engine || e.Purpose != "retention" {
		t.Errorf("%+v", e)
	}
	assigned := func(id string) (yes bool) {
		err := w.Engine.Commands.State(t.Context(), domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: id}, func(s any, _ uint64) error {
			yes = s.(*dossier.State).AssignedAt(rt.Coach, rt.At("2020-06-01T10:00:00Z"))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return yes
	}
	if assigned(ended) || !assigned(open) {
		t.Error("the wrong assignment ended")
	}
	// What the engine did stands in nobody's way: older history still comes in in order.
	w.Do("PlaceHold", ended, "2020-04-02T10:00:00Z", m{"hold": rt.ID(400), "classes": []string{"dossier"}, "reason": "geschil"})
	// Neither another day nor a restart ends it again.
	w.Set("2020-06-20T10:00:00Z")
	w.Restart(true)
	w.Want(dossier.TypeStaffUnassigned, 1)
	// Who is assigned after the end, for a report, has as many days from then.
	w.Live("AssignStaff", ended, m{"staff": rt.Coach, "capacity": "co"})
	w.Set("2020-08-15T10:00:00Z")
	w.Want(dossier.TypeStaffUnassigned, 1)
	w.Set("2020-08-16T10:00:00Z")
	w.Want(dossier.TypeStaffUnassigned, 2)
}

// C-4b, requirements §6: another version dates the dossiers anew, by events that
// say why: at once when it holds already, else on the day on which it takes effect.
func TestARegulationTakesEffect_C_4b(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	a, b := w.Dossier(1, "2020-01-10"), w.Dossier(2, "2020-01-11")
	w.Live("AdoptRegulation", "", m{"profile": "solutions-vpr", "version": 1, "effective_from": "2020-07-01"})
	w.Want(dossier.TypeRedated, 0)
	w.Set("2020-06-30T21:59:00Z")
	w.Want(dossier.TypeRedated, 0)
	w.Set("2020-06-30T22:00:30Z") // the first of July in Amsterdam
	var got []string
	for _, c := range w.Want(dossier.TypeRedated, 2) {
		e := rt.Event[dossier.Redated](t, c)
		got = append(got, c.Envelope.AggregateID)
		if e.Reason != "new_regulation" || e.Profile != "solutions-vpr" || e.PreviousProfile != "click-2017" || c.Envelope.Purpose != "retention" || c.Envelope.Actor != domain.Engine {
			t.Errorf("%+v %+v", e, c.Envelope)
		}
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values([]string{a, b}))) {
		t.Errorf("dated anew: %v", got)
	}
	// One that is adopted for a day that has come: at once, with its cause.
	o := w.Live("AdoptRegulation", "", m{"profile": "click-2017", "version": 1, "effective_from": "2020-07-01"})
	commits := w.Want(dossier.TypeRedated, 4)
	adopted, err := w.Store.At(t.Context(), o.Position)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range commits[2:] {
		if c.Envelope.CausationID != adopted.Envelope.Data.Events[0].ID || c.Envelope.CorrelationID != adopted.Envelope.CommandID {
			t.Errorf("caused by %q in %q", c.Envelope.CausationID, c.Envelope.CorrelationID)
		}
	}
	w.Restart(true)
	w.Want(dossier.TypeRedated, 4)
}

// An import runs no reaction while it goes on, so that nothing comes between its
// lines; serve takes up what it brought.
func TestServeTakesUpWhatAnImportBrought_C_4b(t *testing.T) {
	w := rt.New(t, "2020-08-01T10:00:00Z", false)
	w.Office()
	w.Dossier(1, "2020-01-10")
	w.Do("AdoptRegulation", "", "2020-06-20T10:00:00Z", m{"profile": "solutions-vpr", "version": 1, "effective_from": "2020-07-01"})
	w.Dossier(2, "2020-07-10")
	w.Want(dossier.TypeRedated, 0)
	w.Restart(true)
	if c := w.Want(dossier.TypeRedated, 1)[0]; c.Envelope.AggregateID != rt.ID(101) {
		t.Errorf("%+v", c.Envelope)
	}
	// A dossier of before that day which a later import brings is taken up too.
	w.Restart(false)
	w.Dossier(3, "2020-02-10")
	w.Restart(true)
	w.Want(dossier.TypeRedated, 2)
}

// C-2.9.3b: a record in the wrong dossier is brought to the right one by the
// engine, under a look of its own; the wrong one keeps it shielded.
func TestAMovedRecordArrives_C_2_9_3b(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	wrong, right := w.Dossier(1, "2020-01-10"), w.Dossier(2, "2020-01-10")
	record, incident := rt.ID(500), rt.ID(501)
	w.Do("AddRecord", wrong, "2020-02-01T10:00:00Z", m{"record": record, "category": "plan", "title": "Plan", "text": "Eerste tekst zonnebloem.", "source": "client", "trajectory": "T-B"})
	w.Do("CorrectRecord", wrong, "2020-02-02T10:00:00Z", m{"record": record, "replacement": m{"text": "Verbeterde tekst."}, "reason": "verschreven"})
	w.Do("CompleteRecord", wrong, "2020-02-03T10:00:00Z", m{"record": record, "statement": "Zo zie ik het.", "by": "client"})
	w.Do("AttachDocument", wrong, "2020-02-04T10:00:00Z", m{"document": rt.ID(502), "record": record, "name": "plan.txt", "media_type": "text/plain", "content": "aGFsbG8="})
	moved := w.Live("MoveRecord", wrong, m{"record": record, "to_dossier": right, "incident": incident})

	added := w.Want(dossier.TypeRecordAdded, 2)[1]
	e := rt.Event[dossier.RecordAdded](t, added)
	cause, err := w.Store.At(t.Context(), moved.Position)
	if err != nil {
		t.Fatal(err)
	}
	if x := added.Envelope; x.AggregateID != right || e.Category != "plan" || e.Source != "client" || e.Trajectory != "" || e.ObtainedOn.String() != "2020-02-01" ||
		x.Purpose != "incident" || x.CausationID != cause.Envelope.Data.Events[0].ID {
		t.Errorf("%+v %+v", e, x)
	}
	if c := w.Want(dossier.TypeRecordCompleted, 2)[1]; c.Envelope.AggregateID != right || rt.Event[dossier.RecordCompleted](t, c).Record != e.Record {
		t.Errorf("%+v", c.Envelope)
	}
	if c := w.Want(dossier.TypeDocumentAttached, 2)[1]; c.Envelope.AggregateID != right || rt.Event[dossier.DocumentAttached](t, c).Size != 5 {
		t.Errorf("%+v", c.Envelope)
	}
	look := rt.Event[access.Recorded](t, w.Want(access.TypeRecorded, 1)[0])
	if look.Purpose != "incident" || look.Ground != "engine" || !slices.Equal(look.Dossiers, []string{wrong}) || !slices.Equal(look.Categories, []domain.Category{"plan"}) {
		t.Errorf("the look: %+v", look)
	}
	if p := w.Commits(access.TypeRecorded)[0].Position; p >= added.Position || p < moved.Position {
		t.Errorf("the look at %d, the record at %d", p, added.Position)
	}
	text := func(id string) string {
		r := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "incident", Action: "view", After: added.Position}
		v, err := w.Queries.Dossier(t.Context(), r, id, queries.DossierOptions{Open: true})
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if s := text(right); !strings.Contains(s, "Verbeterde tekst.") || !strings.Contains(s, "Zo zie ik het.") || strings.Contains(s, "zonnebloem") {
		t.Error("the record does not stand in the right dossier as it was")
	}
	if s := text(wrong); strings.Contains(s, "Verbeterde tekst.") || strings.Contains(s, "zonnebloem") {
		t.Error("the wrong dossier still shows the record")
	}
	w.Restart(true)
	w.Want(dossier.TypeRecordAdded, 2)
}

// What the right dossier may not hold is refused there as for anybody (L-9): it
// is put aside with the reason, and done once the reason is gone.
func TestAMovedRecordWaitsForConsent_C_2_9_3b(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	wrong, right := w.Dossier(1, "2020-01-10"), w.Dossier(2, "2020-01-10")
	consent := m{"consent": rt.ID(600), "for": "record", "categories": []string{"medical"}, "purpose": "guidance", "explicit": true, "evidence": "handtekening"}
	w.Do("GiveConsent", wrong, "2020-02-01T09:00:00Z", consent)
	w.Do("AddRecord", wrong, "2020-02-01T10:00:00Z", m{"record": rt.ID(601), "category": "medical", "title": "Brief", "text": "Rug.", "source": "client", "necessity": "belastbaarheid"})
	w.Live("MoveRecord", wrong, m{"record": rt.ID(601), "to_dossier": right, "incident": rt.ID(602)})
	w.Want(dossier.TypeRecordAdded, 1)
	dead, err := w.Reactions.DeadLetters(t.Context())
	if err != nil || len(dead) != 1 || dead[0].Reaction != "moved-records" || dead[0].Code == "" || dead[0].Rule == "" || dead[0].Type != dossier.TypeRecordMoved {
		t.Fatalf("put aside: %+v, %v", dead, err)
	}
	if err := w.Reactions.Retry(t.Context(), dead[0]); domain.AsError(err) == nil || domain.AsError(err).Code != dead[0].Code {
		t.Errorf("tried too early: %v", err)
	}
	consent["consent"] = rt.ID(603)
	w.Do("GiveConsent", right, "2020-05-01T09:00:00Z", consent)
	if err := w.Reactions.Retry(t.Context(), dead[0]); err != nil {
		t.Fatal(err)
	}
	w.Want(dossier.TypeRecordAdded, 2)
	if dead, err = w.Reactions.DeadLetters(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("still put aside: %+v, %v", dead, err)
	}
}

// L-19, L-33: a breach and the recipients of what was corrected are reminded of
// at once, by name of what and for whom, and never of an imported correction.
func TestWhatHasArisenIsRemindedOf_L_19(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	d := w.Dossier(1, "2020-01-10")
	record, disclosure := rt.ID(700), rt.ID(701)
	w.Do("AddRecord", d, "2020-02-01T10:00:00Z", m{"record": record, "category": "plan", "title": "Plan", "text": "Tekst.", "source": "client"})
	w.Do("Disclose", d, "2020-02-02T10:00:00Z", m{"disclosure": disclosure, "recipient": rt.UWV, "recipient_person": "mw. Bakker", "address_used": "postbus 1",
		"categories": []string{"plan"}, "records": []string{record}, "ground": "guidance", "evidence": m{"necessity": "opdracht"}, "purpose": "guidance", "channel": "letter"})
	w.Do("CompleteRecord", d, "2020-03-01T10:00:00Z", m{"record": record, "statement": "Anders.", "by": "client"})
	stage := func(want int, stage string) (out []reminder.Raised) {
		w.Settle()
		for _, c := range w.Commits(reminder.TypeRaised) {
			if e := rt.Event[reminder.Raised](t, c); e.Stage == stage {
				out = append(out, e)
			}
		}
		if len(out) != want {
			t.Fatalf("%d reminders %s, want %d: %+v", len(out), stage, want, out)
		}
		return out
	}
	stage(0, reminder.StageNew)
	w.Live("CorrectRecord", d, m{"record": record, "replacement": m{"text": "Beter."}, "reason": "fout"})
	e := stage(1, reminder.StageNew)[0]
	if e.Kind != "recipient_notice" || e.Ref != disclosure || e.Item != record || e.Due.String() != "2020-06-29" || !slices.Equal(e.For, []string{rt.Coach}) {
		t.Errorf("%+v", e)
	}
	w.Live("ReportIncident", "", m{"incident": rt.ID(702), "discovered_at": "2020-06-01T08:00:00Z", "kind": "wrong_recipient", "dossiers": []string{d}})
	if e := stage(2, reminder.StageNew)[1]; e.Kind != "breach" || e.Dossier != d || e.Role != "compliance_officer" || e.Due.String() != "2020-06-04" {
		t.Errorf("%+v", e)
	}
}

// C-2.9.1: a deadline is reminded of a week before its last day and
// once it has passed, each once, whoever looks and however often.
func TestDeadlinesAreRemindedOf_C_2_9_1(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	d := w.Dossier(1, "2020-05-20")
	w.Do("ReceiveRequest", d, "2020-05-25T10:00:00Z", m{"request": rt.ID(800), "kind": "access", "by": "client", "channel": "oral", "received_on": "2020-05-25"})
	w.Set("2020-06-14T12:00:00Z") // due on 22 June: 8 days before
	w.Want(reminder.TypeRaised, 0)
	w.Set("2020-06-15T12:00:00Z")
	c := w.Want(reminder.TypeRaised, 1)[0]
	e := rt.Event[reminder.Raised](t, c)
	if e.Kind != "request" || e.Ref != rt.ID(800) || e.Stage != reminder.StageComing || e.Due.String() != "2020-06-22" || c.Envelope.Purpose != "rights_request" {
		t.Errorf("%+v", e)
	}
	w.Set("2020-06-22T12:00:00Z")
	w.Want(reminder.TypeRaised, 1)
	w.Set("2020-06-23T12:00:00Z")
	if e := rt.Event[reminder.Raised](t, w.Want(reminder.TypeRaised, 2)[1]); e.Stage != reminder.StageOverdue {
		t.Errorf("%+v", e)
	}
	w.Set("2020-07-01T12:00:00Z")
	w.Restart(true)
	w.Want(reminder.TypeRaised, 2)
	// A rebuild of the views raises none again.
	if err := w.Views.Rebuild(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	w.Want(reminder.TypeRaised, 2)
	if got := reminded(t, w, d); !slices.Equal(got, []string{"coming overdue", "overdue overdue"}) {
		t.Errorf("the register of reminders: %v", got)
	}
	// They stand in the dossier's timeline, in stream order, as of their day.
	if lines := remindedLines(t, w, d, ""); len(lines) != 2 || lines[0] >= lines[1] {
		t.Errorf("the timeline: %v", lines)
	}
	if lines := remindedLines(t, w, d, "2020-06-16T12:00:00Z"); len(lines) != 1 {
		t.Errorf("the timeline as of the day after the first: %v", lines)
	}
	// Reminders stand beside the dossier: it is written in as if there were none.
	w.Do("GiveConsent", d, "2020-05-26T09:00:00Z", m{"consent": rt.ID(801), "for": "disclose", "categories": []string{"plan"}, "recipient": rt.UWV, "purpose": "guidance", "explicit": true, "evidence": "formulier"})
}

// S-Bev1: of a day on which a cabinet was not attested the engine reminds as long
// as it can still be attested, and of none of the years before an import.
func TestRemindersOfCabinetsEndWhenNobodyCanAttest_S_Bev1(t *testing.T) {
	w := rt.New(t, "2020-06-02T10:00:00Z", false)
	w.Office()
	w.Do("AdoptRegulation", "", "2019-01-01T09:00:00Z", m{"profile": "solutions-vpr", "version": 1, "effective_from": "2019-01-02"})
	d := w.Dossier(1, "2019-06-03")
	w.Do("RegisterVolume", d, "2019-06-03T10:00:00Z", m{"volume": rt.ID(700), "cabinet": "K1"})
	w.Restart(true)
	w.Settle()
	list := w.Commits(reminder.TypeRaised)
	if len(list) == 0 || len(list) > 31 {
		t.Fatalf("%d reminders", len(list))
	}
	for _, c := range list {
		if e := rt.Event[reminder.Raised](t, c); e.Kind != "paper" || e.Ref != "K1" || e.Due.String() < "2020-05-02" || e.Stage != reminder.StageOverdue {
			t.Errorf("%+v", e)
		}
	}
}

// reminded are the stage and the status of each row of a dossier's register of
// reminders, about requests.
func reminded(t *testing.T, w *rt.World, dossier string) (out []string) {
	t.Helper()
	r := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "guidance", Action: "export"}
	err := w.Queries.Export(t.Context(), r, queries.ExportOptions{Register: "reminders", Dossier: dossier}, func(row any) error {
		if x := row.(reminders.Row); x.Kind == "request" && x.Reminder != "" && x.Role != "" {
			out = append(out, x.Stage+" "+x.Status)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// remindedLines are the positions of the reminders about requests in a dossier's
// timeline, which is in stream order.
func remindedLines(t *testing.T, w *rt.World, dossier, asOf string) (out []uint64) {
	t.Helper()
	var o queries.DossierOptions
	if asOf != "" {
		at, err := time.Parse(time.RFC3339, asOf)
		if err != nil {
			t.Fatal(err)
		}
		o.AsOf = &at
	}
	r := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "guidance", Action: "view"}
	v, err := w.Queries.Dossier(t.Context(), r, dossier, o)
	if err != nil {
		t.Fatal(err)
	}
	last := uint64(0)
	for _, e := range v.Timeline {
		if e.Position < last {
			t.Errorf("the line at %d stands after that at %d", e.Position, last)
		}
		last = e.Position
		if e.Type == reminder.TypeRaised && strings.Contains(string(e.Clear), `"request"`) {
			out = append(out, e.Position)
		}
	}
	return out
}

// C-2.7b, L-7: a third party's view whose consent was withdrawn is ended by the
// engine, once; one that holds is left, and its end announced.
func TestViewsEndWithTheirConsent_C_2_7b(t *testing.T) {
	w := rt.New(t, "2020-06-01T10:00:00Z", true)
	w.Office()
	d := w.Dossier(1, "2020-05-20")
	w.Do("AddRecord", d, "2020-05-21T10:00:00Z", m{"record": rt.ID(900), "category": "plan", "title": "Plan", "text": "Tekst.", "source": "client"})
	for i := range 2 {
		w.Do("GiveConsent", d, "2020-05-22T10:00:00Z", m{"consent": rt.ID(901 + i), "for": "view", "categories": []string{"plan"}, "recipient": rt.UWV, "purpose": "guidance", "explicit": true, "evidence": "formulier"})
	}
	for i := range 2 {
		w.Live("GrantThirdPartyView", d, m{"view": rt.ID(910 + i), "recipient": rt.UWV, "viewer": "mw. Bakker", "records": []string{rt.ID(900)}, "purpose": "guidance", "consent": rt.ID(901 + i), "until": "2020-07-15"})
	}
	w.Set("2020-06-20T10:00:00Z")
	w.Want(dossier.TypeViewEnded, 0)
	w.Live("WithdrawConsent", d, m{"consent": rt.ID(901)})
	w.Set("2020-07-10T10:00:00Z")
	if e := rt.Event[dossier.ViewEnded](t, w.Want(dossier.TypeViewEnded, 1)[0]); e.View != rt.ID(910) {
		t.Errorf("%+v", e)
	}
	if e := rt.Event[reminder.Raised](t, w.Want(reminder.TypeRaised, 1)[0]); e.Kind != reminder.KindView || e.Ref != rt.ID(911) || e.Due.String() != "2020-07-15" {
		t.Errorf("%+v", e)
	}
	w.Restart(true)
	w.Want(dossier.TypeViewEnded, 1)
}
