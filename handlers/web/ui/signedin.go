package ui

import (
	"context"
	"net/http"
	"strings"

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
	CodeField     = "signin_code"
	PasskeyField  = "signin_passkey"
)

// IsSignIn tells whether a field belongs to the sign-in and not to the form that
// it is carried along with.
func IsSignIn(field string) bool { return strings.HasPrefix(field, "signin_") }

// ProofOf is the second factor in a posted form; ok tells whether there is one.
// Six digits are an app's code, anything else a recovery code.
func ProofOf(r *http.Request) (p auth.Proof, ok bool) {
	if v := r.PostForm.Get(PasskeyField); v != "" {
		return auth.Proof{Kind: "passkey", Value: v}, true
	}
	v := r.PostForm.Get(CodeField)
	plain := strings.NewReplacer(" ", "", "-", "").Replace(v)
	if len(plain) == 6 && strings.Trim(plain, "0123456789") == "" {
		return auth.Proof{Kind: "totp", Value: v}, true
	}
	return auth.Proof{Kind: "recovery_code", Value: v}, plain != ""
}

// SignedIn lets a page be seen by who is signed in. Anyone else gets the
// sign-in page in its place: after a post that page carries along what was
// typed, and signing in goes on with it, so that a session that ended costs
// nobody a report (ui.md §3). An account that has to add a second factor first
// is led there.
func (k *Kit) SignedIn(page http.HandlerFunc) http.HandlerFunc {
	return k.signedIn(page, false)
}

// Enrolling is SignedIn for the pages on which a second factor is added.
func (k *Kit) Enrolling(page http.HandlerFunc) http.HandlerFunc { return k.signedIn(page, true) }

// EnrolPath is where an account adds a second factor.
const EnrolPath = "/account"

func (k *Kit) signedIn(page http.HandlerFunc, enrolling bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		id, ok, err := k.SignIn.Current(r.Context())
		switch {
		case err != nil:
			k.Fail(w, r, err)
			return
		case !ok && r.Method != http.MethodPost:
			k.Ask(w, r, http.StatusUnauthorized, nil)
			return
		case !ok:
			if id, ok = k.again(w, r); !ok {
				return
			}
		}
		if id.Enrol && !enrolling {
			http.Redirect(w, r, EnrolPath, http.StatusSeeOther)
			return
		}
		page(w, withIdentity(r, id))
	}
}

// again signs in with what a posted form carries along; when it gives false the
// answer is written.
func (k *Kit) again(w http.ResponseWriter, r *http.Request) (id auth.Identity, ok bool) {
	if err := ParseForm(w, r); err != nil {
		k.Fail(w, r, err)
		return id, false
	}
	if proof, given := ProofOf(r); given {
		id, err := k.SignIn.Confirm(r.Context(), proof)
		if err != nil {
			k.AskSecond(w, r, http.StatusUnauthorized, err)
			return id, false
		}
		return k.clean(r, id), true
	}
	name, password := r.PostForm.Get(NameField), r.PostForm.Get(PasswordField)
	if name == "" || password == "" {
		k.Ask(w, r, http.StatusUnauthorized, nil)
		return id, false
	}
	id, second, err := k.SignIn.Begin(r.Context(), name, password, r.RemoteAddr)
	switch {
	case err != nil:
		k.Ask(w, r, http.StatusUnauthorized, err)
		return id, false
	case second:
		k.AskSecond(w, r, http.StatusUnauthorized, nil)
		return id, false
	}
	return k.clean(r, id), true
}

// clean takes the sign-in out of a form before its page sees it.
func (k *Kit) clean(r *http.Request, id auth.Identity) auth.Identity {
	for _, f := range []string{NameField, PasswordField, CodeField, PasskeyField} {
		r.PostForm.Del(f)
	}
	return id
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
