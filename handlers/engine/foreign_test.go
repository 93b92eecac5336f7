package engine_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/verify"
)

// strange is a commit on a new dossier that is right in itself, recorded after r,
// as somebody writes it who has no keys; mac is a code that he took from elsewhere.
func strange(t *testing.T, r *blocks.Record, mac string) *blocks.Record {
	t.Helper()
	last, err := eventstore.Unmarshal(r.Payload)
	if err != nil {
		t.Fatal(err)
	}
	n := storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	p := n.Pending(10)
	if err := p.Stamp(p, last.Envelope.Recorded.Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if mac != "" {
		clear, sealed, _ := bytes.Cut(p.Payload, []byte("\n"))
		p.Payload = []byte(string(clear[:len(clear)-1]) + `,"mac":"` + mac + `"}` + "\n" + string(sealed))
	}
	c := *r
	c.Sequence, c.Subject, c.Payload, c.Headers = r.Sequence+1, n.Ref.Subject(), p.Payload, nil
	return &c
}

// again is the record r put behind the last one.
func again(r, last *blocks.Record) *blocks.Record {
	c := *r
	c.Sequence = last.Sequence + 1
	return &c
}

func macOf(t *testing.T, r *blocks.Record) string {
	t.Helper()
	c, err := eventstore.Unmarshal(r.Payload)
	if err != nil || c.Envelope.MAC == "" {
		t.Fatalf("a commit of the engine without a code: %v", err)
	}
	return c.Envelope.MAC
}

// T2: while the engine stands still somebody who can write the data, and keeps the
// server's checksums right, puts a commit behind the last acknowledged one, where a
// kill leaves the commits that nobody was answered. The start finds and names it,
// before anything is written, shown or signed, and so does verify.
func TestACommitPutBehindTheLastIsFoundAtTheStart(t *testing.T) {
	for name, x := range map[string]struct {
		kind scrub.Kind
		put  func([]*blocks.Record) *blocks.Record
	}{
		"another program's": {scrub.Inserted, func(l []*blocks.Record) *blocks.Record { return strange(t, l[len(l)-1], "") }},
		"with the code of another": {scrub.Inserted, func(l []*blocks.Record) *blocks.Record {
			return strange(t, l[len(l)-1], macOf(t, l[len(l)-1]))
		}},
		"an altered one": {scrub.Inserted, func(l []*blocks.Record) *blocks.Record {
			c := again(l[len(l)-1], l[len(l)-1])
			c.Payload = []byte(strings.Replace(string(c.Payload), `"door":"import"`, `"door":"cli"`, 1))
			return c
		}},
		"the last one again":  {scrub.Doubled, func(l []*blocks.Record) *blocks.Record { return again(l[len(l)-1], l[len(l)-1]) }},
		"an older one again":  {scrub.Doubled, func(l []*blocks.Record) *blocks.Record { return again(l[2], l[len(l)-1]) }},
		"the first one again": {scrub.Doubled, func(l []*blocks.Record) *blocks.Record { return again(l[0], l[len(l)-1]) }},
	} {
		t.Run(name, func(t *testing.T) {
			dir, dossier, head := filledData(t)
			rewritten(t, dir, func(l []*blocks.Record) []*blocks.Record { return append(l, x.put(l)) })
			before, err := os.ReadFile(filepath.Join(dir, "data.lock", "ledger", "click", "checkpoint"))
			if err != nil {
				t.Fatal(err)
			}
			r, err := verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock"), Keys: filepath.Join(dir, "data.keys")})
			if err != nil || r.Whole() || r.Findings[0].Kind != x.kind || r.Findings[0].Position != head+1 {
				t.Fatalf("verify found %+v, %v", r.Findings, err)
			}
			e := open(t, dir, true)
			refusesToWrite(t, e, dossier, "integrity")
			f := e.Guard.State().Findings
			if len(f) != 1 || f[0].Kind != x.kind || f[0].Position != head+1 || f[0].Agency != "click" || f[0].Aggregate == "" || f[0].CommandID == "" {
				t.Fatalf("the guard found %+v", f)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			if after, err := os.ReadFile(filepath.Join(dir, "data.lock", "ledger", "click", "checkpoint")); err != nil || !bytes.Equal(after, before) {
				t.Fatalf("it was signed: %v", err)
			}
		})
	}
}

// T1, T2: what a kill left unacknowledged and unsigned is the store's own: it is
// taken, and signed, at the next start.
func TestWhatAKillLeftUnsignedIsTaken(t *testing.T) {
	dir, dossier, head := filledData(t)
	tail := filepath.Join(dir, "data.lock", "tail")
	journal, err := os.ReadFile(tail)
	if err != nil {
		t.Fatal(err)
	}
	e := open(t, dir, false)
	for _, n := range []string{"T-2", "T-3"} {
		do(t, e, operator, "StartTrajectory", dossier, "2020-02-01T09:00:00Z", m{"trajectory": n})
	}
	now, err := e.Store.Head(t.Context())
	if err != nil || now <= head {
		t.Fatal(now, err)
	}
	if err := errors.Join(e.Close(), os.WriteFile(tail, journal, 0o600)); err != nil { // nobody was answered
		t.Fatal(err)
	}
	r, err := verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")})
	if err != nil || !r.Whole() {
		t.Fatalf("verify found %+v, %v", r.Findings, err)
	}
	e = open(t, dir, false)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if s := e.Guard.State(); s.Total > 0 {
		t.Fatalf("the guard found %+v", s.Findings)
	}
	if _, _, ok, err := e.Ledger.Locate(now); !ok || err != nil {
		t.Fatalf("position %d is not signed: %v", now, err)
	}
}

// T2: on a server that others reach too, a commit that another program publishes is
// seen by no view, stops all writing at once, and is never signed.
func TestACommitOfAnotherProgramOnASharedServerStopsAllWriting(t *testing.T) {
	dir := t.TempDir()
	server := startStream(t, filepath.Join(dir, "nats"), -1)
	defer server.Shutdown()
	o := engine.Options{Data: filepath.Join(dir, "data"), NATSURL: server.ClientURL(), Replicas: 1, Create: true, Follow: true}
	e, err := engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }() // it is closed below too
	_, dossier, last := small(t, e)
	if err := e.Views.WaitFor(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	nc, err := nats.Connect(server.ClientURL())
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	n := storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	p := n.Pending(10)
	if err := p.Stamp(p, time.Now()); err != nil {
		t.Fatal(err)
	}
	answer, err := nc.Request(n.Ref.Subject(), p.Payload, time.Minute)
	if err != nil || !bytes.Contains(answer.Data, []byte(`"seq"`)) {
		t.Fatalf("the server did not take it: %v", err)
	}
	deadline := time.Now().Add(time.Minute)
	for !e.Store.Status(t.Context()).ReadOnly && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	refusesToWrite(t, e, dossier, "damaged_stream")
	if err := e.Ledger.Checkpoint(t.Context()); err == nil {
		t.Fatal("it was signed")
	}
	if r, err := e.Guard.Scrub(t.Context()); err != nil || r.Whole() || !strings.Contains(r.Findings[0].Message, "another program") {
		t.Fatalf("the scrub found %+v, %v", r, err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	e, err = engine.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	refusesToWrite(t, e, dossier, "")
}
