package deadlines_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// catalogue §3: the register on 1 June, for both profiles, by due date and then
// dossier.
func TestRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		for _, p := range views {
			rowstest.Rebuild(t, db, p, &s.History)
		}
		rowstest.Golden(t, "deadlines", rowstest.Collect(t, func(each func(deadlines.Row) error) error {
			return deadlines.List(t.Context(), db, rows.Filter{}, rowstest.At("2017-06-01T21:59:59Z"), each)
		}))
	})
}
