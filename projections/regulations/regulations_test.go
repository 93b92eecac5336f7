package regulations_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

func activities(t *testing.T, db *readdb.DB, agency, day string) []regulations.Activity {
	t.Helper()
	return rowstest.Collect(t, func(each func(regulations.Activity) error) error {
		return regulations.Activities(t.Context(), db, agency, nl.MustDate(day), each)
	})
}

// S-CBP, L-30, C-1.2a: the register of processing activities comes out of the
// regulation in force, one for each purpose.
func TestActivities(t *testing.T) {
	s := rowstest.Begin(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, regulations.Projection{}, &s.History)
		rowstest.Golden(t, "activities", activities(t, db, "", "2017-02-01"))
	})
}

// L-30: the register shows what domain/regulation says of the version in force,
// and nothing beside it: research goes out on its own grounds alone, and the
// looks of an audit need no category.
func TestActivitiesAreTheRegulations(t *testing.T) {
	s := rowstest.Begin(t)
	shown := activities(t, s.Fold("", regulations.Projection{}), "", "2017-02-01")
	for _, name := range []string{"click-2017", "solutions-vpr"} {
		p, _, err := regulation.Adopt(name, 1, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range regulation.Activities(&p) {
			i := slices.IndexFunc(shown, func(a regulations.Activity) bool { return a.Activity == want.ID })
			if i < 0 {
				t.Fatalf("%s is not shown", want.ID)
			}
			got := shown[i]
			shown = slices.Delete(shown, i, i+1)
			if len(got.Grounds) != len(want.Grounds) || len(got.Categories) != len(want.Categories) || len(got.Recipients) != len(want.Recipients) ||
				len(got.Bases) != len(want.Bases) || len(got.Security) != len(want.Security) || got.Expected != want.Expected ||
				!slices.Equal(got.Retention, want.Retention) {
				t.Errorf("%s: shown %+v, is %+v", want.ID, got, want)
			}
			if got.Purpose == "audit" && len(got.Categories) != 0 {
				t.Errorf("an audit needs %v", got.Categories)
			}
		}
	}
	if len(shown) != 0 {
		t.Errorf("shown beside what is: %+v", shown)
	}
}

// C-1.2d, C-1.2e: overviews and invoices have no more than they need, and health
// data stay out of both.
func TestNarrowActivities(t *testing.T) {
	db := rowstest.Begin(t).Fold("", regulations.Projection{})
	for _, a := range activities(t, db, "", "2017-02-01") {
		narrow := slices.Contains([]string{"invoicing", "management_information", "subsidy", "maintenance"}, a.Purpose)
		if narrow && (len(a.Categories) > 3 || slices.ContainsFunc(a.Categories, domain.Category.Health)) {
			t.Errorf("%s needs %v", a.Activity, a.Categories)
		}
		if !narrow && a.Purpose == "guidance" && len(a.Categories) != len(domain.Categories) {
			t.Errorf("%s has %d categories", a.Activity, len(a.Categories))
		}
	}
}

// C-4b, L-13: another regulation has entries of its own from the day on which it
// takes effect; before any is in force there are none.
func TestActivitiesOnTheDay(t *testing.T) {
	s := rowstest.Begin(t)
	s.Adopt("click", "solutions-vpr", "2019-01-01")
	db := s.Fold("", regulations.Projection{})
	if got := activities(t, db, "click", "2017-01-18"); len(got) != 0 {
		t.Errorf("%d before the first regulation", len(got))
	}
	before, after := activities(t, db, "click", "2018-12-31"), activities(t, db, "click", "2019-01-01")
	if before[0].Activity != "click-2017/1/guidance" || after[0].Activity != "solutions-vpr/1/guidance" {
		t.Errorf("%s, then %s", before[0].Activity, after[0].Activity)
	}
	book, err := regulations.Load(t.Context(), db, "")
	if err != nil {
		t.Fatal(err)
	}
	if p := book.On("click", nl.MustDate("2018-12-31")); p == nil || p.Name != "click-2017" {
		t.Errorf("in force: %v", p)
	}
	if p := book.On("click", nl.MustDate("2017-01-18")); p != nil {
		t.Errorf("in force too early: %s", p.Name)
	}
	if terms, ok := book.Terms("click", nl.MustDate("2016-01-01")); !ok || terms.Request.Value != 28 {
		t.Errorf("terms before the first regulation: %v %v", terms.Request, ok)
	}
	if _, ok := book.Terms("nobody", nl.MustDate("2018-01-01")); ok {
		t.Error("terms of an agency that does not exist")
	}
}

func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, regulations.Projection{}, &rowstest.Begin(t).History)
}
