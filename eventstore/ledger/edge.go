package ledger

import (
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// tileWidth is the number of hashes in a full tile: height 8, as C2SP
// tlog-tiles has it.
const tileWidth = 256

// edge is the right-hand edge of an RFC 6962 tree: of each level of tiles, the
// hashes of the tile that is not yet full. Nothing else is needed to append, or
// to work out the root. It belongs to one goroutine.
type edge struct {
	size   int64
	levels [][]tlog.Hash // each of fewer than tileWidth hashes
}

// add appends a leaf hash. full is called with each tile that this fills, the
// lowest first; it may not keep the hashes. When it fails, nothing has changed.
func (e *edge) add(h tlog.Hash, full func(level int, n int64, hashes []tlog.Hash) error) error {
	l := 0
	for ; l < len(e.levels) && len(e.levels[l]) == tileWidth-1; l++ {
		hashes := append(e.levels[l], h) // into spare room
		if err := full(l, e.size>>(8*(l+1)), hashes); err != nil {
			return err
		}
		h = tileRoot(hashes)
	}
	if l == len(e.levels) {
		e.levels = append(e.levels, make([]tlog.Hash, 0, tileWidth))
	}
	e.levels[l] = append(e.levels[l], h)
	for i := range l {
		e.levels[i] = e.levels[i][:0]
	}
	e.size++
	return nil
}

// root is the root of the tree.
func (e *edge) root() tlog.Hash {
	var perfect []tlog.Hash // subtrees from left to right
	for l := len(e.levels) - 1; l >= 0; l-- {
		for rest := e.levels[l]; len(rest) > 0; {
			n := 1 << (bits.Len(uint(len(rest))) - 1)
			perfect = append(perfect, tileRoot(rest[:n]))
			rest = rest[n:]
		}
	}
	if len(perfect) == 0 {
		h, _ := tlog.TreeHash(0, nil) // the hash of nothing; it reads nothing and cannot fail
		return h
	}
	h := perfect[len(perfect)-1]
	for i := len(perfect) - 2; i >= 0; i-- {
		h = tlog.NodeHash(perfect[i], h)
	}
	return h
}

// tileRoot is the root of a perfect subtree over hashes, whose number is a power of two.
func tileRoot(hashes []tlog.Hash) tlog.Hash {
	level := append(make([]tlog.Hash, 0, tileWidth), hashes...)
	for len(level) > 1 {
		for i := range len(level) / 2 {
			level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
		}
		level = level[:len(level)/2]
	}
	return level[0]
}
