package engine_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// told is a dossier with a history to replay, and everybody who may ask for it.
type told struct {
	*engine.Engine
	t                                          *testing.T
	coach, dossier, record                     string
	officer, auditor, granted, admin, director commands.Caller
	administration                             commands.Caller
	last                                       uint64
	assigned, looked                           time.Time // before the coach looked, and after
}

const replayMarker = "Zeldzaamwoord"

func replayed(t *testing.T) *told {
	t.Helper()
	w := &told{Engine: open(t, t.TempDir(), true), t: t, record: uuid.NewString()}
	w.coach, w.dossier, _ = small(t, w.Engine)
	w.officer, w.auditor, w.granted = enrol(t, w.Engine, "compliance_officer", "2019-06-01"), enrol(t, w.Engine, "auditor", "2019-06-02"), enrol(t, w.Engine, "auditor", "2019-06-03")
	w.admin, w.director, w.administration = enrol(t, w.Engine, "administrator", "2019-06-04"), enrol(t, w.Engine, "director", "2019-06-05"), enrol(t, w.Engine, "administration", "2019-06-06")
	w.do("ChangeClient", "2020-02-01T09:00:00Z", m{"fields": m{"family_name": replayMarker}, "valid_from": "2020-02-01", "source": "client"})
	w.do("AddRecord", "2020-02-02T09:00:00Z", m{"record": w.record, "category": "plan", "title": "Plan", "text": replayMarker + " eerst", "source": "client"})
	w.do("CorrectRecord", "2020-02-03T09:00:00Z", m{"record": w.record, "replacement": m{"text": replayMarker + " later"}, "reason": replayMarker})
	w.do("LogHours", "2020-02-04T09:00:00Z", m{"entry": uuid.NewString(), "trajectory": "T-1", "date": "2020-02-04", "minutes": 30, "activity": "conversation"})
	w.do("RestrictRecord", "2020-02-05T09:00:00Z", m{"record": w.record, "reason": replayMarker})
	w.assigned = time.Now().UTC()
	if err := w.Views.WaitFor(t.Context(), w.last); err != nil {
		t.Fatal(err)
	}
	_, err := w.Queries.Dossier(t.Context(), queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: w.coach}, Agency: "click", Purpose: "guidance", Action: "view"},
		w.dossier, queries.DossierOptions{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	w.looked = time.Now().UTC()
	w.do("UnassignStaff", "2020-02-06T09:00:00Z", m{"staff": w.coach})
	grant := m{"grant": uuid.NewString(), "staff": w.granted.Staff, "dossiers": []string{w.dossier}, "categories": []string{"contact", "plan"}, "purpose": "audit",
		"reason": "controle", "from": "2020-03-01", "until": time.Now().AddDate(0, 1, 0).Format(time.DateOnly), "authorised_by": w.director.Staff}
	w.last = do(t, w.Engine, commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}, "GrantAccess", "", "2020-03-01T09:00:00Z", grant).Position
	return w
}

func (w *told) do(command, at string, data m) {
	w.t.Helper()
	w.last = do(w.t, w.Engine, operator, command, w.dossier, at, data).Position
}

func (w *told) as(c commands.Caller) queries.Reader {
	return queries.Reader{Caller: c, Agency: "click", Purpose: "audit", Action: "view", After: w.last}
}

func (w *told) operator() queries.Reader {
	return w.as(commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator})
}

func day(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s+"T23:00:00Z")
	if err != nil {
		panic(err)
	}
	return t
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// C-2.1.4b, X-3, X-15: who may replay. The registers of the history open clear
// facts, a grant opens contents, and every look is on record.
func TestWhoMayReplay_C_2_1_4b(t *testing.T) {
	w := replayed(t)
	period := queries.DifferenceOptions{From: day("2020-01-31"), To: day("2020-03-28")}
	doors := map[string]func(r queries.Reader, open bool) (any, error){
		"difference": func(r queries.Reader, open bool) (any, error) {
			o := period
			o.Open = open
			return w.Queries.Difference(t.Context(), r, w.dossier, o)
		},
		"steps": func(r queries.Reader, open bool) (any, error) {
			return w.Queries.Steps(t.Context(), r, w.dossier, 0, queries.ReplayOptions{Open: open})
		},
		"seen": func(r queries.Reader, open bool) (any, error) {
			return w.Queries.Seen(t.Context(), r, w.dossier, w.coach, w.looked, open)
		},
		"dossier": func(r queries.Reader, open bool) (any, error) {
			return w.Queries.Dossier(t.Context(), r, w.dossier, queries.DossierOptions{Open: open, Clear: !open})
		},
		"agency": func(r queries.Reader, _ bool) (any, error) {
			return w.Queries.AgencyReplay(t.Context(), r, queries.ReplayOptions{})
		},
		"agency difference": func(r queries.Reader, _ bool) (any, error) {
			return w.Queries.AgencyDifference(t.Context(), r, period)
		},
		"event log": func(r queries.Reader, _ bool) (any, error) {
			var list []any
			err := w.Queries.Mining(t.Context(), r, queries.MiningOptions{}, func(e *mining.Event) error { list = append(list, e); return nil })
			return list, err
		},
	}
	coach := commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: w.coach}
	stranger := commands.Caller{Door: commands.DoorAPI, Agency: "sol", Staff: w.auditor.Staff}
	for name, door := range doors {
		office := strings.HasPrefix(name, "agency") || name == "event log"
		for _, p := range []struct {
			who         string
			caller      commands.Caller
			clear, open bool
		}{
			{"operator", w.operator().Caller, true, true}, {"compliance officer", w.officer, true, false}, {"auditor", w.auditor, true, false},
			{"auditor with a grant", w.granted, true, true}, {"coach who is no longer assigned", coach, false, false}, {"director", w.director, false, false},
			{"administrator", w.admin, false, false}, {"administration", w.administration, false, false}, {"another agency's", stranger, false, false},
		} {
			for _, open := range []bool{false, true} {
				if office && open {
					continue
				}
				may := p.clear && !open || p.open && open
				before := w.looksOf(p.caller.Staff)
				got, err := door(w.as(p.caller), open)
				text := jsonOf(t, got)
				switch {
				case (err == nil) != may:
					t.Errorf("%s for the %s, opened %v: %v, want it open: %v", name, p.who, open, err, may)
				case err != nil && domain.AsError(err).Kind != domain.KindForbidden && domain.AsError(err).Kind != domain.KindNotFound:
					t.Errorf("%s for the %s: %v", name, p.who, err)
				case strings.Contains(text, replayMarker) != (may && open):
					t.Errorf("%s for the %s, opened %v: personal data shows: %v", name, p.who, open, !open)
				}
				silent := p.who == "operator" && !open || p.who == "another agency's"
				if after := w.looksOf(p.caller.Staff); (after > before) == silent {
					t.Errorf("%s for the %s, opened %v: on record: %v", name, p.who, open, after > before)
				}
			}
		}
	}
	if r := w.as(w.auditor); true {
		r.Purpose = "guidance"
		if _, err := w.Queries.Steps(t.Context(), r, w.dossier, 0, queries.ReplayOptions{}); err == nil {
			t.Error("an auditor replays without the purpose audit (catalogue 5)")
		}
	}
}

// looksOf counts the access events of an actor on the stream.
func (w *told) looksOf(actor string) (n int) {
	w.t.Helper()
	err := w.Store.ReadAggregate(w.t.Context(), domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: actor}, 0, func(*eventstore.Commit) error { n++; return nil })
	if err != nil && !errors.Is(err, eventstore.ErrNotFound) {
		w.t.Fatal(err)
	}
	return n
}

// X-3, T4: the same position and times give the same bytes, whatever is recorded
// afterwards, and by what was known then is a beginning of the stream.
func TestReplayIsDeterministic_X_3_T4(t *testing.T) {
	w := replayed(t)
	known := w.looked
	o := queries.ReplayOptions{KnownAt: &known}
	all := func() string {
		var out []any
		add := func(v any, err error) {
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, v)
		}
		r := w.operator()
		add(w.Queries.Dossier(t.Context(), r, w.dossier, queries.DossierOptions{KnownAt: &known}))
		add(w.Queries.Steps(t.Context(), r, w.dossier, 0, o))
		add(w.Queries.Difference(t.Context(), r, w.dossier, queries.DifferenceOptions{From: day("2020-01-31"), To: day("2021-01-01"), KnownAt: &known}))
		add(w.Queries.AgencyReplay(t.Context(), r, o))
		add(w.Queries.AgencyDifference(t.Context(), r, queries.DifferenceOptions{Axis: queries.AxisRecorded, From: w.assigned, To: known}))
		add(w.Queries.Seen(t.Context(), r, w.dossier, w.coach, known, false))
		log := &bytes.Buffer{}
		m := mining.New(mining.OCEL, log)
		if err := w.Queries.Mining(t.Context(), r, queries.MiningOptions{ExportOptions: queries.ExportOptions{KnownAt: &known}}, m.Event); err != nil {
			t.Fatal(err)
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		return jsonOf(t, out) + log.String()
	}
	first := all()
	w.do("LogHours", "2020-02-07T09:00:00Z", m{"entry": uuid.NewString(), "trajectory": "T-1", "date": "2020-02-04", "minutes": 15, "activity": "report"})
	if second := all(); first != second {
		t.Error("what was known then reads otherwise after something new was recorded")
	}
	if strings.Contains(first, "staff.unassigned") || !strings.Contains(first, "record.restricted") {
		t.Error("by what was known then is not the stream up to then")
	}
	if _, err := w.Queries.Steps(t.Context(), w.operator(), w.dossier, w.last, o); domain.AsError(err).Code != "unknown_position" {
		t.Errorf("a step of later: %v", err)
	}
}

// The digest of a register in the replay of an agency is that of its export.
func TestAgencyReplayDigestsTheRegisters_X_3(t *testing.T) {
	w := replayed(t)
	at := time.Now().UTC().Add(time.Hour)
	v, err := w.Queries.AgencyReplay(t.Context(), w.operator(), queries.ReplayOptions{AsOf: &at})
	if err != nil {
		t.Fatal(err)
	}
	if v.Dossiers["open"] != 1 || v.Regulation == nil || v.Regulation.Profile != "click-2017" || len(v.Registers) != len(queries.Registers) {
		t.Errorf("the agency is not whole: %s", jsonOf(t, v))
	}
	for _, snap := range v.Registers {
		sum, n := sha256.New(), 0
		e := json.NewEncoder(sum)
		e.SetEscapeHTML(false)
		err := w.Queries.Export(t.Context(), w.operator(), queries.ExportOptions{Register: snap.Register, AsOf: &at}, func(row any) error { n++; return e.Encode(row) })
		if err != nil || n != snap.Rows || hex.EncodeToString(sum.Sum(nil)) != snap.SHA256 {
			t.Errorf("%s: %d rows, its export has %d, or other ones (%v)", snap.Register, snap.Rows, n, err)
		}
	}
}

// a difference names of each change the events that it came from, field by
// field where contents are opened, and closed by category.
func TestDifferenceNamesItsEvents_X_3(t *testing.T) {
	w := replayed(t)
	o := queries.DifferenceOptions{From: day("2020-01-31"), To: day("2020-02-03"), Open: true}
	d, err := w.Queries.Difference(t.Context(), w.operator(), w.dossier, o)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range d.Contents {
		got = append(got, fmt.Sprintf("%s %s %s %s->%s %s %s", c.Op, c.Category, c.Field, c.Old, c.New, c.State, c.Events[0].Type))
	}
	for _, want := range []string{
		`replace contact family_name "Jansen"->"Zeldzaamwoord" open client.changed`,
		// The record is shielded by now: that it was added is told, and nothing of it (L-18).
		`add plan  -> restricted record.corrected`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, strings.Join(got, "\n"))
		}
	}
	if strings.Contains(jsonOf(t, d), "later") {
		t.Error("a view of before the shielding opens what is shielded now (L-18)")
	}
	changes := map[string]string{}
	for _, c := range d.Changes {
		changes[c.Op+" "+c.Path] = c.Events[len(c.Events)-1].Type
	}
	if changes["add /records/"+w.record] != "record.corrected" {
		t.Errorf("clear changes %v", changes)
	}
	d, err = w.Queries.Difference(t.Context(), w.operator(), w.dossier, queries.DifferenceOptions{From: day("2020-02-03"), To: day("2020-02-28")})
	if err != nil {
		t.Fatal(err)
	}
	hidden := slices.IndexFunc(d.Contents, func(c queries.ContentChange) bool { return c.Op == "hide" })
	if hidden < 0 || d.Contents[hidden].Record != w.record || d.Contents[hidden].Events[0].Type != "record.restricted" {
		t.Errorf("the shielding is not told: %s", jsonOf(t, d.Contents))
	}
	for name, bad := range map[string]queries.DifferenceOptions{
		"later first": {From: o.To, To: o.From}, "no times": {}, "no such clock": {Axis: "wall", From: o.From, To: o.To},
		"one clock twice": {From: o.From, To: o.To, AsOf: &o.To},
	} {
		if _, err := w.Queries.Difference(t.Context(), w.operator(), w.dossier, bad); domain.AsError(err).Kind != domain.KindInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// a merged value names for each field the event that it came from, and a
// correction keeps the fields that it does not replace (C-2.9.2).
func TestEachFieldNamesItsEvent_X_3_C_2_9_2(t *testing.T) {
	w := replayed(t)
	w.do("LiftRestriction", "2020-02-08T09:00:00Z", m{"record": w.record, "reason": "klaar", "client_informed_on": "2020-02-07"})
	v, err := w.Queries.Dossier(t.Context(), w.operator(), w.dossier, queries.DossierOptions{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	c := v.Contact[0]
	if c.Sources["family_name"].Type != "client.changed" || c.Sources["given_names"].Type != "dossier.opened" {
		t.Errorf("sources of contact: %s", jsonOf(t, c.Sources))
	}
	i := slices.IndexFunc(v.Values, func(x queries.Value) bool { return x.Record == w.record })
	if i < 0 || v.Values[i].Sources["text"].Type != "record.corrected" || v.Values[i].Sources["title"].Type != "record.added" || !strings.Contains(string(v.Values[i].Data), "Plan") {
		t.Errorf("the corrected record: %s", jsonOf(t, v.Values))
	}
}

// C-2.1.4b: what could the coach have seen on that day, and what was shown to him?
func TestWhatTheCoachCouldHaveSeen_C_2_1_4b(t *testing.T) {
	w := replayed(t)
	ask := func(at time.Time, open bool, by commands.Caller) *queries.Seen {
		t.Helper()
		s, err := w.Queries.Seen(t.Context(), w.as(by), w.dossier, w.coach, at, open)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	before, then, now := ask(w.assigned, false, w.auditor), ask(w.looked, false, w.officer), ask(time.Now().UTC(), false, w.auditor)
	if !before.Rights.Allowed || !before.Rights.Assigned || before.View == nil || len(before.Looks) != 0 {
		t.Errorf("while he was assigned: %s", jsonOf(t, before))
	}
	if len(then.Looks) != 1 || then.Looks[0].Ground != "assignment" || len(then.Shown) == 0 || len(then.Rights.Recorded) != 1 || then.Rights.Changed {
		t.Errorf("after he looked: %s", jsonOf(t, then))
	}
	if now.Rights.Allowed || now.Rights.Code != "not_assigned" || now.View != nil || len(now.Looks) != 1 {
		t.Errorf("after the end of his assignment: %s", jsonOf(t, now))
	}
	states := map[domain.Category]string{}
	for _, v := range slices.Concat(then.View.Contact, then.View.Values) {
		states[v.Category] = v.State
	}
	// The plan was shielded by then; the rest was open to him, and is closed here.
	if states["contact"] != "closed" || states["report"] != "closed" || states["plan"] != "restricted" {
		t.Errorf("the view: %v", states)
	}
	opened := ask(w.looked, true, w.granted)
	if !strings.Contains(jsonOf(t, opened.View.Contact), replayMarker) || strings.Contains(jsonOf(t, opened.View), "Eerste gesprek") {
		t.Error("a grant opens just what it names")
	}
	if _, err := w.Queries.Seen(t.Context(), w.as(w.auditor), w.dossier, uuid.NewString(), w.looked, false); domain.AsError(err).Code != "unknown_staff" {
		t.Errorf("a stranger: %v", err)
	}
}
