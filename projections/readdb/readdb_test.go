package readdb_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/internal/testkit/pg"
	"github.com/casefile-engine/casefile/projections/readdb"
)

var things = readdb.Table{
	Name: "things",
	Columns: []readdb.Column{
		{Name: "agency", Type: readdb.Text}, {Name: "n", Type: readdb.Int},
		{Name: "order", Type: readdb.Text}, {Name: "sealed", Type: readdb.Bytes},
	},
	KeyColumns: 2,
	Indexes:    [][]string{{"order"}},
	Sealed:     []string{"sealed"},
}

// onBoth runs a test on SQLite and on PostgreSQL.
func onBoth(t *testing.T, f func(t *testing.T, open func(c readdb.Config) *readdb.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "views.db")
		f(t, func(c readdb.Config) *readdb.DB { c.SQLitePath = path; return open(t, c) })
	})
	t.Run("postgres", func(t *testing.T) {
		address := pg.Start(t)
		f(t, func(c readdb.Config) *readdb.DB { c.PostgresURL = address; return open(t, c) })
	})
}

func open(t *testing.T, c readdb.Config) *readdb.DB {
	t.Helper()
	db, err := readdb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// live gives a claimed projection "p" with one empty live generation of tables.
func live(t *testing.T, db *readdb.DB, tables ...readdb.Table) *readdb.Writer {
	t.Helper()
	ctx := t.Context()
	claim(t, db, "me")
	w := must(db.NewGeneration(ctx, "p", "me", tables))(t)
	no(t, w.Finish(ctx))
	no(t, db.Switch(ctx, readdb.Switch{Writer: w, Owner: "me", Version: 1, State: readdb.Running}))
	return w
}

func claim(t *testing.T, db *readdb.DB, owner string) readdb.Checkpoint {
	t.Helper()
	c, ok, err := db.Claim(t.Context(), "p", owner, true)
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return c
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		no(t, err)
		return v
	}
}

func no(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func flush(t *testing.T, db *readdb.DB, w *readdb.Writer, from, to uint64) {
	t.Helper()
	no(t, db.Flush(t.Context(), []readdb.Advance{{Writer: w, Owner: "me", From: from, To: to, State: readdb.Running}}))
}

func thing(agency string, n int64, order string, sealed ...byte) readdb.Row {
	return readdb.Row{agency, n, order, sealed}
}

// read gives the rows that readers see, in byte order of their text.
func read(t *testing.T, db *readdb.DB, where string, args ...any) []string {
	t.Helper()
	rows := must(db.Query(t.Context(), `SELECT agency, n, "order", sealed FROM things `+where, args...))(t)
	defer rows.Close()
	var out []string
	for rows.Next() {
		var agency, order string
		var n int64
		var sealed []byte
		no(t, rows.Scan(&agency, &n, &order, &sealed))
		out = append(out, fmt.Sprintf("%s %d %s %x", agency, n, order, sealed))
	}
	no(t, rows.Err())
	return out
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("want -, got +:\n%s", d)
	}
}

// Given rows put, inserted and deleted in one transaction, when it is flushed,
// then readers see the outcome, in byte order on both engines, with its
// checkpoint; and not before.
func TestFlushWritesRowsWithTheirCheckpoint(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(readdb.Config) *readdb.DB) {
		db, ctx := open(readdb.Config{}), t.Context()
		w := live(t, db, things)
		w.Begin()
		for i, name := range []string{"b", "Z", "a", "é", "_", "0"} {
			no(t, w.Insert(ctx, "things", thing("click", int64(i), name)))
		}
		no(t, w.Put(ctx, "things", thing("click", 2, "a?", 1, 2)))
		no(t, w.Delete(ctx, "things", "click", int64(5)))
		same(t, 0, len(read(t, db, "")))
		flush(t, db, w, 0, 7)
		same(t, []string{"click 1 Z ", "click 4 _ ", "click 2 a? 0102", "click 0 b ", "click 3 é "},
			read(t, db, `WHERE "order" <> 'what?' AND agency = ? ORDER BY "order"`, "click"))
		c := must(db.Checkpoints(ctx))(t)["p"]
		same(t, uint64(7), c.Position)

		no(t, w.Delete(ctx, "things", "click", int64(0)))
		no(t, w.Put(ctx, "things", thing("click", 1, "y")))
		no(t, w.Insert(ctx, "things", thing("click", 0, "again")))
		flush(t, db, w, 7, 8)
		same(t, []string{"click 0 again ", "click 1 y "}, read(t, db, "WHERE n < ? ORDER BY n", 2))
	})
}

// Given a row on disk, in the cache or in the buffer, when it is looked up, then
// the newest is seen; an absent Bytes value is empty bytes wherever it comes from.
func TestGetSeesWhatWasWrittenLast(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(readdb.Config) *readdb.DB) {
		db, ctx := open(readdb.Config{CacheBytes: 1}), t.Context()
		w := live(t, db, things)
		get := func(n int64) any {
			row, ok, err := w.Get(ctx, "things", "a", n)
			no(t, err)
			if !ok {
				return nil
			}
			return fmt.Sprintf("%v %v", row[2], row[3])
		}
		same(t, nil, get(1))
		no(t, w.Insert(ctx, "things", readdb.Row{"a", int64(1), "first", nil}))
		same(t, "first []", get(1))
		flush(t, db, w, 0, 1)
		same(t, "first []", get(1))
		w.Reset()
		same(t, "first []", get(1))
		w.Begin()
		no(t, w.Put(ctx, "things", thing("a", 1, "second")))
		no(t, w.Delete(ctx, "things", "a", int64(1)))
		same(t, nil, get(1))
		w.Undo()
		same(t, "first []", get(1))
		flush(t, db, w, 1, 2)
		same(t, []string{"a 1 first "}, read(t, db, ""))
	})
}

// Given two rows with one key inserted, when they are flushed, then the flush
// is refused as a whole and the checkpoint stays.
func TestASecondRowWithAKeyIsRefused(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(readdb.Config) *readdb.DB) {
		db, ctx := open(readdb.Config{}), t.Context()
		w := live(t, db, things)
		no(t, w.Insert(ctx, "things", thing("a", 1, "x")))
		flush(t, db, w, 0, 1)
		w.Reset()
		no(t, w.Insert(ctx, "things", thing("a", 2, "y")))
		no(t, w.Insert(ctx, "things", thing("a", 1, "z")))
		err := db.Flush(ctx, []readdb.Advance{{Writer: w, Owner: "me", From: 1, To: 2, State: readdb.Running}})
		var fe *readdb.FlushError
		if !errors.As(err, &fe) || fe.Projection != "p" || !readdb.Refused(err) {
			t.Fatalf("got %v", err)
		}
		same(t, []string{"a 1 x "}, read(t, db, ""))
		same(t, uint64(1), must(db.Checkpoints(ctx))(t)["p"].Position)
	})
}

// What one engine would refuse is refused before it reaches either.
func TestRowsThatFitNotBothEnginesAreRefused(t *testing.T) {
	db := must(readdb.OpenMemory(t.Context()))(t)
	t.Cleanup(func() { db.Close() })
	w := live(t, db, things)
	for name, row := range map[string]readdb.Row{
		"zero byte":  thing("a\x00", 1, ""),
		"no UTF-8":   thing("a\xff", 1, ""),
		"short":      {"a", int64(1)},
		"other type": {"a", 1, "", nil},
		"no value":   {nil, int64(1), "", nil},
	} {
		if w.Insert(t.Context(), "things", row) == nil || w.Put(t.Context(), "things", row) == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, _, err := w.Get(t.Context(), "things", "a"); err == nil {
		t.Error("half a key was taken")
	}
	if err := w.Delete(t.Context(), "other", "a"); err == nil {
		t.Error("an unknown table was taken")
	}
}

// Given two instances, when the second has taken over, then the first one's
// flush, state and generation are refused and nothing of it is written.
func TestFence(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(readdb.Config) *readdb.DB) {
		first, second, ctx := open(readdb.Config{}), open(readdb.Config{}), t.Context()
		w := live(t, first, things)
		if _, ok, err := second.Claim(ctx, "p", "you", false); err != nil || ok {
			t.Fatal("claimed while leased", ok, err)
		}
		c := claim(t, second, "you")
		no(t, w.Insert(ctx, "things", thing("a", 1, "mine")))
		for _, err := range []error{
			first.Flush(ctx, []readdb.Advance{{Writer: w, Owner: "me", From: 0, To: 1}}),
			first.SetState(ctx, "p", "me", readdb.Running, "", 0),
			func() error { _, err := first.NewGeneration(ctx, "p", "me", []readdb.Table{things}); return err }(),
		} {
			if !errors.Is(err, readdb.ErrFenced) {
				t.Fatalf("got %v", err)
			}
		}
		theirs := second.OpenGeneration("p", c.Generation, []readdb.Table{things})
		no(t, second.Flush(ctx, []readdb.Advance{{Writer: theirs, Owner: "you", From: 0, To: 3}}))
		if err := second.Flush(ctx, []readdb.Advance{{Writer: theirs, Owner: "you", From: 0, To: 4}}); !errors.Is(err, readdb.ErrFenced) {
			t.Fatalf("moved from a position that it does not have: %v", err)
		}
		no(t, second.Release(ctx, "you"))
		if _, ok, err := first.Claim(ctx, "p", "me", false); err != nil || !ok {
			t.Fatal("a released projection cannot be claimed", err)
		}
		same(t, 0, len(read(t, first, "")))
	})
}

// Given an old generation with other columns, when a new one is switched in,
// then readers see its columns and rows, a table that is no more is gone, and
// only the live generation is left.
func TestSwitch(t *testing.T) {
	onBoth(t, func(t *testing.T, open func(readdb.Config) *readdb.DB) {
		db, ctx := open(readdb.Config{}), t.Context()
		gone := readdb.Table{Name: "gone", Columns: []readdb.Column{{Name: "k", Type: readdb.Text}}, KeyColumns: 1}
		before := readdb.Table{Name: "things", Columns: things.Columns[:2], KeyColumns: 1}
		old := live(t, db, before, gone)
		w := must(db.NewGeneration(ctx, "p", "me", []readdb.Table{things}))(t)
		no(t, w.Insert(ctx, "things", thing("a", 1, "new")))
		no(t, w.Finish(ctx))
		var n int
		no(t, db.QueryRow(ctx, "SELECT count(*) FROM things").Scan(&n))
		same(t, 0, n)
		no(t, db.Switch(ctx, readdb.Switch{Writer: w, Owner: "me", Version: 2, From: old.Generation(), Position: 9, State: readdb.Running}))
		same(t, []string{"a 1 new "}, read(t, db, ""))
		if db.QueryRow(ctx, "SELECT count(*) FROM gone").Scan(&n) == nil {
			t.Error("the view of a table that is no more is still there")
		}
		no(t, db.DropOthers(ctx, "p"))
		if db.QueryRow(ctx, "SELECT count(*) FROM things_g1").Scan(&n) == nil {
			t.Error("the old generation is still there")
		}
		c := must(db.Checkpoints(ctx))(t)["p"]
		same(t, []any{2, int64(2), uint64(9)}, []any{c.Version, c.Generation, c.Position})
	})
}

func digest(t *testing.T, db *readdb.DB, generation int64, tables ...readdb.Table) readdb.Digest {
	t.Helper()
	s := must(db.Snapshot(context.Background()))(t)
	defer s.Close()
	return must(s.Digest(t.Context(), generation, tables))(t)
}
