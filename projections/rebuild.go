package projections

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Rebuild builds the named projections (all when none is named) anew beside the
// live ones, which readers see and which go on meanwhile, and switches each
// over in one transaction. One that stops on an error is left as it was; the error says
// where. Only the instance that follows a projection can rebuild it.
//
// On SQLite, which has one writer, live writing waits for seconds while a large
// table gets its indexes.
func (r *Runner) Rebuild(ctx context.Context, names []string, progress func(done, head uint64)) error {
	lanes, err := r.named(names)
	if err != nil {
		return err
	}
	r.work.Lock()
	defer r.work.Unlock()
	if err := r.own(ctx, lanes); err != nil {
		return err
	}
	targets, err := r.build(ctx, lanes, progress)
	if err == nil {
		err = firstFailure(targets)
	}
	if err == nil {
		err = r.show(ctx, lanes, targets)
	}
	return errors.Join(err, r.dropOthers(ctx, lanes))
}

// own makes sure that this runner has the lanes.
func (r *Runner) own(ctx context.Context, lanes []*lane) error {
	for _, l := range lanes {
		if l.is(standby) {
			if err := r.load(ctx, l); err != nil {
				return err
			}
		}
		if l.is(standby) {
			return &domain.Error{Kind: domain.KindConflict, Code: "followed_elsewhere", Rule: "C-2.1.4d",
				Message: "another instance follows the view " + l.Name() + "; run this on that one"}
		}
	}
	return nil
}

// buildNeeded builds what cannot be carried on. One that stops on an error is
// shown as far as it came, and is stalled there.
func (r *Runner) buildNeeded(ctx context.Context, lanes []*lane, progress func(done, head uint64)) error {
	for _, l := range lanes {
		r.log.Info("a projection is built anew", "projection", l.Name(), "because", l.rebuild)
		if err := r.db.SetState(ctx, l.Name(), r.owner, readdb.Rebuilding, "", 0); err != nil && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	targets, err := r.build(ctx, lanes, progress)
	if err == nil {
		err = r.show(ctx, lanes, targets)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var broken *readError
	if errors.As(err, &broken) {
		return err
	}
	if err != nil {
		code := codeOf(err)
		if !readdb.Refused(err) {
			code = "rebuild_failed"
		}
		for _, l := range lanes {
			if errors.Is(err, readdb.ErrFenced) {
				r.lose(l)
			} else {
				r.stall(ctx, l, code, 0, err)
			}
		}
		return nil
	}
	return r.dropOthers(ctx, lanes)
}

// build makes a new generation of each lane and brings it close to the head.
func (r *Runner) build(ctx context.Context, lanes []*lane, progress func(done, head uint64)) ([]*target, error) {
	head, err := r.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	var targets []*target
	for _, l := range lanes {
		w, err := r.db.NewGeneration(ctx, l.Name(), r.owner, l.tables)
		if err != nil {
			return nil, err
		}
		targets = append(targets, newTarget(l.Projection, w))
	}
	defer func() { // nothing is written any more when it is dropped
		for _, t := range targets {
			t.w.Wait()
		}
	}()
	report := r.reporter(lanes, 0, head, func(p *published) *measure { return &p.build }, progress)
	defer r.publishAll(lanes, func(p *published) { p.build = measure{} })
	report(0)
	if err := r.feedTargets(ctx, targets, report); err != nil {
		return nil, err
	}
	// Side by side: PostgreSQL makes the indexes of two tables at once.
	var finish errgroup.Group
	finish.SetLimit(2)
	for _, t := range targets {
		finish.Go(func() error { return t.w.Finish(ctx) })
	}
	if err := finish.Wait(); err != nil {
		return nil, err
	}
	// What came in meanwhile, until little is left for show, which holds up the
	// live loop.
	for range 10 {
		before := lowestTarget(targets)
		if err := r.feedTargets(ctx, targets, report); err != nil {
			return nil, err
		}
		if lowestTarget(targets)-before < liveCommits {
			break
		}
	}
	return targets, nil
}

// feedTargets folds what the stream has now into generations being built.
func (r *Runner) feedTargets(ctx context.Context, targets []*target, report func(uint64)) error {
	n := 0
	write := func() error {
		n = 0
		for _, t := range targets {
			if err := t.w.Stream(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	err := r.feed(ctx, lowestTarget(targets), wantedBy(targets), func(it *item) error {
		active := false
		var pending int64
		for _, t := range targets {
			if t.failed != nil || t.until != 0 && it.Commit.Position > t.until {
				continue
			}
			active = true
			if err := t.fold(ctx, it); err != nil {
				if ctx.Err() != nil {
					return ctx.Err()
				}
				t.failed, t.failedAt = err, it.Commit.Position
			}
			pending += t.w.Pending()
		}
		if !active {
			return errEnough
		}
		if n++; n >= batchCommits || pending > batchBytes {
			report(it.Commit.Position)
			return write()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := write(); err != nil {
		return err
	}
	report(lowestTarget(targets))
	return nil
}

// lowestTarget is the position after which some target has to read.
func lowestTarget(targets []*target) uint64 {
	low, any := uint64(0), false
	for _, t := range targets {
		if t.failed == nil && (!any || t.folded < low) {
			low, any = t.folded, true
		}
	}
	return low
}

// show closes the last gap while the live loop stands still, and switches the
// readers to the new generations, one projection after the other.
func (r *Runner) show(ctx context.Context, lanes []*lane, targets []*target) error {
	r.drive.Lock()
	defer r.drive.Unlock()
	if err := r.feedTargets(ctx, targets, func(uint64) {}); err != nil {
		return err
	}
	points, err := r.db.Checkpoints(ctx)
	if err != nil {
		return err
	}
	for i, l := range lanes {
		if err := r.showOne(ctx, l, targets[i], points[l.Name()].Generation); err != nil {
			return err
		}
	}
	return nil
}

func (r *Runner) showOne(ctx context.Context, l *lane, t *target, from int64) error {
	state := readdb.Running
	if t.failed != nil {
		state = readdb.Stalled
	}
	err := r.db.Switch(ctx, readdb.Switch{Writer: t.w, Owner: r.owner, Version: l.Version(), From: from, Position: t.folded, Leaf: t.leaf(), State: state})
	if err != nil {
		return err
	}
	t.durable = t.folded
	l.live = t
	now := r.clock.Now()
	r.publish(l, func(p *published) {
		p.version, p.generation, p.position, p.updated = l.Version(), t.w.Generation(), t.durable, now
	})
	if t.failed != nil {
		l.rebuild = ""
		r.stall(ctx, l, codeOf(t.failed), t.failedAt, t.failed)
		return nil
	}
	r.join(l)
	return nil
}

// firstFailure says at which commit a rebuild stopped.
func firstFailure(targets []*target) error {
	i := slices.IndexFunc(targets, func(t *target) bool { return t.failed != nil })
	if i < 0 {
		return nil
	}
	t := targets[i]
	return &domain.Error{Kind: domain.KindInternal, Code: "rebuild_stopped", Rule: "C-2.1.4d", Cause: t.failed,
		Message: fmt.Sprintf("the view %s cannot be rebuilt: it stopped at position %d (%s); the one in use is left as it was", t.Name(), t.failedAt, codeOf(t.failed))}
}

func (r *Runner) dropOthers(ctx context.Context, lanes []*lane) error {
	for _, l := range lanes {
		if l.is(standby) {
			continue
		}
		if err := r.db.DropOthers(ctx, l.Name()); err != nil {
			return err
		}
	}
	return nil
}
