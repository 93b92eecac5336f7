package obligations_test

import (
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// C-2.1.4b: the review of a look in an emergency is owed from the day of the look.
func TestBreakGlassReview_C_2_1_4b(t *testing.T) {
	s := rowstest.Begin(t)
	open(s, "click", 11, "2017-02-01")
	from := rowstest.At(rowstest.Clock("2017-03-01"))
	s.Dossier("click", 11, "2017-03-01", &dossier.GlassBroken{Glass: rowstest.ID(61), Staff: rowstest.ID(2), From: from, Until: from.Add(time.Hour)}, "file")
	s.Dossier("click", 11, "2017-03-15", &dossier.GlassReviewed{Glass: rowstest.ID(61), Finding: dossier.Justified})
	expect(s, "2017-02-28", "break_glass_review")
	for _, on := range []string{"2017-03-01", "2017-03-14"} {
		expect(s, on, "break_glass_review", "click 11 break_glass_review 2017-03-01 61")
	}
	expect(s, "2017-03-15", "break_glass_review")
}

// C-2.1.4b, C-2.1.4c: access is reviewed each quarter, counted from the agency's
// beginning and then from the last review.
func TestAccessReview_C_2_1_4b(t *testing.T) {
	s := rowstest.Begin(t) // both began on 19 January
	expect(s, "2017-04-21", "access_review")
	expect(s, "2017-04-22", "access_review", "click - access_review 2017-04-22 -", "sol - access_review 2017-04-22 -")
	s.Event(rowstest.On("click", domain.KindReview, rowstest.ID(71)), "2017-05-02",
		&review.Reviewed{From: day("2017-01-19"), Until: day("2017-04-30"), Sample: 20, Outcome: review.InOrder})
	expect(s, "2017-05-01", "access_review", "click - access_review 2017-04-22 -", "sol - access_review 2017-04-22 -")
	expect(s, "2017-08-02", "access_review", "sol - access_review 2017-04-22 -")
	expect(s, "2017-08-03", "access_review", "sol - access_review 2017-04-22 -", "click - access_review 2017-08-03 -")
	// It is the agency's and nobody's dossier's.
	if got := owed(s, "2017-08-03", rows.Filter{Dossier: rowstest.ID(11)}); len(got) != 0 {
		t.Error(got)
	}
}
