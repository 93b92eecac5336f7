package web_test

import (
	"encoding/json"
	"flag"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/queries"
)

var update = flag.Bool("update", false, "write the golden files anew")

var digest = regexp.MustCompile(`\.[0-9a-f]{12}\.`)

func golden(t *testing.T, path, got string) {
	t.Helper()
	got = digest.ReplaceAllString(got, ".DIGEST.")
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, d)
	}
}

// empty is a dossier of which nothing is known but that it is there.
func empty() (queries.CaseloadRow, *queries.DossierView) {
	id := "018f0000-0000-7000-8000-000000000d00"
	return queries.CaseloadRow{Dossier: id}, &queries.DossierView{Agency: "click", Dossier: id, State: json.RawMessage(`{}`),
		Assigned: []queries.StaffName{{Staff: apitest.Anna}}}
}

// Every page with nothing, with what is usual, and with text that tries to
// break out of it.
func TestPagesRender(t *testing.T) {
	w := open(t)
	golden(t, "pages/signin/testdata/zero.golden.html", w.get("/signin").body)
	golden(t, "pages/signin/testdata/wrong.golden.html", w.post("/signin", url.Values{"signin_name": {`"><script>alert(1)</script>@click`}, "signin_password": {"x"}}).body)
	golden(t, "pages/errorpage/testdata/unknown.golden.html", w.get("/nergens").body)

	w.signIn("bram@sol")
	golden(t, "pages/caseload/testdata/zero.golden.html", w.get("/caseload").body)
	w.post("/signout", nil)

	w.signIn("anna@click")
	golden(t, "pages/caseload/testdata/typical.golden.html", w.get("/caseload").body)
	golden(t, "pages/dossier/testdata/typical.golden.html", w.get("/dossiers/"+apitest.First).body)
	golden(t, "pages/dossier/testdata/asof.golden.html", w.get("/dossiers/"+apitest.First+"?on=14-10-2026&as=then").body)
	row, v := empty()
	w.engine.Put(row, v)
	golden(t, "pages/dossier/testdata/zero.golden.html", w.get("/dossiers/"+v.Dossier).body)
	row, v = apitest.Hostile()
	w.engine.Put(row, v)
	for _, lang := range []string{"nl", "en"} {
		w.get("/language?to=" + lang)
		golden(t, "pages/caseload/testdata/hostile."+lang+".golden.html", w.get("/caseload").body)
		golden(t, "pages/dossier/testdata/hostile."+lang+".golden.html", w.get("/dossiers/"+v.Dossier).body)
	}
	w.get("/language?to=nl")
	golden(t, "pages/search/testdata/zero.golden.html", w.get("/search").body)
	golden(t, "pages/search/testdata/typical.golden.html", w.post("/search", url.Values{"q": {"jansen 2026"}}).body)
	golden(t, "pages/search/testdata/nothing.golden.html", w.post("/search", url.Values{"q": {"niemand"}}).body)
	golden(t, "pages/search/testdata/wrong.golden.html", w.post("/search", url.Values{"q": {"x"}}).body)
	w.get("/language?to=en")
	golden(t, "pages/search/testdata/hostile.en.golden.html", w.post("/search", url.Values{"q": {"everything"}}).body)
	w.engine.SetDown(true)
	golden(t, "pages/errorpage/testdata/unavailable.golden.html", w.get("/caseload").body)
}

// No golden page may hold markup that came from data, a place that was not
// filled, or a key without words.
func TestGoldenPagesAreClean(t *testing.T) {
	files, err := filepath.Glob("pages/*/testdata/*.golden.html")
	if err != nil || len(files) < 10 {
		t.Fatalf("golden pages: %d, %v", len(files), err)
	}
	key := regexp.MustCompile(`>(layout|nav|menu|start|denied|glass|register|registers|column|seen|patterns|pattern|reviews|assignments|overviews|dimension|measure|signin|caseload|search|dossier|timeline|talk|asof|form|error|code|event|rule|field)\.[a-z.]+<`)
	for _, f := range files {
		raw, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		body := string(raw)
		for _, bad := range []string{"<script>", "<img", `href="javascript:`, "ZgotmplZ", "<no value>", "%!", "style=", " onclick"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s holds %s", f, bad)
			}
		}
		if m := key.FindString(body); m != "" {
			t.Errorf("%s shows a key: %s", f, m)
		}
		if strings.Count(body, "<h1") != 1 {
			t.Errorf("%s has %d h1", f, strings.Count(body, "<h1"))
		}
	}
}
