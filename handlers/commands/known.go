package commands

import (
	"context"
	"hash/maphash"
	"sync"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// knownSet tells which aggregates surely have no commit yet. An import asks
// this for every new dossier and reservation; asking the stream each time would
// cost more than the rest of the command. It holds eight bytes an aggregate; a
// collision only costs a look at the stream. Whatever may get a commit is added
// before it is sent, so that an append of unknown outcome is looked for.
type knownSet struct {
	mu   sync.RWMutex
	seed maphash.Seed
	set  map[uint64]struct{}
}

func newKnownSet() *knownSet {
	return &knownSet{seed: maphash.MakeSeed(), set: map[uint64]struct{}{}}
}

func (k *knownSet) hash(ref domain.Ref) uint64 { return maphash.Comparable(k.seed, ref) }

func (k *knownSet) add(ref domain.Ref) {
	if k == nil {
		return
	}
	k.mu.Lock()
	k.set[k.hash(ref)] = struct{}{}
	k.mu.Unlock()
}

func (k *knownSet) maybe(ref domain.Ref) bool {
	k.mu.RLock()
	_, ok := k.set[k.hash(ref)]
	k.mu.RUnlock()
	return ok
}

const (
	// learnFrom is the number of commands from which a window is taken for an import.
	learnFrom = 200
	// learnMost is the largest stream that is read for the set, in a second or
	// two, once; into a larger one an import asks the stream.
	learnMost = 200_000
)

// learn makes the set of the aggregates that the stream has. The gate is held,
// so that nothing is appended meanwhile.
func (h *Handler) learn(ctx context.Context) {
	if !h.exclusive || h.known.Load() != nil {
		return
	}
	head, err := h.store.Head(ctx)
	if err != nil || head > learnMost {
		return
	}
	k := newKnownSet()
	err = h.store.ReadAll(ctx, 0, func(c *eventstore.Commit) error {
		k.add(c.Envelope.Ref())
		return nil
	})
	if err == nil { // without the set the stream is asked each time
		h.known.Store(k)
	}
}
