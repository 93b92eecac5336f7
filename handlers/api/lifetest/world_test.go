package lifetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/reactions/reactionstest"
	"github.com/casefile-engine/casefile/handlers/web"
)

// password is that of everybody here; nobody is signed in by it alone.
const password = "zeven groene fietsen"

// world is the whole program but for its command line: engine, reactions and
// API, reached over HTTP by those who work there.
type world struct {
	t        *testing.T
	engine   *reactionstest.World
	server   *httptest.Server
	names    names
	last     uint64           // the newest position that an answer named
	position map[uint64]given // the steps that left a commit, by its position
}

// given is a command as it was given.
type given struct {
	agency, command, actor string
	at                     time.Time
}

func open(t *testing.T, now string) *world {
	t.Helper()
	w := &world{t: t, engine: reactionstest.New(t, now, true), names: names{}, position: map[uint64]given{}}
	log := slog.New(slog.DiscardHandler)
	e := w.engine.Engine
	signIn, err := auth.Open(t.Context(), auth.Options{DB: e.State, Dialect: e.StateDialect, Log: log, Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1},
		Digest: func(agency, login string) []byte {
			sum, err := e.Vault.Digest(t.Context(), agency, "login", []byte(login))
			if err != nil {
				return nil
			}
			return sum[:]
		}})
	if err != nil {
		t.Fatal(err)
	}
	for agency, people := range staff {
		for login := range people {
			if err := signIn.Set(t.Context(), agency, login, w.names.id(agency, login), password); err != nil {
				t.Fatal(err)
			}
		}
	}
	w.server = httptest.NewServer(web.New(web.Deps{Commands: e.Commands, Queries: e.Queries, Auth: signIn, Log: log}))
	t.Cleanup(w.server.Close)
	return w
}

// found makes an agency, which nobody can sign in to before there is somebody:
// the operator adopts its regulation and brings in the first administrator.
func (w *world) found(agency, profile, administrator string) {
	w.t.Helper()
	id := w.names.id(agency, administrator)
	for _, c := range []struct{ name, data string }{
		{"AdoptRegulation", fmt.Sprintf(`{"profile":%q,"version":1,"effective_from":"2025-01-06"}`, profile)},
		{"EnrolStaff", fmt.Sprintf(`{"staff":%q,"name":"Beheer","login":%q}`, id, administrator)},
		{"SignConfidentiality", fmt.Sprintf(`{"staff":%q,"signed_on":"2025-01-06","reference":"map 1"}`, id)},
		{"GrantRole", fmt.Sprintf(`{"staff":%q,"role":"administrator"}`, id)},
	} {
		o := w.engine.Commands.Execute(w.t.Context(), commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator},
			commands.Request{ID: w.names.id(agency, "found_"+strings.ToLower(c.name)), Agency: agency, Command: c.name, Data: json.RawMessage(c.data)})
		if o.Outcome != commands.Accepted {
			w.t.Fatalf("%s: %+v", c.name, o)
		}
		w.position[o.Position] = given{agency: agency, command: c.name, actor: domain.Operator}
	}
}

// until moves the clock; at the beginning of a day the engine does what the
// calendar asks before anybody comes in.
func (w *world) until(at time.Time, settle bool) {
	w.t.Helper()
	w.engine.Set(at.UTC().Format(time.RFC3339))
	if settle {
		w.engine.Settle()
	}
}

// ask sends a request as a member of staff of an agency.
func (w *world) ask(agency, who, method, path string, body []byte) (status int, answer []byte, header http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.server.URL+path, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.SetBasicAuth(who+"@"+agency, password)
	r.Header.Set("Accept", "application/jsonl, application/json")
	res, err := w.server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, err = io.ReadAll(res.Body); err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, answer, res.Header
}

// answer is what a command or a refused read answers.
type answer struct {
	Outcome, Code, Rule, Detail string
	Position                    uint64
	AccessPosition              uint64 `json:"access_position"`
	Warnings                    []string
}

// take takes one step of a story and compares how it came out.
func (w *world) take(agency string, s step) {
	w.t.Helper()
	w.until(s.at, false)
	method, path, body := "POST", "/api/v1/commands", []byte(nil)
	if s.command == "Read" {
		method, path = "GET", "/api/v1/agencies/"+or(s.agency, agency)+"/dossiers/"+w.names.fill(agency, s.dossier)+"?after="+strconv.FormatUint(w.last, 10)
	} else {
		body = w.names.body(w.t, agency, s)
	}
	status, raw, _ := w.ask(agency, s.who, method, path, body)
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		w.t.Fatalf("%s.story:%d: %d %s", agency, s.line, status, raw)
	}
	if n := len(s.warnings); n > 0 && s.warnings[n-1] == "..." { // and others
		a.Warnings = slices.DeleteFunc(a.Warnings, func(c string) bool { return !slices.Contains(s.warnings, c) })
		s.warnings = s.warnings[:n-1]
	}
	want := fmt.Sprint(or(s.status, 200), " ", s.code, " ", s.rule, " ", s.warnings)
	if got := fmt.Sprint(status, " ", a.Code, " ", a.Rule, " ", a.Warnings); got != want {
		w.t.Errorf("%s.story:%d: %s by %s at %s\n got  %s\n want %s\n %s", agency, s.line, s.command, s.who, s.at.Format("2006-01-02 15:04"), got, want, a.Detail)
	}
	if s.command != "Read" && a.Position > 0 {
		g := given{agency, s.command, w.names.id(agency, s.who), s.at}
		if s.occurred != "" {
			g.at = reactionstest.At(s.occurred)
		}
		w.position[a.Position] = g
	}
	w.last = max(w.last, a.Position, a.AccessPosition)
}

// rows are those of a register, in its order, as the compliance officer reads it.
func (w *world) rows(agency, register string, query url.Values) []string {
	w.t.Helper()
	query.Set("purpose", "audit")
	query.Set("after", strconv.FormatUint(w.last, 10))
	status, raw, header := w.ask(agency, compliance[agency], "GET", "/api/v1/agencies/"+agency+"/"+register+"?"+query.Encode(), nil)
	if status != 200 || header.Get("Content-Type") != "application/jsonl" {
		w.t.Fatalf("%s of %s: %d %s", register, agency, status, raw)
	}
	for _, secret := range []string{"Wissema", "Marijke", "111222333", "Dorpsstraat", "Hernia", "Rodermans", "Gerrit", "123456782", "Havenweg", "Knie"} {
		if bytes.Contains(raw, []byte(secret)) {
			w.t.Errorf("%s of %s has personal data in the clear", register, agency)
		}
	}
	text := strings.TrimSuffix(string(raw), "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// or is v, or else the other.
func or[T comparable](v, other T) T {
	var none T
	if v == none {
		return other
	}
	return v
}
