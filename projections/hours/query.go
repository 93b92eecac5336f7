package hours

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the entries in the order in which they were logged. The
// filter's From and Until bound the day of the work, by the days on which they
// fall in Europe/Amsterdam: an Until at the start of a day leaves that day out.
// An entry that was voided by a correction has no minutes. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	w.If(!filter.From.IsZero(), "date >= ?", nl.DateOf(filter.From).String())
	w.If(!filter.Until.IsZero(), "date <= ?", nl.DateOf(filter.Until.Add(-time.Nanosecond)).String())
	q := `SELECT agency, dossier, entry, trajectory, date, minutes, activity, actor, position, corrections
		FROM hours` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var r Row
		if err := scan(&r.Agency, &r.Dossier, &r.Entry, &r.Trajectory, &r.Date, &r.Minutes, &r.Activity, &r.Actor,
			&r.Position, &r.Corrections); err != nil {
			return fmt.Errorf("reading the register of hours: %w", err)
		}
		return f(r)
	})
}
