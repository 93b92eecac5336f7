package engine_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
)

// T6, C-0d, C-2.1.4b, C-2.7a: over the API and the page the officer and the
// auditor get evidence, opened only as far as a matter opens the dossier to them;
// nobody else gets any, nor the way to it.
func TestEvidenceOverHTTP_T6(t *testing.T) {
	r := openRights(t)
	may := []string{"officer", "auditor"}
	for _, p := range r.people {
		for i, d := range r.dossiers {
			for _, purpose := range []string{"audit", "rights_request"} {
				allowed := slices.Contains(may, p.name) && (p.name == "officer" || purpose == "audit")
				status, body := r.ask(p, "POST", "/api/v1/agencies/click/evidence", `{"dossier":"`+d+`","purpose":"`+purpose+`"}`)
				if (status == 200) != allowed {
					t.Errorf("%s, %s: %d", p.name, purpose, status)
				}
				if status == 200 {
					if found := holds(t, []byte(body), nil); found.Dossier != d || found.MadeBy != p.staff || !found.AccessInside {
						t.Errorf("%s: %+v", p.name, found.Contents)
					}
				}
				r.sees(p, "evidence in the clear", body, "export", "none") // a purpose that opens nothing
				status, body = r.ask(p, "POST", "/api/v1/agencies/click/evidence", `{"dossier":"`+d+`","purpose":"`+purpose+`","open":true}`)
				if status == 200 && !allowed {
					t.Errorf("%s, %s, opened: %d", p.name, purpose, status)
				}
				if p.name == "officer" && (status == 200) != (i == 0) {
					t.Errorf("%s, %s, opened, dossier %d: %d", p.name, purpose, i, status)
				}
				if status == 200 {
					holds(t, []byte(body), nil)
				}
				r.sees(p, "opened evidence", body, "export", purpose)
			}
		}
		d := r.dossiers[0]
		_, seen := r.ask(p, "GET", "/dossiers/"+d+"/access", "")
		if strings.Contains(seen, "/evidence") != slices.Contains(may, p.name) {
			t.Errorf("%s: the link to evidence", p.name)
		}
		status, body := r.ask(p, "POST", "/dossiers/"+d+"/evidence", "purpose=audit")
		if (status == 200 && strings.HasPrefix(body, "PK")) != slices.Contains(may, p.name) {
			t.Errorf("%s: the page gives %d", p.name, status)
		}
		if p.name != "officer" {
			continue
		}
		if status, body := r.ask(p, "GET", "/dossiers/"+d+"/evidence", ""); status != 200 || !strings.Contains(body, `name="recipient"`) {
			t.Errorf("the form: %d", status)
		}
		for _, bad := range []string{"purpose=audit&from=yesterday", "purpose=audit&recipient=age1x", "purpose=guidance", "purpose=audit&from=2026-02-02&until=2026-02-01"} {
			if status, body := r.ask(p, "POST", "/dossiers/"+d+"/evidence", bad); status != 422 || !strings.Contains(body, `name="recipient"`) {
				t.Errorf("%s: %d", bad, status)
			}
		}
		if _, err := bundle.Check([]byte(seen), nil); err == nil {
			t.Error("a page passes for a bundle")
		}
	}
}
