package complaints

import (
	"context"
	"fmt"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the complaints in stream order; From and Until bound the
// occurred_at of the filing. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.Register("", filter)
	q := `SELECT agency, dossier, complaint, received_on, due, channel, about_staff, clause, handler, answered_on, outcome, position
		FROM complaints` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			r                       Row
			received, due, answered string
		)
		err := scan(&r.Agency, &r.Dossier, &r.Complaint, &received, &due, &r.Channel, &r.AboutStaff, &r.Clause,
			&r.Handler, &answered, &r.Outcome, &r.Position)
		if err != nil {
			return fmt.Errorf("reading the register of complaints: %w", err)
		}
		if err := rows.Dates(map[*nl.Date]string{&r.ReceivedOn: received, &r.Due: due, &r.AnsweredOn: answered}); err != nil {
			return err
		}
		if r.State = StateOpen; answered != "" {
			r.State = StateResolved
		}
		return f(r)
	})
}
