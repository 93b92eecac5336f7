// Package policy decides who may do what, by Cedar policies that people can
// read (policies/*.cedar, the table of catalogue §5). Nothing is allowed that no
// policy permits. The law's own prohibitions (law.cedar) lie beneath an agency's
// policies and cannot be replaced, and what an agency permits of its own counts as
// far as the table (agency.cedar) permits it too: it narrows. Each decision names the policies it rests on
// and the digest of their texts, so that the access event says by which version
// of which rules somebody was let in.
package policy

import (
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// Subject is who asks, as the staff aggregate knows him at the moment that counts.
type Subject struct {
	Agency string   // where he belongs; "" for the operator and the engine
	Staff  string   // staff id, domain.Operator or domain.Engine
	Roles  []string // roles held at that moment
	Active bool     // enrolled and not ended at that moment
	Bound  bool     // a declaration of confidentiality holds that day (C-2.1.5)
}

// The kinds of things that can be asked for.
const (
	OfDossier  = "Dossier"
	OfOffice   = "Office"   // the agency's own matters
	OfRegister = "Register" // by its name
)

// Relation is how the subject stands to a dossier; computed from the stream's
// facts, never from what a session remembers.
type Relation struct {
	Assigned bool // and guidance not ended longer ago than the profile allows
	Team     bool // the profile lets the whole team in
	Granted  bool // an authorisation covers dossier, category, purpose and time
	Broken   bool // a break-glass of his own runs
	Matter   bool // the purpose's request, complaint, incident or review is open
}

// Ask is one question to the policies.
type Ask struct {
	Subject
	Agency string // whose data
	Action string // a command's name, or one of view, search, list, print, export, overview
	Of     string // OfDossier, OfOffice or OfRegister
	Name   string // of the register, or the dossier's id; "" of the office
	Relation
	Own      bool // of a register: only rows of the subject's own dossiers
	Self     bool // the command would give something to whoever gives it
	Category domain.Category
	Purpose  string
	// KnownPurpose: the profile in force knows the purpose (C-I1).
	KnownPurpose bool
	Door         string
	InScope      bool // the token covers the action, or none is used
	FreshFactor  bool // a second factor was proved within five minutes
	// Rule is the agency's rule on the need to know (C-0d, S-Toe1), for refusals.
	Rule string
}

// Decision is the answer, with what the access event says of it.
type Decision struct {
	Allowed  bool
	Ground   string   // assignment, role, grant, break_glass, request, engine, none (catalogue §3)
	Role     string   // the role that counted, "operator" or "engine"
	Policies []string // ids of the policies it rests on, in byte order
	Digest   string   // of all policy texts in force, hex
	Err      *domain.Error
}

// grounds in the order in which they count when several policies permit.
var grounds = []string{"assignment", "grant", "break_glass", "request", "role", "engine"}

// Stronger tells which of two grounds counts: an assignment before an
// authorisation, that before the glass, that before a matter, that before a role.
func Stronger(a, b string) string {
	if rank(b) < rank(a) {
		return b
	}
	return a
}

func rank(g string) int {
	if i := slices.Index(grounds, g); i >= 0 {
		return i
	}
	return len(grounds)
}

// Decide answers one question. Errors in a policy count as its not matching for
// a permit and, since that could loosen, as a refusal for a prohibition.
func (s *Set) Decide(a Ask) Decision {
	key := s.key(&a)
	if d, ok := s.memo.get(key); ok {
		return d
	}
	d := s.decide(&a)
	s.memo.put(key, d)
	return d
}

func (s *Set) decide(a *Ask) Decision {
	v := s.evaluate(a)
	d := Decision{Ground: "none", Digest: s.digest}
	switch {
	case v.allowed:
		d.Allowed = true
		for _, p := range v.permits {
			d.Policies = append(d.Policies, p.id)
		}
		for _, p := range v.counts {
			if d.Role == "" || Stronger(d.Ground, p.ground) != d.Ground {
				d.Ground, d.Role = p.ground, p.role
			}
		}
		if d.Role == "*" {
			d.Role = strings.Join(a.Roles, " ")
			if i := strings.IndexByte(d.Role, ' '); i >= 0 {
				d.Role = d.Role[:i]
			}
		}
	case len(v.forbids) > 0:
		for _, p := range v.forbids {
			d.Policies = append(d.Policies, p.id)
		}
		d.Err = v.forbids[0].refusal(a)
	default:
		d.Err = s.denied(a)
	}
	slices.Sort(d.Policies)
	d.Policies = slices.Compact(d.Policies)
	return d
}

// denied explains a refusal that rests on no prohibition: that a role is
// missing, that the dossier is not assigned, or that this is for others.
func (s *Set) denied(a *Ask) *domain.Error {
	forbidden := func(code, rule, message string) *domain.Error {
		return &domain.Error{Kind: domain.KindForbidden, Code: code, Rule: rule, Message: message}
	}
	if len(a.Roles) == 0 && a.Staff != domain.Operator && a.Staff != domain.Engine {
		return forbidden("no_role", "C-2.7e", "this account has no role yet; ask the administrator to grant one")
	}
	if would := *a; a.Of == OfDossier && !a.Assigned {
		would.Assigned = true
		if s.evaluate(&would).allowed {
			return forbidden("not_assigned", a.rule(), "this dossier is not assigned to you; ask for it to be assigned, or for an authorisation of the director")
		}
	}
	rule := "C-2.7e"
	if strings.HasPrefix(a.Rule, "S-") {
		rule = "S-Bev2"
	}
	return forbidden("not_permitted", rule, "your role does not permit this; ask somebody whose task it is, or the administrator")
}

func (a *Ask) rule() string {
	if a.Rule != "" {
		return a.Rule
	}
	return "C-0d"
}

// refusal is a prohibition as an error. The prohibitions order themselves: that
// an agency is another's hides everything else about it.
func (p *parsedPolicy) refusal(a *Ask) *domain.Error {
	e := &domain.Error{Kind: domain.KindForbidden, Code: p.code, Rule: p.rule, Message: p.message}
	if e.Code == "unknown_agency" {
		e.Kind = domain.KindNotFound
	}
	switch e.Code {
	case "not_assigned":
		e.Rule = a.rule()
	case "grant_to_self":
		e.Kind = domain.KindRefused // as the commands themselves refuse it
	}
	return e
}
