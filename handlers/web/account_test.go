package web_test

import (
	"context"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/auth"
)

// another is the same world in another browser.
func (w *world) another() *world {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &world{t: w.t, engine: w.engine, auth: w.auth, state: w.state, log: w.log, server: w.server,
		client: &http.Client{Jar: jar, CheckRedirect: w.client.CheckRedirect}}
}

func find(t testing.TB, body, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no %s in\n%s", pattern, body)
	}
	return html.UnescapeString(m[1])
}

func codeAt(t testing.TB, secret string, at time.Time) string {
	t.Helper()
	c, err := totp.GenerateCode(strings.ReplaceAll(secret, " ", ""), at)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// addTOTP goes through the pages, without scripts.
func (w *world) addTOTP() (secret string, codes []string) {
	w.t.Helper()
	p := w.post("/account/totp", nil)
	path := p.header.Get("Location")
	if p.status != http.StatusSeeOther || !strings.HasPrefix(path, "/account/totp/") {
		w.t.Fatalf("adding an app: %d to %q\n%s", p.status, path, p.body)
	}
	page := w.get(path)
	secret = find(w.t, page.body, `class="secret">([A-Z2-7 ]+)<`)
	if !strings.Contains(page.body, `<svg class="qr"`) || page.header.Get("Cache-Control") != "no-store" {
		w.t.Error("no picture, or one that is kept")
	}
	if p := w.post(path, url.Values{"code": {"000000"}}); p.status != http.StatusForbidden || !strings.Contains(p.body, `aria-invalid="true"`) {
		w.t.Errorf("a wrong first code: %d", p.status)
	}
	p = w.post(path, url.Values{"code": {codeAt(w.t, secret, time.Now())}})
	for _, m := range regexp.MustCompile(`<li class="secret">([a-z2-7-]{14})</li>`).FindAllStringSubmatch(p.body, -1) {
		codes = append(codes, m[1])
	}
	if len(codes) != auth.RecoveryCodes {
		w.t.Fatalf("%d: %d recovery codes", p.status, len(codes))
	}
	return secret, codes
}

// C-0c, S-Bev2: signing in takes two steps once there is a second factor, and a
// form that came too late goes through both.
func TestSecondStep(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	_, codes := w.addTOTP()
	x := w.another()
	first := url.Values{"signin_name": {"anna@click"}, "signin_password": {password}, "next": {"/caseload"}}
	p := x.post("/signin", first)
	if p.status != http.StatusOK || !strings.Contains(p.body, "signin_code") || strings.Contains(p.body, "signin_password") {
		t.Fatalf("after the password: %d", p.status)
	}
	if q := x.get("/caseload"); q.status != http.StatusUnauthorized {
		t.Fatalf("with the password alone: %d", q.status)
	}
	for name, code := range map[string]string{"wrong": "111111", "none": "", "another form": "abcd-efgh-ijkl"} {
		if p := x.post("/signin", url.Values{"signin_code": {code}, "next": {"/caseload"}}); p.status != http.StatusUnauthorized || !strings.Contains(p.body, "signin_code") {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	p = x.post("/signin", url.Values{"signin_code": {codes[0]}, "next": {"/caseload"}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/caseload" || x.get("/caseload").status != http.StatusOK {
		t.Fatalf("with a recovery code: %d to %q", p.status, p.header.Get("Location"))
	}

	// Given a session that ended while a report was typed, then both steps carry it along.
	y := w.another()
	form := talk()
	form.Set("signin_name", "anna@click")
	form.Set("signin_password", password)
	p = y.post(dossierPath+"/conversation", form)
	if p.status != http.StatusUnauthorized || !strings.Contains(p.body, "signin_code") || !strings.Contains(p.body, "Regel twee.") || strings.Contains(p.body, password) {
		t.Fatalf("the second step with a form: %d", p.status)
	}
	form.Del("signin_name")
	form.Del("signin_password")
	form.Set("signin_code", codes[1])
	if p = y.post(dossierPath+"/conversation", form); p.status != http.StatusSeeOther {
		t.Fatalf("both steps and the form: %d\n%s", p.status, p.body)
	}

	// Without a first step there is no second.
	if p := w.another().post("/signin", url.Values{"signin_code": {codes[2]}}); p.status != http.StatusUnauthorized || !strings.Contains(p.body, "signin_password") {
		t.Errorf("a code alone: %d", p.status)
	}
	// C-0c: programs of such an account use tokens.
	r, err := http.NewRequest("GET", w.server.URL+"/api/v1/agencies/click/dossiers/"+apitest.First, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("anna@click", password)
	if p := w.another().do(r); p.status != http.StatusForbidden || !strings.Contains(p.body, "use_a_token") {
		t.Errorf("a password alone over the API: %d", p.status)
	}
	p = w.post("/account/tokens", url.Values{"token_name": {"Export"}, "scope": {"read"}, "token_days": {"30"}})
	token := find(t, p.body, `>(cft_[a-z2-7]+)<`)
	r.Header.Set("Authorization", "Bearer "+token)
	if p := w.another().do(r); p.status != http.StatusOK {
		t.Errorf("with a token: %d", p.status)
	}
	if p := w.get("/account"); strings.Contains(p.body, token) || !strings.Contains(p.body, "Export") {
		t.Error("the page shows the token again, or not its name")
	}
}

// C-0c: a copy of the cookie opens nothing once its owner signed out.
func TestStolenCookieAfterSignOut(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	u, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	thief := w.another()
	thief.client.Jar.SetCookies(u, w.client.Jar.Cookies(u))
	if p := thief.get("/caseload"); p.status != http.StatusOK {
		t.Fatalf("the copy is no copy: %d", p.status)
	}
	w.post("/signout", nil)
	if p := thief.get("/caseload"); p.status != http.StatusUnauthorized || strings.Contains(p.body, "Jansen") {
		t.Errorf("page: %d", p.status)
	}
	if p := thief.get("/api/v1/agencies/click/dossiers/" + apitest.First); p.status != http.StatusUnauthorized {
		t.Errorf("API: %d", p.status)
	}
}

// C-0c: where a second factor is required nothing else opens before there is one.
func TestLedToASecondFactor(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.SecondFactor = auth.Required })
	p := w.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {password}, "next": {"/caseload"}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/account" {
		t.Fatalf("%d to %q", p.status, p.header.Get("Location"))
	}
	for _, path := range []string{"/caseload", dossierPath, "/accounts"} {
		if p := w.get(path); p.status != http.StatusSeeOther || p.header.Get("Location") != "/account" {
			t.Errorf("%s: %d", path, p.status)
		}
	}
	if p := w.get("/api/v1/agencies/click/dossiers/" + apitest.First); p.status != http.StatusForbidden || !strings.Contains(p.body, "second_factor_needed") {
		t.Errorf("API: %d %s", p.status, p.body)
	}
	if p := w.post("/account/tokens", url.Values{"token_name": {"x"}, "scope": {"read"}, "token_days": {"30"}}); p.status != http.StatusSeeOther {
		t.Errorf("a token: %d", p.status)
	}
	w.addTOTP()
	if p := w.get("/caseload"); p.status != http.StatusOK {
		t.Errorf("with a second factor: %d", p.status)
	}
}

// C-2.7e: an administrator invites, nobody else, nobody himself, and only staff
// of the own agency; the invitation works once and tells nobody's name.
func TestAccountsAndInvitation(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	if p := w.get("/accounts"); p.status != http.StatusForbidden || strings.Contains(p.body, "Cleo") {
		t.Errorf("a coach: %d", p.status)
	}
	if p := w.post("/accounts/"+apitest.Cleo+"/invite", nil); p.status != http.StatusForbidden {
		t.Errorf("a coach invites: %d", p.status)
	}
	d := w.another()
	d.signIn("dora@click")
	list := d.get("/accounts")
	if list.status != http.StatusOK || strings.Contains(list.body, "Bram") || !strings.Contains(list.body, "uit dienst") || strings.Contains(list.body, apitest.Dora+"/invite") {
		t.Fatalf("%d\n%s", list.status, list.body)
	}
	for who, want := range map[string]int{apitest.Dora: http.StatusForbidden, apitest.Bram: http.StatusNotFound, apitest.Evert: http.StatusNotFound, "x": http.StatusBadRequest} {
		if p := d.post("/accounts/"+who+"/invite", nil); p.status != want {
			t.Errorf("inviting %s: %d", who, p.status)
		}
	}
	p := d.post("/accounts/"+apitest.Cleo+"/invite", nil)
	path := strings.TrimPrefix(find(t, p.body, `class="secret">([^<]+)<`), w.server.URL)
	if !strings.HasPrefix(path, "/invite/") {
		t.Fatalf("link %q", path)
	}

	x := w.another()
	if p := x.get(path); p.status != http.StatusOK || strings.Contains(p.body, "Cleo") || p.header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("%d", p.status)
	}
	// Whoever has the link learns of other names nothing: one that exists answers
	// as one that does not.
	answers := map[string]string{}
	for _, login := range []string{"anna", "niemand"} {
		p := x.post(path, url.Values{"login": {login}, "password": {"acht blauwe vogels"}})
		if answers[login] = strings.ReplaceAll(p.body, login, ""); p.status != http.StatusForbidden {
			t.Errorf("%s: %d", login, p.status)
		}
	}
	if answers["anna"] != answers["niemand"] {
		t.Error("a name that exists answers otherwise than one that does not")
	}
	if p := x.post(path, url.Values{"login": {"cleo"}, "password": {"Welkom2024!!"}}); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, `id="password-error"`) {
		t.Errorf("a common password: %d", p.status)
	}
	if p := x.post(path, url.Values{"login": {"Cleo "}, "password": {"acht blauwe vogels"}}); p.status != http.StatusSeeOther || p.header.Get("Location") != "/account" {
		t.Fatalf("%d\n%s", p.status, p.body)
	}
	if p := x.get("/caseload"); p.status != http.StatusOK {
		t.Errorf("signed in by it: %d", p.status)
	}
	for _, p := range []answer{w.get(path), w.post(path, url.Values{"login": {"cleo"}, "password": {"negen rode appels"}}), w.get("/invite/niets")} {
		if p.status != http.StatusNotFound || strings.Contains(p.body, "Cleo") {
			t.Errorf("used: %d", p.status)
		}
	}
}

// C-0c: a name that exists answers as one that does not, on the page and over
// the API.
func TestNoNameIsGivenAway(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	w.addTOTP() // also for an account with a second factor
	body := map[string]string{}
	for _, name := range []string{"anna@click", "nobody@click", "cleo@click", "nobody@nowhere"} {
		x := w.another()
		p := x.post("/signin", url.Values{"signin_name": {name}, "signin_password": {"niet het goede woord"}})
		r, err := http.NewRequest("GET", w.server.URL+"/api/v1/agencies/click/dossiers/"+apitest.First, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(name, "niet het goede woord")
		q := x.do(r)
		body[name] = strings.ReplaceAll(p.body, name, "") + q.body
		if p.status != http.StatusUnauthorized || q.status != http.StatusUnauthorized || body[name] != body["anna@click"] {
			t.Errorf("%s: %d, %d", name, p.status, q.status)
		}
	}
}

// C-0c: what changes the account asks for the second step once more when it was
// proved long ago.
func TestProveAgain(t *testing.T) {
	now := time.Now()
	clockNow := func() time.Time { return now }
	w := open(t, func(o *auth.Options) { o.Clock = clockFunc(clockNow) })
	w.signIn("anna@click")
	_, codes := w.addTOTP()
	now = now.Add(auth.FreshFactor)
	p := w.post("/account/recovery", nil)
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/account/confirm" {
		t.Fatalf("%d to %q", p.status, p.header.Get("Location"))
	}
	if p := w.get("/account/confirm?next=//kwaad.example"); p.status != http.StatusOK || strings.Contains(p.body, "kwaad") {
		t.Errorf("%d", p.status)
	}
	if p := w.post("/account/confirm", url.Values{"signin_code": {"111111"}, "next": {"/account"}}); p.status != http.StatusForbidden || !strings.Contains(p.body, `id="signin_code-error"`) {
		t.Errorf("a wrong code: %d", p.status)
	}
	if p := w.post("/account/confirm", url.Values{"signin_code": {codes[0]}, "next": {"/account"}}); p.status != http.StatusSeeOther {
		t.Fatalf("a right one: %d\n%s", p.status, p.body)
	}
	if p := w.post("/account/recovery", nil); p.status != http.StatusOK {
		t.Errorf("afterwards: %d", p.status)
	}
}

type clockFunc func() time.Time

func (f clockFunc) Now() time.Time { return f() }

// Every session and password form, and who may end what.
func TestOwnSessions(t *testing.T) {
	w := open(t)
	w.signIn("anna@click")
	x := w.another()
	x.signIn("anna@click")
	c := w.another()
	c.signIn("cleo@click")
	p := w.get("/account")
	if n := strings.Count(p.body, `name="session" value="`); n != 2 { // the other one, and all others
		t.Fatalf("%d forms to end a session", n)
	}
	other := find(t, p.body, `name="session" value="([0-9a-f-]{36})"`)
	if c.post("/account/sessions", url.Values{"session": {other}}); x.get("/caseload").status != http.StatusOK {
		t.Error("a session of somebody else was ended")
	}
	w.post("/account/sessions", url.Values{"session": {other}})
	if x.get("/caseload").status != http.StatusUnauthorized || w.get("/caseload").status != http.StatusOK {
		t.Error("the wrong session was ended")
	}
	if p := w.post("/account/password", url.Values{"old": {"x"}, "new": {"acht blauwe vogels"}}); p.status != http.StatusForbidden || !strings.Contains(p.body, `id="old-error"`) {
		t.Errorf("another old password: %d", p.status)
	}
	if p := w.post("/account/password", url.Values{"old": {password}, "new": {"acht blauwe vogels"}}); p.status != http.StatusSeeOther || w.get("/account?done=password").status != http.StatusOK {
		t.Errorf("%d", p.status)
	}
	if _, err := w.auth.Verify(context.Background(), "click", "anna", "acht blauwe vogels"); err != nil {
		t.Error(err)
	}
}

var accountGolden = regexp.MustCompile(`\d{1,2} \p{L}+ \d{4}[^<,]*|[0-9a-f]{8}-[0-9a-f-]{27}|http://localhost:\d+|(?:/|%2F)invite(?:/|%2F)[a-z2-7]+`)

// The pages of accounts with what is usual, and with text that tries to break out.
func TestAccountPagesRender(t *testing.T) {
	w := open(t)
	steady := func(body string) string { return accountGolden.ReplaceAllString(body, "…") }
	w.signIn("anna@click")
	golden(t, "pages/account/testdata/zero.golden.html", steady(w.get("/account").body))
	w.post("/account/tokens", url.Values{"token_name": {`"><script>alert(1)</script>`}, "scope": {"read", "registers"}, "token_days": {"90"}})
	golden(t, "pages/account/testdata/wrong.golden.html", steady(w.post("/account/tokens", url.Values{"token_name": {`"><script>alert(2)</script>`}}).body))
	w.addTOTP()
	golden(t, "pages/account/testdata/typical.golden.html", steady(w.get("/account?done=factor").body))
	golden(t, "pages/account/testdata/confirm.golden.html", steady(w.get("/account/confirm").body))
	d := w.another()
	d.signIn("dora@click")
	golden(t, "pages/accounts/testdata/typical.golden.html", steady(d.get("/accounts").body))
	p := d.post("/accounts/"+apitest.Cleo+"/invite", nil)
	golden(t, "pages/accounts/testdata/invited.golden.html", steady(p.body))
	golden(t, "pages/invite/testdata/typical.golden.html", steady(d.another().get(strings.TrimPrefix(find(t, p.body, `class="secret">([^<]+)<`), w.server.URL)).body))
	x := w.another()
	golden(t, "pages/signin/testdata/second.golden.html", x.post("/signin", url.Values{"signin_name": {"anna@click"}, "signin_password": {password}}).body)
}
