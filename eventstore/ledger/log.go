package ledger

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Errors of the ledger; test with errors.Is.
var (
	// ErrDamaged: a file of the ledger is not what was written. The tree can be
	// made anew out of the stream (Ledger.Rebuild).
	ErrDamaged = errors.New("ledger: a file of the ledger is damaged")
	// ErrForked: the stream does not go on from what was signed. See ForkError.
	ErrForked = errors.New("ledger: the stream is not the one whose checkpoint was signed")
	// ErrShort: an ErrForked whose stream shows fewer commits than were signed. It
	// may pass where others write the stream and this instance is behind; each round
	// looks again, and nothing is signed before.
	ErrShort = errors.New("ledger: the stream has less than was signed")
	// ErrRange: a size, leaf or anchor that no checkpoint covers yet, or ever.
	ErrRange = errors.New("ledger: no checkpoint covers that")
)

// ForkError is ErrForked with what was found: an old copy of the data was put
// back, or its past was changed.
type ForkError struct {
	Agency string
	Signed int64 // size of the lock's checkpoint
	Found  int64 // size of the tree that the stream, or the history beside it, gives
	Why    string
}

func (e *ForkError) Error() string {
	return fmt.Sprintf("ledger: the log of %s has %d commits by its signed checkpoint and %d by what is here: %s; put the newest data back, or see docs/operations.md", e.Agency, e.Signed, e.Found, e.Why)
}

// Unwrap makes it an ErrForked.
func (e *ForkError) Unwrap() error { return ErrForked }

// shortError is a fork that is only a stream which has not come so far.
type shortError struct{ *ForkError }

// Unwrap makes it an ErrShort, beside the fork that it is.
func (e shortError) Unwrap() []error { return []error{ErrShort, e.ForkError} }

// ForeignError: a commit does not bear the code of the store's key, so the store
// did not write it: somebody put it behind what was signed (docs/adr/0010).
type ForeignError struct {
	Agency   string
	Position uint64
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("ledger: the commit of %s at position %d does not bear this store's code: another program put it onto the stream, or altered it; see docs/operations.md", e.Agency, e.Position)
}

// Unwrap makes it an eventstore.ErrDamaged.
func (e *ForeignError) Unwrap() error { return eventstore.ErrDamaged }

// Signed is a checkpoint with the note that signs it, in the form of C2SP
// tlog-checkpoint; verify.Open checks it.
type Signed struct {
	verify.Checkpoint
	Note []byte // nobody changes it
}

// Anchored is one event ledger.anchored: leaf Leaf of the log says that at Size
// the log had Root and the map MapRoot. Size is at most Leaf.
type Anchored struct {
	Leaf    int64
	Size    int64
	Root    tlog.Hash
	MapRoot tlog.Hash
}

// Log is the log of one agency as of its newest checkpoint. Every hash that it
// gives out has been checked against a signed root on the way from the disk; what
// fails that is ErrDamaged. All methods may be called from many goroutines.
type Log struct {
	// Agency is whose log it is.
	Agency string

	tiles     tiles
	key       *Key
	maps      *mapStore
	positions *positions
	outside   *outsides

	mu      sync.RWMutex
	newest  Signed // zero: nothing signed yet
	history *history
	anchors []Anchored // in the order of the log

	provable sync.Mutex // guards the two below
	asOf     Anchored
	asOfMap  *verify.Map
	asOfHead map[tlog.Hash]verify.Head
}

// Size is the number of leaves that the newest checkpoint covers; 0 before the first.
func (l *Log) Size() int64 { return l.LatestCheckpoint().Size }

// LatestCheckpoint gives the newest checkpoint; Size 0 before the first.
func (l *Log) LatestCheckpoint() Signed {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.newest
}

// Checkpoints gives the kept checkpoints whose newest commit was recorded from
// from up to and including to, oldest first, each with its signature checked.
// All of the last hour are kept, then one a minute for a day, then one an hour,
// and every one on which an anchor rests.
func (l *Log) Checkpoints(from, to time.Time) (out []Signed, err error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, k := range l.history.list {
		if k.recorded.Before(from) || k.recorded.After(to) {
			continue
		}
		s, err := l.kept(k)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	return out, nil
}

// CheckpointFor gives the oldest kept checkpoint that covers size leaves.
// ErrRange when none does yet.
func (l *Log) CheckpointFor(size int64) (Signed, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	list := l.history.list
	i := sort.Search(len(list), func(i int) bool { return list[i].size >= size })
	if i == len(list) {
		return Signed{}, ErrRange
	}
	return l.kept(list[i])
}

// kept reads a checkpoint of the history; l.mu is held.
func (l *Log) kept(k kept) (Signed, error) {
	note, err := l.history.note(k)
	if err != nil {
		return Signed{}, err
	}
	c, err := verify.Open(note, l.key.verifier(l.Agency))
	if err != nil || c.Size != k.size {
		return Signed{}, fmt.Errorf("%w: a checkpoint of the history: %w", ErrDamaged, err)
	}
	return Signed{c, note}, nil
}

// hashes gives the reader of the newest tree, after checking that size is in it.
func (l *Log) hashes(size int64) (tlog.HashReader, error) {
	c := l.LatestCheckpoint()
	if size < 1 || size > c.Size {
		return nil, ErrRange
	}
	return l.tiles.reader(c.Size, c.Root), nil
}

// Root is the root of the tree of the first size leaves. ErrRange, ErrDamaged.
func (l *Log) Root(size int64) (tlog.Hash, error) {
	r, err := l.hashes(size)
	if err != nil {
		return tlog.Hash{}, err
	}
	h, err := tlog.TreeHash(size, r)
	return h, damaged(err)
}

// InclusionProof proves that a leaf stands at index in the tree of size leaves:
// verify.CheckInclusion. ErrRange, ErrDamaged.
func (l *Log) InclusionProof(index, size int64) (tlog.RecordProof, error) {
	r, err := l.hashes(size)
	if err != nil || index < 0 || index >= size {
		return nil, errors.Join(ErrRange, err)
	}
	p, err := tlog.ProveRecord(size, index, r)
	return p, damaged(err)
}

// ConsistencyProof proves that the tree of newer leaves begins with that of older
// ones: verify.CheckConsistency. ErrRange, ErrDamaged.
func (l *Log) ConsistencyProof(older, newer int64) (tlog.TreeProof, error) {
	r, err := l.hashes(newer)
	if err != nil || older < 1 || older > newer {
		return nil, errors.Join(ErrRange, err)
	}
	p, err := tlog.ProveTree(newer, older, r)
	return p, damaged(err)
}

// LeafAt gives the leaf hash at index, checked against the newest root.
func (l *Log) LeafAt(index int64) (tlog.Hash, error) {
	r, err := l.hashes(index + 1)
	if err != nil {
		return tlog.Hash{}, err
	}
	h, err := r.ReadHashes([]int64{tlog.StoredHashIndex(0, index)})
	if err != nil {
		return tlog.Hash{}, damaged(err)
	}
	return h[0], nil
}

// PositionOf gives the stream position of a leaf. ErrRange, ErrDamaged. The file
// that it comes from is checked for damage, not signed: compare LeafAt with the
// leaf hash of the commit there, as IndexOfCommit does.
func (l *Log) PositionOf(index int64) (uint64, error) {
	if index < 0 || index >= l.Size() {
		return 0, ErrRange
	}
	return l.positions.at(index)
}

// IndexOf gives the leaf index of a stream position; ok is false when no leaf of
// this agency, that a checkpoint covers, stands there.
func (l *Log) IndexOf(position uint64) (index int64, ok bool, err error) {
	return l.positions.find(l.Size(), position)
}

// IndexOfCommit gives the leaf index of a commit, and checks that the leaf there
// is this commit's. ErrRange when the log does not have it at its position,
// eventstore.ErrDamaged when another one stands there.
func (l *Log) IndexOfCommit(c *eventstore.Commit) (int64, error) {
	i, ok, err := l.IndexOf(c.Position)
	if err != nil || !ok {
		return 0, errors.Join(ErrRange, err)
	}
	leaf, err := l.LeafAt(i)
	if err == nil && leaf != tlog.Hash(eventstore.LeafHash(c.Clear)) {
		err = fmt.Errorf("%w: the commit at position %d differs from leaf %d of the ledger", eventstore.ErrDamaged, c.Position, i)
	}
	return i, err
}

// Tile gives the bytes of a hash tile as C2SP tlog-tiles has it, up to the newest
// checkpoint: ErrRange for one that it does not cover.
func (l *Log) Tile(level int, n int64, width int) ([]byte, error) {
	if level < 0 || level > maxLevel || n < 0 || n > 1<<55 || width < 1 || width > tileWidth || n*tileWidth+int64(width) > l.Size()>>(8*level) {
		return nil, ErrRange
	}
	return l.tiles.read(level, n, width)
}

// Anchors gives the anchors that the newest checkpoint covers, in the order of
// the log.
func (l *Log) Anchors() []Anchored {
	l.mu.RLock()
	defer l.mu.RUnlock()
	n := sort.Search(len(l.anchors), func(i int) bool { return l.anchors[i].Leaf >= l.newest.Size })
	return append([]Anchored(nil), l.anchors[:n]...)
}

// AnchorOf gives the anchor of a size, where the newest checkpoint covers one.
func (l *Log) AnchorOf(size int64) (Anchored, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	i := sort.Search(len(l.anchors), func(i int) bool { return l.anchors[i].Size >= size })
	if i == len(l.anchors) || l.anchors[i].Size != size || l.anchors[i].Leaf >= l.newest.Size {
		return Anchored{}, false
	}
	return l.anchors[i], true
}

// MapProof is what the map that an anchor names says of a dossier.
type MapProof struct {
	Anchored
	Head  verify.Head     // zero: no leaf before Size names it
	Proof verify.MapProof // verify.CheckHead(MapRoot, dossier, Head, Proof)
}

// MapProof proves how many of the first size leaves name a dossier, and the head
// of their chain, where an anchor of that size is in the log; ErrRange otherwise.
// ErrDamaged when the stored map does not give the root that was anchored.
func (l *Log) MapProof(ctx context.Context, size int64, dossier string) (MapProof, error) {
	a, ok := l.AnchorOf(size)
	if !ok {
		return MapProof{}, ErrRange
	}
	return l.mapProof(ctx, a, dossier)
}

func (l *Log) mapProof(ctx context.Context, a Anchored, dossier string) (MapProof, error) {
	l.provable.Lock()
	defer l.provable.Unlock()
	if l.asOfMap == nil || l.asOf != a {
		m, heads := &verify.Map{}, map[tlog.Hash]verify.Head{}
		err := l.maps.heads(ctx, l.Agency, a.Size, func(key tlog.Hash, h verify.Head) {
			heads[key] = h
			m.Set(key, verify.ValueOf(h))
		})
		if err != nil {
			return MapProof{}, fmt.Errorf("ledger: map.db: %w", err)
		}
		if m.Root() != a.MapRoot {
			return MapProof{}, fmt.Errorf("%w: map.db does not give the map of the anchor at leaf %d", ErrDamaged, a.Leaf)
		}
		l.asOf, l.asOfMap, l.asOfHead = a, m, heads
	}
	key := verify.KeyOf(dossier)
	_, _, p := l.asOfMap.Prove(key)
	return MapProof{a, l.asOfHead[key], p}, nil
}

// Naming gives the leaves that name a dossier, in order: those before size, which
// is that of an anchor. It is an index and no proof: whoever needs one folds the
// leaves into the head that MapProof gives (verify.Head.Next).
func (l *Log) Naming(ctx context.Context, dossier string, size int64) ([]int64, error) {
	return l.maps.naming(ctx, l.Agency, verify.KeyOf(dossier), size)
}

// damaged gives the errors of x/mod, which are all about tiles that do not fit, a
// name of ours.
func damaged(err error) error {
	if err == nil || errors.Is(err, ErrDamaged) {
		return err
	}
	return fmt.Errorf("%w: %w", ErrDamaged, err)
}
