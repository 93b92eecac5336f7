package web_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
)

// key puts an authenticator in the browser that knows its person.
func (b *browser) key(resident bool) webauthn.AuthenticatorID {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	r, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: resident, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return r.AuthenticatorID
}

// C-0c, L-32: a real browser makes a passkey, signs in with it as the second
// step and alone; and is refused when nobody shows the key who it is.
func TestPasskeyInABrowser(t *testing.T) {
	w := open(t)
	b := w.browser()
	b.look(1280, 900, false)
	id := b.key(true)
	b.signIn("anna@click")
	b.open("/account/passkey")
	b.shot("account-passkey")
	b.do(chromedp.Click(css("[data-passkey] button")), chromedp.WaitVisible(css("ol.codes")))
	if n := eval[int](b, `document.querySelectorAll("ol.codes li").length`); n != 10 {
		t.Fatalf("%d recovery codes", n)
	}
	b.shot("account-codes")
	b.open("/account")
	if !strings.Contains(b.text("main"), "Passkey") {
		t.Error("the passkey is not on the page")
	}
	b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))

	// As the second step.
	b.do(typed("#signin_name", "anna@click"), typed("#signin_password", password), chromedp.Click(css("main .primary")), chromedp.WaitVisible(css("[data-passkey] button")))
	b.shot("signin-second-passkey")
	b.do(chromedp.Click(css("[data-passkey] button")), chromedp.WaitVisible(css("nav.side")))
	b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))

	// Alone, from the link on the sign-in page.
	b.do(chromedp.Click(css("main ul a")), chromedp.WaitVisible(css("[data-passkey] button")))
	b.shot("signin-passkey")
	b.do(chromedp.Click(css("[data-passkey] button")), chromedp.WaitVisible(css("nav.side")))

	// Not by whoever finds the device: its person has to be shown.
	b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
	call(b, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: id, IsUserVerified: false})
	b.do(chromedp.Click(css("main ul a")), chromedp.WaitVisible(css("[data-passkey] button")))
	b.do(chromedp.Click(css("[data-passkey] button")), chromedp.WaitVisible(css("[data-passkey] [role=alert]")))
	if b.mu.Lock(); len(b.said) > 0 {
		t.Errorf("the browser complained: %v", b.said)
	}
	b.mu.Unlock()
}

// WCAG 2.2 AA on the pages of accounts, in both languages and schemes.
func TestAccountsAccessible(t *testing.T) {
	w := open(t)
	d := w.another()
	d.signIn("dora@click")
	invitation := strings.TrimPrefix(find(t, d.post("/accounts/"+apitest.Cleo+"/invite", nil).body, `class="secret">([^<]+)<`), w.server.URL)
	w.signIn("anna@click")
	secret, _ := w.addTOTP()
	w.post("/account/tokens", url.Values{"token_name": {"Export naar de boekhouding"}, "scope": {"read", "registers"}, "token_days": {"90"}})
	b := w.browser()
	b.key(true)
	step := time.Now().Add(30 * time.Second) // the present code was used to enrol
	for lang, dark := range map[string]bool{"nl": false, "en": true} {
		for _, width := range []int64{1280, 320} {
			b.look(width, 720, dark != (width == 320))
			visit := func(name, path string, then ...chromedp.Action[chromedp.Void]) {
				t.Helper()
				if path != "" {
					b.open(path)
				}
				b.do(then...)
				for _, wrong := range eval[[]string](b, accessible) {
					t.Errorf("%s/%s/%d: %s", name, lang, width, wrong)
				}
				b.shot(name + "-" + lang + "-" + map[int64]string{1280: "wide", 320: "320"}[width])
			}
			b.open("/language?to=" + lang)
			visit("invite", invitation)
			visit("invite-wrong", "", chromedp.Click(css("main .primary")), chromedp.WaitVisible(css(".note.bad")))
			visit("signin-passkey", "/signin/passkey")
			b.signIn("dora@click")
			visit("accounts", "/accounts")
			visit("accounts-invited", "", chromedp.Click(css("td form button")), chromedp.WaitVisible(css(".secret")))
			visit("account-zero", "/account")
			visit("account-totp", "", chromedp.Click(css("form[action='/account/totp'] button")), chromedp.WaitVisible(css(".qr")))
			visit("account-totp-wrong", "", typed("#code", "1"), chromedp.Click(css("main .primary")), chromedp.WaitVisible(css(".note.bad")))
			visit("account-passkey", "/account/passkey")
			b.do(chromedp.Click(css(".top-end form button")), chromedp.WaitVisible(css("#signin_name")))
			invitation = strings.TrimPrefix(find(t, d.post("/accounts/"+apitest.Cleo+"/invite", nil).body, `class="secret">([^<]+)<`), w.server.URL)
		}
	}
	b.look(1280, 900, false)
	b.open("/signin")
	b.do(typed("#signin_name", "anna@click"), typed("#signin_password", password), chromedp.Click(css("main .primary")), chromedp.WaitVisible(css("#signin_code")))
	if wrong := eval[[]string](b, accessible); len(wrong) > 0 {
		t.Errorf("second step: %v", wrong)
	}
	b.shot("signin-second")
	b.do(typed("#signin_code", codeAt(t, secret, step)), chromedp.Click(css("main .primary")), chromedp.WaitVisible(css("nav.side")))
	b.open("/account?done=factor")
	b.do(chromedp.Click(css("summary")))
	for _, wrong := range eval[[]string](b, accessible) {
		t.Errorf("account: %s", wrong)
	}
	b.shot("account")
	b.open("/account/confirm")
	for _, wrong := range eval[[]string](b, accessible) {
		t.Errorf("confirm: %s", wrong)
	}
	b.shot("account-confirm")
}
