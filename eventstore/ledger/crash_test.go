package ledger_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// brokenLock is a Lock that dies: before a swap, or after it and before its
// caller has heard.
type brokenLock struct {
	ledger.Lock
	before, after bool
}

var errBroken = errors.New("the process died here")

func (l *brokenLock) Swap(ctx context.Context, agency string, old, next []byte) error {
	if l.before {
		return errBroken
	}
	err := l.Lock.Swap(ctx, agency, old, next)
	if err == nil && l.after {
		return errBroken
	}
	return err
}

// Given random commits of several agencies, and a process that dies at random
// points, also between the tiles and the checkpoint and between the checkpoint
// and its history, when it starts again, then each log is what RFC 6962 says of
// the agency's commits, every earlier checkpoint is consistent with it, and the
// map has every dossier.
func TestAnyHistoryAnyCrash(t *testing.T) {
	few(t, 12)
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "ledger")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := worldIn(t, dir)
		lock := &brokenLock{Lock: w.lock}
		w.lock = lock
		l := w.open()
		signed := map[string]ledger.Signed{}
		agencies := rapid.SampledFrom([]string{"click", "solutions", "x"})
		steps := rapid.IntRange(3, 14).Draw(t, "steps")
		for range steps {
			switch rapid.IntRange(0, 6).Draw(t, "step") {
			case 0, 1:
				w.fill(agencies.Draw(t, "agency"), rapid.IntRange(1, 30).Draw(t, "commits"))
			case 2:
				w.fill(agencies.Draw(t, "agency"), rapid.IntRange(200, 300).Draw(t, "commits"))
			case 3:
				w.clock.pass(time.Duration(rapid.IntRange(0, 4000).Draw(t, "seconds")) * time.Second)
				if a := agencies.Draw(t, "agency"); len(w.clear[a]) > 0 {
					if _, err := l.Anchor(context.Background(), a); err != nil {
						t.Fatal(err)
					}
				}
			case 4:
				lock.before, lock.after = rapid.Bool().Draw(t, "before"), rapid.Bool().Draw(t, "after")
				err := l.Checkpoint(context.Background())
				if err != nil && !errors.Is(err, errBroken) {
					t.Fatal(err)
				}
				lock.before, lock.after = false, false
				if rapid.Bool().Draw(t, "in the same process") {
					break
				}
				l = w.open() // the files of the one before are as they were left
			case 5:
				if rapid.Bool().Draw(t, "without an end") {
					l = w.open()
				} else if err := l.Close(); err != nil {
					t.Fatal(err)
				} else {
					l = w.open()
				}
				if rapid.IntRange(0, 3).Draw(t, "lose the map") == 0 {
					os.Remove(filepath.Join(dir, "data", "ledger", "map.db"))
				}
			case 6:
				w.checkpoint(l)
				for a := range w.clear {
					w.sound(l, a)
					w.consistent(l, signed[a], a)
					signed[a] = w.log(l, a).LatestCheckpoint()
				}
			}
		}
		w.checkpoint(l)
		for a := range w.clear {
			w.sound(l, a)
			w.consistent(l, signed[a], a)
			w.complete(l, a)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// few asks rapid for fewer histories than it draws by default: each of these syncs
// hundreds of files. A number that was asked for by flag stays.
func few(t *testing.T, n int) {
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
}

// consistent shows that an earlier checkpoint is a beginning of the log, and that
// the history goes up to its end.
func (w *world) consistent(l *ledger.Ledger, older ledger.Signed, agency string) {
	w.t.Helper()
	log := w.log(l, agency)
	now := log.LatestCheckpoint()
	if older.Size > 0 {
		p, err := log.ConsistencyProof(older.Size, now.Size)
		if err != nil || verify.CheckConsistency(p, now.Size, now.Root, older.Size, older.Root) != nil {
			w.t.Fatalf("%s at %d is not consistent with %d: %v", agency, now.Size, older.Size, err)
		}
	}
	list, err := log.Checkpoints(time.Time{}, now.Recorded)
	if err != nil || len(list) == 0 || string(list[len(list)-1].Note) != string(now.Note) {
		w.t.Fatalf("the history of %s has %d checkpoints, %v", agency, len(list), err)
	}
}

// complete proves of each dossier of an agency, and of one that there is not, how
// many commits name it, by the map of a new anchor and the commits themselves.
func (w *world) complete(l *ledger.Ledger, agency string) {
	w.t.Helper()
	ctx := context.Background()
	a, err := l.Anchor(ctx, agency)
	if err != nil {
		w.t.Fatal(err)
	}
	log := w.log(l, agency)
	heads := map[string]verify.Head{}
	leaves := map[string][]int64{}
	for i, clear := range w.clear[agency][:a.Size] {
		for _, id := range verify.Names(clear) {
			heads[id] = heads[id].Next(int64(i), [32]byte(eventstore.LeafHash(clear)))
			leaves[id] = append(leaves[id], int64(i))
		}
	}
	if root := mth(w.clear[agency][:a.Size]); [32]byte(a.Root) != root {
		w.t.Fatal("the anchor names another root")
	}
	for n := range 5 { // there are three at most
		id := dossier(agency, n).ID
		p, err := log.MapProof(ctx, a.Size, id)
		if err != nil || p.Head != heads[id] || verify.CheckHead(a.MapRoot, id, p.Head, p.Proof) != nil {
			w.t.Fatalf("dossier %d of %s: %+v, %v; want %+v", n, agency, p.Head, err, heads[id])
		}
		got, err := log.Naming(ctx, id, a.Size)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(leaves[id]) {
			w.t.Fatalf("dossier %d of %s is named by %v, %v", n, agency, got, err)
		}
	}
	// The anchor is itself a leaf.
	proof, err := log.InclusionProof(a.Leaf, log.Size())
	if err != nil || verify.CheckInclusion(proof, log.Size(), log.LatestCheckpoint().Root, a.Leaf, [32]byte(eventstore.LeafHash(w.clear[agency][a.Leaf]))) != nil {
		w.t.Fatal(err)
	}
}

// T2: given each byte of the ledger's own files flipped in turn, when the ledger
// is opened and read, then every answer is right, or an error.
func TestFlippedBytes(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 250)
	w.commit(domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: "operator"}, "access.recorded", `{"dossiers":["`+dossier("click", 1).ID+`"]}`)
	w.checkpoint(l)
	w.complete(l, "click")
	w.fill("click", 20)
	w.checkpoint(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	anchors := w.log(l, "click").Anchors()
	flips, refused := 0, 0
	for _, root := range []string{"data", "lock", "keys"} {
		err := filepath.WalkDir(filepath.Join(w.dir, root), func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			step := 1 + len(b)/25 // of long files a sample
			for i := 0; i < len(b); i += step {
				flips++
				if !w.afterFlip(path, b, i, anchors) {
					refused++
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if flips < 200 || refused < flips/4 {
		t.Fatalf("%d flips, %d told", flips, refused)
	}
	t.Logf("%d flips, of which %d were told and the others harmless", flips, refused)
}

// afterFlip looks at a copy of everything with one bit flipped; it tells whether
// nothing at all was noticed. A wrong answer ends the test.
func (w *world) afterFlip(path string, b []byte, at int, anchors []ledger.Anchored) (unnoticed bool) {
	w.t.Helper()
	dir, err := os.MkdirTemp("", "flip")
	if err != nil {
		w.t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.CopyFS(dir, os.DirFS(w.dir)); err != nil {
		w.t.Fatal(err)
	}
	rel, _ := filepath.Rel(w.dir, path)
	flipped := append([]byte(nil), b...)
	flipped[at] ^= 1 << (at % 8)
	if err := os.WriteFile(filepath.Join(dir, rel), flipped, 0o600); err != nil {
		w.t.Fatal(err)
	}
	o := w.options()
	o.Dir, o.Keys, o.Lock = filepath.Join(dir, "data", "ledger"), filepath.Join(dir, "keys"), ledger.NewFileLock(filepath.Join(dir, "lock", "ledger"))
	o.Append = nil
	ctx := context.Background()
	l, err := ledger.Open(ctx, o)
	if err != nil {
		return false
	}
	defer l.Close()
	if err := l.Checkpoint(ctx); err != nil {
		return false
	}
	what := fmt.Sprintf("%s byte %d", rel, at)
	log := w.log(l, "click")
	c := log.LatestCheckpoint()
	if int(c.Size) != len(w.clear["click"]) || [32]byte(c.Root) != mth(w.clear["click"]) {
		w.t.Fatalf("%s: another root at %d", what, c.Size)
	}
	unnoticed = true
	note := func(err error) bool { unnoticed = unnoticed && err == nil; return err == nil }
	for i := int64(0); i < c.Size; i += 13 {
		if p, err := log.PositionOf(i); note(err) && p != w.at["click"][i] {
			w.t.Fatalf("%s: leaf %d at position %d", what, i, p)
		}
		if index, ok, err := log.IndexOf(w.at["click"][i]); note(err) && (!ok || index != i) {
			w.t.Fatalf("%s: position of leaf %d is %d", what, i, index)
		}
		if p, err := log.InclusionProof(i, c.Size); note(err) && verify.CheckInclusion(p, c.Size, c.Root, i, [32]byte(eventstore.LeafHash(w.clear["click"][i]))) != nil {
			w.t.Fatalf("%s: a wrong proof of leaf %d", what, i)
		}
	}
	for _, s := range []int64{1, 100, 256} {
		if p, err := log.ConsistencyProof(s, c.Size); note(err) && verify.CheckConsistency(p, c.Size, c.Root, s, mth(w.clear["click"][:s])) != nil {
			w.t.Fatalf("%s: a wrong proof of consistency", what)
		}
	}
	_, err = log.Checkpoints(time.Time{}, c.Recorded)
	note(err)
	for _, a := range anchors {
		for n := range 4 {
			id := dossier("click", n).ID
			p, err := log.MapProof(ctx, a.Size, id)
			if note(err) && (p.MapRoot != a.MapRoot || verify.CheckHead(a.MapRoot, id, p.Head, p.Proof) != nil) {
				w.t.Fatalf("%s: a wrong proof of the map", what)
			}
		}
	}
	return unnoticed
}
