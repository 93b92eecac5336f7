package hours_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna  = rowstest.ID(1)
	bram  = rowstest.ID(2)
	first = rowstest.On("click", domain.KindDossier, rowstest.ID(11))
	other = rowstest.On("sol", domain.KindDossier, rowstest.ID(12))
)

// history has entries in two agencies, one worked by somebody else than who
// logged it, one corrected twice and one voided.
func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	log := func(ref domain.Ref, at, entry, day string, minutes int, activity, by string) {
		h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: at}, rowstest.Plain(&dossier.HoursLogged{
			Entry: entry, Trajectory: "TR-1", Date: nl.MustDate(day), Minutes: minutes, Activity: activity, WorkedBy: by,
		}))
	}
	correct := func(ref domain.Ref, at, entry string, previous, minutes int) {
		h.Add(t, rowstest.Commit{Ref: ref, Actor: bram, At: at},
			rowstest.Plain(&dossier.HoursCorrected{Entry: entry, Previous: previous, Minutes: minutes}))
	}
	log(first, "2017-02-01T16:00:00Z", rowstest.ID(21), "2017-02-01", 60, "conversation", anna)
	log(first, "2017-02-03T16:00:00Z", rowstest.ID(22), "2017-02-02", 30, "report", bram)
	log(other, "2017-02-03T17:00:00Z", rowstest.ID(21), "2017-02-03", 45, "travel", anna)
	correct(first, "2017-02-04T09:00:00Z", rowstest.ID(21), 60, 50)
	correct(first, "2017-02-05T09:00:00Z", rowstest.ID(21), 50, 55)
	correct(first, "2017-02-05T09:01:00Z", rowstest.ID(22), 30, 0)
	return h
}

func list(t *testing.T, db *readdb.DB, f rows.Filter) []hours.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(hours.Row) error) error { return hours.List(t.Context(), db, f, each) })
}

// C-0b: hours per activity, date, coach and trajectory, with what was corrected
// folded in.
func TestRegisterOfHours(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, hours.Projection{}, history(t))
		rowstest.Golden(t, "hours", list(t, db, rows.Filter{}))
	})
}

// An as-of view folds what had occurred by then: the first correction, not the second.
func TestHoursAsOf(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, hours.Projection{}, history(t).Until(nl.MustDate("2017-02-04").End()))
	got := list(t, db, rows.Filter{Agency: "click"})
	if len(got) != 2 || got[0].Minutes != 50 || got[1].Minutes != 30 {
		t.Fatalf("got %+v", got)
	}
}

func TestHoursFilters(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, hours.Projection{}, history(t))
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":             {rows.Filter{Agency: "click"}, 2},
		"dossier":            {rows.Filter{Dossier: other.ID}, 1},
		"another's dossier":  {rows.Filter{Agency: "click", Dossier: other.ID}, 0},
		"from a day":         {rows.Filter{From: nl.MustDate("2017-02-02").Start()}, 2},
		"until the day ends": {rows.Filter{Until: nl.MustDate("2017-02-02").End()}, 2},
		"until it begins":    {rows.Filter{Until: nl.MustDate("2017-02-02").Start()}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := list(t, db, c.filter); len(got) != c.want {
				t.Fatalf("got %d rows, want %d", len(got), c.want)
			}
		})
	}
}

// T4: following and rebuilding give the same rows.
func TestHoursLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, hours.Projection{}, history(t))
}
