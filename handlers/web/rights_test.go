package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// where each role begins, what its menu has, and a page that is not for it
// (C-2.7e; ui.md §1).
func TestEachRoleHasItsPlaces(t *testing.T) {
	r := openReal(t)
	for role, want := range map[string]struct {
		start string
		menu  []string
		not   []string
	}{
		"coach":              {"/caseload", []string{"/caseload", "/registers"}, []string{"/assignments", "/reviews", "/approvals", "/overviews", "/accounts", "/registers/access/patterns"}},
		"compliance_officer": {"/registers", []string{"/registers", "/registers/access", "/replay", "/reviews", "/overviews"}, []string{"/caseload", "/assignments", "/accounts"}},
		"administrator":      {"/assignments", []string{"/assignments", "/registers", "/accounts"}, []string{"/caseload", "/reviews", "/overviews", "/registers/history"}},
		"auditor":            {"/registers", []string{"/registers", "/registers/access", "/replay"}, []string{"/caseload", "/assignments", "/overviews", "/accounts"}},
		"director":           {"/start", []string{"/registers", "/approvals", "/overviews"}, []string{"/caseload", "/assignments", "/reviews"}},
	} {
		t.Run(role, func(t *testing.T) {
			r.browserless()
			r.signIn(r.name("click/" + role))
			if p := r.get("/"); p.status != http.StatusSeeOther || p.header.Get("Location") != want.start {
				t.Errorf("begins at %q", p.header.Get("Location"))
			}
			body := r.get("/start").body
			side := body[strings.Index(body, `<nav class="side"`):strings.Index(body, "</nav>\n  <main")]
			if n := strings.Count(side, "<li>"); n != len(want.menu) {
				t.Errorf("%d places in the menu: %s", n, side)
			}
			for _, path := range want.menu {
				if !strings.Contains(side, `href="`+path+`"`) {
					t.Errorf("the menu lacks %s", path)
				}
				if p := r.get(path); p.status != http.StatusOK {
					t.Errorf("%s: %d", path, p.status)
				}
			}
			for _, path := range want.not {
				p := r.get(path)
				if p.status != http.StatusForbidden || !strings.Contains(p.body, "Waar u wel terechtkunt") || !strings.Contains(p.body, "Regel:") {
					t.Errorf("%s: %d", path, p.status)
				}
			}
		})
	}
}

// The pages of each role of the demonstration in a browser, for people to look
// at, and by the checks of accessibility in both languages and schemes.
func TestPagesOfEachRoleAccessible(t *testing.T) {
	r := openReal(t)
	b := r.world.browser()
	pages := map[string][]string{
		"coach":              {"/registers", "/registers/hours", "/registers/deadlines", "/registers/access"},
		"compliance_officer": {"/registers", "/registers/disclosures", "/registers/retention", "/registers/history", "/registers/obligations", "/registers/activities", "/registers/access", "/registers/access/patterns", "/reviews", "/overviews", "/overviews?ask=1&by=service&then=status&measures=hours&measures=outcomes"},
		"administrator":      {"/assignments", "/registers/recipients", "/caseload"},
		"director":           {"/start", "/registers/complaints", "/registers/approvals", "/approvals"},
	}
	for _, role := range []string{"coach", "compliance_officer", "administrator", "director"} {
		b.look(1280, 900, false)
		b.signIn(r.name("click/" + role))
		for _, s := range []struct {
			lang string
			w, h int64
			dark bool
		}{{"nl", 1280, 900, false}, {"en", 320, 640, true}} {
			b.look(s.w, s.h, s.dark)
			b.open("/language?to=" + s.lang)
			for _, path := range pages[role] {
				b.open(path)
				for _, wrong := range eval[[]string](b, accessible) {
					t.Errorf("%s %s %s: %s", role, path, s.lang, wrong)
				}
				text := b.text("main")
				for _, bad := range []string{"onbekende waarde", "unknown value", "column.", "register.dos", "<no value>"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s %s %s: holds %q", role, path, s.lang, bad)
					}
				}
				if s.lang == "nl" || path == "/registers/access" || path == "/assignments" {
					b.shot(role + strings.NewReplacer("/", "-", "?", "-", "&", "-", "=", "-").Replace(path)[:min(28, len(path))] + "-" + s.lang)
				}
			}
		}
		b.look(1280, 900, false)
		b.open("/language?to=nl")
		b.do(chromedp.Click(css(".top form button.plain")), chromedp.WaitVisible(css("#signin_name")))
	}
}

// The demonstration, in two browsers: a coach has a dossier open, the
// administrator ends the assignment, the next click is refused; both looks and
// the act stand in the register and the history within a second.
func TestUnassignedInAnOpenPage(t *testing.T) {
	r := openReal(t)
	coach, admin := r.world.browser(), r.world.browser()
	coach.look(1280, 900, false)
	admin.look(1280, 900, false)
	coach.signIn(r.name("click/coach"))
	coach.open("/caseload")
	coach.do(chromedp.Click(css("tbody th a")), chromedp.WaitVisible(css("#timeline")))
	path := eval[string](coach, "location.pathname")
	number := strings.Split(coach.text(".facts dd"), ",")[0]
	client := coach.text("h1")
	for _, part := range []string{"print", "access"} {
		coach.open(path + "/" + part)
		coach.shot("dossier-" + part)
		for _, wrong := range eval[[]string](coach, accessible) {
			t.Errorf("%s: %s", part, wrong)
		}
	}
	coach.open(path)

	// The administrator finds it by its trajectory and sees no client.
	admin.signIn(r.name("click/administrator"))
	admin.open("/assignments")
	admin.do(typed("#q", number), chromedp.Click(css("main form[role=search] button")), chromedp.WaitVisible(css("#q[value='"+number+"']")), chromedp.WaitVisible(css("input[name=dossier]")))
	if page := admin.text("main"); strings.Contains(page, client) || !strings.Contains(page, number) {
		t.Errorf("the administrator sees\n%s", page)
	}
	staff := r.logins["click/coach"].Staff
	admin.do(chromedp.Click(css("input[name=dossier]")))
	eval[string](admin, `document.querySelector("#do").value = "unassign", document.querySelector("#from").value = "`+staff+`"`)
	before := time.Now().UTC()
	admin.do(chromedp.Click(css("form[action='/assignments/change'] .primary")), chromedp.WaitVisible(css("#results")))
	admin.shot("unassigned")
	if got := admin.text("#results"); !strings.Contains(got, "1 dossier gewijzigd") || !strings.Contains(got, "Toewijzing beëindigd.") {
		t.Fatalf("results: %s", got)
	}

	// The page that the coach has open goes by itself; each next one is refused,
	// with the article and the ways to it.
	coach.do(chromedp.WaitNotPresent(css("#timeline")), chromedp.WaitVisible(css(".list")))
	coach.open(path + "/print")
	coach.do(chromedp.WaitVisible(css(".talk summary")), chromedp.Click(css(".talk summary")))
	coach.shot("refused")
	text := coach.text("main")
	if strings.Contains(text, client) || !strings.Contains(text, "niet aan u toegewezen") || !strings.Contains(text, "Regel:") || !strings.Contains(text, "Noodprocedure") {
		t.Errorf("the coach sees\n%s", text)
	}
	for _, b := range []*browser{coach, admin} {
		for _, wrong := range eval[[]string](b, accessible) {
			t.Error(wrong)
		}
	}
	id := strings.TrimPrefix(path, "/dossiers/")
	r.within(t, time.Minute, func() bool {
		looks := r.rows("access", id)
		acts := r.rows("history", id)
		return slices.ContainsFunc(looks, func(x map[string]any) bool {
			return x["actor"] == staff && x["action"] == "print" && x["outcome"] == "denied" && x["code"] == "not_assigned"
		}) && slices.ContainsFunc(looks, func(x map[string]any) bool {
			return x["actor"] == staff && x["action"] == "view" && x["outcome"] == "allowed"
		}) && slices.ContainsFunc(acts, func(x map[string]any) bool {
			at, err := time.Parse(time.RFC3339, x["recordedtime"].(string))
			return x["command"] == "UnassignStaff" && err == nil && at.After(before.Add(-time.Second))
		})
	})
}

// rows are the rows of a register of click about a dossier, as the compliance
// officer reads them, with all that was recorded by now.
func (r *real) rows(register, dossier string) (out []map[string]any) {
	r.t.Helper()
	who := r.logins["click/compliance_officer"]
	head, err := r.engine.Store.Head(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	reader := queries.Reader{Caller: commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: who.Staff}, Agency: "click", Purpose: "audit", Action: "export", After: head}
	err = r.engine.Queries.Export(r.t.Context(), reader, queries.ExportOptions{Register: register, Dossier: dossier}, func(row any) error {
		raw, err := json.Marshal(row)
		if err != nil {
			return err
		}
		var x map[string]any
		out = append(out, x)
		return json.Unmarshal(raw, &out[len(out)-1])
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// within waits until something holds, for no longer than that.
func (r *real) within(t *testing.T, limit time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s", limit)
		}
	}
}

// Catalogue §5, requirements C-2.1.4b: whoever guides nobody here looks in an
// emergency with a reason, for a short time, by his second step; the page says
// so while it lasts; the compliance officer reviews it.
func TestEmergency(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("solutions/coach"))
	own := regexp.MustCompile(`href="(/dossiers/[0-9a-f-]{36})"`).FindStringSubmatch(r.get("/caseload").body)[1]
	r.browserless()
	r.signIn(r.name("solutions/administrator"))
	list := r.get("/assignments").body
	unassign := url.Values{"batch": {field(t, list, "batch")}, "do": {"unassign"}, "from": {r.logins["solutions/coach"].Staff}, "which": {"all"}}
	if p := r.post("/assignments/change", unassign); p.status != 200 || !strings.Contains(p.body, "Toewijzing beëindigd.") {
		t.Fatalf("the whole caseload: %d", p.status)
	}

	r.browserless()
	r.signIn(r.name("solutions/coach"))
	if p := r.get("/caseload"); p.status != 200 || !strings.Contains(p.body, "Er zijn nog geen dossiers") {
		t.Errorf("an empty caseload: %d", p.status)
	}
	denied := r.get(own)
	if denied.status != http.StatusForbidden || !strings.Contains(denied.body, "Hiervoor is een tweede stap nodig") {
		t.Fatalf("without a second step: %d", denied.status)
	}
	_, codes := r.world.addTOTP()
	denied = r.get(own)
	form := url.Values{"glass": {field(t, denied.body, "glass")}, "command": {field(t, denied.body, "command")}, "reason": {""}, "minutes": {"20"}}
	if p := r.post(own+"/glass", form); p.status != http.StatusBadRequest || !strings.Contains(p.body, `href="#reason"`) {
		t.Errorf("without a reason: %d", p.status)
	}
	form.Set("reason", "De cliënt dreigt zich iets aan te doen; zijn coach is onbereikbaar.")
	form.Set("minutes", "2000")
	if p := r.post(own+"/glass", form); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, `href="#minutes"`) || !strings.Contains(p.body, "dreigt zich iets aan te doen") {
		t.Errorf("too long: %d", p.status)
	}
	form.Set("minutes", "20")
	if _, err := r.engine.State.ExecContext(t.Context(), "UPDATE signed_in SET factor = factor - 360000000"); err != nil {
		t.Fatal(err)
	}
	p := r.post(own+"/glass", form)
	if p.status != http.StatusForbidden || !strings.Contains(p.body, `href="#signin_code"`) || !strings.Contains(p.body, "dreigt zich iets aan te doen") {
		t.Fatalf("a second step of six minutes ago: %d", p.status)
	}
	form.Set("signin_code", codes[0])
	if p = r.post(own+"/glass", form); p.status != http.StatusSeeOther {
		t.Fatalf("with the second step: %d\n%s", p.status, p.body)
	}
	page := r.get(p.header.Get("Location"))
	if page.status != 200 || !strings.Contains(page.body, "Noodprocedure: dit dossier staat voor u open tot") {
		t.Fatalf("the dossier: %d", page.status)
	}

	r.browserless()
	r.signIn(r.name("solutions/compliance_officer"))
	page = r.get("/reviews")
	glass := regexp.MustCompile(`action="/reviews/glass/([0-9a-f-]{36})"`).FindStringSubmatch(page.body)
	if page.status != 200 || glass == nil {
		t.Fatalf("the reviews: %d", page.status)
	}
	review := url.Values{"command": {field(t, page.body, "command")}, "dossier": {field(t, page.body, "dossier")}, "text_" + glass[1]: {"Gebeld met de coach."}}
	if p := r.post("/reviews/glass/"+glass[1], review); p.status != http.StatusBadRequest || !strings.Contains(p.body, "Gebeld met de coach.") {
		t.Errorf("without a finding: %d", p.status)
	}
	review.Set("finding_"+glass[1], "justified")
	if p = r.post("/reviews/glass/"+glass[1], review); p.status != http.StatusSeeOther {
		t.Fatalf("the review: %d\n%s", p.status, p.body)
	}
	if page = r.get(p.header.Get("Location")); strings.Contains(page.body, "/reviews/glass/"+glass[1]) || !strings.Contains(page.body, "De beoordeling is vastgelegd.") {
		t.Error("the review is not on the page")
	}
	sample := url.Values{"review": {field(t, page.body, "review")}, "command": {"018f0000-0000-7000-8000-00000000cc01"}, "from": {field(t, page.body, `from" type="text`)}, "until": {field(t, page.body, `until" type="text`)},
		"sample": {"x"}, "findings": {"Niets bijzonders."}, "outcome": {"in_order"}}
	if p := r.post("/reviews/access", sample); p.status != http.StatusBadRequest || !strings.Contains(p.body, "Niets bijzonders.") {
		t.Errorf("a wrong number: %d", p.status)
	}
	sample.Set("sample", "25")
	if p = r.post("/reviews/access", sample); p.status != http.StatusSeeOther || !strings.Contains(r.get(p.header.Get("Location")).body, "De steekproef is vastgelegd.") {
		t.Errorf("the sample: %d\n%s", p.status, p.body)
	}
	seen := r.get(own + "/access?names")
	if seen.status != 200 || !strings.Contains(seen.body, "noodprocedure") || !strings.Contains(seen.body, r.logins["solutions/coach"].Name) {
		t.Errorf("who saw what, with names: %d", seen.status)
	}
	if seen = r.get(own + "/access"); strings.Contains(seen.body, r.logins["solutions/coach"].Name) || !strings.Contains(seen.body, "noodprocedure") {
		t.Error("the client's form")
	}
}

// A register goes out as a file, on record as an export.
func TestDownload(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("click/compliance_officer"))
	for format, begins := range map[string]string{"csv": "\ufeffagency;dossier;", "jsonl": `{"agency":"click","dossier":"`, "xlsx": "PK"} {
		p := r.get("/registers/hours/download?format=" + format + "&purpose=audit")
		if p.status != 200 || !strings.HasPrefix(p.body, begins) || !strings.Contains(p.header.Get("Content-Disposition"), "attachment; filename=\"hours-") {
			t.Errorf("%s: %d %q", format, p.status, p.body[:min(40, len(p.body))])
		}
	}
	if p := r.get("/registers/hours/download?format=exe"); p.status != http.StatusBadRequest {
		t.Errorf("no such form: %d", p.status)
	}
	n := 0
	for _, x := range r.rows("access", "") {
		if x["actor"] == r.logins["click/compliance_officer"].Staff && x["action"] == "export" && x["outcome"] == "allowed" {
			n++
		}
	}
	if n < 3 {
		t.Errorf("%d exports on record", n)
	}
	r.browserless()
	r.signIn(r.name("click/director"))
	if p := r.get("/registers/hours/download?format=csv&purpose=guidance"); p.status != http.StatusForbidden || strings.Contains(p.body, ";") && strings.Contains(p.body, "agency;") {
		t.Errorf("not for the director: %d", p.status)
	}
}
