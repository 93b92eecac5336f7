package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// T2, C-2.1.4d: an alarm is kept beside the lock, since a stream that is read-only
// takes no event: once for each damage however often it is found, and for the
// next start too, also after the damage was mended.
func TestAlarmsAreKeptBesideTheLock(t *testing.T) {
	dir, _, head := filledData(t)
	s := theStream(t, dir)
	whole, err := os.ReadFile(s.Path(1))
	if err != nil {
		t.Fatal(err)
	}
	check := func(e *engine.Engine, want int) []engine.Alarm {
		t.Helper()
		list, err := e.Guard.Alarms()
		if err != nil || len(list) != want {
			t.Fatalf("%d alarms, want %d (%v)", len(list), want, err)
		}
		return list
	}
	e := open(t, dir, false)
	check(e, 0)
	if err := e.Guard.ReadOnly(); err != nil {
		t.Fatalf("a whole stream is read-only: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	torn := append([]byte(nil), whole...)
	torn[len(torn)-100] ^= 16
	if err := errors.Join(os.WriteFile(s.Path(1), torn, 0o600), os.Remove(filepath.Join(s.Dir, "msgs", "index.db"))); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		e = open(t, dir, false)
		if got := domain.AsError(e.Guard.ReadOnly()).Code; got != "damaged_tail" {
			t.Fatalf("read-only because of %q", got)
		}
		a := check(e, 1)[0]
		if a.Total == 0 || a.At.IsZero() || a.Findings[0].Kind != scrub.Missing || max(a.Findings[0].Position, a.Findings[0].Until) != head {
			t.Fatalf("the alarm says %+v", a)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// A line that a power cut tore hides none of the others.
	file := filepath.Join(dir, "data.lock", "alarms.jsonl")
	b, err := os.ReadFile(file)
	if err != nil || strings.Count(string(b), "\n") != 1 {
		t.Fatalf("the file has %d lines (%v)", strings.Count(string(b), "\n"), err)
	}
	if fi, err := os.Stat(file); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("others can read the file: %v %v", fi.Mode(), err)
	}
	if err := errors.Join(os.WriteFile(file, append(b, `{"at":"2026-`...), 0o600), os.WriteFile(s.Path(1), whole, 0o600)); err != nil {
		t.Fatal(err)
	}
	e = open(t, dir, false)
	check(e, 1)
}
