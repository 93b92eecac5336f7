package web

import (
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// policy lets a page load from here alone, run no script of its own text and
// stand in no frame. Trusted Types with no policy means that no script can
// make markup of text; our own scripts make none.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; object-src 'none'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// features are those of browsers that no page here uses. Passkeys are not among
// them, nor is printing, which cannot be named.
const features = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), hid=(), " +
	"idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()"

// headers stand on every answer; a static file alone replaces Cache-Control.
var headers = map[string]string{
	"Content-Security-Policy":      policy,
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           features,
	"X-Frame-Options":              "DENY",
	"X-Robots-Tag":                 "noindex, nofollow, noarchive",
	"Cache-Control":                "no-store",
}

// transport is said where people reach this by https: never again without, for
// two years, nor below this name.
const transport = "max-age=63072000; includeSubDomains"

// secure puts the same rules around everything: the headers, the check of the
// origin, the most bytes of a body, and an answer when a handler panics.
func secure(next http.Handler, refuse http.HandlerFunc, https bool, log *slog.Logger) http.Handler {
	origin := http.NewCrossOriginProtection()
	origin.SetDenyHandler(refuse)
	inner := origin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for name, value := range headers {
			w.Header().Set(name, value)
		}
		if https {
			w.Header().Set("Strict-Transport-Security", transport)
		}
		defer recovered(w, log)
		r.Body = http.MaxBytesReader(w, r.Body, mostOf(r))
		if foreign(r) {
			refuse(w, r)
			return
		}
		inner.ServeHTTP(w, r)
	})
}

// mostOf is the most bytes of a request's body. The API's operations have the
// same limit, and an answer of their own to what is over it.
func mostOf(r *http.Request) int64 {
	if strings.HasPrefix(r.URL.Path, "/api/") {
		return api.MaxBody + 1
	}
	return ui.MaxForm
}

// foreign tells whether a page of another origin asks for this in the background,
// or to put it in itself. What remains to others is a link that somebody follows.
// (What changes something is refused without regard to how it is asked for.)
func foreign(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin": // "": a program, or a browser of before 2023
		return false
	}
	followed := (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
	open := strings.HasPrefix(r.URL.Path, "/ledger/") // hashes, which are for everybody
	return !open && (!followed || strings.HasPrefix(r.URL.Path, "/api/"))
}

// recovered answers when a handler panicked.
func recovered(w http.ResponseWriter, log *slog.Logger) {
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
}

// ErrCrossOrigin refuses what another site's page tried to send in somebody's name.
var ErrCrossOrigin = &domain.Error{Kind: domain.KindForbidden, Code: "cross_origin", Rule: "C-0c",
	Message: "this came from another site and was not processed; send it from a page of this one"}

// refuseEvery is how often one session's refusals are put on record: a page that
// goes on trying must not fill the stream.
const refuseEvery = time.Minute

// strangers answers what other sites' pages try.
type strangers struct {
	d    Deps
	page http.HandlerFunc

	mu   sync.Mutex
	last map[string]time.Time // by session
}

// ServeHTTP refuses; where the browser sent somebody's session along it is on
// record that this was tried in his name.
func (s *strangers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, ok, err := s.d.Auth.Current(r.Context())
	if err == nil && ok && s.d.Refusals != nil && s.due(id.Session) {
		door := commands.DoorWeb
		if strings.HasPrefix(r.URL.Path, "/api/") {
			door = commands.DoorAPI
		}
		c := commands.Caller{Door: door, Agency: id.Agency, Staff: id.Staff}
		if err := s.d.Refusals.RecordRefused(context.WithoutCancel(r.Context()), c, access.ActionChange, ErrCrossOrigin.Code, ErrCrossOrigin.Rule); err != nil {
			s.d.Log.Error("what another site tried could not be recorded", "code", domain.AsError(err).Code)
		}
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		api.WriteProblem(w, api.FromError(ErrCrossOrigin))
		return
	}
	s.page(w, r)
}

// due tells whether a refusal of a session is to be recorded now.
func (s *strangers) due(session string) bool {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.last[session]) < refuseEvery {
		return false
	}
	if len(s.last) > 10_000 {
		clear(s.last)
	}
	s.last[session] = now
	return true
}
