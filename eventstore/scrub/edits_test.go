package scrub_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// T2: a commit whose agency is a path, put behind what was signed, is named.
func TestACommitOfNoAgencyIsNamed(t *testing.T) {
	w := newWorld(t, 6)
	w.rewrite(func(l []*blocks.Record) []*blocks.Record {
		n := storetest.Next{Ref: domain.Ref{Agency: "../../outside", Kind: domain.KindDossier, ID: uuid.NewString()}}
		p := n.Pending(10)
		if err := p.Stamp(p, mustTime(l[5])); err != nil {
			t.Fatal(err)
		}
		r := clone(l[5])
		r.Sequence, r.Subject, r.Payload, r.Headers = 7, n.Ref.Subject(), p.Payload, nil
		return append(l, r)
	})
	if got := says(w.scrub()); got != "stream altered 7" {
		t.Fatalf("found %q", got)
	}
	if got := says(w.tail()); got != "stream altered 7" {
		t.Fatalf("the quick look found %q", got)
	}
}

// tail is the quick look.
func (w world) tail() *scrub.Report {
	w.t.Helper()
	o := w.looks()
	o.Head = 1 << 40
	r, err := scrub.Tail(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// T10: of two instances on a cluster each stamps by its own clock and sends on its
// own way, so the times of commits that cross can run backwards along the stream:
// no alarm, neither by the look over all nor in the signed checkpoints.
func TestClocksOfTwoInstancesRaiseNoAlarm(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.Open(t.Context(), embedded.Options{Dir: filepath.Join(dir, "stream")})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var two [2]*jetstream.Store
	var next [2]storetest.Next
	for i := range two {
		// As on a cluster: nobody is the only one who writes. The second clock is late.
		now := clock.Func(func() time.Time { return time.Now().Add(time.Duration(-i) * time.Second) })
		if two[i], err = jetstream.Open(t.Context(), server.Conn(), jetstream.Options{Clock: now}); err != nil {
			t.Fatal(err)
		}
		defer two[i].Close()
		next[i] = storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	}
	s, lock := two[0], ledger.NewFileLock(filepath.Join(dir, "lock"))
	l, err := ledger.Open(t.Context(), ledger.Options{Dir: filepath.Join(dir, "ledger"), Keys: filepath.Join(dir, "keys"), StoreID: storeID, Store: s, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		n := &next[i%2]
		a, err := two[i%2].Append(t.Context(), n.Pending(30))
		if err != nil {
			t.Fatal(err)
		}
		*n = n.After(a)
		if err := l.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	log, _ := l.Log("click")
	list, err := log.Checkpoints(time.Time{}, time.Now().Add(time.Hour))
	if err != nil || len(list) != 6 {
		t.Fatal(len(list), err)
	}
	for i := 1; i < len(list); i++ {
		if list[i].Recorded.Before(list[i-1].Recorded) {
			t.Errorf("checkpoint %d was recorded before the one it goes on from, which a bundle's checker calls a rewritten history", list[i].Size)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := ledger.OpenBooks(t.Context(), filepath.Join(dir, "ledger"), storeID, lock)
	if err != nil {
		t.Fatal(err)
	}
	r, err := scrub.Run(t.Context(), scrub.Options{Store: s, Books: b})
	if err != nil || !r.Whole() {
		t.Fatalf("found %q, %v", says(r), err)
	}
}
