package reactions

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// window is how many commands share one sync. Others' commands wait while a
// window is stored, so it is small.
const window = 100

// refusal is a command that a rule refused for good.
type refusal struct {
	command string // its id
	agency  string
	code    string
	rule    string
}

// emitter gives the commands of one run of a reaction.
type emitter struct {
	tools    *Tools
	reaction string
	cause    *Cause // nil for a timer
	refused  []refusal
	given    int
}

// emit is an Emit.
func (e *emitter) emit(ctx context.Context, list ...Command) error {
	for part := range slices.Chunk(list, window) {
		for len(part) > 0 {
			n := 1
			for n < len(part) && part[n].Agency == part[0].Agency && part[n].Purpose == part[0].Purpose {
				n++
			}
			if err := e.run(ctx, part[:n]); err != nil {
				return err
			}
			part = part[n:]
		}
	}
	return nil
}

// run gives commands of one agency and purpose.
func (e *emitter) run(ctx context.Context, list []Command) error {
	caller := commands.Caller{Door: commands.DoorEngine, Staff: domain.Engine, Agency: list[0].Agency, Purpose: list[0].Purpose}
	cause := ""
	if e.cause != nil {
		env := &e.cause.Commit.Envelope
		cause = e.cause.ID
		caller.CausationID, caller.CorrelationID, caller.TraceParent = cause, env.CorrelationID, env.TraceParent
		if caller.CorrelationID == "" {
			caller.CorrelationID = env.CommandID // the chain begins with that command
		}
		if caller.Agency == "" {
			caller.Agency = env.Agency
		}
	}
	requests := make([]commands.Request, len(list))
	for i, c := range list {
		data, err := json.Marshal(c.Data)
		if err != nil {
			return fmt.Errorf("reactions: encoding %s: %w", c.Data.CommandName(), err)
		}
		requests[i] = commands.Request{
			ID: commandID(e.reaction, cause, c.Key), Agency: caller.Agency, Command: c.Data.CommandName(), Dossier: c.Dossier, Data: data,
		}
		if !c.At.IsZero() {
			requests[i].At = c.At.UTC().Format(time.RFC3339Nano)
		}
	}
	var outcomes []commands.Outcome
	if len(requests) == 1 {
		outcomes = []commands.Outcome{e.tools.Commands.Execute(ctx, caller, requests[0])}
	} else {
		outcomes = e.tools.Commands.ExecuteWindow(ctx, caller, requests)
	}
	for i, o := range outcomes {
		if err := e.judge(list[i], requests[i], o); err != nil {
			return err
		}
	}
	return nil
}

// judge sorts an outcome: done, nothing to do, refused for good, or unavailable.
func (e *emitter) judge(c Command, r commands.Request, o commands.Outcome) error {
	switch {
	case o.Outcome == commands.Accepted:
		e.given++
		return nil
	case o.Outcome == commands.Duplicate:
		return nil
	case o.Retry || o.Kind == domain.KindUnavailable || o.Code == "conflict" || o.Kind == domain.KindInternal:
		return o.Err()
	case o.Code == "id_reused":
		// The command was given for this cause before, and what it says has come to
		// differ since; what was said first stands.
		return nil
	case slices.Contains(c.Settled, o.Code):
		return nil
	}
	e.refused = append(e.refused, refusal{command: r.ID, agency: r.Agency, code: o.Code, rule: o.Rule})
	return nil
}
