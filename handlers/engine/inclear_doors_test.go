package engine_test

import (
	"context"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/web"
)

// doors types markers at every door of the server: names, passwords, searches,
// addresses, headers and bodies.
func (l *life) doors() {
	l.Helper()
	s, err := auth.Open(l.Context(), auth.Options{DB: l.e.State, Dialect: l.e.StateDialect, Log: l.log.logger(), Params: auth.Params{MemoryKiB: 64, Passes: 1, Lanes: 1},
		Digest: func(agency, login string) []byte {
			sum, err := l.e.Vault.Digest(context.WithoutCancel(l.Context()), agency, "login", []byte(login))
			if err != nil {
				return nil
			}
			return sum[:]
		}})
	if err != nil {
		l.Fatal(err)
	}
	s.OnSignIn(func(ctx context.Context, agency, staff string, ok bool) {
		if err := l.e.Commands.RecordSignIn(ctx, agency, staff, ok); err != nil {
			l.Error(err)
		}
	})
	const password = "zqpasswordmark fiets"
	l.typed["zqpasswordmark"] = "a password"
	if err := s.Set(l.Context(), "click", "zqloginmark", eva, password); err != nil {
		l.Fatal(err)
	}
	// Guidance of the dossier ended years ago; whoever looks is assigned anew.
	if out := l.give(commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, step{"AssignStaff", dosA, "", `{"staff":"` + eva + `","capacity":"co"}`}); out.Outcome != commands.Accepted {
		l.Fatalf("%+v", out)
	}
	if err := l.e.Views.WaitFor(l.Context(), head(l.T, l.e)); err != nil {
		l.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		l.Fatal(err)
	}
	srv := httptest.NewServer(web.New(web.Deps{Commands: l.e.Commands, Queries: l.e.Queries, Auth: s, Log: l.log.logger()}))
	defer srv.Close()
	d := &door{life: l, client: &http.Client{Jar: jar}, base: srv.URL}
	d.all(password)
}

// door is a browser and a program at the server.
type door struct {
	*life
	client *http.Client
	base   string
}

func (d *door) send(method, path, user, password, kind, body string, want int) string {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.base+path, strings.NewReader(body))
	if err != nil {
		d.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	r.Header.Set("traceparent", doorMarker)
	r.Header.Set("User-Agent", doorMarker)
	r.Header.Set("Referer", "http://"+doorMarker+".example/")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if user != "" {
		r.SetBasicAuth(user, password)
	}
	resp, err := d.client.Do(r)
	if err != nil {
		d.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		d.Errorf("%s %s: %d, want %d: %.300q, %v", method, path, resp.StatusCode, want, b, err)
	}
	return string(b)
}

func (d *door) all(password string) {
	d.Helper()
	form, js := "application/x-www-form-urlencoded", "application/json"
	post := func(path string, v url.Values, want int) string {
		return d.send("POST", path, "", "", form, v.Encode(), want)
	}
	for _, name := range []string{doorMarker + "@click", doorMarker, doorMarker + "@" + doorMarker, "zqloginmark@click"} {
		post("/signin", url.Values{"signin_name": {name}, "signin_password": {doorMarker}, "next": {"/" + doorMarker}}, 401)
		d.send("GET", "/api/v1/agencies/click/hours", name, doorMarker, "", "", 401)
	}
	post("/signin", url.Values{"signin_name": {"zqloginmark@click"}, "signin_password": {password}, "next": {"/caseload"}}, 200)
	if page := post("/caseload", url.Values{"q": {"zqfamilynewmark"}}, 200); !strings.Contains(page, "zqfamilynewmark, zqgivennewmark") {
		d.Error("the search does not show the client")
	}
	if page := d.send("GET", "/dossiers/"+dosA, "", "", "", "", 200); !strings.Contains(page, "zqstatementmark") {
		d.Error("the page does not show the dossier")
	}
	d.send("GET", "/dossiers/"+doorMarker, "", "", "", "", 400)
	d.send("GET", "/"+doorMarker+"?"+doorMarker+"="+doorMarker, "", "", "", "", 404)
	post("/dossiers/"+dosA+"/conversation", url.Values{"subject": {doorMarker}, "text": {doorMarker}, "date": {doorMarker}, "trajectory": {doorMarker}, doorMarker: {doorMarker}}, 400)
	for body, want := range map[string]int{
		`{"command":"` + doorMarker + `"}`: 400, `{"` + doorMarker + `":1}`: 400, `{"` + doorMarker: 400, "\"" + doorMarker + "\xff\"": 400, `{"id":"` + doorMarker + `"}`: 400,
		`{"command":"OpenDossier","agency":"` + doorMarker + `"}`: 404,
		`{"command":"LogHours","dossier":"` + dosA + `","data":{"entry":"` + uuid.NewString() + `","trajectory":"T-1","date":"2020-02-03","minutes":5,"activity":"report","note":"` + doorMarker + `"}}`: 200,
	} {
		if answer := d.send("POST", "/api/v1/commands", "zqloginmark@click", password, js, body, want); strings.Contains(answer, "zq") {
			d.Errorf("the answer to a command repeats what was sent: %s", answer)
		}
	}
	for path, want := range map[string]int{
		"/api/v1/agencies/click/dossiers/" + dosA: 200, "/api/v1/agencies/click/" + doorMarker: 404, "/api/v1/agencies/" + doorMarker + "/hours": 404,
		"/api/v1/agencies/click/hours?" + doorMarker + "=1": 400, "/api/v1/agencies/click/hours?purpose=" + doorMarker: 400, "/api/v1/agencies/click/hours?as_of=" + doorMarker: 400,
		"/api/v1/agencies/click/dossiers/" + doorMarker: 400, "/api/v1/" + doorMarker: 404,
	} {
		answer := d.send("GET", path, "zqloginmark@click", password, "", "", want)
		if want != 200 && strings.Contains(answer, "zq") {
			d.Errorf("the answer to %s repeats what was sent: %s", path, answer)
		}
	}
	d.sealed[doorMarker] = "the note that was logged over the API"
	d.nowhere("the metrics", map[string][]byte{"metrics": []byte(d.send("GET", "/metrics", "", "", "", "", 200))})
	for _, path := range []string{"/healthz", "/readyz", "/api/openapi.json"} {
		d.nowhere(path, map[string][]byte{path: []byte(d.send("GET", path, "", "", "", "", 200))})
	}
}
