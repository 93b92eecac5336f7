package paper_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

func list(t *testing.T, db *readdb.DB, f rows.Filter) []paper.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(paper.Row) error) error { return paper.List(t.Context(), db, f, each) })
}

// C-1.1b, C-2.7d, S-Bev1, S-Bew4: every volume with its cabinet, its holder and its end.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, paper.Projection{}, &s.History)
		rowstest.Golden(t, "paper", list(t, db, rows.Filter{}))
	})
}

// T4: following and rebuilding give the same rows.
func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, paper.Projection{}, &rowstest.Life(t).History)
}

func TestFilters(t *testing.T) {
	db := rowstest.Life(t).Fold("", paper.Projection{})
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 3},
		"dossier":           {rows.Filter{Dossier: rowstest.ID(12)}, 3},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: rowstest.ID(11)}, 0},
		"from":              {rows.Filter{From: rowstest.At("2017-05-23T08:00:00Z")}, 6},
		"until":             {rows.Filter{Until: rowstest.At("2017-05-23T08:00:00Z")}, 0},
	} {
		if got := list(t, db, c.filter); len(got) != c.want {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.want)
		}
	}
}
