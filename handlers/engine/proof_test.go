package engine_test

import (
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// C-2.1.4d, X-3: of what is shown the ledger says whether it stands signed at its
// place; another commit at that place, or one of no commit, is found; what is too
// new is pending; and one agency's commits are none of another's.
func TestWhatIsShownIsProved_C_2_1_4d(t *testing.T) {
	w := replayed(t)
	m := &evidence.Maker{Queries: w.Queries, Ledger: w.Ledger, DB: w.DB, Policies: w.Policies}
	if err := w.Ledger.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := w.Queries.Steps(t.Context(), w.operator(), w.dossier, 0, queries.ReplayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	prove := func(agency string, leaves ...evidence.Leaf) *evidence.Proof {
		t.Helper()
		p, err := m.Prove(t.Context(), agency, leaves)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var leaves []evidence.Leaf
	for _, st := range all.Steps {
		leaves = append(leaves, evidence.Leaf{Position: st.Position, Hash: st.Leaf})
	}
	p := prove("click", leaves...)
	if !p.Whole() || p.Count(evidence.Proved) != len(leaves) || p.Size == 0 || len(p.Root) != 64 || !strings.HasPrefix(p.Key, p.Origin+"+") {
		t.Fatalf("not all is proved: %+v", p)
	}
	first, second := leaves[0], leaves[1]
	for name, bad := range map[string]evidence.Leaf{
		"another commit's leaf": {Position: first.Position, Hash: second.Hash}, "a changed leaf": {Position: first.Position, Hash: "00" + first.Hash[2:]},
		"no hash": {Position: first.Position, Hash: "zz"}, "half a hash": {Position: first.Position, Hash: first.Hash[:32]}, "nothing": {Position: first.Position},
	} {
		if p := prove("click", first, bad); p.Leaves[0] != evidence.Proved || p.Leaves[1] != evidence.Differs || p.Whole() {
			t.Errorf("%s: %+v", name, p.Leaves)
		}
	}
	if p := prove("click", evidence.Leaf{Position: 1 << 40, Hash: first.Hash}); p.Leaves[0] != evidence.Pending || p.Whole() {
		t.Errorf("what is not signed yet: %+v", p.Leaves)
	}
	if p := prove("elsewhere", first); p.Leaves[0] != evidence.Pending || p.Whole() || p.Size != 0 {
		t.Errorf("an agency without a log: %+v", p)
	}
}
