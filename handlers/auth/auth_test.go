package auth_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

const (
	anna = "018f0000-0000-7000-8000-00000000000a"
	bram = "018f0000-0000-7000-8000-00000000000b"
	good = "zeven groene fietsen"
)

var cheap = auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}

// keyed stands in for the engine's digest.
func keyed(agency, login string) []byte {
	m := hmac.New(sha256.New, []byte("a key of this test"))
	m.Write([]byte(agency + "\x00" + login))
	return m.Sum(nil)
}

type world struct {
	*auth.Service
	now  time.Time
	path string
	db   *sql.DB
}

func open(t *testing.T, change ...func(*auth.Options)) *world {
	t.Helper()
	w := &world{now: time.Now().UTC().Truncate(time.Microsecond), path: filepath.Join(t.TempDir(), "state.db")}
	db, err := sql.Open("sqlite", "file:"+w.path+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db = db
	o := auth.Options{DB: db, Dialect: auth.SQLite, Digest: keyed, Params: cheap, Clock: clock.Func(func() time.Time { return w.now })}
	for _, f := range change {
		f(&o)
	}
	w.db = o.DB
	if w.Service, err = auth.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return w
}

// onBoth runs a test on each engine of the state database.
func onBoth(t *testing.T, test func(t *testing.T, change func(*auth.Options))) {
	t.Run("sqlite", func(t *testing.T) { test(t, func(*auth.Options) {}) })
	t.Run("postgres", func(t *testing.T) {
		db, err := sql.Open("pgx", pg.Start(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		test(t, func(o *auth.Options) { o.DB, o.Dialect = db, auth.Postgres })
	})
}

func code(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

func TestVerify(t *testing.T) { onBoth(t, testVerify) }

func testVerify(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	ctx := t.Context()
	if err := w.Set(ctx, "click", "Anna", anna, good); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, agency, login, password, want string }{
		{"right", "click", "anna", good, ""},
		{"case of the name does not matter", "click", " ANNA ", good, ""},
		{"wrong password", "click", "anna", good + "!", "wrong_credentials"},
		{"unknown name", "click", "nobody", good, "wrong_credentials"},
		{"C-2.8: the name of another agency", "sol", "anna", good, "wrong_credentials"},
		{"empty", "click", "anna", "", "wrong_credentials"},
		{"far too long", "click", "anna", strings.Repeat("x", 1<<20), "wrong_credentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			staff, err := w.Verify(ctx, c.agency, c.login, c.password)
			if code(err) != c.want || (err == nil) != (staff == anna) {
				t.Fatalf("staff %q, error %v; want code %q", staff, err, c.want)
			}
		})
	}
}

// C-0c, S-Bev2: names are unique in an agency, and accounts can be closed.
func TestAccounts(t *testing.T) { onBoth(t, testAccounts) }

func testAccounts(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	ctx := t.Context()
	if err := w.Set(ctx, "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	if err := w.Set(ctx, "click", "anna", bram, good); code(err) != "login_in_use" {
		t.Fatalf("a name in use: %v", err)
	}
	if err := w.Set(ctx, "sol", "anna", bram, good); err != nil {
		t.Fatalf("the same name in another agency: %v", err)
	}
	if got, err := w.Agencies(ctx); err != nil || strings.Join(got, " ") != "click sol" {
		t.Fatalf("agencies %v, %v", got, err)
	}
	// A verified password is remembered for a moment; closing must count at once.
	if _, err := w.Verify(ctx, "click", "anna", good); err != nil {
		t.Fatal(err)
	}
	if err := w.Disable(ctx, "click", anna); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Verify(ctx, "click", "anna", good); code(err) != "wrong_credentials" {
		t.Fatalf("a closed account: %v", err)
	}
	if err := w.Set(ctx, "click", "anna", anna, "acht blauwe vogels"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Verify(ctx, "click", "anna", good); code(err) != "wrong_credentials" {
		t.Fatalf("the old password: %v", err)
	}
	if _, err := w.Verify(ctx, "click", "anna", "acht blauwe vogels"); err != nil {
		t.Fatalf("the new password: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	w := open(t)
	for password, want := range map[string]string{
		"kort":                    "password_short",
		"elf tekens!":             "password_short",
		"Welkom2024!!":            "password_common",
		"Wachtwoord123!":          "password_common",
		"P@ssw0rd1234":            "password_common",
		"welkom bij de ":          "", // "bij" is no common word here
		"annaclick2024":           "password_common",
		"aaaaaaaaaaaaaaa":         "password_common",
		"abcdefghijklmnop":        "password_common",
		"123456789012":            "password_common",
		"qwertyqwerty1":           "password_common",
		strings.Repeat("é", 600):  "password_long",
		"een\xffongeldige reeks":  "password_invalid",
		good:                      "",
		"пароль совсем другой":    "",
		"correct-horse-battery-9": "",
	} {
		if err := w.Set(t.Context(), "click", "anna", anna, password); code(err) != want {
			t.Errorf("%q: %v, want %q", password, err, want)
		}
	}
}

// Unicode composed differently by another keyboard is the same password.
func TestPasswordForms(t *testing.T) {
	w := open(t)
	if err := w.Set(t.Context(), "click", "anna", anna, "drie café's open"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Verify(t.Context(), "click", "anna", "drie cafe\u0301's open"); err != nil {
		t.Fatal(err)
	}
}

// Nobody learns from the time which names exist.
func TestConstantWork(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.Params = auth.Params{MemoryKiB: 16 << 10, Passes: 2, Lanes: 1} })
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	best := func(login string) time.Duration {
		least := time.Hour
		for range 7 {
			t0 := time.Now()
			w.Verify(t.Context(), "click", login, "niet het goede woord") //nolint:errcheck // the time is what counts
			least = min(least, time.Since(t0))
		}
		return least
	}
	a, b := best("anna"), best("nobody")
	if a > 3*b || b > 3*a {
		t.Fatalf("known name %v, unknown name %v", a, b)
	}
}

// A stranger's typing asks for no digest under an agency that does not exist:
// the engine would make a key for each.
func TestUnknownAgencyMakesNoKey(t *testing.T) {
	asked := map[string]bool{}
	w := open(t, func(o *auth.Options) {
		o.Digest = func(agency, login string) []byte { asked[agency] = true; return keyed(agency, login) }
	})
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(t.Context(), "anna@nergens", good, "192.0.2.1:1"); code(err) != "wrong_credentials" {
		t.Fatal(err)
	}
	if asked["nergens"] || !asked["click"] {
		t.Fatalf("digests asked for %v", asked)
	}
}

// When the keys cannot be used nothing is stored or compared.
func TestWithoutDigest(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.Digest = func(string, string) []byte { return nil } })
	if err := w.Set(t.Context(), "click", "anna", anna, good); code(err) != "state_unavailable" {
		t.Fatal(err)
	}
}

// Raised parameters: old hashes still work and are renewed on sign-in.
func TestRenewal(t *testing.T) {
	w := open(t)
	if err := w.Set(t.Context(), "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	raised, err := auth.Open(t.Context(), auth.Options{DB: w.db, Dialect: auth.SQLite, Digest: keyed, Params: auth.Params{MemoryKiB: 128, Passes: 2, Lanes: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := raised.Verify(t.Context(), "click", "anna", good); err != nil {
			t.Fatal(err)
		}
	}
	var hash string
	if err := w.db.QueryRow(`SELECT password FROM users`).Scan(&hash); err != nil || !strings.Contains(hash, "m=128,t=2,p=1") {
		t.Fatalf("hash %q, %v", hash, err)
	}
}

func TestAuthenticate(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	type told struct {
		agency, staff string
		ok            bool
	}
	var heard []told
	w.OnSignIn(func(_ context.Context, agency, staff string, ok bool) { heard = append(heard, told{agency, staff, ok}) })
	if err := w.Set(ctx, "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	// With one agency the name alone will do, also one that is an e-mail address.
	if id, err := w.Authenticate(ctx, "anna", good, "192.0.2.1:5"); err != nil || id.Agency != "click" || id.Staff != anna {
		t.Fatalf("%v, %v", id, err)
	}
	if err := w.Set(ctx, "click", "bram@click.example", bram, good); err != nil {
		t.Fatal(err)
	}
	if id, err := w.Authenticate(ctx, "bram@click.example", good, "192.0.2.1:5"); err != nil || id.Staff != bram {
		t.Fatalf("%v, %v", id, err)
	}
	// With two it will not.
	if err := w.Set(ctx, "sol", "anna", bram, good); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Authenticate(ctx, "anna", good, "192.0.2.1:5"); code(err) != "wrong_credentials" {
		t.Fatal(err)
	}
	if id, err := w.Authenticate(ctx, "anna@sol", good, "192.0.2.1:5"); err != nil || id.Agency != "sol" {
		t.Fatalf("%v, %v", id, err)
	}
	if _, err := w.Authenticate(ctx, "anna@click", "not this one", "192.0.2.1:5"); code(err) != "wrong_credentials" {
		t.Fatal(err)
	}
	want := []told{{"click", anna, true}, {"click", bram, true}, {"", "", false}, {"sol", bram, true}, {"click", anna, false}}
	for i := range want {
		if i >= len(heard) || heard[i] != want[i] {
			t.Fatalf("hook heard %v, want %v", heard, want)
		}
	}
}

func TestLimits(t *testing.T) {
	w := open(t)
	ctx := t.Context()
	if err := w.Set(ctx, "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	for range 5 * auth.AttemptsPerAddress { // success costs nothing
		if _, err := w.Authenticate(ctx, "anna@click", good, "192.0.2.9:1"); err != nil {
			t.Fatal(err)
		}
	}
	fail := func(name, address, want string) {
		t.Helper()
		if _, err := w.Authenticate(ctx, name, "niet het goede", address); code(err) != want {
			t.Fatalf("%v, want %s", err, want)
		}
	}
	for range auth.AttemptsPerLogin {
		fail("anna@click", "192.0.2.1:5", "wrong_credentials")
	}
	fail("anna@click", "192.0.2.2:5", auth.CodeTooMany)
	_, err := w.Authenticate(ctx, "anna@click", good, "192.0.2.2:5")
	if wait, ok := auth.Wait(err); !ok || wait <= 0 || wait > auth.AttemptWindow {
		t.Fatalf("wait %v, %v", wait, err)
	}
	for range auth.AttemptsPerAddress {
		w.Authenticate(ctx, "x@click", "niet het goede", "[2001:db8::1]:5") //nolint:errcheck // counted below
	}
	fail("y@click", "[2001:db8::2]:5", auth.CodeTooMany) // the same /64
	w.now = w.now.Add(auth.AttemptWindow)
	if _, err := w.Authenticate(ctx, "anna@click", good, "192.0.2.2:5"); err != nil {
		t.Fatalf("after the window: %v", err)
	}
}

// browser signs in over HTTP and keeps the cookie.
func browser(w *world) (signIn func() *http.Cookie, who func(*http.Cookie) auth.Identity) {
	h := w.Middleware(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/in":
			if err := w.Start(r.Context(), auth.Identity{Agency: "click", Staff: anna}); err != nil {
				panic(err)
			}
		case "/out":
			if err := w.End(r.Context()); err != nil {
				panic(err)
			}
		default:
			id, _, err := w.Current(r.Context())
			if err != nil {
				panic(err)
			}
			rw.Header().Set("Who", id.Agency+"/"+id.Staff)
		}
	}))
	do := func(path string, c *http.Cookie) *http.Response {
		r := httptest.NewRequest("GET", path, nil)
		if c != nil {
			r.AddCookie(c)
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Result()
	}
	return func() *http.Cookie { return do("/in", nil).Cookies()[0] }, func(c *http.Cookie) auth.Identity {
		a, s, _ := strings.Cut(do("/who", c).Header.Get("Who"), "/")
		return auth.Identity{Agency: a, Staff: s}
	}
}

func TestSessions(t *testing.T) { onBoth(t, testSessions) }

func testSessions(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	ctx := t.Context()
	if err := w.Set(ctx, "click", "anna", anna, good); err != nil {
		t.Fatal(err)
	}
	start := w.now.Add(time.Second)
	signIn, who := browser(w)
	fresh := func() *http.Cookie { w.now = start; return signIn() }

	c := fresh()
	if c.Name != "casefile" || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure || !c.Expires.IsZero() {
		t.Fatalf("cookie %+v", c)
	}
	if who(c).Staff != anna {
		t.Fatal("not signed in")
	}
	if who(&http.Cookie{Name: c.Name, Value: c.Value + "x"}).Staff != "" {
		t.Fatal("another token opens the session")
	}
	w.now = start.Add(61 * time.Minute)
	if who(c).Staff != "" {
		t.Fatal("idle for more than an hour and still open")
	}
	c = fresh()
	for at := 50 * time.Minute; at < 12*time.Hour; at += 50 * time.Minute {
		if w.now = start.Add(at); who(c).Staff != anna {
			t.Fatalf("in use and yet ended after %v", at)
		}
	}
	if w.now = start.Add(12*time.Hour + time.Second); who(c).Staff != "" {
		t.Fatal("open beyond the absolute limit")
	}
	c = fresh()
	if w.now = start.Add(time.Minute); w.Set(ctx, "click", "anna", anna, "acht blauwe vogels") != nil || who(c).Staff != "" {
		t.Fatal("open after the password was changed")
	}
	start = w.now.Add(time.Second)
	c = fresh()
	if w.Disable(ctx, "click", anna) != nil || who(c).Staff != "" {
		t.Fatal("open after the account was closed")
	}
}

// C-0c: the table holds neither names nor tokens nor passwords.
func TestNothingInTheClear(t *testing.T) {
	w := open(t)
	if err := w.Set(t.Context(), "click", "annabeth-qx", anna, good); err != nil {
		t.Fatal(err)
	}
	signIn, _ := browser(w)
	c := signIn()
	if _, err := w.db.Exec(`PRAGMA wal_checkpoint(TRUNCATE)`); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(w.path)
	if err != nil {
		t.Fatal(err)
	}
	for what, s := range map[string]string{"name": "annabeth", "password": "groene", "token": c.Value} {
		if strings.Contains(string(raw), s) {
			t.Errorf("the %s stands in the state file", what)
		}
	}
	if !strings.Contains(string(raw), "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Error("no argon2id hash in the state file: the test looks at the wrong bytes")
	}
}

func TestSecureCookie(t *testing.T) {
	w := open(t, func(o *auth.Options) { o.Secure = true })
	signIn, _ := browser(w)
	if c := signIn(); c.Name != "__Host-casefile" || !c.Secure || c.Path != "/" || c.Domain != "" {
		t.Fatalf("cookie %+v", c)
	}
}

func TestGarbage(t *testing.T) { onBoth(t, testGarbage) }

func testGarbage(t *testing.T, change func(*auth.Options)) {
	w := open(t, change)
	signIn, _ := browser(w)
	signIn()
	count := func() (n int) {
		if err := w.db.QueryRow(`SELECT COUNT(*) FROM sessions`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if err := w.CollectGarbage(t.Context()); err != nil || count() != 1 {
		t.Fatalf("an open session was collected (%v)", err)
	}
	w.now = w.now.Add(13 * time.Hour)
	if err := w.CollectGarbage(t.Context()); err != nil || count() != 0 {
		t.Fatalf("an ended session was kept (%v)", err)
	}
}
