package staff

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// Limits on grants.
const (
	// maxDossiers is how many dossiers one grant names.
	maxDossiers = 100
	// MaxMaintenance is the longest maintenance window: a supplier has no
	// standing access (C-2.7f).
	MaxMaintenance = 7 * 24 * time.Hour
	// roleApproves is the role that approves; whoever protects the data advises
	// and may not decide (C-2.1.5b, AVG 38(6)).
	roleApproves = "director"
)

// GrantAccess lets somebody read dossiers that are not assigned to him, on the
// authority of a director (C-2.7a, S-Toe2).
type GrantAccess struct {
	Grant        domain.ID         `json:"grant"`
	Staff        domain.ID         `json:"staff"`
	Dossiers     []domain.ID       `json:"dossiers,omitzero"`
	Team         bool              `json:"team,omitzero"` // all dossiers of the agency
	Categories   []domain.Category `json:"categories"`
	Purpose      string            `json:"purpose"`
	Reason       string            `json:"reason"`
	From         nl.Moment         `json:"from"`
	Until        nl.Moment         `json:"until"` // a day is included
	AuthorisedBy domain.ID         `json:"authorised_by"`
}

// RevokeAccess ends a grant, or a maintenance window, at once.
type RevokeAccess struct {
	Grant  domain.ID `json:"grant"`
	Staff  domain.ID `json:"staff"`
	Reason string    `json:"reason,omitzero"`
}

// GrantMaintenance opens a window for a supplier's work on the system (C-2.7f).
type GrantMaintenance struct {
	Grant      domain.ID `json:"grant"`
	Staff      domain.ID `json:"staff"`
	Contract   string    `json:"contract"`
	Ticket     string    `json:"ticket"`
	From       nl.Moment `json:"from"`
	Until      nl.Moment `json:"until"` // a day is included
	ApprovedBy domain.ID `json:"approved_by"`
}

// CommandName is the name in the catalogue.

func (*GrantAccess) CommandName() string      { return "GrantAccess" }
func (*RevokeAccess) CommandName() string     { return "RevokeAccess" }
func (*GrantMaintenance) CommandName() string { return "GrantMaintenance" }

// Validate tells what is wrong with the form of the command.
func (c *GrantAccess) Validate() error {
	var k domain.Check
	k.ID("grant", &c.Grant)
	k.ID("staff", &c.Staff)
	k.IDs("dossiers", c.Dossiers)
	if len(c.Dossiers) > maxDossiers {
		k.Fail(domain.Invalid("too_many", "dossiers", "one grant names at most 100 dossiers; split it"))
	}
	if c.Team == (len(c.Dossiers) > 0) {
		k.Fail(domain.Invalid("missing", "dossiers", "a grant opens either the dossiers that it names or, with team, all of the agency; give one of the two"))
	}
	k.Categories("categories", c.Categories, false)
	k.Code("purpose", c.Purpose, domain.Purposes)
	k.Text("reason", c.Reason, domain.MaxText)
	k.Has("from", !c.From.IsZero())
	k.Has("until", !c.Until.IsZero())
	k.ID("authorised_by", &c.AuthorisedBy)
	return k.Err()
}

// Validate tells what is wrong with the form of the command.
func (c *RevokeAccess) Validate() error {
	var k domain.Check
	k.ID("grant", &c.Grant)
	k.ID("staff", &c.Staff)
	k.OptionalText("reason", c.Reason, domain.MaxText)
	return k.Err()
}

// Validate tells what is wrong with the form of the command. What a window
// lacks is a matter of the regulation, not of form.
func (c *GrantMaintenance) Validate() error {
	var k domain.Check
	k.ID("grant", &c.Grant)
	k.ID("staff", &c.Staff)
	k.OptionalText("contract", c.Contract, domain.MaxShort)
	k.OptionalText("ticket", c.Ticket, domain.MaxShort)
	k.ID("approved_by", &c.ApprovedBy)
	return k.Err()
}

// Purpose is the purpose for which a command lets data be processed; "" for
// those that let none.
func Purpose(c domain.Command) string {
	switch c := c.(type) {
	case *GrantAccess:
		return c.Purpose
	case *GrantMaintenance:
		return "maintenance"
	}
	return ""
}

// NeedsStaff are the other members of staff whose states a command is judged by.
func NeedsStaff(c domain.Command) []domain.ID {
	switch c := c.(type) {
	case *GrantAccess:
		return []domain.ID{c.AuthorisedBy}
	case *GrantMaintenance:
		return []domain.ID{c.ApprovedBy}
	}
	return nil
}

// NeedsDossiers are the dossiers that a command names and that have to exist.
func NeedsDossiers(c domain.Command) []domain.ID {
	if g, ok := c.(*GrantAccess); ok {
		return g.Dossiers
	}
	return nil
}

// grantAccess judges a grant in the order in which a person would: may this be
// granted at all, to him, by her, for this, for so long.
func grantAccess(s *State, c *GrantAccess, env *domain.Env) ([]domain.Fact, error) {
	p := profileAt(env)
	if p == nil {
		return nil, noRegulation()
	}
	if err := grantee(s, c.Staff, c.Grant, env); err != nil {
		return nil, err
	}
	if err := approver(c.Staff, c.AuthorisedBy, "authorised_by", p.Access.AuthorisedBy.Value, p.Access.AuthorisedBy.Rule, env); err != nil {
		return nil, err
	}
	if err := p.CheckPurpose(c.Purpose); err != nil {
		return nil, err
	}
	for _, k := range c.Categories {
		if err := p.CheckCategory(k); err != nil {
			return nil, err
		}
	}
	for _, id := range c.Dossiers {
		if env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindDossier, ID: id}] == nil {
			e := domain.RefusedField("dossiers", "unknown_dossier", "C-0a", "one of these dossiers does not exist in this agency; compare their ids")
			e.Kind = domain.KindNotFound
			return nil, e
		}
	}
	from, until, err := window(c.From, c.Until, p.Access.AuthorisedBy.Rule, env)
	if err != nil {
		return nil, err
	}
	e := &AccessGranted{
		Grant: c.Grant, Dossiers: slices.Sorted(slices.Values(c.Dossiers)), Team: c.Team, Categories: slices.Sorted(slices.Values(c.Categories)),
		Purpose: c.Purpose, From: from, Until: until, AuthorisedBy: c.AuthorisedBy,
	}
	return domain.OneFact(e, seal(c.Staff, map[string]any{"reason": c.Reason})), nil
}

func grantMaintenance(s *State, c *GrantMaintenance, env *domain.Env) ([]domain.Fact, error) {
	const rule = "C-2.7f"
	p := profileAt(env)
	switch {
	case p == nil:
		return nil, noRegulation()
	case !p.Suppliers.Value:
		return nil, domain.RefusedField("staff", "suppliers_not_allowed", rule, "the regulation gives suppliers no access; have the work done without it")
	case blank(c.Contract):
		return nil, domain.RefusedField("contract", "no_contract", rule, "a supplier comes in on a contract that binds to secrecy; name it")
	case c.From.IsZero() || c.Until.IsZero():
		return nil, domain.RefusedField("until", "no_window", rule, "a supplier has no standing access; give the beginning and the end of the window")
	case blank(c.Ticket):
		return nil, domain.RefusedField("ticket", "no_ticket", rule, "the work that needs access has a number; name it")
	}
	if err := grantee(s, c.Staff, c.Grant, env); err != nil {
		return nil, err
	}
	if !slices.Contains(s.RolesAt(env.At), "supplier") {
		return nil, domain.RefusedField("staff", "not_a_supplier", rule, "a maintenance window is for somebody with the role of supplier; grant that role first")
	}
	if err := approver(c.Staff, c.ApprovedBy, "approved_by", roleApproves, rule, env); err != nil {
		return nil, err
	}
	from, until, err := window(c.From, c.Until, rule, env)
	if err != nil {
		return nil, err
	}
	if until.Sub(from) > MaxMaintenance {
		return nil, domain.RefusedField("until", "too_long", rule, "a maintenance window lasts seven days at most; shorten it, and open another one when the work goes on")
	}
	e := &MaintenanceGranted{Grant: c.Grant, From: from, Until: until, ApprovedBy: c.ApprovedBy}
	return domain.OneFact(e, seal(c.Staff, map[string]any{"contract": c.Contract, "ticket": c.Ticket})), nil
}

func revokeAccess(s *State, c *RevokeAccess, env *domain.Env) ([]domain.Fact, error) {
	i := slices.IndexFunc(s.Grants, func(g Grant) bool { return g.ID == c.Grant })
	switch {
	case i < 0:
		e := domain.RefusedField("grant", "unknown_grant", "C-2.7a", "this member of staff has no such grant; compare its id")
		e.Kind = domain.KindNotFound
		return nil, e
	case !env.At.Before(s.Grants[i].Until):
		return nil, domain.RefusedField("grant", "grant_ended", "C-2.7a", "this grant has ended already")
	}
	return domain.OneFact(&AccessRevoked{Grant: c.Grant}, seal(c.Staff, map[string]any{"reason": c.Reason})), nil
}

// grantee asks that whoever gets a grant works here, is bound to secrecy, and
// does not give it to himself.
func grantee(s *State, staff, grant domain.ID, env *domain.Env) *domain.Error {
	switch {
	case slices.ContainsFunc(s.Grants, func(g Grant) bool { return g.ID == grant }):
		return domain.RefusedField("grant", "id_in_use", "C-2.7a", "this id belongs to a grant already; choose another id")
	case staff == env.Actor:
		return domain.RefusedField("staff", "grant_to_self", "C-2.7e", "nobody grants access to himself; have somebody else grant it")
	case !s.ActiveAt(env.At):
		return domain.RefusedField("staff", "staff_ended", "C-2.7e", "this member of staff has left; enrol the person again under another id")
	case !s.BoundOn(nl.DateOf(env.At)):
		return domain.RefusedField("staff", "no_confidentiality", "C-2.1.5", "no declaration of confidentiality of this member of staff holds on that day; have it signed and record it first")
	}
	return nil
}

// approver asks that whoever approves holds the role for it at that time, and
// does not approve what is for himself.
func approver(grantee, id domain.ID, field, role, rule string, env *domain.Env) *domain.Error {
	if role == "" {
		role = roleApproves
	}
	other, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindStaff, ID: id}].(*State)
	switch {
	case id == grantee:
		return domain.RefusedField(field, "grant_to_self", rule, "nobody authorises his own access; have another director authorise it")
	case !slices.Contains(other.RolesAt(env.At), role):
		return domain.RefusedField(field, "not_authorised", rule, "this is authorised by a director, and the person named is none at that time; have a director authorise it")
	}
	return nil
}

// window is the time of a grant. It begins now or later, but for what an import
// brings from the past; a day that began already counts from now.
func window(from, until nl.Moment, rule string, env *domain.Env) (start, end time.Time, refusal *domain.Error) {
	start, end = from.Start().UTC(), until.End().UTC()
	if from.Day == nl.DateOf(env.At) {
		start = env.At
	}
	switch {
	case start.Before(env.At.Add(-domain.NowSlack)) && !env.Backdated():
		return start, end, domain.RefusedField("from", "not_now", rule, "this begins now or later, never earlier; give a later beginning")
	case !end.After(start) || !end.After(env.At):
		return start, end, domain.RefusedField("until", "out_of_range", rule, "the end lies before the beginning, or has passed; compare the two")
	}
	return start, end, nil
}

// profileAt is the profile in force when the command is judged; nil for none.
func profileAt(env *domain.Env) *regulation.Profile {
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	return office.ProfileAt(nl.DateOf(env.At))
}

func noRegulation() *domain.Error {
	return domain.Refused("no_regulation", "C-5", "the agency has no regulation in force on that day; adopt one first, with an effective date on or before it")
}
