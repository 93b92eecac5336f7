package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/api/apitest"
	"github.com/casefile-engine/casefile/handlers/auth"
)

var update = flag.Bool("update", false, "write the golden files anew")

// door signs in by HTTP Basic with the name as its own password.
type door struct{}

var people = map[string]auth.Identity{
	"anna@click": {Agency: "click", Staff: apitest.Anna}, "cleo@click": {Agency: "click", Staff: apitest.Cleo}, "bram@sol": {Agency: "sol", Staff: apitest.Bram},
}

func (door) Current(context.Context) (auth.Identity, bool, error) { return auth.Identity{}, false, nil }

func (door) Authenticate(_ context.Context, name, password, _ string) (auth.Identity, error) {
	if id, ok := people[name]; ok && password == name {
		return id, nil
	}
	return auth.Identity{}, &domain.Error{Kind: domain.KindForbidden, Code: "wrong_credentials", Rule: "C-0c", Message: "the sign-in name or the password is not right"}
}

// Bearer knows one token, of Anna, for reading.
func (door) Bearer(_ context.Context, token string) (auth.Identity, error) {
	if token == "cft_anna" {
		return auth.Identity{Agency: "click", Staff: apitest.Anna, Token: "t1", Scopes: []string{"read"}}, nil
	}
	return auth.Identity{}, &domain.Error{Kind: domain.KindForbidden, Code: "wrong_credentials", Rule: "C-0c", Message: "this token is not known"}
}

func server(t *testing.T) (*apitest.Engine, http.Handler) {
	t.Helper()
	e := apitest.New()
	mux := http.NewServeMux()
	api.Register(mux, api.Deps{Commands: e, Queries: e, SignIn: door{}, Position: e.Position, Version: "test"})
	return e, mux
}

func TestOpenAPI(t *testing.T) {
	_, h := server(t)
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/api/openapi.json", nil))
	var out bytes.Buffer
	if rec.Code != 200 || json.Indent(&out, rec.Body.Bytes(), "", "  ") != nil {
		t.Fatalf("status %d", rec.Code)
	}
	out.WriteByte('\n')
	golden(t, "testdata/openapi.golden.json", out.String())
	if !strings.Contains(out.String(), `"openapi": "3.1.0"`) {
		t.Error("it is no OpenAPI 3.1")
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, d)
	}
}

// TestScripts plays testdata/*.txt. Lines with > are what is sent (the first
// one "METHOD path [as name]", then headers, then a body), lines with < what
// comes back, lines with ! are done to the engine ("! down", "! up"), all
// others are for the reader.
func TestScripts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts (%v)", err)
	}
	for _, f := range files {
		t.Run(strings.TrimSuffix(filepath.Base(f), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			e, h := server(t)
			golden(t, f, play(t, e, h, string(text)))
		})
	}
}

func play(t *testing.T, e *apitest.Engine, h http.Handler, script string) string {
	var out strings.Builder
	var request []string
	flush := func() {
		if request != nil {
			out.WriteString(exchange(t, h, request))
		}
		request = nil
	}
	for line := range strings.Lines(script) {
		switch {
		case strings.HasPrefix(line, "> "):
			request = append(request, strings.TrimSuffix(line[2:], "\n"))
			out.WriteString(line)
			continue
		case strings.HasPrefix(line, "<"):
			continue // written anew
		}
		flush()
		if word, ok := strings.CutPrefix(line, "! "); ok {
			e.SetDown(strings.TrimSpace(word) == "down")
		}
		out.WriteString(line)
	}
	flush()
	return out.String()
}

func exchange(t *testing.T, h http.Handler, lines []string) string {
	head := strings.Fields(lines[0])
	i := slices.IndexFunc(lines, func(l string) bool { return l == "" || l[0] == '{' || l[0] == '[' || l[0] == '%' })
	if i < 0 {
		i = len(lines)
	}
	body := strings.NewReplacer("%FF", "\xff", "%13MiB", strings.Repeat(" ", 13<<20)).Replace(strings.Join(lines[i:], "\n"))
	r := httptest.NewRequest(head[0], head[1], strings.NewReader(body))
	for _, l := range lines[1:i] {
		k, v, _ := strings.Cut(l, ": ")
		r.Header.Set(k, v)
	}
	if len(head) == 4 {
		r.SetBasicAuth(head[3], head[3])
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	var out strings.Builder
	fmt.Fprintf(&out, "< %d %s\n", rec.Code, rec.Header().Get("Content-Type"))
	for _, k := range []string{api.PositionHeader, "Retry-After", "Www-Authenticate"} {
		if v := rec.Header().Get(k); v != "" {
			fmt.Fprintf(&out, "< %s: %s\n", k, v)
		}
	}
	for line := range strings.Lines(rec.Body.String()) {
		out.WriteString("< " + strings.TrimSuffix(line, "\n") + "\n")
	}
	return out.String()
}

// C-0c: a token opens the API, and what it may be used for goes with each look;
// a wrong one opens nothing and is not made up for by a password.
func TestBearer(t *testing.T) {
	e, h := server(t)
	get := func(authorization string) int {
		r := httptest.NewRequest("GET", "/api/v1/agencies/click/dossiers/"+apitest.First, nil)
		r.Header.Set("Authorization", authorization)
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec.Code
	}
	if got := get("Bearer cft_anna"); got != http.StatusOK {
		t.Fatalf("a token: %d", got)
	}
	look := e.Accesses[len(e.Accesses)-1].Caller
	if look.Staff != apitest.Anna || look.Token != "t1" || !slices.Equal(look.Scopes, []string{"read"}) {
		t.Errorf("the look is %+v", look)
	}
	for _, wrong := range []string{"Bearer cft_bram", "Bearer", "bearer cft_anna cft_anna"} {
		if got := get(wrong); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", wrong, got)
		}
	}
}
