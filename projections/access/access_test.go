package access_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	domainaccess "github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna = rowstest.ID(1)
	one  = rowstest.ID(11)
	two  = rowstest.ID(12)
)

// history has a look at one dossier, a denied one, a list of two (one of them
// named twice), a search that found nothing, and a look in another agency.
func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	look := func(agency, actor, at string, e domainaccess.Recorded) {
		h.Add(t, rowstest.Commit{Ref: rowstest.On(agency, domain.KindAccess, actor), Actor: actor, At: at}, rowstest.Plain(&e))
	}
	look("click", anna, "2017-02-01T09:00:00Z", domainaccess.Recorded{
		Action: "view", Outcome: "allowed", Dossiers: []string{one}, Owners: []string{"dossier/" + one},
		Categories: []domain.Category{"report", "contact"}, Purpose: "guidance", Ground: "assignment", Role: "coach",
	})
	look("click", rowstest.ID(2), "2017-02-01T10:00:00Z", domainaccess.Recorded{
		Action: "view", Outcome: "denied", Dossiers: []string{two}, Purpose: "guidance", Ground: "none", Role: "coach",
		OnBehalfOf: anna, Code: "not_assigned", Rule: "C-0d",
	})
	look("click", anna, "2017-02-01T11:00:00.123456789Z", domainaccess.Recorded{
		Action: "list", Outcome: "allowed", Dossiers: []string{two, one, two}, Owners: []string{"dossier/" + one, "dossier/" + two},
		Categories: []domain.Category{"contact"}, Purpose: "guidance", Ground: "assignment", Role: "coach",
	})
	look("click", anna, "2017-02-01T12:00:00Z", domainaccess.Recorded{
		Action: "search", Outcome: "allowed", Purpose: "guidance", Ground: "assignment", Role: "coach",
	})
	look("sol", domain.Operator, "2017-02-01T13:00:00Z", domainaccess.Recorded{
		Action: "export", Outcome: "allowed", Dossiers: []string{one}, Purpose: "audit", Ground: "role",
	})
	return h
}

func list(t *testing.T, db *readdb.DB, f access.Filter) []access.Row {
	t.Helper()
	return rowstest.Collect(t, func(each func(access.Row) error) error { return access.List(t.Context(), db, f, each) })
}

// C-2.1.4b: who saw what and when; a list gives one row for each dossier that
// it showed, a refusal is a row too.
func TestRegisterOfAccess(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, access.Projection{}, history(t))
		rowstest.Golden(t, "access", list(t, db, access.Filter{}))
	})
}

// C-2.9.1: a client's own log has the looks at him alone and the lists that
// showed him, in stream order, and nobody else's.
func TestAccessOfOneDossier(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, access.Projection{}, history(t))
		rowstest.Golden(t, "dossier", list(t, db, access.Filter{Filter: rows.Filter{Agency: "click", Dossier: one}}))
	})
}

func TestAccessFilters(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, access.Projection{}, history(t))
	for name, c := range map[string]struct {
		filter access.Filter
		want   int
	}{
		"agency":            {access.Filter{Filter: rows.Filter{Agency: "sol"}}, 1},
		"actor":             {access.Filter{Actor: anna}, 4},
		"dossier and actor": {access.Filter{Actor: anna, Filter: rows.Filter{Dossier: two}}, 1},
		"from":              {access.Filter{Filter: rows.Filter{From: rowstest.At("2017-02-01T12:00:00Z")}}, 2},
		"until":             {access.Filter{Filter: rows.Filter{Until: rowstest.At("2017-02-01T10:00:00Z")}}, 1},
		"action":            {access.Filter{Action: "list"}, 2},
		"outcome":           {access.Filter{Outcome: "denied"}, 1},
		"ground":            {access.Filter{Ground: "role"}, 1},
		"purpose":           {access.Filter{Purpose: "audit"}, 1},
		"after":             {access.Filter{After: 3}, 2},
		"before":            {access.Filter{Before: 3}, 2},
		"limit":             {access.Filter{Limit: 3}, 4},
		"newest of one":     {access.Filter{Filter: rows.Filter{Dossier: one}, Newest: true, Limit: 1}, 1},
		"a time of dossier": {access.Filter{Filter: rows.Filter{Dossier: one, From: rowstest.At("2017-02-01T10:00:00Z"), Until: rowstest.At("2017-02-01T12:00:00Z")}}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := list(t, db, c.filter); len(got) != c.want {
				t.Fatalf("got %d rows, want %d", len(got), c.want)
			}
		})
	}
}

// C-2.1.4b: a page of the register has whole looks, the newest first where that
// is asked, with what the decision rested on; patterns are sought actor by actor.
func TestLooks(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, access.Projection{}, history(t))
		newest := rowstest.Collect(t, func(each func(access.Look) error) error {
			return access.Looks(t.Context(), db, access.Filter{Filter: rows.Filter{Agency: "click"}, Newest: true, Limit: 3}, each)
		})
		if len(newest) != 3 || newest[0].Position != 4 || len(newest[0].Dossiers) != 0 || !slices.Equal(newest[1].Dossiers, []string{two, one}) ||
			newest[2].Code != "not_assigned" || newest[2].Rule != "C-0d" {
			t.Errorf("got %+v", newest)
		}
		var actors []string
		err := access.ByActor(t.Context(), db, access.Filter{}, func(l access.Look) error {
			actors = append(actors, l.Actor)
			return nil
		})
		if want := []string{anna, anna, anna, anna[:len(anna)-1] + "2", domain.Operator}; err != nil || !slices.Equal(actors, want) {
			t.Errorf("by actor: %v, %v", actors, err)
		}
	})
}

func TestAccessLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, access.Projection{}, history(t))
}
