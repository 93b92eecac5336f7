package ledger

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"

	domainledger "github.com/casefile-engine/casefile/domain/ledger"
)

// ErrNotLeading: another instance sequences; it anchors by itself each minute
// while there is traffic.
var ErrNotLeading = errors.New("ledger: another instance writes the ledger; ask it, or wait for its next anchor")

// Anchor brings a checkpoint over all that is synced by now, and appends an event
// ledger.anchored with the roots of log and map as they are then. It returns when
// a checkpoint covers that event too. Where nothing has happened since the newest
// anchor but anchors, it gives that one: an agency at rest stays at rest.
//
// Errors: those of Checkpoint, ErrNotLeading, ErrRange for an agency without a
// log, or what kept the event from being stored.
func (l *Ledger) Anchor(ctx context.Context, agency string) (Anchored, error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	if err := l.step(ctx); err != nil {
		return Anchored{}, err
	}
	t := l.trees[agency]
	switch {
	case !l.leads || l.o.Append == nil:
		return Anchored{}, ErrNotLeading
	case t == nil || t.edge.size == 0:
		return Anchored{}, fmt.Errorf("%w: that agency has no commits", ErrRange)
	case !t.news():
		return t.log.anchors[len(t.log.anchors)-1], nil
	}
	size := t.edge.size
	if err := l.anchor(ctx, t); err != nil {
		return Anchored{}, err
	}
	if err := l.step(ctx); err != nil {
		return Anchored{}, err
	}
	a, ok := t.log.AnchorOf(size)
	if !ok {
		return a, fmt.Errorf("ledger: the anchor of %s at size %d is not on the stream", agency, size)
	}
	return a, nil
}

// anchor appends the anchor of the tree as it was just signed.
func (l *Ledger) anchor(ctx context.Context, t *tree) error {
	c := t.log.LatestCheckpoint()
	if err := t.naming.save(ctx, c.Size); err != nil {
		return err
	}
	mapRoot := t.naming.tree.Root()
	_, err := l.o.Append(ctx, t.log.Agency, &domainledger.Anchored{
		Size: c.Size, Root: hex.EncodeToString(c.Root[:]), MapRoot: hex.EncodeToString(mapRoot[:]),
	})
	if err != nil {
		return fmt.Errorf("ledger: the anchor of %s: %w", t.log.Agency, err)
	}
	t.anchored = l.o.Clock.Now()
	return nil
}

// news tells whether the log has a leaf that no anchor covers and that is no
// anchor itself.
func (t *tree) news() bool {
	list := t.log.anchors // of this goroutine's own writing
	covered := int64(0)
	if len(list) > 0 {
		covered = list[len(list)-1].Size
	}
	open := t.edge.size - covered
	for i := len(list) - 1; i >= 0 && list[i].Leaf >= covered; i-- {
		open--
	}
	return open > 0
}

// anchorDue anchors the logs that have had none for a while.
func (l *Ledger) anchorDue(ctx context.Context) error {
	if !l.leads || l.o.Append == nil {
		return nil
	}
	var errs []error
	for _, a := range slices.Sorted(maps.Keys(l.trees)) {
		t := l.trees[a]
		now := l.o.Clock.Now()
		if t.anchored.Before(l.since) {
			t.anchored = l.since
		}
		if t.problem() == nil && t.edge.size == t.log.Size() && now.Sub(t.anchored) >= l.o.AnchorEvery && t.news() {
			errs = append(errs, l.anchor(ctx, t))
		}
	}
	return errors.Join(errs...)
}
