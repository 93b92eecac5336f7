package projections

import (
	"context"
	"errors"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// buildFrom is the head from which an empty projection is loaded as a rebuild
// (fold in memory, write once, index last) instead of followed from the start.
const buildFrom = 5000

// CatchUp brings all projections to the stream's head at the time of the call,
// loading those anew that have to be. While Follow runs it only waits. What
// another instance follows is waited for, and taken over when that one is dead.
// A stalled projection is an error with code "projection_stalled" once the
// others are there. progress may be nil; done and head are positions.
func (r *Runner) CatchUp(ctx context.Context, progress func(done, head uint64)) error {
	head, err := r.store.Head(ctx)
	if err != nil {
		return err
	}
	if r.followed.Load() {
		return r.WaitFor(ctx, head)
	}
	r.work.Lock()
	defer r.work.Unlock()
	r.leaveLive()
	for {
		if err := r.bring(ctx, r.lanes, true, progress); err != nil {
			return err
		}
		if err := r.stalledLane(); err != nil {
			return err
		}
		if r.othersAt(ctx, head) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// leaveLive makes the following lanes behind, when the live loop does not run.
func (r *Runner) leaveLive() {
	r.drive.Lock()
	defer r.drive.Unlock()
	for _, l := range r.lanes {
		if l.is(following) {
			l.to(behind)
		}
	}
}

func (r *Runner) stalledLane() error {
	r.info.Lock()
	defer r.info.Unlock()
	for _, l := range r.lanes {
		if l.is(stalled) {
			return stalledError(l.Name(), l.published.code)
		}
	}
	return nil
}

// othersAt tells whether what other runners follow has reached a position, and
// they were seen to live: what a dead one left behind is ours to take over.
func (r *Runner) othersAt(ctx context.Context, position uint64) bool {
	r.refresh(ctx)
	r.info.Lock()
	defer r.info.Unlock()
	for _, l := range r.lanes {
		if p := &l.published; !p.owned && (p.position < position || !p.alive) {
			return false
		}
	}
	return true
}

// bring brings lanes forward until each is following, stalled or another
// runner's. now makes stalled ones try at once. The caller holds work.
func (r *Runner) bring(ctx context.Context, lanes []*lane, now bool, progress func(done, head uint64)) error {
	for {
		for _, l := range lanes {
			due := l.is(stalled) && (now || time.Now().After(l.retry))
			if l.is(standby) || due || l.is(behind) && l.live == nil {
				if err := r.load(ctx, l); err != nil {
					return err
				}
			}
		}
		now = false
		head, err := r.store.Head(ctx)
		if err != nil {
			return err
		}
		var build, pass []*lane
		for _, l := range lanes {
			if !l.is(behind) || l.live == nil {
				continue
			}
			if l.rebuild == "" && l.live.folded == 0 && head >= buildFrom {
				l.rebuild = "it starts from nothing"
			}
			if l.rebuild != "" {
				build = append(build, l)
			} else {
				pass = append(pass, l)
			}
		}
		if len(build) > 0 {
			if err := r.buildNeeded(ctx, build, progress); err != nil {
				return err
			}
		}
		if len(pass) == 0 {
			return nil
		}
		if err := r.passTo(ctx, pass, head, progress); err != nil {
			return err
		}
	}
}

// passTo lets lanes catch up, and then lets them join the live loop: the last
// gap is closed while that stands still, so no commit falls between the two.
func (r *Runner) passTo(ctx context.Context, lanes []*lane, head uint64, progress func(done, head uint64)) error {
	report := r.reporter(lanes, lowest(lanes), head, func(p *published) *measure { return &p.catchUp }, progress)
	defer r.publishAll(lanes, func(p *published) { p.catchUp = measure{} })
	for range 5 {
		before := lowest(lanes)
		if err := r.pass(ctx, lanes, report); err != nil {
			return err
		}
		if lowest(lanes)-before < batchCommits {
			break
		}
	}
	r.drive.Lock()
	defer r.drive.Unlock()
	if err := r.pass(ctx, lanes, report); err != nil {
		return err
	}
	for _, l := range lanes {
		if !l.is(behind) || l.live == nil {
			continue
		}
		err := r.db.SetState(ctx, l.Name(), r.owner, readdb.Running, "", 0)
		switch {
		case errors.Is(err, readdb.ErrFenced):
			r.lose(l)
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.stall(ctx, l, "database_unavailable", 0, err)
		default:
			r.join(l)
		}
	}
	return nil
}

// join lets a lane follow; the caller holds drive.
func (r *Runner) join(l *lane) {
	l.careful, l.failures, l.rebuild = false, 0, ""
	l.to(following)
	r.publish(l, func(p *published) {
		p.state, p.code, p.errorAt, p.position = readdb.Running, "", 0, l.live.durable
	})
}

func lowest(lanes []*lane) uint64 {
	low, any := uint64(0), false
	for _, l := range lanes {
		if t := l.live; t != nil && (!any || t.folded < low) {
			low, any = t.folded, true
		}
	}
	return low
}

// pass folds what the stream has now into the lanes that are behind.
func (r *Runner) pass(ctx context.Context, lanes []*lane, report func(uint64)) error {
	var targets []*target
	for _, l := range lanes {
		if l.is(behind) && l.live != nil {
			targets = append(targets, l.live)
		}
	}
	if len(targets) == 0 {
		return nil
	}
	n := 0
	err := r.feed(ctx, lowest(lanes), wantedBy(targets), func(it *item) error {
		active := false
		var pending int64
		for _, l := range lanes {
			if !l.is(behind) || l.live == nil {
				continue
			}
			if err := r.foldLane(ctx, l, it); err != nil {
				return err
			}
			if l.live != nil {
				active = true
				pending += l.live.w.Pending()
			}
		}
		if !active {
			return errEnough
		}
		if n++; n >= batchCommits || pending > batchBytes {
			n = 0
			report(it.Commit.Position)
			return r.flush(ctx, lanes, behind, readdb.CatchingUp)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.flush(ctx, lanes, behind, readdb.CatchingUp); err != nil {
		return err
	}
	report(lowest(lanes))
	return nil
}

// foldLane folds one commit into a lane that is behind.
func (r *Runner) foldLane(ctx context.Context, l *lane, it *item) error {
	if err := l.live.fold(ctx, it); err != nil {
		return r.fault(ctx, l, behind, it, err)
	}
	if l.careful {
		return r.flush(ctx, []*lane{l}, behind, readdb.CatchingUp)
	}
	return nil
}

// reporter gives the function that tells of progress: in the status of the
// lanes always, to the caller ten times a second.
func (r *Runner) reporter(lanes []*lane, from, head uint64, which func(*published) *measure, progress func(done, head uint64)) func(uint64) {
	began, last := r.clock.Now(), time.Time{}
	first := true
	return func(done uint64) {
		head = max(head, done)
		r.info.Lock()
		for _, l := range lanes {
			m := which(&l.published)
			if first {
				m.began, m.from = began, from
			}
			m.done, m.head = done, head
		}
		r.info.Unlock()
		first = false
		if progress != nil && (done >= head || time.Since(last) > 100*time.Millisecond) {
			last = time.Now()
			progress(done, head)
		}
	}
}

func (r *Runner) publishAll(lanes []*lane, f func(*published)) {
	for _, l := range lanes {
		r.publish(l, f)
	}
}
