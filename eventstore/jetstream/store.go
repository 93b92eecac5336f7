package jetstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	js "github.com/nats-io/nats.go/jetstream"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/clock"
)

// StreamName is the name of the one stream (architecture §3).
const StreamName = "CASEFILE"

// Defaults of Options.
const (
	DefaultPatience   = 10 * time.Second
	DefaultAckTimeout = 2 * time.Second
)

// Syncer makes acknowledged messages durable where the server's
// acknowledgement alone does not say so. All methods may be called from many
// goroutines.
type Syncer interface {
	// Stored tells that the server has acknowledged a commit and so written all
	// commits up to position. It must not block.
	Stored(position uint64, leaf eventstore.Leaf)
	// Wait returns when everything up to position is on disk; with hurry it has
	// a sync begin as soon as can be, else it waits for one that comes anyhow.
	// An error means that it may or may not be on disk.
	Wait(ctx context.Context, position uint64, hurry bool) error
	// Synced is the highest position that is on disk; readers see no more.
	Synced() uint64
	// Mode is Status.SyncMode.
	Mode() string
}

// Options of a Store. The zero value is for one writer among others on a
// cluster that syncs by itself.
type Options struct {
	// Reads is the connection for reading whole streams, so that its traffic
	// does not stand before acknowledgements; nil means the same connection.
	Reads *nats.Conn
	// Replicas of the stream, when it is created; 0 means 1.
	Replicas int
	// Sole says that nobody else writes to the stream, ever.
	Sole bool
	// Syncer is nil where the server's acknowledgement means durable.
	Syncer Syncer
	// KnownGap tells that the positions from..to hold no commit by a cause that
	// is known; nil means that there are none such.
	KnownGap func(from, to uint64) bool
	// Patience is how long one append is tried while the stream is silent or
	// without a leader; AckTimeout how long one sending waits for its answer.
	Patience, AckTimeout time.Duration
	// MustExist makes a missing stream an error (ErrNoStream) and not a new one.
	MustExist bool
	// ReadOnly, when set, is why nothing may be written.
	ReadOnly error
	Clock    clock.Clock
	Log      *slog.Logger
	// Implementation is Status.Implementation; "" means "jetstream".
	Implementation string
}

// Store implements eventstore.Store.
type Store struct {
	o      Options
	nc     *nats.Conn
	stream js.Stream
	pub    *publisher
	rec    *eventstore.Recorder
	recent *recent // nil unless the store is Sole and has a Syncer
	alive  *alive  // nil where the server is in this process

	// gate is held shared by an append from its sending to its acknowledgement
	// and alone by a window, so that a window can foresee its positions.
	gate sync.RWMutex

	readOnly atomic.Pointer[error]
	own      atomic.Pointer[func(clear []byte) bool] // see Own; nil: all are
	// life ends with Close; what reads or waits then ends too.
	life context.Context
	end  context.CancelFunc
}

var _ eventstore.Store = (*Store)(nil)

// StreamConfig is the configuration of the stream (architecture §3).
func StreamConfig(replicas int) js.StreamConfig {
	return js.StreamConfig{
		Name: StreamName, Subjects: []string{"casefile.>"}, Storage: js.FileStorage,
		Retention: js.LimitsPolicy, Discard: js.DiscardNew, DenyDelete: true, DenyPurge: true,
		MaxMsgs: -1, MaxBytes: -1, MaxMsgsPerSubject: -1, MaxMsgSize: -1, Compression: js.NoCompression,
		AllowAtomicPublish: true, AllowDirect: true, Replicas: max(replicas, 1),
		// The window of duplicates costs memory and is not used: command ids tell.
		Duplicates: 100 * time.Millisecond,
	}
}

// Open opens the stream over nc, creating it when it is not there. The caller
// keeps the connections and closes them after the Store.
func Open(ctx context.Context, nc *nats.Conn, o Options) (*Store, error) {
	if o.Reads == nil {
		o.Reads = nc
	}
	o.Log = cmpOr(o.Log, slog.New(slog.DiscardHandler))
	if o.Patience == 0 {
		o.Patience = DefaultPatience
	}
	if o.AckTimeout == 0 {
		o.AckTimeout = DefaultAckTimeout
	}
	if o.Implementation == "" {
		o.Implementation = "jetstream"
	}
	stream, err := ensureStream(ctx, o.Reads, o)
	if err != nil {
		return nil, err
	}
	var newest *recent
	if o.Sole && o.Syncer != nil {
		newest = &recent{}
	}
	pub, err := newPublisher(nc, o.Syncer, newest)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	s := &Store{o: o, nc: nc, stream: stream, pub: pub, recent: newest}
	s.life, s.end = context.WithCancel(context.Background())
	if !o.Sole {
		s.alive = watchConnection(nc, s.life.Done())
	}
	if o.ReadOnly != nil {
		s.readOnly.Store(&o.ReadOnly)
	}
	last, _, err := s.Tail(ctx)
	if err != nil {
		s.Close()
		return nil, err
	}
	var recorded time.Time
	if last != nil {
		recorded = last.Envelope.Recorded
	}
	s.rec = eventstore.NewRecorder(o.Clock, recorded)
	return s, nil
}

func cmpOr(a, b *slog.Logger) *slog.Logger {
	if a != nil {
		return a
	}
	return b
}

// ensureStream creates the stream or checks that the one there keeps the
// promises of architecture §3.
func ensureStream(ctx context.Context, nc *nats.Conn, o Options) (js.Stream, error) {
	api, err := js.New(nc)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	stream, err := api.Stream(ctx, StreamName)
	if errors.Is(err, js.ErrStreamNotFound) {
		if o.MustExist {
			return nil, ErrNoStream
		}
		stream, err = api.CreateStream(ctx, StreamConfig(o.Replicas))
		if errors.Is(err, js.ErrStreamNameAlreadyInUse) { // somebody was quicker
			stream, err = api.Stream(ctx, StreamName)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
	}
	c := stream.CachedInfo().Config
	if c.Storage != js.FileStorage || c.Retention != js.LimitsPolicy || !c.DenyDelete || !c.DenyPurge || c.AllowRollup ||
		c.MaxAge != 0 || c.MaxMsgs > 0 || c.MaxBytes > 0 || c.MaxMsgsPerSubject > 0 || c.AllowMsgTTL || !c.AllowAtomicPublish || !c.AllowDirect {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Code: "stream_configuration", Rule: "C-2.1.4d",
			Message: "the stream " + StreamName + " is configured so that commits could vanish or not be written; give it the configuration of docs/operations, or use another NATS account"}
	}
	return stream, nil
}

// ErrNoStream: the stream is not there and must be.
var ErrNoStream = errors.New("the stream " + StreamName + " is missing")

// Tail gives the newest commit that is there, nil when there is none, and the
// stream's last sequence, which is higher when messages at the end were lost.
func (s *Store) Tail(ctx context.Context) (*eventstore.Commit, uint64, error) {
	info, err := s.info(ctx)
	if err != nil {
		return nil, 0, err
	}
	for pos := info.LastSeq; pos > 0; pos-- {
		c, err := s.At(ctx, pos)
		if !errors.Is(err, eventstore.ErrNotFound) {
			return c, info.LastSeq, err
		}
	}
	return nil, info.LastSeq, nil
}

// info is the state of the stream as its leader has it.
func (s *Store) info(ctx context.Context) (js.StreamState, error) {
	ctx, cancel := context.WithTimeout(ctx, s.o.Patience)
	defer cancel()
	m, err := s.request(ctx, "$JS.API.STREAM.INFO."+StreamName, nil)
	if err != nil {
		return js.StreamState{}, err
	}
	var r struct {
		Error *js.APIError   `json:"error"`
		State js.StreamState `json:"state"`
	}
	if err := json.Unmarshal(m.Data, &r); err != nil || r.Error != nil {
		return js.StreamState{}, fmt.Errorf("%w: %w", eventstore.ErrUnavailable, errors.Join(err, apiErr(r.Error)))
	}
	return r.State, nil
}

// apiErr keeps a nil *APIError from becoming an error that is not nil.
func apiErr(e *js.APIError) error {
	if e == nil {
		return nil
	}
	return e
}

// RecordedNow implements eventstore.Store.
func (s *Store) RecordedNow() time.Time { return s.rec.Now() }

// Head implements eventstore.Store.
func (s *Store) Head(ctx context.Context) (uint64, error) {
	if s.life.Err() != nil {
		return 0, errClosed
	}
	if s.o.Syncer != nil {
		return s.o.Syncer.Synced(), nil
	}
	info, err := s.info(ctx)
	return info.LastSeq, err
}

// Status implements eventstore.Store.
func (s *Store) Status(ctx context.Context) eventstore.Status {
	st := eventstore.Status{Implementation: s.o.Implementation, SyncMode: "always"}
	if s.o.Syncer != nil {
		st.SyncMode = s.o.Syncer.Mode()
	}
	if err := s.writable(); err != nil {
		st.ReadOnly, st.Reason = true, reason(err)
	}
	info, err := s.info(ctx)
	if err != nil {
		st.Reason = reason(err)
		return st
	}
	st.Head, st.Commits, st.Bytes = info.LastSeq, info.Msgs, info.Bytes
	if s.o.Syncer != nil {
		st.Head = s.o.Syncer.Synced()
	}
	return st
}

// reason is the text for people in err.
func reason(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code + ": " + e.Message
	}
	return err.Error()
}

// SetReadOnly stops all writing from now on, because of err. The first call counts.
func (s *Store) SetReadOnly(err error) { s.readOnly.CompareAndSwap(nil, &err) }

// ReadOnly says why nothing may be written any more; nil: it may. It asks nobody.
func (s *Store) ReadOnly() error {
	if err := s.readOnly.Load(); err != nil {
		return *err
	}
	return nil
}

var errClosed = fmt.Errorf("%w: the store is closed", eventstore.ErrUnavailable)

func (s *Store) writable() error {
	if s.life.Err() != nil {
		return errClosed
	}
	if err := s.readOnly.Load(); err != nil {
		return fmt.Errorf("%w: %w", eventstore.ErrReadOnly, *err)
	}
	return nil
}

// Close implements eventstore.Store. It leaves the connections open.
func (s *Store) Close() error {
	s.end()
	s.pub.close()
	return nil
}
