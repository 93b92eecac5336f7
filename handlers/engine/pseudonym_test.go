package engine_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// X-16, C-0d, C-2.8: the log for other systems tells nobody whose pseudonym is whose
// but who may read it: to all others every question has one answer.
func TestPseudonymsAreNotGuessed(t *testing.T) {
	r := openRights(t)
	for _, p := range []string{"assigned", "other"} { // so that each dossier has been looked at
		for _, d := range r.dossiers {
			r.ask(r.person(p), "GET", "/api/v1/agencies/click/dossiers/"+d, "")
		}
	}
	const log = "/api/v1/agencies/click/access?format=nen7513&purpose="
	var subjects [2]string
	for i, d := range r.dossiers {
		status, body := r.ask(r.person("officer"), "GET", log+"audit&dossier="+d, "")
		line, _, _ := strings.Cut(body, "\n")
		var x struct {
			Participants []struct{ Soort, ID string } `json:"participants"`
		}
		err := json.Unmarshal([]byte(line), &x)
		at := slices.IndexFunc(x.Participants, func(p struct{ Soort, ID string }) bool { return p.Soort == "client" })
		if err != nil || status != 200 || at < 0 {
			t.Fatalf("%d %v %s", status, err, line)
		}
		subjects[i] = x.Participants[at].ID
	}
	for _, p := range r.people {
		if p.role == "compliance_officer" || p.left {
			continue
		}
		for i, d := range r.dossiers {
			purpose := "guidance"
			if p.role == "coach" && r.allows(p.question(i, "view", purpose, "")) && p.question(i, "view", purpose, "").Assigned {
				continue // his own client: the log of that dossier is open to him
			}
			status, of := r.ask(p, "GET", log+purpose+"&dossier="+d+"&subject="+subjects[i], "")
			other, not := r.ask(p, "GET", log+purpose+"&dossier="+d+"&subject="+subjects[1-i], "")
			if status != other || of != not {
				t.Errorf("%s can tell whose pseudonym it is: %d %s\n%d %s", p.name, status, of, other, not)
			}
		}
	}
}
