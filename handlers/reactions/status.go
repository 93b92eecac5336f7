package reactions

import (
	"context"
	"time"
)

// Status is how one reaction or timer is doing.
type Status struct {
	Name  string `json:"name"`
	Timer bool   `json:"timer,omitempty"`
	// Started tells whether it was ever started here.
	Started bool `json:"started"`
	// Position is that of the last commit dealt with, Head the stream's newest,
	// and Lag the difference, in positions; none of them for a timer.
	Position uint64 `json:"position,omitempty"`
	Head     uint64 `json:"head,omitempty"`
	Lag      uint64 `json:"lag,omitempty"`
	// Day is the last day that a timer has worked out.
	Day string `json:"day,omitempty"`
	// Code says why a timer could not be worked out.
	Code string `json:"code,omitempty"`
	// Updated is when it last moved, by the database's clock.
	Updated time.Time `json:"updated,omitzero"`
	// Dead is how much was put aside.
	Dead int `json:"dead,omitempty"`
	// Here tells whether this instance runs it.
	Here bool `json:"here"`
}

// Status tells how the reactions are doing, in their order.
func (r *Runner) Status(ctx context.Context) ([]Status, error) {
	head, err := r.tools.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	points, err := r.state.points(ctx)
	if err != nil {
		return nil, err
	}
	dead, err := r.DeadLetters(ctx)
	if err != nil {
		return nil, err
	}
	count := map[string]int{}
	for _, d := range dead {
		count[d.Reaction]++
	}
	var out []Status
	for _, l := range r.lanes {
		p, ok := points[l.Name()]
		s := Status{Name: l.Name(), Started: ok, Position: p.position, Head: head, Updated: p.updated, Dead: count[l.Name()], Here: r.leading.Load()}
		if s.Here {
			s.Position = max(s.Position, l.passed.Load())
		}
		if head > s.Position {
			s.Lag = head - s.Position
		}
		out = append(out, s)
	}
	for _, t := range r.timers {
		p, ok := points[t.Name()]
		out = append(out, Status{Name: t.Name(), Timer: true, Started: ok, Day: p.day, Code: p.code, Updated: p.updated, Dead: count[t.Name()], Here: r.leading.Load()})
	}
	return out, nil
}

// Done gives the position up to which a reaction has done an item that it keeps
// a note of; 0 for never. Losing the note costs repetitions, no more.
func (t *Tools) Done(ctx context.Context, reaction, item string) (uint64, error) {
	return t.memo.done(ctx, reaction, item)
}

// SetDone notes that a reaction has done an item up to a position.
func (t *Tools) SetDone(ctx context.Context, reaction, item string, position uint64) error {
	return t.memo.setDone(ctx, reaction, item, position)
}
