package ledger

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
)

// SignBundle signs the manifest of an evidence bundle with the key of an agency's
// log. It signs no other text: what looks like a checkpoint comes from the
// ledger's own rounds alone.
func (k *Key) SignBundle(agency, text string) ([]byte, error) {
	if !strings.HasPrefix(text, bundle.ManifestHeader) {
		return nil, errors.New("ledger: that is no manifest of an evidence bundle")
	}
	return k.signText(agency, text)
}

// InclusionProofs is InclusionProof for many leaves of one tree: each tile that
// they rest on is read and checked once. ErrRange, ErrDamaged.
func (l *Log) InclusionProofs(indexes []int64, size int64) ([]tlog.RecordProof, error) {
	r, err := l.hashes(size)
	if err != nil {
		return nil, err
	}
	need := &gatherer{seen: map[int64]bool{}}
	for _, i := range indexes {
		if i < 0 || i >= size {
			return nil, ErrRange
		}
		if _, err := tlog.ProveRecord(size, i, need); err != nil {
			return nil, err
		}
	}
	hashes, err := r.ReadHashes(need.list)
	if err != nil {
		return nil, damaged(err)
	}
	have := given{}
	for i, at := range need.list {
		have[at] = hashes[i]
	}
	out := make([]tlog.RecordProof, len(indexes))
	for n, i := range indexes {
		if out[n], err = tlog.ProveRecord(size, i, have); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// gatherer notes which hashes a proof asks for.
type gatherer struct {
	seen map[int64]bool
	list []int64
}

// ReadHashes gives zeros.
func (g *gatherer) ReadHashes(list []int64) ([]tlog.Hash, error) {
	for _, i := range list {
		if !g.seen[i] {
			g.seen[i] = true
			g.list = append(g.list, i)
		}
	}
	return make([]tlog.Hash, len(list)), nil
}

// given are hashes by their stored index.
type given map[int64]tlog.Hash

// ReadHashes gives those that were read before.
func (g given) ReadHashes(list []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(list))
	for i, at := range list {
		h, ok := g[at]
		if !ok {
			return nil, fmt.Errorf("%w: a hash of the tree was not read", ErrDamaged)
		}
		out[i] = h
	}
	return out, nil
}

// AnchorBefore gives the newest anchor all of whose leaves were recorded before
// an instant, by the signed checkpoint of its size; ok is false when there is none.
func (l *Log) AnchorBefore(t time.Time) (Anchored, bool) {
	list := l.Anchors()
	i := sort.Search(len(list), func(i int) bool { at, _ := l.recordedAt(list[i].Size); return !at.Before(t) })
	for i--; i >= 0; i-- {
		if _, exact := l.recordedAt(list[i].Size); exact {
			return list[i], true
		}
	}
	return Anchored{}, false
}

// AnchorUpTo gives the oldest anchor whose leaves go up to an instant or past it,
// by the signed checkpoint of its size; ok is false when there is none yet.
func (l *Log) AnchorUpTo(t time.Time) (Anchored, bool) {
	list := l.Anchors()
	i := sort.Search(len(list), func(i int) bool { at, _ := l.recordedAt(list[i].Size); return !at.Before(t) })
	for ; i < len(list); i++ {
		if _, exact := l.recordedAt(list[i].Size); exact {
			return list[i], true
		}
	}
	return Anchored{}, false
}

// recordedAt is the recorded time of the oldest kept checkpoint that covers size,
// and tells whether it is that size's own: the history may have been lost.
func (l *Log) recordedAt(size int64) (at time.Time, exact bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := l.history.list
	i := sort.Search(len(list), func(i int) bool { return list[i].size >= size })
	if i == len(list) {
		return l.newest.Recorded, false
	}
	return list[i].recorded, list[i].size == size
}

// Between gives up to about n of the kept checkpoints whose sizes lie between
// two, both excluded, evenly spread, oldest first.
func (l *Log) Between(after, before int64, n int) (out []Signed, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	var list []kept
	for _, k := range l.history.list {
		if k.size > after && k.size < before {
			list = append(list, k)
		}
	}
	for i := 0; i < len(list); i += len(list)/n + 1 {
		s, err := l.kept(list[i])
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}
