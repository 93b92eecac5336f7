package ledger_test

import (
	"slices"
	"testing"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// sizes of a log that are looked at: small ones, and those around the borders of
// tiles.
func sizes(top int64) (out []int64) {
	for n := range int64(18) {
		out = append(out, n+1)
	}
	for _, n := range []int64{64, 100, 128, 255, 256, 257, 300, 511, 512, 513, top} {
		if n <= top {
			out = append(out, n)
		}
	}
	return out
}

// Given a log of 600 commits, when inclusion and consistency are proved for all
// pairs of sizes around the borders of tiles, then an implementation of RFC 6962
// that is not ours takes each proof, and none with a changed part.
func TestProofsByAnotherImplementation(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	for range 6 { // partial tiles come and go
		w.fill("click", 100)
		w.checkpoint(l)
	}
	w.sound(l, "click")
	log := w.log(l, "click")
	roots := map[int64][]byte{}
	for n := int64(1); n <= log.Size(); n++ {
		h := mth(w.clear["click"][:n])
		roots[n] = h[:]
	}
	for _, n := range sizes(log.Size()) {
		if h, err := log.Root(n); err != nil || string(h[:]) != string(roots[n]) {
			t.Fatalf("the root at %d is %v, %v", n, h, err)
		}
		for i := range n {
			inclusion(t, log, i, n, w.clear["click"][i], roots[n])
		}
		for older := int64(1); older <= n; older++ {
			consistency(t, log, older, n, roots)
		}
	}
}

func raw(hashes []tlog.Hash) (out [][]byte) {
	for _, h := range hashes {
		out = append(out, h[:])
	}
	return out
}

func inclusion(t *testing.T, log *ledger.Log, i, n int64, clear, root []byte) {
	t.Helper()
	p, err := log.InclusionProof(i, n)
	if err != nil {
		t.Fatal(err)
	}
	leaf := eventstore.LeafHash(clear)
	check := func(leaf []byte, p [][]byte) error {
		return proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(i), uint64(n), leaf, p, root)
	}
	if err := check(leaf[:], raw(p)); err != nil {
		t.Fatalf("leaf %d in %d: %v", i, n, err)
	}
	other := slices.Clone(leaf[:])
	other[i%32] ^= 1
	if check(other, raw(p)) == nil {
		t.Fatalf("another leaf %d in %d passes", i, n)
	}
	if len(p) > 0 {
		changed := raw(p)
		changed[i%int64(len(p))][n%32] ^= 1
		if check(leaf[:], changed) == nil {
			t.Fatalf("a changed proof of leaf %d in %d passes", i, n)
		}
	}
}

func consistency(t *testing.T, log *ledger.Log, older, newer int64, roots map[int64][]byte) {
	t.Helper()
	p, err := log.ConsistencyProof(older, newer)
	if err != nil {
		t.Fatal(err)
	}
	if err := proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(newer), raw(p), roots[older], roots[newer]); err != nil {
		t.Fatalf("%d in %d: %v", older, newer, err)
	}
	if older < newer {
		if proof.VerifyConsistency(rfc6962.DefaultHasher, uint64(older), uint64(newer), raw(p), roots[newer], roots[newer]) == nil {
			t.Fatalf("another root at %d passes", older)
		}
	}
}

// What no checkpoint covers is not proved.
func TestOutsideOfTheLog(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 3)
	w.checkpoint(l)
	w.fill("click", 3)
	log := w.log(l, "click")
	for what, f := range map[string]func() error{
		"inclusion of a leaf at the size": func() error { _, err := log.InclusionProof(3, 3); return err },
		"inclusion in a later tree":       func() error { _, err := log.InclusionProof(0, 4); return err },
		"inclusion of a leaf below zero":  func() error { _, err := log.InclusionProof(-1, 3); return err },
		"consistency with a later tree":   func() error { _, err := log.ConsistencyProof(1, 4); return err },
		"consistency with nothing":        func() error { _, err := log.ConsistencyProof(0, 3); return err },
		"consistency the wrong way":       func() error { _, err := log.ConsistencyProof(3, 2); return err },
		"a root of nothing":               func() error { _, err := log.Root(0); return err },
		"a position":                      func() error { _, err := log.PositionOf(3); return err },
		"a leaf":                          func() error { _, err := log.LeafAt(3); return err },
		"a tile":                          func() error { _, err := log.Tile(0, 0, 4); return err },
		"a tile of a higher level":        func() error { _, err := log.Tile(1, 0, 1); return err },
		"a checkpoint":                    func() error { _, err := log.CheckpointFor(4); return err },
		"a bundle":                        func() error { _, err := ledger.EntryBundle(t.Context(), w.store, log, 0, 4); return err },
		"a map":                           func() error { _, err := log.MapProof(t.Context(), 3, dossier("click", 0).ID); return err },
	} {
		wantErr(t, what, f(), ledger.ErrRange)
	}
}
