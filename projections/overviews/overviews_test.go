package overviews_test

import (
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/overviews"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna = rowstest.ID(1)
	uwv  = rowstest.ID(31)
	jan  = rowstest.On("click", domain.KindDossier, rowstest.ID(11))
	piet = rowstest.On("click", domain.KindDossier, rowstest.ID(12))
	kees = rowstest.On("sol", domain.KindDossier, rowstest.ID(13))
)

// history opens three dossiers, guides one to work, reopens it, declines
// another, and asks two overviews, one in vain.
func history(t *testing.T) (h *rowstest.History, at map[string]uint64) {
	h, at = &rowstest.History{}, map[string]uint64{}
	add := func(name string, ref domain.Ref, when string, facts ...domain.Fact) {
		at[name] = h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: when}, facts...)
	}
	plain, day := rowstest.Plain, nl.MustDate
	add("recipient", rowstest.On("click", domain.KindAgency, "click"), "2017-01-20T09:00:00Z",
		plain(&agency.RecipientRegistered{Recipient: uwv, RecipientTerms: agency.RecipientTerms{Class: "commissioner", Subtype: "uwv"}}))
	add("jan", jan, "2017-02-01T09:00:00Z", plain(&dossier.Opened{Service: "reintegration", Referral: "commissioned", Commissioner: uwv, Standing: "benefit"}))
	add("piet", piet, "2017-02-01T10:00:00Z", plain(&dossier.Opened{Service: "absence", Referral: "self", Standing: "none"}))
	add("kees", kees, "2017-02-01T11:00:00Z", plain(&dossier.Opened{Service: "arbo", Referral: "self", Standing: "none"}))
	add("changed", rowstest.On("click", domain.KindAgency, "click"), "2017-02-02T09:00:00Z",
		plain(&agency.RecipientChanged{Recipient: uwv, RecipientTerms: agency.RecipientTerms{Class: "commissioner", Subtype: "municipality"}}))
	add("started", jan, "2017-02-03T11:00:00Z", plain(&dossier.TrajectoryStarted{Trajectory: "TR-1", StartedOn: day("2017-02-03"), Service: "reintegration"}),
		plain(&dossier.HoursLogged{Entry: rowstest.ID(51), Trajectory: "TR-1", Date: day("2017-02-03"), Minutes: 60, Activity: "conversation"}))
	add("declined", piet, "2017-02-08T10:00:00Z", plain(&dossier.ReferralDeclined{DeclinedOn: day("2017-02-08"), By: "client"}))
	asker := rowstest.On("click", domain.KindAccess, anna)
	q := overview.Query{Where: map[string][]string{"status": {"open"}}, By: []string{"service"}, Measures: []string{"count"}}
	add("asked", asker, "2017-03-01T09:00:00Z", plain(&access.OverviewAsked{Query: q, Outcome: access.Allowed, Role: "director", Threshold: 10, Population: at["declined"], Shown: []string{"*"}}))
	add("refused", asker, "2017-03-01T09:01:00Z", plain(&access.OverviewAsked{Query: q, Outcome: access.Denied, Code: "differencing", Rule: "C-1.2d"}))
	add("ended", jan, "2017-06-01T09:00:00Z", plain(&dossier.TrajectoryEnded{Trajectory: "TR-1", EndedOn: day("2017-05-31"), Outcome: "work"}),
		plain(&dossier.HoursLogged{Entry: rowstest.ID(52), Trajectory: "TR-1", Date: day("2017-05-31"), Minutes: 30, Activity: "report"}))
	add("reopened", jan, "2017-07-01T09:00:00Z", plain(&dossier.TrajectoryReopened{Trajectory: "TR-1", ReopenedOn: day("2017-07-01")}))
	return h, at
}

// C-1.2d: the dossiers of an earlier overview are found again as they stood then,
// with the kind of commissioner that they came in with, and no other agency's.
func TestDossiersAsTheyStoodThen_C_1_2d(t *testing.T) {
	h, at := history(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, overviews.Projection{}, h)
		rowstest.Rebuild(t, db, hours.Projection{}, h)
		const (
			open     = "reintegration commissioned uwv 00000000-0000-4000-8000-000000000031 benefit open none 2017 2017-Q1 none none"
			ended    = "reintegration commissioned uwv 00000000-0000-4000-8000-000000000031 benefit guidance_ended work 2017 2017-Q1 2017 2017-Q2"
			waiting  = "absence self none none none open none 2017 2017-Q1 none none"
			declined = "absence self none none none declined none 2017 2017-Q1 none none"
		)
		for name, want := range map[string][]string{
			"recipient": nil, "jan": {open}, "piet": {open, waiting}, "started": {open, waiting}, "declined": {open, declined},
			"refused": {open, declined}, "ended": {ended, declined}, "reopened": {open, declined},
		} {
			list, err := overviews.Population(t.Context(), db, "click", at[name])
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range list {
				got = append(got, d.Codes.Pack())
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		list, err := overviews.Population(t.Context(), db, "click", at["ended"])
		if err != nil || list[0].Minutes != 90 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err = overviews.Population(t.Context(), db, "click", at["asked"]); err != nil || list[0].Minutes != 60 {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// C-1.2d: an answered question is remembered with what it showed; a refused one
// showed nothing.
func TestAnsweredQuestions_C_1_2d(t *testing.T) {
	h, at := history(t)
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, overviews.Projection{}, h)
	for agencyName, since := range map[string]time.Time{"click": {}, "sol": {}} {
		got := rowstest.Collect(t, func(f func(overviews.Asked) error) error {
			return overviews.Answered(t.Context(), db, agencyName, since, f)
		})
		if agencyName == "sol" {
			if len(got) != 0 {
				t.Errorf("another agency's question is remembered: %+v", got)
			}
			continue
		}
		if len(got) != 1 || got[0].Position != at["asked"] || got[0].Actor != anna || got[0].Filter() != "status=open;" ||
			got[0].Population != at["declined"] || !slices.Equal(got[0].Shown, []string{"*"}) {
			t.Errorf("got %+v", got)
		}
	}
	late := rowstest.Collect(t, func(f func(overviews.Asked) error) error {
		return overviews.Answered(t.Context(), db, "click", rowstest.At("2017-04-01T00:00:00Z"), f)
	})
	if len(late) != 0 {
		t.Errorf("an old question is remembered: %+v", late)
	}
}

// T4: following and rebuilding give the same rows.
func TestOverviewsLiveAndRebuilt(t *testing.T) {
	h, _ := history(t)
	rowstest.SameLiveAndRebuilt(t, overviews.Projection{}, h)
}
