// Package invite is the pages behind one-time links: a member of staff opens his
// account, or the first administrator begins an agency (C-0c, C-2.7e).
package invite

import (
	"context"
	"embed"
	"net/http"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Auth is what these pages need of handlers/auth.
type Auth interface {
	Invited(ctx context.Context, secret string) (agency, staff string, err error)
	Accept(ctx context.Context, secret, login, password string) (auth.Identity, error)
	ProviderAgencies() []string
	ProviderStart(ctx context.Context, agency, next, invitation string) (string, error)
	SettingUp(ctx context.Context, secret string) error
	Judge(agency, login, password string) error
	FinishSetup(ctx context.Context, secret, agency, login, staff, password string) (auth.Identity, error)
}

// Staff says what the stream knows of members of staff; *commands.Handler does.
type Staff interface {
	HolderOf(ctx context.Context, agency, login string) (staff string, err error)
	Adopted(ctx context.Context, agency string) (bool, error)
	RolesOf(ctx context.Context, agency, staff string) ([]string, error)
}

// Commands carries out one command.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Page is the pages behind one-time links.
type Page struct {
	kit      *ui.Kit
	auth     Auth
	staff    Staff
	commands Commands
	newID    func() domain.ID
}

// New makes the pages.
func New(k *ui.Kit, a Auth, s Staff, c Commands, newID func() domain.ID) *Page {
	return &Page{k, a, s, c, newID}
}

type model struct {
	Setup    bool
	Action   string
	Agency   string
	Provider string // where to link an account at the identity provider; "" for none
	Typed    typed
	Profiles []ui.Option
}

type typed struct{ Agency, Profile, Name, Login, Reference string }

// Serve shows the form of an invitation. Looking uses nothing up: programs that
// check mail for bad links look too.
func (p *Page) Serve(w http.ResponseWriter, r *http.Request) {
	p.invitation(w, r, http.StatusOK, typed{}, nil)
}

func (p *Page) invitation(w http.ResponseWriter, r *http.Request, status int, t typed, errs []ui.FieldError) {
	agency, _, err := p.auth.Invited(r.Context(), r.PathValue("secret"))
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m := model{Action: r.URL.Path, Agency: agency, Typed: t}
	if slices.Contains(p.auth.ProviderAgencies(), agency) {
		m.Provider = "/invite/" + r.PathValue("secret") + "/oidc"
	}
	p.render(w, r, status, "invite.title", m, errs)
}

// ServeAccept takes the sign-in name and the password that was chosen.
func (p *Page) ServeAccept(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	secret := r.PathValue("secret")
	agency, staff, err := p.auth.Invited(r.Context(), secret)
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	t := typed{Login: r.PostForm.Get("login")}
	holder, err := p.holder(r.Context(), agency, t.Login)
	if err == nil && holder != staff {
		err = errOtherLogin
	}
	var id auth.Identity
	if err == nil {
		id, err = p.auth.Accept(r.Context(), secret, t.Login, r.PostForm.Get("password"))
	}
	if err != nil {
		p.refuse(w, r, err, func(status int, errs []ui.FieldError) { p.invitation(w, r, status, t, errs) })
		return
	}
	goOn(w, r, id)
}

// The holder of an invitation learns of one name whether it is his own, and of
// all others nothing.
var errOtherLogin = &domain.Error{Kind: domain.KindForbidden, Code: "other_login", Rule: "C-0c", Field: "login",
	Message: "this is not the sign-in name with which you were enrolled; ask your administrator"}

func (p *Page) holder(ctx context.Context, agency, login string) (string, error) {
	if p.staff == nil {
		return "", nil
	}
	return p.staff.HolderOf(ctx, agency, login)
}

// ServeProvider links an account at the agency's identity provider instead.
func (p *Page) ServeProvider(w http.ResponseWriter, r *http.Request) {
	secret := r.PathValue("secret")
	agency, _, err := p.auth.Invited(r.Context(), secret)
	var to string
	if err == nil {
		to, err = p.auth.ProviderStart(r.Context(), agency, "/", secret)
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// goOn leads a new account to its page, on which a second factor is added.
func goOn(w http.ResponseWriter, r *http.Request, _ auth.Identity) {
	http.Redirect(w, r, ui.EnrolPath, http.StatusSeeOther)
}

// refuse shows the form again with what is wrong.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, err error, again func(status int, errs []ui.FieldError)) {
	words := p.kit.Printer(r)
	e := p.kit.Explain(words, err)
	if e.Status >= 500 || e.Status == http.StatusNotFound {
		p.kit.Fail(w, r, err)
		return
	}
	f := ui.FieldError{Field: e.Field, Text: e.Text}
	if !fields[f.Field] {
		f.Field = ""
	}
	if e.Lang != words.Lang {
		f.Lang = string(e.Lang)
	}
	again(e.Status, []ui.FieldError{f})
}

// fields are those of the forms, as errors call them too.
var fields = map[string]bool{"login": true, "password": true, "agency": true, "profile": true, "name": true, "reference": true}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, title string, m model, errs []ui.FieldError) {
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: p.kit.Printer(r).T(title), Errors: errs, Data: m})
}
