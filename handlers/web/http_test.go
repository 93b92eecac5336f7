package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
)

func TestHeaders(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	for _, path := range []string{"/signin", "/caseload", "/dossiers/" + apitest.First, "/nergens", "/api/openapi.json", "/healthz"} {
		p := w.get(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "frame-ancestors 'none'", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cache-Control": "no-store",
		} {
			if !strings.Contains(p.header.Get(name), want) {
				t.Errorf("%s: %s is %q", path, name, p.header.Get(name))
			}
		}
	}
	csp := w.get("/signin").header.Get("Content-Security-Policy")
	if strings.Contains(csp, "unsafe") || !strings.Contains(csp, "require-trusted-types-for 'script'") {
		t.Errorf("policy %q", csp)
	}
	css := regexp.MustCompile(`/static/casefile\.[0-9a-f]{12}\.css`).FindString(w.get("/signin").body)
	if p := w.get(css); p.status != 200 || !strings.Contains(p.header.Get("Cache-Control"), "immutable") {
		t.Errorf("%s: %d, %s", css, p.status, p.header.Get("Cache-Control"))
	}
	if p := w.get("/static/casefile.000000000000.css"); p.status != 404 {
		t.Errorf("an old stylesheet: %d", p.status)
	}
}

// Without a sign-in nothing is shown (C-0c), and one is sent on afterwards,
// but never to another site.
func TestSignInFirst(t *testing.T) {
	w := open(t)
	for _, path := range []string{"/caseload", "/dossiers/" + apitest.First} {
		p := w.get(path)
		if p.status != http.StatusUnauthorized || !strings.Contains(p.body, `name="next" value="`+path+`"`) || strings.Contains(p.body, "Jansen") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	for _, next := range []string{"https://elders.example/", "//elders.example", `/\elders.example`, "javascript:alert(1)", "/a\r\nSet-Cookie: x=1"} {
		p := w.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {password}, "next": {next}})
		if p.status != http.StatusSeeOther || p.header.Get("Location") != "/" {
			t.Errorf("next %q leads to %q", next, p.header.Get("Location"))
		}
	}
}

func TestWrongSignInKeepsTheNameAndSaysNothingMore(t *testing.T) {
	w := open(t)
	a := w.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {"niet dit woord"}})
	b := w.post("/signin", url.Values{"signin_name": {"xnna@click"}, "signin_password": {"niet dit woord"}})
	if a.status != 401 || !strings.Contains(a.body, `value="anna@click"`) || strings.Contains(a.body, "niet dit woord") {
		t.Errorf("%d", a.status)
	}
	if strings.ReplaceAll(b.body, "xnna", "anna") != a.body {
		t.Error("a known name answers otherwise than an unknown one")
	}
	for range 25 {
		a = w.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {"niet dit woord"}})
	}
	if a.status != http.StatusTooManyRequests {
		t.Errorf("after many attempts: %d", a.status)
	}
}

// Another site's page cannot act in somebody's name.
func TestCrossOrigin(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	for _, path := range []string{"/signout", "/dossiers/" + apitest.First + "/conversation", "/api/v1/commands"} {
		r, err := http.NewRequest("POST", w.server.URL+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Sec-Fetch-Site", "cross-site")
		r.Header.Set("Origin", "https://elders.example")
		p := w.do(r)
		problem := strings.HasPrefix(p.header.Get("Content-Type"), "application/problem+json")
		if p.status != http.StatusForbidden || problem != strings.HasPrefix(path, "/api/") {
			t.Errorf("%s: %d %s", path, p.status, p.header.Get("Content-Type"))
		}
	}
	if w.get("/caseload").status != 200 {
		t.Error("signed out by another site")
	}
}

// talk is a filled-in form.
func talk() url.Values {
	return url.Values{
		"record": {"018f0000-0000-7000-8000-00000000aa01"}, "record_command": {"018f0000-0000-7000-8000-00000000aa02"},
		"entry": {"018f0000-0000-7000-8000-00000000aa03"}, "entry_command": {"018f0000-0000-7000-8000-00000000aa04"},
		"subject": {"Kennismaking"}, "text": {"Regel een.\r\nRegel twee."}, "date": {"20-11-2026"}, "time": {"13:05"},
		"hours": {""}, "minutes": {"45"}, "trajectory": {"T-2026-014"}, "activity": {"conversation"},
	}
}

const dossierPath = "/dossiers/" + apitest.First

func TestConversation(t *testing.T) {
	with := func(pairs ...string) url.Values {
		f := talk()
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	for _, c := range []struct {
		name   string
		form   url.Values
		status int
		field  string // the link of the summary
	}{
		{"good", talk(), 303, ""},
		{"without hours", with("minutes", "", "trajectory", ""), 303, ""},
		{"ISO date", with("date", "2026-11-20"), 303, ""},
		{"no subject", with("subject", " "), 400, "subject"},
		{"no text", with("text", "\r\n"), 400, "text"},
		{"long subject", with("subject", strings.Repeat("x", 201)), 400, "subject"},
		{"bytes that are no text", with("text", "\xff"), 400, "text"},
		{"no date", with("date", ""), 400, "date"},
		{"no such date", with("date", "31-02-2026"), 400, "date"},
		{"no such time", with("time", "half drie"), 400, "time"},
		{"in the future", with("date", "21-11-2026"), 400, "date"},
		{"minutes in words", with("minutes", "tien"), 400, "minutes"},
		{"more than a day", with("hours", "25"), 400, "hours"},
		{"negative", with("hours", "-1"), 400, "hours"},
		{"hours without a trajectory", with("trajectory", ""), 400, "trajectory"},
		{"unknown activity", with("activity", "slapen"), 400, "activity"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := open(t)
			w.signIn("anna@click")
			p := w.post(dossierPath+"/conversation", c.form)
			if p.status != c.status {
				t.Fatalf("%d, want %d", p.status, c.status)
			}
			if c.field != "" && !strings.Contains(p.body, `<a href="#`+c.field+`">`) {
				t.Errorf("no link to %s", c.field)
			}
			if c.field != "" && c.field != "text" && !strings.Contains(p.body, "Regel twee.") {
				t.Error("what was typed is gone")
			}
		})
	}
}

// A report that is stored stays stored when its hours are refused: only the
// hours remain to be put right, and the refusal names its article.
func TestHoursRefused(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	form := talk()
	form.Set("trajectory", "T-2024-003")
	p := w.post(dossierPath+"/conversation", form)
	for _, want := range []string{`href="#trajectory"`, "Regel:", "C-0b", `name="stored" value="4`, "readonly", "Regel twee."} {
		if !strings.Contains(p.body, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if p.status != http.StatusUnprocessableEntity {
		t.Errorf("status %d", p.status)
	}
	form.Set("stored", field(t, p.body, "stored"))
	form.Set("trajectory", "T-2026-014")
	if p = w.post(dossierPath+"/conversation", form); p.status != http.StatusSeeOther {
		t.Fatalf("put right: %d", p.status)
	}
	if n := strings.Count(w.get(p.header.Get("Location")).body, "<strong>Kennismaking</strong>"); n != 1 {
		t.Errorf("the report is there %d times", n)
	}
}

// A session that ended costs nobody a report: signing in goes on with it.
func TestEndedSessionKeepsTheReport(t *testing.T) {
	w := open(t)
	p := w.post(dossierPath+"/conversation", talk())
	if p.status != http.StatusUnauthorized || !strings.Contains(p.body, "Regel twee.") || strings.Contains(p.body, "Jansen") {
		t.Fatalf("%d", p.status)
	}
	form := talk()
	form.Set("signin_name", "anna@click")
	form.Set("signin_password", "niet dit woord")
	if p = w.post(dossierPath+"/conversation", form); p.status != http.StatusUnauthorized || !strings.Contains(p.body, "Regel twee.") {
		t.Fatalf("wrong password: %d", p.status)
	}
	form.Set("signin_password", password)
	if p = w.post(dossierPath+"/conversation", form); p.status != http.StatusSeeOther {
		t.Fatalf("signed in: %d", p.status)
	}
	if !strings.Contains(w.get(p.header.Get("Location")).body, "Kennismaking") {
		t.Error("the report is not there")
	}
}

// Architecture §1.2, T5: when a look cannot be recorded nothing personal is
// shown, and what was typed comes back alone.
func TestNoRecordNoPlaintext(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	w.engine.SetDown(true)
	for _, path := range []string{"/caseload", dossierPath, dossierPath + "?on=01-10-2026"} {
		p := w.get(path)
		if p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "Jansen") || p.header.Get("Retry-After") == "" || !strings.Contains(p.body, "niets persoonlijks") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	p := w.post(dossierPath+"/conversation", talk())
	if p.status != http.StatusServiceUnavailable || strings.Contains(p.body, "Jansen") || !strings.Contains(p.body, "Regel twee.") || strings.Count(p.body, "<h1") != 1 {
		t.Errorf("a report while nothing can be recorded: %d", p.status)
	}
}

func TestForbiddenAndUnknown(t *testing.T) {
	w := open(t)
	w.signIn("cleo@click")
	if p := w.get(dossierPath); p.status != http.StatusForbidden || strings.Contains(p.body, "Jansen") || !strings.Contains(p.body, "C-0d") {
		t.Errorf("not assigned: %d", p.status)
	}
	if p := w.get("/dossiers/mevrouw-jansen"); p.status != http.StatusNotFound && p.status != http.StatusBadRequest {
		t.Errorf("no id: %d", p.status)
	}
}

func TestHealthAndMetrics(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	w.get(dossierPath)
	w.get("/" + url.PathEscape("mevrouw Jansen"))
	if p := w.get("/healthz"); p.status != 200 || p.body != "ok\n" {
		t.Errorf("healthz %d", p.status)
	}
	if p := w.get("/readyz"); p.status != 200 {
		t.Errorf("readyz %d", p.status)
	}
	w.ready.Store(false)
	if p := w.get("/readyz"); p.status != 503 || strings.Contains(p.body, errNotReady.Error()) {
		t.Errorf("readyz %d %s", p.status, p.body)
	}
	m := w.get("/metrics").body
	if !strings.Contains(m, `casefile_http_requests_total{method="GET",route="/dossiers/{dossier}",status="200"} 1`) {
		t.Errorf("no count of the dossier's page in\n%s", m)
	}
	// C-4a, T8: neither metrics nor logs say who or about whom.
	for _, secret := range []string{apitest.First, apitest.Anna, "Jansen", "anna", "Sanne", "127.0.0.1"} {
		if strings.Contains(m, secret) || strings.Contains(w.log.String(), secret) {
			t.Errorf("%q stands in metrics or log", secret)
		}
	}
}
