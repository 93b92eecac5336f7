package engine_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// C-0g, C-2.1.4b: who is still assigned when guidance has long ended could see
// nothing, and the answer says that his assignment counted no more.
func TestAnAssignmentThatNoLongerCounts_C_0g(t *testing.T) {
	r := openRights(t)
	r.do("EndTrajectory", r.dossiers[1], "", longAgo.Add(3*time.Hour), m{"trajectory": "T-1", "ended_on": longAgo.Format(time.DateOnly), "outcome": "work"})
	if err := r.e.Views.WaitFor(t.Context(), r.last); err != nil {
		t.Fatal(err)
	}
	seen := func(dossier int, who string) queries.SeenRights {
		t.Helper()
		status, body := r.ask(r.person("auditor"), "GET", "/api/v1/agencies/click/dossiers/"+r.dossiers[dossier]+"/seen?purpose=audit&known_at="+today()+"&as="+r.person(who).staff, "")
		var s queries.Seen
		if err := json.Unmarshal([]byte(body), &s); status != 200 || err != nil {
			t.Fatalf("%d %s", status, body)
		}
		return s.Rights
	}
	if got := seen(0, "assigned"); !got.Allowed || !got.Assigned || !got.Counts {
		t.Errorf("who guides: %+v", got)
	}
	if got := seen(1, "other"); got.Allowed || !got.Assigned || got.Counts || got.Code != "not_assigned" {
		t.Errorf("after guidance: %+v", got)
	}
	if status, _ := r.ask(r.person("other"), "GET", "/api/v1/agencies/click/dossiers/"+r.dossiers[1], ""); status != 403 {
		t.Errorf("he reads on: %d", status)
	}
}
