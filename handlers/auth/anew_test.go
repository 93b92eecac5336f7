package auth_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// C-0c, C-2.7e: whoever is invited anew comes in by what he chooses then, and
// nobody by what there was before: a password that others know opens nothing once
// the account is linked to the identity provider, and a link that was another's
// nothing once there is a password.
func TestInvitedAnewEndsTheOtherWayIn(t *testing.T) { onBoth(t, testInvitedAnew) }

func testInvitedAnew(t *testing.T, change func(*auth.Options)) {
	i := newIssuer(t)
	w := open(t, change, i.options)
	invite := func() string {
		t.Helper()
		secret, _, err := w.Invite(t.Context(), bram, "click", anna)
		if err != nil {
			t.Fatal(err)
		}
		return secret
	}
	provider := func(invitation string) error {
		t.Helper()
		v := w.visitor()
		state, err := i.visit(v, invitation)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = v.finish(state, "c1")
		return err
	}
	v := member(t, w)
	v.addTOTPNow(t)
	if err := provider(invite()); err != nil {
		t.Fatal(err)
	}
	w.visitor().in(func(ctx context.Context) {
		if id, second, err := w.Begin(ctx, "anna@click", good, "192.0.2.7:1"); code(err) != "wrong_credentials" {
			t.Errorf("the password from before: %+v, second step %v, %v", id, second, err)
		}
	})
	secret := invite()
	w.visitor().in(func(ctx context.Context) {
		if _, err := w.Accept(ctx, secret, "anna", good); err != nil {
			t.Fatal(err)
		}
	})
	if err := provider(""); code(err) != "not_linked" {
		t.Errorf("the link from before: %v", err)
	}
	w.visitor().in(func(ctx context.Context) {
		if _, _, err := w.Begin(ctx, "anna@click", good, "192.0.2.7:1"); err != nil {
			t.Errorf("the password chosen now: %v", err)
		}
	})
}

// C-0c, C-2.7e: the first administrator's link makes no second one: it ends when
// somebody can sign in, by whatever way he came.
func TestSetupEndsWithTheFirstAccount(t *testing.T) { onBoth(t, testSetupEnds) }

func testSetupEnds(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	secret, err := w.Setup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.SettingUp(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil { // as casefile passwd does
		t.Fatal(err)
	}
	if err := w.SettingUp(t.Context(), secret); code(err) != "link_gone" {
		t.Errorf("looking at the link: %v", err)
	}
	v := w.visitor()
	v.in(func(ctx context.Context) {
		if id, err := w.FinishSetup(ctx, secret, "click", "bram", bram, good); code(err) != "link_gone" {
			t.Errorf("using the link: %+v, %v", id, err)
		}
	})
	if id := v.who(t); id.Staff != "" {
		t.Errorf("signed in as %s", id.Staff)
	}
}

// C-0c: a sign-in that waits for its second step does not outlive the password
// with which it began.
func TestNewPasswordEndsPendingSignIns(t *testing.T) { onBoth(t, testPendingEnds) }

func testPendingEnds(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	owner := member(t, w)
	_, codes := owner.addTOTP(t)
	w.now = w.now.Add(time.Minute)
	thief := w.visitor()
	if !thief.signIn(t, "anna@click") {
		t.Fatal("no second step")
	}
	w.now = w.now.Add(time.Minute)
	owner.in(func(ctx context.Context) {
		if err := w.ChangePassword(ctx, good, "acht blauwe vogels", "192.0.2.1:1"); err != nil {
			t.Fatal(err)
		}
	})
	if err := thief.confirm("recovery_code", codes[0]); code(err) != "start_again" || thief.who(t).Staff != "" {
		t.Errorf("the sign-in with the old password: %v, signed in %q", err, thief.who(t).Staff)
	}
	late := w.visitor()
	late.in(func(ctx context.Context) {
		if _, second, err := w.Begin(ctx, "anna@click", "acht blauwe vogels", "192.0.2.7:1"); err != nil || !second {
			t.Fatal(second, err)
		}
	})
	if err := late.confirm("recovery_code", codes[0]); err != nil || late.who(t).Staff != anna {
		t.Errorf("one with the new password: %v", err)
	}
}

// C-0c: a second factor that the provider proved counts from when it was proved,
// which a sign-in without anybody's doing makes no later.
func TestProvidersFactorIsAsOldAsItIs(t *testing.T) {
	i := newIssuer(t)
	w := open(t, i.options)
	if err := w.LinkSubject(t.Context(), bram, "click", anna, "anna-1"); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		said  any           // auth_time
		least time.Duration // how long ago the factor was proved, at least
		most  time.Duration
	}{
		"a moment ago":    {time.Now().Unix(), 0, time.Minute},
		"this morning":    {time.Now().Add(-3 * time.Hour).Unix(), 3 * time.Hour, 3*time.Hour + time.Minute},
		"not said":        {nil, auth.FreshFactor, 12 * time.Hour},
		"said in words":   {"now", auth.FreshFactor, 12 * time.Hour},
		"a time to come":  {time.Now().Add(time.Hour).Unix(), 0, time.Minute},
		"before all time": {0, auth.FreshFactor, 100 * 365 * 24 * time.Hour},
	} {
		v := w.visitor()
		state, err := i.visit(v, "")
		if err != nil {
			t.Fatal(err)
		}
		i.claims = map[string]any{"amr": []string{"pwd", "mfa"}}
		if c.said != nil {
			i.claims["auth_time"] = c.said
		}
		id, second, err := v.finish(state, "c1")
		if err != nil || second || id.Staff != anna {
			t.Errorf("%s: %+v, %v, %v", what, id, second, err)
			continue
		}
		at := v.who(t).FactorAt
		if ago := time.Since(at); at.IsZero() || ago < c.least || ago > c.most {
			t.Errorf("%s: proved %s ago, want %s to %s", what, ago, c.least, c.most)
		}
	}
}

// C-0c: behind a proxy everybody comes from one address, so that a stranger who
// guesses there must not keep everybody out; one name has its limit all the same.
func TestStrangersBehindAProxyKeepNobodyOut(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.Proxied = true })
	v := member(t, w)
	const proxy = "127.0.0.1:7"
	ctx := t.Context()
	for i := range 2 * auth.AttemptsPerAddress {
		if _, err := w.Authenticate(ctx, fmt.Sprintf("naam%d@click", i), "niet het goede", proxy); code(err) != "wrong_credentials" {
			t.Fatalf("guess %d: %v", i, err)
		}
	}
	w.now = w.now.Add(2 * time.Minute) // what was verified is forgotten by now
	if _, err := w.Authenticate(ctx, "anna@click", good, proxy); err != nil {
		t.Errorf("a colleague through the same proxy: %v", err)
	}
	v.in(func(ctx context.Context) {
		if err := w.ChangePassword(ctx, good, "acht blauwe vogels", proxy); err != nil {
			t.Errorf("another password: %v", err)
		}
	})
	for range auth.AttemptsPerLogin {
		w.Authenticate(ctx, "anna@click", "niet het goede", proxy) //nolint:errcheck // counted below
	}
	if _, err := w.Authenticate(ctx, "anna@click", "acht blauwe vogels", proxy); code(err) != auth.CodeTooMany {
		t.Errorf("after many guesses at one name: %v", err)
	}
}
