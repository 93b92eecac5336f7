package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/internal/clock"
)

// ask sends a request with headers as given, in pairs.
func (w *world) ask(method, path, body string, header ...string) answer {
	w.t.Helper()
	r, err := http.NewRequest(method, w.server.URL+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	return w.do(r)
}

// always is what every answer says, whoever asks and whatever comes of it.
var always = map[string]string{
	"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin", "X-Robots-Tag": "noindex, nofollow, noarchive", "Cache-Control": "no-store", "X-Frame-Options": "DENY",
}

var directives = []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'", "object-src 'none'", "form-action 'self'", "base-uri 'none'",
	"frame-ancestors 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"}

func (w *world) strict(what string, p answer) {
	w.t.Helper()
	for name, want := range always {
		if got := p.header.Values(name); len(got) != 1 || got[0] != want {
			w.t.Errorf("%s (%d): %s is %q", what, p.status, name, got)
		}
	}
	if got := strings.Split(p.header.Get("Content-Security-Policy"), "; "); !slices.Equal(got, directives) {
		w.t.Errorf("%s: policy %q", what, got)
	}
	if p.header.Get("Access-Control-Allow-Origin") != "" || p.header.Get("Server") != "" || p.header.Get("X-Powered-By") != "" {
		w.t.Errorf("%s: %v", what, p.header)
	}
}

// C-0c, S-Bev2: pages, the API, files, refusals, what is not there and what goes wrong
// all carry the same strict headers.
func TestEveryAnswerIsStrict(t *testing.T) {
	w := open(t)
	visit := func() {
		for _, path := range []string{"/", "/signin", "/caseload", "/search", "/registers", "/registers/hours", "/registers/hours/download?format=csv", "/account", "/accounts", "/language?to=en",
			dossierPath, dossierPath + "/print", dossierPath + "/glass", "/nergens", "/invite/x", "/setup/x", "/signin/oidc/x", "/static/none.css", "//x/../y", "/healthz", "/readyz", "/metrics",
			"/api/openapi.json", "/api/x", "/api/v1/agencies/click" + dossierPath, "/api/v1/agencies/click/hours?purpose=guidance", "/api/v1/agencies/sol/dossiers"} {
			w.strict(path, w.get(path))
		}
		w.strict("a method that is not there", w.ask("DELETE", "/static/x", ""))
		w.strict("a form from elsewhere", w.ask("POST", "/caseload", "", "Sec-Fetch-Site", "cross-site"))
		w.strict("a command that is none", w.ask("POST", "/api/v1/commands", "{"))
		w.strict("too much", w.ask("POST", "/signin", "x="+strings.Repeat("x", 2<<20), "Content-Type", "application/x-www-form-urlencoded"))
	}
	visit()
	w.signIn("anna@click")
	visit()
	w.engine.SetDown(true)
	visit()
}

// Over https the browser is told to use nothing else, and keeps nothing that
// travels otherwise; over plain http that would lock people out.
func TestTransport(t *testing.T) {
	w := open(t)
	if h := w.get("/signin").header; h.Get("Strict-Transport-Security") != "" {
		t.Errorf("plain http: %v", h)
	}
	o := open(t, func(o *auth.Options) { o.Secure = true })
	srv := httptest.NewServer(web.New(web.Deps{Commands: o.engine, Queries: o.engine, Auth: o.auth, HTTPS: true}))
	defer srv.Close()
	o.server = srv
	p := o.get("/language?to=en")
	if got := p.header.Get("Strict-Transport-Security"); got != "max-age=63072000; includeSubDomains" {
		t.Errorf("HSTS %q", got)
	}
	p.header["Set-Cookie"] = append(p.header["Set-Cookie"], o.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {password}}).header["Set-Cookie"]...)
	if len(p.header["Set-Cookie"]) != 3 {
		t.Fatalf("cookies %q", p.header["Set-Cookie"])
	}
	for _, c := range p.header["Set-Cookie"] {
		for _, want := range []string{"__Host-casefile", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/"} {
			if !strings.Contains(c, want) || strings.Contains(c, "Domain=") {
				t.Errorf("cookie %q", c)
			}
		}
	}
}

// A page of another origin can have a link followed, and nothing else: it can
// neither put a page into itself nor ask for one in the background.
func TestForeignPagesGetNothing(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	for _, c := range []struct {
		path, site, mode, dest string
		want                   int
	}{
		{dossierPath, "same-origin", "navigate", "document", 200},
		{dossierPath, "none", "navigate", "document", 200},
		{dossierPath, "cross-site", "navigate", "document", 200},
		{dossierPath, "cross-site", "navigate", "iframe", 403},
		{dossierPath, "same-site", "navigate", "iframe", 403},
		{dossierPath, "cross-site", "no-cors", "image", 403},
		{dossierPath, "same-site", "cors", "empty", 403},
		{"/registers/hours/download?format=csv", "cross-site", "no-cors", "script", 403},
		{"/api/v1/agencies/click" + dossierPath, "same-site", "cors", "empty", 403},
		{"/api/v1/agencies/click" + dossierPath, "cross-site", "navigate", "document", 403},
		{"/api/v1/agencies/click" + dossierPath, "same-origin", "cors", "empty", 200},
		{"/ledger/click/checkpoint", "cross-site", "cors", "empty", 404},
		{"/ledger/../dossiers/x", "cross-site", "cors", "empty", 307},
	} {
		p := w.ask("GET", c.path, "", "Sec-Fetch-Site", c.site, "Sec-Fetch-Mode", c.mode, "Sec-Fetch-Dest", c.dest)
		if p.status != c.want || p.status != 200 && strings.Contains(p.body, "Jansen") {
			t.Errorf("%+v: %d", c, p.status)
		}
	}
	// An older browser says only where a form comes from.
	if p := w.ask("POST", "/signout", "", "Origin", "https://elders.example"); p.status != 403 {
		t.Errorf("by its origin: %d", p.status)
	}
	if p := w.ask("POST", "/signout", "", "Origin", "null"); p.status != 403 {
		t.Errorf("without an origin to name: %d", p.status)
	}
}

// Bodies have an end everywhere, and a header too.
func TestLimitsOfARequest(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	form := "x=" + strings.Repeat("x", 1<<20)
	for _, path := range []string{"/signin", "/signout", "/caseload", "/search", "/invite/x", "/setup/x", "/account/tokens", dossierPath + "/conversation", dossierPath + "/glass"} {
		p := w.ask("POST", path, form, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
		if path != "/signout" && path != "/invite/x" && path != "/setup/x" && p.status < 400 || strings.Contains(p.body, "xxxxx") {
			t.Errorf("%s: %d", path, p.status)
		}
		if path == "/signout" {
			w.signIn("anna@click")
		}
	}
	big := `{"command":"` + strings.Repeat("x", api.MaxBody) + `"}`
	for _, path := range []string{"/api/v1/commands", "/api/v1/agencies/click/search"} {
		r := httptest.NewRequest("POST", path, strings.NewReader(big)) // a network would break off while it is still being sent
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("anna@click", password)
		rec := httptest.NewRecorder()
		w.server.Config.Handler.ServeHTTP(rec, r)
		if rec.Code != http.StatusRequestEntityTooLarge || !strings.Contains(rec.Body.String(), `"too_large"`) {
			t.Errorf("%s: %d %.200s", path, rec.Code, rec.Body)
		}
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(w.listen(web.New(web.Deps{Commands: w.engine, Queries: w.engine, Auth: w.auth})), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// As much as is read before the answer, and no more: what is left over would
	// break the connection off before the answer is read.
	go fmt.Fprintf(c, "GET /signin HTTP/1.1\r\nHost: localhost\r\nX-Long: %s", strings.Repeat("x", 36<<10))
	_ = c.SetReadDeadline(time.Now().Add(time.Minute))
	if got, _ := io.ReadAll(io.LimitReader(c, 12)); string(got) != "HTTP/1.1 431" {
		t.Errorf("a long header: %q", got)
	}
}

// listen runs web.Serve and gives its address.
func (w *world) listen(h http.Handler) string {
	w.t.Helper()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, l, h, w.auth, slog.New(slog.DiscardHandler)) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	})
	return "http://" + l.Addr().String()
}

// A stranger who opens connections and says nothing does not keep the server: what
// he holds ends by itself, and the rest is answered.
func TestSilentConnectionsEnd(t *testing.T) {
	w := open(t)
	base := w.listen(web.New(web.Deps{Commands: w.engine, Queries: w.engine, Auth: w.auth}))
	var held []net.Conn
	for range 1024 {
		c, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
		defer c.Close()
	}
	client := &http.Client{Timeout: time.Minute, Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	res, err := client.Get(base + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	_ = held[0].SetReadDeadline(time.Now().Add(time.Minute))
	if _, err := io.ReadAll(held[0]); err != nil {
		t.Errorf("a silent connection stays: %v", err)
	}
}

// Counts are for programs of this machine that ask directly; what a proxy passes
// on comes from anywhere.
func TestMetricsAreNotForEverybody(t *testing.T) {
	w := open(t)
	w.get("/signin")
	if p := w.get("/metrics"); p.status != 200 || !strings.Contains(p.body, "casefile_http_requests_total") {
		t.Errorf("from here: %d", p.status)
	}
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "X-Real-IP", "Via", "X-Forwarded-Proto"} {
		if p := w.ask("GET", "/metrics", "", name, ""); p.status != 404 || strings.Contains(p.body, "casefile_http") {
			t.Errorf("through a proxy that says %s: %d", name, p.status)
		}
	}
	for _, host := range []string{"casefile.example", "127.0.0.1.elders.example", "192.0.2.1:8080"} {
		if p := w.ask("GET", "/metrics", "", "Host", host); p.status != 404 {
			t.Errorf("as %s: %d", host, p.status)
		}
	}
	r := httptest.NewRequest("GET", "http://localhost/metrics", nil)
	r.RemoteAddr = "192.0.2.7:4711"
	rec := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(rec, r)
	if rec.Code != 404 {
		t.Errorf("from another machine: %d", rec.Code)
	}

	reg := prometheus.NewRegistry()
	apart := httptest.NewServer(web.New(web.Deps{Commands: w.engine, Queries: w.engine, Auth: w.auth, Registry: reg, MetricsApart: true}))
	defer apart.Close()
	w.server = apart
	w.get("/signin")
	if p := w.get("/metrics"); p.status != 404 {
		t.Errorf("beside an address of its own: %d", p.status)
	}
	own := httptest.NewServer(web.MetricsServer(reg, slog.New(slog.DiscardHandler)).Handler)
	defer own.Close()
	w.server = own
	if p := w.get("/metrics"); p.status != 200 || !strings.Contains(p.body, "casefile_http_requests_total") {
		t.Errorf("at its own address: %d", p.status)
	}
	if p := w.get("/signin"); p.status != 404 {
		t.Errorf("at that address there is more: %d", p.status)
	}
}

// failing is an engine in which everything panics with what was asked.
type failing struct{ *apitest.Engine }

func (failing) Caseload(context.Context, queries.Reader) ([]queries.CaseloadRow, error) {
	panic("secret inside")
}

func (failing) Execute(context.Context, commands.Caller, commands.Request) commands.Outcome {
	panic("secret inside")
}

// safely is a log that many write to.
type safely struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safely) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

// An error says neither what the program looks like inside nor what was sent.
func TestErrorsTellNothing(t *testing.T) {
	w := open(t)
	log := &safely{}
	srv := httptest.NewServer(web.New(web.Deps{Commands: failing{w.engine}, Queries: failing{w.engine}, Auth: w.auth, Log: slog.New(slog.NewTextHandler(log, nil))}))
	defer srv.Close()
	w.server = srv
	w.signIn("anna@click")
	marker := "zqtyped"
	for what, p := range map[string]answer{
		"a page that panics":        w.get("/caseload"),
		"a command that panics":     w.ask("POST", "/api/v1/commands", `{"command":"LogHours","data":{"note":"`+marker+`"}}`, "Content-Type", "application/json"),
		"an unknown path":           w.get("/" + marker),
		"an unknown path of theirs": w.get("/api/" + marker),
		"an unknown parameter":      w.get("/api/v1/agencies/click/hours?" + marker + "=1"),
		"a wrong parameter":         w.get("/api/v1/agencies/click/hours?from=" + marker),
		"a wrong id":                w.get("/api/v1/agencies/click/dossiers/" + marker),
		"JSON that is none":         w.ask("POST", "/api/v1/commands", marker, "Content-Type", "application/json"),
		"a field that is none":      w.ask("POST", "/api/v1/commands", `{"`+marker+`":1}`, "Content-Type", "application/json"),
		"a wrong search":            w.ask("POST", "/api/v1/agencies/click/search", `{"q":["`+marker+`"]}`, "Content-Type", "application/json"),
	} {
		body := strings.ReplaceAll(p.body, "back=%2F"+marker, "") // the links to the other language keep the page
		if p.status < 400 || strings.Contains(body, marker) || regexp.MustCompile(`secret inside|goroutine|\.go:\d|panic`).MatchString(p.body) {
			t.Errorf("%s: %d %s", what, p.status, p.body)
		}
		w.strict(what, p)
	}
	log.mu.Lock()
	defer log.mu.Unlock()
	if s := log.b.String(); !strings.Contains(s, "a handler panicked") || strings.Contains(s, "secret inside") || strings.Contains(s, marker) {
		t.Errorf("log %s", s)
	}
}

// S-Bev2: a page that is left open asks by itself whether it still may be; that is
// no use of the session, which runs out all the same.
func TestAnOpenPageKeepsNoSession(t *testing.T) {
	var ahead atomic.Int64
	w := open(t, func(o *auth.Options) {
		o.Clock = clock.Func(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) })
	})
	w.signIn("anna@click")
	for range 5 {
		ahead.Add(int64(11 * time.Minute))
		if p := w.get(dossierPath + "/open"); p.status != http.StatusNoContent || p.body != "" {
			t.Fatalf("while it may be open: %d", p.status)
		}
	}
	ahead.Add(int64(6 * time.Minute))
	if p := w.get(dossierPath + "/open"); p.status != http.StatusUnauthorized {
		t.Errorf("after an hour in which nobody did anything: %d", p.status)
	}
	if p := w.get(dossierPath); p.status != http.StatusUnauthorized {
		t.Errorf("and the page: %d", p.status)
	}
}

// What is handed out is a file to keep, never a page.
func TestDownloadsAreFiles(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	for format, media := range map[string]string{"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"} {
		p := w.get("/registers/hours/download?purpose=guidance&format=" + format)
		if p.status != 200 || p.header.Get("Content-Type") != media || !regexp.MustCompile(`^attachment; filename="hours-\d{4}-\d\d-\d\d\.`+format+`"$`).MatchString(p.header.Get("Content-Disposition")) {
			t.Errorf("%s: %d %v", format, p.status, p.header)
		}
	}
	if p := w.get("/registers/" + url.PathEscape(`"x`+"\r\nA: b") + "/download?format=csv"); p.status < 400 || p.header.Get("A") != "" || p.header.Get("Content-Disposition") != "" {
		t.Errorf("a name that breaks out: %d %v", p.status, p.header)
	}
}

// elsewhere tells whether a browser would leave the site for this address.
func elsewhere(location string) bool {
	return !strings.HasPrefix(location, "/") || strings.HasPrefix(location, "//") || strings.HasPrefix(location, `/\`) || strings.ContainsAny(location, "\r\n\t")
}

// away are addresses that would lead people elsewhere, as they are typed.
var away = []string{"https://elders.example/", "//elders.example", `/\elders.example`, `\\elders.example`, "/\t/elders.example", "/\n/elders.example", "javascript:alert(1)", "data:text/html,x",
	"/a\r\nSet-Cookie: x=1", "/..//elders.example", "/.//elders.example", `/../\elders.example`, "/%2f/elders.example", "/%5celders.example", "///elders.example", "/;@elders.example", "/?//x", "/#//x", "%2f%2felders.example",
	" //elders.example", "http:elders.example", "/\x00/elders.example", "/ü", "", "/caseload?x=//y", "/ //elders.example"}

// FuzzOnlyOwnPaths: no link and no form sends people to another site, whatever
// stands in it: the page to go on to, the language, an id in a path.
func FuzzOnlyOwnPaths(f *testing.F) {
	for _, s := range away {
		f.Add(s)
	}
	w := openOn(f)
	f.Fuzz(func(t *testing.T, next string) {
		for _, path := range []string{
			"/language?to=en&back=" + url.QueryEscape(next),
			"/dossiers/" + url.PathEscape(next) + "/glass", "/dossiers/" + url.PathEscape("../"+next) + "/conversation", "/dossiers/" + url.PathEscape("..\\"+next) + "/glass",
			"/x/../" + url.PathEscape(next), "//" + url.PathEscape(next),
		} {
			p := w.recorded("GET", path, "")
			if p.status >= 500 || p.status >= 300 && p.status < 400 && elsewhere(p.header.Get("Location")) {
				t.Errorf("%q: %d to %q", path, p.status, p.header.Get("Location"))
			}
		}
		p := w.recorded("POST", "/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {password}, "next": {next}}.Encode())
		if p.status != http.StatusSeeOther || elsewhere(p.header.Get("Location")) {
			t.Errorf("%q: %d to %q", next, p.status, p.header.Get("Location"))
		}
		p = w.recorded("GET", "/signin?next="+url.QueryEscape(next), "")
		if p.status != 200 || strings.Contains(p.body, `name="next" value="//`) || strings.Contains(p.body, `name="next" value="http`) {
			t.Errorf("%q: %d %s", next, p.status, p.body)
		}
	})
}

// FuzzForms: what strangers type into the forms of sign-in and invitation comes
// back as an answer of this program, as text and never as markup.
func FuzzForms(f *testing.F) {
	for _, s := range []string{"", "anna@click", `"><script>alert(1)</script>`, "a@b@c@click", "@click", "anna@", "\x00", "\xff\xfe", strings.Repeat("x", 5000), "%s%d%!", "{{.}}", "' OR 1=1 --", "\r\nX: y", "ﷺ", "__proto__"} {
		f.Add(s, s)
		f.Add("anna@click", s)
	}
	w := openOn(f)
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, c := range []struct{ method, path, body string }{
			{"POST", "/signin", url.Values{"signin_name": {a}, "signin_password": {b}, "next": {a}}.Encode()},
			{"POST", "/signin", url.Values{"signin_code": {a}, "next": {b}}.Encode()},
			{"POST", "/signin", a + "=" + b + "&%"},
			{"POST", "/signin/passkey", url.Values{"signin_passkey": {a}}.Encode()},
			{"GET", "/invite/" + url.PathEscape(a), ""},
			{"POST", "/invite/" + url.PathEscape(a), url.Values{"login": {a}, "password": {b}}.Encode()},
			{"POST", "/setup/" + url.PathEscape(a), url.Values{"agency": {a}, "password": {b}, "profile": {b}}.Encode()},
			{"GET", "/signin/oidc/" + url.PathEscape(a) + "/callback?" + url.Values{"state": {a}, "code": {b}}.Encode(), ""},
			{"POST", dossierPath + "/conversation", url.Values{a: {b}, "text": {a}}.Encode()},
		} {
			p := w.recorded(c.method, c.path, c.body)
			if p.status >= 500 || strings.Contains(p.body, "<script>") || strings.Contains(p.body, "Jansen") || p.header.Get("X") != "" {
				t.Errorf("%s %.60q %.60q: %d %s", c.method, c.path, c.body, p.status, p.body)
			}
		}
	})
}

// FuzzCommandsBody: any body is answered as problem details or as an outcome.
func FuzzCommandsBody(f *testing.F) {
	for _, s := range []string{"", "{}", "null", "[]", `{"command":"LogHours"}`, `{"command":1}`, `{"id":"x","command":"AddRecord","data":{}}`, `{"command":"A","command":"B"}`, "\xff", strings.Repeat("[", 20_000),
		`{"data":{"a":` + strings.Repeat(`{"a":`, 9_000) + `1`, `{"at":"9999-99-99","command":"LogHours","data":null}`, `{"agency":"../sol","command":"LogHours"}`, `{"actor":"operator","command":"LogHours"}`, `{"__proto__":{}}`, `{"command":"\u0000"}`} {
		f.Add(s)
	}
	w := openOn(f)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/api/v1/commands", "/api/v1/agencies/click/search"} {
			r := httptest.NewRequest("POST", path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			r.SetBasicAuth("anna@click", password)
			rec := httptest.NewRecorder()
			w.server.Config.Handler.ServeHTTP(rec, r)
			if rec.Code >= 500 || !strings.Contains(rec.Header().Get("Content-Type"), "json") || rec.Code >= 400 && !strings.Contains(rec.Body.String(), `"code"`) {
				t.Errorf("%s %.80q: %d %s", path, body, rec.Code, rec.Body)
			}
		}
	})
}

// recorded asks without a network, from another address each time.
func (w *world) recorded(method, target, body string) answer {
	r := &http.Request{Method: method, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Host: "localhost", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	u, err := url.ParseRequestURI(target)
	if err != nil {
		return answer{status: 400, header: http.Header{}}
	}
	w.asked++
	r.URL, r.RequestURI, r.RemoteAddr = u, target, fmt.Sprintf("10.%d.%d.%d:1", w.asked>>16&255, w.asked>>8&255, w.asked&255)
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r = r.WithContext(context.Background())
	rec := httptest.NewRecorder()
	w.server.Config.Handler.ServeHTTP(rec, r)
	return answer{rec.Code, rec.Body.String(), rec.Header()}
}
