package apitest

import (
	"context"

	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/search"
)

// Search looks in the names and trajectory numbers of an agency's dossiers; Cleo,
// who is assigned to nothing, finds none. "everything" finds all there is, and
// says that there is more and that the index is behind.
func (e *Engine) Search(_ context.Context, r queries.Reader, text string) (*queries.SearchResult, error) {
	q, err := search.Parse(text)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.look(r); err != nil {
		return nil, err
	}
	out := &queries.SearchResult{Hits: []queries.SearchHit{}, AccessRecord: e.position, More: text == "everything", Behind: text == "everything"}
	for _, row := range e.rows[r.Agency] {
		found := q.In(search.NewName(row.Name))
		var by []string
		if found != 0 {
			by = append(by, queries.ByName)
		}
		for _, n := range row.Trajectories {
			if m := q.InNumber(n); m != 0 {
				found |= m
				by = append(by, queries.ByTrajectory)
				break
			}
		}
		if r.Caller.Staff == Cleo || found != q.All() && !out.More {
			continue
		}
		out.Hits = append(out.Hits, queries.SearchHit{Dossier: row.Dossier, Name: row.Name, Status: row.Status, Service: row.Service,
			Trajectories: row.Trajectories, AssignedToMe: row.AssignedToMe, By: by})
	}
	return out, nil
}
