// Package policy decides who may do what. For now it holds one simple rule: an
// active member of staff of the agency with a role may work with the agency's
// dossiers, and the operator may do everything on the data directory itself.
// The answer names its ground and the digest of the rules it was given by, so
// that the access event says on which version of the rules it rests.
package policy

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Subject is who asks, as the staff aggregate knows him at the moment that counts.
type Subject struct {
	Agency string   // where he belongs; "" for the operator and the engine
	Staff  string   // staff id, domain.Operator or domain.Engine
	Roles  []string // roles held at that moment
	Active bool     // enrolled and not ended at that moment
}

// Decision is the answer, with what the access event says of it.
type Decision struct {
	Allowed bool
	Ground  string // assignment, role, grant, break_glass, request, engine, none (catalogue §3)
	Role    string // the role that counted, "" for operator and engine
	Digest  string // of the rules, hex
	Err     *domain.Error
}

// Rules is one version of the rules.
type Rules struct{ digest string }

// simpleText is the rule in words; its digest stands in every decision.
const simpleText = "casefile rules 1: an active member of staff with a role works with the dossiers of his own agency; the operator works on the data directory; the engine indexes and keeps terms"

// Simple gives the rule described at the top of the package.
func Simple() *Rules {
	sum := sha256.Sum256([]byte(simpleText))
	return &Rules{digest: hex.EncodeToString(sum[:])}
}

// Decide answers whether s may act in the agency at that time.
func (r *Rules) Decide(s Subject, agency string, _ time.Time) Decision {
	d := Decision{Ground: "none", Digest: r.digest}
	switch {
	case s.Staff == domain.Operator:
		d.Allowed, d.Ground = true, "role"
		d.Role = domain.Operator
	case s.Staff == domain.Engine:
		d.Allowed, d.Ground = true, "engine"
		d.Role = domain.Engine
	case s.Agency != agency:
		d.Err = &domain.Error{Kind: domain.KindNotFound, Code: "unknown_agency", Rule: "C-2.8", Message: "there is no such agency here; check its code"}
	case !s.Active:
		d.Err = &domain.Error{Kind: domain.KindForbidden, Code: "not_active", Rule: "C-2.7e", Message: "this account is not active at the agency; ask the administrator"}
	case len(s.Roles) == 0:
		d.Err = &domain.Error{Kind: domain.KindForbidden, Code: "no_role", Rule: "C-2.7e", Message: "this account has no role yet; ask the administrator to grant one"}
	default:
		d.Allowed, d.Ground, d.Role = true, "role", s.Roles[0]
	}
	return d
}
