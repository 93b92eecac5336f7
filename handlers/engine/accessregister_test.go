package engine_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/projections/access"
)

// looks is an agency with a coach, who guides the first of two clients, and
// everybody who may ask for the register or may not.
type looks struct {
	*engine.Engine
	coach, dossier, other    string
	officer, auditor, admin  commands.Caller
	director, administration commands.Caller
	last                     uint64
}

func watched(t *testing.T) *looks {
	t.Helper()
	w := &looks{Engine: open(t, t.TempDir(), true)}
	w.coach, w.dossier, _ = small(t, w.Engine)
	w.officer, w.auditor = enrol(t, w.Engine, "compliance_officer", "2019-06-01"), enrol(t, w.Engine, "auditor", "2019-06-02")
	w.admin, w.director = enrol(t, w.Engine, "administrator", "2019-06-03"), enrol(t, w.Engine, "director", "2019-06-04")
	w.administration = enrol(t, w.Engine, "administration", "2019-06-05")
	ids, last := clients(t, w.Engine, 1, "absence", "benefit")
	w.other, w.last = ids[0], last
	return w
}

func (w *looks) by(c commands.Caller, purpose, action string) queries.Reader {
	return queries.Reader{Caller: c, Agency: "click", Purpose: purpose, Action: action, After: w.last}
}

func (w *looks) asCoach() commands.Caller {
	return commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: w.coach}
}

// look opens a dossier as the coach; err is what he gets.
func (w *looks) look(t *testing.T, dossier string) error {
	t.Helper()
	_, err := w.Queries.Dossier(t.Context(), w.by(w.asCoach(), "guidance", "view"), dossier, queries.DossierOptions{Open: true})
	return err
}

// imported puts a look of an older log on record, at a time of the past.
func (w *looks) imported(t *testing.T, actor, dossier, at string) {
	t.Helper()
	o := w.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Actor: actor, Command: "RecordAccess",
		Dossier: dossier, At: at, Data: json.RawMessage(`{"action":"view","categories":["contact"],"purpose":"guidance"}`)})
	if o.Outcome != commands.Accepted {
		t.Fatalf("%+v", o)
	}
	w.last = o.Position
}

// C-2.1.4b: a look and a denial stand in the register within a second, without
// anybody waiting for it.
func TestALookStandsInTheRegisterWithinASecond_C_2_1_4b(t *testing.T) {
	w := watched(t)
	start := time.Now()
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	if err := w.look(t, w.other); domain.AsError(err).Code != "not_assigned" {
		t.Fatalf("another's client: %v", err)
	}
	acknowledged := time.Now()
	for {
		var got []string
		err := access.Looks(t.Context(), w.DB, access.Filter{Actor: w.coach}, func(l access.Look) error {
			got = append(got, l.Outcome+" "+l.Dossier)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if slices.Equal(got, []string{"allowed " + w.dossier, "denied " + w.other}) {
			break
		}
		if time.Since(acknowledged) > time.Minute { // a second is the promise, on a machine that does nothing else
			t.Fatalf("after a minute the register has %q", got)
		}
		time.Sleep(2 * time.Millisecond)
	}
	t.Logf("on record after %s, in the register %s later", acknowledged.Sub(start), time.Since(acknowledged))
	// The query itself answers at the stream's head.
	page, err := w.Queries.AccessRegister(t.Context(), w.by(w.officer, "audit", "view"), queries.AccessFilter{Staff: w.coach})
	if err != nil || len(page.Looks) != 2 || page.Looks[1].Code != "not_assigned" || page.Looks[1].Rule != "C-0d" {
		t.Errorf("%+v, %v", page, err)
	}
}

// C-2.1.4b: the compliance officer reads the register by client, by member of
// staff, by period and by what was done, page after page, and that is on record.
func TestTheRegisterIsReadInPages_C_2_1_4b(t *testing.T) {
	w := watched(t)
	for _, id := range []string{w.dossier, w.other, w.dossier, w.dossier} {
		_ = w.look(t, id) // one of them is denied
	}
	w.imported(t, w.coach, w.other, "2020-05-05T10:00:00Z")
	r := w.by(w.officer, "audit", "view")
	day := func(s string) *time.Time { d := nl.MustDate(s).Start(); return &d }
	ask := func(f queries.AccessFilter) *queries.AccessPage {
		t.Helper()
		p, err := w.Queries.AccessRegister(t.Context(), r, f)
		if err != nil {
			t.Fatal(err)
		}
		if p.AccessRecord == 0 {
			t.Error("the reading is not on record")
		}
		return p
	}
	for name, c := range map[string]struct {
		filter queries.AccessFilter
		want   int
	}{
		"client":  {queries.AccessFilter{Dossier: w.dossier, Staff: w.coach}, 3},
		"denied":  {queries.AccessFilter{Outcome: "denied"}, 1},
		"ground":  {queries.AccessFilter{Ground: "assignment"}, 3},
		"action":  {queries.AccessFilter{Action: "view", Staff: w.coach}, 5},
		"purpose": {queries.AccessFilter{Purpose: "guidance"}, 5},
		"period":  {queries.AccessFilter{From: day("2020-05-05"), Until: day("2020-05-06")}, 1},
		"nobody":  {queries.AccessFilter{Staff: w.admin.Staff}, 0},
	} {
		if got := ask(c.filter).Looks; len(got) != c.want {
			t.Errorf("%s: %d looks, want %d", name, len(got), c.want)
		}
	}
	for _, newest := range []bool{false, true} {
		var positions []uint64
		f := queries.AccessFilter{Staff: w.coach, Limit: 2, Newest: newest}
		for range 10 {
			p := ask(f)
			for _, l := range p.Looks {
				positions = append(positions, l.Position)
			}
			if f.Cursor = p.Next; f.Cursor == 0 {
				break
			}
		}
		if newest {
			slices.Reverse(positions)
		}
		if len(positions) != 5 || !slices.IsSorted(positions) || len(slices.Compact(positions)) != 5 {
			t.Errorf("pages gave %v", positions)
		}
	}
	named := ask(queries.AccessFilter{Staff: w.coach, Names: true})
	if named.Looks[0].Name != "Eva Coach" {
		t.Errorf("the name is %q", named.Looks[0].Name)
	}
	own := ask(queries.AccessFilter{Staff: w.officer.Staff, Newest: true, Limit: 1}).Looks[0]
	if own.Position != named.AccessRecord || own.Role != "compliance_officer" || own.Purpose != "audit" {
		t.Errorf("the reading is on record as %+v", own)
	}
	for _, f := range []queries.AccessFilter{{Action: "drop"}, {Outcome: "maybe"}, {Ground: "x"}, {Purpose: "y"}, {Dossier: "z"}, {Staff: "z"}} {
		if _, err := w.Queries.AccessRegister(t.Context(), r, f); domain.AsError(err).Kind != domain.KindInvalid {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

// T6, C-0d, C-2.1.4b: who may read the register, its patterns, its other forms and
// the client's form of it; each refusal is on record.
func TestWhoMayReadTheRegister_T6(t *testing.T) {
	w := watched(t)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	w.imported(t, w.coach, w.other, "2020-05-05T10:00:00Z")
	type way struct {
		name string
		ask  func(r queries.Reader) (seen int, err error)
	}
	ways := []way{
		{"register", func(r queries.Reader) (int, error) {
			p, err := w.Queries.AccessRegister(t.Context(), r, queries.AccessFilter{Staff: w.coach, Action: "view", Outcome: "allowed"})
			if err != nil {
				return 0, err
			}
			return len(p.Looks), nil
		}},
		{"names", func(r queries.Reader) (int, error) {
			p, err := w.Queries.AccessRegister(t.Context(), r, queries.AccessFilter{Staff: w.coach, Action: "view", Outcome: "allowed", Names: true})
			if err != nil {
				return 0, err
			}
			return len(p.Looks), nil
		}},
		{"patterns", func(r queries.Reader) (int, error) {
			_, err := w.Queries.AccessPatterns(t.Context(), r, queries.PatternOptions{})
			return 0, err
		}},
		{"names compared", func(r queries.Reader) (int, error) {
			_, err := w.Queries.AccessPatterns(t.Context(), r, queries.PatternOptions{Names: true})
			return 0, err
		}},
		{"log", func(r queries.Reader) (n int, err error) {
			err = w.Queries.AccessLog(t.Context(), r, queries.AccessLogOptions{}, func(e *accesslog.Entry) error {
				if e.Actor == w.coach && e.Action == "view" && e.Outcome == "allowed" {
					n++
				}
				return nil
			})
			return n, err
		}},
		{"client", func(r queries.Reader) (int, error) {
			_, err := w.Queries.AccessForClient(t.Context(), r, w.dossier, time.Time{}, time.Time{})
			return 0, err
		}},
		{"other client", func(r queries.Reader) (int, error) {
			_, err := w.Queries.AccessForClient(t.Context(), r, w.other, time.Time{}, time.Time{})
			return 0, err
		}},
	}
	const all, own, no = "all", "own", ""
	readers := []struct {
		name, purpose string
		caller        commands.Caller
		may           [7]string // as ways
	}{
		// Before the others, whose own readings are looks as well.
		{"operator", "audit", commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, [7]string{all, all, all, all, all, all, all}},
		{"compliance officer", "audit", w.officer, [7]string{all, all, all, all, all, all, all}},
		{"auditor", "audit", w.auditor, [7]string{all, all, all, no, all, all, all}},
		{"auditor without an audit", "guidance", w.auditor, [7]string{no, no, no, no, no, no, no}},
		{"coach", "guidance", w.asCoach(), [7]string{own, own, no, no, own, all, no}},
		{"administration", "guidance", w.administration, [7]string{}},
		{"director", "audit", w.director, [7]string{}},
		{"administrator", "audit", w.admin, [7]string{}},
	}
	for _, who := range readers {
		for i, x := range ways {
			before, _ := w.Store.Head(t.Context())
			seen, err := x.ask(w.by(who.caller, who.purpose, "view"))
			switch may := who.may[i]; {
			case may == no && domain.AsError(err).Kind != domain.KindForbidden:
				t.Errorf("%s, %s: %v", who.name, x.name, err)
			case may != no && err != nil:
				t.Errorf("%s, %s: %v", who.name, x.name, err)
			case may == own && seen != 1, may == all && (i == 0 || i == 1 || i == 4) && seen != 2:
				t.Errorf("%s, %s: saw %d", who.name, x.name, seen)
			}
			if after, _ := w.Store.Head(t.Context()); after == before && who.caller.Staff != domain.Operator {
				t.Errorf("%s, %s: nothing is on record", who.name, x.name)
			}
		}
	}
	// C-2.8: another agency has no register of this one.
	stranger := w.officer
	stranger.Agency = "sol"
	for _, x := range ways {
		if _, err := x.ask(w.by(stranger, "audit", "view")); domain.AsError(err).Code != "unknown_agency" {
			t.Errorf("another agency, %s: %v", x.name, err)
		}
	}
}

// L-15, X-12: the client is told role, purpose and day of each look, folded, and
// nothing by which one would know who it was (HvJ EU C-579/21).
func TestTheClientsForm_L_15(t *testing.T) {
	w := watched(t)
	colleague := enrol(t, w.Engine, "coach", "2019-07-01")
	for range 3 {
		if err := w.look(t, w.dossier); err != nil {
			t.Fatal(err)
		}
	}
	colleague.Door = commands.DoorAPI
	if _, err := w.Queries.Dossier(t.Context(), w.by(colleague, "guidance", "view"), w.dossier, queries.DossierOptions{Open: true}); err == nil {
		t.Fatal("a colleague who is not assigned read it")
	}
	w.imported(t, w.coach, w.dossier, "2020-03-28T23:30:00Z") // the 29th in Amsterdam
	w.imported(t, w.coach, w.other, "2020-05-05T10:00:00Z")
	got, err := w.Queries.AccessForClient(t.Context(), w.by(w.officer, "rights_request", "view"), w.dossier, time.Time{}, time.Time{})
	if err != nil || len(got.Days) != 2 || got.AccessRecord == 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	first, today := got.Days[0], got.Days[1]
	if first.Day.String() != "2020-03-29" || len(first.Lines) != 1 || !first.Lines[0].Imported {
		t.Errorf("the first day is %+v", first)
	}
	if l := today.Lines[0]; l.Role != "coach" || l.Purpose != "guidance" || l.Action != "view" || l.Times != 3 || len(l.Categories) == 0 || slices.Contains(l.Categories, domain.CatStaff) {
		t.Errorf("the looks are told as %+v", l)
	}
	if l := today.Lines[1]; l.Outcome != "denied" || l.Times != 1 {
		t.Errorf("the attempt is told as %+v", l)
	}
	text, _ := json.Marshal(got)
	for _, secret := range []string{w.coach, colleague.Staff, w.officer.Staff, "Eva", "Iemand", w.other} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the client's form names %s", secret)
		}
	}
	some, err := w.Queries.AccessForClient(t.Context(), w.by(w.officer, "rights_request", "view"), w.dossier, nl.MustDate("2020-01-01").Start(), nl.MustDate("2021-01-01").Start())
	if err != nil || len(some.Days) != 1 {
		t.Errorf("in 2020: %+v, %v", some, err)
	}
}

// C-2.1.4b: the patterns are found on the real register; the comparison of names
// is the engine's own look on behalf of the officer, names no name, and stands in
// the register.
func TestUnusualPatterns_C_2_1_4b(t *testing.T) {
	w := watched(t)
	at := "2019-08-01"
	namesake := uuid.NewString()
	do(t, w.Engine, operator, "EnrolStaff", "", at+"T05:00:00Z", m{"staff": namesake, "name": "Karel van Jansen-Bakker", "login": "karel"})
	for i := range 31 { // 31 clients on a Wednesday, from 14:00
		ids, _ := clients(t, w.Engine, 1, "absence", "benefit")
		w.imported(t, w.coach, ids[0], fmt.Sprintf("2020-02-05T13:%02d:00Z", i))
	}
	w.imported(t, w.coach, w.dossier, "2020-02-06T22:15:00Z")  // 23:15
	w.imported(t, namesake, w.dossier, "2020-02-07T12:00:00Z") // his own family name
	w.imported(t, namesake, w.other, "2020-02-07T12:10:00Z")
	for range 5 {
		_ = w.look(t, w.other)
	}
	from, until := nl.MustDate("2020-01-01").Start(), w.Store.RecordedNow().Add(time.Minute)
	got, err := w.Queries.AccessPatterns(t.Context(), w.by(w.officer, "audit", "view"), queries.PatternOptions{From: &from, Until: &until, Names: true})
	if err != nil || got.AccessRecord == 0 || got.NamesRecord <= got.AccessRecord {
		t.Fatalf("%+v, %v", got, err)
	}
	found := map[string]queries.Pattern{}
	for _, p := range got.Patterns {
		if p.Code == queries.PatternHours && p.From.After(nl.MustDate("2021-01-01").Start()) {
			continue // this test itself may run at night
		}
		if _, twice := found[p.Code]; twice {
			t.Errorf("two of %s: %+v", p.Code, got.Patterns)
		}
		found[p.Code] = p
	}
	for code, want := range map[string]struct {
		staff string
		count int
	}{
		queries.PatternMany: {w.coach, 31}, queries.PatternHours: {w.coach, 1}, queries.PatternOwnName: {namesake, 1}, queries.PatternDenied: {w.coach, 5},
	} {
		if p := found[code]; p.Staff != want.staff || p.Count != want.count || len(p.Positions) != want.count || p.Agency != "click" {
			t.Errorf("%s: %+v", code, p)
		}
	}
	text, _ := json.Marshal(got)
	for _, secret := range []string{"Jansen", "Bakker", "Karel", w.dossier} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the patterns tell %s", secret)
		}
	}
	page, err := w.Queries.AccessRegister(t.Context(), w.by(w.officer, "audit", "view"), queries.AccessFilter{Staff: domain.Engine})
	if err != nil || len(page.Looks) != 1 {
		t.Fatalf("%+v, %v", page, err)
	}
	if l := page.Looks[0]; l.Position != got.NamesRecord || l.OnBehalfOf != w.officer.Staff || l.Purpose != "audit" || l.Ground != "engine" || len(l.Dossiers) != 33 ||
		!slices.Equal(l.Categories, []domain.Category{domain.CatContact}) {
		t.Errorf("the comparison is on record as %+v", l)
	}
	// Without names nothing is opened, and without a period the last month is sought.
	month, err := w.Queries.AccessPatterns(t.Context(), w.by(w.officer, "audit", "view"), queries.PatternOptions{})
	if err != nil || month.NamesRecord != 0 || slices.ContainsFunc(month.Patterns, func(p queries.Pattern) bool {
		return p.Code != queries.PatternDenied && p.Code != queries.PatternHours
	}) {
		t.Errorf("%+v, %v", month, err)
	}
}

// T5: with a stream that takes no more, nothing of the register comes out by any
// way, and no name is compared.
func TestNoRecordNoRegister_T5(t *testing.T) {
	w := watched(t)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	head, err := w.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Views.WaitFor(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if err := w.Store.Close(); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]queries.Reader{"officer": w.by(w.officer, "audit", "view"), "coach": w.by(w.asCoach(), "guidance", "view")} {
		page, err := w.Queries.AccessRegister(t.Context(), r, queries.AccessFilter{Names: true})
		if err == nil || page != nil && len(page.Looks) > 0 {
			t.Errorf("%s got a page: %+v, %v", name, page, err)
		}
		if c, err := w.Queries.AccessForClient(t.Context(), r, w.dossier, time.Time{}, time.Time{}); err == nil || c != nil {
			t.Errorf("%s got the client's form: %+v, %v", name, c, err)
		}
		if p, err := w.Queries.AccessPatterns(t.Context(), r, queries.PatternOptions{Names: true}); err == nil || p != nil {
			t.Errorf("%s got patterns: %+v, %v", name, p, err)
		}
		if err := w.Queries.AccessLog(t.Context(), r, queries.AccessLogOptions{}, func(e *accesslog.Entry) error {
			t.Errorf("%s got %+v", name, e)
			return nil
		}); err == nil {
			t.Errorf("%s got the log", name)
		}
	}
}
