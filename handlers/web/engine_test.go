package web_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"net/http"

	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/handlers/web/ui"
	"github.com/casefile-engine/casefile/internal/demo"
)

// real is the whole program but for its command line: the embedded stream, the
// vault, the views, and the demonstration's agencies.
type real struct {
	*world
	engine *engine.Engine
	logins map[string]demo.Login
	later  atomic.Int64 // how far the clock is ahead, in nanoseconds
}

func openReal(t *testing.T) *real {
	t.Helper()
	ctx := t.Context()
	r := &real{world: &world{t: t}, logins: map[string]demo.Login{}}
	e, err := engine.Open(ctx, engine.Options{Data: filepath.Join(t.TempDir(), "data"), Create: true, Follow: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	r.engine = e
	log := slog.New(slog.DiscardHandler)
	r.auth, err = auth.Open(ctx, auth.Options{DB: e.State, Dialect: e.StateDialect, Log: log, Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1},
		Digest: func(agency, login string) []byte {
			sum, err := e.Vault.Digest(context.WithoutCancel(ctx), agency, "login", []byte(login))
			if err != nil {
				return nil
			}
			return sum[:]
		}})
	if err != nil {
		t.Fatal(err)
	}
	for _, agency := range demo.Agencies {
		if _, err := demo.Fill(ctx, e.Commands, agency, time.Now(), time.Time{}); err != nil {
			t.Fatal(err)
		}
		logins, err := demo.Logins(agency)
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range logins {
			if err := r.auth.Set(ctx, l.Agency, l.Login, l.Staff, password); err != nil {
				t.Fatal(err)
			}
			for _, role := range l.Roles {
				if _, ok := r.logins[agency+"/"+role]; !ok {
					r.logins[agency+"/"+role] = l
				}
			}
		}
	}
	r.server = httptest.NewServer(web.New(web.Deps{Commands: e.Commands, Queries: e.Queries, Auth: r.auth, Log: log, Ledger: e.Ledger,
		Evidence:  &evidence.Maker{Queries: e.Queries, Ledger: e.Ledger, DB: e.DB, Policies: e.Policies},
		Integrity: func(context.Context) ui.Integrity { return r.integrity(e) }}))
	t.Cleanup(r.server.Close)
	r.browserless()
	head, err := e.Store.Head(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Views.WaitFor(ctx, head); err != nil {
		t.Fatal(err)
	}
	return r
}

// integrity is what the program tells the pages of the guard, as casefile serve does.
func (r *real) integrity(e *engine.Engine) ui.Integrity {
	s := e.Guard.State()
	out := ui.Integrity{Findings: s.Findings, Total: s.Total, Scrubbed: s.Scrubbed, Commits: s.Commits, Running: s.Running}
	if err := e.Guard.ReadOnly(); err != nil {
		out.ReadOnly, out.Code = true, domain.AsError(err).Code
	}
	return out
}

func (r *real) browserless() {
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (r *real) name(key string) string { l := r.logins[key]; return l.Login + "@" + l.Agency }

// field gives the value of a hidden field of the form on a page.
func field(t testing.TB, body, name string) string {
	t.Helper()
	m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("no field %s on the page", name)
	}
	return m[1]
}

// The demonstration: the coach signs in, opens the caseload and a
// dossier and adds a report with hours; the next page shows it; each of these
// looks stands in the access register with purpose and categories.
func TestOnTheRealEngine(t *testing.T) {
	r := openReal(t)
	coach := r.logins["click/coach"]
	r.signIn(r.name("click/coach"))
	list := r.get("/caseload")
	links := regexp.MustCompile(`<a href="(/dossiers/[0-9a-f-]{36})">([^<]+)</a>`).FindAllStringSubmatch(list.body, -1)
	if list.status != 200 || len(links) == 0 {
		t.Fatalf("caseload: %d with %d dossiers", list.status, len(links))
	}
	var path string
	var page answer
	var trajectory []string
	for _, l := range links { // the first with an open trajectory
		if path, page = l[1], r.get(l[1]); page.status != 200 {
			t.Fatalf("dossier: %d\n%s", page.status, page.body)
		}
		if trajectory = regexp.MustCompile(`(?s)id="trajectory".*?<option value="([^"]+)"`).FindStringSubmatch(page.body); trajectory != nil {
			break
		}
	}
	if trajectory == nil {
		t.Fatal("no dossier of the demonstration has an open trajectory")
	}
	form := url.Values{"subject": {"Kennismaking met de werkgever"}, "text": {"Goed gesprek; vervolg over twee weken."}, "date": {field(t, page.body, "date\" type=\"text")},
		"time": {field(t, page.body, "time\" type=\"text")}, "hours": {"1"}, "minutes": {"10"}, "activity": {"conversation"}}
	for _, f := range []string{"record", "record_command", "entry", "entry_command", "shown", "stored"} {
		form.Set(f, field(t, page.body, f))
	}
	form.Set("trajectory", trajectory[1])
	first := r.post(path+"/conversation", form)
	if first.status != http.StatusSeeOther {
		t.Fatalf("post: %d\n%s", first.status, first.body)
	}
	// sent twice, recorded once.
	again := r.post(path+"/conversation", form)
	if again.status != http.StatusSeeOther {
		t.Fatalf("post again: %d\n%s", again.status, again.body)
	}
	after := r.get(first.header.Get("Location"))
	if n := strings.Count(after.body, "<strong>Kennismaking met de werkgever</strong>"); n != 1 || !strings.Contains(after.body, "1 uur 10 min geboekt op "+trajectory[1]) {
		t.Fatalf("the page after the post shows the report %d times", n)
	}
	// Another content under the same ids is refused and what was typed is kept.
	form.Set("text", "Iets heel anders.")
	refused := r.post(path+"/conversation", form)
	if refused.status != http.StatusConflict || !strings.Contains(refused.body, "Iets heel anders.") || !strings.Contains(refused.body, "Regel:") {
		t.Fatalf("another content: %d", refused.status)
	}
	r.looked(coach.Staff)
}

// looked checks the access register through the API.
func (r *real) looked(staff string) {
	t := r.t
	t.Helper()
	head, err := r.engine.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequest("GET", fmt.Sprintf("%s/api/v1/agencies/click/access?purpose=audit&after=%d", r.server.URL, head), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(r.name("click/compliance_officer"), password)
	req.Header.Set("Accept", "application/jsonl")
	r.browserless()
	res := r.do(req)
	if res.status != 200 {
		t.Fatalf("access register: %d %s", res.status, res.body)
	}
	seen := map[string]int{}
	lines := bufio.NewScanner(strings.NewReader(res.body))
	for lines.Scan() {
		var row struct {
			Actor, Action, Purpose, Outcome string
			Categories                      []string
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		if row.Actor == staff && row.Purpose == "guidance" && len(row.Categories) > 0 {
			seen[row.Action+" "+row.Outcome]++
		}
	}
	if seen["list allowed"] == 0 || seen["view allowed"] < 3 {
		t.Fatalf("looks of the coach in the register: %v", seen)
	}
}

// C-2.8: nothing crosses between agencies, on pages and in the API.
func TestAgenciesDoNotCross(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("click/coach"))
	link := regexp.MustCompile(`/dossiers/[0-9a-f-]{36}`).FindString(r.get("/caseload").body)
	r.browserless()
	r.signIn(r.name("solutions/coach"))
	if p := r.get(link); p.status != http.StatusForbidden {
		t.Errorf("the page of another agency's dossier: %d", p.status)
	}
	unknown := r.get("/dossiers/018f0000-0000-7000-8000-00000000dead")
	id := regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`) // of the dossier, and of the forms on the page
	if p := r.get(link); id.ReplaceAllString(p.body, "ID") != id.ReplaceAllString(unknown.body, "ID") {
		t.Error("another agency's dossier answers otherwise than one that does not exist")
	}
	// In another agency nothing is there; in one's own, what is not there answers
	// as what is others'.
	for path, want := range map[string]int{"/api/v1/agencies/click" + link: 404, "/api/v1/agencies/click/dossiers": 404, "/api/v1/agencies/solutions" + link: 403} {
		if p := r.get(path); p.status != want {
			t.Errorf("%s: %d, want %d", path, p.status, want)
		}
	}
	if p := r.get("/api/v1/agencies/solutions/dossiers"); p.status != 200 || strings.Contains(p.body, `"click"`) {
		t.Errorf("own register: %d", p.status)
	}
}

// The pages of the demonstration in a browser, for people to look at.
func TestDemonstrationInABrowser(t *testing.T) {
	r := openReal(t)
	b := r.world.browser()
	b.look(1280, 900, false)
	b.signIn(r.name("click/coach"))
	b.shot("demo-caseload")
	for _, wrong := range eval[[]string](b, accessible) {
		t.Error(wrong)
	}
	b.do(chromedp.Click(css("tbody th a")), chromedp.WaitVisible(css("#timeline")))
	b.shot("demo-dossier")
	for _, wrong := range eval[[]string](b, accessible) {
		t.Error(wrong)
	}
	if text := b.text("main"); strings.Contains(text, "onbekende waarde") || strings.Contains(text, "versie van het programma niet kent") {
		t.Errorf("a code without a name on the page:\n%s", text)
	}
}
