package readdb_test

import (
	"testing"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// Placeholders are numbered in their order; a ? in quotes or a comment is none.
func TestDollars(t *testing.T) {
	for query, want := range map[string]string{
		"SELECT 1":                           "SELECT 1",
		"a = ? AND b IN (?,?)":               "a = $1 AND b IN ($2,$3)",
		`"what?" = ? AND x = 'it''s ?' OR ?`: `"what?" = $1 AND x = 'it''s ?' OR $2`,
		"-- why?\nx = ? /* ? */ AND y = ?":   "-- why?\nx = $1 /* ? */ AND y = $2",
		"x = 'open ?":                        "x = 'open ?",
	} {
		if got := readdb.Dollars(query); got != want {
			t.Errorf("%q gives %q, want %q", query, got, want)
		}
	}
}
