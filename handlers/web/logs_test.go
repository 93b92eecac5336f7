package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// visitor reads a log over HTTP, as a stranger with the public key does.
type visitor struct {
	t    *testing.T
	base string
}

func (v visitor) get(path string) (status int, body []byte, h http.Header) {
	v.t.Helper()
	r, err := http.Get(v.base + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return r.StatusCode, b, r.Header
}

func (v visitor) Height() int                         { return 8 }
func (v visitor) SaveTiles(_ []tlog.Tile, _ [][]byte) {}

func (v visitor) ReadTiles(list []tlog.Tile) (out [][]byte, err error) {
	for _, t := range list {
		status, b, h := v.get("/" + ledger.TilePath(t.L, t.N, t.W))
		if status != http.StatusOK || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			v.t.Fatal(status, h)
		}
		out = append(out, b)
	}
	return out, nil
}

// served is a log of n commits behind the route of the pages.
func served(t *testing.T, n int) (*ledger.Ledger, visitor) {
	t.Helper()
	dir, store, ref := t.TempDir(), memory.New(nil), storetest.Dossier()
	next := storetest.Next{Ref: ref}
	for range n {
		a, err := store.Append(t.Context(), next.Pending(8))
		if err != nil {
			t.Fatal(err)
		}
		next = next.After(a)
	}
	l, err := ledger.Open(t.Context(), ledger.Options{
		Dir: filepath.Join(dir, "ledger"), Keys: filepath.Join(dir, "keys"), StoreID: "store", Store: store, Lock: ledger.NewFileLock(filepath.Join(dir, "lock")),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := l.Checkpoint(context.Background()); err != nil {
		t.Fatal(err)
	}
	m := http.NewServeMux()
	m.Handle("GET /ledger/{agency}/{path...}", logs{l})
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return l, visitor{t, s.URL + "/ledger/" + ref.Agency}
}

// Given a log over HTTP, when a stranger asks for its checkpoint and tiles, then
// he can check with the public key alone that a commit is in it (C2SP tlog-tiles).
func TestALogIsServedToEverybody(t *testing.T) {
	const n = 300
	l, v := served(t, n)
	status, body, h := v.get("/checkpoint")
	if status != http.StatusOK || h.Get("Content-Type") != "text/plain; charset=utf-8" || h.Get("Cache-Control") != "no-cache" {
		t.Fatal(status, h)
	}
	key, err := note.NewVerifier(l.Key().VerifierKey("agency-one"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := verify.Open(body, key)
	if err != nil || c.Size != n {
		t.Fatal(c, err)
	}
	r := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, v)
	log, _ := l.Log("agency-one")
	for _, i := range []int64{0, 255, 256, n - 1} {
		p, err := tlog.ProveRecord(c.Size, i, r)
		leaf, err2 := log.LeafAt(i)
		if err != nil || err2 != nil || tlog.CheckRecord(p, c.Size, c.Root, i, leaf) != nil {
			t.Fatal(i, err, err2)
		}
	}
	for _, path := range []string{
		"/", "/x", "/tile/0/001", "/tile/0/001.p/45", "/tile/0/002.p/1", "/tile/9/000", "/tile/entries/000", "/tile/0/..%2f..%2fcheckpoints", "/checkpoints", "/positions",
		"/../nobody/checkpoint", "/tile/0/x999/x999/999",
	} {
		if status, _, _ := v.get(path); status != http.StatusNotFound {
			t.Errorf("%s: %d", path, status)
		}
	}
}

// The metrics tell how a log stands, by the code of its agency and nothing else.
func TestLedgerMetrics(t *testing.T) {
	l, _ := served(t, 3)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(ledgerMeter{l, clock.System{}})
	got, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range got {
		values[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	if values["casefile_ledger_leaves"] != 3 || values["casefile_ledger_stalled"] != 0 || values["casefile_ledger_lag_commits"] != 0 || len(values) != 4 {
		t.Fatal(values)
	}
}
