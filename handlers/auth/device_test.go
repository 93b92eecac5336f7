package auth_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
)

const deviceCookie = "casefile-device"

// C-0c, L-32: whoever guesses at a name keeps its owner out of no browser in which
// he signed in before; each such browser has a limit of its own.
func TestAStrangerKeepsNobodyOut(t *testing.T) { onBoth(t, testDevice) }

func testDevice(t *testing.T, change func(*auth.Options)) {
	w := open(t, change, func(o *auth.Options) { o.Proxied = true }) // no limits by address
	begin := func(v *visitor, name, password string) (got string) {
		t.Helper()
		v.in(func(ctx context.Context) {
			_, _, err := w.Begin(ctx, name, password, "192.0.2.7:1")
			got = code(err)
		})
		return got
	}
	guess := func(v *visitor, name string) {
		t.Helper()
		for range auth.AttemptsPerLogin {
			if got := begin(v, name, "wrong guess of mine"); got != "wrong_credentials" {
				t.Fatalf("guessing at %s: %s", name, got)
			}
		}
		if got := begin(v, name, "wrong guess of mine"); got != auth.CodeTooMany {
			t.Fatalf("beyond the limit at %s: %s", name, got)
		}
	}
	later := func() { w.now = w.now.Add(auth.AttemptWindow + time.Second) }
	if err := w.Set(t.Context(), "click", "bram", bram, good); err != nil {
		t.Fatal(err)
	}
	own := member(t, w)
	cookie := own.cookies[deviceCookie]
	if cookie == nil || !cookie.HttpOnly || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge <= 0 || strings.Contains(cookie.Value, "anna") || strings.Contains(cookie.Value, anna) {
		t.Fatalf("the cookie: %+v", cookie)
	}

	// Strangers are told the same of names that exist and of others, and get no cookie.
	stranger := w.visitor()
	guess(stranger, "anna@click")
	guess(stranger, "nobody@click")
	if stranger.cookies[deviceCookie] != nil {
		t.Error("a wrong guess makes a browser known")
	}
	if got := begin(w.visitor(), "anna@click", good); got != auth.CodeTooMany {
		t.Errorf("a browser that is not known, at a name that is blocked: %s", got)
	}
	if got := begin(own, "anna@click", good); got != "" {
		t.Errorf("her own browser: %s", got)
	}
	later()

	// Known at one name is known at no other, and what was altered is known at none.
	guess(own.copy(), "bram@click")
	if got := begin(w.visitor(), "bram@click", good); got != auth.CodeTooMany {
		t.Errorf("guesses at another's name count elsewhere: %s", got)
	}
	for i := range len(cookie.Value) {
		b := []byte(cookie.Value)
		b[i] ^= 1
		x := w.visitor()
		x.cookies[deviceCookie] = &http.Cookie{Name: deviceCookie, Value: string(b)}
		begin(x, "anna@click", "wrong guess of mine")
	}
	if got := begin(w.visitor(), "anna@click", good); got != auth.CodeTooMany {
		t.Errorf("altered cookies did not count for the name: %s", got)
	}
	later()

	// Its own limit, which is nobody else's.
	guess(own.copy(), "anna@click")
	if got := begin(own.copy(), "anna@click", good); got != auth.CodeTooMany {
		t.Errorf("a known browser guesses without end: %s", got)
	}
	if got := begin(w.visitor(), "anna@click", good); got != "" {
		t.Errorf("another browser: %s", got)
	}
	later()

	// A new password, by whoever, makes strangers of all browsers; so does time.
	begin(own, "anna@click", good)
	if err := w.Reset(t.Context(), domain.Operator, "click", "anna", anna, good+" anders"); err != nil {
		t.Fatal(err)
	}
	guess(own.copy(), "anna@click")
	if got := begin(w.visitor(), "anna@click", good+" anders"); got != auth.CodeTooMany {
		t.Errorf("a cookie from before the password counts by itself: %s", got)
	}
	later()
	if got := begin(own, "anna@click", good+" anders"); got != "" {
		t.Fatalf("with the new password: %s", got)
	}
	w.now = w.now.Add(200 * 24 * time.Hour)
	guess(own.copy(), "anna@click")
	if got := begin(w.visitor(), "anna@click", good+" anders"); got != auth.CodeTooMany {
		t.Errorf("a cookie of last year counts by itself: %s", got)
	}
}
