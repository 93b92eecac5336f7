package requests

import (
	"context"
	"fmt"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the requests in stream order; From and Until bound the
// occurred_at of the receipt. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.Register("", filter)
	q := `SELECT agency, dossier, request, kind, by_whom, representative, channel, received_on, due, items, reason,
		extended_until, decision, decided_on, answered_on, granted, refused, fulfilled_on, withdrawn_on, position, occurred,
		(SELECT COUNT(*) FROM requests o WHERE o.agency = requests.agency AND o.dossier = requests.dossier
			AND o.kind = requests.kind AND (o.position < requests.position OR o.position = requests.position AND o.event <= requests.event))
		FROM requests` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		if err != nil {
			return err
		}
		return f(r)
	})
}

func scanRow(scan func(...any) error) (Row, error) {
	var (
		r                                    Row
		received, due, extended              string
		decided, answered, fulfilled, undone string
		occurred                             int64
	)
	err := scan(&r.Agency, &r.Dossier, &r.Request, &r.Kind, &r.By, &r.Representative, &r.Channel, &received, &due, &r.Items, &r.Reason,
		&extended, &r.Decision, &decided, &answered, &r.ItemsGranted, &r.ItemsRefused, &fulfilled, &undone, &r.Position, &occurred, &r.Number)
	if err != nil {
		return Row{}, fmt.Errorf("reading the register of requests: %w", err)
	}
	r.OccurredAt = rows.Time(occurred)
	if extended != "" {
		due = extended
	}
	err = rows.Dates(map[*nl.Date]string{
		&r.ReceivedOn: received, &r.Due: due, &r.ExtendedUntil: extended, &r.DecidedOn: decided,
		&r.AnsweredOn: answered, &r.FulfilledOn: fulfilled, &r.WithdrawnOn: undone,
	})
	r.State = r.state()
	return r, err
}
