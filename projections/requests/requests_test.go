package requests_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

func list(t *testing.T, db *readdb.DB, f rows.Filter) []requests.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(requests.Row) error) error { return requests.List(t.Context(), db, f, each) })
}

// C-2.9.1, C-2.9.2, C-2.9.3, S-Inz, S-Bew2: every request with its term, its answer and its end.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, requests.Projection{}, &s.History)
		rowstest.Golden(t, "requests", list(t, db, rows.Filter{}))
	})
}

// T4: following and rebuilding give the same rows.
func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, requests.Projection{}, &rowstest.Life(t).History)
}

func TestFilters(t *testing.T) {
	db := rowstest.Life(t).Fold("", requests.Projection{})
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 6},
		"dossier":           {rows.Filter{Dossier: rowstest.ID(12)}, 6},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: rowstest.ID(11)}, 0},
		"from":              {rows.Filter{From: rowstest.At("2017-03-02T08:00:00Z")}, 12},
		"until":             {rows.Filter{Until: rowstest.At("2017-03-02T08:00:00Z")}, 0},
	} {
		if got := list(t, db, c.filter); len(got) != c.want {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.want)
		}
	}
}
