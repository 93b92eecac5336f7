package people_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// C-2.6.2, C-2.6.3, C-2.6.4: the register of recipients, without their names.
func TestRecipientRegister(t *testing.T) {
	s := rowstest.Life(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, people.Projection{}, &s.History)
		rowstest.Golden(t, "register", rowstest.Collect(t, func(each func(people.RecipientRow) error) error {
			return people.RecipientRegister(t.Context(), db, rows.Filter{}, each)
		}))
	})
}
