package demo

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Executor decides and stores commands in their order; commands.Handler is one.
type Executor interface {
	ExecuteWindow(ctx context.Context, c commands.Caller, rs []commands.Request) []commands.Outcome
}

// Counts are what a filling came to.
type Counts struct{ Accepted, Duplicate, Refused int }

// Fill gives an agency's commands. adopted is the occurred_at of the agency's
// first commit, zero for one that has none. A command that comes out otherwise
// than the demonstration means it is an error: the demonstration is wrong, or
// the agency holds other things.
func Fill(ctx context.Context, ex Executor, agency string, now, adopted time.Time) (n Counts, err error) {
	list, err := Commands(agency, Anchor(now, adopted))
	if err != nil {
		return n, err
	}
	rs := make([]commands.Request, len(list))
	for i := range list {
		rs[i] = list[i].Request
	}
	caller := commands.Caller{Door: commands.DoorDemo, Staff: domain.Operator}
	for i, o := range ex.ExecuteWindow(ctx, caller, rs) {
		switch o.Outcome {
		case commands.Accepted:
			n.Accepted++
		case commands.Duplicate:
			n.Duplicate++
			continue // with its first outcome
		default:
			n.Refused++
		}
		if (o.Outcome == commands.Refused) != list[i].Refused {
			return n, &domain.Error{Kind: domain.KindConflict, Code: "demo_differs", Rule: domain.RuleForm,
				Message: fmt.Sprintf("the demonstration's command %d (%s) came out as %s %s: the agency %s holds other things than the demonstration; fill an empty directory", i+1, list[i].Command, o.Outcome, o.Code, agency)}
		}
	}
	return n, nil
}

// Mine tells whether a commit with that command id began the demonstration of
// an agency.
func Mine(agency, commandID string) bool {
	list, err := Commands(agency, time.Unix(0, 0))
	return err == nil && len(list) > 0 && list[0].ID == commandID
}
