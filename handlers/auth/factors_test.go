package auth_test

import (
	"context"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// C-0c, S-Bev2, L-32: with a second factor the password alone opens nothing, and
// each code counts once.
func TestTOTP(t *testing.T) { onBoth(t, testTOTP) }

func testTOTP(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	w := open(t, change, e.options)
	e.listen(w)
	v := member(t, w)
	if !v.who(t).FactorAt.IsZero() {
		t.Fatal("a factor was proved by a password")
	}
	other := w.visitor()
	other.signIn(t, "anna@click")
	secret, codes := v.addTOTP(t)
	if len(codes) != auth.RecoveryCodes || v.who(t).FactorAt.IsZero() {
		t.Fatalf("%d recovery codes; factor proved at %v", len(codes), v.who(t).FactorAt)
	}
	if other.who(t).Staff != "" {
		t.Error("a session from before the second factor is open after it was added")
	}

	// The password gets to the second step and no further.
	x := w.visitor()
	if !x.signIn(t, "anna@click") || x.who(t).Staff != "" || e.last() != "pending password " {
		t.Fatalf("after the password alone: %+v, recorded %q", x.who(t), e.last())
	}
	// The code that enrolled it was used: it is refused here (replay).
	if err := x.confirm("totp", code6(t, secret, w.now)); code(err) != auth.CodeWrongFactor || e.last() != "denied totp wrong_code" {
		t.Fatalf("the code of the enrolment: %v, recorded %q", err, e.last())
	}
	w.now = w.now.Add(30 * time.Second)
	c := code6(t, secret, w.now)
	if err := x.confirm("totp", c[:3]+" "+c[3:]); err != nil || x.who(t).Staff != anna || e.last() != "allowed totp " {
		t.Fatalf("a right code: %v, recorded %q", err, e.last())
	}
	y := w.visitor()
	y.signIn(t, "anna@click")
	if err := y.confirm("totp", c); code(err) != auth.CodeWrongFactor || y.who(t).Staff != "" {
		t.Fatalf("the same code again: %v", err)
	}
	// One step of drift, and not two.
	w.now = w.now.Add(2 * time.Minute)
	if err := y.confirm("totp", code6(t, secret, w.now.Add(-60*time.Second))); code(err) != auth.CodeWrongFactor {
		t.Fatalf("two steps behind: %v", err)
	}
	if err := y.confirm("totp", code6(t, secret, w.now.Add(30*time.Second))); err != nil {
		t.Fatalf("one step ahead: %v", err)
	}
	// Nothing earlier than a code that was used counts any more.
	z := w.visitor()
	z.signIn(t, "anna@click")
	if err := z.confirm("totp", code6(t, secret, w.now)); code(err) != auth.CodeWrongFactor {
		t.Fatalf("an earlier code than the newest used: %v", err)
	}
	want := []string{"session.started", "session.started", "factor.added", "session.ended", "recovery_codes.renewed"}
	if got := e.types(); !slices.Equal(got[:5], want) {
		t.Errorf("recorded %v, want %v", got[:5], want)
	}
}

// C-0c: of many requests with one code at the same moment, one passes.
func TestTOTPOfManyAtOnceOnePasses(t *testing.T) { onBoth(t, testTOTPAtOnce) }

func testTOTPAtOnce(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	secret, _ := member(t, w).addTOTP(t)
	w.now = w.now.Add(time.Minute)
	vs := make([]*visitor, auth.AttemptsPerFactor)
	for i := range vs {
		vs[i] = w.visitor()
		vs[i].signIn(t, "anna@click")
	}
	c := code6(t, secret, w.now)
	errs := make([]error, len(vs))
	var all sync.WaitGroup
	for i, v := range vs {
		all.Go(func() { errs[i] = v.confirm("totp", c) })
	}
	all.Wait()
	passed := 0
	for _, err := range errs {
		if err == nil {
			passed++
		}
	}
	if passed != 1 {
		t.Fatalf("%d of %d passed with one code: %v", passed, len(vs), errs)
	}
}

// C-0c: six digits are guessed a few times and no more, and a restart or another
// instance forgives nothing.
func TestSecondFactorWithstandsGuessing(t *testing.T) { onBoth(t, testGuessing) }

func testGuessing(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	w := open(t, change)
	e.listen(w)
	secret, _ := member(t, w).addTOTP(t)
	w.now = w.now.Add(time.Minute)
	guess := func(w *world, n int) (last error) {
		for range n {
			v := w.visitor()
			v.signIn(t, "anna@click")
			last = v.confirm("totp", "000000")
		}
		return last
	}
	if err := guess(w, auth.AttemptsPerFactor); code(err) != auth.CodeWrongFactor {
		t.Fatal(err)
	}
	heard := len(e.attempts)
	restarted := open(t, change, func(o *auth.Options) { o.DB = w.db })
	restarted.now = w.now
	v := restarted.visitor()
	v.signIn(t, "anna@click")
	if err := v.confirm("totp", code6(t, secret, w.now)); code(err) != auth.CodeTooMany {
		t.Fatalf("the right code after too many wrong ones, on another instance: %v", err)
	}
	if err := guess(w, 1); code(err) != auth.CodeTooMany || len(e.attempts) != heard+1 {
		t.Fatalf("beyond the limit: %v; %d recorded", err, len(e.attempts)-heard)
	}
	// In a day no more than so many, however patient.
	for range 10 {
		w.now = w.now.Add(auth.AttemptWindow)
		guess(w, 3) //nolint:errcheck // counted below
	}
	w.now = w.now.Add(auth.AttemptWindow)
	if err := guess(w, 1); code(err) != auth.CodeTooMany {
		t.Fatalf("after %d guesses in a day: %v", auth.AttemptsPerFactor+30, err)
	}
}

// C-0c: a recovery code stands in for the second factor once.
func TestRecoveryCodes(t *testing.T) { onBoth(t, testRecovery) }

func testRecovery(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	w := open(t, change, e.options)
	e.listen(w)
	v := member(t, w)
	_, codes := v.addTOTP(t)
	x := w.visitor()
	x.signIn(t, "anna@click")
	if err := x.confirm("recovery_code", strings.ToUpper(codes[3])); err != nil || x.who(t).Staff != anna || e.last() != "allowed recovery_code " {
		t.Fatalf("%v, recorded %q", err, e.last())
	}
	y := w.visitor()
	y.signIn(t, "anna@click")
	if err := y.confirm("recovery_code", codes[3]); code(err) != auth.CodeWrongFactor {
		t.Fatalf("the same code again: %v", err)
	}
	var fresh []string
	var err error
	v.in(func(ctx context.Context) { fresh, err = w.RenewRecovery(ctx) })
	if err != nil || len(fresh) != auth.RecoveryCodes {
		t.Fatal(fresh, err)
	}
	if err := y.confirm("recovery_code", codes[4]); code(err) != auth.CodeWrongFactor {
		t.Fatalf("a code from before the renewal: %v", err)
	}
	if err := y.confirm("recovery_code", fresh[0]); err != nil {
		t.Fatal(err)
	}
}

// C-2.1.4b: what grants something takes effect only once it is on record.
func TestNothingIsGrantedUnrecorded(t *testing.T) {
	e := &ears{}
	w := open(t, e.options)
	v := member(t, w)
	var x auth.TOTP
	var err error
	v.in(func(ctx context.Context) { x, err = w.AddTOTP(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	e.deaf = errDeaf
	v.in(func(ctx context.Context) { _, err = w.ConfirmTOTP(ctx, x.Factor, code6(t, x.Secret, w.now)) })
	if code(err) != "unavailable" {
		t.Fatalf("a factor without a record: %v", err)
	}
	v.in(func(ctx context.Context) {
		_, _, err = w.IssueToken(ctx, "rapport", []string{"read"}, w.now.Add(time.Hour))
	})
	if code(err) != "unavailable" {
		t.Fatalf("a token without a record: %v", err)
	}
	if _, _, err := w.Invite(t.Context(), anna, "click", bram); code(err) != "unavailable" {
		t.Fatalf("an invitation without a record: %v", err)
	}
	var tokens, factors, links int
	if err := w.db.QueryRow(`SELECT (SELECT COUNT(*) FROM tokens), (SELECT COUNT(*) FROM factors WHERE confirmed = 1), (SELECT COUNT(*) FROM links)`).Scan(&tokens, &factors, &links); err != nil || tokens+factors+links != 0 {
		t.Fatalf("%d tokens, %d factors, %d links, %v", tokens, factors, links, err)
	}
	y := w.visitor()
	y.in(func(ctx context.Context) { _, _, err = w.Begin(ctx, "anna@click", good, "192.0.2.7:1") })
	if code(err) != "unavailable" || y.who(t).Staff != "" {
		t.Fatalf("a session without a record: %v", err)
	}
	// Ending needs no record to take effect.
	v.in(func(ctx context.Context) { err = w.End(ctx) })
	if err != nil || v.who(t).Staff != "" {
		t.Fatalf("signing out without a record: %v", err)
	}
}

// C-0c: where a second factor is required an account without one may only add it.
func TestRequired(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.SecondFactor = auth.Required })
	v := member(t, w)
	if id := v.who(t); !id.Enrol {
		t.Fatalf("%+v", id)
	}
	if _, err := w.Authenticate(t.Context(), "anna@click", good, "192.0.2.1:1"); code(err) != "use_a_token" {
		t.Fatalf("a password alone for a program: %v", err)
	}
	v.addTOTP(t)
	if id := v.who(t); id.Enrol || id.FactorAt.IsZero() {
		t.Fatalf("%+v", id)
	}
	var list []auth.Factor
	var err error
	v.in(func(ctx context.Context) {
		if list, _, err = w.Factors(ctx); err == nil {
			err = w.RemoveFactor(ctx, list[0].ID)
		}
	})
	if code(err) != "last_factor" {
		t.Fatalf("the last factor: %v", err)
	}
}

// C-0c: what protects the account is changed only by who proved it a moment ago.
func TestFreshFactor(t *testing.T) {
	w := open(t)
	v := member(t, w)
	secret, _ := v.addTOTP(t)
	w.now = w.now.Add(auth.FreshFactor)
	for what, f := range map[string]func(ctx context.Context) error{
		"a token": func(ctx context.Context) error {
			_, _, err := w.IssueToken(ctx, "x", []string{"read"}, w.now.Add(time.Hour))
			return err
		},
		"another app":    func(ctx context.Context) error { _, err := w.AddTOTP(ctx); return err },
		"recovery codes": func(ctx context.Context) error { _, err := w.RenewRecovery(ctx); return err },
		"no factor": func(ctx context.Context) error {
			list, _, err := w.Factors(ctx)
			if err != nil {
				return err
			}
			return w.RemoveFactor(ctx, list[0].ID)
		},
	} {
		var err error
		v.in(func(ctx context.Context) { err = f(ctx) })
		if code(err) != auth.CodeProveAgain {
			t.Errorf("%s: %v", what, err)
		}
	}
	var err error
	v.in(func(ctx context.Context) {
		err = w.Reprove(ctx, auth.Proof{Kind: "totp", Value: code6(t, secret, w.now)})
	})
	if err != nil || !v.who(t).FactorAt.Equal(w.now) {
		t.Fatalf("%v, proved at %v", err, v.who(t).FactorAt)
	}
	v.in(func(ctx context.Context) { _, err = w.AddTOTP(ctx) })
	if err != nil {
		t.Fatal(err)
	}
}

// C-0c: secrets of factors, codes and names of tokens are not in the state file.
func TestFactorsAreNotInTheClear(t *testing.T) {
	w := open(t)
	v := member(t, w)
	secret, codes := v.addTOTP(t)
	var token string
	var err error
	v.in(func(ctx context.Context) {
		_, token, err = w.IssueToken(ctx, "sleutel van zqtokenname", []string{"read"}, w.now.Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]string{"secret": secret, "recovery code": codes[0], "the same": strings.ReplaceAll(codes[0], "-", ""), "token": token, "name of the token": "zqtokenname"} {
		if strings.Contains(string(raw), s) {
			t.Errorf("the %s stands in the state file", what)
		}
	}
}
