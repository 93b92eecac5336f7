package rowstest

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// OnBoth runs a test on SQLite and on PostgreSQL, each with an empty database.
func OnBoth(t *testing.T, f func(t *testing.T, db *readdb.DB)) {
	t.Helper()
	for _, engine := range Engines() {
		t.Run(engine, func(t *testing.T) { f(t, Open(t, engine)) })
	}
}

// Engines are the two engines of readdb.
func Engines() []string { return []string{"sqlite", "postgres"} }

// Open opens an empty database of one of the engines.
func Open(t testing.TB, engine string) *readdb.DB {
	t.Helper()
	if engine == "postgres" {
		return open(t, readdb.Config{PostgresURL: pg.Start(t)})
	}
	return open(t, readdb.Config{SQLitePath: filepath.Join(t.TempDir(), "views.db")})
}

// Memory opens a database in memory.
func Memory(t testing.TB) *readdb.DB {
	t.Helper()
	return open(t, readdb.Config{Memory: true})
}

func open(t testing.TB, c readdb.Config) *readdb.DB {
	t.Helper()
	db, err := readdb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// Rebuild folds the history into fresh tables and writes them once.
func Rebuild(t testing.TB, db *readdb.DB, p projections.Projection, h *History) {
	t.Helper()
	ctx := t.Context()
	c := claim(t, db, p)
	w, err := db.NewGeneration(ctx, p.Name(), owner, p.Tables())
	check(t, err)
	batch := 4000 // as the runner's
	if len(h.Deliveries) < batch {
		batch = 7 // so that a short history is written in several goes too
	}
	for i, d := range h.Deliveries {
		check(t, apply(ctx, w, p, d))
		if i%batch == batch-1 {
			check(t, w.Stream(ctx))
		}
	}
	check(t, w.Finish(ctx))
	check(t, db.Switch(ctx, readdb.Switch{Writer: w, Owner: owner, Version: p.Version(), From: c.Generation, Position: h.head(), State: readdb.Running}))
}

// Follow folds the history live: every few commits are written with the checkpoint.
func Follow(t testing.TB, db *readdb.DB, p projections.Projection, h *History) {
	t.Helper()
	ctx := t.Context()
	Rebuild(t, db, p, &History{})
	c := claim(t, db, p)
	w := db.OpenGeneration(p.Name(), c.Generation, p.Tables())
	from := c.Position
	for group := range slices.Chunk(h.Deliveries, max(3, len(h.Deliveries)/40)) {
		for _, d := range group {
			check(t, apply(ctx, w, p, d))
		}
		to := group[len(group)-1].Commit.Position
		check(t, db.Flush(ctx, []readdb.Advance{{Writer: w, Owner: owner, From: from, To: to, State: readdb.Running}}))
		from = to
	}
}

const owner = "test"

func claim(t testing.TB, db *readdb.DB, p projections.Projection) readdb.Checkpoint {
	t.Helper()
	c, ok, err := db.Claim(t.Context(), p.Name(), owner, true)
	check(t, err)
	if !ok {
		t.Fatal("the projection is somebody else's")
	}
	return c
}

// apply gives the projection what the runner gives it: no commit without an
// event that it reads, unless it reads all, and of the others every event.
func apply(ctx context.Context, w *readdb.Writer, p projections.Projection, d projections.Delivery) error {
	reads := p.Reads()
	if reads != nil && !slices.ContainsFunc(d.Events, func(e domain.Recorded) bool { return slices.Contains(reads, e.Event.EventType()) }) {
		return nil
	}
	w.Begin()
	if err := p.Apply(ctx, w, &d); err != nil {
		w.Undo()
		return err
	}
	return nil
}

// Digest is the digest of a projection's live tables.
func Digest(t testing.TB, db *readdb.DB, p projections.Projection) string {
	t.Helper()
	c := claim(t, db, p)
	s, err := db.Snapshot(t.Context())
	check(t, err)
	defer s.Close()
	d, err := s.Digest(t.Context(), c.Generation, p.Tables())
	check(t, err)
	return d.SHA256
}

func (h *History) head() uint64 {
	if len(h.Deliveries) == 0 {
		return 0
	}
	return h.Deliveries[len(h.Deliveries)-1].Commit.Position
}

// SameLiveAndRebuilt shows that following and rebuilding give the same rows, on
// both engines (targets T4).
func SameLiveAndRebuilt(t *testing.T, p projections.Projection, h *History) {
	t.Helper()
	want := ""
	OnBoth(t, func(t *testing.T, db *readdb.DB) {
		Follow(t, db, p, h)
		live := Digest(t, db, p)
		Rebuild(t, db, p, h)
		if rebuilt := Digest(t, db, p); rebuilt != live {
			t.Fatalf("following gives %s and rebuilding %s", live, rebuilt)
		}
		if want != "" && want != live {
			t.Fatalf("the engines differ: %s and %s", want, live)
		}
		want = live
	})
}

// Collect gathers what a query calls back with.
func Collect[T any](t testing.TB, query func(f func(T) error) error) []T {
	t.Helper()
	var out []T
	check(t, query(func(v T) error {
		out = append(out, v)
		return nil
	}))
	return out
}

// Golden compares rows, one JSON object a line, with testdata/<name>.jsonl.
func Golden[T any](t testing.TB, name string, rows []T) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	for _, r := range rows {
		check(t, enc.Encode(r))
	}
	path := filepath.Join("testdata", name+".jsonl")
	if *update {
		check(t, os.MkdirAll("testdata", 0o755))
		check(t, os.WriteFile(path, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(path)
	check(t, err)
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("%s differs (write it anew with -update):\n%s", path, d)
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
