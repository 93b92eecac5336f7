package ledger_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/domain"
	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/memory"
)

const store = "5f0c1c1e-6a2b-4c3d-8e4f-000000000001"

// fatal is what a helper needs of a test.
type fatal interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// hands is a clock that a test sets.
type hands struct {
	mu sync.Mutex
	at time.Time
}

func (h *hands) Now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *hands) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(d)
}

// world is a store with its ledger's places.
type world struct {
	t     fatal
	dir   string
	store *memory.Store
	clock *hands
	lock  ledger.Lock
	keys  string

	code eventstore.Code // of the commits; nil: they bear none

	mu    sync.Mutex
	prev  map[domain.Ref]eventstore.Appended
	clear map[string][][]byte // what each agency's log has to have, in order
	at    map[string][]uint64
}

var began = time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)

func newWorld(t testing.TB) *world { return worldIn(t, t.TempDir()) }

func worldIn(t fatal, dir string) *world {
	c := &hands{at: began}
	return &world{
		t: t, dir: dir, store: memory.New(c), clock: c, keys: filepath.Join(dir, "keys"),
		lock: ledger.NewFileLock(filepath.Join(dir, "lock", "ledger")),
		prev: map[domain.Ref]eventstore.Appended{}, clear: map[string][][]byte{}, at: map[string][]uint64{},
	}
}

func (w *world) options() ledger.Options {
	return ledger.Options{
		Dir: filepath.Join(w.dir, "data", "ledger"), Keys: w.keys, StoreID: store,
		Store: w.store, Lock: w.lock, Clock: w.clock, Append: w.anchor,
	}
}

func (w *world) open() *ledger.Ledger {
	w.t.Helper()
	l, err := ledger.Open(context.Background(), w.options())
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// commit appends one commit whose event has that data.
func (w *world) commit(ref domain.Ref, typ, data string) uint64 {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	prev := w.prev[ref]
	e := &eventstore.Envelope{
		SpecVersion: "1.0", ID: uuid.NewString(), Source: "casefile/" + ref.Agency, Type: typ, Subject: ref.Kind + "/" + ref.ID,
		Time: began, Agency: ref.Agency, Kind: ref.Kind, AggregateID: ref.ID, CommandID: uuid.NewString(),
		Actor: domain.Operator, Door: "cli", RecordedBy: domain.Operator,
		Data: eventstore.Data{Events: []eventstore.StoredEvent{{ID: uuid.NewString(), Type: typ, Schema: 1, Data: json.RawMessage(data)}}},
	}
	if prev.Position > 0 {
		e.PrevPosition, e.PrevLeaf = prev.Position, prev.Leaf.String()
	}
	var clear []byte
	a, err := w.store.Append(context.Background(), &eventstore.Pending{
		Ref: ref, Expect: prev.Position, CommandID: e.CommandID,
		Stamp: func(p *eventstore.Pending, recorded time.Time) (err error) {
			e.Recorded, p.Recorded = recorded, recorded
			p.Payload, p.Leaf, err = eventstore.MarshalCoded(e, nil, w.code)
			clear = p.Payload[:len(p.Payload)-1]
			return err
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.prev[ref] = a
	w.clear[ref.Agency] = append(w.clear[ref.Agency], clear)
	w.at[ref.Agency] = append(w.at[ref.Agency], a.Position)
	return a.Position
}

// anchor is ledger.Options.Append.
func (w *world) anchor(_ context.Context, agency string, ev *domainledger.Anchored) (uint64, error) {
	b, err := json.Marshal(ev)
	if err != nil {
		return 0, err
	}
	return w.commit(domain.Ref{Agency: agency, Kind: domain.KindLedger, ID: agency}, domainledger.TypeAnchored, string(b)), nil
}

// fill appends n commits on a few dossiers of an agency.
func (w *world) fill(agency string, n int) {
	w.t.Helper()
	for i := range n {
		w.commit(dossier(agency, i%3), "record.added", `{}`)
	}
}

func dossier(agency string, n int) domain.Ref {
	return domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: fmt.Sprintf("d0000000-0000-4000-8000-%012d", n)}
}

func (w *world) checkpoint(l *ledger.Ledger) {
	w.t.Helper()
	if err := l.Checkpoint(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) log(l *ledger.Ledger, agency string) *ledger.Log {
	w.t.Helper()
	log, ok := l.Log(agency)
	if !ok {
		w.t.Fatalf("%s has no log", agency)
	}
	return log
}

// sound compares a log with what it has to be, by a tree of the test's own.
func (w *world) sound(l *ledger.Ledger, agency string) {
	w.t.Helper()
	log := w.log(l, agency)
	c := log.LatestCheckpoint()
	want := w.clear[agency]
	if int(c.Size) != len(want) {
		w.t.Fatalf("the log of %s covers %d of %d commits", agency, c.Size, len(want))
	}
	if root := mth(want); [32]byte(c.Root) != root {
		w.t.Fatalf("the root of %s at %d is %x, not %x", agency, c.Size, c.Root, root)
	}
	v, err := note.NewVerifier(l.Key().VerifierKey(agency))
	if err != nil {
		w.t.Fatal(err)
	}
	got, err := verify.Open(c.Note, v)
	if err != nil || got != c.Checkpoint || got.Position != w.at[agency][c.Size-1] || got.Agency() != agency {
		w.t.Fatalf("checkpoint %+v, %v", got, err)
	}
	h, err := log.Root(c.Size)
	if err != nil || h != c.Root {
		w.t.Fatalf("the tiles give %v, %v", h, err)
	}
}

func wantForked(t fatal, err error, signed, found int64) {
	t.Helper()
	var f *ledger.ForkError
	if !errors.Is(err, ledger.ErrForked) || !errors.As(err, &f) {
		t.Fatalf("no fork: %v", err)
	}
	if f.Signed != signed || f.Found != found {
		t.Fatalf("signed %d, found %d; want %d and %d (%v)", f.Signed, f.Found, signed, found, err)
	}
}

func wantErr(t fatal, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: %v, not %v", what, err, want)
	}
}
