package stream

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// HeaderUUID is the header that carries the UUID of a Watermill message; the
// other headers are its metadata.
const HeaderUUID = "Watermill-Message-Uuid"

// DurableOptions of a Durable.
type DurableOptions struct {
	// Stream is the JetStream stream that holds the messages of every topic.
	Stream string
	// Group names the consumer group: each message goes to one of its members.
	Group string
	// Subject gives the subject of a topic; nil means the topic itself.
	Subject func(topic string) string
	// AckWait is after how long without a sign of life a message goes to
	// another member; a handler that takes longer is covered by signs of life.
	// 0 means 5 s.
	AckWait time.Duration
	Log     *slog.Logger
}

// Durable is a message.Subscriber over a durable JetStream consumer for each
// topic and group. The whole group has one message in flight, so its order is
// that of the stream, also after a Nack. A message that is no Watermill message
// is logged and put aside for good; it stops nothing.
type Durable struct {
	js   jetstream.JetStream
	o    DurableOptions
	life context.Context
	end  context.CancelFunc
	mu   sync.Mutex // guards the beginning of a subscription against Close
	done sync.WaitGroup
}

var (
	_ message.Subscriber           = (*Durable)(nil)
	_ message.SubscribeInitializer = (*Durable)(nil)
)

// NewDurable makes a Durable. The connection stays the caller's.
func NewDurable(js jetstream.JetStream, o DurableOptions) *Durable {
	if o.Subject == nil {
		o.Subject = func(topic string) string { return topic }
	}
	if o.AckWait == 0 {
		o.AckWait = 5 * time.Second
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	d := &Durable{js: js, o: o}
	d.life, d.end = context.WithCancel(context.Background())
	return d
}

// consumer makes or finds the consumer of a topic.
func (d *Durable) consumer(ctx context.Context, topic string) (jetstream.Consumer, error) {
	subject := d.o.Subject(topic)
	// A consumer's name may hold less than a subject, so it is a digest.
	name := sha256.Sum256([]byte(d.o.Group + "\x00" + subject))
	return d.js.CreateOrUpdateConsumer(ctx, d.o.Stream, jetstream.ConsumerConfig{
		Durable: hex.EncodeToString(name[:16]), FilterSubject: subject,
		AckPolicy: jetstream.AckExplicitPolicy, AckWait: d.o.AckWait, MaxAckPending: 1, MaxDeliver: -1,
	})
}

// SubscribeInitialize implements message.SubscribeInitializer.
func (d *Durable) SubscribeInitialize(topic string) error {
	_, err := d.consumer(d.life, topic)
	return err
}

// Subscribe implements message.Subscriber.
func (d *Durable) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.life.Err() != nil {
		return nil, ErrClosed
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(d.life, cancel)
	it, err := d.iterate(ctx, topic)
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	context.AfterFunc(ctx, it.Drain) // what was delivered already is given back
	out := make(chan *message.Message)
	d.done.Go(func() {
		defer close(out)
		defer stop()
		defer cancel()
		d.pump(ctx, it, out)
	})
	return out, nil
}

func (d *Durable) iterate(ctx context.Context, topic string) (jetstream.MessagesContext, error) {
	c, err := d.consumer(ctx, topic)
	if err != nil {
		return nil, err
	}
	return c.Messages()
}

// Close implements message.Subscriber: it ends all subscriptions and waits for
// them. What they had in flight is given back.
func (d *Durable) Close() error {
	d.mu.Lock()
	d.end()
	d.mu.Unlock()
	d.done.Wait()
	return nil
}

// pump passes messages on, one after the other, until the iterator ends.
func (d *Durable) pump(ctx context.Context, it jetstream.MessagesContext, out chan<- *message.Message) {
	for {
		jm, err := it.Next()
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return
		}
		if err != nil { // a missed heartbeat, a reconnection: the iterator goes on
			if ctx.Err() != nil {
				return
			}
			d.o.Log.Warn("a durable subscription was disturbed", "error", err)
			if sleep(ctx, pauseFirst) != nil {
				return
			}
			continue
		}
		if err := d.pass(ctx, jm, out); err != nil && ctx.Err() == nil {
			d.o.Log.Warn("an acknowledgement did not get through; the message will come again", "error", err)
		}
	}
}

// pass hands one message over and answers the server as the handler did.
func (d *Durable) pass(ctx context.Context, jm jetstream.Msg, out chan<- *message.Message) error {
	if ctx.Err() != nil {
		return jm.Nak()
	}
	m, err := decode(jm.Headers(), jm.Data())
	if err != nil {
		d.o.Log.Error("a message of the stream is no message for a subscriber; it is put aside", "subject", jm.Subject(), "error", err)
		return jm.TermWithReason("undecodable")
	}
	mctx, cancel := context.WithCancel(ctx)
	defer cancel()
	m.SetContext(mctx)
	// A sign of life each third of the wait, while the handler works.
	beat := time.NewTicker(d.o.AckWait / 3)
	defer beat.Stop()
	go func() {
		for {
			select {
			case <-beat.C:
				_ = jm.InProgress() // a lost one costs a second delivery at worst
			case <-mctx.Done():
				return
			}
		}
	}()
	acked, err := send(ctx, m, out)
	if acked {
		return jm.DoubleAck(context.WithoutCancel(ctx))
	}
	return errors.Join(err, jm.Nak())
}

// decode makes a Watermill message of headers and data.
func decode(h nats.Header, data []byte) (*message.Message, error) {
	if len(h.Values(HeaderUUID)) != 1 || h.Get(HeaderUUID) == "" {
		return nil, errors.New("stream: a message has one UUID header")
	}
	m := message.NewMessage(h.Get(HeaderUUID), data)
	for k, v := range h {
		if k == HeaderUUID {
			continue
		}
		if len(v) != 1 {
			return nil, errors.New("stream: a header of a message has more than one value")
		}
		m.Metadata.Set(k, v[0])
	}
	return m, nil
}
