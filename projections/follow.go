package projections

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Source gives the commits live, through Watermill.
type Source struct {
	// Subscribe gives a subscriber that delivers every synced commit whose
	// position is greater than after, in order, the next one after an Ack. The
	// runner closes it.
	Subscribe func(after uint64) (message.Subscriber, error)
	// Topic is what to subscribe to.
	Topic string
	// Commit gives the commit that a message carries, with its position.
	Commit func(*message.Message) (*eventstore.Commit, error)
}

// Follow keeps the projections up with the stream until the context ends, and
// then lets go of them. It starts at once: what is behind is brought forward
// beside the live loop and joins it without a gap.
//
// A message is acknowledged as soon as it is in the loop's queue, since the
// checkpoints, not the subscription, say what was read. Commits are written
// together: as soon as none waits any more, or after 50 ms or 500 commits.
func (r *Runner) Follow(ctx context.Context, src Source) error {
	if !r.followed.CompareAndSwap(false, true) {
		return errors.New("projections: the runner follows the stream already")
	}
	defer r.followed.Store(false)
	r.work.Lock() // a catch-up that is under way ends first
	r.leaveLive()
	r.work.Unlock()
	head, err := r.store.Head(ctx)
	if err != nil {
		return err
	}
	r.accepted.Store(head)

	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	running.Go(func() { r.loop(ctx) })
	running.Go(func() { r.mend(ctx) })
	running.Go(func() { r.renew(ctx) })
	r.route(ctx, src)
	cancel()
	running.Wait()

	last, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	return r.Close(last)
}

// route runs Watermill's router over the subscription, and again after a pause
// when it ends although nobody told it to.
func (r *Runner) route(ctx context.Context, src Source) {
	for ctx.Err() == nil {
		if err := r.routeOnce(ctx, src); err != nil && ctx.Err() == nil {
			r.log.Warn("the live subscription ended; it is taken up again where it stopped", "kind", errorKind(err))
		}
		select {
		case <-ctx.Done():
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func (r *Runner) routeOnce(ctx context.Context, src Source) error {
	// Watermill tells of each start and stop; that is for debugging here.
	log := watermill.NewSlogLoggerWithLevelMapping(r.log, map[slog.Level]slog.Level{slog.LevelInfo: slog.LevelDebug})
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: 5 * time.Second}, log)
	if err != nil {
		return err
	}
	sub, err := src.Subscribe(r.accepted.Load())
	if err != nil {
		return err
	}
	router.AddMiddleware(middleware.Recoverer)
	router.AddConsumerHandler("projections", src.Topic, sub, func(m *message.Message) error { return r.receive(ctx, src, m) })
	return errors.Join(router.Run(ctx), sub.Close())
}

// receive decodes a message and hands it to the loop. Messages come one after
// the other, since the next is delivered after this one's acknowledgement.
func (r *Runner) receive(ctx context.Context, src Source, m *message.Message) error {
	c, err := src.Commit(m)
	if err != nil {
		r.log.Error("a live message is no commit; it is asked for again", "message", m.UUID, "code", codeOf(err))
		select { // no busy loop
		case <-ctx.Done():
		case <-time.After(firstRetry):
		}
		return err
	}
	if c.Position <= r.accepted.Load() {
		return nil // delivered again
	}
	it := &item{Delivery: Delivery{Commit: c}}
	r.decodeItem(it, r.wanted)
	select {
	case r.queue <- it:
		r.accepted.Store(c.Position)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// loop folds what comes live into the following lanes and flushes them.
func (r *Runner) loop(ctx context.Context) {
	idle := time.NewTimer(time.Hour)
	defer idle.Stop()
	n, began, flushed := 0, time.Time{}, time.Time{}
	for {
		it, more := r.next(ctx, n > 0, flushed, idle)
		if it != nil {
			if n == 0 {
				began = time.Now()
			}
			n++
			pending, err := r.deliver(ctx, it)
			if err != nil {
				more = false
			} else if pending < liveBytes && n < liveCommits && time.Since(began) < liveWait {
				continue
			}
		}
		if n > 0 {
			n = 0
			r.flushLive(ctx)
			flushed = time.Now()
		}
		if !more {
			return
		}
	}
}

// next gives the next commit, or nil when it is time to flush: nothing waits in
// the queue, and somebody wants what is folded or nothing came for a moment.
// Those who want something right after a flush share the next one: under load
// somebody always does, and a flush costs much more than its rows. more is false
// when the context has ended. With nothing folded there is nothing to flush.
func (r *Runner) next(ctx context.Context, folded bool, flushed time.Time, idle *time.Timer) (it *item, more bool) {
	for {
		select {
		case it := <-r.queue:
			return it, true
		default:
		}
		var quiet <-chan time.Time
		if folded {
			wait := liveIdle
			if r.waiters.Load() > 0 {
				wait = liveShare - time.Since(flushed)
			}
			if wait <= 0 {
				return nil, true
			}
			idle.Reset(wait)
			quiet = idle.C
		}
		select {
		case it := <-r.queue:
			return it, true
		case <-quiet:
			return nil, true
		case <-r.nudge: // somebody waits now; look again for how long
		case <-ctx.Done():
			return nil, false
		}
	}
}

// deliver folds one commit into the following lanes and gives about how many
// bytes wait to be flushed. Its error is the context's: some lanes then lack the
// commit, and must be given no later one.
func (r *Runner) deliver(ctx context.Context, it *item) (pending int64, err error) {
	r.drive.Lock()
	defer r.drive.Unlock()
	for _, l := range r.lanes {
		if !l.is(following) {
			continue
		}
		if err := l.live.fold(ctx, it); err != nil {
			if err := r.fault(ctx, l, following, it, err); err != nil {
				return 0, err
			}
			continue
		}
		pending += l.live.w.Pending()
	}
	return pending, nil
}

func (r *Runner) flushLive(ctx context.Context) {
	if ctx.Err() != nil {
		// The last flush, so that a clean stop leaves nothing to be read again.
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		ctx = last
	}
	r.drive.Lock()
	defer r.drive.Unlock()
	// Its only error is the context's, and then the loop ends by itself.
	_ = r.flush(ctx, r.lanes, following, readdb.Running)
}

// mend brings forward, every second and when asked to, what is not following:
// at the start everything, later what stalled, what a full batch was refused
// of, and what another instance left behind.
func (r *Runner) mend(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		r.work.Lock()
		err := r.bring(ctx, r.lanes, false, nil)
		r.work.Unlock()
		if err != nil && ctx.Err() == nil {
			r.log.Warn("the projections cannot be brought forward; trying again", "kind", errorKind(err))
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-r.kick:
		}
	}
}

// renew keeps the leases while nothing is written.
func (r *Runner) renew(ctx context.Context) {
	if !r.db.Shared() {
		return
	}
	tick := time.NewTicker(readdb.Lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := r.db.Renew(ctx, r.owner); err != nil && ctx.Err() == nil {
				r.log.Warn("the leases of the projections cannot be renewed; another instance may take them over", "kind", errorKind(err))
			}
		}
	}
}
