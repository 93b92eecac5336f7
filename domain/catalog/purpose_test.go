package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
)

// What processes data of clients says for which purpose, in the envelope of
// its commit, and the purpose that a caller gave stands (C-I1).
func TestPurposeOfCommandsBesideTheDossier_C_I1(t *testing.T) {
	id := `"` + sc.Hold + `"`
	for _, c := range []struct{ command, data, want string }{
		{"ReportIncident", `{"incident":` + id + `,"discovered_at":"2017-02-01","kind":"breach"}`, "incident"},
		{"CheckOutPaper", `{"volume":` + id + `,"purpose":"complaint"}`, "complaint"},
		{"CheckInPaper", `{"volume":` + id + `}`, "guidance"},
		{"AttestCabinets", `{"date":"2017-02-01","cabinet":"K-1"}`, "audit"},
		{"DestroyPaper", `{"volume":` + id + `,"method":"shredded","witnessed_by":` + id + `}`, "retention"},
		{"GrantMaintenance", `{"grant":` + id + `,"staff":` + id + `,"contract":"c","ticket":"t","approved_by":` + id + `}`, "maintenance"},
		{"EnrolStaff", `{"staff":` + id + `,"name":"n","login":"l"}`, ""},
	} {
		spec, _ := catalog.CommandOf(c.command)
		cmd, err := catalog.DecodeCommand(spec, json.RawMessage(c.data))
		if err != nil {
			t.Fatal(c.command, err)
		}
		agg, _ := catalog.AggregateOf(spec.Kind)
		own := domain.Ref{Agency: sc.Agency, Kind: domain.KindAgency, ID: sc.Agency}
		known := map[domain.Ref]any{own: sc.Begin(t, "click-2017").State(domain.KindAgency, sc.Agency)}
		for given, want := range map[string]string{"": c.want, "research": "research"} {
			env := &catalog.Env{Env: domain.Env{Now: sc.Time("2017-02-02"), At: sc.Time("2017-02-02"), Agency: sc.Agency, Known: known}, Purpose: given}
			_, _ = agg.Decide(agg.Zero(), cmd, env) // accepted or refused, the purpose is what was asked for
			if env.Purpose != want {
				t.Errorf("%s: purpose %q, want %q", c.command, env.Purpose, want)
			}
		}
	}
}
