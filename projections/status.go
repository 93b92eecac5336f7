package projections

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// published is what others may know of a lane.
type published struct {
	owned      bool
	state      readdb.State
	version    int
	generation int64
	// position is what readers see for certain; 0 while the rows are wrong.
	position uint64
	code     string
	errorAt  uint64
	updated  time.Time
	// lease is that of another runner, alive whether it was seen to be renewed.
	lease   time.Time
	alive   bool
	build   measure // a rebuild
	catchUp measure
}

// measure tells the speed of a long reading.
type measure struct {
	began      time.Time
	from, done uint64
	head       uint64
}

func (p *published) fromCheckpoint(c readdb.Checkpoint) {
	p.state, p.version, p.generation, p.position = c.State, c.Version, c.Generation, c.Position
	p.code, p.errorAt, p.updated = c.ErrorCode, c.ErrorPosition, c.Updated
	p.alive = p.alive || !p.lease.IsZero() && c.LeaseUntil.After(p.lease)
	p.lease = c.LeaseUntil
}

// publish changes what others may know of a lane and wakes those who wait.
func (r *Runner) publish(l *lane, f func(*published)) {
	r.info.Lock()
	f(&l.published)
	close(r.changed)
	r.changed = make(chan struct{})
	r.info.Unlock()
}

// Status is how one projection is doing.
type Status struct {
	Name       string       `json:"name"`
	Version    int          `json:"version"`
	Generation int64        `json:"generation"`
	State      readdb.State `json:"state"`
	// Position is the newest commit whose rows readers see; Head the stream's
	// newest; Lag the difference, in positions.
	Position uint64 `json:"position"`
	Head     uint64 `json:"head"`
	Lag      uint64 `json:"lag"`
	// Updated is when the checkpoint last moved, by the database's clock.
	Updated time.Time `json:"updated"`
	// ErrorCode and ErrorPosition say why and at which commit it is stalled.
	ErrorCode     string `json:"error_code,omitempty"`
	ErrorPosition uint64 `json:"error_position,omitempty"`
	// Owned tells whether this runner follows it, and not another instance.
	Owned bool `json:"owned"`
	// Rebuilding tells that a new generation is being built, whatever the state
	// of the live one. Rate is in commits a second and Left the time left, of a
	// rebuild or a catch-up; 0 when there is neither.
	Rebuilding bool          `json:"rebuilding,omitempty"`
	Rate       float64       `json:"rate,omitempty"`
	Left       time.Duration `json:"left,omitempty"`
}

// Status tells how all projections are doing, in their order.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	head, err := r.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	r.refresh(ctx)
	now := r.clock.Now()
	r.info.Lock()
	defer r.info.Unlock()
	out := make([]Status, len(r.lanes))
	for i, l := range r.lanes {
		p := l.published
		s := Status{Name: l.Name(), Version: p.version, Generation: p.generation, State: p.state, Position: p.position, Head: head,
			Updated: p.updated, ErrorCode: p.code, ErrorPosition: p.errorAt, Owned: p.owned}
		if head > p.position {
			s.Lag = head - p.position
		}
		switch {
		case !p.build.began.IsZero():
			s.Rebuilding = true
			s.Rate, s.Left = p.build.speed(now)
		case !p.catchUp.began.IsZero():
			s.Rate, s.Left = p.catchUp.speed(now)
		}
		out[i] = s
	}
	return out, nil
}

func (m measure) speed(now time.Time) (rate float64, left time.Duration) {
	d := now.Sub(m.began).Seconds()
	if d <= 0 || m.done <= m.from {
		return 0, 0
	}
	rate = float64(m.done-m.from) / d
	if m.head > m.done {
		left = time.Duration(float64(m.head-m.done) / rate * float64(time.Second))
	}
	return rate, left
}

// Position is the newest commit whose rows readers of a projection see; 0 when
// there is no such projection or its rows are being made.
func (r *Runner) Position(name string) uint64 {
	r.info.Lock()
	defer r.info.Unlock()
	for _, l := range r.lanes {
		if l.Name() == name {
			return l.published.position
		}
	}
	return 0
}

// refresh reads the checkpoints of what others follow.
func (r *Runner) refresh(ctx context.Context) {
	r.info.Lock()
	others := false
	for _, l := range r.lanes {
		others = others || !l.published.owned
	}
	r.info.Unlock()
	if !others {
		return
	}
	points, err := r.db.Checkpoints(ctx)
	if err != nil {
		return // the next round will tell
	}
	for _, l := range r.lanes {
		c, ok := points[l.Name()]
		if !ok {
			continue
		}
		r.info.Lock()
		if !l.published.owned {
			l.published.fromCheckpoint(c)
		}
		r.info.Unlock()
	}
}

// standbyPoll is how often a caller that waits for another instance's progress
// looks at its checkpoint; our own wakes the caller at once.
const standbyPoll = 10 * time.Millisecond

// WaitFor waits until readers of the named projections (all when none is named)
// see the commit at position, so that who wrote it reads it. It ends early with
// a *domain.Error when one of them is stalled before that position
// ("projection_stalled"), and when the context ends ("views_behind").
func (r *Runner) WaitFor(ctx context.Context, position uint64, names ...string) error {
	lanes, err := r.named(names)
	if err != nil {
		return err
	}
	r.waiters.Add(1)
	defer r.waiters.Add(-1)
	for {
		there, others, changed, err := r.reached(lanes, position)
		if there || err != nil {
			return err
		}
		select {
		case r.nudge <- struct{}{}:
		default:
		}
		var poll <-chan time.Time
		if others {
			poll = time.After(standbyPoll)
		}
		select {
		case <-ctx.Done():
			return &domain.Error{Kind: domain.KindUnavailable, Code: "views_behind", Rule: "C-2.1.4d", Cause: ctx.Err(),
				Message: "what you ask for is stored, but the views have not reached it yet; ask again in a moment"}
		case <-changed:
		case <-poll:
			r.refresh(ctx)
		}
	}
}

// reached tells whether all lanes are at a position; others whether one that is
// not belongs to another runner; changed is closed at the next change.
func (r *Runner) reached(lanes []*lane, position uint64) (there, others bool, changed <-chan struct{}, err error) {
	r.info.Lock()
	defer r.info.Unlock()
	there = true
	for _, l := range lanes {
		p := &l.published
		if p.position >= position {
			continue
		}
		if p.state == readdb.Stalled {
			return false, false, nil, stalledError(l.Name(), p.code)
		}
		there, others = false, others || !p.owned
	}
	return there, others, r.changed, nil
}

// stalledError says that a projection stopped. Names and codes are constants of
// the program.
func stalledError(name, code string) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "projection_stalled", Rule: "C-2.1.4d",
		Message: "the view " + name + " stopped (" + code + ") and does not show the newest facts; nothing is lost. The log and the status page say at which commit; it goes on by itself once the cause is gone"}
}
