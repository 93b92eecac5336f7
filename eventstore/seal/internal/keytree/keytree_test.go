package keytree_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/eventstore/seal/internal/keytree"
)

// The derivation written out a second time, as the package comment has it.
func plainLeaf(root keytree.Key, version uint64) (k keytree.Key) {
	k = root
	for _, c := range fmt.Sprintf("%06x", version) {
		var i byte
		if _, err := fmt.Sscanf(string(c), "%x", &i); err != nil {
			panic(err)
		}
		h := hmac.New(sha256.New, k[:])
		h.Write([]byte{i})
		h.Sum(k[:0])
	}
	return k
}

func TestLeafIsThePathInBase16(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := keytree.Key(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "root"))
		v := rapid.Uint64Range(0, keytree.Leaves-1).Draw(t, "version")
		p, ok := keytree.PathOf(v)
		if !ok || string(p[:]) != fmt.Sprintf("%06x", v) {
			t.Fatalf("path of %d is %q", v, p)
		}
		k, ok := keytree.Find([]keytree.Node{{Key: root}}, p)
		if !ok || k != plainLeaf(root, v) {
			t.Fatalf("the leaf of %d differs", v)
		}
		parent := keytree.Node{Key: root}.Parent(p)
		if keytree.LeafBelow(&parent, p) != k {
			t.Fatalf("the leaf of %d differs when derived from its parent", v)
		}
	})
}

func TestNoLeafBeyondTheTree(t *testing.T) {
	if _, ok := keytree.PathOf(keytree.Leaves - 1); !ok {
		t.Error("the last leaf is missing")
	}
	for _, v := range []uint64{keytree.Leaves, keytree.Leaves + 1, 1 << 63} {
		if _, ok := keytree.PathOf(v); ok {
			t.Errorf("version %d has a leaf", v)
		}
	}
}

// C-2.9.3b: single records can be destroyed. Given any set of punctured leaves,
// exactly those are gone, and every other one derives the same key as before.
func TestPunctureTakesExactlyTheLeaves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		root := keytree.Key(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "root"))
		// Small versions lie close together, as those of a dossier do.
		version := rapid.OneOf(rapid.Uint64Range(1, 40), rapid.Uint64Range(0, keytree.Leaves-1))
		gone := map[uint64]bool{}
		nodes := []keytree.Node{{Key: root}}
		for _, v := range rapid.SliceOfN(version, 1, 6).Draw(t, "punctured") {
			gone[v] = true
			p, _ := keytree.PathOf(v)
			nodes = puncture(nodes, p)
		}
		seen := map[string]bool{}
		for _, n := range nodes {
			if err := n.Check(); err != nil {
				t.Fatal(err)
			}
			if seen[n.Prefix] {
				t.Fatalf("node %q stands twice", n.Prefix)
			}
			seen[n.Prefix] = true
		}
		others := rapid.SliceOfN(version, 10, 10).Draw(t, "others")
		for v := range gone {
			others = append(others, v, v^1, v^16, v^256)
		}
		for _, v := range others {
			p, _ := keytree.PathOf(v)
			k, ok := keytree.Find(nodes, p)
			if ok == gone[v] {
				t.Fatalf("leaf %d: there %v, punctured %v", v, ok, gone[v])
			}
			if ok && k != plainLeaf(root, v) {
				t.Fatalf("leaf %d has another key", v)
			}
			covering := 0
			for _, n := range nodes {
				if n.Covers(p) {
					covering++
				}
			}
			if covering > 1 {
				t.Fatalf("leaf %d is covered %d times", v, covering)
			}
		}
	})
}

// All of a small neighbourhood, not a sample: the 256 leaves beside one another.
func TestPunctureInABlockOfLeaves(t *testing.T) {
	root := keytree.Key{1, 2, 3}
	nodes := []keytree.Node{{Key: root}}
	for _, v := range []uint64{3, 4, 17, 255} {
		p, _ := keytree.PathOf(v)
		nodes = puncture(nodes, p)
	}
	for v := range uint64(512) {
		p, _ := keytree.PathOf(v)
		k, ok := keytree.Find(nodes, p)
		if want := v != 3 && v != 4 && v != 17 && v != 255; ok != want {
			t.Errorf("leaf %d there: %v, want %v", v, ok, want)
		} else if ok && k != plainLeaf(root, v) {
			t.Errorf("leaf %d has another key", v)
		}
	}
}

func TestNodeCheckRefusesOtherPrefixes(t *testing.T) {
	for _, bad := range []string{"0000000", "g", "A", " ", "0/"} {
		if (keytree.Node{Prefix: bad}).Check() == nil {
			t.Errorf("prefix %q was accepted", bad)
		}
	}
}

func puncture(nodes []keytree.Node, p keytree.Path) []keytree.Node {
	for i, n := range nodes {
		if n.Covers(p) {
			rest := append([]keytree.Node{}, nodes[:i]...)
			return append(append(rest, n.Puncture(p)...), nodes[i+1:]...)
		}
	}
	return nodes
}

func BenchmarkLeaf(b *testing.B) {
	n := keytree.Node{Key: keytree.Key{7}}
	p, _ := keytree.PathOf(0x12345)
	b.ReportAllocs()
	for b.Loop() {
		n.Leaf(p)
	}
}
