package engine_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// short is a log whose stream shows fewer commits than were signed.
func short(signed, found int64) []ledger.Status {
	return []ledger.Status{{Agency: "click", Problem: fmt.Errorf("a round: %w", errors.Join(ledger.ErrShort,
		&ledger.ForkError{Agency: "click", Signed: signed, Found: found, Why: "the stream has fewer commits than were signed"}))}}
}

// C-2.1.4d, T2: an instance of several that is behind for a while goes on; what it
// lacks for good stops it, and so does every other fork at once.
func TestBehindForAWhileIsNoFork_T2(t *testing.T) {
	// The looks are this test's own: the guard's are not started.
	open := func() *engine.Engine {
		dir := t.TempDir()
		nats := startStream(t, filepath.Join(dir, "nats"), -1)
		e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data"), NATSURL: nats.ClientURL(), Replicas: 1, Create: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	began := time.Now()
	at := func(minutes int) time.Time { return began.Add(time.Duration(minutes) * time.Minute) }
	runs := func(e *engine.Engine, what string, want bool) {
		t.Helper()
		if err := e.Guard.ReadOnly(); (err == nil) != want {
			t.Fatalf("%s: %v", what, err)
		}
	}
	e := open()
	for minute := range 20 { // always behind, and always coming on
		n := int64(minute)
		e.Guard.Heed(short(100+10*n, 95+10*n), at(minute))
	}
	runs(e, "an instance that comes on", true)
	e.Guard.Heed([]ledger.Status{{Agency: "click"}}, at(20))
	e.Guard.Heed(short(300, 295), at(30))
	e.Guard.Heed(short(310, 296), at(34))
	runs(e, "four minutes", true)
	e.Guard.Heed(short(320, 299), at(35))
	runs(e, "what was signed does not come", false)

	e = open()
	e.Guard.Heed(short(100, 95), at(0))
	e.Guard.Heed([]ledger.Status{{Agency: "click", Problem: &ledger.ForkError{Agency: "click", Signed: 100, Found: 100, Why: "another history"}}}, at(1))
	runs(e, "another history", false)
}

// C-2.1.4d, T2: where the stream is the process's own nothing can be behind.
func TestShortOfItsOwnStreamStopsAtOnce_T2(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(t.TempDir(), "data"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	e.Guard.Heed(short(100, 95), time.Now())
	if e.Guard.ReadOnly() == nil {
		t.Error("it goes on")
	}
}
