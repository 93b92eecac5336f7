package stream

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"

	"github.com/casefile-engine/casefile/eventstore"
)

// Topic is the topic of all commits; Subscriber has no other.
const Topic = "casefile.commits"

// Metadata of a delivered commit.
const (
	MetaPosition = "position" // decimal
	MetaType     = "type"     // CloudEvents type: that of the first event
)

// Pauses before a message is given again, or the store is asked again.
const (
	pauseFirst = 5 * time.Millisecond
	pauseMost  = time.Second
)

// ErrClosed: the subscriber was closed.
var ErrClosed = errors.New("stream: the subscriber is closed")

// Options of a Subscriber; the zero value is of use.
type Options struct {
	Log *slog.Logger // hears of a store that cannot be read; nil for silence
}

// Subscriber is a message.Subscriber over the synced commits of a store.
//
// A message's UUID is the commit's id, its payload the stored form. After an
// Ack the next commit comes, after a Nack the same one again, after a pause. A
// store that cannot be read is asked again, from after the last Ack, until the
// context ends or Close; nothing is ever passed over.
type Subscriber struct {
	store eventstore.Store
	from  func() uint64
	log   *slog.Logger

	life context.Context
	end  context.CancelFunc
	mu   sync.Mutex // guards the beginning of a subscription against Close
	done sync.WaitGroup
}

var _ message.Subscriber = (*Subscriber)(nil)

// NewSubscriber makes a Subscriber whose subscriptions begin after the position
// that from gives when they are made.
func NewSubscriber(store eventstore.Store, from func() uint64, o Options) *Subscriber {
	s := &Subscriber{store: store, from: from, log: o.Log}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Subscribe implements message.Subscriber. The channel is closed when ctx ends
// or the Subscriber is closed.
func (s *Subscriber) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.life, cancel)
	out := make(chan *message.Message)
	after := s.from()
	s.done.Go(func() {
		defer close(out)
		defer stop()
		defer cancel()
		s.follow(ctx, after, out)
	})
	return out, nil
}

// Close implements message.Subscriber: it ends all subscriptions and waits for them.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	s.done.Wait()
	return nil
}

// follow delivers commits until ctx ends.
func (s *Subscriber) follow(ctx context.Context, after uint64, out chan<- *message.Message) {
	pause := pauseFirst
	for {
		err := s.store.Subscribe(ctx, after, func(c *eventstore.Commit) error {
			if err := deliver(ctx, c, out); err != nil {
				return err
			}
			after, pause = c.Position, pauseFirst
			return nil
		})
		if ctx.Err() != nil {
			return
		}
		s.log.Warn("the stream cannot be followed; trying again", "after", after, "error", err)
		if sleep(ctx, pause) != nil {
			return
		}
		pause = min(2*pause, pauseMost)
	}
}

// deliver sends one commit until it is acknowledged.
func deliver(ctx context.Context, c *eventstore.Commit, out chan<- *message.Message) error {
	payload := c.Stored()
	for pause := pauseFirst; ; pause = min(2*pause, pauseMost) {
		m := message.NewMessage(c.Envelope.ID, payload)
		m.Metadata = message.Metadata{MetaPosition: strconv.FormatUint(c.Position, 10), MetaType: c.Envelope.Type}
		mctx, cancel := context.WithCancel(context.WithValue(ctx, commitKey{}, c))
		m.SetContext(mctx)
		acked, err := send(ctx, m, out)
		cancel()
		if acked || err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

// send hands a message over and waits for its answer.
func send(ctx context.Context, m *message.Message, out chan<- *message.Message) (acked bool, err error) {
	select {
	case out <- m:
	case <-ctx.Done():
		return false, ctx.Err()
	}
	select {
	case <-m.Acked():
		return true, nil
	case <-m.Nacked():
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

type commitKey struct{}

// CommitOf gives the commit that a message carries: the decoded one where the
// message comes from a Subscriber of this process, else decoded from payload
// and metadata. Errors wrap eventstore.ErrDamaged.
func CommitOf(m *message.Message) (*eventstore.Commit, error) {
	if c, ok := m.Context().Value(commitKey{}).(*eventstore.Commit); ok {
		return c, nil
	}
	c, err := eventstore.Unmarshal(m.Payload)
	if err != nil {
		return nil, err
	}
	if c.Position, err = strconv.ParseUint(m.Metadata.Get(MetaPosition), 10, 64); err != nil {
		return nil, errors.Join(eventstore.ErrDamaged, errors.New("stream: a message without a position"))
	}
	return c, nil
}
