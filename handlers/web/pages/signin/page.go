// Package signin is the page on which people sign in and out (C-0c, S-Bev2).
package signin

import (
	"embed"
	"net/http"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

//go:embed page.html
var files embed.FS

var tmpl = ui.Parse(files)

// Page is the sign-in page.
type Page struct{ kit *ui.Kit }

// New makes the page.
func New(k *ui.Kit) *Page { return &Page{k} }

type model struct {
	Action string // where the form is sent
	Next   string // where to go afterwards
	Name   string // as typed
	Notice string
	Kept   []kept // of a form that came after the session had ended
}

type kept struct{ Name, Value string }

// ServeForm shows the form.
func (p *Page) ServeForm(w http.ResponseWriter, r *http.Request) {
	m := model{Action: "/signin", Next: ui.LocalPath(r.URL.Query().Get("next"))}
	if r.URL.Query().Has("out") {
		m.Notice = p.kit.Printer(r).T("signin.out")
	}
	p.render(w, r, http.StatusOK, m, nil)
}

// ServeSignIn takes the form.
func (p *Page) ServeSignIn(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	name, password := r.PostForm.Get(ui.NameField), r.PostForm.Get(ui.PasswordField)
	m := model{Action: "/signin", Next: ui.LocalPath(r.PostForm.Get("next")), Name: name}
	if errs := p.missing(r, name, password); errs != nil {
		p.render(w, r, http.StatusBadRequest, m, errs)
		return
	}
	id, err := p.kit.SignIn.Authenticate(r.Context(), name, password, r.RemoteAddr)
	if err == nil {
		err = p.start(r, id)
	}
	if err != nil {
		p.refuse(w, r, m, err)
		return
	}
	http.Redirect(w, r, m.Next, http.StatusSeeOther)
}

func (p *Page) start(r *http.Request, id auth.Identity) error {
	return p.kit.SignIn.Start(r.Context(), id)
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

// refuse shows the form again with what was typed, but for the password.
func (p *Page) refuse(w http.ResponseWriter, r *http.Request, m model, err error) {
	e := p.kit.Explain(p.kit.Printer(r), err)
	if e.Status >= 500 {
		p.kit.Fail(w, r, err)
		return
	}
	status := http.StatusUnauthorized
	if _, ok := auth.Wait(err); ok {
		status = http.StatusTooManyRequests
	}
	fe := ui.FieldError{Field: ui.NameField, Text: e.Text}
	if e.Lang != p.kit.Printer(r).Lang {
		fe.Lang = string(e.Lang)
	}
	p.render(w, r, status, m, []ui.FieldError{fe})
}

// ServeSignOut ends the session.
func (p *Page) ServeSignOut(w http.ResponseWriter, r *http.Request) {
	if err := p.kit.SignIn.End(r.Context()); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, "/signin?out", http.StatusSeeOther)
}

// Ask shows the form in place of the page that was asked for. A form that was
// posted is carried along and goes on once the sign-in is right.
func (p *Page) Ask(w http.ResponseWriter, r *http.Request, status int, err error) {
	words := p.kit.Printer(r)
	m := model{Action: "/signin", Next: ui.LocalPath(r.URL.Path)}
	if r.Method == http.MethodPost {
		m.Action, m.Notice, m.Name = r.URL.Path, words.T("signin.ended"), r.PostForm.Get(ui.NameField)
		for k, vs := range r.PostForm {
			for _, v := range vs {
				if k != ui.NameField && k != ui.PasswordField {
					m.Kept = append(m.Kept, kept{k, v})
				}
			}
		}
		slices.SortFunc(m.Kept, func(a, b kept) int { return strings.Compare(a.Name, b.Name) })
	}
	if err != nil {
		p.refuse(w, r, m, err)
		return
	}
	p.render(w, r, status, m, nil)
}

func (p *Page) render(w http.ResponseWriter, r *http.Request, status int, m model, errs []ui.FieldError) {
	p.kit.Render(w, r, status, tmpl, ui.Frame{Title: p.kit.Printer(r).T("signin.title"), Errors: errs, Data: m})
}
