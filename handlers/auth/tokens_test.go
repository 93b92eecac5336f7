package auth_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/auth"
)

// C-0c, C-2.7e, L-32: a token opens what its scopes say, until it ends or is revoked.
func TestTokens(t *testing.T) { onBoth(t, testTokens) }

func testTokens(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	left := false
	w := open(t, change, e.options, func(o *auth.Options) {
		o.Active = func(context.Context, string, string) (bool, error) { return !left, nil }
	})
	e.listen(w)
	v := member(t, w)
	issue := func(life time.Duration, scopes ...string) (x auth.Token, secret string, err error) {
		v.in(func(ctx context.Context) { x, secret, err = w.IssueToken(ctx, " rapport ", scopes, w.now.Add(life)) })
		return x, secret, err
	}
	for what, c := range map[string]struct {
		life   time.Duration
		scopes []string
		want   string
	}{
		"no scope":          {time.Hour, nil, "invalid_scope"},
		"an unknown scope":  {time.Hour, []string{"everything"}, "invalid_scope"},
		"ended already":     {0, []string{"read"}, "invalid_expiry"},
		"more than a year":  {367 * 24 * time.Hour, []string{"read"}, "invalid_expiry"},
		"a single command":  {time.Hour, []string{"AddRecord"}, ""},
		"read and commands": {365 * 24 * time.Hour, []string{"read", "commands"}, ""},
	} {
		if _, _, err := issue(c.life, c.scopes...); code(err) != c.want {
			t.Errorf("%s: %v", what, err)
		}
	}
	x, secret, err := issue(time.Hour, "registers", "read", "read")
	if err != nil || x.Name != "rapport" || secret[:4] != auth.TokenPrefix {
		t.Fatalf("%+v, %v", x, err)
	}
	id, err := w.Bearer(t.Context(), secret)
	if err != nil || id.Staff != anna || id.Token != x.ID || !slices.Equal(id.Scopes, []string{"read", "registers"}) || !id.FactorAt.IsZero() {
		t.Fatalf("%+v, %v", id, err)
	}
	refused := func(what, token, recorded string) {
		t.Helper()
		heard := len(e.attempts)
		if _, err := w.Bearer(t.Context(), token); code(err) != "wrong_credentials" {
			t.Errorf("%s: %v", what, err)
		}
		switch {
		case recorded == "" && len(e.attempts) != heard:
			t.Errorf("%s: recorded %q", what, e.last())
		case recorded != "" && (e.last() != "denied token "+recorded || e.attempts[len(e.attempts)-1].Token == ""):
			t.Errorf("%s: recorded %q", what, e.last())
		}
	}
	refused("nobody's token", "cft_abcdef", "")
	refused("another form", secret[4:], "")
	refused("with a letter more", secret+"a", "")
	left = true
	refused("of somebody who left", secret, "not_active")
	left = false
	if _, err := w.Bearer(t.Context(), secret); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(time.Hour)
	refused("an expired token", secret, "token_expired")
	v.signIn(t, "anna@click") // the session was idle for as long
	_, second, err := issue(time.Hour, "read")
	if err != nil {
		t.Fatal(err)
	}
	var list []auth.Token
	v.in(func(ctx context.Context) {
		if list, err = w.Tokens(ctx); err == nil {
			err = w.RevokeToken(ctx, list[0].ID)
		}
	})
	if err != nil || list[0].Name != "rapport" {
		t.Fatalf("%+v, %v", list, err)
	}
	refused("a revoked token", second, "token_revoked")
	for range auth.AttemptsPerLogin {
		w.Bearer(t.Context(), second) //nolint:errcheck // counted below
	}
	heard := len(e.attempts)
	if _, err := w.Bearer(t.Context(), second); code(err) != auth.CodeTooMany || len(e.attempts) != heard {
		t.Errorf("a program that goes on with a revoked token: %v", err)
	}
	if a, ok := e.acts[1].(*access.TokenIssued); !ok || a.Staff != anna || a.Until.IsZero() {
		t.Errorf("recorded %#v", e.acts[1])
	}
	if w.Disable(t.Context(), "click", anna) != nil {
		t.Fatal(err)
	}
}

// C-0c: a token of another account cannot be revoked or seen.
func TestTokensAreOnesOwn(t *testing.T) {
	w := open(t)
	v := member(t, w)
	if err := w.Set(t.Context(), "click", "bram", bram, good); err != nil {
		t.Fatal(err)
	}
	b := w.visitor()
	b.signIn(t, "bram@click")
	var x auth.Token
	var secret string
	var err error
	v.in(func(ctx context.Context) {
		x, secret, err = w.IssueToken(ctx, "a", []string{"read"}, w.now.Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	var list []auth.Token
	b.in(func(ctx context.Context) {
		list, _ = w.Tokens(ctx)
		err = w.RevokeToken(ctx, x.ID)
	})
	if len(list) != 0 || err != nil {
		t.Fatal(list, err)
	}
	if _, err := w.Bearer(t.Context(), secret); err != nil {
		t.Fatalf("revoked by another: %v", err)
	}
	if _, _, err := w.IssueTokenFor(t.Context(), "operator", "click", "018f0000-0000-7000-8000-0000000000ff", "x", []string{"read"}, w.now.Add(time.Hour)); code(err) != "no_account" {
		t.Errorf("for somebody without an account: %v", err)
	}
}

// C-0c: a copied cookie opens nothing after signing out, in whichever order the
// requests come; ending somebody ends his sessions at once (C-2.7e).
func TestStolenCookie(t *testing.T) { onBoth(t, testStolen) }

func testStolen(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	left := false
	w := open(t, change, e.options, func(o *auth.Options) {
		o.Active = func(context.Context, string, string) (bool, error) { return !left, nil }
	})
	v := member(t, w)
	thief := v.copy()
	var err error
	// A request of the thief is under way while the owner signs out.
	thief.in(func(ctx context.Context) {
		if id, _, err := w.Current(ctx); err != nil || id.Staff != anna {
			t.Fatalf("%+v, %v", id, err)
		}
		w.now = w.now.Add(5 * time.Minute)
		v.in(func(ctx context.Context) { err = w.End(ctx) })
		w.Current(ctx) //nolint:errcheck // it must not bring the session back
	})
	if err != nil || thief.who(t).Staff != "" || v.copy().who(t).Staff != "" {
		t.Fatalf("the cookie still opens the session (%v)", err)
	}
	types := e.types()
	if n := len(types); n != 2 || types[1] != "session.ended" {
		t.Errorf("recorded %v", types)
	}

	a, b := w.visitor(), w.visitor()
	a.signIn(t, "anna@click")
	b.signIn(t, "anna@click")
	var list []auth.Session
	a.in(func(ctx context.Context) { list, err = w.Sessions(ctx) })
	if err != nil || len(list) != 2 || list[0].Current == list[1].Current {
		t.Fatalf("%+v, %v", list, err)
	}
	a.in(func(ctx context.Context) { err = w.EndSession(ctx, "") })
	if err != nil || b.who(t).Staff != "" || a.who(t).Staff != anna {
		t.Fatalf("ending the others: %v", err)
	}
	left = true
	if a.who(t).Staff != "" {
		t.Fatal("open after its owner left")
	}
	left = false
	if a.who(t).Staff != "" {
		t.Fatal("open again after its owner came back")
	}
}

// C-0c, C-2.7e: a password that another sets ends sessions, tokens and sign-ins under
// way at once, each end on record; nothing ends when it cannot be put on record.
func TestResetEndsWhatThereWas(t *testing.T) { onBoth(t, testReset) }

func testReset(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	w := open(t, change, e.options)
	v, others := member(t, w), w.visitor()
	if err := w.Set(t.Context(), "click", "bram", bram, good); err != nil {
		t.Fatal(err)
	}
	others.signIn(t, "bram@click")
	second := w.visitor()
	second.signIn(t, "anna@click")
	issue := func(staff string, life time.Duration) (id, secret string) {
		x, secret, err := w.IssueTokenFor(t.Context(), staff, "click", staff, "rapport", []string{"read"}, w.now.Add(life))
		if err != nil {
			t.Fatal(err)
		}
		return x.ID, secret
	}
	token, secret := issue(anna, time.Hour)
	over, _ := issue(anna, time.Minute)
	_, kept := issue(bram, time.Hour)
	w.now = w.now.Add(2 * time.Minute)

	e.deaf = errDeaf
	const fresh = "elf blauwe tandems"
	if err := w.Reset(t.Context(), domain.Operator, "click", "anna", anna, fresh); code(err) != "unavailable" {
		t.Fatalf("unrecorded: %v", err)
	}
	if v.who(t).Staff != anna || second.who(t).Staff != anna {
		t.Fatal("a reset that was not recorded ended sessions")
	}
	if _, err := w.Bearer(t.Context(), secret); err != nil {
		t.Fatalf("a reset that was not recorded ended a token: %v", err)
	}
	e.deaf, e.acts = nil, nil
	if err := w.Reset(t.Context(), domain.Operator, "click", "anna", anna, fresh); err != nil {
		t.Fatal(err)
	}
	if v.who(t).Staff != "" || second.who(t).Staff != "" || others.who(t).Staff != bram {
		t.Error("the wrong sessions ended")
	}
	if _, err := w.Bearer(t.Context(), secret); code(err) != "wrong_credentials" {
		t.Errorf("the token: %v", err)
	}
	if _, err := w.Bearer(t.Context(), kept); err != nil {
		t.Errorf("another's token: %v", err)
	}
	sessions, tokens := 0, []string{}
	for _, ev := range e.acts {
		switch ev := ev.(type) {
		case *access.SessionEnded:
			sessions++
			if ev.Reason != "account" {
				t.Errorf("a session ended by %s", ev.Reason)
			}
		case *access.TokenRevoked:
			tokens = append(tokens, ev.Token)
		}
	}
	if _, first := e.acts[0].(*access.PasswordChanged); !first || sessions != 2 || !slices.Equal(tokens, []string{token}) {
		t.Errorf("on record: %d sessions, tokens %v (one had run out: %s)", sessions, tokens, over)
	}
	if _, err := w.Verify(t.Context(), "click", "anna", fresh); err != nil {
		t.Errorf("the new password: %v", err)
	}
}
