package approvals_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// T4: following and rebuilding give the same rows.
func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, approvals.Projection{}, rowstest.Synthetic(t, 5, 4, 1500))
}

// C-2.1.5b: each act that names an approver once, in stream order, of one agency and
// of one dossier where asked for; both databases say the same.
func TestList_C_2_1_5b(t *testing.T) {
	h := rowstest.Synthetic(t, 6, 4, 1500)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, approvals.Projection{}, h)
		list := func(f rows.Filter) []approvals.Row {
			return rowstest.Collect(t, func(each func(approvals.Row) error) error { return approvals.List(t.Context(), db, f, each) })
		}
		all := list(rows.Filter{})
		kinds, answers := map[string]int{}, map[string]int{}
		last := uint64(0)
		of := map[string]int{}
		for _, r := range all {
			if r.Position <= last || r.Approver == "" || r.Actor == "" || r.Ref == "" || r.Dossier != "" && r.Staff != "" {
				t.Fatalf("%+v behind %d", r, last)
			}
			last = r.Position
			kinds[r.Kind]++
			answers[r.State]++
			of[r.Agency]++
			of[r.Agency+r.Dossier]++
			if (r.Kind == approvals.KindDisclosure) != (r.Recipient != "" && r.Ground != "" && len(r.Categories) > 0) || r.AnsweredAt.IsZero() != (r.State == approvals.StatePending) {
				t.Fatalf("%+v", r)
			}
			if r.Settled != (r.Kind == approvals.KindGrant && r.State == approvals.StateDenied) {
				t.Fatalf("%+v", r)
			}
		}
		if kinds["disclosure"] == 0 || kinds["grant"] == 0 || kinds["policies"] == 0 || kinds["regulation"] != 0 || answers["pending"] == 0 || answers["confirmed"] == 0 || answers["denied"] == 0 {
			t.Fatalf("%v %v", kinds, answers)
		}
		click := list(rows.Filter{Agency: "click"})
		if len(click) == 0 || len(click) == len(all) {
			t.Fatalf("%d of %d", len(click), len(all))
		}
		for _, r := range click {
			if r.Agency != "click" {
				t.Fatalf("%+v", r)
			}
			if r.Kind == approvals.KindDisclosure {
				if got := list(rows.Filter{Agency: "click", Dossier: r.Dossier}); len(got) != of["click"+r.Dossier] || got[0].Dossier != r.Dossier {
					t.Fatalf("%d rows of one dossier", len(got))
				}
			}
		}
	})
}
