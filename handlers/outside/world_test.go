package outside_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/handlers/outside"
	"github.com/casefile-engine/casefile/handlers/witness"
	"github.com/casefile-engine/casefile/internal/testkit/tsa"
)

// world is a store of one dossier with its ledger's places.
type world struct {
	t     *testing.T
	dir   string
	store *memory.Store
	next  storetest.Next
	l     *ledger.Ledger
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), store: memory.New(nil), next: storetest.Next{Ref: storetest.Dossier()}}
	w.open()
	return w
}

func (w *world) agency() string { return w.next.Ref.Agency }

func (w *world) open() {
	w.t.Helper()
	l, err := ledger.Open(w.t.Context(), ledger.Options{
		Dir: filepath.Join(w.dir, "ledger"), Keys: filepath.Join(w.dir, "keys"), StoreID: "store", Store: w.store, Lock: ledger.NewFileLock(filepath.Join(w.dir, "lock")),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.l = l
	w.t.Cleanup(func() { l.Close() })
}

// grow appends commits and signs a checkpoint over them.
func (w *world) grow(n int) {
	w.t.Helper()
	for range n {
		a, err := w.store.Append(w.t.Context(), w.next.Pending(8))
		if err != nil {
			w.t.Fatal(err)
		}
		w.next = w.next.After(a)
	}
	if err := w.l.Checkpoint(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) log() *ledger.Log {
	w.t.Helper()
	log, ok := w.l.Log(w.agency())
	if !ok {
		w.t.Fatal("there is no log")
	}
	return log
}

// aWitness is a real witness of the world's log, behind HTTP, which can be made to
// answer otherwise.
type aWitness struct {
	outside.Witness
	dir     string
	w       *witness.Witness
	asked   atomic.Int64
	instead atomic.Pointer[http.HandlerFunc]
}

func (w *world) witness(name string) *aWitness {
	w.t.Helper()
	a := &aWitness{dir: w.t.TempDir()}
	logs, err := witness.ParseLogs(w.l.Key().VerifierKey(w.agency()))
	if err != nil {
		w.t.Fatal(err)
	}
	if a.w, err = witness.Open(witness.Options{Dir: a.dir, Name: name, Logs: logs}); err != nil {
		w.t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		a.asked.Add(1)
		if f := a.instead.Load(); f != nil {
			(*f)(rw, r)
			return
		}
		a.w.Handler().ServeHTTP(rw, r)
	}))
	w.t.Cleanup(func() { s.Close(); a.w.Close() })
	key, err := verify.ParseWitness(a.w.Public())
	if err != nil {
		w.t.Fatal(err)
	}
	a.Witness = outside.Witness{Agency: w.agency(), URL: s.URL + "/", Key: key}
	return a
}

// answers lets the witness answer otherwise; nil: as itself.
func (a *aWitness) answers(f http.HandlerFunc) {
	if f == nil {
		a.instead.Store(nil)
		return
	}
	a.instead.Store(&f)
}

func status(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(code)
		_, _ = w.Write([]byte(body))
	}
}

// heard is what was logged.
type heard struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.Write(p)
}

func (h *heard) String() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.b.String()
}

// run starts a runner that asks without waits between.
func (w *world) run(o outside.Options) (*outside.Runner, *heard) {
	w.t.Helper()
	h := &heard{}
	o.Ledger, o.Log = w.l, slog.New(slog.NewTextHandler(h, nil))
	o.CosignEvery, o.Retry, o.RetryMost, o.Poll = time.Nanosecond, 10*time.Millisecond, 100*time.Millisecond, 10*time.Millisecond
	o.CoverLimit = 2 * time.Minute
	if o.StampEvery == 0 {
		o.StampEvery = time.Nanosecond
	}
	r := outside.New(o)
	r.Start()
	w.t.Cleanup(func() { r.Close() })
	return r, h
}

// until waits for what has to come.
func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("%s does not come", what)
		}
	}
}

func (w *world) authority() (*tsa.Authority, outside.Authority) {
	w.t.Helper()
	a, err := tsa.Start(w.t.TempDir(), true)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(a.Close)
	b, err := os.ReadFile(a.Roots)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(b) {
		w.t.Fatal(err)
	}
	return a, outside.Authority{Agency: w.agency(), URL: a.URL, Roots: pool}
}
