package queries

import (
	"context"
	"reflect"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/rows"
)

// pass is what a reader was let through with: the decision as the access event
// tells it, and the data categories that he may see.
type pass struct {
	policy.Decision
	may   map[domain.Category]bool
	whole bool // every category
}

// sees tells whether the pass takes in a category.
func (p pass) sees(c domain.Category) bool { return p.whole || p.may[c] }

// everything is all that a dossier can hold.
var everything = append(slices.Clone(domain.Categories), domain.CatInvoiceName, domain.CatFile)

// authorise answers whether the reader may look, and at which categories. A
// denial is a fact as well and is put on record; that it could not be recorded
// changes nothing for the reader: nothing is shown either way.
func (s *Service) authorise(ctx context.Context, r Reader, q commands.Question) (pass, error) {
	if q.Action == "" {
		q.Action = r.Action
	}
	q.Purpose = r.Purpose
	if q.Of == policy.OfDossier && q.Dossier != "" {
		var err error
		if q.Matter, err = s.matter(ctx, r, q.Dossier); err != nil {
			return pass{}, err
		}
	}
	decisions, err := s.commands.Authorise(ctx, r.Caller, r.Agency, q)
	if err != nil {
		return pass{}, err
	}
	p := combine(decisions, q.Categories)
	if !p.Allowed {
		s.deny(ctx, r, p, q)
		return p, p.Err
	}
	return p, nil
}

// StillOpen tells whether a dossier that is on somebody's screen is still open to
// him; it shows nothing, so it leaves no look. The page that asks and is refused
// is loaded anew, which is refused on record (C-0d, S-Toe1).
func (s *Service) StillOpen(ctx context.Context, r Reader, dossier string) error {
	if err := checkReader(r); err != nil {
		return err
	}
	dossier, err := domain.ParseID("dossier", dossier)
	if err != nil {
		return err
	}
	q := commands.Question{Action: r.Action, Of: policy.OfDossier, Dossier: dossier, Purpose: r.Purpose, Categories: everything}
	if q.Matter, err = s.matter(ctx, r, dossier); err != nil {
		return err
	}
	decisions, err := s.commands.Authorise(ctx, r.Caller, r.Agency, q)
	if err != nil {
		return err
	}
	if p := combine(decisions, q.Categories); !p.Allowed {
		return p.Err
	}
	return nil
}

// combine lays the decisions for several categories together.
func combine(decisions []policy.Decision, categories []domain.Category) pass {
	p := pass{may: map[domain.Category]bool{}, whole: true}
	for i, d := range decisions {
		if !d.Allowed {
			p.whole = false
			if !p.Allowed && p.Err == nil {
				denied := d
				p.Decision = denied
			}
			continue
		}
		if len(categories) > 0 {
			p.may[categories[i]] = true
		}
		if !p.Allowed {
			p.Decision = d
			p.Policies = slices.Clone(d.Policies)
			continue
		}
		if p.Ground != d.Ground && policy.Stronger(p.Ground, d.Ground) == d.Ground {
			p.Ground, p.Role = d.Ground, d.Role
		}
		p.Policies = append(p.Policies, d.Policies...)
	}
	slices.Sort(p.Policies)
	p.Policies = slices.Compact(p.Policies)
	return p
}

// deny puts a denied look on record with the reader's own agency: what another
// agency has is nothing that its stream may speak of (C-2.8).
func (s *Service) deny(ctx context.Context, r Reader, p pass, q commands.Question) {
	l := look{categories: q.Categories}
	if r.Agency == r.Caller.Agency {
		if there, err := s.commands.Exists(ctx, r.Agency, q.Dossier); err == nil && there {
			l.dossiers = []string{q.Dossier}
		}
	}
	if len(l.categories) == len(everything) {
		l.categories = nil
	}
	if r.Agency = r.Caller.Agency; r.Agency == "" {
		return // the operator, by a door that is none of his
	}
	if _, _, err := s.record(ctx, r, p, l); err != nil {
		s.log.Error("a denied access could not be recorded", "code", domain.AsError(err).Code)
	}
}

// byGrant tells whether an authorisation of the director opens some dossier to
// the reader, for a role that has none of its own (C-2.7a).
func (s *Service) byGrant(ctx context.Context, r Reader, q commands.Question) (pass, bool, error) {
	if r.Caller.Agency != r.Agency {
		return pass{}, false, nil
	}
	named, _, err := s.commands.Grants(ctx, r.Agency, r.Caller.Staff)
	if err != nil || len(named) == 0 {
		return pass{}, false, err
	}
	decisions, err := s.commands.AuthoriseEach(ctx, r.Caller, r.Agency, q, named)
	p := combine(decisions, nil)
	return p, p.Allowed, err
}

// scope is which dossiers of an agency a reader's list or register may name.
type scope struct {
	all  bool
	only map[string]bool
}

func (s scope) holds(dossier string) bool { return s.all || s.only[dossier] }

// current waits until views are at the stream's head, where what they say lets
// somebody in.
func (s *Service) current(ctx context.Context, names ...string) error {
	if s.upToDate == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	if err := s.upToDate(ctx, names...); err != nil {
		return behind(err)
	}
	return nil
}

func behind(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "views_behind", Rule: "C-2.1.4d", Message: "the views have not reached that position yet; try again in a moment", Cause: err}
}

// registerScope decides on a register: all of it, or the rows of the reader's
// own dossiers.
func (s *Service) registerScope(ctx context.Context, r Reader, register string) (pass, scope, error) {
	q := commands.Question{Action: r.Action, Of: policy.OfRegister, Register: register, Purpose: r.Purpose}
	decisions, err := s.commands.Authorise(ctx, r.Caller, r.Agency, q)
	if err != nil {
		return pass{}, scope{}, err
	}
	if p := combine(decisions, nil); p.Allowed {
		return p, scope{all: true}, nil
	}
	q.Own = true
	p, err := s.authorise(ctx, r, q)
	if err != nil {
		return p, scope{}, err
	}
	own, err := s.ownDossiers(ctx, r)
	if err != nil {
		return p, scope{}, err
	}
	sc := scope{only: map[string]bool{}}
	allowed, err := s.commands.AuthoriseEach(ctx, r.Caller, r.Agency, commands.Question{Action: "view", Of: policy.OfDossier, Purpose: r.Purpose}, own)
	for i, id := range own {
		if err == nil && allowed[i].Allowed && allowed[i].Ground == "assignment" {
			sc.only[id] = true
		}
	}
	return p, sc, err
}

// ownDossiers are the dossiers to which the view says that the reader is
// assigned, in the order in which they were opened. The view may lag: each is
// still to be decided on by the stream's facts.
func (s *Service) ownDossiers(ctx context.Context, r Reader) ([]string, error) {
	var out []string
	err := dossiers.List(ctx, s.db, dossiers.Filter{Filter: rows.Filter{Agency: r.Agency}, Staff: r.Caller.Staff, At: s.clock.Now()}, func(d dossiers.Dossier) error {
		out = append(out, d.Dossier)
		return nil
	})
	return out, err
}

// within lets through the rows of the scope's dossiers alone. A row that names
// several dossiers names those of the scope.
func (s scope) within(emit func(row any) error) func(row any) error {
	if s.all {
		return emit
	}
	return func(row any) error {
		if x, ok := row.(incidents.Row); ok {
			x.Dossiers = slices.DeleteFunc(slices.Clone(x.Dossiers), func(id string) bool { return !s.only[id] })
			if len(x.Dossiers) == 0 {
				return nil
			}
			return emit(x)
		}
		if v := reflect.Indirect(reflect.ValueOf(row)); v.Kind() == reflect.Struct {
			if f := v.FieldByName("Dossier"); f.IsValid() && f.Kind() == reflect.String && s.only[f.String()] {
				return emit(row)
			}
		}
		return nil
	}
}

// matter tells whether what the purpose is about is open for a dossier: a
// request of the client, a complaint, an incident, or a break-glass that has to
// be reviewed (catalogue §5, compliance officer).
func (s *Service) matter(ctx context.Context, r Reader, dossier string) (bool, error) {
	switch r.Purpose {
	case "rights_request", "complaint", "audit":
		return s.commands.Matter(ctx, r.Agency, dossier, r.Purpose)
	case "incident":
		if err := s.current(ctx, incidents.Name); err != nil {
			return false, err
		}
		open := false
		err := incidents.List(ctx, s.db, rows.Filter{Agency: r.Agency, Dossier: dossier}, func(x incidents.Row) error {
			open = open || x.ClosedOn.IsZero()
			return nil
		})
		return open, err
	}
	return false, nil
}

// recorded is an access event for a look that was allowed or denied.
func (p pass) recorded(r Reader, l look) *access.Recorded {
	slices.Sort(l.owners)
	slices.Sort(l.categories)
	ev := &access.Recorded{
		Action: r.Action, Outcome: access.Allowed, Dossiers: l.dossiers,
		Owners: slices.Compact(l.owners), Categories: slices.Compact(l.categories), Policies: p.Policies,
		Purpose: r.Purpose, Ground: p.Ground, Role: p.Role, OnBehalfOf: r.Caller.OnBehalfOf,
	}
	if !p.Allowed {
		ev.Outcome, ev.Owners = access.Denied, nil
		if p.Err != nil {
			ev.Code, ev.Rule = p.Err.Code, p.Err.Rule
		}
	}
	return ev
}
