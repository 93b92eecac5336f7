package jetstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/eventstore"
)

// walkLimit is how many commits back from the last one a lost outcome is
// looked for.
const walkLimit = 256

// backoff between sendings of one append.
const (
	backoffFirst = 500 * time.Microsecond
	backoffMost  = 200 * time.Millisecond
)

// Append implements eventstore.Store.
//
// When a commit with p's command id already stands behind the expectation, that
// is success, and the result names it: its leaf differs from p's when it was
// encoded another time.
func (s *Store) Append(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	if err := cmp.Or(s.writable(), s.alive.err()); err != nil {
		return eventstore.Appended{}, err
	}
	if err := ctx.Err(); err != nil {
		return eventstore.Appended{}, err
	}
	a, err := s.store(ctx, p)
	if err != nil {
		return eventstore.Appended{}, err
	}
	if s.o.Syncer != nil {
		if err := s.o.Syncer.Wait(ctx, a.Position, true); err != nil {
			return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
		}
	}
	return a, nil
}

// store sends p until its outcome is known.
func (s *Store) store(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	s.gate.RLock()
	defer s.gate.RUnlock()
	deadline := time.Now().Add(s.o.Patience)
	wait := backoffFirst
	unknown := false // a sending without an answer may have been stored
	for {
		seq, err := s.sendOnce(ctx, p)
		var again bool
		switch {
		case err == nil:
			return eventstore.Appended{Position: seq, Leaf: p.Leaf}, nil
		case errors.Is(err, eventstore.ErrConflict), errors.Is(err, errEncoding):
			return eventstore.Appended{}, err
		case code(err) == codeWrongLast:
			return s.readBack(ctx, p, unknown)
		case code(err) == codeInFlight, errors.Is(err, errNoResponders):
			again = true
		case errors.Is(err, errSilent):
			unknown, again = true, true
			s.pub.prune()
		case ctx.Err() != nil || s.life.Err() != nil:
			return eventstore.Appended{}, fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
		}
		if !again || time.Now().After(deadline) {
			return eventstore.Appended{}, s.failed(err, unknown)
		}
		if err := sleep(ctx, wait); err != nil {
			return eventstore.Appended{}, s.failed(err, unknown)
		}
		wait = min(2*wait, backoffMost)
	}
}

func (s *Store) failed(err error, unknown bool) error {
	if unknown {
		return fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
	}
	return fmt.Errorf("%w: %w", eventstore.ErrUnavailable, err)
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

// errSilent: no answer within AckTimeout; errEncoding: the message could not be
// made, so nothing was sent.
var (
	errSilent   = errors.New("the stream did not answer in time")
	errEncoding = errors.New("the commit could not be encoded")
)

// sendOnce sends p and waits for the answer.
func (s *Store) sendOnce(ctx context.Context, p *eventstore.Pending) (uint64, error) {
	var w *waiter
	err := s.rec.Send(p, func(p *eventstore.Pending) (err error) {
		h := nats.Header{hdrExpectSubject: {strconv.FormatUint(p.Expect, 10)}}
		w, err = s.pub.send(p.Ref.Subject(), h, p.Payload, p.Leaf)
		if err != nil {
			err = fmt.Errorf("%w: %w", errNotSent, err)
		}
		return err
	})
	switch {
	case errors.Is(err, errNotSent), errors.Is(err, eventstore.ErrConflict):
		return 0, err
	case err != nil:
		return 0, fmt.Errorf("%w: %w", errEncoding, err)
	}
	t := time.NewTimer(s.o.AckTimeout)
	defer t.Stop()
	select {
	case a := <-w.ch:
		return a.seq, a.err
	case <-t.C:
		return 0, errSilent
	case <-ctx.Done():
		return 0, ctx.Err()
	case <-s.life.Done():
		return 0, errClosed
	}
}

// errNotSent: the connection took no message, so nothing was stored.
var errNotSent = errors.New("the message was not sent")

// readBack finds out whether a conflict is with p itself: it walks from the
// aggregate's last commit back to the one that follows p.Expect.
func (s *Store) readBack(ctx context.Context, p *eventstore.Pending, unknown bool) (eventstore.Appended, error) {
	c, err := s.Last(ctx, p.Ref)
	for range walkLimit {
		if errors.Is(err, eventstore.ErrNotFound) || err == nil && c.Position <= p.Expect {
			return eventstore.Appended{}, eventstore.ErrConflict
		}
		if err != nil {
			return eventstore.Appended{}, s.failed(err, true)
		}
		if c.Envelope.PrevPosition == p.Expect {
			if c.Envelope.CommandID != p.CommandID || p.CommandID == "" {
				return eventstore.Appended{}, eventstore.ErrConflict
			}
			leaf := eventstore.LeafHash(c.Clear)
			if s.o.Syncer != nil {
				s.o.Syncer.Stored(c.Position, leaf)
			}
			return eventstore.Appended{Position: c.Position, Leaf: leaf}, nil
		}
		if c.Envelope.PrevPosition < p.Expect {
			return eventstore.Appended{}, eventstore.ErrConflict
		}
		c, err = s.At(ctx, c.Envelope.PrevPosition)
	}
	if unknown {
		return eventstore.Appended{}, fmt.Errorf("%w: too many commits have followed", eventstore.ErrUnknown)
	}
	return eventstore.Appended{}, eventstore.ErrConflict
}
