package staff

import (
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// EnrolStaff brings a member of staff in, or somebody engaged.
type EnrolStaff struct {
	Staff domain.ID `json:"staff"`
	Name  string    `json:"name"`
	Login string    `json:"login"` // unique in the agency
}

// EndStaff ends an employment after LeftOn.
type EndStaff struct {
	Staff  domain.ID `json:"staff"`
	LeftOn nl.Date   `json:"left_on"`
}

// SignConfidentiality records a declaration of confidentiality (C-2.1.5).
type SignConfidentiality struct {
	Staff     domain.ID `json:"staff"`
	SignedOn  nl.Date   `json:"signed_on"`
	Reference string    `json:"reference"`
	Until     nl.Date   `json:"until,omitzero"`
}

// GrantRole gives a role (C-2.7e).
type GrantRole struct {
	Staff domain.ID `json:"staff"`
	Role  string    `json:"role"`
}

// RevokeRole takes a role away (C-2.7e).
type RevokeRole struct {
	Staff domain.ID `json:"staff"`
	Role  string    `json:"role"`
}

// CommandName is the name in the catalogue.

func (*EnrolStaff) CommandName() string          { return "EnrolStaff" }
func (*EndStaff) CommandName() string            { return "EndStaff" }
func (*SignConfidentiality) CommandName() string { return "SignConfidentiality" }
func (*GrantRole) CommandName() string           { return "GrantRole" }
func (*RevokeRole) CommandName() string          { return "RevokeRole" }

// Validate tells what is wrong with the form of the command.
func (c *EnrolStaff) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.Text("name", c.Name, domain.MaxShort)
	k.Text("login", c.Login, domain.MaxShort)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *EndStaff) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.Has("left_on", !c.LeftOn.IsZero())
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *SignConfidentiality) Validate() error {
	var k domain.Check
	k.ID("staff", &c.Staff)
	k.Has("signed_on", !c.SignedOn.IsZero())
	k.Text("reference", c.Reference, domain.MaxShort)
	if !c.Until.IsZero() && c.Until.Before(c.SignedOn) {
		k.Fail(domain.Invalid("out_of_range", "until", "the declaration ends before it was signed; compare the two dates"))
	}
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *GrantRole) Validate() error { return checkRole(&c.Staff, c.Role) }

// Validate tells what is wrong with the form of the command.
func (c *RevokeRole) Validate() error { return checkRole(&c.Staff, c.Role) }

func checkRole(staff *domain.ID, role string) error {
	var k domain.Check
	k.ID("staff", staff)
	k.Code("role", role, domain.Roles)
	return k.Err()
}

// Target is the member of staff whom a command is about.
func Target(c domain.Command) domain.ID {
	switch c := c.(type) {
	case *EnrolStaff:
		return c.Staff
	case *EndStaff:
		return c.Staff
	case *SignConfidentiality:
		return c.Staff
	case *GrantRole:
		return c.Staff
	case *RevokeRole:
		return c.Staff
	case *GrantAccess:
		return c.Staff
	case *RevokeAccess:
		return c.Staff
	case *GrantMaintenance:
		return c.Staff
	case *ConfirmGrant:
		return c.Staff
	}
	return ""
}

// FoldLogin is the one form in which logins are compared: people do not tell
// them apart by case or by spaces around them.
func FoldLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// NeedsResponsible tells whether the number of dossiers decides for which the
// member of staff is responsible.
func NeedsResponsible(c domain.Command) bool {
	_, ok := c.(*EndStaff)
	return ok
}

// Timing says which general rules of time hold for a command: roles and access
// are given and taken now (catalogue §2).
func Timing(c domain.Command) domain.Timing {
	switch c.(type) {
	case *GrantRole, *RevokeRole, *GrantAccess, *RevokeAccess, *GrantMaintenance, *ConfirmGrant:
		return domain.Timing{Now: true}
	}
	return domain.Timing{}
}

// Decide says what a command does to a member of staff. It changes nothing.
func Decide(s *State, c domain.Command, env *domain.Env) ([]domain.Fact, error) {
	if _, enrol := c.(*EnrolStaff); !enrol && !s.Exists() {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_staff", Rule: "C-2.7e", Field: "staff",
			Message: "there is no such member of staff in this agency; enrol the person first"}
	}
	if err := env.CheckTime(Timing(c), time.Time{}, s.Newest); err != nil {
		return nil, err
	}
	switch c := c.(type) {
	case *EnrolStaff:
		return enrol(s, c)
	case *EndStaff:
		return end(s, c, env)
	case *SignConfidentiality:
		return sign(c, env)
	case *GrantRole:
		return grant(s, c, env)
	case *RevokeRole:
		return revoke(s, c, env)
	case *GrantAccess:
		return grantAccess(s, c, env)
	case *RevokeAccess:
		return revokeAccess(s, c, env)
	case *GrantMaintenance:
		return grantMaintenance(s, c, env)
	case *ConfirmGrant:
		return confirmGrant(s, c, env)
	}
	return nil, domain.NotHandled(c)
}

func enrol(s *State, c *EnrolStaff) ([]domain.Fact, error) {
	if s.Exists() {
		return nil, domain.RefusedField("staff", "already_enrolled", "C-2.7e", "this id belongs to somebody who is enrolled already; choose another id")
	}
	return domain.OneFact(&Enrolled{}, seal(c.Staff, map[string]any{"name": c.Name, "login": c.Login})), nil
}

func end(s *State, c *EndStaff, env *domain.Env) ([]domain.Fact, error) {
	switch {
	case !s.LeftOn.IsZero():
		return nil, domain.RefusedField("staff", "already_ended", "C-2.7e", "this member of staff has left already")
	case c.LeftOn.Before(nl.DateOf(s.Enrolled)):
		return nil, domain.RefusedField("left_on", "before_enrolment", "C-2.7e", "the last day lies before the enrolment; compare the date")
	case env.Responsible > 0:
		return nil, domain.RefusedField("staff", "still_responsible", "C-0d", "this member of staff is still responsible for a dossier; assign somebody else first (the account can be closed at once)")
	}
	return domain.OneFact(&Ended{LeftOn: c.LeftOn}, nil), nil
}

func sign(c *SignConfidentiality, env *domain.Env) ([]domain.Fact, error) {
	if c.SignedOn.After(nl.DateOf(env.Now)) {
		return nil, domain.RefusedField("signed_on", "in_future", "C-2.1.5", "a declaration counts from the day on which it was signed, which cannot lie in the future")
	}
	return domain.OneFact(&ConfidentialitySigned{SignedOn: c.SignedOn, Until: c.Until}, seal(c.Staff, map[string]any{"reference": c.Reference})), nil
}

func grant(s *State, c *GrantRole, env *domain.Env) ([]domain.Fact, error) {
	switch {
	case c.Staff == env.Actor:
		return nil, domain.RefusedField("staff", "grant_to_self", "C-2.7e", "nobody grants a role to himself; ask another administrator")
	case !s.ActiveAt(env.At):
		return nil, domain.RefusedField("staff", "staff_ended", "C-2.7e", "this member of staff has left; enrol the person again under another id")
	case !s.BoundOn(nl.DateOf(env.At)):
		return nil, domain.RefusedField("staff", "no_confidentiality", "C-2.1.5", "no declaration of confidentiality of this member of staff holds on that day; have it signed and record it first")
	case slices.Contains(s.RolesAt(env.At), c.Role):
		return nil, domain.RefusedField("role", "role_held", "C-2.7e", "this member of staff holds that role already")
	}
	return domain.OneFact(&RoleGranted{Role: c.Role}, nil), nil
}

func revoke(s *State, c *RevokeRole, env *domain.Env) ([]domain.Fact, error) {
	if !slices.ContainsFunc(s.Roles, func(r RoleSpan) bool { return r.Role == c.Role && r.Until.IsZero() }) {
		return nil, domain.RefusedField("role", "role_not_held", "C-2.7e", "this member of staff does not hold that role")
	}
	return domain.OneFact(&RoleRevoked{Role: c.Role}, nil), nil
}

func seal(staff domain.ID, fields map[string]any) []domain.Section {
	return domain.Seal("staff/"+staff, domain.ClassPerson, domain.CatStaff, fields)
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }
