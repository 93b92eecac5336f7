package commands

import (
	"hash/maphash"
	"sync"

	"github.com/casefile-engine/casefile/domain"
)

// knownSet tells which aggregates surely have no commit yet. An import into a
// data directory of its own asks this for every new dossier and reservation;
// asking the stream each time would cost more than the rest of the command.
// It holds eight bytes an aggregate; a collision only costs a look at the stream.
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
