package queries

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/rows"
)

// maxListed is how many dossiers one list shows: what one access event can name.
const maxListed = access.MaxDossiers

// Caseload lists the dossiers of the agency with the clients' names, the
// reader's own first, each part in the order of the names (C-0d). One access
// event names every dossier that it shows; the list ends at 1,000.
func (s *Service) Caseload(ctx context.Context, r Reader) ([]CaseloadRow, error) {
	if err := checkReader(r); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, r); err != nil {
		return nil, err
	}
	d, err := s.authorise(ctx, r, look{})
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	list, err := s.listed(ctx, r, now)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(list))
	l := look{categories: []domain.Category{domain.CatContact, domain.CatStaff}}
	staff := map[string]bool{}
	for i, row := range list {
		ids[i] = row.Dossier
		l.owners = append(l.owners, "dossier/"+row.Dossier)
		for _, id := range row.AssignedAt(now) {
			if !staff[id] {
				staff[id] = true
				l.owners = append(l.owners, "staff/"+id)
			}
		}
	}
	l.dossiers = ids
	ack, _, err := s.record(ctx, r, d, l)
	if err != nil {
		return nil, err
	}
	return s.caseloadRows(ctx, ack, r, list, ids, staff, now)
}

// listed gives the dossiers that the list will show, the reader's own first.
func (s *Service) listed(ctx context.Context, r Reader, now time.Time) ([]dossiers.Dossier, error) {
	var own, others []dossiers.Dossier
	mine := map[string]bool{}
	if st := r.Caller.Staff; st != domain.Operator && st != domain.Engine {
		err := dossiers.List(ctx, s.db, dossiers.Filter{Filter: rows.Filter{Agency: r.Agency}, Staff: st, At: now}, func(d dossiers.Dossier) error {
			own = append(own, d)
			mine[d.Dossier] = true
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	err := dossiers.List(ctx, s.db, dossiers.Filter{Filter: rows.Filter{Agency: r.Agency}}, func(d dossiers.Dossier) error {
		if !mine[d.Dossier] {
			others = append(others, d)
		}
		if len(own)+len(others) >= maxListed {
			return rows.ErrStop
		}
		return nil
	})
	all := append(own, others...)
	return all[:min(len(all), maxListed)], err
}

func (s *Service) caseloadRows(ctx context.Context, ack seal.Acknowledgement, r Reader, list []dossiers.Dossier, ids []string, staff map[string]bool, now time.Time) ([]CaseloadRow, error) {
	contacts, err := dossiers.Particulars(ctx, s.db, r.Agency, domain.CatContact, ids)
	if err != nil {
		return nil, err
	}
	names, err := s.openNames(ctx, ack, r.Agency, staff)
	if err != nil {
		return nil, err
	}
	out := make([]CaseloadRow, len(list))
	for i := range list {
		d := &list[i]
		row := CaseloadRow{
			Dossier: d.Dossier, Status: d.Status, Service: d.Service, Records: d.RecordTotal,
			Minutes: d.Minutes, Budget: d.Budget, LastEventAt: d.LastEventAt.UTC().Format(time.RFC3339),
		}
		for _, t := range d.Trajectories {
			row.Trajectories = append(row.Trajectories, t.Trajectory)
		}
		for _, id := range d.AssignedAt(now) {
			row.Assigned = append(row.Assigned, names[id].Name)
			row.AssignedToMe = row.AssignedToMe || id == r.Caller.Staff
		}
		if row.Name, err = s.clientName(ctx, ack, contacts[d.Dossier]); err != nil {
			return nil, err
		}
		out[i] = row
	}
	c := collate.New(language.Dutch, collate.IgnoreCase)
	slices.SortStableFunc(out, func(a, b CaseloadRow) int {
		if a.AssignedToMe != b.AssignedToMe {
			if a.AssignedToMe {
				return -1
			}
			return 1
		}
		return c.CompareString(a.Name, b.Name)
	})
	return out, nil
}

// clientName lays the contact sections over each other and writes the name as
// "family name, given names".
func (s *Service) clientName(ctx context.Context, ack seal.Acknowledgement, list []dossiers.Section) (string, error) {
	var name struct {
		Family string `json:"family_name"`
		Given  string `json:"given_names"`
	}
	for _, sec := range list {
		var v Value
		if err := s.opened(ctx, ack, sec.Sealed, &v); err != nil {
			return "", err
		}
		if v.State != "open" {
			return "", nil
		}
		if err := json.Unmarshal(v.Data, &name); err != nil {
			return "", err
		}
	}
	switch {
	case name.Given == "":
		return name.Family, nil
	case name.Family == "":
		return name.Given, nil
	}
	return name.Family + ", " + name.Given, nil
}
