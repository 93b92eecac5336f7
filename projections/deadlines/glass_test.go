package deadlines_test

import (
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// C-2.1.4b: a look in an emergency is reviewed within seven days, under both
// profiles and as of any day.
func TestBreakGlassReview_C_2_1_4b(t *testing.T) {
	s := rowstest.Begin(t)
	for i, agency := range []string{"click", "sol"} {
		open(s, agency, 11+i, "2017-02-01")
		from := rowstest.At(rowstest.Clock("2017-03-01 23:30")) // the day is that of Amsterdam
		s.Dossier(agency, 11+i, "2017-03-01 23:30", &dossier.GlassBroken{Glass: rowstest.ID(61), Staff: rowstest.ID(2), From: from, Until: from.Add(time.Hour)}, "file")
	}
	s.Dossier("click", 11, "2017-03-08", &dossier.GlassReviewed{Glass: rowstest.ID(61), Finding: dossier.Justified})
	s.Dossier("sol", 12, "2017-03-09", &dossier.GlassReviewed{Glass: rowstest.ID(61), Finding: dossier.NotJustified})
	const kind = "break_glass_review"
	click, sol := "click "+kind+" 61 2017-03-01 2017-03-08 ", "sol "+kind+" 61 2017-03-01 2017-03-08 "
	for _, c := range []struct{ on, click, sol string }{
		{"2017-03-01", "open", "open"}, {"2017-03-07", "open", "open"}, {"2017-03-08", "met", "open"}, {"2017-03-09", "met", "met_late"},
	} {
		expect(s, c.on, kind, click+c.click, sol+c.sol)
	}
	if got := lines(s, "2017-02-28", kind); len(got) != 0 {
		t.Error(got)
	}
	// Judged on a later day than the last fact: nobody reviewed it in time.
	if got := linesAt(s, s.Fold("2017-03-01", views...), "2017-03-09 10:00", kind); len(got) != 2 || got[0] != click+"overdue" {
		t.Error(got)
	}
}
