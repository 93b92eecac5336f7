package ui

import (
	"context"
	"net/http"

	"github.com/casefile-engine/casefile/handlers/auth"
)

type identityKey struct{}

// IdentityOf says who is signed in.
func IdentityOf(r *http.Request) (auth.Identity, bool) {
	id, ok := r.Context().Value(identityKey{}).(auth.Identity)
	return id, ok
}

func withIdentity(r *http.Request, id auth.Identity) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, id))
}

// The fields with which a form that came too late carries a new sign-in.
const (
	NameField     = "signin_name"
	PasswordField = "signin_password"
)

// SignedIn lets a page be seen by who is signed in. Anyone else gets the
// sign-in page in its place: after a post that page carries along what was
// typed, and signing in goes on with it, so that a session that ended costs
// nobody a report (ui.md §3).
func (k *Kit) SignedIn(page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, ok, err := k.SignIn.Current(r.Context())
		if err != nil {
			k.Fail(w, r, err)
			return
		}
		if ok {
			page(w, withIdentity(r, id))
			return
		}
		if r.Method != http.MethodPost {
			k.Ask(w, r, http.StatusUnauthorized, nil)
			return
		}
		if err := ParseForm(w, r); err != nil {
			k.Fail(w, r, err)
			return
		}
		name, password := r.PostForm.Get(NameField), r.PostForm.Get(PasswordField)
		if name == "" || password == "" {
			k.Ask(w, r, http.StatusUnauthorized, nil)
			return
		}
		id, err = k.SignIn.Authenticate(r.Context(), name, password, r.RemoteAddr)
		if err == nil {
			err = k.SignIn.Start(r.Context(), id)
		}
		if err != nil {
			k.Ask(w, r, http.StatusUnauthorized, err)
			return
		}
		r.PostForm.Del(NameField)
		r.PostForm.Del(PasswordField)
		page(w, withIdentity(r, id))
	}
}

// Known tells the page who is signed in, if anyone, and lets everybody see it.
func (k *Kit) Known(page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if id, ok, err := k.SignIn.Current(r.Context()); err == nil && ok {
			r = withIdentity(r, id)
		}
		page(w, r)
	}
}
