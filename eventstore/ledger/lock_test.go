package ledger_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

// eachLock runs a test on both locks. open gives another instance on the same lock.
func eachLock(t *testing.T, f func(t *testing.T, open func() ledger.Lock)) {
	t.Run("file", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "ledger")
		f(t, func() ledger.Lock { return ledger.NewFileLock(dir) })
	})
	t.Run("postgres", func(t *testing.T) {
		open := postgres(t)
		f(t, func() ledger.Lock { return open() })
	})
}

// postgres gives instances on one database, db for the test's own statements.
func postgres(t *testing.T) (open func() *ledger.PostgresLock) {
	t.Helper()
	address, n := pg.Start(t), 0
	return func() *ledger.PostgresLock {
		t.Helper()
		n++
		db, err := sql.Open("pgx", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		l, err := ledger.NewPostgresLock(t.Context(), db, fmt.Sprint("instance ", n))
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}

// C-2.1.4d: a checkpoint is only replaced by whoever knows it; of many at once
// one wins.
func TestCompareAndSwap(t *testing.T) {
	eachLock(t, func(t *testing.T, open func() ledger.Lock) {
		ctx := t.Context()
		l := open()
		if notes, err := l.Load(ctx); err != nil || len(notes) != 0 {
			t.Fatal(notes, err)
		}
		if leads, err := l.Lead(ctx); err != nil || !leads {
			t.Fatal(leads, err)
		}
		old := []byte(nil)
		for round := range 4 {
			var wg sync.WaitGroup
			won := make(chan []byte, 8)
			for i := range 8 {
				wg.Go(func() {
					next := fmt.Appendf(nil, "round %d by %d\n", round, i)
					switch err := l.Swap(ctx, "click", old, next); {
					case err == nil:
						won <- next
					case !errors.Is(err, ledger.ErrLockMoved):
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				t.Fatalf("%d have won", len(won))
			}
			old = <-won
			notes, err := l.Load(ctx)
			if err != nil || string(notes["click"]) != string(old) || len(notes) != 1 {
				t.Fatal(notes, err)
			}
		}
		wantErr(t, "swapping in a first one", l.Swap(ctx, "click", nil, []byte("x")), ledger.ErrLockMoved)
		wantErr(t, "another agency's", l.Swap(ctx, "solutions", old, []byte("x")), ledger.ErrLockMoved)
		if err := l.Swap(ctx, "solutions", nil, []byte("y")); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"first", "second"} {
			if got, err := open().Pin(ctx, key); err != nil || got != "first" {
				t.Fatal(got, err)
			}
		}
		if got, err := l.Pinned(ctx); err != nil || got != "first" {
			t.Fatal(got, err)
		}
	})
}

// T10: given two instances, then one leads; when it dies the other takes over,
// and the first, should it wake up, swaps nothing any more.
func TestOneLeadsAtATime(t *testing.T) {
	open := postgres(t)
	ctx := t.Context()
	a, b := open(), open()
	leads := func(l *ledger.PostgresLock, want bool) {
		t.Helper()
		if got, err := l.Lead(ctx); err != nil || got != want {
			t.Fatal(got, err)
		}
	}
	leads(a, true)
	leads(b, false)
	leads(a, true)
	if err := a.Swap(ctx, "click", nil, []byte("1")); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "the one that does not lead", b.Swap(ctx, "click", []byte("1"), []byte("2")), ledger.ErrLockMoved)
	expire(t, open())
	wantErr(t, "a lease that has run out", a.Swap(ctx, "click", []byte("1"), []byte("2")), ledger.ErrLockMoved)
	leads(b, true)
	leads(a, false)
	wantErr(t, "the one that slept", a.Swap(ctx, "click", []byte("1"), []byte("2")), ledger.ErrLockMoved)
	if err := b.Swap(ctx, "click", []byte("1"), []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := a.Resign(ctx); err != nil { // it has nothing to resign
		t.Fatal(err)
	}
	leads(a, false)
	if err := b.Resign(ctx); err != nil {
		t.Fatal(err)
	}
	leads(a, true)
	leads(b, false)
}

// expire lets the lease run out as it does by itself after six seconds.
func expire(t *testing.T, l *ledger.PostgresLock) {
	t.Helper()
	if _, err := l.DB().ExecContext(t.Context(), "UPDATE ledger_lease SET until = clock_timestamp() - interval '1 second'"); err != nil {
		t.Fatal(err)
	}
}

// Given two sequencers on one lock, each with files of its own, when both go on
// at once, then they sign one history, and each has all of it.
func TestTwoSequencers(t *testing.T) {
	eachLock(t, func(t *testing.T, open func() ledger.Lock) {
		w := newWorld(t)
		instance := func(n int) *ledger.Ledger {
			o := w.options()
			o.Dir, o.Lock = filepath.Join(w.dir, fmt.Sprint("data", n), "ledger"), open()
			l, err := ledger.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		two := []*ledger.Ledger{instance(1), instance(2)}
		for range 8 {
			w.fill("click", 40)
			w.fill("solutions", 3)
			var wg sync.WaitGroup
			for _, l := range two {
				wg.Go(func() {
					if err := l.Checkpoint(t.Context()); err != nil && !errors.Is(err, ledger.ErrLockMoved) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
		}
		for _, l := range []*ledger.Ledger{two[0], two[1], two[0]} {
			w.checkpoint(l)
		}
		for _, l := range two {
			w.sound(l, "click")
			w.sound(l, "solutions")
		}
		// One dies: the other goes on, and a third begins with nothing.
		if err := two[0].Close(); err != nil {
			t.Fatal(err)
		}
		w.fill("click", 30)
		w.checkpoint(two[1])
		w.sound(two[1], "click")
		third := instance(3)
		w.checkpoint(third)
		w.sound(third, "click")
		third.Close()
		two[1].Close()
	})
}

// A key that signed before is never replaced by another.
func TestTheKeyStays(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 1)
	w.checkpoint(l)
	l.Close()
	ctx := context.Background()
	for what, keys := range map[string]string{"no key": filepath.Join(w.dir, "empty")} {
		_, err := ledger.OpenKey(ctx, keys, store, w.lock)
		wantErr(t, what, err, ledger.ErrOtherKey)
	}
	other := filepath.Join(w.dir, "other")
	if _, err := ledger.OpenKey(ctx, other, store, ledger.NewFileLock(filepath.Join(w.dir, "otherlock"))); err != nil {
		t.Fatal(err)
	}
	_, err := ledger.OpenKey(ctx, other, store, w.lock)
	wantErr(t, "another store's key", err, ledger.ErrOtherKey)
	if _, err := ledger.OpenKey(ctx, w.keys, "5f0c1c1e-6a2b-4c3d-8e4f-000000000002", w.lock); err == nil {
		t.Fatal("the key of one store opens another")
	}
}
