package retention

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Dossier is what the schedule knows of a dossier before any term is worked out.
type Dossier struct {
	Agency, Dossier string
	Opened          time.Time // occurred_at
	Declined        nl.Date   // zero while the referral was not declined
	Trajectories    []regulation.TrajectoryFact
}

// Dossiers calls f with the dossiers by agency and id; From and Until of the
// filter bound their opening. f may give rows.ErrStop.
func Dossiers(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Dossier) error) error {
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	w.If(!filter.From.IsZero(), "opened >= ?", rows.Instant(filter.From))
	w.If(!filter.Until.IsZero(), "opened < ?", rows.Instant(filter.Until))
	q := "SELECT agency, dossier, opened, declined_on, trajectories FROM retention" + w.String() + " ORDER BY agency, dossier"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			d                      Dossier
			opened                 int64
			declined, trajectories string
			known                  facts
		)
		if err := scan(&d.Agency, &d.Dossier, &opened, &declined, &trajectories); err != nil {
			return fmt.Errorf("reading the retention schedule: %w", err)
		}
		if err := known.unpack(declined, trajectories, ""); err != nil {
			return err
		}
		d.Opened, d.Declined, d.Trajectories = rows.Time(opened), known.facts.Declined, known.facts.Trajectories
		return f(d)
	})
}
