package staff

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// StateSchema is the version of State's stored form.
const StateSchema = 2

// State is what Decide and the rights need to know of a member of staff,
// folded in stream order.
type State struct {
	Newest       time.Time     `json:"newest,omitzero"` // the newest occurred_at
	Enrolled     time.Time     `json:"enrolled,omitzero"`
	LeftOn       nl.Date       `json:"left_on,omitzero"`
	Declarations []Declaration `json:"declarations,omitzero"`
	Roles        []RoleSpan    `json:"roles,omitzero"`
	Grants       []Grant       `json:"grants,omitzero"` // in stream order
}

// Grant lets a member of staff read what no assignment lets him (C-2.7a), or a
// supplier work on the system (C-2.7f), from From to Until, excluded.
type Grant struct {
	ID          domain.ID         `json:"id"`
	Maintenance bool              `json:"maintenance,omitzero"` // a supplier's window
	Dossiers    []domain.ID       `json:"dossiers,omitzero"`
	Team        bool              `json:"team,omitzero"` // all dossiers of the agency
	Categories  []domain.Category `json:"categories,omitzero"`
	Purpose     string            `json:"purpose,omitzero"`
	From        time.Time         `json:"from"`
	Until       time.Time         `json:"until"`
	// Approval is whom it names as approving it, and what he said (C-2.1.5b).
	Approval domain.Approval `json:"approval,omitzero"`
}

// Opens tells whether the grant covers a dossier.
func (g *Grant) Opens(dossier domain.ID) bool {
	return !g.Maintenance && (g.Team || slices.Contains(g.Dossiers, dossier))
}

// Declaration is a declaration of confidentiality, both days included.
type Declaration struct {
	SignedOn nl.Date `json:"signed_on"`
	Until    nl.Date `json:"until,omitzero"`
}

// RoleSpan is a role from From to Until, excluded; a zero Until has no end.
type RoleSpan struct {
	Role  string    `json:"role"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Exists tells whether the member of staff was ever enrolled.
func (s *State) Exists() bool { return s != nil && !s.Enrolled.IsZero() }

// ActiveAt tells whether the member of staff was enrolled and had not left.
func (s *State) ActiveAt(t time.Time) bool {
	return s.Exists() && !t.Before(s.Enrolled) && (s.LeftOn.IsZero() || t.Before(s.LeftOn.End()))
}

// RolesAt are the roles held at an instant, in byte order: none before the
// enrolment or after the last day.
func (s *State) RolesAt(t time.Time) []string {
	if !s.ActiveAt(t) {
		return nil
	}
	var out []string
	for _, r := range s.Roles {
		if !t.Before(r.From) && (r.Until.IsZero() || t.Before(r.Until)) && !slices.Contains(out, r.Role) {
			out = append(out, r.Role)
		}
	}
	slices.Sort(out)
	return out
}

// BoundOn tells whether a declaration of confidentiality holds on a day (C-2.1.5).
func (s *State) BoundOn(day nl.Date) bool {
	return s != nil && slices.ContainsFunc(s.Declarations, func(d Declaration) bool {
		return !day.Before(d.SignedOn) && (d.Until.IsZero() || !day.After(d.Until))
	})
}

// GrantsAt are the grants and maintenance windows that hold at an instant, in
// stream order: none before the enrolment or after the last day.
func (s *State) GrantsAt(t time.Time) []Grant {
	if !s.ActiveAt(t) {
		return nil
	}
	var out []Grant
	for _, g := range s.Grants {
		if !t.Before(g.From) && t.Before(g.Until) {
			out = append(out, g)
		}
	}
	return out
}

// Evolve folds one event into the state, which it may change and which the
// caller does not use afterwards.
func Evolve(s *State, r domain.Recorded) *State {
	if r.Meta.Occurred.After(s.Newest) {
		s.Newest = r.Meta.Occurred
	}
	switch e := r.Event.(type) {
	case *Enrolled:
		s.Enrolled = r.Meta.Occurred
	case *Ended:
		s.LeftOn = e.LeftOn
	case *ConfidentialitySigned:
		s.Declarations = append(s.Declarations, Declaration{e.SignedOn, e.Until})
	case *RoleGranted:
		s.Roles = append(s.Roles, RoleSpan{Role: e.Role, From: r.Meta.Occurred})
	case *RoleRevoked:
		for i := range s.Roles {
			if s.Roles[i].Role == e.Role && s.Roles[i].Until.IsZero() {
				s.Roles[i].Until = r.Meta.Occurred
			}
		}
	case *AccessGranted:
		s.Grants = append(s.Grants, Grant{
			ID: e.Grant, Dossiers: e.Dossiers, Team: e.Team, Categories: e.Categories, Purpose: e.Purpose, From: e.From, Until: e.Until,
			Approval: domain.Named(e.AuthorisedBy, r.Meta.Actor),
		})
	case *MaintenanceGranted:
		s.Grants = append(s.Grants, Grant{ID: e.Grant, Maintenance: true, Purpose: "maintenance", From: e.From, Until: e.Until, Approval: domain.Named(e.ApprovedBy, r.Meta.Actor)})
	case *AccessRevoked:
		s.revoke(e.Grant, r.Meta.Occurred)
	case *GrantConfirmed:
		s.confirm(e, r)
	}
	return s
}

// revoke ends a grant at an instant; one that had not begun never does.
func (s *State) revoke(grant domain.ID, at time.Time) {
	for i := range s.Grants {
		if g := &s.Grants[i]; g.ID == grant && at.Before(g.Until) {
			g.Until = at
			if g.Until.Before(g.From) {
				g.From = g.Until
			}
		}
	}
}
