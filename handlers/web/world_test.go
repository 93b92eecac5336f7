package web_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/internal/clock"
)

const password = "zeven groene fietsen"

var errNotReady = errors.New("the stream is not there")

// world is the whole handler over an engine in memory, with real credentials
// and sessions, and one browser without scripts.
type world struct {
	t      testing.TB
	engine *apitest.Engine
	auth   *auth.Service
	state  *sql.DB
	log    *bytes.Buffer
	server *httptest.Server
	client *http.Client
	ready  atomic.Bool
	asked  int
}

// keyed is a keyed digest of a sign-in name, for tests.
func keyed(agency, login string) []byte {
	s := sha256.Sum256([]byte("key/" + agency + "/" + login))
	return s[:]
}

func open(t *testing.T, change ...func(*auth.Options)) *world {
	t.Helper()
	return openOn(t, change...)
}

func openOn(t testing.TB, change ...func(*auth.Options)) *world {
	t.Helper()
	w := &world{t: t, engine: apitest.New(), log: &bytes.Buffer{}}
	w.ready.Store(true)
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "state.db")+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.state = db
	log := slog.New(slog.NewTextHandler(w.log, nil))
	now := clock.System{}
	// Passkeys want a name: the server is localhost, not a number.
	w.server = httptest.NewUnstartedServer(nil)
	_, port, err := net.SplitHostPort(w.server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	o := auth.Options{DB: db, Dialect: auth.SQLite, Log: log, Clock: now, Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}, URL: "http://localhost:" + port,
		Active: w.engine.ActiveStaff, Digest: keyed}
	for _, f := range change {
		f(&o)
	}
	if w.auth, err = auth.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for login, staff := range map[string]string{"anna@click": apitest.Anna, "cleo@click": apitest.Cleo, "dora@click": apitest.Dora, "fleur@click": apitest.Fleur, "gijs@click": apitest.Gijs, "bram@sol": apitest.Bram} {
		name, agency, _ := strings.Cut(login, "@")
		if err := w.auth.Set(t.Context(), agency, name, staff, password); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	h := web.New(web.Deps{Commands: w.engine, Queries: w.engine, Auth: w.auth, Position: w.engine.Position, Log: log,
		Clock: clock.Func(apitest.Clock), Version: "test",
		NewID: func() string { n++; return fmt.Sprintf("018f0000-0000-7000-8000-0000000%05x", n) },
		Ready: func(context.Context) error {
			if !w.ready.Load() {
				return errNotReady
			}
			return nil
		}})
	w.server.Config.Handler = h
	w.server.Start()
	w.server.URL = o.URL
	t.Cleanup(w.server.Close)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.client = &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return w
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

func (w *world) do(r *http.Request) answer {
	w.t.Helper()
	res, err := w.client.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return answer{res.StatusCode, string(body), res.Header}
}

func (w *world) get(path string) answer {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.server.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.do(r)
}

func (w *world) post(path string, form url.Values) answer {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return w.do(r)
}

func (w *world) signIn(name string) {
	w.t.Helper()
	p := w.post("/signin", url.Values{"signin_name": {name}, "signin_password": {password}, "next": {"/caseload"}})
	if p.status != http.StatusSeeOther || p.header.Get("Location") != "/caseload" {
		w.t.Fatalf("sign in: %d to %q", p.status, p.header.Get("Location"))
	}
}
