package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/demo"
)

// an administrator hands a whole caseload over for a holiday. Each dossier
// goes to the colleague and from whoever had it, who sees none of it any more; the
// form sent again changes nothing; and it can be handed back.
func TestACaseloadIsHandedOver_X_9(t *testing.T) {
	r := openReal(t)
	logins, err := demo.Logins("click")
	if err != nil {
		t.Fatal(err)
	}
	from := r.logins["click/coach"]
	i := slices.IndexFunc(logins, func(l demo.Login) bool { return slices.Contains(l.Roles, "coach") && l.Staff != from.Staff })
	if i < 0 {
		t.Fatal("the demonstration has one coach alone")
	}
	to := logins[i]
	caseload := func(l demo.Login) []string {
		r.browserless()
		r.signIn(l.Login + "@" + l.Agency)
		p := r.get("/caseload")
		if p.status != http.StatusOK {
			t.Fatalf("the caseload: %d", p.status)
		}
		return slices.Compact(slices.Sorted(slices.Values(regexp.MustCompile(`/dossiers/[0-9a-f-]{36}`).FindAllString(p.body, -1))))
	}
	hand := func(from, to demo.Login) string {
		r.browserless()
		r.signIn(r.name("click/administrator"))
		form := url.Values{"batch": {field(t, r.get("/assignments").body, "batch")}, "do": {"handover"}, "which": {"all"}, "from": {from.Staff}, "to": {to.Staff}, "capacity": {"responsible"}}
		p := r.post("/assignments/change", form)
		if p.status != http.StatusOK {
			t.Fatalf("the hand-over: %d %s", p.status, p.body)
		}
		acts := r.dossierCommits()
		if again := r.post("/assignments/change", form); r.dossierCommits() != acts || again.status != http.StatusBadRequest {
			t.Errorf("sent again: %d, and there are %d acts instead of %d", again.status, r.dossierCommits(), acts)
		}
		return p.body
	}
	his, hers := caseload(from), caseload(to)
	if len(his) < 2 {
		t.Fatalf("%d dossiers to hand over", len(his))
	}
	body := hand(from, to)
	if strings.Contains(body, "Niet gelukt") {
		t.Errorf("the results: %s", body)
	}
	if left := caseload(from); len(left) != 0 {
		t.Errorf("he still has %d of %d", len(left), len(his))
	}
	if p := r.get(his[0]); p.status == http.StatusOK {
		t.Error("he still reads a dossier that was handed over")
	}
	// Two more, whose guidance ended so long ago that he saw them no more: the
	// reaction that ends such assignments does not run here.
	got := caseload(to)
	for _, d := range append(his, hers...) {
		if !slices.Contains(got, d) {
			t.Errorf("she has not %s", d)
		}
	}
	hand(to, from)
	if got := caseload(from); !slices.Contains(got, his[0]) || len(caseload(to)) != 0 {
		t.Errorf("handed back: he has %d", len(got))
	}
}

// dossierCommits is how many commits of dossiers there are.
func (r *real) dossierCommits() (n int) {
	r.t.Helper()
	err := r.engine.Store.ReadAll(r.t.Context(), 0, func(c *eventstore.Commit) error {
		if c.Envelope.Kind == domain.KindDossier {
			n++
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}
