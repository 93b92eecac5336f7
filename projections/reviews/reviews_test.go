package reviews_test

import (
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// story has, at both agencies, a glass that was reviewed, one that was not, and
// two reviews of access; a glass of another dossier bears the same id.
func story(t *testing.T) *rowstest.Story {
	t.Helper()
	s := rowstest.Begin(t)
	for i, name := range []string{"click", "sol"} {
		broken := func(n, glass int, at string) {
			from := rowstest.At(rowstest.Clock(at))
			s.Dossier(name, n, at, &dossier.GlassBroken{Glass: rowstest.ID(glass), Staff: rowstest.ID(2), From: from, Until: from.Add(time.Hour)}, "file")
		}
		reviewed := func(id int, at string, e *review.Reviewed) {
			s.Event(rowstest.On(name, domain.KindReview, rowstest.ID(id)), at, e)
		}
		broken(11+i, 61, "2017-03-01 10:00")
		broken(21+i, 61, "2017-03-02 10:00")
		s.Dossier(name, 11+i, "2017-03-10", &dossier.GlassReviewed{Glass: rowstest.ID(61), Finding: dossier.NotJustified, Incident: rowstest.ID(67)}, "file")
		reviewed(71, "2017-04-05", &review.Reviewed{From: nl.MustDate("2017-01-19"), Until: nl.MustDate("2017-03-31"), Sample: 25, Outcome: review.Irregular, Incident: rowstest.ID(67),
			Dossiers: []string{rowstest.ID(11 + i)}, Staff: []string{rowstest.ID(2), rowstest.ID(3)}})
		reviewed(72, "2017-04-06", &review.Reviewed{From: nl.MustDate("2017-04-01"), Until: nl.MustDate("2017-04-05"), Outcome: review.InOrder})
	}
	return s
}

func list(t *testing.T, db *readdb.DB, f rows.Filter, on string) []reviews.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(reviews.Row) error) error {
		return reviews.List(t.Context(), db, f, nl.MustDate(on), each)
	})
}

// C-2.1.4b, C-2.1.4c: what was reviewed and what was not, by whom and with what
// outcome; nothing of what was found.
func TestRegister_C_2_1_4b(t *testing.T) {
	s := story(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, regulations.Projection{}, &s.History)
		rowstest.Rebuild(t, db, reviews.Projection{}, &s.History)
		rowstest.Golden(t, "reviews", list(t, db, rows.Filter{}, "2017-04-06"))
	})
}

// T4: following and rebuilding give the same rows.
func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, reviews.Projection{}, &story(t).History)
	rowstest.SameLiveAndRebuilt(t, reviews.Projection{}, rowstest.Synthetic(t, 7, 4, 1500))
}

func TestFilters(t *testing.T) {
	s := story(t)
	db := s.Fold("", regulations.Projection{}, reviews.Projection{})
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 4},
		"dossier":           {rows.Filter{Dossier: rowstest.ID(12)}, 2},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: rowstest.ID(11)}, 0},
		"from":              {rows.Filter{From: rowstest.At("2017-04-06T00:00:00Z")}, 2},
		"until":             {rows.Filter{Until: rowstest.At("2017-03-02T00:00:00Z")}, 2},
	} {
		if got := list(t, db, c.filter, "2017-05-01"); len(got) != c.want {
			t.Errorf("%s: %d rows, want %d", name, len(got), c.want)
		}
	}
	states := func(fold, on string) (out []string) {
		for _, r := range list(t, s.Fold(fold, regulations.Projection{}, reviews.Projection{}), rows.Filter{Agency: "click"}, on) {
			out = append(out, r.State)
		}
		return out
	}
	for _, c := range []struct {
		fold, on string
		want     []string
	}{
		{"2017-03-02", "2017-03-02", []string{"open", "open"}}, {"2017-03-09", "2017-03-09", []string{"overdue", "open"}},
		{"2017-03-10", "2017-03-10", []string{"done", "overdue"}},
	} {
		if got := states(c.fold, c.on); !slices.Equal(got, c.want) {
			t.Errorf("on %s: %v, want %v", c.on, got, c.want)
		}
	}
}
