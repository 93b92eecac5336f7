package auth_test

import (
	"context"
	"testing"
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
