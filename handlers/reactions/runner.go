package reactions

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/clock"
)

// List is what a runner runs.
type List struct {
	Reactions []Reaction
	Timers    []Timer
}

// Config is what a Runner works with.
type Config struct {
	Tools
	List
	// State is the database of credentials and sessions, and Postgres whether it
	// is PostgreSQL, which several instances share.
	State    *sql.DB
	Postgres bool
	Log      *slog.Logger
}

// Runner runs the reactions of an installation. Of several instances one runs
// them at a time; another takes over when it gives no sign of life. All methods
// may be called from many goroutines.
type Runner struct {
	tools  Tools
	lanes  []*lane
	timers []*timer
	state  *state
	log    *slog.Logger

	// kicked makes the timers work out what is due at once.
	kicked chan struct{}
	// running is held while what was put aside is tried again, or a timer runs.
	running sync.Mutex
	leading atomic.Bool

	stop context.CancelFunc
	done chan struct{}
}

// lane is one reaction on its way along the stream.
type lane struct {
	Reaction
	reads map[string]bool
	// position is that of the last commit that was dealt with. Commits without an
	// event that is read move passed alone, which is saved now and then.
	position, passed atomic.Uint64
	// tries counts how often the commit at failing was given in vain.
	failing uint64
	tries   int
}

type timer struct{ Timer }

// New makes a Runner; nothing runs before Start.
func New(ctx context.Context, c Config) (*Runner, error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	r := &Runner{tools: c.Tools, log: c.Log, kicked: make(chan struct{}, 1),
		state: &state{db: c.State, postgres: c.Postgres, owner: uuid.NewString()}}
	r.tools.memo = r.state
	for _, x := range c.Reactions {
		l := &lane{Reaction: x, reads: map[string]bool{}}
		for _, typ := range x.Reads() {
			l.reads[typ] = true
		}
		r.lanes = append(r.lanes, l)
	}
	for _, x := range c.Timers {
		r.timers = append(r.timers, &timer{x})
	}
	return r, r.state.make(ctx)
}

// Start begins to run the reactions until Close. A reaction that was never
// started takes its place before it returns: at the head of the stream, or at
// its beginning where it says so.
func (r *Runner) Start(ctx context.Context) error {
	head, err := r.tools.Store.Head(ctx)
	if err != nil {
		return err
	}
	for _, l := range r.lanes {
		from := head
		if l.FromStart() {
			from = 0
		}
		if err := r.state.begin(ctx, l.Name(), from); err != nil {
			return err
		}
	}
	for _, t := range r.timers {
		if err := r.state.begin(ctx, t.Name(), 0); err != nil {
			return err
		}
	}
	run, cancel := context.WithCancel(context.Background())
	r.stop, r.done = cancel, make(chan struct{})
	go func() {
		defer close(r.done)
		r.run(run)
	}()
	return nil
}

// Close ends what Start began. It is safe to call twice, and without Start.
func (r *Runner) Close() error {
	if r.stop == nil {
		return nil
	}
	r.stop()
	<-r.done
	r.stop = nil
	return nil
}

// Evaluate has the timers work out what is due now, soon. It does nothing
// where another instance runs the reactions: that one does it each day.
func (r *Runner) Evaluate() {
	select {
	case r.kicked <- struct{}{}:
	default:
	}
}

// run waits for its turn and then runs the reactions, until ctx ends.
func (r *Runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		ok, err := r.state.claim(ctx)
		if err == nil && ok {
			err = r.lead(ctx)
		}
		if err != nil && ctx.Err() == nil && !errors.Is(err, errLost) {
			r.log.Warn("the reactions stopped; they are taken up again where they were", "code", codeOf(err))
		}
		pause(ctx, lease/4)
	}
}

// lead runs the reactions while this instance has the lease.
func (r *Runner) lead(ctx context.Context) error {
	points, err := r.state.points(ctx)
	if err != nil {
		return err
	}
	for _, l := range r.lanes {
		l.position.Store(points[l.Name()].position)
		l.passed.Store(points[l.Name()].position)
	}
	r.leading.Store(true)
	defer r.leading.Store(false)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var parts sync.WaitGroup
	part := func(f func(context.Context) error) {
		parts.Go(func() {
			if err := f(ctx); err != nil {
				cancel(err)
			}
		})
	}
	part(r.keepLease)
	part(r.keepTime)
	part(r.route)
	<-ctx.Done()
	parts.Wait()
	last, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer end()
	r.save(last)
	return errors.Join(context.Cause(ctx), r.state.release(last))
}

// keepLease keeps the lease and saves how far the reactions have passed.
func (r *Runner) keepLease(ctx context.Context) error {
	failed := 0
	for n := 1; pause(ctx, lease/4); n++ {
		if err := r.state.renew(ctx); errors.Is(err, errLost) {
			return err
		} else if err != nil && ctx.Err() == nil {
			// Nobody else can take over while the database does not answer; and when it
			// does again, the lease may be somebody else's.
			if failed++; failed > 3 {
				return err
			}
			continue
		}
		if failed = 0; n%4 == 0 {
			r.save(ctx)
		}
	}
	return nil
}

// save notes for each reaction the commits that it had nothing to do with.
func (r *Runner) save(ctx context.Context) {
	for _, l := range r.lanes {
		at := l.passed.Load()
		if at <= l.position.Load() {
			continue
		}
		if err := r.state.advance(ctx, l.Name(), at); err != nil {
			return // they are passed again after the next start
		}
		l.position.Store(at)
	}
}

// pause waits; false when the context has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// codeOf is what a log or a status may say of an error.
func codeOf(err error) string {
	var f *failure
	var e *domain.Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, eventstore.ErrUnavailable):
		return "unavailable"
	case errors.Is(err, eventstore.ErrDamaged):
		return "damaged"
	case errors.Is(err, errLost):
		return "taken_over"
	}
	return "failed"
}

// wants tells whether a commit has an event that the reaction reads.
func (l *lane) wants(c *eventstore.Commit) bool {
	return slices.ContainsFunc(c.Envelope.Data.Events, func(e eventstore.StoredEvent) bool { return l.reads[e.Type] })
}
