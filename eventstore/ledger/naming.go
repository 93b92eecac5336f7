package ledger

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Names gives the dossiers that a commit names, each once, in byte order; the
// rule is verify.NamesWith, over the commit's clear line and the lists of its
// events. A list that is not the one of the line is eventstore.ErrDamaged.
func Names(c *eventstore.Commit) ([]string, error) {
	lists, err := c.Lists()
	if err != nil {
		return nil, fmt.Errorf("the commit at position %d: %w", c.Position, err)
	}
	return verify.NamesWith(c.Clear, lists), nil
}

// naming keeps an agency's map: it follows the log at some distance, since a
// commit that anchors the map of an earlier size comes after other commits, and
// whoever reads the stream anew has to stop at exactly that size.
//
// Ownership: the sequencer's turn.
type naming struct {
	agency string
	store  *mapStore
	heads  map[tlog.Hash]verify.Head
	tree   verify.Map
	size   int64 // leaves that heads has in it
	saved  int64 // size of the last save
	// changed since the last save.
	changed map[tlog.Hash]change
	queue   []named
}

// named is a leaf that the map has not yet taken in.
type named struct {
	index int64
	leaf  tlog.Hash
	names []string
}

// queueLimit is how many leaves the map may be behind the log. An anchor that
// comes later than half of this after its size cannot be proved by this copy.
const queueLimit = 1 << 16

// openNaming loads the map as it was last saved; lost tells that it does not give
// the root of that save, or that this ledger did not save it.
func openNaming(ctx context.Context, store *mapStore, agency string) (n *naming, lost bool, err error) {
	size, root, own, err := store.saved(ctx, agency)
	if err != nil {
		return nil, false, err
	}
	n = emptyNaming(store, agency)
	err = store.heads(ctx, agency, size, func(key tlog.Hash, h verify.Head) {
		n.heads[key] = h
		n.tree.Set(key, verify.ValueOf(h))
	})
	if err != nil {
		return nil, false, err
	}
	n.size, n.saved = size, size
	return n, !own || n.tree.Root() != root, nil
}

func emptyNaming(store *mapStore, agency string) *naming {
	return &naming{agency: agency, store: store, heads: map[tlog.Hash]verify.Head{}, changed: map[tlog.Hash]change{}}
}

// next is the index of the leaf that add waits for.
func (n *naming) next() int64 {
	if len(n.queue) > 0 {
		return n.queue[len(n.queue)-1].index + 1
	}
	return n.size
}

// add takes the next leaf; earlier ones are passed over.
func (n *naming) add(ctx context.Context, e named) error {
	if e.index != n.next() {
		if e.index < n.next() {
			return nil
		}
		return fmt.Errorf("ledger: the map of %s lacks leaf %d", n.agency, n.next())
	}
	n.queue = append(n.queue, e)
	if len(n.queue) < queueLimit {
		return nil
	}
	return n.save(ctx, n.queue[queueLimit/2].index)
}

// save brings the map to exactly size, and stores it. It gives an error when the
// map is past it.
func (n *naming) save(ctx context.Context, size int64) error {
	if size < n.size || size > n.next() {
		return fmt.Errorf("ledger: the map of %s cannot be brought to size %d", n.agency, size)
	}
	i := 0
	for ; i < len(n.queue) && n.queue[i].index < size; i++ {
		n.take(n.queue[i])
	}
	n.queue = append(n.queue[:0], n.queue[i:]...)
	n.size = size
	for key, c := range n.changed {
		n.tree.Set(key, verify.ValueOf(c.head))
	}
	if size == n.saved {
		return nil
	}
	if err := n.store.save(ctx, n.agency, size, n.tree.Root(), n.changed); err != nil {
		return fmt.Errorf("ledger: map.db: %w", err)
	}
	n.saved = size
	clear(n.changed)
	return nil
}

func (n *naming) take(e named) {
	for _, id := range e.names {
		key := verify.KeyOf(id)
		c := n.changed[key]
		c.head = n.heads[key].Next(e.index, e.leaf)
		c.leaves = append(c.leaves, e.index)
		n.changed[key], n.heads[key] = c, c.head
	}
}
