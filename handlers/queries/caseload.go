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
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/rows"
)

// maxListed is how many dossiers one list shows: what one access event can name.
const maxListed = access.MaxDossiers

// Caseload lists the dossiers whose clients' names are open to the reader: those
// assigned to him, those that an authorisation opens, and all of them where his
// role alone suffices (C-0d). His own come first, each part in the order of the
// names. One access event names every dossier that it shows; the list ends at 1,000.
func (s *Service) Caseload(ctx context.Context, r Reader) ([]CaseloadRow, error) {
	if err := checkReader(r); err != nil {
		return nil, err
	}
	if err := s.wait(ctx, r); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	p, list, err := s.listed(ctx, r, now)
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
	ack, _, err := s.record(ctx, r, p, l)
	if err != nil {
		return nil, err
	}
	return s.caseloadRows(ctx, ack, r, list, ids, staff, now)
}

// listed gives the dossiers that the list will show, the reader's own first, and
// what lets him see them. Each is decided on by the stream's own facts; the view
// only says which to ask about.
func (s *Service) listed(ctx context.Context, r Reader, now time.Time) (pass, []dossiers.Dossier, error) {
	q := commands.Question{Action: r.Action, Of: policy.OfDossier, Purpose: r.Purpose, Categories: []domain.Category{domain.CatContact}}
	byRole, err := s.commands.Authorise(ctx, r.Caller, r.Agency, q)
	if err != nil {
		return pass{}, nil, err
	}
	p, all := combine(byRole, q.Categories), byRole[0].Allowed
	own, err := s.candidates(ctx, r, all, now)
	if err != nil {
		return p, nil, err
	}
	ids := make([]string, len(own))
	for i := range own {
		ids[i] = own[i].Dossier
	}
	decisions, err := s.commands.AuthoriseEach(ctx, r.Caller, r.Agency, q, ids)
	if err != nil {
		return p, nil, err
	}
	kept := own[:0]
	var open []policy.Decision
	for i, d := range decisions {
		if d.Allowed {
			open, kept = append(open, d), append(kept, own[i])
		}
	}
	switch {
	case len(open) > 0:
		return combine(open, nil), kept, nil
	case all:
		return p, nil, nil
	}
	q.Own = true // nothing is open: would a dossier of his own be?
	p, err = s.authorise(ctx, r, q)
	return p, nil, err
}

// candidates are the dossiers that may be open to the reader: his own, then those
// that authorisations name, or all where his role or an authorisation says so.
func (s *Service) candidates(ctx context.Context, r Reader, all bool, now time.Time) ([]dossiers.Dossier, error) {
	var out []dossiers.Dossier
	seen := map[string]bool{}
	add := func(f dossiers.Filter) error {
		f.Agency = r.Agency
		return dossiers.List(ctx, s.db, f, func(d dossiers.Dossier) error {
			if len(out) >= maxListed {
				return rows.ErrStop
			}
			if !seen[d.Dossier] {
				seen[d.Dossier] = true
				out = append(out, d)
			}
			return nil
		})
	}
	var named []string
	if st := r.Caller.Staff; st != domain.Operator && st != domain.Engine {
		if err := add(dossiers.Filter{Staff: st, At: now}); err != nil {
			return nil, err
		}
		var team bool
		var err error
		if named, team, err = s.commands.Grants(ctx, r.Agency, st); err != nil {
			return nil, err
		}
		if all = all || team; !all {
			if all, err = s.commands.Team(ctx, r.Agency); err != nil {
				return nil, err
			}
		}
	}
	if all {
		return out, add(dossiers.Filter{})
	}
	for _, id := range named {
		if err := add(dossiers.Filter{Filter: rows.Filter{Dossier: id}}); err != nil {
			return nil, err
		}
	}
	return out, nil
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
	seen, err := s.passes(ctx, r, r.Action, ids)
	if err != nil {
		return nil, err
	}
	out := make([]CaseloadRow, len(list))
	for i := range list {
		d := &list[i]
		row := CaseloadRow{
			Dossier: d.Dossier, Status: d.Status, Service: d.Service, Records: total(seenOf(seen[d.Dossier], d.Records)),
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
