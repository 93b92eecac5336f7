package engine_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// C-0d, C-2.8: no way of writing an address leads past the rights. What is a look at
// a dossier is refused and on record; everything else is nothing at all.
func TestPathTricks(t *testing.T) {
	a := openAttacked(t)
	d, own := a.dossiers[0], a.dossiers[1]
	foreign := a.otherAgency()
	for _, name := range []string{"other", "admin", "nobody"} {
		p := a.person(name)
		a.signIn(p)
		looked := 0
		for _, path := range []string{
			"/dossiers/" + d, "/dossiers/" + d + "/print", "/dossiers/../dossiers/" + d, "//dossiers/" + d, "/dossiers//" + d, "/./dossiers/" + d, "/dossiers/" + own + "/../" + d, "/x/../dossiers/" + d,
			"/dossiers/" + own + "%2f..%2f" + d, "/dossiers/%2e%2e/dossiers/" + d, "/%64ossiers/" + d, "/dossiers%2f" + d, "/dossiers/" + strings.ToUpper(d), "/DOSSIERS/" + d, "/dossiers/" + d + "/", "/dossiers/" + d + ".",
			"/dossiers/" + d + "..", "/dossiers/" + d + "%20", "/dossiers/" + d + "%00", "/dossiers/" + d + ";x=" + own, "/dossiers/" + own + "," + d, "/dossiers/" + d + "?dossier=" + own, "/dossiers/" + own + "?dossier=" + d,
			"/dossiers/{" + d + "}", "/dossiers/urn:uuid:" + d, "/dossiers/" + strings.ReplaceAll(d, "-", ""), "/dossiers/%7b" + d + "%7d", "/dossiers/..;/dossiers/" + d, "/static/../dossiers/" + d, "/static/..%2fdossiers%2f" + d,
			"/dossiers/" + d + "/glass", "/dossiers/" + d + "/conversation", "/dossiers/" + d + "?after=0&after=9", "/dossiers/" + d + "?purpose=audit&purpose=guidance", "/" + strings.Repeat("../", 200) + "dossiers/" + d, "/dossiers/" + strings.Repeat("x", 20_000),
			"/api/v1/agencies/click/dossiers/" + d, "/api/v1/agencies/CLICK/dossiers/" + d, "/api/v1/agencies/click/dossiers/" + d + "/", "/api/v1/agencies/click/dossiers/" + d + "%2ftimeline", "/api/v1/agencies/./click/dossiers/" + d,
			"/api/v1/agencies/click%2f..%2fsol/dossiers/" + d, "/api/v1/../v1/agencies/click/dossiers/" + d, "/api/v1/agencies/click/dossiers/" + d + "?agency=sol", "/api/v1/agencies/click/hours?purpose=guidance&dossier=" + d, "/api/v1/agencies/click/hours/../dossiers/" + d,
			"/registers/hours?dossier=" + d, "/registers/hours/download?format=csv&dossier=" + d, "/registers/..%2fdossiers%2f" + d, "/registers/hours%00", "/ledger/click/..%2f..%2fdossiers%2f" + d, "/ledger/../dossiers/" + d,
			"/dossiers/" + foreign, "/api/v1/agencies/click/dossiers/" + foreign, "/api/v1/agencies/sol/dossiers/" + foreign, "/api/v1/agencies/sol/dossiers", "/registers/hours?dossier=" + foreign,
		} {
			before := head(t, a.e)
			status, body, h := a.send(p.http, "GET", path, "")
			if name == "other" && strings.HasPrefix(path, "/dossiers/"+own+"?") {
				continue // his own
			}
			for _, c := range readable {
				for _, v := range values(0, c) {
					if strings.Contains(body, v) {
						t.Errorf("%s: %s shows %s (%d)", name, path, c, status)
					}
				}
			}
			if strings.Contains(body, "zqforeign") || status >= 500 || status == http.StatusUnauthorized {
				t.Errorf("%s: %s: %d", name, path, status)
			}
			if to := h.Get("Location"); to != "" && (!strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")) {
				t.Errorf("%s: %s leads to %s", name, path, to)
			}
			got := a.denied(p.staff, before)
			if status == http.StatusForbidden || strings.HasPrefix(path, "/api/v1/agencies/sol/") {
				if looked++; len(got) != 1 {
					t.Errorf("%s: %s (%d) on record: %q", name, path, status, got)
				}
			}
			if strings.Contains(fmt.Sprint(a.acts("click", p.staff, before)), foreign) {
				t.Errorf("%s: %s puts another agency's id on record", name, path)
			}
			for _, act := range a.acts("click", p.staff, before) {
				if strings.Contains(act, `"allowed"`) && strings.Contains(act, d) {
					t.Errorf("%s: %s is on record as a look: %s", name, path, act)
				}
			}
		}
		if looked < 10 {
			t.Errorf("%s: %d of the tricks came as far as a dossier", name, looked)
		}
		if got := a.acts("sol", p.staff, 0); len(got) != 0 {
			t.Errorf("%s left something with another agency: %q", name, got)
		}
	}
}

// otherAgency has a dossier of its own.
func (a *attacked) otherAgency() (dossier string) {
	a.Helper()
	dossier = uuid.NewString()
	for _, x := range []struct {
		command, dossier string
		at               time.Time
		data             m
	}{
		{"AdoptRegulation", "", longAgo, m{"profile": "solutions-vpr", "version": 1, "effective_from": longAgo.Format(time.DateOnly)}},
		{"OpenDossier", dossier, longAgo.Add(time.Hour), m{"client": m{"family_name": "zqforeign", "given_names": "A"}, "service": "reintegration", "referral": "self", "standing": "none"}},
	} {
		raw, err := json.Marshal(x.data)
		if err != nil {
			a.Fatal(err)
		}
		o := a.e.Commands.Execute(a.Context(), commands.Caller{Door: commands.DoorImport, Staff: domain.Operator},
			commands.Request{ID: uuid.NewString(), Agency: "sol", Command: x.command, Dossier: x.dossier, At: x.at.Format(time.RFC3339), Data: raw})
		if o.Outcome != commands.Accepted {
			a.Fatalf("%s: %+v", x.command, o)
		}
		shows(a.T, a.e, o.Position)
	}
	return dossier
}

// C-0c: the method of a request is what it is; nothing in it makes another of it,
// and nothing that is only asked for changes anything.
func TestMethodsAreWhatTheyAre(t *testing.T) {
	a := openAttacked(t)
	p := a.person("assigned")
	a.signIn(p)
	page := "/dossiers/" + a.dossiers[0]
	before := head(t, a.e)
	for _, name := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		if status, _, _ := a.send(p.http, "GET", "/signout", "", name, "POST"); status != http.StatusNotFound {
			t.Errorf("%s: %d", name, status)
		}
		if status, body, _ := a.send(p.http, "POST", page+"?_method=GET", "_method=GET", name, "GET", "Sec-Fetch-Site", "same-origin"); status != http.StatusNotFound || strings.Contains(body, "zq0m") {
			t.Errorf("%s on a page: %d", name, status)
		}
	}
	for _, method := range []string{"PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "CONNECT-NOT", "get"} {
		for _, path := range []string{page, "/caseload", "/api/v1/agencies/click/dossiers/" + a.dossiers[0], "/api/v1/commands"} {
			if status, body, h := a.send(p.http, method, path, ""); status < 400 || status >= 500 || strings.Contains(body, "zq0m") || h.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %d", method, path, status)
			}
		}
	}
	for _, path := range []string{"/signout", page + "/conversation?subject=x&text=y", page + "/glass?reason=x&minutes=5", "/account/password?password=x", "/account/tokens?token_name=x", "/api/v1/commands?command=UnassignStaff"} {
		if status, _, _ := a.send(p.http, "GET", path, ""); status == 200 {
			t.Errorf("GET %s: %d", path, status)
		}
	}
	if now := head(t, a.e); now != before {
		t.Errorf("%d commits of it: %q", now-before, a.acts("click", p.staff, before))
	}
}
