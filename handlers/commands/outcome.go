package commands

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// outcome is the answer to a command whose facts are stored.
func (pl *plan) outcome(d *Draft, position uint64) Outcome {
	out := Outcome{ID: pl.p.req.ID, Outcome: Accepted, Position: position, Events: d.types(), Warnings: pl.attr.Warnings, Recorded: d.Envelope.Recorded}
	if pl.refusal != nil {
		out.Outcome = Refused
		out.blame(pl.refusal)
	}
	return out
}

func (o *Outcome) blame(e *domain.Error) {
	o.Code, o.Rule, o.Field, o.Message, o.Kind = e.Code, e.Rule, e.Field, e.Message, e.Kind
}

// refusal is the answer to a command that left nothing on the stream.
func refusal(id string, err error) Outcome {
	out := Outcome{Outcome: Refused}
	if _, bad := domain.ParseID("id", id); bad == nil {
		out.ID = id
	}
	out.blame(domain.AsError(err))
	return out
}

func isRefusal(err error) bool {
	var e *domain.Error
	return errors.As(err, &e)
}

// failure answers what no rule refused: the stream or the vault did not work.
func (h *Handler) failure(p *parsed, err error) Outcome {
	if isRefusal(err) {
		return refusal(p.req.ID, err)
	}
	unavailable := func(code, message string) Outcome {
		o := refusal(p.req.ID, &domain.Error{Kind: domain.KindUnavailable, Code: code, Rule: "C-2.1.2", Message: message, Cause: err})
		o.Retry = true
		return o
	}
	switch {
	case errors.Is(err, eventstore.ErrUnknown), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return unavailable("unknown_outcome", "whether this was stored could not be found out in time; send the same command again with the same id, it will not be doubled")
	case errors.Is(err, eventstore.ErrReadOnly):
		return unavailable("read_only", "the engine is read-only; the status page and casefile doctor say why; nothing was stored")
	case errors.Is(err, eventstore.ErrUnavailable):
		return unavailable("unavailable", "the stream cannot be written now, so nothing was stored; send the same command again in a moment")
	case errors.Is(err, eventstore.ErrDamaged):
		h.log.Error("a stored commit is damaged", "command", p.spec.Name, "error", err)
		return unavailable("damaged", "the stored history of this is damaged, so nothing was stored; run casefile doctor")
	}
	h.log.Error("command failed", "command", p.spec.Name, "error", err)
	return refusal(p.req.ID, err)
}

// first rebuilds the first outcome of a command out of the commit it made.
func first(p *parsed, c *eventstore.Commit) Outcome {
	out := Outcome{ID: p.req.ID, Outcome: Duplicate, Position: c.Position, Warnings: c.Envelope.Data.Warnings, Recorded: c.Envelope.Recorded}
	for _, e := range c.Envelope.Data.Events {
		out.Events = append(out.Events, e.Type)
		var r struct{ Code, Rule string }
		if json.Unmarshal(e.Data, &r) == nil && r.Code != "" && r.Rule != "" {
			out.Code, out.Rule = r.Code, r.Rule
			out.Message = "this command was refused the first time it was sent, for this reason"
		}
	}
	if out.Code == "" {
		out.Message = "this command was carried out before; nothing was doubled"
	}
	return out
}
