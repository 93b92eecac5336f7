package ui

import (
	"context"
	"net/http"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// Rights says who has which roles and what the policies let him do;
// *commands.Handler does. Asking it puts nothing on record, because it opens
// nothing: each page decides and records for itself.
type Rights interface {
	Authorise(ctx context.Context, c commands.Caller, agency string, q commands.Question) ([]policy.Decision, error)
	RolesOf(ctx context.Context, agency, staff string) ([]string, error)
}

// Entry is one place that somebody may go to.
type Entry struct {
	Section, URL, Icon string
	Label, What        string
	Current            bool
}

// place is one entry of the menu and what must be allowed for it: one of the
// questions, or a role where the page itself goes by that.
type place struct {
	section, url, icon string
	role               string
	ask                []commands.Question
}

// places is the menu, in its order (ui.md §1: where I am, by role).
var places = []place{
	{section: "caseload", url: "/caseload", icon: "people", ask: []commands.Question{
		{Action: "list", Of: policy.OfDossier, Purpose: "guidance", Own: true, Categories: []domain.Category{domain.CatContact}}}},
	{section: "assignments", url: "/assignments", icon: "person", ask: []commands.Question{{Action: "AssignStaff", Of: policy.OfDossier}}},
	{section: "registers", url: "/registers", icon: "book", ask: registerQuestions()},
	{section: "access", url: "/registers/access", icon: "eye", ask: []commands.Question{
		{Action: "list", Of: policy.OfRegister, Register: "access", Purpose: "audit"}}},
	{section: "replay", url: "/replay", icon: "clock", ask: []commands.Question{
		{Action: "view", Of: policy.OfRegister, Register: "history", Purpose: "audit"}}},
	{section: "reviews", url: "/reviews", icon: "check", ask: []commands.Question{{Action: "ReviewAccess", Of: policy.OfOffice}}},
	{section: "approvals", url: "/approvals", icon: "check", ask: []commands.Question{{Action: "ConfirmAdoption", Of: policy.OfOffice}}},
	{section: "overviews", url: "/overviews", icon: "flag", ask: []commands.Question{
		{Action: "overview", Of: policy.OfOffice, Purpose: queries.OverviewPurpose}}},
	{section: "accounts", url: "/accounts", icon: "key", role: "administrator"},
}

// registerQuestions ask for each register, for guidance and for an audit,
// whether its rows of one's own dossiers are open; who may see all may see those.
func registerQuestions() (out []commands.Question) {
	for _, purpose := range []string{"guidance", "audit"} {
		for _, r := range queries.Registers {
			out = append(out, commands.Question{Action: "list", Of: policy.OfRegister, Register: r, Purpose: purpose, Own: true})
		}
	}
	return out
}

// May tells whether who is signed in may do something, as far as his role says
// so; what cannot be found out now he may not.
func (k *Kit) May(r *http.Request, questions ...commands.Question) bool {
	id, ok := IdentityOf(r)
	if !ok || id.Staff == "" || k.Rights == nil {
		return false
	}
	for _, q := range questions {
		list, err := k.Rights.Authorise(r.Context(), Caller(r), id.Agency, q)
		if err != nil {
			return false
		}
		if slices.ContainsFunc(list, func(d policy.Decision) bool { return d.Allowed }) {
			return true
		}
	}
	return false
}

// Roles are those of who is signed in. They stand in the frame, and not his
// name: a name is sealed, so that opening it for each page would put a look on
// record for each page, and keeping it with the session would store it in the
// clear.
func (k *Kit) Roles(r *http.Request) []string {
	id, ok := IdentityOf(r)
	if !ok || id.Staff == "" || k.Rights == nil {
		return nil
	}
	roles, err := k.Rights.RolesOf(r.Context(), id.Agency, id.Staff)
	if err != nil {
		return nil // the page says what is wrong, if it matters to it
	}
	return roles
}

// Menu is where who is signed in may go.
func (k *Kit) Menu(r *http.Request, p *i18n.Printer, section string) (out []Entry) {
	id, ok := IdentityOf(r)
	if !ok || id.Staff == "" || id.Enrol {
		return nil
	}
	roles := k.Roles(r)
	for _, x := range places {
		if x.role != "" && !slices.Contains(roles, x.role) || x.role == "" && !k.May(r, x.ask...) {
			continue
		}
		label := "menu." + x.section
		if x.section == "caseload" && !slices.Contains(roles, "coach") {
			label += ".all"
		}
		out = append(out, Entry{Section: x.section, URL: x.url, Icon: x.icon, Label: p.T(label), What: p.T("menu." + x.section + ".what"), Current: x.section == section})
	}
	return out
}

// Start is where somebody begins: his clients, the assignments, the registers if
// looking into those is his task, or a page that says what he may do.
func (k *Kit) Start(r *http.Request) string {
	roles := k.Roles(r)
	has := func(role string) bool { return slices.Contains(roles, role) }
	for _, x := range places {
		switch {
		case x.section != "caseload" && x.section != "assignments" && x.section != "registers":
		case x.section == "registers" && !has("compliance_officer") && !has("auditor"):
		case k.May(r, x.ask...):
			return x.url
		}
	}
	return "/start"
}

// purposes is what each role looks at registers for, unless it is said otherwise.
var purposes = map[string]string{"coach": "guidance", "administration": "guidance", "director": queries.OverviewPurpose, "compliance_officer": "audit", "auditor": "audit", "administrator": "maintenance"}

// Purpose is what who is signed in looks for, by the first of his roles that
// has one of its own; those whose task is control come first.
func (k *Kit) Purpose(r *http.Request) string {
	roles := k.Roles(r)
	for _, role := range []string{"compliance_officer", "auditor", "coach", "administration", "director", "administrator"} {
		if slices.Contains(roles, role) {
			return purposes[role]
		}
	}
	return "guidance"
}
