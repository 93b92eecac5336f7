package disclosures

import (
	"context"
	"fmt"

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
