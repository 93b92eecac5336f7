// Package memory is the Store in memory: for tests, and as an overlay over
// another Store, for what is tried and then thrown away (a dry run).
//
// Nothing survives the process; an append is as durable as it ever gets at
// once. It keeps the order and the expectations of every other Store.
package memory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Store implements eventstore.Store.
type Store struct {
	base eventstore.Store // nil, or what lies below; only read
	from uint64           // head of base when the overlay was made
	rec  *eventstore.Recorder

	window sync.Mutex // held by a window, and by each append for its moment

	mu      sync.RWMutex
	commits []*eventstore.Commit // positions from+1, from+2, …
	last    map[string]uint64    // newest position of each subject in commits
	bytes   uint64
	grown   chan struct{} // closed and replaced by each append
	closed  bool
}

var _ eventstore.Store = (*Store)(nil)

// New makes an empty store; c may be nil for the machine's clock.
func New(c clock.Clock) *Store {
	return &Store{rec: eventstore.NewRecorder(c, time.Time{}), last: map[string]uint64{}, grown: make(chan struct{})}
}

// Overlay makes a store that starts with the synced commits of base as they are
// now. Its appends stay in memory; base is never written to and stays open when
// the overlay is closed. What base gets later is not seen.
func Overlay(ctx context.Context, base eventstore.Store) (*Store, error) {
	head, err := base.Head(ctx)
	if err != nil {
		return nil, err
	}
	s := New(clock.Func(base.RecordedNow))
	s.base, s.from = base, head
	return s, nil
}

var errClosed = fmt.Errorf("%w: the store is closed", eventstore.ErrUnavailable)

// Append implements eventstore.Store.
func (s *Store) Append(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	s.window.Lock()
	defer s.window.Unlock()
	return s.append(ctx, p)
}

// append stores p; the caller holds s.window.
func (s *Store) append(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	last, err := s.Last(ctx, p.Ref)
	switch {
	case errors.Is(err, eventstore.ErrNotFound):
		if p.Expect != 0 {
			return eventstore.Appended{}, eventstore.ErrConflict
		}
	case err != nil:
		return eventstore.Appended{}, err
	case last.Position != p.Expect:
		return s.own(ctx, p, last)
	}
	var a eventstore.Appended
	err = s.rec.Send(p, func(p *eventstore.Pending) (err error) {
		a, err = s.put(p)
		return err
	})
	return a, err
}

// own finds p's command id on the commit that follows the expectation.
func (s *Store) own(ctx context.Context, p *eventstore.Pending, c *eventstore.Commit) (eventstore.Appended, error) {
	for c.Envelope.PrevPosition > p.Expect {
		var err error
		if c, err = s.At(ctx, c.Envelope.PrevPosition); err != nil {
			return eventstore.Appended{}, err
		}
	}
	if c.Position > p.Expect && c.Envelope.PrevPosition == p.Expect && p.CommandID != "" && c.Envelope.CommandID == p.CommandID {
		return eventstore.Appended{Position: c.Position, Leaf: eventstore.LeafHash(c.Clear)}, nil
	}
	return eventstore.Appended{}, eventstore.ErrConflict
}

func (s *Store) put(p *eventstore.Pending) (eventstore.Appended, error) {
	c, err := eventstore.Unmarshal(slices.Clone(p.Payload))
	if err != nil {
		return eventstore.Appended{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return eventstore.Appended{}, errClosed
	}
	c.Position = s.from + uint64(len(s.commits)) + 1
	s.commits = append(s.commits, c)
	s.last[p.Ref.Subject()] = c.Position
	s.bytes += uint64(len(p.Payload))
	close(s.grown)
	s.grown = make(chan struct{})
	return eventstore.Appended{Position: c.Position, Leaf: p.Leaf}, nil
}

// AppendWindow implements eventstore.Store.
func (s *Store) AppendWindow(ctx context.Context, n int, build func(i int, positions []uint64) (*eventstore.Pending, error)) ([]eventstore.Appended, error) {
	s.window.Lock()
	defer s.window.Unlock()
	head, err := s.Head(ctx)
	if err != nil {
		return nil, err
	}
	var results []eventstore.Appended
	positions := make([]uint64, 0, n)
	for i := range n {
		p, err := build(i, positions)
		if err != nil {
			return results, err
		}
		a, err := s.append(ctx, p)
		if err != nil {
			return results, err
		}
		if a.Position != head+uint64(i)+1 { // the command stood there before
			return results, eventstore.ErrConflict
		}
		positions = append(positions, a.Position)
		results = append(results, a)
	}
	return results, nil
}

// RecordedNow implements eventstore.Store.
func (s *Store) RecordedNow() time.Time { return s.rec.Now() }

// Last implements eventstore.Store.
func (s *Store) Last(ctx context.Context, ref domain.Ref) (*eventstore.Commit, error) {
	s.mu.RLock()
	pos, closed := s.last[ref.Subject()], s.closed
	s.mu.RUnlock()
	switch {
	case closed:
		return nil, errClosed
	case pos > 0:
		return s.At(ctx, pos)
	case s.base == nil:
		return nil, eventstore.ErrNotFound
	}
	c, err := s.base.Last(ctx, ref)
	for err == nil && c.Position > s.from { // base has grown meanwhile
		if c.Envelope.PrevPosition == 0 {
			return nil, eventstore.ErrNotFound
		}
		c, err = s.base.At(ctx, c.Envelope.PrevPosition)
	}
	return c, err
}

// At implements eventstore.Store.
func (s *Store) At(ctx context.Context, position uint64) (*eventstore.Commit, error) {
	if position <= s.from && s.base != nil {
		return s.base.At(ctx, position)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	switch i := position - s.from - 1; {
	case s.closed:
		return nil, errClosed
	case position == 0 || i >= uint64(len(s.commits)):
		return nil, eventstore.ErrNotFound
	default:
		return s.commits[i], nil
	}
}

// ReadAggregate implements eventstore.Store.
func (s *Store) ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*eventstore.Commit) error) error {
	var walk []*eventstore.Commit
	c, err := s.Last(ctx, ref)
	if errors.Is(err, eventstore.ErrNotFound) {
		return nil
	}
	for err == nil && c.Position > after {
		walk = append(walk, c)
		prev := c.Envelope.PrevPosition
		if prev <= after {
			break
		}
		c, err = s.At(ctx, prev)
	}
	if err != nil {
		return err
	}
	for _, c := range slices.Backward(walk) {
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

// ReadAll implements eventstore.Store.
func (s *Store) ReadAll(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	head, err := s.Head(ctx)
	if err != nil {
		return err
	}
	return s.read(ctx, after, head, f)
}

// read gives f the commits after..until, which are all there.
func (s *Store) read(ctx context.Context, after, until uint64, f func(*eventstore.Commit) error) error {
	if s.base != nil && after < s.from {
		err := s.base.ReadAll(ctx, after, func(c *eventstore.Commit) error {
			if c.Position > min(s.from, until) {
				return errPast
			}
			return f(c)
		})
		if err != nil && !errors.Is(err, errPast) {
			return err
		}
		after = s.from
	}
	for pos := after + 1; pos <= until; pos++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := s.At(ctx, pos)
		if err != nil {
			return err
		}
		if err := f(c); err != nil {
			return err
		}
	}
	return nil
}

var errPast = errors.New("past the head that the overlay was made at")

// Subscribe implements eventstore.Store.
func (s *Store) Subscribe(ctx context.Context, after uint64, f func(*eventstore.Commit) error) error {
	for {
		s.mu.RLock()
		head, grown, closed := s.from+uint64(len(s.commits)), s.grown, s.closed
		s.mu.RUnlock()
		if closed {
			return errClosed
		}
		if head > after {
			if err := s.read(ctx, after, head, f); err != nil {
				return err
			}
			after = head
			continue
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Head implements eventstore.Store.
func (s *Store) Head(context.Context) (uint64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.closed {
		return 0, errClosed
	}
	return s.from + uint64(len(s.commits)), nil
}

// Status implements eventstore.Store.
func (s *Store) Status(ctx context.Context) eventstore.Status {
	s.mu.RLock()
	defer s.mu.RUnlock()
	st := eventstore.Status{Implementation: "memory", SyncMode: "none", Head: s.from + uint64(len(s.commits)), Commits: uint64(len(s.commits)), Bytes: s.bytes, ReadOnly: s.closed}
	if s.base != nil {
		below := s.base.Status(ctx)
		st.Commits += below.Commits
		st.Bytes += below.Bytes
	}
	return st
}

// Close implements eventstore.Store.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.closed = true
		close(s.grown)
	}
	return nil
}
