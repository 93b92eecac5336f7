package jetstream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	js "github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// Limits of reading the stream.
const (
	pullMessages = 4096     // messages asked for at once
	pullBytes    = 16 << 20 // bytes asked for at once; two of the largest commits
	batchMost    = 128      // messages decoded by one goroutine in one go
	// stallAfter is how long the next commit may be missing before it is looked
	// for by itself: a consumer does not say that a message cannot be read.
	stallAfter = 3 * time.Second
	// consumerIdle is how long the server keeps a consumer that nobody pulls
	// from, should its end not have reached it.
	consumerIdle = 30 * time.Second
)

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	head, err := s.Head(ctx)
	if err != nil || head <= after {
		return err
	}
	return s.follow(ctx, after, head, f)
}

// Subscribe implements eventstore.Store.
func (s *Store) Subscribe(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	return s.follow(ctx, after, math.MaxUint64, f)
}

// rawBatch is a run of messages on its way through the decoders.
type rawBatch struct {
	msgs    []js.Msg
	commits []*eventstore.Commit
	err     error // of the commit after the last of commits
	done    chan struct{}
}

// follow gives f the commits after..until.
//
// Damage that it comes upon makes the store read-only: what else is missing is
// not known.
func (s *Store) follow(ctx context.Context, after, until uint64, f func(*eventstore.Commit) error) error {
	way := s.run
	if s.recent != nil {
		way = s.followSole
	}
	var own error // of f, which may wrap ErrDamaged for reasons of its own
	err := way(ctx, after, until, func(c *eventstore.Commit) error {
		own = f(c)
		return own
	})
	if own == nil && errors.Is(err, eventstore.ErrDamaged) {
		s.o.Log.Error("the stream is damaged; the store is read-only", "error", err)
		s.SetReadOnly(&domain.Error{Kind: domain.KindUnavailable, Code: "damaged_stream", Rule: "C-2.1.4d", Cause: err,
			Message: "a commit of the stream is missing, cannot be read or was put there by another program; nothing is written any more; see docs/operations.md, \"What an alarm means\""})
	}
	return err
}

// run gives f the commits after..until from the server: one goroutine takes
// messages from an ordered consumer, a few decode them, and the caller's takes
// them in order.
func (s *Store) run(ctx context.Context, after, until uint64, f func(*eventstore.Commit) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(s.life, func() { cancel(errClosed) })
	defer stop()

	consumer, err := s.stream.OrderedConsumer(ctx, js.OrderedConsumerConfig{
		DeliverPolicy: js.DeliverByStartSequencePolicy, OptStartSeq: after + 1, InactiveThreshold: consumerIdle,
	})
	if err != nil {
		return s.readErr(ctx, err)
	}
	it, err := consumer.Messages(js.PullMaxMessagesWithBytesLimit(pullMessages, pullBytes))
	if err != nil {
		return s.readErr(ctx, err)
	}
	defer func() {
		it.Stop()
		if info := consumer.CachedInfo(); info != nil {
			dctx, done := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer done()
			_ = s.stream.DeleteConsumer(dctx, info.Name) // else it ends by consumerIdle
		}
	}()
	context.AfterFunc(ctx, it.Stop)

	var at atomic.Uint64
	at.Store(after)
	go s.watch(ctx, cancel, &at, until)

	raw := make(chan js.Msg, pullMessages)
	go take(ctx, cancel, it, raw)
	order := s.startDecoders(ctx, raw)
	for {
		select {
		case b := <-order:
			select {
			case <-b.done:
			case <-ctx.Done():
				return s.readErr(ctx, ctx.Err())
			}
			if done, err := s.deliver(ctx, b, &at, until, f); done || err != nil {
				return err
			}
		case <-ctx.Done():
			return s.readErr(ctx, ctx.Err())
		}
	}
}

// readErr gives the cause for which a reading ended.
func (s *Store) readErr(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
}

// take moves messages from the consumer to raw until ctx ends.
func take(ctx context.Context, cancel context.CancelCauseFunc, it js.MessagesContext, raw chan<- js.Msg) {
	for {
		m, err := it.Next()
		if errors.Is(err, js.ErrNoHeartbeat) {
			continue // the ordered consumer makes a new one by itself
		}
		if err != nil {
			cancel(fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err))
			return
		}
		select {
		case raw <- m:
		case <-ctx.Done():
			return
		}
	}
}

// startDecoders decodes what comes from raw, in runs of what is there at once.
// The runs come out of order in their order; each is ready when done is closed.
func (s *Store) startDecoders(ctx context.Context, raw <-chan js.Msg) <-chan *rawBatch {
	workers := min(runtime.GOMAXPROCS(0), 4)
	jobs := make(chan *rawBatch, 2*workers)
	order := make(chan *rawBatch, 2*workers)
	for range workers {
		go func() {
			for {
				select {
				case b := <-jobs:
					s.decodeAll(b)
				case <-ctx.Done():
					return
				}
			}
		}()
	}
	go func() {
		for {
			b := &rawBatch{done: make(chan struct{})}
			select {
			case m := <-raw:
				b.msgs = append(b.msgs, m)
			case <-ctx.Done():
				return
			}
			for more := true; more && len(b.msgs) < batchMost; {
				select {
				case m := <-raw:
					b.msgs = append(b.msgs, m)
				default:
					more = false
				}
			}
			for _, ch := range []chan<- *rawBatch{jobs, order} {
				select {
				case ch <- b:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return order
}

func (s *Store) decodeAll(b *rawBatch) {
	defer close(b.done)
	b.commits = make([]*eventstore.Commit, 0, len(b.msgs))
	for _, m := range b.msgs {
		pos, err := positionOf(m)
		if err != nil {
			b.err = err
			return
		}
		c, err := s.decode(pos, m.Data())
		if err != nil {
			b.err = err
			return
		}
		b.commits = append(b.commits, c)
	}
}

// positionOf reads the stream sequence from the reply subject of a delivery:
// $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<time>.<pending>,
// which in newer servers has domain and account before the stream.
func positionOf(m js.Msg) (uint64, error) {
	reply := m.Reply()
	switch strings.Count(reply, ".") {
	case 8:
		if pos, err := strconv.ParseUint(strings.Split(reply, ".")[5], 10, 64); err == nil {
			return pos, nil
		}
	}
	meta, err := m.Metadata()
	if err != nil {
		return 0, fmt.Errorf("%w: a delivery without a position", eventstore.ErrUnavailable)
	}
	return meta.Sequence.Stream, nil
}

// deliver gives a decoded run to f; done tells that until was reached.
func (s *Store) deliver(ctx context.Context, b *rawBatch, at *atomic.Uint64, until uint64, f func(*eventstore.Commit) error) (done bool, err error) {
	for _, c := range b.commits {
		last := at.Load()
		if c.Position <= last { // again, after the consumer was made anew
			continue
		}
		if c.Position > until {
			return true, s.gap(last+1, until)
		}
		if c.Position > last+1 {
			if err := s.gap(last+1, c.Position-1); err != nil {
				return false, err
			}
		}
		if sy := s.o.Syncer; sy != nil && c.Position > sy.Synced() {
			// It is stored, so it may be synced, also when nobody waits for it.
			sy.Stored(c.Position, eventstore.LeafHash(c.Clear))
			if err := sy.Wait(ctx, c.Position, false); err != nil {
				return false, s.readErr(ctx, err)
			}
		}
		s.rec.Seen(c.Envelope.Recorded)
		if err := ctx.Err(); err != nil {
			return false, s.readErr(ctx, err)
		}
		if err := f(c); err != nil {
			return false, err
		}
		at.Store(c.Position)
		if c.Position == until {
			return true, nil
		}
	}
	return false, b.err
}

// gap judges positions that hold no commit.
func (s *Store) gap(from, to uint64) error {
	if from > to || s.o.KnownGap != nil && s.o.KnownGap(from, to) {
		return nil
	}
	return fmt.Errorf("%w: positions %d to %d are missing", eventstore.ErrDamaged, from, to)
}

// watch ends a reading that does not get on although there is more: the next
// message cannot be read, which a consumer does not tell.
func (s *Store) watch(ctx context.Context, cancel context.CancelCauseFunc, at *atomic.Uint64, until uint64) {
	tick := time.NewTicker(stallAfter)
	defer tick.Stop()
	seen := at.Load()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		now := at.Load()
		if now != seen {
			seen = now
			continue
		}
		head, err := s.Head(ctx)
		if err != nil || head <= now || now >= until {
			continue
		}
		_, err = s.At(ctx, now+1)
		if errors.Is(err, eventstore.ErrNotFound) && s.gap(now+1, min(head, until)) != nil {
			cancel(fmt.Errorf("%w: position %d cannot be read", eventstore.ErrDamaged, now+1))
			return
		}
	}
}
