package auth_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// C-0c, C-2.7e, S-Bev2: an invitation opens one account once; nobody invites himself.
func TestInvitations(t *testing.T) { onBoth(t, testInvitations) }

func testInvitations(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	left := map[string]bool{}
	w := open(t, change, e.options, func(o *auth.Options) {
		o.Active = func(_ context.Context, _, staff string) (bool, error) { return !left[staff], nil }
	})
	e.listen(w)
	invite := func() string {
		t.Helper()
		secret, until, err := w.Invite(t.Context(), bram, "click", anna)
		if err != nil || !until.Equal(w.now.Add(auth.InviteLimit)) {
			t.Fatal(until, err)
		}
		return secret
	}
	accept := func(v *visitor, secret, login, password string) (err error) {
		v.in(func(ctx context.Context) { _, err = w.Accept(ctx, secret, login, password) })
		return err
	}
	if _, _, err := w.Invite(t.Context(), anna, "click", anna); code(err) != "own_account" {
		t.Fatalf("himself: %v", err)
	}
	first := invite()
	second := invite()
	v := w.visitor()
	for what, c := range map[string]struct{ secret, password, want string }{
		"an earlier invitation": {first, good, "link_gone"},
		"none":                  {"", good, "link_gone"},
		"a guess":               {second[1:] + "a", good, "link_gone"},
		"a common password":     {second, "Welkom2024!!", "password_common"},
		"a short one":           {second, "kort", "password_short"},
	} {
		if err := accept(v, c.secret, "anna", c.password); code(err) != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}
	left[anna] = true
	if err := accept(v, second, "anna", good); code(err) != "link_gone" {
		t.Errorf("after leaving: %v", err)
	}
	left[anna] = false

	// Of many at once one opens the account.
	errs := make([]error, 4)
	vs := make([]*visitor, len(errs))
	var all sync.WaitGroup
	for i := range errs {
		vs[i] = w.visitor()
		all.Go(func() { errs[i] = accept(vs[i], second, "anna", good) })
	}
	all.Wait()
	opened := 0
	for i, err := range errs {
		switch {
		case err == nil && vs[i].who(t).Staff == anna:
			opened, v = opened+1, vs[i]
		case code(err) != "link_gone":
			t.Errorf("%v", err)
		}
	}
	if opened != 1 || e.last() != "allowed link " {
		t.Fatalf("%d of them opened the account, recorded %q", opened, e.last())
	}
	if err := accept(w.visitor(), second, "anna", "acht blauwe vogels"); code(err) != "link_gone" {
		t.Fatalf("used twice: %v", err)
	}

	// Inviting anew closes what there was: password, factor, tokens, sessions.
	v.addTOTP(t)
	var token string
	var err error
	v.in(func(ctx context.Context) {
		_, token, err = w.IssueToken(ctx, "x", []string{"read"}, w.now.Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := accept(w.visitor(), invite(), "anna2", "acht blauwe vogels"); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Second)
	if _, err := w.Verify(t.Context(), "click", "anna", good); code(err) != "wrong_credentials" {
		t.Errorf("the old name and password: %v", err)
	}
	if _, err := w.Bearer(t.Context(), token); code(err) != "wrong_credentials" {
		t.Errorf("the old token: %v", err)
	}
	accounts, err := w.Accounts(t.Context(), "click")
	if a := accounts[anna]; err != nil || !a.Open || a.Factor || !a.Invited.IsZero() {
		t.Errorf("%+v, %v", a, err)
	}
	late := invite()
	w.now = w.now.Add(auth.InviteLimit)
	if err := accept(w.visitor(), late, "anna", good); code(err) != "link_gone" {
		t.Errorf("after a week: %v", err)
	}
	left[anna] = true
	if _, _, err := w.Invite(t.Context(), bram, "click", anna); code(err) != "not_active" {
		t.Errorf("somebody who left: %v", err)
	}
}

// C-0c: the first administrator's link counts for an hour, once, and only while
// nobody can sign in.
func TestSetup(t *testing.T) {
	w := open(t)
	secret, err := w.Setup(t.Context())
	if err != nil || secret == "" {
		t.Fatal(err)
	}
	again, err := w.Setup(t.Context())
	if err != nil || again == secret {
		t.Fatal(err)
	}
	if err := w.SettingUp(t.Context(), secret); code(err) != "link_gone" {
		t.Errorf("a link from before a restart: %v", err)
	}
	v := w.visitor()
	finish := func(secret string) (err error) {
		v.in(func(ctx context.Context) { _, err = w.FinishSetup(ctx, secret, "click", "anna", anna, good) })
		return err
	}
	w.now = w.now.Add(auth.SetupLimit)
	if err := finish(again); code(err) != "link_gone" {
		t.Errorf("after an hour: %v", err)
	}
	if again, err = w.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := finish(again); err != nil || v.who(t).Staff != anna {
		t.Fatal(err)
	}
	if err := finish(again); code(err) != "link_gone" {
		t.Errorf("used twice: %v", err)
	}
	if none, err := w.Setup(t.Context()); none != "" || err != nil {
		t.Errorf("a link though somebody can sign in: %v", err)
	}
}

// C-0c: changing the password asks for the old one, and ends all other sessions.
func TestChangePassword(t *testing.T) { onBoth(t, testChangePassword) }

func testChangePassword(t *testing.T, change func(*auth.Options)) {
	w := open(t, change, func(o *auth.Options) {
		o.Breached = func(p string) (bool, error) { return p == "een gelekte volzin", nil }
	})
	v := member(t, w)
	other := w.visitor()
	other.signIn(t, "anna@click")
	w.now = w.now.Add(time.Minute)
	set := func(old, fresh string) (err error) {
		v.in(func(ctx context.Context) { err = w.ChangePassword(ctx, old, fresh, "192.0.2.1:1") })
		return err
	}
	for what, c := range map[string]struct{ old, fresh, want string }{
		"another old one": {"niet het oude", "acht blauwe vogels", "wrong_password"},
		"a common one":    {good, "Wachtwoord123!", "password_common"},
		"a leaked one":    {good, "een gelekte volzin", "password_breached"},
		"right":           {good, "acht blauwe vogels", ""},
	} {
		if what != "right" {
			if err := set(c.old, c.fresh); code(err) != c.want {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	if err := set(good, "acht blauwe vogels"); err != nil || v.who(t).Staff != anna || other.who(t).Staff != "" {
		t.Fatalf("%v: own session %q, other %q", err, v.who(t).Staff, other.who(t).Staff)
	}
	if _, err := w.Verify(t.Context(), "click", "anna", good); code(err) != "wrong_credentials" {
		t.Errorf("the old password: %v", err)
	}
	for range auth.AttemptsPerLogin {
		set("niet het oude", good) //nolint:errcheck // counted below
	}
	if err := set("acht blauwe vogels", good); code(err) != auth.CodeTooMany {
		t.Errorf("after many wrong ones: %v", err)
	}
}

// C-0c: the limits on attempts hold over a restart and on every instance.
func TestLimitsAreShared(t *testing.T) { onBoth(t, testLimitsShared) }

func testLimitsShared(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	for range auth.AttemptsPerLogin {
		w.Authenticate(t.Context(), "anna@click", "niet het goede", "192.0.2.1:1") //nolint:errcheck // counted below
	}
	x := open(t, change, func(o *auth.Options) { o.DB = w.db })
	x.now = w.now
	if _, err := x.Authenticate(t.Context(), "anna@click", good, "192.0.2.2:1"); code(err) != auth.CodeTooMany {
		t.Errorf("on another instance: %v", err)
	}
	x.now = x.now.Add(auth.AttemptWindow)
	if _, err := x.Authenticate(t.Context(), "anna@click", good, "192.0.2.2:1"); err != nil {
		t.Errorf("after the window: %v", err)
	}
}
