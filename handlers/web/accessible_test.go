package web_test

import (
	_ "embed"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
)

//go:embed testdata/accessible.js
var accessible string

// WCAG 2.2 AA as far as a program can tell, on every page in both languages and
// both schemes, on a wide screen and at 320 px, which is 1280 px at 400 % zoom.
func TestAccessible(t *testing.T) {
	w := open(t)
	for i := range 12 {
		row, v := apitest.Typical()
		id := fmt.Sprintf("018f0000-0000-7000-8000-0000000000%02x", 0x40+i)
		row.Dossier, v.Dossier = id, id
		row.Name = []string{"de Vries-van der Meulen, Anna Catharina", "Çelik, Emre", "Bakker, Jan", "van den Heuvel, Lotte"}[i%4]
		row.AssignedToMe = i < 7
		row.Minutes = 120 * i
		row.Status = []string{"open", "guidance_ended", "open", "partly_destroyed"}[i%4]
		if i%5 == 0 {
			row.Trajectories, row.Budget = nil, 0
		}
		w.engine.Put(row, v)
	}
	_, hostile := apitest.Hostile()
	w.engine.Put(apitest.Hostile())
	b := w.browser()
	check := func(what string) {
		t.Helper()
		for _, wrong := range eval[[]string](b, accessible) {
			t.Errorf("%s: %s", what, wrong)
		}
	}
	type screen struct {
		name string
		w, h int64
		dark bool
	}
	// Words differ by language and colours by scheme: two of the four
	// combinations for each language cover every pair.
	for lang, screens := range map[string][]screen{
		"nl": {{"wide", 1280, 720, false}, {"320-dark", 320, 640, true}},
		"en": {{"wide-dark", 1280, 720, true}, {"320", 320, 640, false}},
	} {
		for _, s := range screens {
			b.look(s.w, s.h, s.dark)
			visit := func(name, path string, then ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				b.open(path)
				b.do(then...)
				check(name + "/" + lang + "/" + s.name)
				if name != "dossier-hostile" { // longer than a picture can be
					b.shot(name + "-" + lang + "-" + s.name)
				}
			}
			b.open("/language?to=" + lang)
			visit("signin", "/signin")
			visit("signin-wrong", "/signin", chromedp.Click(css("main button")), chromedp.WaitVisible(css(".note.bad")))
			b.signIn("anna@click")
			visit("caseload", "/caseload")
			visit("dossier", "/dossiers/"+apitest.First)
			visit("dossier-hostile", "/dossiers/"+hostile.Dossier)
			visit("dossier-asof", "/dossiers/"+apitest.First+"?on=14-10-2026&as=then")
			visit("dossier-wrong", "/dossiers/"+apitest.First, chromedp.Click(css(".talk summary")), chromedp.Click(css(".form .primary")), chromedp.WaitVisible(css(".note.bad")))
			visit("search", "/search")
			visit("search-found", "/search", typed("#q", "everything"), chromedp.Click(css("main form button")), chromedp.WaitVisible(css("main table")))
			visit("search-wrong", "/search", typed("#q", "x"), chromedp.Click(css("main form button")), chromedp.WaitVisible(css(".note.bad")))
			visit("error", "/nergens")
			b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
			b.signIn("cleo@click")
			visit("caseload-empty", "/caseload")
			visit("forbidden", "/dossiers/"+apitest.First)
			b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
		}
	}
}
