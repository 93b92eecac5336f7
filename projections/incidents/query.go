package incidents

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the incidents in stream order; From and Until bound the
// occurred_at of the report, and a dossier narrows to those that concern it. f
// may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	var w rows.Where
	w.Register("", rows.Filter{Agency: filter.Agency, From: filter.From, Until: filter.Until})
	q := `SELECT agency, incident, occurred, discovered, notify_by, kind, dossiers, categories, people, risk,
		notify_authority, notify_clients, assessed, exonerated, notified, closed_on, position
		FROM incidents` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		if err != nil {
			return err
		}
		if filter.Dossier != "" && !slices.Contains(r.Dossiers, filter.Dossier) {
			return nil
		}
		return f(r)
	})
}

func scanRow(scan func(...any) error) (Row, error) {
	var (
		r                                                              Row
		occurred, discovered, notifyBy, assessed, exonerated, notified int64
		authority, clients                                             int64
		dossiers, categories, closed                                   string
	)
	err := scan(&r.Agency, &r.Incident, &occurred, &discovered, &notifyBy, &r.Kind, &dossiers, &categories, &r.People, &r.Risk,
		&authority, &clients, &assessed, &exonerated, &notified, &closed, &r.Position)
	if err != nil {
		return Row{}, fmt.Errorf("reading the register of incidents: %w", err)
	}
	r.ReportedAt, r.DiscoveredAt, r.NotifyBy = rows.Time(occurred), rows.Time(discovered), rows.Time(notifyBy)
	r.AssessedAt, r.Exonerated, r.NotifiedAt = rows.Time(assessed), rows.Time(exonerated), rows.Time(notified)
	r.Dossiers, r.Categories = rows.Split[string](dossiers), rows.Split[domain.Category](categories)
	r.NotifyAuthority, r.NotifyClients = authority != 0, clients != 0
	err = rows.Dates(map[*nl.Date]string{&r.ClosedOn: closed})
	r.State = r.state()
	return r, err
}
