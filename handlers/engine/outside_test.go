package engine_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

// place is what instances past one machine share: a cluster of three NATS
// servers and a PostgreSQL database (architecture §8).
type place struct {
	cluster  *storetest.Cluster
	nats, pg string
	log      *slog.Logger
}

func newPlace(t *testing.T) *place {
	t.Helper()
	p := &place{cluster: storetest.StartCluster(t), pg: pg.Start(t), log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	var urls []string
	for _, n := range p.cluster.Nodes {
		urls = append(urls, n.ClientURL())
	}
	p.nats = strings.Join(urls, ",")
	return p
}

// options are those of an instance with its own directories under dir.
func (p *place) options(dir string, follow bool) engine.Options {
	return engine.Options{Data: filepath.Join(dir, "data"), NATSURL: p.nats, PostgresURL: p.pg, Create: true, Follow: follow, Log: p.log}
}

// instance opens an instance; the test closes it.
func (p *place) instance(t *testing.T, dir string, follow bool) *engine.Engine {
	t.Helper()
	return openWith(t, p.options(dir, follow))
}

func openWith(t *testing.T, o engine.Options) *engine.Engine {
	t.Helper()
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// copyKeys brings the keys of one instance to another, as an operator does:
// with their rights, before the other is opened for the first time.
func copyKeys(t *testing.T, from, to string) {
	t.Helper()
	src, dst := filepath.Join(from, "data.keys"), filepath.Join(to, "data.keys")
	err := filepath.WalkDir(src, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(src, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(dst, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dst, rel), b, 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func reader(staff, action string, after uint64) queries.Reader {
	return queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: staff}, Agency: "click", Purpose: "guidance", Action: action, After: after}
}

// export gives the rows of a register as the operator sees them.
func export(t *testing.T, e *engine.Engine, register string, after uint64) (rows []any) {
	t.Helper()
	shows(t, e, after)
	op := queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "export"}
	err := e.Queries.Export(t.Context(), op, queries.ExportOptions{Register: register}, func(row any) error {
		rows = append(rows, row)
		return nil
	})
	if err != nil {
		t.Fatalf("export %s: %v", register, err)
	}
	return rows
}

// shows waits until all views have reached a position, on a busy machine as well.
func shows(t *testing.T, e *engine.Engine, position uint64) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := e.Views.WaitFor(ctx, position); err != nil {
		t.Fatal(err)
	}
}

func head(t *testing.T, e *engine.Engine) uint64 {
	t.Helper()
	h, err := e.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// whole asks for all that the small life left, through any instance.
func whole(t *testing.T, e *engine.Engine, coach, dossier string, after uint64) {
	t.Helper()
	shows(t, e, after)
	v, err := e.Queries.Dossier(t.Context(), reader(coach, "view", after), dossier, queries.DossierOptions{Open: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(v.Contact) != 1 || v.Contact[0].State != "open" || !strings.Contains(string(v.Contact[0].Data), "Jansen") ||
		len(v.Values) != 1 || v.Values[0].State != "open" || v.Assigned[0].Name != "Eva Coach" {
		t.Errorf("the view is not whole: %+v", v)
	}
	list, err := e.Queries.Caseload(t.Context(), reader(coach, "list", after))
	if err != nil || len(list) != 1 || list[0].Name != "Jansen, Anna" || !list[0].AssignedToMe {
		t.Errorf("caseload %+v, %v", list, err)
	}
	n := head(t, e)
	for register, want := range map[string]int{"dossiers": 1, "retention": 4, "history": int(n), "disclosures": 0} {
		if rows := export(t, e, register, n); len(rows) != want {
			t.Errorf("export %s: %d rows, want %d", register, len(rows), want)
		}
	}
}

// Architecture §8: the same life on a cluster and PostgreSQL, and all of it
// there after a restart.
func TestOutsideOneMachine(t *testing.T) {
	p, dir := newPlace(t), t.TempDir()
	e := p.instance(t, dir, true)
	coach, dossier, last := small(t, e)
	whole(t, e, coach, dossier, last)
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e = p.instance(t, dir, false)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	last = head(t, e)
	if looks := export(t, e, "access", last); len(looks) != 2 {
		t.Errorf("%d looks on record after the restart, want 2", len(looks))
	}
	agree(t, e)
}

// agree asks that live and rebuilt views are the same (T4).
func agree(t *testing.T, e *engine.Engine) {
	t.Helper()
	results, err := e.Views.Check(t.Context(), nil, func(uint64, uint64) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range results {
		if !r.Equal {
			t.Errorf("the view %s differs from the stream: %+v", r.Name, r)
		}
	}
}

// C-2.1.4c: an instance joins with a copy of the keys and with nothing else;
// what it was refused for leaves nothing that a later, right start trips over.
func TestAnInstanceJoinsWithItsKeys(t *testing.T) {
	p, first, second, other := newPlace(t), t.TempDir(), t.TempDir(), t.TempDir()
	e := p.instance(t, first, true)
	coach, dossier, last := small(t, e)
	refused := func(o engine.Options, code string) {
		t.Helper()
		e, err := engine.Open(t.Context(), o)
		if err == nil {
			e.Close()
		}
		if domain.AsError(err).Code != code {
			t.Errorf("opened with %v, want %s", err, code)
		}
	}
	refused(p.options(second, true), "keys_missing")

	// keys of another store
	openWith(t, engine.Options{Data: filepath.Join(other, "data"), Create: true}).Close()
	o := p.options(second, true)
	o.Keys = filepath.Join(other, "data.keys")
	refused(o, "wrong_keys")

	// a cluster with commits and no PostgreSQL that knows their keys
	o = p.options(t.TempDir(), true)
	o.PostgresURL = ""
	refused(o, "keys_missing")
	o.PostgresURL = pg.Start(t)
	refused(o, "keys_missing")

	copyKeys(t, first, second)
	whole(t, p.instance(t, second, true), coach, dossier, last)

	// the same empty places as before take the keys of the store as well
	o.PostgresURL = p.pg
	copyKeys(t, first, filepath.Dir(o.Data))
	whole(t, openWith(t, o), coach, dossier, last)
}

// T10, X-11: two instances on one cluster and one database take commands at
// once. Nothing is lost or doubled, what must be unique is, one of them follows
// each projection and the other reads what it made; when that one ends, the
// other takes over.
func TestTwoInstances(t *testing.T) {
	p, first, second := newPlace(t), t.TempDir(), t.TempDir()
	a := p.instance(t, first, true)
	coach, dossier, _ := small(t, a)
	copyKeys(t, first, second)
	b := p.instance(t, second, true)
	both := []*engine.Engine{a, b}

	accepted := bothAtOnce(t, both, dossier)
	once(t, a, accepted)
	n := head(t, b)
	for i, e := range both {
		if rows := export(t, e, "hours", n); len(rows) != len(accepted) {
			t.Errorf("instance %d shows %d entries of hours, want %d", i, len(rows), len(accepted))
		}
	}
	followedOnce(t, a, b)

	for i, e := range both { // each sees the other's newest commit and opens what it sealed
		o := do(t, both[1-i], operator, "AddRecord", dossier, "", m{"record": uuid.NewString(), "category": "report", "title": "Vervolg", "source": "staff_report"})
		shows(t, e, o.Position)
		v, err := e.Queries.Dossier(t.Context(), reader(coach, "view", o.Position), dossier, queries.DossierOptions{Open: true})
		if err != nil || len(v.Values) != 2+i || v.Values[1+i].State != "open" {
			t.Fatalf("instance %d: %+v, %v", i, v, err)
		}
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	o := do(t, b, operator, "LogHours", dossier, "", m{"entry": uuid.NewString(), "trajectory": "T-1", "date": "2020-01-03", "minutes": 5, "activity": "report"})
	if rows := export(t, b, "hours", o.Position); len(rows) != len(accepted)+1 {
		t.Errorf("after the other has ended, %d entries, want %d", len(rows), len(accepted)+1)
	}
	agree(t, b)
}

// followedOnce asks that each projection has exactly one owner.
func followedOnce(t *testing.T, a, b *engine.Engine) {
	t.Helper()
	sa, err := a.Views.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sb, err := b.Views.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range sa {
		if sa[i].Owned == sb[i].Owned {
			t.Errorf("%s: owned by the first %v, by the second %v", sa[i].Name, sa[i].Owned, sb[i].Owned)
		}
	}
}

// bothAtOnce gives the same commands to both instances at once: on one dossier,
// and for one trajectory number and one login wanted by many. It gives the
// positions of the accepted entries of hours by command id.
func bothAtOnce(t *testing.T, both []*engine.Engine, dossier string) map[string]uint64 {
	t.Helper()
	const n = 12
	var mu sync.Mutex
	var wg sync.WaitGroup
	accepted, won := map[string]uint64{}, map[string]int{}
	give := func(e *engine.Engine, contest string, r commands.Request) {
		wg.Go(func() {
			out := e.Commands.Execute(t.Context(), operator, r)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case out.Outcome == commands.Accepted && contest == "":
				if p, twice := accepted[r.ID]; twice {
					t.Errorf("a command was accepted twice, at %d and %d", p, out.Position)
				}
				accepted[r.ID] = out.Position
			case out.Outcome == commands.Accepted:
				won[contest]++
			case contest == "" && out.Outcome != commands.Duplicate, contest != "" && out.Code != contest:
				t.Errorf("%s: %+v", r.Command, out)
			}
		})
	}
	var opened []string
	for i := range n / 2 {
		opened = append(opened, uuid.NewString())
		do(t, both[i%2], operator, "OpenDossier", opened[i], "2020-02-01T09:00:00Z", m{"client": m{"family_name": fmt.Sprintf("Klant %d", i), "given_names": "A."}, "service": "reintegration", "referral": "self", "standing": "none"})
	}
	for i := range n {
		hours := commands.Request{ID: uuid.NewString(), Agency: "click", Command: "LogHours", Dossier: dossier,
			Data: fmt.Appendf(nil, `{"entry":%q,"trajectory":"T-1","date":"2020-01-02","minutes":%d,"activity":"conversation"}`, uuid.NewString(), i+1)}
		for _, e := range both {
			give(e, "", hours)
		}
	}
	for i, id := range opened {
		give(both[i%2], "trajectory_in_use", commands.Request{ID: uuid.NewString(), Agency: "click", Command: "StartTrajectory", Dossier: id, Data: []byte(`{"trajectory":"T-2"}`)})
		give(both[i%2], "login_in_use", commands.Request{ID: uuid.NewString(), Agency: "click", Command: "EnrolStaff",
			Data: fmt.Appendf(nil, `{"staff":%q,"name":"N","login":"bram"}`, uuid.NewString())})
	}
	wg.Wait()
	if len(accepted) != n || won["trajectory_in_use"] != 1 || won["login_in_use"] != 1 {
		t.Errorf("%d of %d entries accepted, one number given %d times, one login %d times", len(accepted), n, won["trajectory_in_use"], won["login_in_use"])
	}
	return accepted
}

// betweenInstances is how far apart two instances on one machine may stamp.
const betweenInstances = 250 * time.Millisecond

// once asks of the stream itself that each commit follows the one before it on
// its aggregate, that no command stands there twice, that recorded times never
// run backwards, and that all that was accepted is where it was said to be.
func once(t *testing.T, e *engine.Engine, accepted map[string]uint64) {
	t.Helper()
	seen, chain := map[string]bool{}, map[string]uint64{}
	found := 0
	var newest time.Time
	err := e.Store.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		env := &c.Envelope
		ref := env.Kind + "/" + env.AggregateID
		if env.PrevPosition != chain[ref] {
			t.Errorf("position %d of %s follows %d, not %d", c.Position, env.Kind, env.PrevPosition, chain[ref])
		}
		chain[ref] = c.Position
		if key := ref + " " + env.CommandID; seen[key] {
			t.Errorf("the command at %d stands on its aggregate twice", c.Position)
		} else {
			seen[key] = true
		}
		// Each instance stamps by itself, so two that append at the same moment may
		// differ by what passes between stamp and stream (ADR 3); more is a clock
		// that runs backwards.
		if newest.Sub(env.Recorded) > betweenInstances {
			t.Errorf("position %d was recorded %v before the commit ahead of it", c.Position, newest.Sub(env.Recorded))
		}
		if env.Recorded.After(newest) {
			newest = env.Recorded
		}
		if p, ok := accepted[env.CommandID]; ok && p == c.Position {
			found++
		}
		return nil
	})
	if err != nil || found != len(accepted) {
		t.Errorf("%d of %d accepted commands are where they were said to be, %v", found, len(accepted), err)
	}
}
