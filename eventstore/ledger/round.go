package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// drainAt is how many commits of an agency are gathered before they are
// appended, which bounds the memory of a long catching-up.
const drainAt = 4096

// errStop ends a reading of the stream.
var errStop = errors.New("ledger: read far enough")

// round is one turn of following: a step, and the anchors that are due.
func (l *Ledger) round(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return errors.Join(l.step(ctx), l.anchorDue(ctx))
}

// step reads what is new and synced and brings a checkpoint over it: where this
// instance leads by signing one, else by taking over what the leader signed. When
// another one, or an earlier try of its own, has moved the lock meanwhile, it goes
// on from there.
func (l *Ledger) step(ctx context.Context) (err error) {
	for range 3 {
		if err = l.once(ctx); !errors.Is(err, ErrLockMoved) {
			break
		}
	}
	return err
}

func (l *Ledger) once(ctx context.Context) error {
	if l.maps == nil {
		return errors.New("ledger: it is closed")
	}
	defer l.note()
	leads, err := l.o.Lock.Lead(ctx)
	if err != nil {
		return err
	}
	if !leads || !l.leads {
		if err := l.reload(ctx); err != nil {
			return err
		}
	}
	l.leads = leads
	if !l.begun {
		if err := l.followMaps(ctx); err != nil {
			return err
		}
		l.begun = true
	}
	before := l.position
	if err := l.read(ctx); err != nil {
		return err
	}
	errs := []error{}
	for _, a := range slices.Sorted(maps.Keys(l.trees)) {
		t := l.trees[a]
		if t.err == nil {
			if err := l.finish(ctx, t); err != nil {
				t.failed(err)
			}
		}
		errs = append(errs, t.problem())
	}
	if err := errors.Join(errs...); err != nil || l.position == before {
		return err // a log that stands still has to read again from where it was
	}
	return l.saveSequenced()
}

// failed tells the errors that may pass, as of a full disk or a lost lock, from
// those that need a hand.
func (t *tree) failed(err error) {
	switch {
	case errors.Is(err, ErrShort):
		t.short = err
	case errors.Is(err, ErrForked), errors.Is(err, ErrDamaged):
		t.stall(err)
	default:
		t.l.leads = false // so that the lock is read again: its answer may have been lost
		t.short = fmt.Errorf("the log of %s: %w", t.log.Agency, err)
	}
}

// reload takes note of what the lock has by now.
func (l *Ledger) reload(ctx context.Context) error {
	notes, err := l.o.Lock.Load(ctx)
	if err != nil {
		return err
	}
	for agency, note := range notes {
		t := l.trees[agency]
		switch {
		case t == nil:
			if t = l.begin(ctx, agency, note); t.must != nil && t.must.Position <= l.position {
				l.position = 0 // its commits were passed by
			}
		case t.err == nil && string(t.held) != string(note):
			err := t.heed(note)
			if err == nil {
				err = t.agree()
			}
			if err != nil {
				t.failed(err)
			}
		}
	}
	return nil
}

// begin opens the tree of an agency that comes up after the start.
func (l *Ledger) begin(ctx context.Context, agency string, note []byte) *tree {
	t := l.newTree(ctx, agency, note)
	if t.err == nil {
		if err := t.emptyMap(ctx); err != nil {
			t.stall(fmt.Errorf("map.db: %w", err))
		}
	}
	return t
}

// agree compares the lock's checkpoint with a tree that is as far already.
func (t *tree) agree() error {
	m := t.must
	if m == nil || m.Size > t.edge.size {
		return nil
	}
	if err := t.settle(); err != nil {
		return err
	}
	root, err := tlog.TreeHash(m.Size, t.log.tiles.reader(t.edge.size, t.edge.root()))
	if err != nil {
		return damaged(err)
	}
	if root != m.Root {
		return &ForkError{t.log.Agency, m.Size, t.edge.size, "another instance signed another history"}
	}
	if m.Size < t.log.Size() {
		return &ForkError{t.log.Agency, t.log.Size(), m.Size, "the lock was set back"}
	}
	t.must, t.agreed = nil, m
	return nil
}

// read queues the commits that are new: all that are synced, or where another
// instance leads those that it has signed.
func (l *Ledger) read(ctx context.Context) error {
	head, err := l.o.Store.Head(ctx)
	if err != nil {
		return err
	}
	until := head
	if !l.leads {
		until = 0
		for _, t := range l.trees {
			if t.must != nil {
				until = max(until, t.must.Position)
			}
		}
	}
	if err := l.tails(ctx, head); err != nil || until <= l.position {
		return err
	}
	err = l.o.Store.ReadAll(ctx, l.position, func(c *eventstore.Commit) error {
		if c.Position > until {
			return errStop
		}
		if err := l.take(ctx, c); err != nil {
			return err
		}
		l.position = c.Position
		l.readTo.Store(c.Position)
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return err
}

// take queues one commit.
func (l *Ledger) take(ctx context.Context, c *eventstore.Commit) error {
	t := l.trees[c.Envelope.Agency]
	if t == nil {
		if !domain.ValidAgency(c.Envelope.Agency) { // its name is that of a folder
			return fmt.Errorf("%w: the commit at position %d names no agency", eventstore.ErrDamaged, c.Position)
		}
		t = l.begin(ctx, c.Envelope.Agency, nil)
	}
	if t.err != nil || c.Position <= t.seen {
		return nil
	}
	if l.o.Coded && !l.key.Wrote(c.Clear) {
		t.stall(&ForeignError{c.Envelope.Agency, c.Position})
		return nil
	}
	e, err := entryOf(c)
	if err != nil {
		t.stall(err)
		return nil
	}
	t.seen = c.Position
	t.queue = append(t.queue, e)
	if len(t.queue) < drainAt {
		return nil
	}
	if err := t.drain(ctx, l.limit(t)); err != nil {
		if t.failed(err); t.err == nil {
			return err // the next round goes on here
		}
	}
	return ctx.Err()
}

// limit is how far a tree may grow: one that does not lead goes as far as was signed.
func (l *Ledger) limit(t *tree) int64 {
	switch {
	case l.leads:
		return -1
	case t.must != nil:
		return t.must.Size
	}
	return t.edge.size
}

// finish brings one agency's checkpoint up to its tree.
func (l *Ledger) finish(ctx context.Context, t *tree) error {
	if err := t.drain(ctx, l.limit(t)); err != nil {
		return err
	}
	if m := t.must; m != nil {
		return shortError{&ForkError{t.log.Agency, m.Size, t.edge.size + int64(len(t.queue)), "the stream has fewer commits than were signed"}}
	}
	t.short = nil
	if t.edge.size == t.log.Size() {
		return nil
	}
	if err := t.settle(); err != nil {
		return err
	}
	if l.leads && (t.agreed == nil || t.edge.size > t.agreed.Size) {
		t.agreed = nil
		return t.sign(ctx)
	}
	return t.adopt()
}

// tails compares, once after a start, the stream's commit at each log's newest
// leaf with that leaf: a stream that was cut and has grown again gives its
// positions out twice, and would otherwise pass for one that just went on.
func (l *Ledger) tails(ctx context.Context, head uint64) error {
	for _, t := range l.trees {
		if t.tailOK || t.err != nil {
			continue
		}
		h, err := t.log.tiles.reader(t.edge.size, t.edge.root()).ReadHashes([]int64{tlog.StoredHashIndex(0, t.edge.size-1)})
		if err != nil {
			t.stall(damaged(err))
			continue
		}
		c, err := l.o.Store.At(ctx, t.last.position)
		switch {
		case errors.Is(err, eventstore.ErrNotFound), errors.Is(err, eventstore.ErrDamaged):
		case err != nil:
			return err
		}
		if err != nil || c.Envelope.Agency != t.log.Agency || tlog.Hash(eventstore.LeafHash(c.Clear)) != h[0] {
			n, err := t.log.positions.before(t.edge.size, head+1)
			if err != nil {
				t.stall(err)
				continue
			}
			t.stall(&ForkError{t.log.Agency, t.edge.size, min(n, t.edge.size-1), fmt.Sprintf("the commit at position %d is not the one that was signed", t.last.position)})
			continue
		}
		t.tailOK = true
	}
	return nil
}

// followMaps brings the maps, which are saved less often than the logs are
// signed, up to their logs, in one reading of the stream.
func (l *Ledger) followMaps(ctx context.Context) error {
	if err := l.openMaps(ctx); err != nil {
		return err
	}
	behind := map[string]*tree{}
	from := uint64(0)
	for a, t := range l.trees {
		if t.err != nil || t.naming.next() >= t.edge.size {
			continue
		}
		p, err := t.log.positions.at(t.naming.next())
		if err != nil {
			t.stall(err)
			continue
		}
		if len(behind) == 0 || p < from {
			from = p
		}
		behind[a] = t
	}
	if len(behind) == 0 {
		return nil
	}
	err := l.o.Store.ReadAll(ctx, from-1, func(c *eventstore.Commit) error {
		t := behind[c.Envelope.Agency]
		if t == nil {
			return nil
		}
		index := t.naming.next()
		p, err := t.log.positions.at(index)
		switch {
		case err == nil && c.Position < p:
			return nil // before the first that is lacking
		case err == nil && c.Position > p:
			err = &ForkError{t.log.Agency, t.edge.size, index, fmt.Sprintf("the commit at position %d is missing", p)}
		case err == nil:
			var e entry
			if e, err = entryOf(c); err == nil {
				err = t.follow(ctx, index, e)
			}
		}
		if err != nil {
			t.stall(err)
		}
		if err != nil || t.naming.next() >= t.edge.size {
			delete(behind, c.Envelope.Agency)
		}
		if len(behind) == 0 {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	for _, t := range behind {
		if err == nil {
			t.stall(&ForkError{t.log.Agency, t.edge.size, t.naming.next(), "the stream ends before what was signed"})
		}
	}
	return err
}

// openMaps loads the maps. Where map.db cannot be read all of them are begun anew.
func (l *Ledger) openMaps(ctx context.Context) error {
	for _, t := range l.trees {
		if t.err != nil {
			continue
		}
		err := t.openMap(ctx)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.o.Log.Warn("the maps of the ledger are damaged, and are made anew out of the stream", "error", err)
		if err := l.maps.renew(ctx); err != nil {
			return fmt.Errorf("ledger: map.db: %w", err)
		}
		for _, t := range l.trees {
			if t.err == nil {
				if err := t.emptyMap(ctx); err != nil {
					return fmt.Errorf("ledger: map.db: %w", err)
				}
			}
		}
		return nil
	}
	return nil
}
