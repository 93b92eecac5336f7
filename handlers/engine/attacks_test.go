package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/pquerna/otp/totp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web"
)

// Issue 4, C-0c, C-0d, S-Bev2: what strangers and colleagues try at the doors of the
// running server is refused, and where there is somebody in whose name it was tried
// it stands on the stream.

// attacked is the world of the rights, with what happens at sign-in on record as
// the program keeps it.
type attacked struct {
	*rights
	auth *auth.Service
}

func openAttacked(t *testing.T) *attacked {
	t.Helper()
	r := openRights(t)
	key := func(agency, use, of string) []byte {
		sum, err := r.e.Vault.Digest(context.WithoutCancel(t.Context()), agency, use, []byte(of))
		if err != nil {
			return nil
		}
		return sum[:]
	}
	s, err := auth.Open(t.Context(), auth.Options{DB: r.e.State, Dialect: r.e.StateDialect, Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1},
		Digest: func(agency, login string) []byte { return key(agency, "login", login) }, Key: key, Active: r.e.Commands.ActiveStaff,
		Record: func(ctx context.Context, agency, actor string, ev domain.Event) error {
			c := commands.Caller{Door: commands.DoorWeb, Agency: agency, Staff: actor}
			if actor == domain.Operator {
				c.Agency, c.Door = "", commands.DoorCLI
			}
			return r.e.Commands.RecordAct(ctx, c, agency, ev)
		}})
	if err != nil {
		t.Fatal(err)
	}
	s.OnAttempt(func(ctx context.Context, a auth.Attempt) {
		ev := a.SignIn
		if err := r.e.Commands.RecordAttempt(context.WithoutCancel(ctx), a.Agency, a.Staff, &ev); err != nil {
			t.Error(err)
		}
	})
	srv := httptest.NewServer(web.New(web.Deps{Commands: r.e.Commands, Queries: r.e.Queries, Auth: s}))
	t.Cleanup(srv.Close)
	r.base = srv.URL
	for _, p := range r.people {
		p.http = fresh(t)
	}
	return &attacked{r, s}
}

// fresh is a browser without cookies.
func fresh(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// send is ask with headers, in pairs, and gives those of the answer.
func (a *attacked) send(c *http.Client, method, path, body string, header ...string) (int, string, http.Header) {
	a.Helper()
	req, err := http.NewRequestWithContext(a.Context(), method, a.base, strings.NewReader(body))
	if err != nil {
		a.Fatal(err)
	}
	// As it is typed: a client would tidy the path up.
	path, req.URL.RawQuery, _ = strings.Cut(path, "?")
	req.URL.Opaque = "//" + req.URL.Host + path
	if body != "" {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if strings.HasPrefix(body, "{") {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		a.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func (a *attacked) signIn(p *person) (int, string) {
	a.Helper()
	return a.ask(p, "POST", "/signin", url.Values{"signin_name": {p.name + "@click"}, "signin_password": {rightsPassword}}.Encode())
}

// acts are the events on somebody's accesses after a position, as they stand on
// the stream: type and clear data.
func (a *attacked) acts(agency, actor string, after uint64) (out []string) {
	a.Helper()
	err := a.e.Store.ReadAggregate(a.Context(), domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: actor}, 0, func(c *eventstore.Commit) error {
		if c.Position > after {
			for _, ev := range c.Envelope.Data.Events {
				out = append(out, c.Envelope.Type+" "+string(ev.Data))
			}
		}
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
	return out
}

// denied are the codes of the looks and changes that were denied to somebody, with
// the dossiers that were named.
func (a *attacked) denied(actor string, after uint64) (out []string) {
	a.Helper()
	for _, act := range a.acts("click", actor, after) {
		kind, data, _ := strings.Cut(act, " ")
		var ev access.Recorded
		if kind != access.TypeRecorded {
			continue
		}
		if err := json.Unmarshal([]byte(data), &ev); err != nil {
			a.Fatal(err)
		}
		if ev.Outcome == access.Denied {
			out = append(out, ev.Action+" "+ev.Code+" "+strings.Join(ev.Dossiers, ","))
		}
	}
	return out
}

// S-Bev2: guessing a password ends after twenty attempts; up to there each is on
// record, and past it a stranger can neither go on nor fill the stream.
func TestBruteForceAtTheSignIn(t *testing.T) {
	a := openAttacked(t)
	p, before := a.person("assigned"), head(t, a.e)
	try := func(name, password string) (int, http.Header, string) {
		status, body, h := a.send(fresh(t), "POST", "/signin", url.Values{"signin_name": {name}, "signin_password": {password}}.Encode())
		return status, h, body
	}
	var first string
	for i := range auth.AttemptsPerLogin {
		status, _, body := try("assigned@click", fmt.Sprintf("geraden %d", i))
		if status != http.StatusUnauthorized || strings.Contains(body, "geraden") {
			t.Fatalf("attempt %d: %d", i, status)
		}
		first = body
	}
	for _, password := range []string{"geraden weer", rightsPassword} {
		status, h, _ := try("assigned@click", password)
		if wait := h.Get("Retry-After"); status != http.StatusTooManyRequests || wait == "" || wait == "0" {
			t.Errorf("past the limit, with %q: %d, wait %q", password, status, wait)
		}
	}
	got := a.acts("click", p.staff, before)
	if len(got) != auth.AttemptsPerLogin || slices.ContainsFunc(got, func(s string) bool {
		return s != `signin.recorded {"outcome":"denied","method":"password","code":"wrong_password"}`
	}) {
		t.Errorf("%d on record: %q", len(got), got)
	}
	// Nobody's name answers alike, and its attempts are the engine's.
	status, _, body := try("unknown0@click", "geraden")
	if strip := strings.NewReplacer("unknown0", "assigned"); status != http.StatusUnauthorized || strip.Replace(body) != first {
		t.Errorf("a name that is nobody's answers otherwise: %d", status)
	}
	if got := a.acts("click", domain.Engine, before); len(got) != 1 || !strings.Contains(got[0], `"unknown_name"`) {
		t.Errorf("on record of the engine: %q", got)
	}
	// One address does not go through name after name either.
	for i := range auth.AttemptsPerAddress {
		if status, _, _ = try(fmt.Sprintf("unknown%d@click", i), "geraden"); status == http.StatusTooManyRequests {
			break
		}
	}
	if status != http.StatusTooManyRequests {
		t.Errorf("name after name: %d", status)
	}
	if n := len(a.acts("click", domain.Engine, before)); n >= auth.AttemptsPerAddress {
		t.Errorf("%d on record of the engine", n)
	}
}

// S-Bev2: a copy of a cookie opens nothing any more once its owner signed out, at
// no door; that the session ended is on record, and nothing after it.
func TestStolenCookieAfterSignOut(t *testing.T) {
	a := openAttacked(t)
	p := a.person("assigned")
	if status, _ := a.signIn(p); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	u, err := url.Parse(a.base)
	if err != nil {
		t.Fatal(err)
	}
	thief := &person{name: "thief", http: fresh(t)}
	thief.http.Jar.SetCookies(u, p.http.Jar.Cookies(u))
	page := "/dossiers/" + a.dossiers[0]
	if status, body := a.ask(thief, "GET", page, ""); status != 200 || !strings.Contains(body, marked(0, "report")) {
		t.Fatalf("the copy is no copy: %d", status)
	}
	if status, _ := a.ask(p, "POST", "/signout", ""); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	before := head(t, a.e)
	if got := a.acts("click", p.staff, 0); !strings.Contains(got[len(got)-1], `"reason":"signed_out"`) {
		t.Errorf("on record last: %s", got[len(got)-1])
	}
	for _, w := range []way{
		{"GET", page, ""}, {"GET", "/caseload", ""}, {"GET", page + "/print", ""}, {"GET", "/account", ""}, {"GET", "/registers/hours/download?format=csv", ""},
		{"GET", "/api/v1/agencies/click/dossiers/" + a.dossiers[0], ""}, {"GET", "/api/v1/agencies/click/hours?purpose=guidance", ""},
		{"POST", "/api/v1/commands", fmt.Sprintf(`{"command":"LogHours","dossier":%q,"data":{}}`, a.dossiers[0])},
		{"POST", "/api/v1/agencies/click/search", `{"q":"zq"}`},
		{"POST", page + "/conversation", "text=x&subject=y"}, {"POST", "/account/tokens", "token_name=x&scope=read&token_days=30"}, {"POST", "/account/sessions", ""},
	} {
		status, body := a.ask(thief, w.method, w.path, w.body)
		if status != http.StatusUnauthorized || strings.Contains(body, "zq0m") || strings.Contains(body, "Collega") {
			t.Errorf("%s %s: %d", w.method, w.path, status)
		}
	}
	if now := head(t, a.e); now != before {
		t.Errorf("the thief left %d commits", now-before)
	}
}

// S-Bev2: a code of an app works once; sent again it is refused and on record, while
// it is still in its half minute.
func TestReplayedTOTP(t *testing.T) {
	a := openAttacked(t)
	p := a.person("assigned")
	a.signIn(p)
	req, err := http.NewRequestWithContext(t.Context(), "POST", a.base+"/account/totp", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := p.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	path := resp.Header.Get("Location")
	_, page := a.ask(p, "GET", path, "")
	m := regexp.MustCompile(`class="secret">([A-Z2-7 ]+)<`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no secret at %s", path)
	}
	secret := strings.ReplaceAll(html.UnescapeString(m[1]), " ", "")
	code := func(at time.Time) string {
		c, err := totp.GenerateCode(secret, at)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	now := time.Now()
	if status, _ := a.ask(p, "POST", path, url.Values{"code": {code(now)}}.Encode()); status != 200 {
		t.Fatalf("enrolling: %d", status)
	}
	second := func(c string) (int, *person) {
		x := &person{name: p.name, http: fresh(t)}
		if status, body := a.signIn(x); status != 200 || !strings.Contains(body, "signin_code") {
			t.Fatalf("the first step: %d", status)
		}
		status, _ := a.ask(x, "POST", "/signin", url.Values{"signin_code": {c}, "next": {"/caseload"}}.Encode())
		return status, x
	}
	next := code(now.Add(30 * time.Second))
	if status, x := second(next); status != http.StatusSeeOther {
		t.Fatalf("the next code: %d", status)
	} else if status, _ := a.ask(x, "GET", "/caseload", ""); status != 200 {
		t.Fatalf("signed in: %d", status)
	}
	before := head(t, a.e)
	for what, c := range map[string]string{"the one just used": next, "the one before it": code(now)} {
		status, x := second(c)
		if status != http.StatusUnauthorized {
			t.Errorf("%s: %d", what, status)
		}
		if status, _ := a.ask(x, "GET", "/caseload", ""); status != http.StatusUnauthorized {
			t.Errorf("%s opened the caseload: %d", what, status)
		}
	}
	got := a.acts("click", p.staff, before)
	want := []string{`signin.recorded {"outcome":"pending","method":"password"}`, `signin.recorded {"outcome":"denied","method":"totp","code":"wrong_code"}`}
	if !slices.Equal(got, slices.Concat(want, want)) {
		t.Errorf("on record: %q", got)
	}
}

// C-0c: a form that another site's page sends does nothing, whatever its browser says
// of itself; that it was tried in somebody's name is on record, once a minute.
func TestCrossSiteFormPost(t *testing.T) {
	a := openAttacked(t)
	p := a.person("assigned")
	a.signIn(p)
	before := head(t, a.e)
	page := "/dossiers/" + a.dossiers[0]
	form := url.Values{"record": {uuid.NewString()}, "record_command": {uuid.NewString()}, "entry": {uuid.NewString()}, "entry_command": {uuid.NewString()},
		"subject": {"x"}, "text": {"y"}, "date": {time.Now().Format("02-01-2006")}, "time": {"00:00"}}.Encode()
	for _, said := range [][]string{
		{"Sec-Fetch-Site", "cross-site", "Origin", "https://elders.example"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://elders.example"}, {"Origin", "null"},
		{"Origin", a.base + ".elders.example"}, {"Origin", "https://" + strings.TrimPrefix(a.base, "http://") + "0"},
		{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"},
	} {
		for _, w := range []way{
			{"POST", page + "/conversation", form}, {"POST", "/signout", ""}, {"POST", "/account/password", "password=" + url.QueryEscape("heel iets anders")},
			{"POST", page + "/glass", "reason=x&minutes=5"}, {"POST", "/account/tokens", "token_name=x&scope=read&token_days=30"},
			{"POST", "/api/v1/commands", fmt.Sprintf(`{"command":"UnassignStaff","dossier":%q,"data":{"staff":%q}}`, a.dossiers[0], p.staff)}, {"PUT", page, "x"}, {"DELETE", page, ""},
		} {
			if status, body, _ := a.send(p.http, w.method, w.path, w.body, said...); status != http.StatusForbidden || strings.Contains(body, "zq0m") {
				t.Errorf("%v: %s %s: %d", said, w.method, w.path, status)
			}
		}
	}
	if got := a.acts("click", p.staff, before); !slices.Equal(got, []string{`access.recorded {"action":"change","outcome":"denied","ground":"none","code":"cross_origin","rule":"C-0c"}`}) {
		t.Errorf("on record: %q", got)
	}
	if now := head(t, a.e); now != before+1 {
		t.Errorf("%d commits, want the one of the refusal", now-before)
	}
	if status, _ := a.ask(p, "GET", page, ""); status != 200 {
		t.Errorf("signed out by another site: %d", status)
	}
	// Without a session there is nobody in whose name it was tried.
	a.send(fresh(t), "POST", "/signout", "", "Sec-Fetch-Site", "cross-site")
	if got := a.denied(p.staff, before); len(got) != 1 {
		t.Errorf("on record: %q", got)
	}
}

// C-0c: a token opens what its scopes say, though its owner may do more; the rest is
// refused as token_scope and on record with the owner.
func TestTokenBeyondItsScope(t *testing.T) {
	a := openAttacked(t)
	p := a.person("assigned")
	d := a.dossiers[0]
	token := func(scopes ...string) string {
		_, secret, err := a.auth.IssueTokenFor(t.Context(), domain.Operator, "click", p.staff, "x", scopes, time.Now().AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + secret
	}
	read := way{"GET", "/api/v1/agencies/click/dossiers/" + d, ""}
	timeline := way{"GET", "/api/v1/agencies/click/dossiers/" + d + "/timeline", ""}
	search := way{"POST", "/api/v1/agencies/click/search", `{"q":"zq0m"}`}
	register := way{"GET", "/api/v1/agencies/click/hours?purpose=guidance", ""}
	hours := way{"POST", "/api/v1/commands", fmt.Sprintf(`{"command":"LogHours","dossier":%q,"data":{"entry":%q,"trajectory":"T-0","date":%q,"minutes":5,"activity":"conversation"}}`, d, uuid.NewString(), longAgo.Format(time.DateOnly))}
	end := way{"POST", "/api/v1/commands", fmt.Sprintf(`{"command":"UnassignStaff","dossier":%q,"data":{"staff":%q}}`, d, p.staff)}
	for _, c := range []struct {
		scope       string
		may, mayNot []way
	}{
		{"registers", []way{register}, []way{read, timeline, search, hours, end}},
		{"read", []way{read, timeline, search}, []way{register, hours, end}},
		{"overviews", nil, []way{read, timeline, search, register, hours, end}},
		{"LogHours", []way{hours}, []way{read, timeline, search, register, end}},
	} {
		secret := token(c.scope)
		for _, w := range c.may {
			if status, body, _ := a.send(fresh(t), w.method, w.path, w.body, "Authorization", secret); status != 200 {
				t.Errorf("%s: %s %s: %d %s", c.scope, w.method, w.path, status, body)
			}
		}
		for _, w := range c.mayNot {
			before := head(t, a.e)
			status, body, _ := a.send(fresh(t), w.method, w.path, w.body, "Authorization", secret)
			if status != http.StatusForbidden || !strings.Contains(body, `"code":"token_scope"`) || strings.Contains(body, "zq0m") {
				t.Errorf("%s: %s %s: %d %s", c.scope, w.method, w.path, status, body)
			}
			if got := a.denied(p.staff, before); len(got) != 1 || !strings.Contains(got[0], " token_scope ") || head(t, a.e) != before+1 {
				t.Errorf("%s: %s %s on record: %q", c.scope, w.method, w.path, got)
			}
		}
	}
	// A token is for programs at the API: it opens no page.
	if status, body, _ := a.send(fresh(t), "GET", "/dossiers/"+d, "", "Authorization", token("read")); status != http.StatusUnauthorized || strings.Contains(body, "zq0m") {
		t.Errorf("a page with a token: %d", status)
	}
	// One that is nobody's is refused, and there is nobody to record it with.
	before := head(t, a.e)
	for _, wrong := range []string{"Bearer cft_" + strings.Repeat("a", 52), "Bearer x", "Bearer ", "Bearer " + strings.Repeat("x", 10_000), "Basic eDp5"} {
		if status, _, _ := a.send(fresh(t), read.method, read.path, "", "Authorization", wrong); status != http.StatusUnauthorized {
			t.Errorf("%.20q: %d", wrong, status)
		}
	}
	if got := a.acts("click", p.staff, before); len(got) != 0 {
		t.Errorf("on record: %q", got)
	}
}
