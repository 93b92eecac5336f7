package web_test

import (
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
)

// watch keeps what the browser holds back or complains of, on every page from now on.
func (b *browser) watch() {
	b.t.Helper()
	call(b, log.Enable, cdp.Empty{})
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `
		globalThis.violations = [];
		document.addEventListener("securitypolicyviolation", (e) => violations.push(e.effectiveDirective + " " + e.blockedURI));`})
}

// held gives what was held back on the page that is open.
func (b *browser) held() []string { b.t.Helper(); return eval[[]string](b, "globalThis.violations") }

// soon waits until something holds, for half a minute at most.
func soon(holds func() bool) bool {
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// complaints gives the warnings and errors of the console, and begins anew. That a
// page was refused is no complaint about it.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := append(b.logged, b.said...)
	b.logged, b.said = nil, nil
	return slices.DeleteFunc(out, func(c string) bool {
		return strings.HasPrefix(c, "info: ") || strings.HasPrefix(c, "verbose: ") || strings.Contains(c, "the server responded with a status of 4")
	})
}

var (
	anID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{12}`)
	aDay = regexp.MustCompile(`\d+`)
)

// kind is what kind of page an address is, so that one of each is visited.
func kind(path string) string { return aDay.ReplaceAllString(anID.ReplaceAllString(path, "ID"), "N") }

// C-0c, S-Bev2: with the strict policy every page works: wherever links lead
// people of each role, in both languages, the browser holds nothing back and
// complains of nothing.
func TestPolicyOnEveryPage(t *testing.T) {
	r := openReal(t)
	b := r.world.browser()
	b.watch()
	b.look(1280, 900, false)
	seen := map[string]bool{}
	visited := 0
	visit := func(who, path string) {
		b.open(path)
		visited++
		for _, v := range b.held() {
			t.Errorf("%s at %s: held back %s", who, path, v)
		}
		for _, c := range b.complaints() {
			t.Errorf("%s at %s: %s", who, path, c)
		}
	}
	for _, path := range []string{"/signin", "/signin?out", "/signin/passkey", "/nergens", "/invite/x", "/setup/x"} {
		for _, lang := range []string{"en", "nl"} {
			b.open("/language?to=" + lang)
			visit("a stranger", path)
		}
	}
	roles := []string{"coach", "compliance_officer", "administrator", "director", "administration", "auditor"}
	for _, role := range roles {
		if _, there := r.logins["click/"+role]; !there {
			continue
		}
		b.signIn(r.name("click/" + role))
		for _, lang := range []string{"nl", "en"} {
			b.open("/language?to=" + lang)
			todo := []string{"/", "/nergens", "/account/passkey", "/account/confirm"}
			for len(todo) > 0 {
				path := todo[0]
				todo = todo[1:]
				key := lang + kind(path)
				if path == "/" {
					key += role // leads each to the beginning of his work
				}
				if seen[key] || strings.Contains(path, "/download") || strings.HasPrefix(path, "/language") {
					continue
				}
				seen[key] = true
				visit(role+" ("+lang+")", path)
				todo = append(todo, eval[[]string](b, `[...document.querySelectorAll("a[href]")].map((a) => a.getAttribute("href")).filter((h) => h.startsWith("/"))`)...)
			}
		}
		b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
	}
	t.Logf("%d pages of %d kinds", visited, len(seen))
	if visited < 50 {
		t.Errorf("%d pages visited: the links lead nowhere", visited)
	}
}

// What comes of posted forms keeps to the policy too: wrong and right sign-ins,
// an app's picture, codes, tokens, the form of an emergency.
func TestPolicyAfterForms(t *testing.T) {
	w := open(t)
	w.engine.Put(apitest.Hostile())
	b := w.browser()
	b.watch()
	b.look(1280, 900, false)
	for _, lang := range []string{"nl", "en"} {
		b.open("/language?to=" + lang)
		check := func(what string) {
			t.Helper()
			for _, v := range append(b.held(), b.complaints()...) {
				t.Errorf("%s (%s): %s", what, lang, v)
			}
		}
		steps := func(what, path string, then ...chromedp.Action[chromedp.Void]) {
			t.Helper()
			if path != "" {
				b.open(path)
			}
			b.do(then...)
			check(what)
		}
		steps("a wrong sign-in", "/signin", typed("#signin_name", "anna@click"), typed("#signin_password", "x"), chromedp.Click(css("main .primary")), chromedp.WaitVisible(css(".note.bad")))
		b.signIn("anna@click")
		_, hostile := apitest.Hostile()
		steps("a hostile dossier", "/dossiers/"+hostile.Dossier)
		steps("a dossier to print", dossierPath+"/print")
		steps("a wrong report", dossierPath, chromedp.Click(css(".talk summary")), chromedp.Click(css(".form .primary")), chromedp.WaitVisible(css(".note.bad")))
		steps("a search", "/search", typed("#q", "everything"), chromedp.Click(css("main form button")), chromedp.WaitVisible(css("main table")))
		steps("an app's picture", "/account", chromedp.Click(css("form[action='/account/totp'] button")), chromedp.WaitVisible(css(".qr")))
		b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
		b.signIn("cleo@click")
		steps("not one's own", dossierPath)
		b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
	}
}

// The policy in a real browser holds back all by which text becomes a program:
// what a broken template would have let through, and what a script would do.
func TestPolicyHoldsBack(t *testing.T) {
	w := open(t)
	headers := w.get("/signin").header
	stranger := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(rw, `<!doctype html><title>x</title><iframe src="%s/signin"></iframe>`, html.EscapeString(w.server.URL))
	}))
	defer stranger.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Permissions-Policy"} {
			rw.Header().Set(name, headers.Get(name))
		}
		rw.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(rw, `<!doctype html><title>x</title><base href="%[1]s"><style>p{color:rgb(1,2,3)}</style>
			<p style="color:rgb(1,2,3)">x</p><script>globalThis.pwned = "inline"</script><img src="x" onerror="globalThis.pwned = 'attribute'">
			<script src="%[1]s/a.js"></script><iframe src="%[1]s"></iframe><object data="%[1]s"></object>
			<form id="f" action="%[1]s"></form><a id="j" href="javascript:globalThis.pwned='link'">x</a>`, html.EscapeString(stranger.URL))
	}))
	defer broken.Close()

	b := w.browser()
	b.watch()
	b.url = broken.URL
	b.open("/")
	eval[bool](b, `(() => { document.querySelector("#f").submit(); document.querySelector("#j").click(); return true })()`)
	for _, sink := range []string{
		`document.body.innerHTML = "<b>x</b>"`, `document.body.insertAdjacentHTML("beforeend", "<b>x</b>")`, `document.write("<b>x</b>")`,
		`document.createElement("script").text = "globalThis.pwned = 1"`, `document.createElement("script").src = "/x.js"`, `document.createElement("iframe").srcdoc = "<b>x</b>"`,
		`document.querySelector("p").setAttribute("onclick", "globalThis.pwned = 1")`, `new DOMParser().parseFromString("<b>x</b>", "text/html")`, `trustedTypes.createPolicy("mine", {createHTML: (x) => x})`,
	} {
		if eval[bool](b, `(() => { try { `+sink+`; return true } catch { return false } })()`) {
			t.Errorf("%s went through", sink)
		}
	}
	eval[bool](b, `(() => { const s = document.createElement("script"); s.append("globalThis.pwned = 'node'"); document.head.append(s); return true })()`)
	time.Sleep(300 * time.Millisecond) // events of the policy come after the fact
	if got := eval[string](b, `globalThis.pwned ?? ""`); got != "" {
		t.Errorf("a text ran: %s", got)
	}
	if got := eval[string](b, `getComputedStyle(document.querySelector("p")).color`); got == "rgb(1, 2, 3)" {
		t.Error("a style of the text counted")
	}
	for _, want := range []string{"script-src-elem inline", "script-src-attr inline", "script-src-elem " + stranger.URL, "style-src-elem inline", "style-src-attr inline", "frame-src ", "object-src ", "base-uri ", "form-action ", "require-trusted-types-for"} {
		if !soon(func() bool {
			return slices.ContainsFunc(b.held(), func(v string) bool { return strings.HasPrefix(v, want) })
		}) {
			t.Errorf("not held back: %s (%q)", want, b.held())
		}
	}

	// Another site's page cannot show ours within itself.
	b.complaints()
	b.url = stranger.URL
	b.open("/")
	var got []string
	if !soon(func() bool {
		got = append(got, b.complaints()...)
		return slices.ContainsFunc(got, func(c string) bool {
			return strings.Contains(c, "frame-ancestors") || strings.Contains(c, "X-Frame-Options")
		})
	}) {
		t.Errorf("in a frame of another site: %q", got)
	}
}
