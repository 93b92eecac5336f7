package projections

import (
	"context"
	"errors"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// flush writes what the given lanes have folded, in one transaction. A lane
// that the database refuses is taken out and the others are written without it.
// The caller holds work for lanes that are behind, drive for following ones.
// The error is the context's alone.
func (r *Runner) flush(ctx context.Context, lanes []*lane, m mode, state readdb.State) error {
	for {
		var moves []readdb.Advance
		var moved []*lane
		for _, l := range lanes {
			if !l.is(m) || l.live == nil {
				continue
			}
			if t := l.live; t.folded > t.durable {
				moves = append(moves, readdb.Advance{Writer: t.w, Owner: r.owner, From: t.durable, To: t.folded, Leaf: t.leaf(), State: state})
				moved = append(moved, l)
			}
		}
		if len(moves) == 0 {
			return nil
		}
		err := r.db.Flush(ctx, moves)
		if err == nil {
			r.flushed(moved, state)
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		r.refused(ctx, moved, err)
	}
}

func (r *Runner) flushed(lanes []*lane, state readdb.State) {
	now := r.clock.Now()
	for _, l := range lanes {
		l.live.durable = l.live.folded
	}
	r.info.Lock()
	for _, l := range lanes {
		p := &l.published
		p.position, p.state, p.code, p.errorAt, p.updated = l.live.durable, state, "", 0, now
		p.catchUp.done = l.live.durable
	}
	close(r.changed)
	r.changed = make(chan struct{})
	r.info.Unlock()
}

// refused sorts out a failed flush: it takes at least one lane out.
func (r *Runner) refused(ctx context.Context, lanes []*lane, err error) {
	var fe *readdb.FlushError
	if !errors.As(err, &fe) {
		for _, l := range lanes {
			r.stall(ctx, l, "database_unavailable", 0, err)
		}
		return
	}
	for _, l := range lanes {
		if l.Name() != fe.Projection {
			continue
		}
		switch {
		case errors.Is(err, readdb.ErrFenced):
			r.lose(l)
		case !readdb.Refused(err):
			r.stall(ctx, l, "database_unavailable", 0, err)
		case l.careful:
			r.stall(ctx, l, codeOf(err), l.live.folded, err)
		default:
			// Which commit of the batch it is shows when each is flushed alone.
			l.careful = true
			l.live = nil
			l.to(behind)
			r.wake()
		}
	}
}

// lose gives a lane up to the runner that has taken it over.
func (r *Runner) lose(l *lane) {
	r.log.Warn("another instance follows this projection now", "projection", l.Name())
	r.publish(l, func(p *published) { p.owned = false })
	l.live = nil
	l.to(standby)
}

// fault stops a lane before the commit that it could not fold; what it folded
// before stands. Only an end of the context is passed on.
func (r *Runner) fault(ctx context.Context, l *lane, m mode, it *item, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e := r.flush(ctx, []*lane{l}, m, readdb.Stalled); e != nil {
		return e
	}
	if l.is(m) && l.live != nil { // the flush did not stop it for another reason
		r.stall(ctx, l, codeOf(err), it.Commit.Position, err)
	}
	return nil
}

// The waits before a stalled projection tries again.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// stall notes that a lane stopped; it is loaded anew when it tries again. The
// log gets the code and the place, not the error's text, which might repeat data.
func (r *Runner) stall(ctx context.Context, l *lane, code string, at uint64, err error) {
	wait := min(firstRetry<<min(l.failures, 10), lastRetry)
	l.failures++
	l.live, l.retry = nil, time.Now().Add(wait)
	var a *applyError
	attrs := []any{"projection", l.Name(), "code", code, "position", at, "kind", errorKind(err), "retry_in", wait}
	if errors.As(err, &a) && a.stack != nil {
		attrs = append(attrs, "stack", string(a.stack))
	}
	r.log.Error("a projection is stalled; nothing is skipped, and the others go on", attrs...)
	// When the database is what failed, the status here must do.
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if err := r.db.SetState(short, l.Name(), r.owner, readdb.Stalled, code, at); errors.Is(err, readdb.ErrFenced) {
		r.lose(l)
		return
	}
	r.publish(l, func(p *published) { p.state, p.code, p.errorAt = readdb.Stalled, code, at })
	l.to(stalled)
}

// wake makes the mending of lanes start at once.
func (r *Runner) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}
