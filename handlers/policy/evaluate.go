package policy

import (
	"slices"
	"strings"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"github.com/casefile-engine/casefile/domain"
)

// memoKey is all of a question that policies can look at.
type memoKey struct {
	staff, subjectAgency, roles, agency, action, of, name, category, purpose, door, rule string
	flags                                                                                uint16
}

func (s *Set) key(a *Ask) memoKey {
	k := memoKey{
		subjectAgency: a.Subject.Agency, roles: strings.Join(a.Roles, " "), agency: a.Agency, action: a.Action, of: a.Of,
		category: string(a.Category), purpose: a.Purpose, door: a.Door, rule: a.Rule,
	}
	if s.names || a.Staff == domain.Operator || a.Staff == domain.Engine {
		k.staff = a.Staff
	}
	if s.names || a.Of == OfRegister {
		k.name = a.Name
	}
	for i, b := range []bool{a.Active, a.Bound, a.Assigned, a.Team, a.Granted, a.Broken, a.Matter, a.Own, a.Self, a.KnownPurpose, a.InScope, a.FreshFactor} {
		if b {
			k.flags |= 1 << i
		}
	}
	return k
}

// verdict is what the policies say.
type verdict struct {
	allowed          bool
	permits, forbids []*parsedPolicy
	// counts are the permits whose ground and role go on record.
	counts []*parsedPolicy
}

// evaluate answers by the law, by the agency's own policies, and by the table that
// they stand under: what an agency permits is permitted as far as the table does.
// Ground and role are the table's, so that no text of an agency's own makes one up;
// where several count, those that the agency's policies rest on as well.
func (s *Set) evaluate(a *Ask) verdict {
	v := s.asked(a)
	if v.counts = v.permits; s.table == nil || !v.allowed {
		return v
	}
	t := s.table.asked(a)
	if !t.allowed {
		return verdict{}
	}
	both := slices.DeleteFunc(slices.Clone(t.permits), func(p *parsedPolicy) bool {
		return !slices.ContainsFunc(v.permits, func(own *parsedPolicy) bool { return own.ground == p.ground })
	})
	if v.counts = both; len(both) == 0 {
		v.counts = t.permits
	}
	v.permits = append(v.permits, t.permits...)
	return v
}

// asked is what the set's own policies say.
func (s *Set) asked(a *Ask) verdict {
	req, entities := s.request(a)
	decision, diag := cedar.Authorize(subset{s, s.byAction[a.Action]}, entities, req)
	v := verdict{allowed: decision == cedar.Allow}
	for _, r := range diag.Reasons {
		p := s.policies[r.PolicyID]
		if p.forbid {
			v.forbids = append(v.forbids, p)
		} else {
			v.permits = append(v.permits, p)
		}
	}
	// A prohibition that cannot be evaluated prohibits; cedar passes over it.
	for _, e := range diag.Errors {
		if p := s.policies[e.PolicyID]; p.forbid {
			v.allowed = false
			v.forbids = append(v.forbids, p)
		}
	}
	slices.SortFunc(v.forbids, func(a, b *parsedPolicy) int {
		if d := lawRank(a.id) - lawRank(b.id); d != 0 {
			return d
		}
		return strings.Compare(a.id, b.id)
	})
	return v
}

func lawRank(id string) int {
	if i := slices.Index(lawOrder, id); i >= 0 {
		return i
	}
	return len(lawOrder)
}

// request is the question in Cedar's terms.
func (s *Set) request(a *Ask) (cedar.Request, types.EntityGetter) {
	world := entities{actions: s.actions}
	principal := types.NewEntityUID("Staff", types.String(a.Staff))
	switch a.Staff {
	case domain.Operator:
		principal = types.NewEntityUID("Operator", "operator")
	case domain.Engine:
		principal = types.NewEntityUID("Engine", "engine")
	default:
		roles := make([]types.EntityUID, len(a.Roles))
		for i, r := range a.Roles {
			roles[i] = types.NewEntityUID("Role", types.String(r))
		}
		world.add(types.Entity{UID: principal, Parents: types.NewEntityUIDSet(roles...), Attributes: types.NewRecord(types.RecordMap{
			"agency": types.String(a.Subject.Agency), "active": types.Boolean(a.Active), "bound": types.Boolean(a.Bound),
		})})
	}
	id := a.Name
	if a.Of == OfOffice {
		id = a.Agency
	}
	resource := types.NewEntityUID(types.EntityType(a.Of), types.String(id))
	world.add(types.Entity{UID: resource, Attributes: types.NewRecord(types.RecordMap{"agency": types.String(a.Agency)})})
	return cedar.Request{
		Principal: principal, Action: types.NewEntityUID("Action", types.String(a.Action)), Resource: resource, Context: context(a),
	}, &world
}

func context(a *Ask) types.Record {
	b := func(v bool) types.Value { return types.Boolean(v) }
	return types.NewRecord(types.RecordMap{
		"assigned": b(a.Assigned), "team": b(a.Team), "granted": b(a.Granted), "broken": b(a.Broken), "matter": b(a.Matter),
		"own": b(a.Own), "self": b(a.Self), "category": types.String(a.Category), "health": b(a.Category.Health()),
		"purpose": types.String(a.Purpose), "allowed_purpose": b(a.KnownPurpose), "door": types.String(a.Door),
		"in_scope": b(a.InScope), "fresh_factor": b(a.FreshFactor),
	})
}

// entities are those of one question, beside the actions.
type entities struct {
	actions types.EntityMap
	own     [2]types.Entity
	n       int
}

func (e *entities) add(x types.Entity) { e.own[e.n] = x; e.n++ }

// Get finds an entity by its id.
func (e *entities) Get(uid types.EntityUID) (types.Entity, bool) {
	for i := range e.n {
		if e.own[i].UID == uid {
			return e.own[i], true
		}
	}
	return e.actions.Get(uid)
}
