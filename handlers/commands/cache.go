package commands

import (
	"container/list"
	"sync"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// maxCached is how many aggregates the handler keeps folded in memory. An
// aggregate costs some kilobytes; an import of 20,000 interleaved dossiers
// stays inside, so that it folds each commit once.
const maxCached = 50_000

// entry is one aggregate, folded up to its newest known commit.
//
// Whoever decides on the aggregate holds mu for writing until the append is
// acknowledged; whoever only needs its state for a decision on another
// aggregate holds it for reading. Several are locked in the order of their
// subjects, so that no two commands wait for each other.
type entry struct {
	ref domain.Ref
	mu  sync.RWMutex

	// The fields below are guarded by mu.
	loaded   bool
	state    any
	version  uint64
	position uint64          // of the newest commit
	leaf     eventstore.Leaf // of the newest commit
	// commands finds the commit of a command id, for those folded since snapshot.
	commands map[string]uint64
	// snapshot is the version below which command ids are looked up in the view.
	snapshot uint64

	uses int           // guarded by cache.mu; an entry in use is not evicted
	elem *list.Element // guarded by cache.mu
}

func (e *entry) reset() {
	e.loaded, e.state, e.version, e.position = false, nil, 0, 0
	e.leaf, e.commands, e.snapshot = eventstore.Leaf{}, nil, 0
}

// cache is a bounded set of entries, least recently used first out.
type cache struct {
	mu      sync.Mutex
	entries map[domain.Ref]*entry
	recent  *list.List // of *entry, newest at the front
	limit   int
}

func newCache(limit int) *cache {
	return &cache{entries: map[domain.Ref]*entry{}, recent: list.New(), limit: limit}
}

// acquire gives the entry of an aggregate, unlocked and perhaps not yet
// loaded, and keeps it in the cache until release.
func (c *cache) acquire(ref domain.Ref) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[ref]
	if e == nil {
		e = &entry{ref: ref}
		e.elem = c.recent.PushFront(e)
		c.entries[ref] = e
	} else {
		c.recent.MoveToFront(e.elem)
	}
	e.uses++
	c.evict()
	return e
}

func (c *cache) release(e *entry) {
	c.mu.Lock()
	e.uses--
	c.mu.Unlock()
}

// evict removes the oldest unused entries over the limit; c.mu is held.
func (c *cache) evict() {
	for el := c.recent.Back(); el != nil && len(c.entries) > c.limit; {
		e, prev := el.Value.(*entry), el.Prev()
		if e.uses == 0 {
			c.recent.Remove(el)
			delete(c.entries, e.ref)
		}
		el = prev
	}
}
