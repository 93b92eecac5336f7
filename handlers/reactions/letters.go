package reactions

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/message/router/middleware"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/stream"
)

// Metadata of a message that is put aside.
const (
	metaCode  = "code"
	metaRule  = "rule"
	metaCause = "cause"
)

// DeadLetter is something that should have followed and was refused for good.
// It names no person: what it is about is found by its position.
type DeadLetter struct {
	Reaction string `json:"reaction"`
	// Cause is the id of the event; of a timer the id of the command.
	Cause string `json:"cause"`
	// Position is that of the event's commit; 0 for a timer.
	Position uint64    `json:"position,omitempty"`
	Agency   string    `json:"agency"`
	Type     string    `json:"type,omitempty"` // of the event
	Code     string    `json:"code"`
	Rule     string    `json:"rule"`
	Refused  time.Time `json:"refused_at"` // the last time, by the database's clock
	Attempts int       `json:"attempts"`
}

// letters is the message.Publisher of what is put aside.
type letters struct {
	state *state
	log   *slog.Logger
}

// Publish implements message.Publisher.
func (p letters) Publish(_ string, messages ...*message.Message) error {
	for _, m := range messages {
		c, err := stream.CommitOf(m)
		if err != nil {
			return err
		}
		d := DeadLetter{Reaction: m.Metadata.Get(middleware.PoisonedHandlerKey), Position: c.Position, Agency: c.Envelope.Agency, Type: c.Envelope.Type,
			Cause: cmp.Or(m.Metadata.Get(metaCause), c.Envelope.ID), Code: cmp.Or(m.Metadata.Get(metaCode), "panic"), Rule: cmp.Or(m.Metadata.Get(metaRule), "C-2.1.4d")}
		if err := p.state.bury(m.Context(), d); err != nil {
			return err
		}
		p.log.Error("a reaction was refused and put aside; casefile doctor lists it, and it can be tried again",
			"reaction", d.Reaction, "position", strconv.FormatUint(d.Position, 10), "code", d.Code, "rule", d.Rule)
	}
	return nil
}

// Close implements message.Publisher.
func (letters) Close() error { return nil }

func (s *state) bury(ctx context.Context, d DeadLetter) error {
	_, err := s.exec(ctx, `INSERT INTO reactions_dead (name, cause, position, agency, type, code, rule, refused, attempts)
		VALUES (?, ?, ?, ?, ?, ?, ?, `+s.now()+`, 1)
		ON CONFLICT (name, cause) DO UPDATE SET code = excluded.code, rule = excluded.rule, refused = excluded.refused, attempts = reactions_dead.attempts + 1`,
		d.Reaction, d.Cause, int64(d.Position), d.Agency, d.Type, d.Code, d.Rule)
	return err
}

func (s *state) unbury(ctx context.Context, reaction, cause string) error {
	_, err := s.exec(ctx, "DELETE FROM reactions_dead WHERE name = ? AND cause = ?", reaction, cause)
	return err
}

// DeadLetters lists what was put aside, the oldest first.
func (r *Runner) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	rows, err := r.state.db.QueryContext(ctx, "SELECT name, cause, position, agency, type, code, rule, refused, attempts FROM reactions_dead ORDER BY position, name, cause")
	if err != nil {
		return nil, fmt.Errorf("reactions: the state database: %w", err)
	}
	defer rows.Close()
	var out []DeadLetter
	for rows.Next() {
		var d DeadLetter
		var position, refused int64
		if err := rows.Scan(&d.Reaction, &d.Cause, &position, &d.Agency, &d.Type, &d.Code, &d.Rule, &refused, &d.Attempts); err != nil {
			return nil, err
		}
		d.Position, d.Refused = uint64(position), time.UnixMicro(refused).UTC()
		out = append(out, d)
	}
	return out, rows.Err()
}

// Retry runs a reaction again on what was put aside, once its reason is gone.
// Nil means that it is done and off the list; a refusal stays on it.
func (r *Runner) Retry(ctx context.Context, d DeadLetter) error {
	r.running.Lock()
	defer r.running.Unlock()
	for _, l := range r.lanes {
		if l.Name() != d.Reaction {
			continue
		}
		c, err := r.tools.Store.At(ctx, d.Position)
		if err != nil {
			return err
		}
		err = r.react(ctx, l, c)
		if err == nil {
			return r.state.unbury(ctx, d.Reaction, d.Cause)
		}
		if f, ok := err.(*failure); ok {
			d.Code, d.Rule = f.code, f.rule
			if err := r.state.bury(ctx, d); err != nil {
				return err
			}
			return &domain.Error{Kind: domain.KindRefused, Code: f.code, Rule: f.rule, Message: "what should follow is refused again, for this reason; take it away first, and try again"}
		}
		return err
	}
	for _, t := range r.timers {
		if t.Name() == d.Reaction {
			err := r.workOut(ctx, t, r.tools.Clock.Now())
			if errors.Is(err, errLost) {
				return nil // all was given; only the day is another instance's to note
			}
			return err
		}
	}
	return &domain.Error{Kind: domain.KindNotFound, Code: "unknown_reaction", Rule: "C-2.1.4d", Message: "this program has no such reaction; it belongs to another version"}
}
