package web_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
)

// browser is a real one: headless Chromium on the world's server.
type browser struct {
	t   testing.TB
	ctx context.Context
	url string

	mu     sync.Mutex // guards what the page did
	said   []string   // exceptions
	logged []string   // complaints in its console, on pages that are watched
	asked  []string   // addresses it asked for
	dialog bool       // a script opened a dialogue
}

func (w *world) browser() *browser {
	w.t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium(w.t)), chromedp.UserDataDir(w.t.TempDir()),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true))
	alloc, cancelAlloc := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	b := &browser{t: w.t, url: w.server.URL}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		w.t.Fatal(err)
	}
	limited, cancelTime := context.WithTimeout(ctx, 4*time.Minute)
	b.ctx = limited
	w.t.Cleanup(func() { cancelTime(); cancel(); cancelAlloc() })
	call(b, network.Enable, network.EnableParams{})
	call(b, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return b
}

func (b *browser) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := ev.(type) {
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, e.ExceptionDetails.Text)
	case *log.EventEntryAdded:
		b.logged = append(b.logged, string(e.Entry.Level)+": "+e.Entry.Text)
	case *page.EventJavascriptDialogOpening:
		b.dialog = true
	case *network.EventRequestWillBeSent:
		b.asked = append(b.asked, e.Request.URL)
	}
}

func chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			return p
		}
	}
	t.Fatal("no Chromium: install the package chromium (make test does so on Debian)")
	return ""
}

func (b *browser) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatal(err)
	}
}

func get[T any](b *browser, a chromedp.Action[T]) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, a)
	for range 20 {
		// A page that is just being replaced by the next one is read again there.
		if err == nil || !strings.Contains(err.Error(), "Cannot find context") {
			break
		}
		time.Sleep(100 * time.Millisecond)
		v, err = chromedp.Run(b.ctx, a)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func eval[T any](b *browser, script string) T {
	b.t.Helper()
	return get(b, chromedp.Evaluate[T](script))
}

type css = chromedp.CSS

func (b *browser) open(path string) { b.t.Helper(); b.do(chromedp.Navigate(b.url + path)) }

func (b *browser) text(selector css) string {
	b.t.Helper()
	return strings.TrimSpace(get(b, chromedp.Text(selector)))
}

func typed(selector css, text string) chromedp.Action[chromedp.Void] {
	return chromedp.SendKeys(selector, text)
}

func (b *browser) signIn(name string) {
	b.t.Helper()
	b.open("/signin")
	b.do(typed("#signin_name", name), typed("#signin_password", password), chromedp.Click(css("main button")), chromedp.WaitVisible(css("nav.side")))
}

// shot keeps a picture where CASEFILE_SHOTS says, for people to look at.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("CASEFILE_SHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), get(b, chromedp.FullScreenshot(100)), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) look(width, height int64, dark bool) {
	b.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	b.do(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
}

// Issue: sign in, open the caseload and a dossier, add a conversation report
// with hours; the page after the post shows it (X-4, read your writes).
func TestCoachRecordsAConversation(t *testing.T) {
	w := open(t)
	b := w.browser()
	b.look(1280, 900, false)
	b.open("/")
	b.shot("signin")
	b.signIn("anna@click")
	b.shot("caseload")
	b.do(chromedp.Click(css("tbody th a")), chromedp.WaitVisible(css("#timeline")))
	if got := b.text("h1"); got != "Sanne Jansen" {
		t.Fatalf("head %q", got)
	}
	b.shot("dossier")

	// Given a form with a mistake, then it is listed with a link, the list has
	// the focus, and what was typed is kept.
	b.do(chromedp.Click(css(".talk summary")), typed("#text", "Eerste sollicitatie besproken."), chromedp.Click(css(".form .primary")), chromedp.WaitVisible(css(".note.bad")))
	if focused := eval[string](b, `document.activeElement.className`); !strings.Contains(focused, "note bad") {
		t.Errorf("the focus is on %q", focused)
	}
	if text := get(b, chromedp.Value(css("#text"))); text != "Eerste sollicitatie besproken." {
		t.Errorf("what was typed became %q", text)
	}
	b.shot("dossier-error")

	// Then it is put right and recorded.
	b.do(typed("#subject", "Sollicitatie"), typed("#hours", "1"), typed("#minutes", "15"), chromedp.Click(css(".form .primary")), chromedp.WaitVisible(css(".note.good")))
	timeline := b.text("#timeline")
	for _, want := range []string{"Sollicitatie", "Eerste sollicitatie besproken.", "1 uur 15 min geboekt op T-2026-014: gesprek"} {
		if !strings.Contains(timeline, want) {
			t.Errorf("the page after the post lacks %q", want)
		}
	}
	b.shot("dossier-after")

	b.do(chromedp.Click(css(".langs a[lang=en]")), chromedp.WaitVisible(css("html[lang=en] #h-timeline")))
	if got := b.text("#h-timeline"); got != "Timeline" {
		t.Errorf("in English: %q", got)
	}
	b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
	if b.mu.Lock(); len(b.said) > 0 {
		t.Errorf("the browser complained: %v", b.said)
	}
	b.mu.Unlock()
}

// Every page works without scripts.
func TestWithoutScripts(t *testing.T) {
	w := open(t)
	b := w.browser()
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.signIn("anna@click")
	b.do(typed("#q", "sánne"), chromedp.Click(css("main form button")), chromedp.WaitVisible(css("tbody th a")))
	if got := b.text(".sheet-head p"); got != "1 van 1 dossiers" {
		t.Errorf("count %q", got)
	}
	b.open("/dossiers/" + apitest.First)
	b.do(chromedp.Click(css(".talk summary")), typed("#subject", "Zonder script"), typed("#text", "Het kan."), chromedp.Click(css(".form .primary")), chromedp.WaitVisible(css(".note.good")))
	if !strings.Contains(b.text("#timeline"), "Zonder script") {
		t.Error("the report is not on the page")
	}
}

// The strict policy holds in a real browser: what stands in a dossier does not
// run, nothing becomes markup, and nothing is asked of anybody else.
func TestPolicyHolds(t *testing.T) {
	w := open(t)
	row, v := apitest.Hostile()
	w.engine.Put(row, v)
	b := w.browser()
	b.signIn("anna@click")
	b.open("/dossiers/" + v.Dossier)
	if eval[bool](b, `(() => { try { document.body.innerHTML = "<b>x</b>"; return true } catch { return false } })()`) {
		t.Error("a text became markup")
	}
	if eval[bool](b, `(() => { const s = document.createElement("style"); s.textContent = "h1{color:rgb(1,2,3)}"; document.head.append(s); return getComputedStyle(document.querySelector("h1")).color === "rgb(1, 2, 3)" })()`) {
		t.Error("an inline style counted")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.dialog || len(b.asked) == 0 {
		t.Errorf("a text ran as a script: %v; requests seen: %d", b.dialog, len(b.asked))
	}
	for _, u := range b.asked {
		// The browser draws its own date picker with pictures from data addresses.
		if !strings.HasPrefix(u, b.url) && !strings.HasPrefix(u, "data:") {
			t.Errorf("the page asked for %s", u)
		}
	}
}

// call gives one command of the protocol to the browser.
func call[P, R any](b *browser, cmd cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b.ctx, cmd, params); err != nil {
		b.t.Fatal(err)
	}
}
