package apitest

import (
	"context"
	"slices"
	"sync"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/handlers/queries"
)

var builtIn = sync.OnceValue(policytest.BuiltIn)

// Authorise asks the built-in policies, as the engine does.
func (e *Engine) Authorise(ctx context.Context, c commands.Caller, agency string, q commands.Question) ([]policy.Decision, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return nil, unrecorded()
	}
	roles, _ := e.RolesOf(ctx, c.Agency, c.Staff)
	a := policy.Ask{
		Subject: policy.Subject{Agency: c.Agency, Staff: c.Staff, Roles: roles, Active: true, Bound: true}, Agency: agency,
		Action: q.Action, Of: q.Of, Name: q.Register, Own: q.Own, Purpose: q.Purpose, KnownPurpose: true, Door: string(c.Door), InScope: true,
		FreshFactor: !c.FactorAt.IsZero(),
	}
	if q.Of == policy.OfDossier {
		a.Name, a.Assigned = q.Dossier, q.Own && q.Dossier == ""
		if v := e.views[q.Dossier]; v != nil {
			a.Assigned = slices.ContainsFunc(v.Assigned, func(s queries.StaffName) bool { return s.Staff == c.Staff })
		}
	}
	if len(q.Categories) == 0 {
		q.Categories = []domain.Category{""}
	}
	var out []policy.Decision
	for _, cat := range q.Categories {
		a.Category = cat
		out = append(out, builtIn().BuiltIn().Decide(a))
	}
	return out, nil
}

// GlassLimit is that of both regulations.
func (e *Engine) GlassLimit(context.Context, string) (int, error) { return 120, nil }
