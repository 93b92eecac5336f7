// Package staff is a member of staff of an agency, or somebody engaged by it:
// the declaration of confidentiality and the roles (C-2.1.5, C-2.7e).
package staff

import "github.com/casefile-engine/casefile/domain/nl"

// The types of event of a member of staff.
const (
	TypeEnrolled              = "staff.enrolled"
	TypeEnded                 = "staff.ended"
	TypeConfidentialitySigned = "confidentiality.signed"
	TypeRoleGranted           = "role.granted"
	TypeRoleRevoked           = "role.revoked"
)

// Every section of these events belongs to "staff/<id>", class person,
// category staff.

// Enrolled brings a member of staff in. Section: {name, login}.
type Enrolled struct{}

// Ended ends the employment after LeftOn; the roles end with it. No section.
type Ended struct {
	LeftOn nl.Date `json:"left_on"`
}

// ConfidentialitySigned is the declaration of confidentiality, valid from
// SignedOn to Until, both included (C-2.1.5). Section: {reference}.
type ConfidentialitySigned struct {
	SignedOn nl.Date `json:"signed_on"`
	Until    nl.Date `json:"until,omitzero"`
}

// RoleGranted gives a role from its occurred_at. No section.
type RoleGranted struct {
	Role string `json:"role"`
}

// RoleRevoked takes a role away at its occurred_at. No section.
type RoleRevoked struct {
	Role string `json:"role"`
}

// EventType names are the constants above.

func (*Enrolled) EventType() string              { return TypeEnrolled }
func (*Ended) EventType() string                 { return TypeEnded }
func (*ConfidentialitySigned) EventType() string { return TypeConfidentialitySigned }
func (*RoleGranted) EventType() string           { return TypeRoleGranted }
func (*RoleRevoked) EventType() string           { return TypeRoleRevoked }
