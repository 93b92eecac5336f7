package notices_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var views = []projections.Projection{disclosures.Projection{}, duties.Projection{}, hours.Projection{}, regulations.Projection{}}

func list(t *testing.T, db *readdb.DB, f rows.Filter) []notices.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(notices.Row) error) error { return notices.List(t.Context(), db, f, each) })
}

// C-I2, C-I3, L-14, L-19: what clients and recipients were told and must still
// be told.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		for _, p := range views {
			rowstest.Rebuild(t, db, p, &s.History)
		}
		rowstest.Golden(t, "notices", list(t, db, rows.Filter{}))
	})
}

// As of an earlier day only what had been told by then counts.
func TestAsOf(t *testing.T) {
	s := rowstest.Life(t)
	for day, want := range map[string]string{"2017-05-04": notices.StatePending, "2017-05-05": notices.StateSent} {
		for _, r := range list(t, s.Fold(day, views...), rows.Filter{Agency: "sol"}) {
			if r.Ref == rowstest.ID(71) && r.State != want {
				t.Errorf("on %s the notice of %s is %s", day, r.Act, r.State)
			}
		}
	}
}

func TestFilters(t *testing.T) {
	db := rowstest.Life(t).Fold("", views...)
	all := len(list(t, db, rows.Filter{}))
	if got := len(list(t, db, rows.Filter{Agency: "click"})); got*2 != all {
		t.Errorf("click has %d of %d", got, all)
	}
	if got := len(list(t, db, rows.Filter{Dossier: rowstest.ID(12)})); got*2 != all {
		t.Errorf("the dossier of sol has %d of %d", got, all)
	}
	for _, r := range list(t, db, rows.Filter{From: rowstest.At("2017-05-01T00:00:00Z")}) {
		if r.Since.String() < "2017-05-01" {
			t.Errorf("one since %s", r.Since)
		}
	}
}
