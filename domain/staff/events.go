// Package staff is a member of staff of an agency, or somebody engaged by it:
// the declaration of confidentiality and the roles (C-2.1.5, C-2.7e).
package staff

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The types of event of a member of staff.
const (
	TypeEnrolled              = "staff.enrolled"
	TypeEnded                 = "staff.ended"
	TypeConfidentialitySigned = "confidentiality.signed"
	TypeRoleGranted           = "role.granted"
	TypeRoleRevoked           = "role.revoked"
	TypeAccessGranted         = "access.granted"
	TypeAccessRevoked         = "access.revoked"
	TypeMaintenanceGranted    = "maintenance.granted"
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

// AccessGranted lets somebody read what no assignment lets him, on a director's
// authority (C-2.7a, S-Toe2). Section: {reason}.
type AccessGranted struct {
	Grant domain.ID `json:"grant"`
	// Dossiers are those that it opens; none while Team opens all of the agency.
	Dossiers     []domain.ID       `json:"dossiers,omitzero"`
	Team         bool              `json:"team,omitzero"`
	Categories   []domain.Category `json:"categories"`
	Purpose      string            `json:"purpose"`
	From         time.Time         `json:"from"`
	Until        time.Time         `json:"until"` // excluded
	AuthorisedBy domain.ID         `json:"authorised_by"`
}

// AccessRevoked ends a grant, or a maintenance window, at its occurred_at.
// Section: {reason}.
type AccessRevoked struct {
	Grant domain.ID `json:"grant"`
}

// MaintenanceGranted opens a window in which a supplier may work on the system
// (C-2.7f). Section: {contract, ticket}.
type MaintenanceGranted struct {
	Grant      domain.ID `json:"grant"`
	From       time.Time `json:"from"`
	Until      time.Time `json:"until"` // excluded
	ApprovedBy domain.ID `json:"approved_by"`
}

// EventType names are the constants above.

func (*Enrolled) EventType() string              { return TypeEnrolled }
func (*Ended) EventType() string                 { return TypeEnded }
func (*ConfidentialitySigned) EventType() string { return TypeConfidentialitySigned }
func (*RoleGranted) EventType() string           { return TypeRoleGranted }
func (*RoleRevoked) EventType() string           { return TypeRoleRevoked }
func (*AccessGranted) EventType() string         { return TypeAccessGranted }
func (*AccessRevoked) EventType() string         { return TypeAccessRevoked }
func (*MaintenanceGranted) EventType() string    { return TypeMaintenanceGranted }

// Lists are the dossiers that the grant opens.
func (e *AccessGranted) Lists() domain.Lists { return domain.Lists{Dossiers: &e.Dossiers} }
