package eventstore

import (
	"fmt"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/internal/clock"
)

// Recorder keeps recorded_at from running backwards along the stream. Every
// Store has one; all methods may be called from many goroutines.
type Recorder struct {
	clock clock.Clock

	mu     sync.Mutex
	newest time.Time // the latest recorded time that was sent to the stream or seen on it
}

// NewRecorder makes a Recorder for a stream whose newest commit was recorded at newest.
func NewRecorder(c clock.Clock, newest time.Time) *Recorder {
	if c == nil {
		c = clock.System{}
	}
	return &Recorder{clock: c, newest: newest.UTC()}
}

// Now gives the recorded time for a commit: the later of the clock and the
// newest commit's.
func (r *Recorder) Now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now()
}

func (r *Recorder) now() time.Time {
	now := r.clock.Now().UTC()
	if now.Before(r.newest) {
		return r.newest
	}
	return now
}

// Seen takes note of a commit that is on the stream.
func (r *Recorder) Seen(t time.Time) {
	r.mu.Lock()
	if t.After(r.newest) {
		r.newest = t.UTC()
	}
	r.mu.Unlock()
}

// Send stamps p, where it has a Stamp and is not yet encoded or has been
// overtaken, and calls send with it, which must put
// it on the way to the stream in the order of the calls. A p without Stamp
// whose time has been overtaken is an ErrConflict and not sent: decide again,
// with a new time.
func (r *Recorder) Send(p *Pending, send func(*Pending) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case p.Stamp != nil && (p.Payload == nil || p.Recorded.Before(r.newest)):
		if err := p.Stamp(p, r.now()); err != nil {
			return err
		}
	case p.Recorded.Before(r.newest):
		return fmt.Errorf("%w: a commit with a later recorded time came first", ErrConflict)
	}
	if len(p.Payload) > MaxPayload {
		return fmt.Errorf("eventstore: a commit of %d bytes is over the limit of %d", len(p.Payload), MaxPayload)
	}
	if err := send(p); err != nil {
		return err
	}
	r.newest = p.Recorded
	return nil
}
