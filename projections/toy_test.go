package projections_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// toyEvent is the one shape of all toy events; its type says what it does.
type toyEvent struct {
	Type string `json:"-"`
	Key  string `json:"key"`
	N    int64  `json:"n"`
}

func (e toyEvent) EventType() string { return e.Type }

func decodeToy(c *eventstore.Commit) ([]domain.Recorded, error) {
	var out []domain.Recorded
	for _, s := range c.Envelope.Data.Events {
		e := toyEvent{Type: s.Type}
		if err := json.Unmarshal(s.Data, &e); err != nil {
			return nil, err
		}
		if e.Type == "toy.undecodable" {
			return nil, errors.New("no such event")
		}
		out = append(out, domain.Recorded{Meta: domain.Meta{Position: c.Position, Recorded: c.Envelope.Recorded}, Event: e})
	}
	return out, nil
}

// sums keeps a sum for each key and a log of all that it read. The sum of a key
// that is removed is gone.
type sums struct {
	name    string
	version int
	// fails makes Apply fail, or panic, at toy.bad for as long as it is set.
	fails *atomic.Bool
	reads []string
}

func (p sums) Name() string    { return p.name }
func (p sums) Version() int    { return p.version }
func (p sums) Reads() []string { return p.reads }
func (p sums) Tables() []readdb.Table {
	return []readdb.Table{
		{Name: p.name + "_sums", KeyColumns: 1, Indexes: [][]string{{"total"}},
			Columns: []readdb.Column{{Name: "key", Type: readdb.Text}, {Name: "total", Type: readdb.Int}, {Name: "sealed", Type: readdb.Bytes}}},
		{Name: p.name + "_log", KeyColumns: 1,
			Columns: []readdb.Column{{Name: "position", Type: readdb.Int}, {Name: "type", Type: readdb.Text}, {Name: "payload", Type: readdb.Bytes}}},
	}
}

func (p sums) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	if err := tx.Insert(ctx, p.name+"_log", readdb.Row{int64(d.Commit.Position), d.Commit.Envelope.Type, d.Payload}); err != nil {
		return err
	}
	for _, r := range d.Events {
		e := r.Event.(toyEvent)
		switch e.Type {
		case "toy.removed":
			if err := tx.Delete(ctx, p.name+"_sums", e.Key); err != nil {
				return err
			}
		case "toy.twice": // a defect that only the database notices
			if err := tx.Insert(ctx, p.name+"_log", readdb.Row{int64(1), "", nil}); err != nil {
				return err
			}
		case "toy.bad":
			if p.fails != nil && p.fails.Load() {
				if e.N == 1 {
					panic("on purpose")
				}
				return &domain.Error{Code: "on_purpose"}
			}
		default:
			row, ok, err := tx.Get(ctx, p.name+"_sums", e.Key)
			if err != nil {
				return err
			}
			total := e.N
			if ok {
				total += row[1].(int64)
			}
			if err := tx.Put(ctx, p.name+"_sums", readdb.Row{e.Key, total, []byte(strconv.FormatInt(total, 10))}); err != nil {
				return err
			}
		}
	}
	return nil
}

// toyStream is a stream in memory that tests append to.
type toyStream struct {
	*memory.Store
	versions map[string]uint64
	last     map[string]uint64
}

func newStream() *toyStream {
	return &toyStream{Store: memory.New(nil), versions: map[string]uint64{}, last: map[string]uint64{}}
}

func (s *toyStream) add(t testing.TB, events ...toyEvent) uint64 {
	t.Helper()
	id := "aggregate-" + events[0].Key
	s.versions[id]++
	now := s.RecordedNow()
	e := &eventstore.Envelope{SpecVersion: "1.0", ID: uuid.NewString(), Source: "casefile/click", Type: events[0].Type,
		Subject: "dossier/" + id, Time: now, Agency: "click", Kind: "dossier", AggregateID: id, Version: s.versions[id],
		Command: "Toy", CommandID: uuid.NewString(), Actor: "operator", Door: "cli", RecordedBy: "operator", Recorded: now}
	for i, ev := range events {
		data, err := json.Marshal(ev)
		no(t, err)
		e.Data.Events = append(e.Data.Events, eventstore.StoredEvent{ID: fmt.Sprintf("%s.%d", e.ID, i), Type: ev.Type, Schema: 1, Data: data})
	}
	payload, leaf, err := eventstore.Marshal(e, nil)
	no(t, err)
	a, err := s.Append(t.Context(), &eventstore.Pending{Ref: e.Ref(), Expect: s.last[id], Recorded: now, CommandID: e.CommandID, Payload: payload, Leaf: leaf})
	no(t, err)
	s.last[id] = a.Position
	return a.Position
}

func (s *toyStream) addMany(t testing.TB, n int) uint64 {
	t.Helper()
	var p uint64
	for i := range n {
		p = s.add(t, toyEvent{"toy.added", fmt.Sprint("k", i%7), int64(i)})
	}
	return p
}

// source delivers the stream through Watermill, one message after the other.
func (s *toyStream) source() projections.Source {
	return projections.Source{
		Topic:     "casefile.>",
		Subscribe: func(after uint64) (message.Subscriber, error) { return &toySubscriber{s, after}, nil },
		Commit: func(m *message.Message) (*eventstore.Commit, error) {
			c, err := eventstore.Unmarshal(m.Payload)
			if err == nil {
				c.Position, err = strconv.ParseUint(m.Metadata.Get("position"), 10, 64)
			}
			return c, err
		},
	}
}

type toySubscriber struct {
	s     *toyStream
	after uint64
}

func (s *toySubscriber) Close() error { return nil }

func (s *toySubscriber) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	out := make(chan *message.Message)
	go func() {
		defer close(out)
		_ = s.s.Subscribe(ctx, s.after, func(c *eventstore.Commit) error {
			m := message.NewMessage(c.Envelope.ID, append(append([]byte{}, c.Clear...), '\n'))
			m.Metadata.Set("position", strconv.FormatUint(c.Position, 10))
			select {
			case out <- m:
			case <-ctx.Done():
				return ctx.Err()
			}
			select {
			case <-m.Acked():
			case <-m.Nacked():
				return errors.New("refused")
			case <-ctx.Done():
				return ctx.Err()
			}
			return nil
		})
	}()
	return out, nil
}

// engines runs a test on both engines; open gives the same database each time.
func engines(t *testing.T, f func(t *testing.T, open func() *readdb.DB)) {
	t.Run("sqlite", func(t *testing.T) {
		path := t.TempDir() + "/views.db"
		f(t, func() *readdb.DB { return openDB(t, readdb.Config{SQLitePath: path}) })
	})
	t.Run("postgres", func(t *testing.T) {
		address := pg.Start(t)
		f(t, func() *readdb.DB { return openDB(t, readdb.Config{PostgresURL: address}) })
	})
}

func openDB(t *testing.T, c readdb.Config) *readdb.DB {
	t.Helper()
	db, err := readdb.Open(t.Context(), c)
	no(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func newRunner(t *testing.T, db *readdb.DB, s eventstore.Store, list ...projections.Projection) *projections.Runner {
	t.Helper()
	r, err := projections.NewRunner(db, s, decodeToy, list, nil, nil)
	no(t, err)
	return r
}

// follow runs Follow until stop is called, or the test ends.
func follow(t *testing.T, r *projections.Runner, s *toyStream) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Follow(ctx, s.source()) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("following ended with %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func no(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func waitFor(t *testing.T, r *projections.Runner, position uint64, names ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.WaitFor(ctx, position, names...); err != nil {
		st, _ := r.Status(t.Context())
		t.Fatalf("waiting for %d: %v; %+v", position, err, st)
	}
}

func digestOf(t *testing.T, r *projections.Runner, name string) readdb.Digest {
	t.Helper()
	d, err := r.Digest(t.Context(), name)
	no(t, err)
	return d
}

// folded is the digest that a plain fold of the whole stream in memory gives.
func folded(t *testing.T, s eventstore.Store, p projections.Projection) string {
	t.Helper()
	db, err := projections.FoldInMemory(t.Context(), decodeToy, p, func(each func(*eventstore.Commit) error) error {
		return s.ReadAll(t.Context(), 0, each)
	})
	no(t, err)
	defer db.Close()
	snap, err := db.Snapshot(t.Context())
	no(t, err)
	defer snap.Close()
	c, _, err := snap.Checkpoint(t.Context(), p.Name())
	no(t, err)
	d, err := snap.Digest(t.Context(), c.Generation, p.Tables())
	no(t, err)
	return d.SHA256
}
