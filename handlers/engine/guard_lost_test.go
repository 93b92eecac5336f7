package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// killed makes an installation that ended after an acknowledgement and before the
// ledger had signed it, as by a kill: the ledger's files and the lock are as they
// were before the newest commit.
func killed(t *testing.T) (dir, dossier string, signed uint64) {
	t.Helper()
	dir, dossier, signed = filledData(t)
	ledger, lock := filepath.Join(dir, "data", "ledger"), filepath.Join(dir, "data.lock", "ledger")
	old := t.TempDir()
	if err := errors.Join(os.CopyFS(filepath.Join(old, "a"), os.DirFS(ledger)), os.CopyFS(filepath.Join(old, "b"), os.DirFS(lock))); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, false)
	acknowledge(t, e, "jan")
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	err := errors.Join(os.RemoveAll(ledger), os.RemoveAll(lock), os.CopyFS(ledger, os.DirFS(filepath.Join(old, "a"))), os.CopyFS(lock, os.DirFS(filepath.Join(old, "b"))))
	if err != nil {
		t.Fatal(err)
	}
	return dir, dossier, signed
}

func acknowledge(t *testing.T, e *engine.Engine, login string) {
	t.Helper()
	o := e.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "EnrolStaff", At: "2020-02-01T09:00:00Z", Data: []byte(`{"staff":"` + uuid.NewString() + `","name":"Jan","login":"` + login + `"}`)})
	if o.Outcome != commands.Accepted {
		t.Fatalf("%+v", o)
	}
}

// An installation that was killed before the ledger had signed its newest commit
// raises no alarm, however often it starts.
func TestAKillBeforeTheSignatureIsNoAlarm(t *testing.T) {
	dir, _, signed := killed(t)
	for range 3 {
		e := open(t, dir, false)
		if r, err := e.Guard.Scrub(t.Context()); err != nil || !r.Whole() || r.Commits <= signed {
			t.Fatalf("%+v, %v", r, err)
		}
		if s := e.Store.Status(t.Context()); s.ReadOnly {
			t.Fatal(s.Reason)
		}
		if err := errors.Join(e.CatchUp(t.Context(), nil), e.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

// T2, C-2.1.4d: the tail journal is deleted from a lock whose checkpoints are there.
// No start makes another without a word: by that a commit that was acknowledged and
// not yet signed could be cut off unnoticed, the stream ending exactly where the
// newest checkpoint does.
func TestADeletedJournalStopsAllWriting(t *testing.T) {
	for name, cut := range map[string]bool{"the stream is whole": false, "and the stream cut back to the newest checkpoint": true} {
		t.Run(name, func(t *testing.T) {
			dir, dossier, signed := killed(t)
			if err := os.Remove(filepath.Join(dir, "data.lock", "tail")); err != nil {
				t.Fatal(err)
			}
			if cut {
				rewritten(t, dir, func(l []*blocks.Record) []*blocks.Record { return l[:signed] })
			}
			for range 2 { // also at the next start
				e := open(t, dir, false)
				refusesToWrite(t, e, dossier, "integrity")
				if got := e.Guard.State(); got.Total == 0 || got.Findings[0].Kind != scrub.Missing || got.Findings[0].Part != "journal" {
					t.Fatalf("the guard knows %+v", got)
				}
				if err := e.Close(); err != nil {
					t.Fatal(err)
				}
			}
			// What operations.md has an operator do who finds the lock lost.
			old := filepath.Join(dir, "old.lock")
			lock := filepath.Join(dir, "data.lock")
			id, err := os.ReadFile(filepath.Join(dir, "data", "store-id"))
			if err = errors.Join(err, os.Rename(lock, old), os.Mkdir(lock, 0o700), os.WriteFile(filepath.Join(lock, "store-id"), id, 0o600)); err != nil {
				t.Fatal(err)
			}
			e := open(t, dir, false)
			acknowledge(t, e, "piet")
			if r, err := e.Guard.Scrub(t.Context()); err != nil || !r.Whole() {
				t.Fatalf("%+v, %v", r, err)
			}
		})
	}
}
