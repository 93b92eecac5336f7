package disclosures

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the disclosures, lawful and not, in stream order; From and
// Until bound occurred_at. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	b, err := loadBook(ctx, db, filter)
	if err != nil {
		return err
	}
	return each(ctx, db, filter, b, func(r Row, happened int64) error {
		b.pending(&r, happened, func(n Notice) {
			if n.Told.IsZero() {
				r.NoticesPending++
			}
		})
		return f(r)
	})
}

// Notices calls f with every notice that is or was owed to a recipient because
// something that it had received was rectified, completed, restricted or taken
// out afterwards (L-19): by disclosure in stream order, then by change. The
// filter's From and Until are those of List. f may give rows.ErrStop.
func Notices(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Notice) error) error {
	b, err := loadBook(ctx, db, filter)
	if err != nil {
		return err
	}
	return each(ctx, db, filter, b, func(r Row, happened int64) error {
		var err error
		b.pending(&r, happened, func(n Notice) {
			if err == nil {
				err = f(n)
			}
		})
		return err
	})
}

// Incident is an incident that unlawful disclosures of a dossier name.
type Incident struct {
	Agency, Dossier, Incident string
	// Recorded is the occurred_at of the first registration that names it: the
	// day on which the disclosure was known, not that on which it went out.
	Recorded time.Time
}

// Incidents calls f with the incidents that the unlawful disclosures name,
// reported or not (C-2.6b), each once for a dossier, by agency, dossier and
// incident. The filter's From and Until do not narrow. f may give rows.ErrStop.
func Incidents(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Incident) error) error {
	var w rows.Where
	w.Register("", rows.Filter{Agency: filter.Agency, Dossier: filter.Dossier})
	q := "SELECT agency, dossier, incident, MIN(occurred) FROM " + unlawful + w.String() +
		" GROUP BY agency, dossier, incident ORDER BY agency, dossier, incident"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			i        Incident
			recorded int64
		)
		if err := scan(&i.Agency, &i.Dossier, &i.Incident, &recorded); err != nil {
			return fmt.Errorf("reading the unlawful disclosures: %w", err)
		}
		i.Recorded = rows.Time(recorded)
		return f(i)
	})
}

func each(ctx context.Context, db *readdb.DB, filter rows.Filter, b *book, f func(r Row, happened int64) error) error {
	var w rows.Where
	w.Register("", filter)
	q := `SELECT disclosure, agency, dossier, occurred, recorded, recipient, recipient_class, categories, records,
		ground, purpose, channel, actor, consent, profile, profile_version, unlawful, position, happened
		FROM disclosures` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, happened, err := scanRow(scan)
		if err != nil {
			return err
		}
		b.wrong(&r)
		return f(r, happened)
	})
}

func scanRow(scan func(...any) error) (r Row, happened int64, err error) {
	var (
		occurred, recorded, unlawful int64
		categories, records          string
	)
	if err := scan(&r.Disclosure, &r.Agency, &r.Dossier, &occurred, &recorded, &r.Recipient, &r.RecipientClass, &categories, &records,
		&r.Ground, &r.Purpose, &r.Channel, &r.Actor, &r.Consent, &r.Profile, &r.ProfileVersion, &unlawful, &r.Position, &happened); err != nil {
		return Row{}, 0, fmt.Errorf("reading the register of disclosures: %w", err)
	}
	r.OccurredAt, r.RecordedAt = rows.Time(occurred), rows.Time(recorded)
	r.Categories, r.Records = rows.Split[domain.Category](categories), rows.Split[string](records)
	r.Unlawful = unlawful != 0
	return r, happened, nil
}
