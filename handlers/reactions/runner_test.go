package reactions_test

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/reactions"
	rt "github.com/casefile-engine/casefile/handlers/reactions/reactionstest"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

type m = rt.M

var today = nl.MustDate("2020-06-01")

// remind reminds of every record that is added. before and after are called
// around that.
type remind struct {
	name          string
	fromStart     bool
	before, after func(c *reactions.Cause) error
}

func (r remind) Name() string    { return r.name }
func (r remind) Reads() []string { return []string{dossier.TypeRecordAdded} }
func (r remind) FromStart() bool { return r.fromStart }

func (r remind) React(ctx context.Context, _ *reactions.Tools, c *reactions.Cause, emit reactions.Emit) error {
	if r.before != nil {
		if err := r.before(c); err != nil {
			return err
		}
	}
	e := c.Event.(*dossier.RecordAdded)
	err := emit(ctx, reactions.Command{Dossier: c.Meta.Aggregate, Key: "only",
		Data: &reminder.RaiseReminder{Kind: "client_notice", Ref: e.Record, Item: r.name, Due: today, Stage: reminder.StageNew}})
	if err == nil && r.after != nil {
		return r.after(c)
	}
	return err
}

// office is an installation that runs no reactions of its own, with a dossier.
func office(t *testing.T) (*rt.World, domain.ID) {
	t.Helper()
	w := rt.New(t, "2020-06-01T10:00:00Z", false)
	w.Office()
	return w, w.Dossier(1, "2020-01-10")
}

func record(w *rt.World, dossier domain.ID, n int) uint64 {
	w.Helper()
	return w.Do("AddRecord", dossier, "2020-02-01T10:00:00Z", m{"record": rt.ID(n), "category": "plan", "title": "Plan", "text": "Tekst.", "source": "client"}).Position
}

// runner gives a runner of some reactions on the installation.
func runner(w *rt.World, state *sql.DB, postgres bool, list ...reactions.Reaction) *reactions.Runner {
	w.Helper()
	r, err := reactions.New(w.Context(), reactions.Config{
		Tools: reactions.Tools{Commands: w.Commands, Store: w.Store, DB: w.DB, Views: w.Views, Opener: w.Vault},
		List:  reactions.List{Reactions: list}, State: state, Postgres: postgres,
	})
	if err != nil {
		w.Fatal(err)
	}
	return r
}

func start(w *rt.World, r *reactions.Runner) *reactions.Runner {
	w.Helper()
	if err := r.Start(w.Context()); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { r.Close() })
	return r
}

// raised are the items of all reminders, by reaction, once r has dealt with all
// that was on the stream.
func raised(w *rt.World, r *reactions.Runner) map[string]int {
	w.Helper()
	reach(w, r)
	out := map[string]int{}
	for _, c := range w.Commits(reminder.TypeRaised) {
		out[rt.Event[reminder.Raised](w, c).Item]++
	}
	return out
}

func reach(w *rt.World, r *reactions.Runner) {
	w.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		list, err := r.Status(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(s reactions.Status) bool { return s.Lag > 0 || !s.Here }) {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("the reactions do not come to rest: %+v", list)
		}
	}
}

// Issue 3, Reactions: each answers an event once, and a replay of the whole
// stream fires none again, even when it has forgotten how far it was.
func TestAReplayFiresNoneAgain(t *testing.T) {
	w, d := office(t)
	for i := range 5 {
		record(w, d, 10+i)
	}
	r := start(w, runner(w, w.State, false, remind{name: "a", fromStart: true}, remind{name: "b", fromStart: true}))
	record(w, d, 20)
	if got := raised(w, r); got["a"] != 6 || got["b"] != 6 {
		t.Fatalf("raised %v", got)
	}
	head, err := w.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		r.Close()
		if _, err := w.State.ExecContext(t.Context(), "DELETE FROM reactions"); err != nil {
			t.Fatal(err)
		}
		r = start(w, runner(w, w.State, false, remind{name: "a", fromStart: true}, remind{name: "b", fromStart: true}))
		reach(w, r)
	}
	// Nor does a rebuild of the views.
	if err := w.Views.Rebuild(t.Context(), nil, nil); err != nil {
		t.Fatal(err)
	}
	reach(w, r)
	if now, err := w.Store.Head(t.Context()); err != nil || now != head {
		t.Fatalf("the head went from %d to %d, %v", head, now, err)
	}
}

// What follows says what caused it, and belongs to the chain of its command.
func TestWhatFollowsNamesItsCause(t *testing.T) {
	w, d := office(t)
	r := start(w, runner(w, w.State, false, remind{name: "a"}))
	at := record(w, d, 10)
	raised(w, r)
	cause, err := w.Store.At(t.Context(), at)
	if err != nil {
		t.Fatal(err)
	}
	e := w.Commits(reminder.TypeRaised)[0].Envelope
	if e.CausationID != cause.Envelope.Data.Events[0].ID || e.CorrelationID != cause.Envelope.CommandID || e.Actor != domain.Engine ||
		e.Door != "engine" || e.RecordedBy != domain.Engine || e.Ground != "engine" {
		t.Errorf("%+v", e)
	}
	if id, err := domain.ParseID("id", e.CommandID); err != nil || id[14] != '8' {
		t.Errorf("command id %s, %v", e.CommandID, err)
	}
}

// A reaction that was never started does not answer what was there before,
// unless it says so.
func TestItBeginsWhereItIsStarted(t *testing.T) {
	w, d := office(t)
	record(w, d, 10)
	r := start(w, runner(w, w.State, false, remind{name: "late"}, remind{name: "all", fromStart: true}))
	record(w, d, 11)
	if got := raised(w, r); got["late"] != 1 || got["all"] != 2 {
		t.Fatalf("raised %v", got)
	}
	// What happens while it does not run is not lost.
	r.Close()
	record(w, d, 12)
	r = start(w, runner(w, w.State, false, remind{name: "late"}, remind{name: "all", fromStart: true}))
	if got := raised(w, r); got["late"] != 2 || got["all"] != 3 {
		t.Fatalf("raised %v", got)
	}
}

// T1: stopped at any point between event and checkpoint, and started again,
// each fires once.
func TestStoppedAnywhereItFiresOnce(t *testing.T) {
	for _, point := range []string{"before", "after", "checkpoint"} {
		t.Run(point, func(t *testing.T) {
			w, d := office(t)
			died := make(chan struct{})
			var count atomic.Int32
			die := func(c *reactions.Cause) error {
				if count.Add(1) == 2 { // the second event
					close(died)
				}
				if count.Load() >= 2 {
					return errors.New("the machine is gone")
				}
				return nil
			}
			x := remind{name: "a", fromStart: true}
			switch point {
			case "before":
				x.before = die
			case "after":
				x.after = die
			}
			for i := range 4 {
				record(w, d, 10+i)
			}
			r := start(w, runner(w, w.State, false, x))
			if point == "checkpoint" {
				reach(w, r)
				r.Close() // and the checkpoints of the last three were never written
				if _, err := w.State.ExecContext(t.Context(), "UPDATE reactions SET position = ?", w.Commits(dossier.TypeRecordAdded)[0].Position); err != nil {
					t.Fatal(err)
				}
			} else {
				<-died
				r.Close()
			}
			r = start(w, runner(w, w.State, false, remind{name: "a", fromStart: true}))
			if got := raised(w, r); got["a"] != 4 {
				t.Fatalf("raised %v", got)
			}
		})
	}
}

// What a rule refuses for good, and what makes the program fail, is put aside
// with its reason; neither the rest of that reaction nor the others wait for it.
func TestPoisonStopsNothing(t *testing.T) {
	w, d := office(t)
	var good atomic.Bool
	bad := remind{name: "bad", before: func(c *reactions.Cause) error {
		if e := c.Event.(*dossier.RecordAdded); e.Record == rt.ID(11) && !good.Load() {
			return domain.Refused("no_regulation", "C-5", "no")
		} else if e.Record == rt.ID(12) && !good.Load() {
			panic("Jansen")
		}
		return nil
	}}
	r := start(w, runner(w, w.State, false, bad, remind{name: "other"}))
	for i := range 5 {
		record(w, d, 10+i)
	}
	if got := raised(w, r); got["bad"] != 3 || got["other"] != 5 {
		t.Fatalf("raised %v", got)
	}
	dead, err := r.DeadLetters(t.Context())
	if err != nil || len(dead) != 2 || dead[0].Code != "no_regulation" || dead[0].Rule != "C-5" || dead[1].Code != "panic" || dead[0].Position >= dead[1].Position {
		t.Fatalf("put aside: %+v, %v", dead, err)
	}
	if list, err := r.Status(t.Context()); err != nil || list[0].Dead != 2 || list[1].Dead != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := r.Retry(t.Context(), dead[0]); domain.AsError(err).Code != "no_regulation" {
		t.Errorf("tried again too early: %v", err)
	}
	good.Store(true)
	for _, d := range dead {
		if err := r.Retry(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if dead, err = r.DeadLetters(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("still put aside: %+v, %v", dead, err)
	}
	if got := raised(w, r); got["bad"] != 5 {
		t.Errorf("raised %v", got)
	}
}

// What is unavailable is tried until it is there; nothing is put aside or passed.
func TestWhatIsUnavailableIsTriedAgain(t *testing.T) {
	w, d := office(t)
	var tries atomic.Int32
	r := start(w, runner(w, w.State, false, remind{name: "a", before: func(*reactions.Cause) error {
		if tries.Add(1) <= 7 { // more than are tried in a row
			return eventstore.ErrUnavailable
		}
		return nil
	}}))
	record(w, d, 10)
	record(w, d, 11)
	if got := raised(w, r); got["a"] != 2 {
		t.Fatalf("raised %v after %d tries", got, tries.Load())
	}
	if dead, err := r.DeadLetters(t.Context()); err != nil || len(dead) != 0 {
		t.Errorf("put aside: %+v, %v", dead, err)
	}
}

// Of several instances one runs the reactions; another takes over when it goes,
// and each event is answered once.
func TestOneOfSeveralRuns(t *testing.T) {
	w, d := office(t)
	c, err := pgx.ParseConfig(pg.Start(t))
	if err != nil {
		t.Fatal(err)
	}
	state := stdlib.OpenDB(*c)
	t.Cleanup(func() { state.Close() })
	one := start(w, runner(w, state, true, remind{name: "a"}))
	record(w, d, 10)
	if got := raised(w, one); got["a"] != 1 {
		t.Fatalf("raised %v", got)
	}
	two := start(w, runner(w, state, true, remind{name: "a"}))
	record(w, d, 11)
	if got := raised(w, one); got["a"] != 2 {
		t.Fatalf("raised %v", got)
	}
	if list, err := two.Status(t.Context()); err != nil || list[0].Here {
		t.Errorf("both run them: %+v, %v", list, err)
	}
	one.Close()
	record(w, d, 12)
	if got := raised(w, two); got["a"] != 3 {
		t.Fatalf("raised %v", got)
	}
	// The lease of one that died without a word runs out; one that comes back to
	// life after it moves no checkpoint.
	if _, err := state.ExecContext(t.Context(), "UPDATE reactions_lease SET owner = 'gone', until = 0"); err != nil {
		t.Fatal(err)
	}
	record(w, d, 13)
	if got := raised(w, two); got["a"] != 4 {
		t.Fatalf("raised %v", got)
	}
}
