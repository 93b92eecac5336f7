package ledger

import (
	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// anchorAudit works one agency's map out anew, from the commits alone, and
// compares it with each anchor. A bundle shows that nothing is left out by an
// anchored map alone, so whoever has the signing key and anchors a map that lacks
// a look could hide it from all but this.
//
// An anchor is of a size that lies a little before it, so the map follows at that
// distance, as the ledger's own does. Sizes only grow (commands.RecordAnchor).
type anchorAudit struct {
	edge    edge
	heads   map[tlog.Hash]verify.Head
	tree    verify.Map
	changed map[tlog.Hash]bool
	queue   []named
	end     int64 // leaves taken in and queued
	newest  int64 // size of the newest anchor compared
	checked int
	wrong   []WrongAnchor
	blind   bool // a list was damaged
}

// auditQueue is how many leaves an anchor may stand behind its size. The ledger
// appends one at once, so a stream that takes ten thousand a second has half a
// minute for it.
const auditQueue = 1 << 18

// WrongAnchor is an anchor that the commits do not bear out.
type WrongAnchor struct {
	Position uint64 // of the anchor's commit
	Size     int64  // the size that it is of
	// Log and Map tell which of the two roots differs. Late: it stands so far behind
	// its size that nothing was compared. None of these: it can be of no such size.
	Log, Map, Late bool
}

func newAnchorAudit() *anchorAudit {
	return &anchorAudit{heads: map[tlog.Hash]verify.Head{}, changed: map[tlog.Hash]bool{}}
}

// commit takes the agency's next commit, whose leaf has been worked out. It gives an
// error for one whose list is damaged: what it names is not known then, and no
// anchor behind it can be compared.
func (a *anchorAudit) commit(c *eventstore.Commit, leaf tlog.Hash) error {
	names, err := Names(c)
	if a.blind = a.blind || err != nil; a.blind {
		return err
	}
	if said := anchorOf(c); said != nil {
		a.compare(c.Position, said)
	}
	a.queue = append(a.queue, named{a.end, leaf, names})
	a.end++
	if len(a.queue) >= auditQueue {
		a.reach(a.end - auditQueue/2)
	}
	return nil
}

func (a *anchorAudit) compare(position uint64, said *Anchored) {
	a.checked++
	w := WrongAnchor{Position: position, Size: said.Size}
	if said.Size < a.edge.size || said.Size > a.end {
		w.Late = said.Size > a.newest && said.Size < a.edge.size
		a.wrong = append(a.wrong, w)
		return
	}
	a.newest = said.Size
	a.reach(said.Size)
	w.Log, w.Map = a.edge.root() != said.Root, a.root() != said.MapRoot
	if w.Log || w.Map {
		a.wrong = append(a.wrong, w)
	}
}

// reach brings log and map to exactly size.
func (a *anchorAudit) reach(size int64) {
	i := 0
	for ; i < len(a.queue) && a.queue[i].index < size; i++ {
		n := &a.queue[i]
		_ = a.edge.add(n.leaf, func(int, int64, []tlog.Hash) error { return nil }) // it writes nothing, so it gives no error
		for _, id := range n.names {
			key := verify.KeyOf(id)
			a.heads[key] = a.heads[key].Next(n.index, n.leaf)
			a.changed[key] = true
		}
	}
	a.queue = append(a.queue[:0], a.queue[i:]...)
}

func (a *anchorAudit) root() tlog.Hash {
	for key := range a.changed {
		a.tree.Set(key, verify.ValueOf(a.heads[key]))
	}
	clear(a.changed)
	return a.tree.Root()
}
