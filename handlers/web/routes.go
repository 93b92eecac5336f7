package web

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web/pages/account"
	"github.com/casefile-engine/casefile/handlers/web/pages/accounts"
	"github.com/casefile-engine/casefile/handlers/web/pages/approvals"
	"github.com/casefile-engine/casefile/handlers/web/pages/assignments"
	"github.com/casefile-engine/casefile/handlers/web/pages/caseload"
	"github.com/casefile-engine/casefile/handlers/web/pages/dossier"
	"github.com/casefile-engine/casefile/handlers/web/pages/errorpage"
	"github.com/casefile-engine/casefile/handlers/web/pages/evidence"
	"github.com/casefile-engine/casefile/handlers/web/pages/integrity"
	"github.com/casefile-engine/casefile/handlers/web/pages/invite"
	"github.com/casefile-engine/casefile/handlers/web/pages/overviews"
	"github.com/casefile-engine/casefile/handlers/web/pages/registers"
	"github.com/casefile-engine/casefile/handlers/web/pages/replay"
	"github.com/casefile-engine/casefile/handlers/web/pages/reviews"
	"github.com/casefile-engine/casefile/handlers/web/pages/search"
	"github.com/casefile-engine/casefile/handlers/web/pages/seen"
	"github.com/casefile-engine/casefile/handlers/web/pages/signin"
	"github.com/casefile-engine/casefile/handlers/web/pages/start"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

type pages struct {
	signin   *signin.Page
	caseload *caseload.Page
	dossier  *dossier.Page
	errors   *errorpage.Page
	account  *account.Page
	accounts *accounts.Page
	invite   *invite.Page
	search   *search.Page
	start    *start.Page

	registers   *registers.Page
	seen        *seen.Page
	assignments *assignments.Page
	reviews     *reviews.Page
	approvals   *approvals.Page
	overviews   *overviews.Page
	evidence    *evidence.Page
	replay      *replay.Page
	integrity   *integrity.Page
}

// routes is THE list of what there is over HTTP. The API's operations are
// listed in handlers/api, the one list of those.
func routes(d Deps, kit *ui.Kit, p pages) http.Handler {
	m := &router{mux: http.NewServeMux(), seen: newMeter(d.Registry)}
	page := func(pattern string, h http.HandlerFunc) { m.Handle(pattern, d.Auth.Middleware(h)) }

	to := func(path string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, path, http.StatusSeeOther) }
	}
	// A form's own address, got again, leads to the page around it.
	around := func(w http.ResponseWriter, r *http.Request) {
		// Escaped: what stands for an id may lead elsewhere.
		http.Redirect(w, r, "/dossiers/"+url.PathEscape(r.PathValue("dossier")), http.StatusSeeOther)
	}

	page("GET /{$}", kit.SignedIn(p.start.ServeRoot))
	page("GET /assignments", kit.SignedIn(p.assignments.Serve))
	page("POST /assignments", kit.SignedIn(p.assignments.Serve))
	page("GET /assignments/change", to("/assignments"))
	page("POST /assignments/change", kit.SignedIn(p.assignments.ServeChange))
	page("GET /reviews", kit.SignedIn(p.reviews.Serve))
	page("GET /reviews/", to("/reviews"))
	page("POST /reviews/glass/{glass}", kit.SignedIn(p.reviews.ServeGlass))
	page("POST /reviews/access", kit.SignedIn(p.reviews.ServeSample))
	page("GET /approvals", kit.SignedIn(p.approvals.Serve))
	page("GET /approvals/answer", to("/approvals"))
	page("POST /approvals/answer", kit.SignedIn(p.approvals.ServeAnswer))
	page("GET /overviews", kit.SignedIn(p.overviews.Serve))
	page("GET /registers/access", kit.SignedIn(p.seen.ServeRegister))
	page("GET /registers/access/patterns", kit.SignedIn(p.seen.ServePatterns))
	page("GET /dossiers/{dossier}/access", kit.SignedIn(p.seen.ServeDossier))
	page("GET /dossiers/{dossier}/evidence", kit.SignedIn(p.evidence.Serve))
	page("POST /dossiers/{dossier}/evidence", kit.SignedIn(p.evidence.ServeMake))
	page("GET /dossiers/{dossier}/replay", kit.SignedIn(p.replay.ServeSteps))
	page("GET /dossiers/{dossier}/replay/{position}", kit.SignedIn(p.replay.ServeStep))
	page("GET /dossiers/{dossier}/replay/difference", kit.SignedIn(p.replay.ServeDifference))
	page("GET /dossiers/{dossier}/replay/could", kit.SignedIn(p.replay.ServeCould))
	page("GET /replay", kit.SignedIn(p.replay.ServeAgency))
	page("GET /replay/changes", kit.SignedIn(p.replay.ServeChanges))
	page("GET /integrity", kit.SignedIn(p.integrity.Serve))
	page("GET /registers", kit.SignedIn(p.registers.Serve))
	page("GET /registers/{register}", kit.SignedIn(p.registers.ServeRegister))
	page("GET /registers/{register}/download", kit.SignedIn(p.registers.ServeDownload))
	page("GET /start", kit.SignedIn(p.start.Serve))
	page("GET /signin", p.signin.ServeForm)
	page("POST /signin", p.signin.ServeSignIn)
	page("POST /signout", p.signin.ServeSignOut)
	page("GET /signin/passkey", p.signin.ServePasskey)
	page("POST /signin/passkey", p.signin.ServePasskeySignIn)
	page("GET /signin/oidc/{agency}", p.signin.ServeProvider)
	page("GET /signin/oidc/{agency}/callback", p.signin.ServeProviderAnswer)
	page("GET /account", kit.Enrolling(p.account.Serve))
	page("POST /account/totp", kit.Enrolling(p.account.ServeAddTOTP))
	page("GET /account/totp/{factor}", kit.Enrolling(p.account.ServeTOTP))
	page("POST /account/totp/{factor}", kit.Enrolling(p.account.ServeConfirmTOTP))
	page("GET /account/passkey", kit.Enrolling(p.account.ServePasskey))
	page("POST /account/passkey", kit.Enrolling(p.account.ServeAddPasskey))
	page("POST /account/factors/{factor}/remove", kit.SignedIn(p.account.ServeRemove))
	page("POST /account/recovery", kit.SignedIn(p.account.ServeRecovery))
	page("GET /account/confirm", kit.SignedIn(p.account.ServeConfirm))
	page("POST /account/confirm", kit.SignedIn(p.account.ServeProve))
	page("POST /account/tokens", kit.SignedIn(p.account.ServeToken))
	page("POST /account/tokens/{token}/revoke", kit.SignedIn(p.account.ServeRevoke))
	page("POST /account/sessions", kit.SignedIn(p.account.ServeEnd))
	page("POST /account/password", kit.SignedIn(p.account.ServePassword))
	page("GET /accounts", kit.SignedIn(p.accounts.Serve))
	page("POST /accounts/{staff}/invite", kit.SignedIn(p.accounts.ServeInvite))
	page("POST /accounts/{staff}/link", kit.SignedIn(p.accounts.ServeLink))
	page("GET /invite/{secret}", p.invite.Serve)
	page("POST /invite/{secret}", p.invite.ServeAccept)
	page("GET /invite/{secret}/oidc", p.invite.ServeProvider)
	page("GET /setup/{secret}", p.invite.ServeSetup)
	page("POST /setup/{secret}", p.invite.ServeBegin)
	page("GET /language", kit.ServeLanguage)
	page("GET /caseload", kit.SignedIn(p.caseload.Serve))
	page("POST /caseload", kit.SignedIn(p.caseload.Serve))
	page("GET /search", kit.SignedIn(p.search.ServeForm))
	page("POST /search", kit.SignedIn(p.search.Serve))
	page("GET /dossiers/{dossier}", kit.SignedIn(p.dossier.Serve))
	page("GET /dossiers/{dossier}/open", unattended(kit.SignedIn(p.dossier.ServeOpen)))
	page("GET /dossiers/{dossier}/print", kit.SignedIn(p.dossier.ServePrint))
	page("GET /dossiers/{dossier}/glass", around)
	page("POST /dossiers/{dossier}/glass", kit.SignedIn(p.dossier.ServeGlass))
	page("GET /dossiers/{dossier}/conversation", around)
	page("POST /dossiers/{dossier}/conversation", kit.SignedIn(p.dossier.ServeConversation))
	page("/", kit.Known(p.errors.NotFound))

	m.Handle("GET /static/{name}", kit.Assets)
	m.Handle("GET /ledger/{agency}/{path...}", logs{d.Ledger})
	m.Handle("GET /healthz", http.HandlerFunc(healthy))
	m.Handle("GET /readyz", ready(d))
	if !d.MetricsApart {
		m.Handle("GET /metrics", here(Metrics(d.Registry), d.Auth.Middleware(kit.Known(p.errors.NotFound))))
	}

	api.Register(sessions{m, d}, api.Deps{
		Commands: d.Commands, Queries: d.Queries, SignIn: d.Auth, Position: d.Position, Evidence: d.Evidence, Log: d.Log, Version: d.Version,
	})
	return m.mux
}

// unattended is for what pages ask by themselves: a page that is left open must
// not keep its session from running out.
func unattended(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { h(w, r.WithContext(auth.Unattended(r.Context()))) }
}

// router counts each request under its route, never under its address, which
// may name a dossier.
type router struct {
	mux  *http.ServeMux
	seen *meter
}

// Handle adds a route.
func (m *router) Handle(pattern string, h http.Handler) {
	m.mux.Handle(pattern, m.seen.count(pattern, h))
}

// sessions is the router as the API's library wants it, with the sessions
// around each operation.
type sessions struct {
	*router
	d Deps
}

func (s sessions) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	s.Handle(pattern, s.d.Auth.Middleware(http.HandlerFunc(h)))
}

func (s sessions) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Metrics gives the counts of a registry, in the form that Prometheus reads.
func Metrics(reg *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{})
}

// here lets programs of this machine through that ask directly. What comes
// through a proxy comes from anywhere, though the connection is the proxy's; so
// does what a browser asks for under another name than this machine's.
func here(next, otherwise http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		direct := local(r.RemoteAddr) && local(r.Host)
		for _, name := range []string{"Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip"} {
			direct = direct && len(r.Header.Values(name)) == 0
		}
		if !direct {
			otherwise.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// local tells whether a host, with or without its port, is this machine.
func local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = strings.Trim(address, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// healthy says that the process answers.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "ok\n") //nolint:errcheck // nobody is left to tell
}

// ready says whether it can do its work.
func ready(d Deps) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if d.Ready != nil {
			ctx, cancel := context.WithTimeout(r.Context(), 3*time.Second)
			defer cancel()
			if err := d.Ready(ctx); err != nil {
				d.Log.Warn("not ready", "err", err)
				w.Header().Set("Retry-After", "2")
				w.WriteHeader(http.StatusServiceUnavailable)
				io.WriteString(w, "not ready; the log says why\n") //nolint:errcheck // nobody is left to tell
				return
			}
		}
		io.WriteString(w, "ready\n") //nolint:errcheck // nobody is left to tell
	}
}
