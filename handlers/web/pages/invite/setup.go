package invite

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// ServeSetup shows the form of the first administrator.
func (p *Page) ServeSetup(w http.ResponseWriter, r *http.Request) {
	p.setup(w, r, http.StatusOK, typed{}, nil)
}

func (p *Page) setup(w http.ResponseWriter, r *http.Request, status int, t typed, errs []ui.FieldError) {
	err := p.auth.SettingUp(r.Context(), r.PathValue("secret"))
	m := model{Setup: true, Action: r.URL.Path, Typed: t}
	if err == nil {
		m.Profiles, err = profiles(t.Profile)
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	p.render(w, r, status, "setup.title", m, errs)
}

func profiles(chosen string) ([]ui.Option, error) {
	list, err := regulation.Builtin()
	var out []ui.Option
	for _, x := range list {
		if i := slices.IndexFunc(out, func(o ui.Option) bool { return o.Value == x.Name }); i < 0 {
			out = append(out, ui.Option{Value: x.Name, Label: x.Name, Selected: x.Name == chosen})
		}
	}
	return out, err
}

// ServeBegin makes the agency, if it is new, and its first administrator. What
// exists already is taken as it is, so that a form which failed half-way can be
// sent again.
func (p *Page) ServeBegin(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	ctx, secret, f := r.Context(), r.PathValue("secret"), r.PostForm
	if err := p.auth.SettingUp(ctx, secret); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	t := typed{strings.TrimSpace(f.Get("agency")), f.Get("profile"), strings.TrimSpace(f.Get("name")), f.Get("login"), strings.TrimSpace(f.Get("reference"))}
	password := f.Get("password")
	err := check(t)
	if err == nil {
		err = p.auth.Judge(t.Agency, t.Login, password)
	}
	var staff string
	if err == nil {
		staff, err = p.begin(ctx, t)
	}
	if err == nil {
		id, e := p.auth.FinishSetup(ctx, secret, t.Agency, t.Login, staff, password)
		if err = e; err == nil {
			goOn(w, r, id)
			return
		}
	}
	p.refuse(w, r, err, func(status int, errs []ui.FieldError) { p.setup(w, r, status, t, errs) })
}

func check(t typed) error {
	switch {
	case !domain.ValidAgency(t.Agency):
		return domain.Invalid("invalid_agency", "agency", "an agency's code is 1 to 32 of a-z, 0-9 and -")
	case t.Name == "":
		return domain.Invalid("missing", "name", "fill in your name")
	case strings.TrimSpace(t.Login) == "":
		return domain.Invalid("missing", "login", "fill in a sign-in name")
	case t.Reference == "":
		return domain.Invalid("missing", "reference", "fill in where your declaration of confidentiality is kept")
	}
	return nil
}

// begin gives the commands as the operator, who printed the link.
func (p *Page) begin(ctx context.Context, t typed) (staff string, err error) {
	today := nl.DateOf(p.kit.Clock.Now())
	do := func(command string, data map[string]any) error {
		raw, err := json.Marshal(data)
		if err != nil {
			return err
		}
		// The operator's door is the command line, where the link was printed: no
		// session acts as the operator.
		return p.commands.Execute(ctx, commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator},
			commands.Request{ID: p.newID(), Agency: t.Agency, Command: command, Data: raw}).Err()
	}
	there, err := p.staff.Adopted(ctx, t.Agency)
	if err != nil {
		return "", err
	}
	if !there {
		if err := do("AdoptRegulation", map[string]any{"profile": t.Profile, "version": 1, "effective_from": today}); err != nil {
			return "", err
		}
	}
	if staff, err = p.staff.HolderOf(ctx, t.Agency, t.Login); err != nil {
		return "", err
	}
	if staff == "" {
		staff = p.newID()
		if err := do("EnrolStaff", map[string]any{"staff": staff, "name": t.Name, "login": t.Login}); err != nil {
			return "", err
		}
	}
	roles, err := p.staff.RolesOf(ctx, t.Agency, staff)
	if err != nil || slices.Contains(roles, "administrator") {
		return staff, err
	}
	if err := do("SignConfidentiality", map[string]any{"staff": staff, "signed_on": today, "reference": t.Reference}); err != nil {
		return "", err
	}
	return staff, do("GrantRole", map[string]any{"staff": staff, "role": "administrator"})
}
