package reactions

import (
	"context"
	"errors"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

const (
	// look is how often the calendar is looked at.
	look = time.Minute
	// viewsLimit is how long a timer waits for the views before it is tried again.
	viewsLimit = 2 * time.Minute
)

// keepTime works out what is due at the start, on each new day in
// Europe/Amsterdam, and when it is asked to. What does not work is tried again
// after a minute.
func (r *Runner) keepTime(ctx context.Context) error {
	tick := time.NewTicker(look)
	defer tick.Stop()
	again := true
	for {
		if now := r.tools.Clock.Now(); again || r.behind(ctx, nl.DateOf(now)) {
			again = false
			for _, t := range r.timers {
				r.running.Lock()
				err := r.workOut(ctx, t, now)
				r.running.Unlock()
				if errors.Is(err, errLost) {
					return err
				}
				if ctx.Err() != nil {
					return nil
				}
				if err != nil {
					again = true
					r.log.Warn("what is due could not be worked out; it is tried again", "reaction", t.Name(), "code", codeOf(err))
				}
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-r.kicked:
			again = true
		}
	}
}

// Evaluated works out what is due now, and returns when that is done.
func (r *Runner) Evaluated(ctx context.Context) error {
	r.running.Lock()
	defer r.running.Unlock()
	now := r.tools.Clock.Now()
	for _, t := range r.timers {
		if err := r.workOut(ctx, t, now); err != nil && !errors.Is(err, errLost) {
			return err
		}
	}
	return nil
}

// behind tells whether a timer has not been worked out for a day.
func (r *Runner) behind(ctx context.Context, today nl.Date) bool {
	points, err := r.state.points(ctx)
	if err != nil {
		return false // the next look will tell
	}
	for _, t := range r.timers {
		if points[t.Name()].day < today.String() {
			return true
		}
	}
	return false
}

// workOut gives what is due by a timer. The list of what a rule refused is the
// newest run's alone: the next one judges anew. All timers of one round work at
// one time, so that a later one does not go by a day that an earlier one, which
// does away with some of its cases, has not seen yet.
func (r *Runner) workOut(ctx context.Context, t *timer, now time.Time) error {
	head, err := r.tools.Store.Head(ctx)
	if err != nil {
		return err
	}
	today := nl.DateOf(now)
	if head == 0 { // nothing is due in an empty store, and its views may not be made yet
		return r.state.worked(ctx, t.Name(), today.String(), "")
	}
	wait, cancel := context.WithTimeout(ctx, viewsLimit)
	err = r.tools.Views.WaitFor(wait, head)
	cancel()
	em := &emitter{tools: &r.tools, reaction: t.Name()}
	if err == nil {
		err = protect(func() error { return t.Due(ctx, &r.tools, now, today, em.emit) })
	}
	if err != nil {
		if ctx.Err() == nil {
			return errors.Join(err, r.state.worked(ctx, t.Name(), "", codeOf(err)))
		}
		return err
	}
	if _, err := r.state.exec(ctx, "DELETE FROM reactions_dead WHERE name = ?", t.Name()); err != nil {
		return err
	}
	for _, f := range em.refused {
		if err := r.state.bury(ctx, DeadLetter{Reaction: t.Name(), Cause: f.command, Agency: f.agency, Code: f.code, Rule: f.rule}); err != nil {
			return err
		}
	}
	if em.given > 0 || len(em.refused) > 0 {
		r.log.Info("what was due was done", "reaction", t.Name(), "commands", em.given, "refused", len(em.refused))
	}
	return r.state.worked(ctx, t.Name(), today.String(), "")
}

// protect turns a panic into an error, so that one timer does not end the rest.
func protect(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &domain.Error{Kind: domain.KindInternal, Code: "panic", Rule: "C-2.1.4d", Message: "a timer of the reactions failed; report it"}
		}
	}()
	return f()
}
