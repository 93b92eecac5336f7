package ledger

import (
	"crypto/ed25519"
	"encoding/binary"
	"flag"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

var update = flag.Bool("update", false, "write the golden files anew")

func leafOf(i int64) tlog.Hash { return tlog.RecordHash(binary.BigEndian.AppendUint64(nil, uint64(i))) }

// grown is a tree of n leaves with its tiles in dir.
func grown(t *testing.T, dir string, n int64) (*edge, tiles) {
	t.Helper()
	e, ts := &edge{}, tiles{dir}
	var w writer
	for i := range n {
		if err := e.add(leafOf(i), func(level int, n int64, h []tlog.Hash) error { return ts.write(&w, level, n, h) }); err != nil {
			t.Fatal(err)
		}
	}
	for l, h := range e.levels {
		if len(h) > 0 {
			if err := ts.write(&w, l, n>>(8*(l+1)), h); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.sync(); err != nil {
		t.Fatal(err)
	}
	return e, ts
}

// Given more leaves than a tile of tiles has, then roots, tiles of three levels
// and proofs are right, by another implementation of the tree.
func TestPastTheSecondLevel(t *testing.T) {
	const size = 65_536 + 300
	e, ts := grown(t, t.TempDir(), size)
	other := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for i := range int64(size) {
		h := leafOf(i)
		if err := other.Append(h[:], nil); err != nil {
			t.Fatal(err)
		}
	}
	want, err := other.GetRootHash(nil)
	root := e.root()
	if err != nil || string(root[:]) != string(want) {
		t.Fatalf("root %v, not %x (%v)", root, want, err)
	}
	for _, path := range []string{"tile/0/000", "tile/0/255", "tile/0/256", "tile/0/257.p/44", "tile/1/000", "tile/1/001.p/1", "tile/2/000.p/1"} {
		if _, err := os.Stat(filepath.Join(ts.dir, path)); err != nil {
			t.Error(err)
		}
	}
	again, err := ts.load(size, root)
	if err != nil || again.root() != root {
		t.Fatal(err)
	}
	r := ts.reader(size, root)
	for _, i := range []int64{0, 255, 256, 65_535, 65_536, size - 1} {
		p, err := tlog.ProveRecord(size, i, r)
		if err != nil || tlog.CheckRecord(p, size, root, i, leafOf(i)) != nil {
			t.Fatalf("leaf %d: %v", i, err)
		}
	}
	for _, older := range []int64{1, 256, 65_535, 65_536, 65_537} {
		h, err := tlog.TreeHash(older, r)
		if err != nil {
			t.Fatal(err)
		}
		p, err := tlog.ProveTree(size, older, r)
		if err != nil || tlog.CheckTree(p, size, root, older, h) != nil {
			t.Fatalf("consistency with %d: %v", older, err)
		}
	}
}

// The paths of tiles are C2SP's; nothing else is one.
func TestTilePaths(t *testing.T) {
	for path, want := range map[string]tileRef{"tile/0/x001/x234/067": {0, 1234067}, "tile/3/000": {3, 0}, "tile/0/000.p/255": {0, 0}} {
		level, n, _, ok := ParseTilePath(path)
		if !ok || level != want.level || n != want.n {
			t.Errorf("%s: %d %d %v", path, level, n, ok)
		}
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/1", "tile/0/0000", "tile/0/x001", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/08", "tile/00/000",
		"tile/data/000", "tile/entries/000", "tile/-1/000", "tile/0/../../checkpoints", "tile/0/x001/../000", "/tile/0/000", "tile/8/0/000", "tile/0/000/", "tile/64/000",
		"tile/0/x999/x999/x999/x999/x999/x999/x999/999",
	} {
		if level, n, width, ok := ParseTilePath(path); ok {
			t.Errorf("%q is a tile: %d %d %d", path, level, n, width)
		}
	}
}

// The form of what is signed is fixed: a judge's expert reads it in ten years.
func TestGoldenCheckpoint(t *testing.T) {
	const store = "5f0c1c1e-6a2b-4c3d-8e4f-000000000001"
	k := &Key{store: store, seed: ed25519.NewKeyFromSeed([]byte("32 bytes that no other key is of"))}
	dir := t.TempDir()
	e, ts := grown(t, dir, 300)
	note, err := k.sign("click", verify.Checkpoint{
		Origin: verify.Origin(store, "click"), Size: 300, Root: e.root(), Position: 311, Recorded: time.Date(2026, 11, 20, 9, 30, 0, 5e8, time.UTC),
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "checkpoint.golden", note)
	golden(t, "ledger.pub.golden", []byte(k.VerifierKey("click")+"\n"))
	for _, path := range []string{"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"} {
		b, err := os.ReadFile(filepath.Join(ts.dir, path))
		if err != nil {
			t.Fatal(err)
		}
		golden(t, strings.ReplaceAll(path, "/", "_")+".golden", b)
	}
	if c, err := verify.Open(note, k.verifier("click")); err != nil || c.Size != 300 {
		t.Fatal(c, err)
	}
	if _, err := verify.Open(note, k.verifier("solutions")); err == nil {
		t.Fatal("it passes for another agency's")
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || string(want) != string(got) {
		t.Errorf("%s differs (%v); go test -update, if that is meant", name, err)
	}
}

// C-2.1.4d: checkpoints are kept all within the hour, one a minute for a day,
// one an hour before that, of each of these also the newest that a witness
// cosigned, and those of anchors and time stamps always.
func TestHistoryIsThinned(t *testing.T) {
	const store = "5f0c1c1e-6a2b-4c3d-8e4f-000000000001"
	path := filepath.Join(t.TempDir(), "click", "checkpoints")
	h, err := openHistory(path)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	const n = 2 * 24 * 60 * 4 // two days, one each 15 seconds
	for i := range int64(n) {
		c := verify.Checkpoint{Origin: verify.Origin(store, "click"), Size: i + 1, Position: uint64(i + 1), Recorded: at.Add(time.Duration(i) * 15 * time.Second)}
		if err := addUnsynced(h, c); err != nil {
			t.Fatal(err)
		}
	}
	anchored := func(size int64) bool { return size%1001 == 0 }
	none := func(int64) bool { return false }
	if bare := thin(h.list, anchored, none); len(bare) > 240+2+23*60+2+24+2+12 || len(bare) < 240+23*60+24 {
		t.Fatalf("%d of %d kept without witnesses", len(bare), n)
	}
	cosigned := func(size int64) bool { return size%240 == 100 || size%240 == 102 } // twice an hour, in one minute
	want := thin(h.list, anchored, cosigned)
	if err := h.compact(anchored, cosigned); err != nil {
		t.Fatal(err)
	}
	if len(h.list) != len(want) || len(want) > 240+2+23*60+2+24+2+12+48 || len(want) < 240+23*60+24+40 {
		t.Fatalf("%d of %d kept", len(h.list), n)
	}
	kept := map[int64]bool{}
	for _, k := range h.list {
		kept[k.size] = true
		b, err := h.note(k)
		if c, err2 := verify.Peek(b); err != nil || err2 != nil || c.Size != k.size || !c.Recorded.Equal(k.recorded) {
			t.Fatal(k, err, err2)
		}
	}
	for _, size := range []int64{n, n - 1, n - 239, 1001, 5005, 102, 240 + 102, n - 240*20 + 102} {
		if !kept[size] {
			t.Errorf("the checkpoint of %d is gone", size)
		}
	}
	for _, size := range []int64{100, 240 + 100} { // an older one of the same hour
		if kept[size] {
			t.Errorf("the checkpoint of %d stays", size)
		}
	}
	if err := h.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openHistory(path)
	if err != nil || len(again.list) != len(want) || again.last() != n {
		t.Fatal(err)
	}
	again.close()

	// A last record that a crash cut short is dropped, damage before it is not.
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b[:len(b)-7], 0o600); err != nil {
		t.Fatal(err)
	}
	if again, err = openHistory(path); err != nil || again.last() != n-1 {
		t.Fatal(err)
	}
	again.close()
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err = openHistory(path); err == nil {
		t.Fatal("damage in the history is passed over")
	}
}

// addUnsynced is history.add for a test that adds thousands.
func addUnsynced(h *history, c verify.Checkpoint) error {
	note := []byte(c.Text() + "\n— x AAAA\n")
	b := binary.BigEndian.AppendUint32(nil, uint32(len(note)))
	b = append(binary.BigEndian.AppendUint32(b, crc32.Checksum(note, castagnoli)), note...)
	end := h.end()
	h.list = append(h.list, kept{c.Size, c.Recorded, end + historyHeader, len(note)})
	_, err := h.f.WriteAt(b, end)
	return err
}
