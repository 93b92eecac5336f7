// Package signin is the pages on which people sign in and out: name and password,
// the second step, a passkey alone, or the agency's own identity provider (C-0c,
// S-Bev2).
package signin

import (
	"context"
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// SignIn is what these pages need of handlers/auth beside what all pages do.
type SignIn interface {
	ui.SignIn
	Pending(ctx context.Context) ([]string, error)
	Passkeys() bool
	PasskeyChallenge(ctx context.Context) (options []byte, err error)
	PasskeyStart(ctx context.Context) (options []byte, err error)
	PasskeySignIn(ctx context.Context, answer, address string) (auth.Identity, error)
	ProviderAgencies() []string
	ProviderStart(ctx context.Context, agency, next, invitation string) (string, error)
	ProviderFinish(ctx context.Context, agency, state, code string) (id auth.Identity, second bool, next string, err error)
}

// Page is the sign-in page.
type Page struct {
	kit  *ui.Kit
	auth SignIn
}

// New makes the page.
func New(k *ui.Kit, a SignIn) *Page { return &Page{k, a} }

type model struct {
	Step      string // "": name and password; "second", "passkey"
	Action    string // where the form is sent
	Next      string // where to go afterwards
	Name      string // as typed
	Notice    string
	Kept      []kept // of a form that came after the session had ended
	Providers []provider
	Passkeys  bool   // a passkey alone may be used
	Options   string // of a passkey, in JSON; "" for none
	Codes     bool   // an app or recovery codes can be used
	Script    string
}

type kept struct{ Name, Value string }

type provider struct{ Agency, URL string }

// ServeForm shows the form.
func (p *Page) ServeForm(w http.ResponseWriter, r *http.Request) {
	m := model{Action: "/signin", Next: ui.LocalPath(r.URL.Query().Get("next"))}
	if r.URL.Query().Has("out") {
		m.Notice = p.kit.Printer(r).T("signin.out")
	}
	p.first(w, r, http.StatusOK, m, nil)
}

// ServeSignIn takes the form of either step.
func (p *Page) ServeSignIn(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	next := ui.LocalPath(r.PostForm.Get("next"))
	if proof, ok := ui.ProofOf(r); ok || r.PostForm.Has(ui.CodeField) {
		id, err := p.auth.Confirm(r.Context(), proof)
		if err != nil {
			p.AskSecond(w, r, http.StatusUnauthorized, err)
			return
		}
		done(w, r, id, next)
		return
	}
	name, password := r.PostForm.Get(ui.NameField), r.PostForm.Get(ui.PasswordField)
	m := model{Action: "/signin", Next: next, Name: name}
	if errs := p.missing(r, name, password); errs != nil {
		p.first(w, r, http.StatusBadRequest, m, errs)
		return
	}
	id, second, err := p.auth.Begin(r.Context(), name, password, r.RemoteAddr)
	switch {
	case err != nil:
		p.refuse(w, r, m, ui.NameField, err)
	case second:
		p.AskSecond(w, r, http.StatusOK, nil)
	default:
		done(w, r, id, next)
	}
}

// done goes on to the page that was asked for, or to the one on which a second
// factor that is required is added.
func done(w http.ResponseWriter, r *http.Request, id auth.Identity, next string) {
	if id.Enrol {
		next = ui.EnrolPath
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}

func (p *Page) missing(r *http.Request, name, password string) (errs []ui.FieldError) {
	words := p.kit.Printer(r)
	if strings.TrimSpace(name) == "" {
		errs = append(errs, ui.FieldError{Field: ui.NameField, Text: words.T("form.required.name")})
	}
	if password == "" {
		errs = append(errs, ui.FieldError{Field: ui.PasswordField, Text: words.T("form.required.password")})
	}
	return errs
}

// refuse shows the form again with what was typed, but for password and code.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, m model, field string, err error) {
	e := p.kit.Explain(p.kit.Printer(r), err)
	if e.Status >= 500 {
		p.kit.Fail(w, r, err)
		return
	}
	status := http.StatusUnauthorized
	if wait, ok := auth.Wait(err); ok {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(wait.Seconds())+1))
	}
	fe := ui.FieldError{Field: field, Text: e.Text}
	if e.Lang != p.kit.Printer(r).Lang {
		fe.Lang = string(e.Lang)
	}
	switch m.Step {
	case "":
		p.first(w, r, status, m, []ui.FieldError{fe})
	default:
		if m.Step == "passkey" || !m.Codes {
			fe.Field = ""
		}
		p.render(w, r, status, m, []ui.FieldError{fe})
	}
}

// ServeSignOut ends the session.
func (p *Page) ServeSignOut(w http.ResponseWriter, r *http.Request) {
	if err := p.auth.End(r.Context()); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/signin?out", http.StatusSeeOther)
}

// Ask shows the form in place of the page that was asked for. A form that was
// posted is carried along and goes on once the sign-in is right.
func (p *Page) Ask(w http.ResponseWriter, r *http.Request, status int, err error) {
	m := p.carried(r)
	if err != nil {
		p.refuse(w, r, m, ui.NameField, err)
		return
	}
	p.first(w, r, status, m, nil)
}

// AskSecond shows the second step; a posted form is carried along as by Ask.
func (p *Page) AskSecond(w http.ResponseWriter, r *http.Request, status int, err error) {
	m := p.carried(r)
	m.Step, m.Name = "second", ""
	ways, e := p.auth.Pending(r.Context())
	if e != nil {
		p.kit.Fail(w, r, e)
		return
	}
	if len(ways) == 0 { // it took too long, or was never begun: from the start
		m.Step = ""
		p.refuse(w, r, m, ui.NameField, auth.ErrStartAgain)
		return
	}
	m.Codes = slices.ContainsFunc(ways, func(w string) bool { return w != "passkey" })
	options, e := p.auth.PasskeyChallenge(r.Context())
	if e != nil {
		p.kit.Fail(w, r, e)
		return
	}
	m.Options = string(options)
	if err != nil {
		p.refuse(w, r, m, ui.CodeField, err)
		return
	}
	p.render(w, r, status, m, nil)
}

// carried is the form with what was posted elsewhere.
func (p *Page) carried(r *http.Request) model {
	m := model{Action: "/signin", Next: ui.LocalPath(r.URL.Path)}
	if strings.HasPrefix(r.URL.Path, "/signin") {
		m.Next = ui.LocalPath(r.PostForm.Get("next"))
		return m
	}
	if r.Method != http.MethodPost {
		return m
	}
	m.Action, m.Notice, m.Name = r.URL.Path, p.kit.Printer(r).T("signin.ended"), r.PostForm.Get(ui.NameField)
	for k, vs := range r.PostForm {
		for _, v := range vs {
			if !ui.IsSignIn(k) {
				m.Kept = append(m.Kept, kept{k, v})
			}
		}
	}
	slices.SortFunc(m.Kept, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	return m
}

// first shows the first step, with the other ways in.
func (p *Page) first(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	next := url.Values{"next": {m.Next}}.Encode()
	for _, a := range p.auth.ProviderAgencies() {
		m.Providers = append(m.Providers, provider{a, "/signin/oidc/" + a + "?" + next})
	}
	m.Passkeys = p.auth.Passkeys()
	p.render(w, r, status, m, errs)
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	title := "signin.title"
	if m.Step != "" {
		title = "signin." + m.Step + ".title"
		m.Script = p.kit.Assets.URL("passkey.js")
	}
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: p.kit.Printer(r).T(title), Errors: errs, Data: m})
}
