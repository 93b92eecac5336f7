package web

import (
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/api"
)

// policy lets a page load from here alone, run no script of its own text and
// stand in no frame. Trusted Types with no policy means that no script can
// make markup of text.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// secure puts the same rules around everything: the headers, the check of the
// origin of whatever changes something, and an answer when a handler panics.
func secure(next http.Handler, cross http.HandlerFunc, log *slog.Logger) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			api.WriteProblem(w, api.FromError(ErrCrossOrigin))
			return
		}
		cross(w, r)
	}))
	inner := origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), interest-cohort=()")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler { //nolint:errorlint // the sentinel itself is panicked with
				panic(v)
			}
			// The value may quote what somebody typed; the stack does not.
			log.Error("a handler panicked", "stack", string(debug.Stack()))
			http.Error(w, "the program failed here; look in its log", http.StatusInternalServerError)
		}()
		inner.ServeHTTP(w, r)
	})
}

// ErrCrossOrigin refuses what another site's page tried to send in somebody's name.
var ErrCrossOrigin = &domain.Error{Kind: domain.KindForbidden, Code: "cross_origin", Rule: "C-0c",
	Message: "this came from another site and was not processed; send it from a page of this one"}
