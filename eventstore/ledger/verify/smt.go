package verify

import (
	"crypto/sha256"
	"errors"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrMapProof: a proof does not show what it should about a map.
var ErrMapProof = errors.New("ledger: the proof does not fit the root of the map")

// Map is a sparse Merkle map from 32-byte keys to 32-byte values. Its root
// depends on what it holds alone, not on the order of the changes:
//
//	a subtree without a key:  32 zero bytes
//	with one key:             SHA-256(0x03 ‖ key ‖ value)
//	with more:                SHA-256(0x04 ‖ left ‖ right)
//
// A subtree at depth d is that of the keys that share their first d bits, most
// significant first; the next bit says left (0) or right (1). So a change costs
// about log2(keys) hashes. A Map is for one goroutine; its zero value is empty.
type Map struct {
	top *node
	n   int
}

// node is a leaf (left and right nil) or a fork; nil is the empty subtree.
type node struct {
	left, right *node
	key, value  tlog.Hash // of a leaf
	hash        tlog.Hash
	stale       bool // hash is to be worked out
}

// Len is the number of keys.
func (m *Map) Len() int { return m.n }

// Set gives key a value. The hashes are worked out by the next Root or Prove, so
// that many changes share those near the root.
func (m *Map) Set(key, value tlog.Hash) { m.top = m.set(m.top, 0, key, value) }

func (m *Map) set(n *node, depth int, key, value tlog.Hash) *node {
	switch {
	case n == nil:
		m.n++
		return &node{key: key, value: value, stale: true}
	case n.fork():
	case n.key == key:
		n.value, n.stale = value, true
		return n
	default: // two keys where there was one: the leaf moves down
		n = put(&node{}, depth, n)
	}
	n.stale = true
	if bit(key, depth) == 0 {
		n.left = m.set(n.left, depth+1, key, value)
	} else {
		n.right = m.set(n.right, depth+1, key, value)
	}
	return n
}

func put(fork *node, depth int, leaf *node) *node {
	if bit(leaf.key, depth) == 0 {
		fork.left = leaf
	} else {
		fork.right = leaf
	}
	return fork
}

func (n *node) fork() bool { return n.left != nil || n.right != nil }

func bit(key tlog.Hash, i int) byte { return key[i/8] >> (7 - i%8) & 1 }

// Root is the root hash.
func (m *Map) Root() tlog.Hash { return m.top.root() }

func (n *node) root() tlog.Hash {
	switch {
	case n == nil:
		return tlog.Hash{}
	case !n.stale:
	case n.fork():
		n.hash = mapNode(n.left.root(), n.right.root())
	default:
		n.hash = mapLeaf(n.key, n.value)
	}
	n.stale = false
	return n.hash
}

func mapNode(left, right tlog.Hash) tlog.Hash { return hash3(4, left, right) }
func mapLeaf(key, value tlog.Hash) tlog.Hash  { return hash3(3, key, value) }

func hash3(tag byte, a, b tlog.Hash) tlog.Hash {
	var buf [65]byte
	buf[0] = tag
	copy(buf[1:], a[:])
	copy(buf[33:], b[:])
	return sha256.Sum256(buf[:])
}

// MapProof shows what a map with a known root has under a key: its value, or
// nothing.
type MapProof struct {
	// Siblings are the hashes beside the way from the root down to the key.
	Siblings []tlog.Hash `json:"siblings"`
	// Other is set in a proof of absence whose way ends at another key's leaf.
	Other *MapEntry `json:"other,omitempty"`
}

// MapEntry is a key with its value.
type MapEntry struct {
	Key   tlog.Hash `json:"key"`
	Value tlog.Hash `json:"value"`
}

// Prove gives the proof for a key: of its value when the map has it, else that
// it has not.
func (m *Map) Prove(key tlog.Hash) (value tlog.Hash, there bool, p MapProof) {
	m.Root()
	n := m.top
	for depth := 0; n != nil && n.fork(); depth++ {
		if bit(key, depth) == 0 {
			p.Siblings, n = append(p.Siblings, n.right.root()), n.left
		} else {
			p.Siblings, n = append(p.Siblings, n.left.root()), n.right
		}
	}
	switch {
	case n == nil:
		return tlog.Hash{}, false, p
	case n.key == key:
		return n.value, true, p
	}
	p.Other = &MapEntry{n.key, n.value}
	return tlog.Hash{}, false, p
}

// CheckMember checks that the map with this root has value under key.
// ErrMapProof otherwise.
func CheckMember(root, key, value tlog.Hash, p MapProof) error {
	if p.Other != nil || !p.leadsTo(root, key, mapLeaf(key, value)) {
		return ErrMapProof
	}
	return nil
}

// CheckAbsent checks that the map with this root has nothing under key.
// ErrMapProof otherwise.
func CheckAbsent(root, key tlog.Hash, p MapProof) error {
	var end tlog.Hash
	if o := p.Other; o != nil {
		if o.Key == key || len(p.Siblings) > 256 {
			return ErrMapProof
		}
		for i := range p.Siblings { // the other leaf must stand on the key's own way
			if bit(o.Key, i) != bit(key, i) {
				return ErrMapProof
			}
		}
		end = mapLeaf(o.Key, o.Value)
	}
	if !p.leadsTo(root, key, end) {
		return ErrMapProof
	}
	return nil
}

func (p MapProof) leadsTo(root, key, h tlog.Hash) bool {
	if len(p.Siblings) > 256 {
		return false
	}
	for i := len(p.Siblings) - 1; i >= 0; i-- {
		if bit(key, i) == 0 {
			h = mapNode(h, p.Siblings[i])
		} else {
			h = mapNode(p.Siblings[i], h)
		}
	}
	return h == root
}

// CheckHead checks what the map with this root says of a dossier: h for one that
// is named, the zero Head for one that no leaf names. ErrMapProof otherwise.
func CheckHead(root tlog.Hash, dossier string, h Head, p MapProof) error {
	if h == (Head{}) {
		return CheckAbsent(root, KeyOf(dossier), p)
	}
	return CheckMember(root, KeyOf(dossier), ValueOf(h), p)
}
