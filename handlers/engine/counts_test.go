package engine_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// countable are the categories of which fill puts one record into each dossier.
var countable = slices.DeleteFunc(slices.Clone(domain.Categories), func(c domain.Category) bool { return c.Particular() || c == domain.CatHours })

// T6, C-0d, C-2.7e, L-9: what one may not see does not show by its number. The
// register of dossiers counts for each reader the records of the categories that
// the policies open to him, and of no others.
func TestT6NumbersOfRecordsByRole(t *testing.T) {
	r := openRights(t)
	for _, p := range r.people {
		for _, purpose := range []string{"guidance", "audit"} {
			ask := p.question(1, "export", purpose, "")
			ask.Relation, ask.Of, ask.Name = policy.Relation{}, policy.OfRegister, "dossiers"
			all := r.allows(ask)
			status, body := r.ask(p, "GET", "/api/v1/agencies/click/dossiers?purpose="+purpose, "")
			if status != 200 {
				continue
			}
			var rows []struct {
				Dossier string
				Records map[domain.Category]int
			}
			if err := json.Unmarshal([]byte(body), &rows); err != nil {
				t.Fatal(err, body)
			}
			for _, row := range rows {
				for _, c := range countable {
					ask.Category = c
					may := r.allows(ask)
					if !all {
						may = r.allows(p.question(slices.Index(r.dossiers[:], row.Dossier), "view", purpose, c))
					}
					if n := row.Records[c]; (n == 1) != may {
						t.Errorf("%s for %s: %d records of %s, want them counted: %v", p.name, purpose, n, c, may)
					}
				}
			}
			for _, c := range []domain.Category{"medical", "disability", "capacity", "report"} {
				for _, row := range rows {
					if n := row.Records[c]; n > 0 && slices.Contains([]string{"administration", "director", "administrator"}, p.role) {
						t.Errorf("the %s is told of %d records of %s", p.role, n, c)
					}
				}
			}
		}
	}
}

// T6, C-0d: the number of records in a caseload is of those that its reader may see.
func TestT6NumbersInTheCaseloadByRole(t *testing.T) {
	r := openRights(t)
	for name, want := range map[string]int{
		"assigned": len(countable),
		"granted":  1, // the authorisation names contact and report
		"office":   2, // subsidy and employment_form
	} {
		p := r.person(name)
		list, err := r.e.Queries.Caseload(t.Context(), queries.Reader{
			Caller: commands.Caller{Door: commands.DoorWeb, Agency: "click", Staff: p.staff}, Agency: "click", Purpose: "guidance", Action: "list", After: r.last})
		if err != nil {
			t.Fatal(name, err)
		}
		i := slices.IndexFunc(list, func(x queries.CaseloadRow) bool { return x.Dossier == r.dossiers[0] })
		if i < 0 || list[i].Records != want {
			t.Errorf("%s: %+v, want %d records", name, list, want)
		}
	}
}

// C-I1: a purpose that there is not is refused in the reader's language.
func TestAPurposeThatThereIsNot(t *testing.T) {
	r := openRights(t)
	status, body := r.ask(r.person("officer"), "GET", "/registers/disclosures?purpose=zin", "")
	if status != http.StatusBadRequest || !strings.Contains(body, "Geef een doel uit de lijst") {
		t.Errorf("%d: %s", status, body)
	}
}
