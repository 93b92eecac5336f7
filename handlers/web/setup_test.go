package web_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"context"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/web"
	"github.com/casefile-engine/casefile/internal/clock"
)

// begun is the whole program on an empty store, wired as serve does.
func begun(t *testing.T) (*real, string) {
	t.Helper()
	ctx := t.Context()
	r := &real{world: &world{t: t}}
	now := clock.Func(func() time.Time { return time.Now().Add(time.Duration(r.later.Load())) })
	e, err := engine.Open(ctx, engine.Options{Data: filepath.Join(t.TempDir(), "data"), Create: true, Follow: true, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	r.engine = e
	key := func(agency, use, of string) []byte {
		sum, err := e.Vault.Digest(context.WithoutCancel(ctx), agency, use, []byte(of))
		if err != nil {
			return nil
		}
		return sum[:]
	}
	r.auth, err = auth.Open(ctx, auth.Options{DB: e.State, Dialect: e.StateDialect, Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1}, Key: key,
		Clock: now, Idle: 100 * time.Hour, Absolute: 100 * time.Hour, SecondFactor: auth.Required, Active: e.Commands.ActiveStaff,
		Digest: func(agency, login string) []byte { return key(agency, "login", login) },
		Record: func(ctx context.Context, agency, actor string, ev domain.Event) error {
			return e.Commands.RecordAct(ctx, commands.Caller{Door: commands.DoorWeb, Agency: agency, Staff: actor}, agency, ev)
		}})
	if err != nil {
		t.Fatal(err)
	}
	r.auth.OnAttempt(func(ctx context.Context, a auth.Attempt) {
		ev := a.SignIn
		if err := e.Commands.RecordAttempt(ctx, a.Agency, a.Staff, &ev); err != nil {
			t.Error(err)
		}
	})
	r.server = httptest.NewServer(web.New(web.Deps{Commands: e.Commands, Queries: e.Queries, Auth: r.auth}))
	t.Cleanup(r.server.Close)
	r.browserless()
	secret, err := r.auth.Setup(ctx)
	if err != nil || secret == "" {
		t.Fatal(err)
	}
	return r, "/setup/" + secret
}

// acts are the types of event on the accesses of somebody, in stream order.
func (r *real) acts(agency, actor string) (out []string) {
	r.t.Helper()
	err := r.engine.Store.ReadAggregate(r.t.Context(), domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: actor}, 0, func(c *eventstore.Commit) error {
		out = append(out, c.Envelope.Type)
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// C-0c, C-2.7e: from an empty store by the printed link to the first
// administrator, who invites a coach; ending the coach puts him out at once.
func TestFirstAdministrator(t *testing.T) {
	r, path := begun(t)
	page := r.get(path)
	if page.status != 200 || !strings.Contains(page.body, "click-2017") || !strings.Contains(page.body, "solutions-vpr") {
		t.Fatalf("%d\n%s", page.status, page.body)
	}
	form := url.Values{"agency": {"nieuw"}, "profile": {"click-2017"}, "name": {"Ada Beheer"}, "login": {"ada"}, "reference": {"kluis 1"}, "password": {"Welkom2024!!"}}
	for field, wrong := range map[string]string{"password": "Welkom2024!!", "agency": "Nieuw Bureau", "name": " ", "login": "", "reference": ""} {
		f := url.Values{}
		for k, v := range form {
			f[k] = v
		}
		f.Set("password", password)
		f.Set(field, wrong)
		if p := r.post(path, f); p.status == http.StatusSeeOther || p.status >= 500 || !strings.Contains(p.body, `id="`+field+`-error"`) {
			t.Errorf("%s: %d", field, p.status)
		}
	}
	form.Set("password", password)
	if p := r.post(path, form); p.status != http.StatusSeeOther || p.header.Get("Location") != "/account" {
		t.Fatalf("%d\n%s", p.status, p.body)
	}
	if p := r.post(path, form); p.status != http.StatusNotFound {
		t.Errorf("the link again: %d", p.status)
	}
	if p := r.get("/caseload"); p.status != http.StatusSeeOther {
		t.Errorf("without a second factor: %d", p.status)
	}
	r.addTOTP()
	ada, err := r.engine.Commands.HolderOf(t.Context(), "nieuw", "ada")
	if err != nil || ada == "" {
		t.Fatal(err)
	}
	if roles, err := r.engine.Commands.RolesOf(t.Context(), "nieuw", ada); err != nil || !slices.Equal(roles, []string{"administrator"}) {
		t.Fatal(roles, err)
	}
	if got := r.acts("nieuw", ada); !slices.Contains(got, "signin.recorded") || !slices.Contains(got, "session.started") || !slices.Contains(got, "factor.added") {
		t.Errorf("on record: %v", got)
	}

	// The administrator enrols a coach and invites him.
	bo := uuid.NewString()
	do := func(command string, data map[string]any) {
		t.Helper()
		raw, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		o := r.engine.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator},
			commands.Request{ID: uuid.NewString(), Agency: "nieuw", Command: command, Data: raw})
		if o.Outcome != commands.Accepted {
			t.Fatalf("%s: %+v", command, o)
		}
	}
	today := nl.DateOf(time.Now())
	do("EnrolStaff", map[string]any{"staff": bo, "name": "Bo Coach", "login": "bo"})
	do("SignConfidentiality", map[string]any{"staff": bo, "signed_on": today, "reference": "kluis 2"})
	do("GrantRole", map[string]any{"staff": bo, "role": "coach"})
	secret, _, err := r.auth.Invite(t.Context(), ada, "nieuw", bo)
	if err != nil {
		t.Fatal(err)
	}
	if got := r.acts("nieuw", ada); got[len(got)-1] != "account.invited" {
		t.Errorf("on record: %v", got)
	}
	head, err := r.engine.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := r.engine.Views.WaitFor(t.Context(), head); err != nil {
		t.Fatal(err)
	}
	if p := r.get("/accounts"); p.status != http.StatusOK || !strings.Contains(p.body, "Bo Coach") || !strings.Contains(p.body, "uitgenodigd") {
		t.Errorf("the page of accounts: %d\n%s", p.status, p.body)
	}
	x := &real{world: &world{t: t, server: r.server, auth: r.auth}, engine: r.engine}
	x.browserless()
	if p := x.post("/invite/"+secret, url.Values{"login": {"bo"}, "password": {password}}); p.status != http.StatusSeeOther {
		t.Fatalf("%d\n%s", p.status, p.body)
	}
	x.addTOTP()
	if p := x.get("/caseload"); p.status != http.StatusOK {
		t.Fatalf("the coach: %d", p.status)
	}
	p := x.post("/account/tokens", url.Values{"token_name": {"x"}, "scope": {"read"}, "token_days": {"30"}})
	token := find(t, p.body, `>(cft_[a-z2-7]+)<`)

	// Then he leaves: this is his last day, and the next begins.
	do("EndStaff", map[string]any{"staff": bo, "left_on": today})
	if p := x.get("/caseload"); p.status != http.StatusOK {
		t.Fatalf("the coach on his last day: %d", p.status)
	}
	r.later.Store(int64(24 * time.Hour))
	if p := x.get("/caseload"); p.status != http.StatusUnauthorized {
		t.Errorf("his session: %d", p.status)
	}
	if _, err := r.auth.Bearer(t.Context(), token); domain.AsError(err).Code != "wrong_credentials" {
		t.Errorf("his token: %v", err)
	}
	if _, _, err := r.auth.Begin(t.Context(), "bo@nieuw", password, "192.0.2.1:1"); domain.AsError(err).Code != "wrong_credentials" {
		t.Errorf("his password: %v", err)
	}
	if got := r.acts("nieuw", bo); !slices.Equal(got[len(got)-3:], []string{"session.ended", "signin.recorded", "signin.recorded"}) {
		t.Errorf("on record: %v", got)
	}
}
