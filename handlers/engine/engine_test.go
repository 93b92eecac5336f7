package engine_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/dossiers"
)

type m = map[string]any

func open(t *testing.T, dir string, follow bool) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data"), Create: true, Follow: follow})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func do(t *testing.T, e *engine.Engine, c commands.Caller, command, dossier, at string, data any) commands.Outcome {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	o := e.Commands.Execute(t.Context(), c, commands.Request{ID: uuid.NewString(), Agency: "click", Command: command, Dossier: dossier, At: at, Data: raw})
	if o.Outcome != commands.Accepted {
		t.Fatalf("%s: %+v", command, o)
	}
	return o
}

var operator = commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}

// small sets up an agency with a coach and one dossier.
func small(t *testing.T, e *engine.Engine) (coach, dossier string, last uint64) {
	t.Helper()
	coach, dossier = uuid.NewString(), uuid.NewString()
	do(t, e, operator, "AdoptRegulation", "", "2019-01-01T00:00:00Z", m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
	do(t, e, operator, "EnrolStaff", "", "2019-01-01T01:00:00Z", m{"staff": coach, "name": "Eva Coach", "login": "eva"})
	do(t, e, operator, "SignConfidentiality", "", "2019-01-01T02:00:00Z", m{"staff": coach, "signed_on": "2019-01-01", "reference": "map 1"})
	do(t, e, operator, "GrantRole", "", "2019-01-01T03:00:00Z", m{"staff": coach, "role": "coach"})
	do(t, e, operator, "OpenDossier", dossier, "2020-01-01T09:00:00Z", m{"client": m{"family_name": "Jansen", "given_names": "Anna", "birth_date": "1980-02-29"}, "service": "reintegration", "referral": "self", "standing": "none"})
	do(t, e, operator, "AssignStaff", dossier, "2020-01-01T10:00:00Z", m{"staff": coach})
	do(t, e, operator, "StartTrajectory", dossier, "2020-01-02T09:00:00Z", m{"trajectory": "T-1"})
	o := do(t, e, operator, "AddRecord", dossier, "2020-01-03T09:00:00Z", m{"record": uuid.NewString(), "category": "report", "title": "Intake", "text": "Eerste gesprek.", "source": "staff_report"})
	return coach, dossier, o.Position
}

// C-0d, C-2.1.4b, T5: a look gives the opened dossier, and stands in the access
// register with its purpose and categories before anything was shown.
func TestALookIsOnRecordBeforeItShows(t *testing.T) {
	e := open(t, t.TempDir(), true)
	coach, dossier, last := small(t, e)
	r := queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: coach}, Agency: "click", Purpose: "guidance", Action: "view", After: last}
	v, err := e.Queries.Dossier(t.Context(), r, dossier, queries.DossierOptions{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Contact) != 1 || v.Contact[0].State != "open" || len(v.Values) != 1 || len(v.Timeline) != 4 || v.Assigned[0].Name != "Eva Coach" {
		t.Errorf("the view is not whole: %+v", v)
	}
	list, err := e.Queries.Caseload(t.Context(), func() queries.Reader { r := r; r.Action = "list"; return r }())
	if err != nil || len(list) != 1 || list[0].Name != "Jansen, Anna" || !list[0].AssignedToMe {
		t.Errorf("caseload %+v, %v", list, err)
	}
	head, err := e.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	op := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "export", After: head}
	var looks []access.Row
	err = e.Queries.Export(t.Context(), op, queries.ExportOptions{Register: "access"}, func(row any) error {
		looks = append(looks, row.(access.Row))
		return nil
	})
	if err != nil || len(looks) != 2 {
		t.Fatalf("%d looks on record, %v", len(looks), err)
	}
	if l := looks[0]; l.Actor != coach || l.Dossier != dossier || l.Action != "view" || l.Purpose != "guidance" || l.Outcome != "allowed" || len(l.Categories) == 0 || l.Position != v.AccessRecord {
		t.Errorf("the look is recorded as %+v", l)
	}
}

// C-2.8: another agency's dossier is as unknown as one that does not exist, and
// nobody without a role sees anything; the denial is on record.
func TestNobodyLooksWithoutRight(t *testing.T) {
	e := open(t, t.TempDir(), true)
	_, dossier, last := small(t, e)
	stranger := uuid.NewString()
	r := queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: stranger}, Agency: "click", Purpose: "guidance", Action: "view", After: last}
	if v, err := e.Queries.Dossier(t.Context(), r, dossier, queries.DossierOptions{Open: true}); v != nil || domain.AsError(err).Code != "not_active" {
		t.Errorf("a stranger got %v, %v", v, err)
	}
	r.Caller.Agency = "sol"
	if v, err := e.Queries.Dossier(t.Context(), r, dossier, queries.DossierOptions{}); v != nil || domain.AsError(err).Code != "unknown_agency" {
		t.Errorf("another agency got %v, %v", v, err)
	}
	if _, err := e.Queries.Caseload(t.Context(), r); err == nil {
		t.Error("another agency got a caseload")
	}
	head, _ := e.Store.Head(t.Context())
	op := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "export", After: head}
	denied := 0
	err := e.Queries.Export(t.Context(), op, queries.ExportOptions{Register: "access"}, func(row any) error {
		if l := row.(access.Row); l.Outcome == "denied" && l.Actor == stranger && l.Dossier == dossier {
			denied++
		}
		return nil
	})
	if err != nil || denied != 1 {
		t.Errorf("%d denials on record, %v", denied, err)
	}
}

// Architecture §1.7: as of a time is what had occurred, known at what had been
// recorded; without opening, the operator sees clear facts and leaves no look.
func TestReplayAtATime(t *testing.T) {
	e := open(t, t.TempDir(), true)
	_, dossier, last := small(t, e)
	op := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "view", After: last}
	at := time.Date(2020, 1, 2, 12, 0, 0, 0, time.UTC)
	v, err := e.Queries.Dossier(t.Context(), op, dossier, queries.DossierOptions{AsOf: &at})
	if err != nil || len(v.Timeline) != 3 || len(v.Values) != 0 || v.AccessRecord != 0 || len(v.Trajectories) != 1 {
		t.Errorf("as of: %+v, %v", v, err)
	}
	before := time.Date(2019, 6, 1, 0, 0, 0, 0, time.UTC)
	if _, err := e.Queries.Dossier(t.Context(), op, dossier, queries.DossierOptions{KnownAt: &before}); domain.AsError(err).Code != "unknown_dossier" {
		t.Errorf("known at a time before it was recorded: %v", err)
	}
}

// A restart keeps everything; a data directory is opened by one process, and an
// empty place is not taken for a store.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	if _, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data")}); domain.AsError(err).Code != "no_store" {
		t.Fatalf("an empty place: %v", err)
	}
	e := open(t, dir, true)
	coach, dossier, last := small(t, e)
	if _, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data")}); domain.AsError(err).Code != "in_use" {
		t.Errorf("a second process: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, false)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	r := queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: coach}, Agency: "click", Purpose: "guidance", Action: "view", After: last}
	v, err := e.Queries.Dossier(t.Context(), r, dossier, queries.DossierOptions{Open: true})
	if err != nil || len(v.Values) != 1 || string(v.Values[0].Data) == "" {
		t.Fatalf("after a restart: %+v, %v", v, err)
	}
}

// Architecture §1.3: a sign-in and a refused one are facts, the latter the
// engine's when nobody has that name.
func TestSignInsAreEvents(t *testing.T) {
	e := open(t, t.TempDir(), false)
	coach, _, last := small(t, e)
	for _, a := range []struct {
		staff string
		ok    bool
	}{{coach, true}, {coach, false}, {"", false}} {
		if err := e.Commands.RecordSignIn(t.Context(), "click", a.staff, a.ok); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	err := e.Store.ReadAll(t.Context(), last, func(c *eventstore.Commit) error {
		got = append(got, c.Envelope.Type+" "+c.Envelope.Actor+" "+string(c.Envelope.Data.Events[0].Data))
		return nil
	})
	want := []string{
		"signin.recorded " + coach + ` {"outcome":"allowed","method":"password"}`,
		"signin.recorded " + coach + ` {"outcome":"denied","method":"password","code":"wrong_password"}`,
		`signin.recorded engine {"outcome":"denied","method":"password","code":"unknown_name"}`,
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

// Catalogue §2: nobody is ended who is responsible for a dossier, also when the
// same import has only just assigned him, and no server follows the stream.
func TestNobodyResponsibleIsEnded(t *testing.T) {
	e := open(t, t.TempDir(), false)
	coach, other, dossier := uuid.NewString(), uuid.NewString(), uuid.NewString()
	var rs []commands.Request
	add := func(command, at, data string) {
		r := commands.Request{ID: uuid.NewString(), Agency: "click", Command: command, At: at, Data: json.RawMessage(data)}
		if strings.HasPrefix(at, "2020") && command != "EndStaff" {
			r.Dossier = dossier
		}
		rs = append(rs, r)
	}
	add("AdoptRegulation", "2019-01-01T00:00:00Z", `{"profile":"click-2017","version":1,"effective_from":"2017-01-19"}`)
	for _, id := range []string{coach, other} {
		add("EnrolStaff", "2019-01-01T01:00:00Z", `{"staff":"`+id+`","name":"N","login":"`+id+`"}`)
		add("SignConfidentiality", "2019-01-01T02:00:00Z", `{"staff":"`+id+`","signed_on":"2019-01-01","reference":"1"}`)
		add("GrantRole", "2019-01-01T03:00:00Z", `{"staff":"`+id+`","role":"coach"}`)
	}
	add("OpenDossier", "2020-01-01T09:00:00Z", `{"client":{"family_name":"J","given_names":"A"},"service":"reintegration","referral":"self","standing":"none"}`)
	add("AssignStaff", "2020-01-02T09:00:00Z", `{"staff":"`+coach+`"}`)
	add("EndStaff", "2020-02-01T09:00:00Z", `{"staff":"`+coach+`","left_on":"2020-02-01"}`) // refused
	add("EndStaff", "2020-02-01T09:00:00Z", `{"staff":"`+other+`","left_on":"2020-02-01"}`)
	add("UnassignStaff", "2020-02-02T09:00:00Z", `{"staff":"`+coach+`"}`)
	add("EndStaff", "2020-02-03T09:00:00Z", `{"staff":"`+coach+`","left_on":"2020-02-03"}`)
	for i, out := range e.Commands.ExecuteWindow(t.Context(), operator, rs) {
		if want := map[bool]string{true: "still_responsible"}[i == 9]; out.Code != want {
			t.Errorf("command %d, %s: %+v, want code %q", i, rs[i].Command, out, want)
		}
	}
}

// C-2.1.4c: what belongs to another store is refused before anything is written,
// so that its lock and its keys stay good, and a mistyped path is not filled.
func TestOtherPlacesStayAsTheyAre(t *testing.T) {
	dir := t.TempDir()
	place := func(name string) string { return filepath.Join(dir, name) }
	try := func(o engine.Options) string {
		e, err := engine.Open(t.Context(), o)
		if err == nil {
			e.Close()
			return ""
		}
		return domain.AsError(err).Code
	}
	e := open(t, place("one"), false)
	small(t, e)
	e.Close()
	open(t, place("two"), false).Close() // a shorter stream, so that its lock would pass for an older one
	for _, o := range []struct {
		engine.Options
		code string
	}{
		{engine.Options{Data: place("one/data"), Lock: place("two/data.lock")}, "wrong_lock"},
		{engine.Options{Data: place("two/data"), Lock: place("one/data.lock"), Create: true}, "wrong_lock"},
		{engine.Options{Data: place("one/data"), Keys: place("two/data.keys"), Create: true}, "wrong_keys"},
		{engine.Options{Data: place("one/data"), Keys: place("typo.keys"), Create: true}, "keys_missing"},
		{engine.Options{Data: place("one/data"), Lock: place("typo.lock"), Create: true}, "wrong_lock"},
		{engine.Options{Data: place("three/data"), Create: true, PostgresURL: "postgres://jan:geheim@localhost:1/x"}, "postgres_unreachable"},
		{engine.Options{Data: place("three/data"), Create: true, NATSURL: "nats://localhost:1"}, "nats_unreachable"},
		{engine.Options{Data: place("typo")}, "no_store"},
		{engine.Options{Data: dir}, "no_store"},
		{engine.Options{Data: place("one/data/store-id")}, "no_store"},
	} {
		if got := try(o.Options); got != o.code {
			t.Errorf("%+v: %q, want %q", o.Options, got, o.code)
		}
	}
	if left, _ := filepath.Glob(place("typo*")); left != nil {
		t.Errorf("a mistyped path was filled: %v", left)
	}
	for _, data := range []string{"one/data", "two/data"} {
		e, err := engine.Open(t.Context(), engine.Options{Data: place(data)})
		if err != nil {
			t.Fatal(err)
		}
		if s := e.Store.Status(t.Context()); s.ReadOnly || s.Reason != "" {
			t.Errorf("%s was damaged: %+v", data, s)
		}
		e.Close()
	}
}

// T2: where the stream has lost its end, nothing is answered from it and the
// views, which may hold what it lost, stay as they are; once it is whole again,
// all goes on.
func TestADamagedStreamLeavesTheViews(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir, true)
	_, _, last := small(t, e)
	shows(t, e, last)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	blocks, err := filepath.Glob(filepath.Join(dir, "data/stream/jetstream/*/streams/*/msgs/*.blk"))
	if err != nil || len(blocks) != 1 {
		t.Fatalf("blocks %v, %v", blocks, err)
	}
	stream, backup := filepath.Join(dir, "data/stream"), filepath.Join(dir, "backup")
	size, err := os.Stat(blocks[0])
	if err == nil {
		err = errors.Join(os.CopyFS(backup, os.DirFS(stream)), os.Truncate(blocks[0], size.Size()/2))
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, follow := range []bool{false, true} {
		e := open(t, dir, follow)
		if !e.Store.Status(t.Context()).ReadOnly {
			t.Fatal("half a stream passes for a whole one")
		}
		if err := e.CatchUp(t.Context(), nil); domain.AsError(err).Code != "read_only" {
			t.Errorf("catching up with half a stream: %v", err)
		}
		time.Sleep(100 * time.Millisecond) // what a follower would need to begin anew
		n := 0
		if err := dossiers.List(t.Context(), e.DB, dossiers.Filter{}, func(dossiers.Dossier) error { n++; return nil }); err != nil || n != 1 {
			t.Errorf("the view has %d dossiers, %v", n, err)
		}
		e.Close()
	}
	if err := errors.Join(os.RemoveAll(stream), os.Rename(backup, stream)); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, false)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	agree(t, e)
}
