package apitest

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// Overview answers over forty made-up dossiers, four of them of one service, to
// anybody but Cleo, who has no such role.
func (e *Engine) Overview(_ context.Context, r queries.Reader, q overview.Query) (*queries.Overview, error) {
	if err := q.Validate(); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.look(r); err != nil {
		return nil, err
	}
	if r.Caller.Staff == Cleo {
		return nil, &domain.Error{Kind: domain.KindForbidden, Code: "not_for_role", Rule: "C-1.2d", Message: "overviews are for a director and a compliance officer; ask one of them"}
	}
	var population []overview.Dossier
	for n := range 40 {
		f := overview.Facts{Opened: nl.MustDate("2026-01-05"), Service: "reintegration", Referral: "self", Standing: "none"}
		if n < 4 {
			f.Service = "arbo"
		} else if n < 20 {
			f.Service = "absence"
		}
		population = append(population, overview.Dossier{ID: fmt.Sprint(n), Codes: f.Codes(), Minutes: 600})
	}
	if err := overview.Guard(&q, population, e.overviews, overview.MinimumCell); err != nil {
		return nil, err
	}
	a, err := overview.Make(&q, population, e.overviews, overview.MinimumCell)
	if err != nil {
		return nil, err
	}
	e.overviews = append(slices.Clip(e.overviews), overview.Earlier{Query: q, Population: population, Shown: a.Shown, ShownHours: a.ShownHours})
	return &queries.Overview{Agency: r.Agency, Where: q.Where, CountedAt: Now, Position: e.position, Answer: a}, nil
}
