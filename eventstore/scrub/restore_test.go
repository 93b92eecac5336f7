package scrub_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore/scrub"
)

func (w world) put(from world, part string) {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, part)); err != nil {
		w.t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(w.dir, part), os.DirFS(filepath.Join(from.dir, part))); err != nil {
		w.t.Fatal(err)
	}
}

// T2, architecture §6: an older copy of the data beside the newest lock is found
// and named as such, and so is an older lock beside the newest data. Both together
// are one consistent whole: the checkpoints in the report tell who has newer ones.
func TestOldCopiesThatArePutBackAreFound(t *testing.T) {
	old := newWorld(t, 12)
	now := old.copied(t)
	now.write(12)
	if r := now.scrub(); !r.Whole() {
		t.Fatalf("found %q", says(r))
	}
	t.Run("the data", func(t *testing.T) {
		w := now.copied(t)
		w.put(old, "data")
		r := w.scrub()
		if got := says(r); got != "stream restored 12-23; stream restored 13-24; journal missing 24" {
			t.Fatalf("found %q", got)
		}
		if m := r.Findings[0].Message; !strings.Contains(m, "older copy of the data was put back: it is as it was with 6 commits") || !strings.Contains(m, "signed 12") {
			t.Errorf("it says %q", m)
		}
	})
	t.Run("the lock", func(t *testing.T) {
		w := now.copied(t)
		w.put(old, "lock")
		if got := says(w.scrub()); got != "lock restored 11; lock restored 12" {
			t.Fatalf("found %q", got)
		}
	})
	t.Run("the stream alone", func(t *testing.T) {
		w := now.copied(t)
		w.put(old, filepath.Join("data", "stream"))
		r := w.scrub()
		if n := count(r, "stream", scrub.Missing); n != 12 {
			t.Fatalf("%d commits are named missing: %q", n, says(r))
		}
	})
	t.Run("the ledger alone", func(t *testing.T) {
		w := now.copied(t)
		w.put(old, filepath.Join("data", "ledger"))
		// The stream agrees with the lock, so this is only work to be done again.
		if got := says(w.scrub()); got != "" {
			t.Fatalf("found %q", got)
		}
	})
	t.Run("both", func(t *testing.T) {
		w := now.copied(t)
		w.put(old, "data")
		w.put(old, "lock")
		r := w.scrub()
		if !r.Whole() || r.Checkpoints[0].Size != 6 || now.scrub().Checkpoints[0].Size != 12 {
			t.Fatalf("found %q, checkpoints %v", says(r), r.Checkpoints)
		}
	})
	t.Run("no lock", func(t *testing.T) {
		w := now.copied(t)
		if err := os.RemoveAll(filepath.Join(w.dir, "lock")); err != nil {
			t.Fatal(err)
		}
		if got := says(w.scrub()); got != "journal missing 0; lock missing 0; lock missing 0; lock missing 0" {
			t.Fatalf("found %q", got)
		}
	})
}

func count(r *scrub.Report, part string, k scrub.Kind) (n int) {
	for _, f := range r.Findings {
		if f.Part == part && f.Kind == k {
			n++
		}
	}
	return n
}
