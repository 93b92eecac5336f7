package auth_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
)

// visitor is a browser with its cookies.
type visitor struct {
	w       *world
	cookies map[string]*http.Cookie
}

func (w *world) visitor() *visitor { return &visitor{w: w, cookies: map[string]*http.Cookie{}} }

// in does something within a request of the visitor.
func (v *visitor) in(f func(ctx context.Context)) {
	r := httptest.NewRequest("GET", "/", nil)
	for _, c := range v.cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	v.w.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f(r.Context()) })).ServeHTTP(rec, r)
	for _, c := range rec.Result().Cookies() {
		if c.MaxAge < 0 {
			delete(v.cookies, c.Name)
			continue
		}
		v.cookies[c.Name] = c
	}
}

func (v *visitor) copy() *visitor {
	c := v.w.visitor()
	for k, x := range v.cookies {
		c.cookies[k] = x
	}
	return c
}

func (v *visitor) signIn(t *testing.T, name string) (second bool) {
	t.Helper()
	var err error
	v.in(func(ctx context.Context) { _, second, err = v.w.Begin(ctx, name, good, "192.0.2.7:1") })
	if err != nil {
		t.Fatal(err)
	}
	return second
}

func (v *visitor) who(t *testing.T) (id auth.Identity) {
	t.Helper()
	var err error
	v.in(func(ctx context.Context) { id, _, err = v.w.Current(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func (v *visitor) confirm(kind, value string) (err error) {
	v.in(func(ctx context.Context) { _, err = v.w.Confirm(ctx, auth.Proof{Kind: kind, Value: value}) })
	return err
}

// addTOTP enrols an app, and gives its secret and the recovery codes.
func (v *visitor) addTOTP(t *testing.T) (secret string, codes []string) {
	t.Helper()
	var err error
	v.in(func(ctx context.Context) {
		var x auth.TOTP
		if x, err = v.w.AddTOTP(ctx); err != nil {
			return
		}
		secret = x.Secret
		codes, err = v.w.ConfirmTOTP(ctx, x.Factor, code6(t, secret, v.w.now))
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret, codes
}

func code6(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ears hear what is recorded.
type ears struct {
	mu       sync.Mutex
	attempts []auth.Attempt
	acts     []domain.Event
	deaf     error // what recording answers
}

func (e *ears) options(o *auth.Options) {
	o.Record = func(_ context.Context, _, _ string, ev domain.Event) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.deaf == nil {
			e.acts = append(e.acts, ev)
		}
		return e.deaf
	}
}

func (e *ears) listen(w *world) {
	w.OnAttempt(func(_ context.Context, a auth.Attempt) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.attempts = append(e.attempts, a)
	})
}

// last is what the newest attempt was: outcome method code.
func (e *ears) last() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.attempts) == 0 {
		return ""
	}
	a := e.attempts[len(e.attempts)-1]
	return a.Outcome + " " + a.Method + " " + a.Code
}

func (e *ears) types() (out []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, a := range e.acts {
		out = append(out, a.EventType())
	}
	return out
}

// member is anna with an account, signed in.
func member(t *testing.T, w *world) *visitor {
	t.Helper()
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	v := w.visitor()
	if v.signIn(t, "anna@click") {
		t.Fatal("a second step without a second factor")
	}
	return v
}

var errDeaf = &domain.Error{Kind: domain.KindUnavailable, Code: "unavailable", Rule: "C-2.1.4b", Message: "the stream is not there"}
