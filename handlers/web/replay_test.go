package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

var replayLink = regexp.MustCompile(`/dossiers/([0-9a-f-]{36})/replay`)

// auditedDossier gives the demonstration's first dossier of click, by the auditor's
// way in.
func (r *real) auditedDossier() string {
	r.t.Helper()
	m := replayLink.FindStringSubmatch(r.get("/registers/dossiers").body)
	if m == nil {
		r.t.Fatal("the register of dossiers has no way into one for the auditor")
	}
	return m[1]
}

// inside are texts that stand sealed in the demonstration: clients, and what was
// written about them.
var inside = []string{"-Demo", "Verzonnenlaan", "Kennismaking", "Intakegesprek", "Eindgesprek"}

func noContents(t *testing.T, where, body string) {
	t.Helper()
	for _, s := range inside {
		if strings.Contains(body, s) {
			t.Errorf("%s shows contents: %q", where, s)
		}
	}
}

// X-3, C-2.1.4b, C-2.1.4d: an auditor steps through a dossier without scripts:
// each step with the state before and after, each value with the event that it
// came from, and what is shown proved by the signed ledger; no contents.
func TestAuditorStepsThroughADossier_X_3(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("click/auditor"))
	id := r.auditedDossier()
	if err := r.engine.Ledger.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	b := r.world.browser()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.look(1280, 900, false)
	b.signIn(r.name("click/auditor"))
	b.open("/replay")
	b.do(typed("#dossier", id), chromedp.Click(css("main form .primary")), chromedp.WaitVisible(css("#proof .note.good")))
	list := b.text("main")
	n := 0
	if m := regexp.MustCompile(`(\d+) vastleggingen`).FindStringSubmatch(list); m != nil {
		n, _ = strconv.Atoi(m[1])
	}
	if want := "Alle " + strconv.Itoa(n) + " getoonde vastleggingen staan ongewijzigd"; n < 10 || !strings.Contains(list, want) || strings.Contains(list, "nog niet ondertekend") {
		t.Fatalf("%d steps, not all proved:\n%s", n, list)
	}
	noContents(t, "the list", list)
	b.do(chromedp.Click(css("tbody tr:last-child th a")), chromedp.WaitVisible(css("#h-state")))
	if head := b.text("h2"); !strings.HasPrefix(head, "Stap 1 van "+strconv.Itoa(n)) {
		t.Fatalf("the first step is %q", head)
	}
	if page := b.text("main"); !strings.Contains(page, "Dossier geopend voor") || !strings.Contains(page, "Stand") {
		t.Errorf("the first step says\n%s", page)
	}
	for i := 2; i <= n; i++ { // step by step to the end
		b.do(chromedp.Click(css(`a[rel=next]`)), chromedp.WaitVisible(css(`meter.progress[value="`+strconv.Itoa(i)+`"]`)))
		page := b.text("main")
		if !strings.Contains(page, "Stap "+strconv.Itoa(i)+" van "+strconv.Itoa(n)) || !strings.Contains(page, "De getoonde vastlegging staat ongewijzigd") || !strings.Contains(page, "Ze volgt op de vorige vastlegging") {
			t.Fatalf("step %d says\n%s", i, page)
		}
		noContents(t, "step "+strconv.Itoa(i), page)
	}
	// A value leads to the step that it came from, whose change it is.
	from := css(`#h-state ~ .table-wrap tbody td:last-child a`)
	there := eval[string](b, "document.querySelector("+strconv.Quote(string(from))+").getAttribute('href')")
	b.do(chromedp.Click(from), chromedp.WaitNotPresent(css(`meter.progress[value="`+strconv.Itoa(n)+`"]`)), chromedp.WaitVisible(css("#h-changes")))
	if got := eval[string](b, "location.pathname"); got != there {
		t.Errorf("the origin of a value leads to %s instead of %s", got, there)
	}
	if page := b.text("main"); !strings.Contains(page, "nieuw in deze stap") {
		t.Errorf("the origin of a value does not say that it set it:\n%s", page)
	}
}

// C-2.1.4b: each page of looking back is on record with its purpose before it
// shows anything, and is closed to whom the policies do not open it.
func TestLookingBackIsOnRecord_C_2_1_4b(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("click/auditor"))
	id := r.auditedDossier()
	auditor, coach := r.logins["click/auditor"].Staff, r.logins["click/coach"].Staff
	step := regexp.MustCompile(`/dossiers/` + id + `/replay/\d+`).FindString(r.get("/dossiers/" + id + "/replay").body)
	pages := []string{"/dossiers/" + id + "/replay", step, "/dossiers/" + id + "/replay/difference?from=01-01-2020&to=31-12-2030", "/dossiers/" + id + "/replay/could?as=" + coach + "&on=31-12-2030",
		"/replay?ask=1", "/replay/changes?from=01-01-2020&to=31-12-2030"}
	for _, path := range pages {
		before := r.looksBy(auditor)
		p := r.get(path)
		if p.status != http.StatusOK || !strings.Contains(p.body, "Deze inzage is vastgelegd onder nummer") {
			t.Fatalf("%s: %d\n%s", path, p.status, p.body)
		}
		noContents(t, path, p.body)
		added := r.looksBy(auditor)[len(before):]
		if !slices.ContainsFunc(added, func(l queries.AccessLook) bool {
			return l.Action == "view" && l.Purpose == "audit" && l.Outcome == "allowed" && (!strings.HasPrefix(path, "/dossiers/") || slices.Contains(l.Dossiers, id))
		}) {
			t.Errorf("%s is not on record: %+v", path, added)
		}
	}
	for _, who := range []string{"click/administrator", "click/director", "solutions/auditor", "solutions/coach"} {
		r.browserless()
		r.signIn(r.name(who))
		for _, path := range pages {
			p := r.get(path)
			foreign := strings.HasPrefix(who, "solutions/auditor") && !strings.HasPrefix(path, "/dossiers/")
			if foreign { // his own agency: nothing of the other
				if strings.Contains(p.body, id) || strings.Contains(p.body, "Marieke van der Linden") {
					t.Errorf("%s sees another agency on %s", who, path)
				}
				continue
			}
			if p.status == http.StatusOK || strings.Contains(p.body, "WF-2024") {
				t.Errorf("%s: %s answers %d", who, path, p.status)
			}
		}
	}
	// Who sees a part of the dossier sees the steps of that part, and no state.
	r.browserless()
	r.signIn(r.name("click/administration"))
	if p := r.get(step); p.status != http.StatusOK || !strings.Contains(p.body, "een deel van dit dossier") || strings.Contains(p.body, `id="h-state"`) {
		t.Errorf("a part of the dossier: %d\n%s", p.status, p.body)
	}
	// Contents are not for the auditor without an authorisation of the director.
	r.browserless()
	r.signIn(r.name("click/auditor"))
	if p := r.get("/dossiers/" + id + "/replay?open=1"); p.status != http.StatusForbidden {
		t.Errorf("contents without an authorisation: %d", p.status)
	}
	// The form says what is wrong with it, and asks nothing.
	for path, want := range map[string]string{
		"/dossiers/" + id + "/replay/difference?from=01-02-2026&to=01-01-2026": "De tweede dag ligt vóór de eerste",
		"/dossiers/" + id + "/replay/difference?from=gisteren&to=":             "Vul een dag in",
		"/dossiers/" + id + "/replay/could?as=&on=":                            "Kies van wie u het wilt weten",
		"/dossiers/" + id + "/replay?as_of=gisteren":                           "datum",
		"/replay?dossier=mevrouw":                                              "geen nummer van een dossier",
	} {
		before := len(r.looksBy(auditor))
		if p := r.get(path); p.status != http.StatusBadRequest || !strings.Contains(p.body, want) {
			t.Errorf("%s: %d", path, p.status)
		}
		for _, l := range r.looksBy(auditor)[before:] {
			if l.Action == "view" {
				t.Errorf("%s looked: %+v", path, l)
			}
		}
	}
	if p := r.get("/dossiers/" + id + "/replay/999999"); p.status != http.StatusNotFound {
		t.Errorf("a position that is none: %d", p.status)
	}
}

// looksBy are somebody's looks in the access register, oldest first.
func (r *real) looksBy(staff string) (out []queries.AccessLook) {
	r.t.Helper()
	head, err := r.engine.Store.Head(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	officer := r.logins["click/compliance_officer"]
	reader := queries.Reader{Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: officer.Staff}, Agency: "click", Purpose: "audit", Action: "list", After: head}
	page, err := r.engine.Queries.AccessRegister(r.t.Context(), reader, queries.AccessFilter{Staff: staff, Limit: 1000})
	if err != nil {
		r.t.Fatal(err)
	}
	return page.Looks
}

// X-3, C-2.1.4b: what could be seen stands beside what was shown.
func TestWhatCouldBeSeenBesideWhatWasShown_C_2_1_4b(t *testing.T) {
	r := openReal(t)
	coach := r.logins["click/coach"].Staff
	r.signIn(r.name("click/coach"))
	id := regexp.MustCompile(`/dossiers/([0-9a-f-]{36})`).FindStringSubmatch(r.get("/caseload").body)[1]
	if p := r.get("/dossiers/" + id); p.status != http.StatusOK {
		t.Fatalf("the coach's own dossier: %d", p.status)
	}
	r.browserless()
	r.signIn(r.name("click/auditor"))
	ask := "/dossiers/" + id + "/replay/could?" + url.Values{"as": {coach}, "on": {"31-12-2030"}}.Encode()
	if p := r.get(ask); p.status != http.StatusOK || !strings.Contains(p.body, "Marieke van der Linden kon op 31 december 2030") || !strings.Contains(p.body, "Inzagen tot dan toe") ||
		!regexp.MustCompile(`\d+ keer`).MatchString(p.body) || !strings.Contains(p.body, "gelezen") {
		t.Errorf("what was shown to the coach is not told: %d\n%s", p.status, p.body)
	}
	// Before the coach was there at all, nothing could be seen.
	if p := r.get("/dossiers/" + id + "/replay/could?" + url.Values{"as": {coach}, "on": {"01-01-2001"}}.Encode()); p.status != http.StatusNotFound {
		t.Errorf("before there was anything: %d", p.status)
	}
}

// The pages of looking back in a browser, and by the checks of accessibility in
// both languages and schemes, at 320 px too.
func TestLookingBackAccessible(t *testing.T) {
	r := openReal(t)
	r.signIn(r.name("click/auditor"))
	id := r.auditedDossier()
	base, coach := "/dossiers/"+id+"/replay", r.logins["click/coach"].Staff
	step := regexp.MustCompile(base+`/\d+`).FindAllString(r.get(base).body, -1)[4]
	pages := map[string]string{"start": "/replay", "agency": "/replay?ask=1", "changes": "/replay/changes?from=01-01-2020&to=31-12-2030&axis=occurred", "steps": base, "steps-then": base + "?as_of=31-12-2030", "step": step,
		"difference": base + "/difference?from=01-01-2020&to=31-12-2030&axis=recorded", "could": base + "/could?as=" + coach + "&on=31-12-2030", "wrong": base + "/difference?from=x&to=", "integrity": "/integrity",
		"evidence": "/dossiers/" + id + "/evidence?from=01-01-2026", "denied": "/dossiers/" + id}
	b := r.world.browser()
	b.look(1280, 900, false)
	b.signIn(r.name("click/auditor"))
	for _, s := range []struct {
		lang string
		w, h int64
		dark bool
	}{{"nl", 1280, 900, false}, {"en", 320, 640, true}} {
		b.look(s.w, s.h, s.dark)
		b.open("/language?to=" + s.lang)
		for name, path := range pages {
			b.open(path)
			for _, wrong := range eval[[]string](b, accessible) {
				t.Errorf("%s/%s: %s", name, s.lang, wrong)
			}
			b.shot("replay-" + name + "-" + s.lang)
			if text := b.text("main"); strings.Contains(text, "onbekende waarde") || strings.Contains(text, "unknown value") {
				t.Errorf("%s/%s: a code without a name:\n%s", name, s.lang, text)
			}
		}
	}
}
