package web_test

import (
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/queries"
)

const hostileText = `</script><img src=x onerror=alert(1)>{{.}} javascript:alert(1)`

// hostileRow has text that tries to break out of a page in every field.
func hostileRow(register string) map[string]any {
	row := map[string]any{"dossier": apitest.First, "trajectories": []any{map[string]any{"trajectory": hostileText, "started": hostileText}}, "staff": []any{hostileText},
		"records": map[string]any{hostileText: 3}, "position": 7, "minutes": -3, "events": hostileText}
	for _, name := range []string{"status", "actor", "kind", "state", "from", "until", "due", "outcome", "explanation", "ground", "purpose", "class", "glass", "incident", "code", "rule", "recipient"} {
		row[name] = hostileText
	}
	if register == "reviews" {
		row["kind"], row["glass"] = "break_glass", "018f0000-0000-7000-8000-0000000000e1"
	}
	return row
}

// The pages by role with nothing, with what is usual, and with text that tries
// to break out of them.
func TestPagesByRoleRender(t *testing.T) {
	w := open(t)
	page := func(name, path string) { golden(t, "pages/"+name+".golden.html", w.get(path).body) }
	names := []string{"dossiers", "disclosures", "deadlines", "reviews", "incidents", "history"}
	w.signIn("fleur@click")
	for _, r := range names {
		w.engine.SetRows(r)
	}
	w.engine.SetSeen(&apitest.Seen{})
	page("registers/testdata/zero", "/registers/disclosures")
	page("seen/testdata/zero", "/registers/access")
	page("seen/testdata/dossier.zero", "/dossiers/"+apitest.First+"/access")
	page("seen/testdata/patterns.zero", "/registers/access/patterns")
	page("reviews/testdata/zero", "/reviews")
	page("overviews/testdata/zero", "/overviews")

	typicalRows(w.engine)
	w.engine.SetSeen(nil)
	page("registers/testdata/typical", "/registers/disclosures?from=01-01-2026")
	page("registers/testdata/index", "/registers")
	page("registers/testdata/wrong", "/registers/disclosures?from=gisteren&dossier=mevrouw")
	page("seen/testdata/typical", "/registers/access?outcome=allowed")
	page("seen/testdata/dossier.typical", "/dossiers/"+apitest.First+"/access")
	page("seen/testdata/dossier.names", "/dossiers/"+apitest.First+"/access?names")
	page("seen/testdata/patterns.typical", "/registers/access/patterns?names=1")
	page("reviews/testdata/typical", "/reviews")
	page("overviews/testdata/typical", "/overviews?ask=1&by=service&measures=hours")
	page("overviews/testdata/wrong", "/overviews?ask=1&start_year=vorig")
	w.post("/signout", nil)

	w.signIn("dora@click")
	page("assignments/testdata/typical", "/assignments")
	batch := field(t, w.get("/assignments").body, "batch")
	golden(t, "pages/assignments/testdata/result.golden.html", w.post("/assignments/change", url.Values{"batch": {batch}, "do": {"unassign"}, "from": {apitest.Cleo}, "dossier": {apitest.First}}).body)
	golden(t, "pages/assignments/testdata/wrong.golden.html", w.post("/assignments/change", url.Values{"batch": {batch}, "do": {"handover"}}).body)
	w.engine.SetRows("dossiers")
	page("assignments/testdata/zero", "/assignments")
	w.post("/signout", nil)

	w.signIn("gijs@click")
	page("start/testdata/typical", "/start")
	page("errorpage/testdata/forbidden", "/assignments")
	w.post("/signout", nil)
	w.signIn("cleo@click")
	page("dossier/testdata/denied", "/dossiers/"+apitest.First)
	w.post("/signout", nil)
	w.signIn("anna@click")
	row, v := apitest.Typical()
	row.Dossier, v.Dossier = "018f0000-0000-7000-8000-000000000d02", "018f0000-0000-7000-8000-000000000d02"
	v.Partial, v.GlassUntil = true, apitest.Now.Add(20*time.Minute)
	for i := range v.Timeline[4:] {
		e := &v.Timeline[4+i]
		*e = queries.TimelineEntry{Position: e.Position, Occurred: e.Occurred.Truncate(24 * time.Hour), Recorded: e.Recorded, Hidden: true}
	}
	w.engine.Put(row, v)
	page("dossier/testdata/partial", "/dossiers/"+v.Dossier)
	page("dossier/testdata/purpose", "/dossiers/"+apitest.First+"?purpose=complaint")
	page("dossier/testdata/print", "/dossiers/"+apitest.First+"/print")
	lookingBack(t, w)
	hostilePages(t, w, names)
}

// lookingBack are the auditor's pages, with what is usual and with addresses that
// try to break out of them.
func lookingBack(t *testing.T, w *world) {
	t.Helper()
	w.post("/signout", nil)
	w.signIn("fleur@click")
	page := func(name, path string) { golden(t, "pages/"+name+".golden.html", w.get(path).body) }
	base, bad := "/dossiers/"+apitest.First+"/replay", url.QueryEscape(hostileText)
	page("replay/testdata/start", "/replay")
	page("replay/testdata/agency", "/replay?ask=1&as_of=01-11-2026")
	page("replay/testdata/changes", "/replay/changes?from=01-01-2026&to=01-11-2026&axis=recorded")
	page("replay/testdata/steps", base)
	page("replay/testdata/step", base+"/33?known_at=01-11-2026")
	page("replay/testdata/difference", base+"/difference?from=01-01-2026&to=01-11-2026&open=1")
	page("replay/testdata/could", base+"/could?as="+apitest.Cleo+"&on=01-11-2026")
	page("integrity/testdata/nothing", "/integrity")
	w.engine.SetNames(hostileText)
	page("replay/testdata/hostile.start", "/replay?dossier="+bad+"&as_of="+bad+"&purpose="+bad)
	page("replay/testdata/hostile.step", base+"/33?known_at=01-11-2026&open="+bad+"&purpose="+bad)
	page("replay/testdata/hostile.difference", base+"/difference?from="+bad+"&to="+bad+"&still="+bad+"&axis="+bad)
	page("replay/testdata/hostile.could", base+"/could?as="+bad+"&on="+bad)
	page("replay/testdata/hostile.steps", base+"?as_of="+bad+"&known_at="+bad+"&page="+bad)
	w.engine.SetNames("")
}

func typicalRows(e *apitest.Engine) {
	e.SetRows("disclosures", map[string]any{"disclosure": "018f0000-0000-7000-8000-0000000000b1", "agency": "click", "dossier": apitest.First, "occurred_at": "2026-10-14T13:20:00Z",
		"recorded_at": "2026-10-14T13:21:00Z", "recipient_class": "commissioner", "categories": []string{"plan", "report"}, "ground": "guidance", "purpose": "guidance",
		"channel": "secure_mail", "actor": apitest.Anna, "profile": "click-2017", "unlawful": false, "position": 28, "notices_pending": 0})
	e.SetRows("dossiers", map[string]any{"agency": "click", "dossier": apitest.First, "status": "open", "trajectories": []map[string]any{{"trajectory": "T-2026-014", "started": "2026-09-01"}}, "assigned": []string{apitest.Anna}})
	e.SetRows("incidents", map[string]any{"incident": "018f0000-0000-7000-8000-0000000000e5", "kind": "unauthorised_access", "state": "reported", "reported_at": "2026-11-18T09:00:00Z"})
	e.SetRows("reviews",
		map[string]any{"kind": "access", "review": "018f0000-0000-7000-8000-0000000000e2", "from": "2026-07-01", "until": "2026-09-30", "sample": 25, "outcome": "in_order", "state": "done", "reviewed_at": "2026-10-05T08:00:00Z", "actor": apitest.Fleur},
		map[string]any{"kind": "break_glass", "glass": "018f0000-0000-7000-8000-0000000000e1", "dossier": apitest.First, "staff": []string{apitest.Cleo}, "from": "2026-11-11T20:00:00Z", "until": "2026-11-11T20:30:00Z", "due": "2026-11-18", "state": "overdue"})
}

func hostilePages(t *testing.T, w *world, names []string) {
	t.Helper()
	w.engine.SetNames(hostileText)
	for _, r := range names {
		w.engine.SetRows(r, hostileRow(r))
	}
	look := queries.AccessLook{OccurredAt: apitest.Now, Dossiers: []string{hostileText}, Actor: hostileText, Name: hostileText, Role: hostileText, Action: hostileText,
		Categories: []domain.Category{hostileText}, Purpose: hostileText, Ground: hostileText, Outcome: hostileText, Code: hostileText, Rule: hostileText}
	w.engine.SetSeen(&apitest.Seen{Looks: []queries.AccessLook{look},
		Days:     []queries.ClientAccessDay{{Day: nl.DateOf(apitest.Now), Lines: []queries.ClientAccessLine{{Role: hostileText, Purpose: hostileText, Action: hostileText, Outcome: hostileText, Categories: []domain.Category{hostileText}, Times: 2}}}},
		Patterns: []queries.Pattern{{Code: hostileText, Staff: hostileText, Count: -1, From: apitest.Now, Until: apitest.Now}}})
	all := map[string]map[string]string{
		"fleur@click": {"registers/testdata/hostile": "/registers/deadlines?from=" + url.QueryEscape(hostileText), "registers/testdata/hostile.rows": "/registers/deadlines", "registers/testdata/hostile.history": "/registers/history",
			"seen/testdata/hostile": "/registers/access", "seen/testdata/dossier.hostile": "/dossiers/" + apitest.First + "/access", "seen/testdata/patterns.hostile": "/registers/access/patterns",
			"reviews/testdata/hostile": "/reviews", "overviews/testdata/hostile": "/overviews?ask=1&by=" + url.QueryEscape(hostileText) + "&start_year=" + url.QueryEscape(hostileText)},
		"dora@click": {"assignments/testdata/hostile": "/assignments"},
	}
	for _, login := range slices.Sorted(maps.Keys(all)) {
		w.post("/signout", nil)
		w.signIn(login)
		for _, lang := range []string{"nl", "en"} {
			w.get("/language?to=" + lang)
			for _, name := range slices.Sorted(maps.Keys(all[login])) {
				golden(t, "pages/"+name+"."+lang+".golden.html", w.get(all[login][name]).body)
			}
		}
	}
}

// When a look cannot be recorded, no page of any role shows anything (T5).
func TestNoRecordNoPages(t *testing.T) {
	w := open(t)
	w.signIn("fleur@click")
	typicalRows(w.engine)
	w.engine.SetDown(true)
	for _, path := range []string{"/registers/disclosures", "/registers/disclosures/download?format=csv", "/registers/access", "/registers/access/patterns", "/reviews", "/dossiers/" + apitest.First + "/access", "/dossiers/" + apitest.First + "/print", "/overviews?ask=1"} {
		if p := w.get(path); p.status != 503 || strings.Contains(p.body, "Cleo") || strings.Contains(p.body, "T-2026-014") || strings.Contains(p.body, "Jansen") {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}

// Every key that a page of these folders names has words.
func TestKeysHaveWords(t *testing.T) {
	files, err := filepath.Glob("pages/*/*.html")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("i18n/nl.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\$\.T "([a-z_.]+)"`).FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(raw), `"`+m[1]+`":`) {
				t.Errorf("%s: %s has no words", f, m[1])
			}
		}
	}
}

// C-2.1.4b: a period that ends before it begins is told on the field; a register
// without rows would say that nothing happened.
func TestAPeriodThatEndsBeforeItBegins(t *testing.T) {
	w := open(t)
	w.signIn("fleur@click")
	for _, path := range []string{"/registers/disclosures", "/registers/access", "/registers/access/patterns"} {
		for query, wrong := range map[string]bool{"?from=02-01-2026&until=01-01-2026": true, "?from=01-01-2026&until=01-01-2026": false} {
			got := w.get(path + query)
			if told := strings.Contains(got.body, `id="until-error">De periode eindigt voordat zij begint.`); told != wrong || (got.status == http.StatusBadRequest) != wrong {
				t.Errorf("%s%s: %d, told: %v", path, query, got.status, told)
			}
		}
	}
}
