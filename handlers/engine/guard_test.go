package engine_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// filledData makes an installation with a dossier, signed and closed.
func filledData(t *testing.T) (dir, dossier string, head uint64) {
	t.Helper()
	dir = t.TempDir()
	e := open(t, dir, false)
	_, dossier, _ = small(t, e)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	head, err := e.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return dir, dossier, head
}

func theStream(t *testing.T, dir string) *blocks.Stream {
	t.Helper()
	s, err := blocks.Open(filepath.Join(dir, "data", "stream"), jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// rewritten writes the stream's block anew with all of the server's checksums right.
func rewritten(t *testing.T, dir string, f func([]*blocks.Record) []*blocks.Record) {
	t.Helper()
	s := theStream(t, dir)
	var list []*blocks.Record
	err := s.Read(t.Context(), func(r *blocks.Record) error { list = append(list, r); return nil }, func(d *blocks.Damage) error { return errors.New(d.Why) })
	if err != nil {
		t.Fatal(err)
	}
	var b []byte
	for _, r := range f(list) {
		b = blocks.Append(b, jetstream.StreamName, 1, r)
	}
	if err := os.WriteFile(s.Path(1), b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(s.Dir, "msgs", "index.db")); err != nil {
		t.Fatal(err)
	}
}

// refusesToWrite: nothing is written by this engine, and its status says why.
func refusesToWrite(t *testing.T, e *engine.Engine, dossier, code string) {
	t.Helper()
	st := e.Store.Status(t.Context())
	if !st.ReadOnly || !strings.Contains(st.Reason, code) {
		t.Fatalf("the stream's status is %+v", st)
	}
	o := e.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "StartTrajectory", Dossier: dossier, At: "2020-02-01T09:00:00Z", Data: []byte(`{"trajectory":"T-9"}`)})
	if o.Outcome == commands.Accepted {
		t.Fatalf("a command is accepted at position %d", o.Position)
	}
}

// T2, architecture §6: a crash, and one flipped bit in the last block. The server
// would cut the stream there and give the positions out again. Also when the tail
// journal is lost with it, the ledger's checkpoint in the lock tells; and the
// damaged block is kept as it was.
func TestACrashAndAFlippedBitStopAllWriting(t *testing.T) {
	for _, lost := range []bool{false, true} {
		dir, dossier, head := filledData(t)
		s := theStream(t, dir)
		b, err := os.ReadFile(s.Path(1))
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-100] ^= 16
		if err := errors.Join(os.WriteFile(s.Path(1), b, 0o600), os.Remove(filepath.Join(s.Dir, "msgs", "index.db"))); err != nil {
			t.Fatal(err)
		}
		if lost {
			if err := os.Remove(filepath.Join(dir, "data.lock", "tail")); err != nil {
				t.Fatal(err)
			}
		}
		before, err := os.ReadFile(filepath.Join(dir, "data.lock", "ledger", "click", "checkpoint"))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // also at the next start
			e := open(t, dir, false)
			code := "damaged_tail"
			if lost {
				code = "integrity"
			}
			refusesToWrite(t, e, dossier, code)
			if got := e.Guard.State(); got.Total == 0 || got.Findings[0].Kind != scrub.Missing || max(got.Findings[0].Until, got.Findings[0].Position) != head {
				t.Fatalf("the guard knows %+v", got)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if after, err := os.ReadFile(filepath.Join(dir, "data.lock", "ledger", "click", "checkpoint")); err != nil || string(after) != string(before) {
			t.Fatalf("the lock's checkpoint changed: %v", err)
		}
		kept, err := filepath.Glob(filepath.Join(dir, "data.lock", "tail.damaged-1.blk-*"))
		if err != nil || len(kept) != 1 {
			t.Fatalf("%d copies of the damaged block are kept", len(kept))
		}
		if copied, err := os.ReadFile(kept[0]); err != nil || string(copied) != string(b) {
			t.Fatalf("the copy is another: %v", err)
		}
	}
}

// T2: an edit in the middle, with all checksums of the server right, is found by
// the scrub after the start: writing ends, the commit is named, the metric tells.
func TestAnEditInThePastIsFoundAfterTheStart(t *testing.T) {
	dir, dossier, _ := filledData(t)
	rewritten(t, dir, func(l []*blocks.Record) []*blocks.Record {
		l[3].Payload = []byte(strings.Replace(string(l[3].Payload), `"door":"import"`, `"door":"cli"`, 1))
		return l
	})
	e := open(t, dir, true)
	deadline := time.Now().Add(time.Minute)
	for e.Guard.State().Total == 0 && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	refusesToWrite(t, e, dossier, "integrity")
	f := e.Guard.State().Findings[0]
	if f.Kind != scrub.Altered || f.Position != 4 || f.Agency != "click" || f.Aggregate == "" || f.CommandID == "" {
		t.Fatalf("found %+v", f)
	}
	if _, err := e.Guard.Scrub(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := gauge(t, e, "casefile_integrity_failures"); n == 0 {
		t.Error("the metric casefile_integrity_failures is 0")
	}
	if n := gauge(t, e, "casefile_last_scrub_timestamp"); n < 1e9 {
		t.Errorf("the metric casefile_last_scrub_timestamp is %v", n)
	}
}

func gauge(t *testing.T, e *engine.Engine, name string) float64 {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(e.Guard)
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.GetName() == name && len(f.Metric) == 1 {
			return f.Metric[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("there is no metric %s", name)
	return 0
}

// T2: a stream that was cut and has grown again by other hands, so that it is as
// long as before, is found before the first write, by the commit at the newest
// checkpoint. No position is given out twice.
func TestAStreamThatWasCutAndGrewAgainIsFoundAtTheStart(t *testing.T) {
	dir, dossier, _ := filledData(t)
	if err := os.Remove(filepath.Join(dir, "data.lock", "tail")); err != nil {
		t.Fatal(err)
	}
	rewritten(t, dir, func(l []*blocks.Record) []*blocks.Record {
		last := l[len(l)-1]
		last.Payload = []byte(strings.Replace(string(last.Payload), `"door":"import"`, `"door":"api"`, 1))
		return l
	})
	e := open(t, dir, false)
	refusesToWrite(t, e, dossier, "integrity")
}

// Damage to the ledger's own files is told, and keeps nobody from his work.
func TestDamageToTheLedgersFilesIsAnAlarmAlone(t *testing.T) {
	dir, _, head := filledData(t)
	path := filepath.Join(dir, "data", "ledger", "click", "positions")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[40] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, false)
	if got := e.Guard.State(); got.Total == 0 || got.Findings[0].Part != "ledger" {
		t.Fatalf("the guard knows %+v", got)
	}
	o := e.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "EnrolStaff", At: "2020-02-01T09:00:00Z", Data: []byte(`{"staff":"` + uuid.NewString() + `","name":"Jan","login":"jan"}`)})
	if o.Outcome != commands.Accepted || o.Position <= head {
		t.Fatalf("%+v", o)
	}
}

// A whole installation raises no alarm, at the start and when it is looked over.
func TestAWholeInstallationRaisesNoAlarm(t *testing.T) {
	dir, _, head := filledData(t)
	e := open(t, dir, true)
	r, err := e.Guard.Scrub(t.Context())
	if err != nil || !r.Whole() || r.Commits < head {
		t.Fatalf("%+v, %v", r, err)
	}
	if s := e.Guard.State(); s.Total != 0 || s.Scrubbed.IsZero() {
		t.Fatalf("the guard knows %+v", s)
	}
	if e.Store.Status(t.Context()).ReadOnly {
		t.Fatal("read-only")
	}
}

// While people work and the ledger signs, looking over everything again and again
// raises no alarm.
func TestNoAlarmWhileWorkGoesOn(t *testing.T) {
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(t.TempDir(), "data"), Create: true, Follow: true, ScrubEvery: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	small(t, e)
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Second)
	defer stop()
	var work sync.WaitGroup
	for range 4 {
		work.Go(func() {
			for ctx.Err() == nil {
				e.Commands.Execute(ctx, operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "EnrolStaff", At: "2020-02-01T09:00:00Z", Data: []byte(`{"staff":"` + uuid.NewString() + `","name":"Jan","login":"jan` + uuid.NewString()[:8] + `"}`)})
			}
		})
	}
	work.Go(func() {
		for ctx.Err() == nil {
			_ = e.Ledger.Checkpoint(ctx)
		}
	})
	looks := 0
	for ctx.Err() == nil {
		r, err := e.Guard.Scrub(t.Context())
		if err != nil || !r.Whole() {
			t.Fatalf("look %d: %v, %v", looks, r, err)
		}
		looks++
	}
	work.Wait()
	if r, err := e.Verify(t.Context(), nil); err != nil || !r.Whole() {
		t.Fatalf("%+v, %v", r, err)
	}
	t.Logf("%d looks at %d commits", looks, e.Guard.State().Commits)
}
