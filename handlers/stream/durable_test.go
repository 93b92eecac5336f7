package stream_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/handlers/stream"
)

// publisher is the other end of a Durable, for the tests.
type publisher struct {
	js     jetstream.JetStream
	closed atomic.Bool
}

func (p *publisher) Publish(topic string, messages ...*message.Message) error {
	if p.closed.Load() {
		return errors.New("closed")
	}
	for _, m := range messages {
		h := nats.Header{stream.HeaderUUID: {m.UUID}}
		for k, v := range m.Metadata {
			h[k] = []string{v}
		}
		if _, err := p.js.PublishMsg(context.Background(), &nats.Msg{Subject: subject(topic), Header: h, Data: m.Payload}); err != nil {
			return err
		}
	}
	return nil
}

func (p *publisher) Close() error {
	p.closed.Store(true)
	return nil
}

func subject(topic string) string { return "test." + topic }

// startJetStream starts a server in this process with a stream for tests.
func startJetStream(t *testing.T) jetstream.JetStream {
	t.Helper()
	srv, err := server.NewServer(&server.Options{DontListen: true, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	if !srv.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server is not ready")
	}
	nc, err := nats.Connect("", nats.InProcessServer(srv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "TEST", Subjects: []string{"test.>"}}); err != nil {
		t.Fatal(err)
	}
	return js
}

// TestDurable is Watermill's own suite for Pub/Subs.
func TestDurable(t *testing.T) {
	js := startJetStream(t)
	group := func(_ *testing.T, name string) (message.Publisher, message.Subscriber) {
		return &publisher{js: js}, stream.NewDurable(js, stream.DurableOptions{Stream: "TEST", Group: name, Subject: subject, AckWait: time.Second})
	}
	tests.TestPubSub(t, tests.Features{ConsumerGroups: true, GuaranteedOrder: true, Persistent: true},
		func(t *testing.T) (message.Publisher, message.Subscriber) { return group(t, "group") }, group)
}

// receive waits for the next message.
func receive(t *testing.T, ch <-chan *message.Message) *message.Message {
	t.Helper()
	select {
	case m, ok := <-ch:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return m
	case <-time.After(time.Minute):
		t.Fatal("no message came")
	}
	return nil
}

func TestDurableGivesTheSameMessageAfterANack(t *testing.T) {
	js := startJetStream(t)
	pub, sub := &publisher{js: js}, stream.NewDurable(js, stream.DurableOptions{Stream: "TEST", Group: "g", Subject: subject})
	defer sub.Close()
	for i := range 6 {
		if err := pub.Publish("t", message.NewMessage(fmt.Sprint(i), nil)); err != nil {
			t.Fatal(err)
		}
	}
	ch, err := sub.Subscribe(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	nacked := false
	for len(got) < 7 {
		m := receive(t, ch)
		got = append(got, m.UUID)
		if m.UUID == "2" && !nacked {
			nacked = true
			m.Nack()
			continue
		}
		m.Ack()
	}
	if want := "0 1 2 2 3 4 5"; strings.Join(got, " ") != want {
		t.Fatalf("got %v, want %s", got, want)
	}
}

func TestDurablePutsAsideWhatIsNoMessage(t *testing.T) {
	js := startJetStream(t)
	// given messages without a UUID, with two values in a header, and a good one
	for _, h := range []nats.Header{nil, {"A": {"1", "2"}, stream.HeaderUUID: {"x"}}, {stream.HeaderUUID: {"a", "b"}}, {stream.HeaderUUID: {"good"}}} {
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: "test.t", Header: h, Data: []byte("\xff")}); err != nil {
			t.Fatal(err)
		}
	}
	sub := stream.NewDurable(js, stream.DurableOptions{Stream: "TEST", Group: "g", Subject: subject})
	defer sub.Close()
	ch, err := sub.Subscribe(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	// then the good one is delivered and nothing panics
	if m := receive(t, ch); m.UUID != "good" {
		t.Fatalf("got %q", m.UUID)
	}
}

func TestDurableCoversASlowHandler(t *testing.T) {
	js := startJetStream(t)
	pub, sub := &publisher{js: js}, stream.NewDurable(js, stream.DurableOptions{Stream: "TEST", Group: "g", Subject: subject, AckWait: 150 * time.Millisecond})
	defer sub.Close()
	if err := pub.Publish("t", message.NewMessage("one", nil), message.NewMessage("two", nil)); err != nil {
		t.Fatal(err)
	}
	ch, err := sub.Subscribe(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	m := receive(t, ch)
	time.Sleep(500 * time.Millisecond) // more than three times the wait
	m.Ack()
	if m := receive(t, ch); m.UUID != "two" {
		t.Fatalf("the message was given again: %q", m.UUID)
	}
}
