package incidents_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

func list(t *testing.T, db *readdb.DB, f rows.Filter) []incidents.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(incidents.Row) error) error { return incidents.List(t.Context(), db, f, each) })
}

// C-2.1.2, L-33: every incident with its clock, its assessment and its end.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, incidents.Projection{}, &s.History)
		rowstest.Golden(t, "incidents", list(t, db, rows.Filter{}))
	})
}

// T4: following and rebuilding give the same rows.
func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, incidents.Projection{}, &rowstest.Life(t).History)
}

func TestFilters(t *testing.T) {
	db := rowstest.Life(t).Fold("", incidents.Projection{})
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 2},
		"dossier":           {rows.Filter{Dossier: rowstest.ID(12)}, 1},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: rowstest.ID(11)}, 0},
		"from":              {rows.Filter{From: rowstest.At("2017-05-08T00:00:00Z")}, 2},
		"until":             {rows.Filter{Until: rowstest.At("2017-05-08T00:00:00Z")}, 2},
	} {
		if got := list(t, db, c.filter); len(got) != c.want {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.want)
		}
	}
}
