// Package keytree derives the keys of single commits from one root key, and
// takes single commits away again (architecture §5).
//
// It is the tree of Goldreich, Goldwasser and Micali: the child i of a node is
// HMAC-SHA-256(node, byte i), sixteen children a level, six levels. The path to
// a leaf is the version of the commit in its aggregate, in base 16, most
// significant digit first. Whoever holds a node derives everything below it and
// nothing beside or above it. So a root can be replaced by the nodes beside the
// path to one leaf, and from then on everything but that leaf still follows.
package keytree

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

const (
	// Levels is the number of levels below the root; every leaf lies that deep.
	Levels = 6
	// Fanout is the number of children of a node.
	Fanout = 16
	// Leaves is the number of leaves: the versions 0 to Leaves-1. It bounds the
	// number of commits that one aggregate may have.
	Leaves = 1 << (4 * Levels)
)

const digits = "0123456789abcdef"

// Key is the key at one node of a tree.
type Key [32]byte

// Path is the way to a leaf, as Levels lower-case hexadecimal digits.
type Path [Levels]byte

// PathOf is the path to the leaf of a version; ok is false when the tree has no
// such leaf.
func PathOf(version uint64) (p Path, ok bool) {
	if version >= Leaves {
		return p, false
	}
	for i := Levels - 1; i >= 0; i-- {
		p[i] = digits[version&15]
		version >>= 4
	}
	return p, true
}

// Node is a node of a tree: the digits that lead to it from the root ("" for
// the root itself) and its key. Its depth is the length of the prefix.
type Node struct {
	Prefix string
	Key    Key
}

// Check tells whether the prefix has its form.
func (n Node) Check() error {
	if len(n.Prefix) > Levels {
		return fmt.Errorf("keytree: a node lies deeper than %d levels", Levels)
	}
	for i := range len(n.Prefix) {
		if digit(n.Prefix[i]) < 0 {
			return fmt.Errorf("keytree: a node's prefix has other than hexadecimal digits")
		}
	}
	return nil
}

// Covers tells whether the leaf at p is below n, or n itself.
func (n Node) Covers(p Path) bool { return string(p[:len(n.Prefix)]) == n.Prefix }

// Leaf derives the key of the leaf at p, which n must cover.
func (n Node) Leaf(p Path) Key { return n.descend(p, Levels) }

// Parent derives the key of the node just above the leaf at p. n must cover the
// leaf and lie above it. Sixteen versions in a row share their parent, so
// whoever keeps it derives the next leaf with one step in place of six.
func (n Node) Parent(p Path) Key { return n.descend(p, Levels-1) }

// LeafBelow derives the key of the leaf at p from its Parent.
func LeafBelow(parent *Key, p Path) Key { return child(parent, byte(digit(p[Levels-1]))) }

func (n Node) descend(p Path, depth int) Key {
	k := n.Key
	for _, c := range p[len(n.Prefix):depth] {
		k = child(&k, byte(digit(c)))
	}
	return k
}

// Find gives the key of the leaf at p from whichever of the nodes covers it; ok
// is false when none does, that is, when it was punctured.
func Find(nodes []Node, p Path) (k Key, ok bool) {
	for i := range nodes {
		if nodes[i].Covers(p) {
			return nodes[i].Leaf(p), true
		}
	}
	return Key{}, false
}

// Puncture gives the nodes from which everything follows that followed from n,
// but the leaf at p, which n must cover: at most (Fanout-1)·Levels of them, in
// the order of their prefixes by depth. n itself must then be forgotten.
func (n Node) Puncture(p Path) []Node {
	rest := make([]Node, 0, (Fanout-1)*(Levels-len(n.Prefix)))
	k := n.Key
	for depth := len(n.Prefix); depth < Levels; depth++ {
		on := digit(p[depth])
		for i := range Fanout {
			if i != on {
				rest = append(rest, Node{Prefix: string(p[:depth]) + digits[i:i+1], Key: child(&k, byte(i))})
			}
		}
		k = child(&k, byte(on))
	}
	return rest
}

// child derives the key of the i-th child.
func child(k *Key, i byte) (c Key) {
	h := hmac.New(sha256.New, k[:])
	h.Write([]byte{i})
	h.Sum(c[:0])
	return c
}

func digit(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
