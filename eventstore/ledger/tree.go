package ledger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// tree is the growing end of one agency's log. The sequencer's turn guards it.
type tree struct {
	l      *Ledger
	log    *Log
	edge   *edge
	naming *naming
	w      writer
	queue  []entry   // read and not yet appended: a follower waits for the leader
	seen   uint64    // position of the newest commit that was queued
	last   newest    // leaf
	filled []tileRef // full since the last settle: their partial forms can go
	widths []int     // of the partial tiles that are on disk
	held   []byte    // what the lock has, as far as is known
	must   *Signed   // the lock's checkpoint, until the tree was shown to agree
	agreed *Signed   // a checkpoint of the lock that the tree agrees with
	signed time.Time
	err    error // for good: until the ledger is opened again or rebuilt
	short  error // the stream has less than was signed; it may yet come
	tailOK bool  // the stream's commit at the last leaf was compared
	// anchored is when this instance last appended an anchor.
	anchored time.Time
}

type newest struct {
	position uint64
	recorded time.Time
}

type tileRef struct {
	level int
	n     int64
}

// entry is what the ledger needs of a commit.
type entry struct {
	newest
	leaf   tlog.Hash
	names  []string
	anchor *Anchored
}

func entryOf(c *eventstore.Commit) (entry, error) {
	names, err := Names(c)
	return entry{newest{c.Position, c.Envelope.Recorded}, tlog.Hash(eventstore.LeafHash(c.Clear)), names, anchorOf(c)}, err
}

// anchorOf reads the anchor in a commit; nil when it is none.
func anchorOf(c *eventstore.Commit) *Anchored {
	if c.Envelope.Kind != domain.KindLedger {
		return nil
	}
	for _, ev := range c.Envelope.Data.Events {
		var d domainledger.Anchored
		if ev.Type != domainledger.TypeAnchored || json.Unmarshal(ev.Data, &d) != nil {
			continue
		}
		root, err := hex.DecodeString(d.Root)
		mapRoot, err2 := hex.DecodeString(d.MapRoot)
		if err != nil || err2 != nil || len(root) != 32 || len(mapRoot) != 32 {
			continue
		}
		return &Anchored{Size: d.Size, Root: tlog.Hash(root), MapRoot: tlog.Hash(mapRoot)}
	}
	return nil
}

func (t *tree) stall(err error) { t.err = fmt.Errorf("the log of %s: %w", t.log.Agency, err) }

// problem is why the log does not go on; what has to be seen to stands before what
// may pass.
func (t *tree) problem() error {
	if t.err != nil {
		return t.err
	}
	return t.short
}

// open loads the tree as it was signed: at the lock's checkpoint where the tiles
// give it (which they do but for a crash of the disk, or in an instance that did
// not lead), else at that of the history, else from nothing: the stream then
// gives it again, and the lock's checkpoint judges what comes of it.
func (t *tree) open(ctx context.Context, note []byte) error {
	var err error
	if t.log.history, err = openHistory(filepath.Join(t.log.tiles.dir, "checkpoints")); err != nil {
		return err
	}
	t.log.outside = openOutsides(filepath.Join(t.log.tiles.dir, "outside"))
	if err := t.log.outside.err; err != nil {
		t.l.o.Log.Error("what witnesses and time stamps said of a log is not added to", "agency", t.log.Agency, "error", err)
	}
	if err := t.heed(note); err != nil {
		return err
	}
	if last := t.log.history.last(); last > 0 && (t.must == nil || last > t.must.Size) {
		e := &ForkError{Agency: t.log.Agency, Signed: last, Why: "the lock is older than the checkpoints beside the data"}
		if t.must != nil {
			e.Found = t.must.Size
		}
		return e
	}
	if err := t.load(); err != nil {
		return err
	}
	// What is wrong with map.db comes out, and is put right, when openMap reads it.
	t.log.anchors, _ = t.l.maps.anchors(ctx, t.log.Agency)
	return nil
}

// openMap loads the map as it was last saved; one that cannot be used is begun
// anew. An error is one of map.db itself.
func (t *tree) openMap(ctx context.Context) error {
	if _, err := t.l.maps.anchors(ctx, t.log.Agency); err != nil {
		return err
	}
	n, lost, err := openNaming(ctx, t.l.maps, t.log.Agency)
	if err != nil {
		return err
	}
	if t.naming = n; lost || n.size > t.edge.size { // or it knows leaves that the tree does not have
		t.l.o.Log.Warn("the map of a log is made anew out of the stream", "agency", t.log.Agency)
		return t.emptyMap(ctx)
	}
	return nil
}

// emptyMap begins the map anew.
func (t *tree) emptyMap(ctx context.Context) error {
	t.naming = emptyNaming(t.l.maps, t.log.Agency)
	t.log.mu.Lock()
	t.log.anchors = nil
	t.log.mu.Unlock()
	return t.l.maps.forget(ctx, t.log.Agency)
}

// heed takes note of what the lock has, after checking its signature.
func (t *tree) heed(note []byte) error {
	t.held = note
	if note == nil {
		return nil
	}
	c, err := verify.Open(note, t.l.key.verifier(t.log.Agency))
	if err != nil {
		return fmt.Errorf("the lock's checkpoint: %w", err)
	}
	t.must = &Signed{c, note}
	return nil
}

// load finds the newest signed state that the files have.
func (t *tree) load() error {
	var states []Signed
	if t.must != nil {
		states = append(states, *t.must)
	}
	if h := t.log.history; len(h.list) > 0 {
		s, err := t.log.kept(h.list[len(h.list)-1])
		if err != nil {
			return err
		}
		states = append(states, s)
	}
	path := filepath.Join(t.log.tiles.dir, "positions")
	var why error
	for _, s := range states {
		e, err := t.log.tiles.load(s.Size, s.Root)
		if err == nil {
			t.log.positions, err = openPositions(path, s.Size)
		}
		if err != nil {
			why = errors.Join(why, err)
			continue
		}
		t.edge, t.seen, t.last = e, s.Position, newest{s.Position, s.Recorded}
		if t.must != nil && t.must.Size == s.Size {
			t.must = nil
		}
		return t.publish(s, s.Recorded)
	}
	if t.log.history.last() > 0 {
		t.l.o.Log.Warn("the tiles of a log are made anew out of the stream", "agency", t.log.Agency, "error", why)
	}
	t.edge, t.tailOK = &edge{}, true
	var err error
	t.log.positions, err = openPositions(path, 0)
	return err
}

// reset begins the tree anew, to be filled out of the stream.
func (t *tree) reset(ctx context.Context, note []byte) error {
	if err := t.emptyMap(ctx); err != nil {
		return err
	}
	if err := t.heed(note); err != nil {
		return err
	}
	t.err, t.short, t.agreed = nil, nil, nil
	t.edge, t.tailOK, t.seen, t.last, t.queue, t.filled, t.widths = &edge{}, true, 0, newest{}, nil, nil, nil
	t.log.positions.n, t.log.positions.waits = 0, nil // its records are overwritten by the same
	return nil
}

// drain appends what waits, up to limit leaves; limit < 0: all.
func (t *tree) drain(ctx context.Context, limit int64) (err error) {
	i := 0
	for ; i < len(t.queue) && (limit < 0 || t.edge.size < limit); i++ {
		if err = t.append(ctx, t.queue[i]); err != nil {
			break
		}
	}
	t.queue = append(t.queue[:0], t.queue[i:]...)
	return err
}

// append may fail on the way and be called again with the same commit.
func (t *tree) append(ctx context.Context, e entry) error {
	if err := t.follow(ctx, t.edge.size, e); err != nil {
		return err
	}
	err := t.edge.add(e.leaf, func(level int, n int64, hashes []tlog.Hash) error {
		t.filled = append(t.filled, tileRef{level, n})
		return t.log.tiles.write(&t.w, level, n, hashes)
	})
	if err != nil {
		return err
	}
	t.log.positions.add(e.position)
	if e.recorded.Before(t.last.recorded) { // by the clock of another instance
		e.recorded = t.last.recorded
	}
	t.last = e.newest
	if m := t.must; m != nil && t.edge.size == m.Size {
		if root := t.edge.root(); root != m.Root {
			return &ForkError{t.log.Agency, m.Size, m.Size, "its first commits give another root than was signed"}
		}
		t.must, t.agreed = nil, m
	}
	return nil
}

// follow brings a leaf into the map, and takes note of an anchor in it.
func (t *tree) follow(ctx context.Context, index int64, e entry) error {
	if err := t.naming.add(ctx, named{index, e.leaf, e.names}); err != nil {
		return err
	}
	if e.anchor == nil {
		return nil
	}
	a := *e.anchor
	a.Leaf = index
	if n := len(t.log.anchors); n > 0 && t.log.anchors[n-1].Leaf >= index {
		return nil // read again
	}
	if a.Size < t.naming.size || a.Size > index {
		t.l.o.Log.Warn("an anchor came too late to be proved by this copy of the map", "agency", t.log.Agency, "leaf", index)
	} else if err := t.naming.save(ctx, a.Size); err != nil {
		return err
	} else if t.naming.tree.Root() != a.MapRoot {
		t.l.o.Log.Error("an anchor names another map than the log gives", "agency", t.log.Agency, "leaf", index)
	}
	if err := t.l.maps.addAnchor(ctx, t.log.Agency, a); err != nil {
		return fmt.Errorf("map.db: %w", err)
	}
	t.log.mu.Lock()
	defer t.log.mu.Unlock()
	t.log.anchors = append(t.log.anchors, a)
	return nil
}

// settle makes tiles and positions durable as far as the tree goes.
func (t *tree) settle() error {
	for l, hashes := range t.edge.levels {
		if l == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		if w := len(hashes); w > 0 && w != t.widths[l] {
			if err := t.log.tiles.write(&t.w, l, t.edge.size>>(8*(l+1)), hashes); err != nil {
				return err
			}
		}
		t.widths[l] = len(hashes)
	}
	if err := errors.Join(t.w.sync(), t.log.positions.flush()); err != nil {
		return err
	}
	for _, f := range t.filled {
		t.log.tiles.dropPartial(f.level, f.n)
	}
	t.filled = t.filled[:0]
	return nil
}

// adopt gives out a checkpoint of the lock that the tree agrees with.
func (t *tree) adopt() error {
	s := t.agreed
	t.agreed = nil
	if s == nil || s.Size <= t.log.Size() {
		return nil
	}
	return t.publish(*s, t.l.o.Clock.Now())
}

// publish puts a checkpoint that the lock has into the history and gives it out.
func (t *tree) publish(s Signed, when time.Time) error {
	t.log.mu.Lock()
	defer t.log.mu.Unlock()
	h := t.log.history
	if s.Size > h.last() {
		if err := h.add(s.Checkpoint, s.Note); err != nil {
			return fmt.Errorf("the history of checkpoints: %w", err)
		}
	}
	t.log.newest, t.signed = s, when
	if h.grew < compactEvery {
		return nil
	}
	return t.log.compact()
}

// sign makes a checkpoint of the tree, swaps it into the lock, and gives it out.
func (t *tree) sign(ctx context.Context) error {
	c := verify.Checkpoint{
		Origin: verify.Origin(t.l.key.store, t.log.Agency), Size: t.edge.size, Root: t.edge.root(),
		Position: t.last.position, Recorded: t.last.recorded.UTC(),
	}
	note, err := t.l.key.sign(t.log.Agency, c)
	if err != nil {
		return err
	}
	if err := t.l.o.Lock.Swap(ctx, t.log.Agency, t.held, note); err != nil {
		return err
	}
	t.held = note
	return t.publish(Signed{c, note}, t.l.o.Clock.Now())
}

func (t *tree) close() {
	if t.log.positions != nil {
		_ = t.log.positions.close() // what is not durable belongs to no checkpoint
	}
	if t.log.history != nil {
		_ = t.log.history.close() // every record was synced
	}
}
