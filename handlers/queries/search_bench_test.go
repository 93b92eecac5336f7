package queries_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// BenchmarkSearch is a search of a coach with 200 clients, and of the front
// office, in an agency with 20,000 dossiers.
func BenchmarkSearch(b *testing.B) {
	e, err := engine.Open(b.Context(), engine.Options{Data: filepath.Join(b.TempDir(), "data"), Create: true, Follow: true, Index: true})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	coach, office := uuid.NewString(), uuid.NewString()
	fill(b, e, coach, office, 20_000, 200)
	indexed := time.Now()
	for behind := true; behind; {
		if behind, err = e.Search.Ready(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.Logf("the index was whole %v after the last command", time.Since(indexed).Round(time.Millisecond))
	for _, c := range []struct{ name, staff, text string }{
		{"coach one name", coach, "naam-00700"}, {"coach many", coach, "berg"}, {"coach others only", coach, "naam-00701"}, {"coach number", coach, "111222333"},
		{"coach nobody", coach, "xyzzy"}, {"office one name", office, "naam-00701"}, {"office many", office, "berg"},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := queries.Reader{Caller: commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: c.staff}, Agency: "click", Purpose: "guidance", Action: "search"}
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				if _, err := e.Queries.Search(b.Context(), r, c.text); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}

// fill opens n dossiers, every n/own-th of the coach.
func fill(b *testing.B, e *engine.Engine, coach, office string, n, own int) {
	b.Helper()
	var rs []commands.Request
	give := func(command, dossier, at string, data m) {
		raw, err := json.Marshal(data)
		if err != nil {
			b.Fatal(err)
		}
		rs = append(rs, commands.Request{ID: uuid.NewString(), Agency: "click", Command: command, Dossier: dossier, At: at, Data: raw})
		if len(rs) == 500 {
			send(b, e, rs)
			rs = rs[:0]
		}
	}
	give("AdoptRegulation", "", "2019-01-01T00:00:00Z", m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
	for staff, role := range map[string]string{coach: "coach", office: "administration"} {
		give("EnrolStaff", "", "2019-01-01T01:00:00Z", m{"staff": staff, "name": "Naam", "login": role})
		give("SignConfidentiality", "", "2019-01-01T02:00:00Z", m{"staff": staff, "signed_on": "2019-01-01", "reference": "map 1"})
		give("GrantRole", "", "2019-01-01T03:00:00Z", m{"staff": staff, "role": role})
	}
	families := []string{"van den Berg", "de Vries", "Jansen", "Bakker", "Visser", "Smit", "Meijer", "Mulder", "de Groot", "Bos"}
	for i := range n {
		id := uuid.NewString()
		give("OpenDossier", id, "2020-01-01T09:00:00Z", m{"client": m{"family_name": families[(i/7)%len(families)], "given_names": fmt.Sprintf("Renée Naam-%05d", i)},
			"service": "reintegration", "referral": "self", "standing": "none"})
		if i%(n/own) == 0 {
			give("AssignStaff", id, "2020-01-02T09:00:00Z", m{"staff": coach})
		}
		if i%3 == 0 {
			give("StartTrajectory", id, "2020-01-03T09:00:00Z", m{"trajectory": fmt.Sprintf("T-2020-%05d", i)})
		}
	}
	send(b, e, rs)
}

func send(b *testing.B, e *engine.Engine, rs []commands.Request) {
	b.Helper()
	for _, o := range e.Commands.ExecuteWindow(b.Context(), commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}, rs) {
		if o.Outcome != commands.Accepted {
			b.Fatalf("%+v", o)
		}
	}
}
