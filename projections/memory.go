package projections

import (
	"context"
	"errors"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// FoldInMemory builds one projection from chosen commits into a temporary
// database in memory, on which the projection's queries run as on the live one:
// the views as of an earlier time are the fold of what had occurred, or was
// recorded, by then. feed calls its argument with the commits in stream order
// and passes on its error. The caller closes the database.
//
// An Apply error is passed on: there is no stalled state here.
func FoldInMemory(ctx context.Context, decode Decode, p Projection, feed func(each func(*eventstore.Commit) error) error) (*readdb.DB, error) {
	db, err := readdb.OpenMemory(ctx)
	if err != nil {
		return nil, err
	}
	if err := foldInto(ctx, db, decode, p, feed); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// FoldInMemory is the function of that name with the runner's decoding.
func (r *Runner) FoldInMemory(ctx context.Context, p Projection, feed func(each func(*eventstore.Commit) error) error) (*readdb.DB, error) {
	return FoldInMemory(ctx, r.decode, p, feed)
}

func foldInto(ctx context.Context, db *readdb.DB, decode Decode, p Projection, feed func(each func(*eventstore.Commit) error) error) error {
	const owner = "memory"
	if _, _, err := db.Claim(ctx, p.Name(), owner, true); err != nil {
		return err
	}
	w, err := db.NewGeneration(ctx, p.Name(), owner, p.Tables())
	if err != nil {
		return err
	}
	defer w.Wait()
	r := &Runner{decode: decode}
	t := newTarget(p, w)
	err = feed(func(c *eventstore.Commit) error {
		it := item{Delivery: Delivery{Commit: c}}
		r.decodeItem(&it, t.reader)
		if err := t.fold(ctx, &it); err != nil {
			return err
		}
		if w.Pending() < batchBytes {
			return nil
		}
		return w.Stream(ctx)
	})
	if err != nil {
		return err
	}
	if err := w.Finish(ctx); err != nil {
		return err
	}
	return db.Switch(ctx, readdb.Switch{Writer: w, Owner: owner, Version: p.Version(), Position: t.folded, Leaf: t.leaf(), State: readdb.Running})
}
