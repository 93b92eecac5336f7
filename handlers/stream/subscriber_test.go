package stream_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"go.uber.org/goleak"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/handlers/stream"
)

// fill appends n commits on a new aggregate.
func fill(t *testing.T, s eventstore.Store, n int) []*eventstore.Pending {
	t.Helper()
	next := storetest.Next{Ref: storetest.Dossier()}
	var out []*eventstore.Pending
	for range n {
		p := next.Pending(50)
		a, err := s.Append(t.Context(), p)
		if err != nil {
			t.Error(err)
			return out
		}
		next = next.After(a)
		out = append(out, p)
	}
	return out
}

func from(position uint64) func() uint64 { return func() uint64 { return position } }

func TestSubscriberDeliversTheStoredFormInOrder(t *testing.T) {
	s := memory.New(nil)
	stored := fill(t, s, 5)
	sub := stream.NewSubscriber(s, from(2), stream.Options{})
	defer sub.Close()
	ch, err := sub.Subscribe(t.Context(), stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range stored[2:] {
		m := receive(t, ch)
		c, err := stream.CommitOf(m)
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Payload) != string(p.Payload) || c.Position != uint64(i+3) || m.UUID != c.Envelope.ID || m.Metadata.Get(stream.MetaType) != "record.added" {
			t.Fatalf("message %d is not the commit at position %d", i, i+3)
		}
		// a message that has lost its context is decoded from what it carries
		bare := message.NewMessage(m.UUID, m.Payload)
		bare.Metadata = m.Metadata
		if again, err := stream.CommitOf(bare); err != nil || again.Position != c.Position || again.Envelope.ID != c.Envelope.ID {
			t.Fatalf("decoded anew: %v, %v", again, err)
		}
		m.Ack()
	}
	go fill(t, s, 1) // and it goes on live
	if m := receive(t, ch); m.Metadata.Get(stream.MetaPosition) != "6" {
		t.Fatalf("got position %s", m.Metadata.Get(stream.MetaPosition))
	}
}

func TestSubscriberGivesTheSameMessageAfterANack(t *testing.T) {
	s := memory.New(nil)
	fill(t, s, 4)
	sub := stream.NewSubscriber(s, from(0), stream.Options{})
	defer sub.Close()
	ch, err := sub.Subscribe(t.Context(), stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"1", "2", "2", "2", "3", "4"} {
		m := receive(t, ch)
		if got := m.Metadata.Get(stream.MetaPosition); got != want {
			t.Fatalf("delivery %d is of position %s, want %s", i, got, want)
		}
		select { // nothing else comes before the answer
		case other := <-ch:
			t.Fatalf("position %s came before the answer", other.Metadata.Get(stream.MetaPosition))
		case <-time.After(5 * time.Millisecond):
		}
		if i == 1 || i == 2 {
			m.Nack()
		} else {
			m.Ack()
		}
		select {
		case <-m.Context().Done():
		case <-time.After(time.Minute):
			t.Fatal("the message's context goes on after its answer")
		}
	}
}

func TestSubscriberRefusesWhatIsNoCommit(t *testing.T) {
	for _, m := range []*message.Message{message.NewMessage("1", nil), message.NewMessage("2", []byte("{}\n"))} {
		if _, err := stream.CommitOf(m); !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatalf("%v", err)
		}
	}
}

// flaky is a store whose subscription breaks after each commit.
type flaky struct {
	eventstore.Store
	broken atomic.Int64
}

func (f *flaky) Subscribe(ctx context.Context, after uint64, g func(*eventstore.Commit) error) error {
	enough := errors.New("broken")
	return f.Store.Subscribe(ctx, after, func(c *eventstore.Commit) error {
		if err := g(c); err != nil {
			return err
		}
		f.broken.Add(1)
		return enough
	})
}

func TestSubscriberGoesOnWhereAStoreBroke(t *testing.T) {
	s := &flaky{Store: memory.New(nil)}
	fill(t, s, 5)
	sub := stream.NewSubscriber(s, from(0), stream.Options{})
	defer sub.Close()
	ch, err := sub.Subscribe(t.Context(), stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2", "3", "4", "5"} {
		m := receive(t, ch)
		if got := m.Metadata.Get(stream.MetaPosition); got != want {
			t.Fatalf("position %s, want %s", got, want)
		}
		m.Ack()
	}
}

func TestSubscriberEndsWithItsContextAndWithClose(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := memory.New(nil)
	fill(t, s, 3)
	sub := stream.NewSubscriber(s, from(0), stream.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	one, err := sub.Subscribe(ctx, stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	two, err := sub.Subscribe(context.Background(), stream.Topic)
	if err != nil {
		t.Fatal(err)
	}
	receive(t, two) // is never answered
	cancel()
	if err := sub.Close(); err != nil {
		t.Fatal(err)
	}
	for _, ch := range []<-chan *message.Message{one, two} {
		for range ch { // at most what was on its way
		}
	}
	if _, err := sub.Subscribe(t.Context(), stream.Topic); !errors.Is(err, stream.ErrClosed) {
		t.Fatalf("subscribed to a closed subscriber: %v", err)
	}
	goleak.VerifyNone(t, before)
}

// TestSubscriberThroughTheRouter: commits of an embedded store reach a handler
// of Watermill's router, each once and in order, while they are appended.
func TestSubscriberThroughTheRouter(t *testing.T) {
	s, err := embedded.Open(t.Context(), embedded.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		t.Fatal(err)
	}
	const total = 3000
	done := make(chan struct{})
	last := uint64(0)
	router.AddConsumerHandler("test", stream.Topic, stream.NewSubscriber(s, from(0), stream.Options{}), func(m *message.Message) error {
		c, err := stream.CommitOf(m)
		if err != nil {
			return err
		}
		if c.Position != last+1 {
			t.Errorf("position %d after %d", c.Position, last)
		}
		if last = c.Position; last == total {
			close(done)
		}
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx) }()
	start := time.Now()
	for range total / 100 {
		go fill(t, s, 100)
	}
	select {
	case <-done:
		t.Logf("%.0f commits/s appended and handled", total/time.Since(start).Seconds())
	case <-time.After(time.Minute):
		t.Fatal("not everything was handled")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
}
