package signin

import (
	"net/http"

	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// ServePasskey shows the page on which a passkey alone signs in.
func (p *Page) ServePasskey(w http.ResponseWriter, r *http.Request) {
	p.passkey(w, r, ui.LocalPath(r.URL.Query().Get("next")), http.StatusOK, nil)
}

func (p *Page) passkey(w http.ResponseWriter, r *http.Request, next string, status int, err error) {
	options, e := p.auth.PasskeyStart(r.Context())
	if e != nil {
		p.kit.Fail(w, r, e)
		return
	}
	m := model{Step: "passkey", Action: "/signin/passkey", Next: next, Options: string(options)}
	if err != nil {
		p.refuse(w, r, m, "", err)
		return
	}
	p.render(w, r, status, m, nil)
}

// ServePasskeySignIn takes what the browser got from the key.
func (p *Page) ServePasskeySignIn(w http.ResponseWriter, r *http.Request) {
	if err := ui.ParseForm(w, r); err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	next := ui.LocalPath(r.PostForm.Get("next"))
	id, err := p.auth.PasskeySignIn(r.Context(), r.PostForm.Get(ui.PasskeyField), r.RemoteAddr)
	if err != nil {
		p.passkey(w, r, next, http.StatusUnauthorized, err)
		return
	}
	done(w, r, id, next)
}

// ServeProvider sends the browser to the agency's identity provider.
func (p *Page) ServeProvider(w http.ResponseWriter, r *http.Request) {
	to, err := p.auth.ProviderStart(r.Context(), r.PathValue("agency"), ui.LocalPath(r.URL.Query().Get("next")), "")
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// ServeProviderAnswer takes what the browser brings back from it.
func (p *Page) ServeProviderAnswer(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	id, second, next, err := p.auth.ProviderFinish(r.Context(), r.PathValue("agency"), q.Get("state"), q.Get("code"))
	switch {
	case err != nil:
		m := model{Action: "/signin", Next: "/"}
		p.refuse(w, r, m, ui.NameField, err)
	case second:
		r.PostForm = map[string][]string{"next": {next}}
		p.AskSecond(w, r, http.StatusOK, nil)
	default:
		done(w, r, id, next)
	}
}

var _ SignIn = (*auth.Service)(nil)
