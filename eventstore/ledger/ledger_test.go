package ledger_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// Given commits of two agencies among each other, when the ledger follows, then
// each agency has a tree of its own commits in stream order, and positions lead
// to leaves and back.
func TestOneTreeForEachAgency(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	for range 5 {
		w.fill("click", 2)
		w.fill("solutions", 1)
	}
	w.checkpoint(l)
	if got := strings.Join(l.Agencies(), " "); got != "click solutions" {
		t.Fatal(got)
	}
	for _, a := range l.Agencies() {
		w.sound(l, a)
		log := w.log(l, a)
		for i, p := range w.at[a] {
			got, err := log.PositionOf(int64(i))
			index, ok, err2 := log.IndexOf(p)
			if err != nil || err2 != nil || !ok || got != p || index != int64(i) {
				t.Fatalf("leaf %d: position %d %v, index %d %v %v", i, got, err, index, ok, err2)
			}
			agency, index, ok, err := l.Locate(p)
			if err != nil || !ok || agency != a || index != int64(i) {
				t.Fatalf("position %d is %s %d %v %v", p, agency, index, ok, err)
			}
			c, err := w.store.At(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			if index, err := log.IndexOfCommit(c); err != nil || index != int64(i) {
				t.Fatal(index, err)
			}
		}
	}
	if _, ok, err := w.log(l, "click").IndexOf(w.at["solutions"][0]); ok || err != nil {
		t.Fatal("a position of another agency is a leaf", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// Given a ledger that was closed, or killed, when it is opened again, then it
// goes on where it was.
func TestGoesOn(t *testing.T) {
	for _, kill := range []bool{false, true} {
		w := newWorld(t)
		for round := range 6 {
			l := w.open()
			w.fill("click", 100*round+1)
			w.checkpoint(l)
			w.sound(l, "click")
			if !kill {
				if err := l.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Given that the end of the data was lost and grew again, or an older copy was
// put back, then nothing is signed, and the error names both sizes.
func TestRestoredOlderCopyIsAFork(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 5)
	w.checkpoint(l)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(w.dir, "data"))); err != nil {
		t.Fatal(err)
	}
	w.fill("click", 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	signed, _ := w.lock.Load(t.Context())
	cut := func(n int) {
		restored := worldIn(t, w.dir)
		all := w.clear["click"]
		w.store, w.prev, w.clear, w.at = restored.store, restored.prev, restored.clear, restored.at
		for _, c := range all[:n] {
			w.again(c)
		}
	}
	check := func(l *ledger.Ledger, signed, found int64, short bool) {
		t.Helper()
		wantForked(t, l.Checkpoint(t.Context()), signed, found)
		if list := l.Status(); !errors.Is(list[0].Problem, ledger.ErrForked) || errors.Is(list[0].Problem, ledger.ErrShort) != short {
			t.Fatal(list)
		}
		l.Close()
	}
	t.Run("stream alone", func(t *testing.T) {
		cut(5)
		check(w.open(), 9, 5, false)
		w.fill("click", 6) // it grew past what was signed
		check(w.open(), 9, 8, false)
	})
	t.Run("all of the data", func(t *testing.T) {
		data := filepath.Join(w.dir, "data")
		if err := errors.Join(os.RemoveAll(data), os.CopyFS(data, os.DirFS(old))); err != nil {
			t.Fatal(err)
		}
		cut(5)
		check(w.open(), 9, 5, true)
		w.fill("click", 6)
		check(w.open(), 9, 9, false)
	})
	t.Run("the lock", func(t *testing.T) {
		cut(5)
		if err := errors.Join(os.RemoveAll(filepath.Join(w.dir, "data")), os.RemoveAll(filepath.Join(w.dir, "lock", "ledger", "click"))); err != nil {
			t.Fatal(err)
		}
		l := w.open()
		w.checkpoint(l)
		l.Close()
		if err := os.RemoveAll(filepath.Join(w.dir, "lock", "ledger", "click")); err != nil {
			t.Fatal(err)
		}
		check(w.open(), 5, 0, false)
	})
	if now, _ := w.lock.Load(t.Context()); len(now) != 0 || len(signed) != 1 {
		t.Fatal("something was signed")
	}
}

// Given that the lock was lost and bound anew, as docs/operations.md says, then it
// begins at the newest checkpoint beside the data: a stream that is older than that
// is still a fork.
func TestANewLock(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 5)
	w.checkpoint(l)
	l.Close()
	lose := func() {
		if err := os.RemoveAll(filepath.Join(w.dir, "lock")); err != nil {
			t.Fatal(err)
		}
	}
	lose()
	l = w.open()
	l.Close()
	if notes, err := w.lock.Load(t.Context()); err != nil || string(notes["click"]) != string(w.log(l, "click").LatestCheckpoint().Note) {
		t.Fatal(notes, err)
	}
	w.fill("click", 2)
	l = w.open()
	w.checkpoint(l)
	w.sound(l, "click")
	l.Close()

	all := w.clear["click"]
	restored := worldIn(t, w.dir)
	w.store, w.prev, w.clear, w.at = restored.store, restored.prev, restored.clear, restored.at
	for _, c := range all[:6] {
		w.again(c)
	}
	lose()
	l = w.open()
	wantForked(t, l.Checkpoint(t.Context()), 7, 6)
	l.Close()

	// With the ledger's own files put aside the loss is accepted, by whoever did that.
	lose()
	if err := os.RemoveAll(filepath.Join(w.dir, "data")); err != nil {
		t.Fatal(err)
	}
	l = w.open()
	w.checkpoint(l)
	w.sound(l, "click")
	l.Close()
}

// again stores a commit as it was, as a restored stream has it.
func (w *world) again(clear []byte) {
	w.t.Helper()
	payload := append(clear[:len(clear):len(clear)], '\n')
	c, err := eventstore.Unmarshal(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	ref := c.Envelope.Ref()
	a, err := w.store.Append(context.Background(), &eventstore.Pending{
		Ref: ref, Expect: w.prev[ref].Position, Recorded: c.Envelope.Recorded, Payload: payload, Leaf: eventstore.LeafHash(clear),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.prev[ref] = a
	w.clear[ref.Agency] = append(w.clear[ref.Agency], clear)
	w.at[ref.Agency] = append(w.at[ref.Agency], a.Position)
}
