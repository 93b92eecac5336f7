package disclosures

import (
	"context"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the disclosures in stream order; From and Until bound
// occurred_at. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	pending, err := loadChanges(ctx, db, filter)
	if err != nil {
		return err
	}
	var w rows.Where
	w.Register("", filter)
	q := `SELECT disclosure, agency, dossier, occurred, recorded, recipient, recipient_class, categories, records,
		ground, purpose, channel, actor, consent, profile, profile_version, unlawful, position
		FROM disclosures` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, occurred, err := scanRow(scan)
		if err != nil {
			return err
		}
		r.NoticesPending = pending.since(&r, occurred)
		return f(r)
	})
}

func scanRow(scan func(...any) error) (r Row, occurred int64, err error) {
	var (
		recorded, unlawful  int64
		categories, records string
	)
	if err := scan(&r.Disclosure, &r.Agency, &r.Dossier, &occurred, &recorded, &r.Recipient, &r.RecipientClass, &categories, &records,
		&r.Ground, &r.Purpose, &r.Channel, &r.Actor, &r.Consent, &r.Profile, &r.ProfileVersion, &unlawful, &r.Position); err != nil {
		return Row{}, 0, fmt.Errorf("reading the register of disclosures: %w", err)
	}
	r.OccurredAt, r.RecordedAt = rows.Time(occurred), rows.Time(recorded)
	r.Categories, r.Records = rows.Split[domain.Category](categories), rows.Split[string](records)
	r.Unlawful = unlawful != 0
	return r, occurred, nil
}

// item is a record, or a category of particulars, of one dossier.
type item struct{ agency, dossier, name string }

// moment orders changes and disclosures: by when they happened, and at one
// instant by their order in the stream.
type moment struct {
	occurred int64
	position uint64
}

type changesByItem map[item][]moment

// loadChanges reads the changes that the filter's disclosures may meet. They
// are far fewer than the disclosures' rows are wide.
func loadChanges(ctx context.Context, db *readdb.DB, filter rows.Filter) (changesByItem, error) {
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	out := changesByItem{}
	err := rows.Query(ctx, db, "SELECT agency, dossier, item, occurred, position FROM disclosures_changes"+w.String(), w.Args,
		func(scan func(...any) error) error {
			var (
				i item
				m moment
			)
			if err := scan(&i.agency, &i.dossier, &i.name, &m.occurred, &m.position); err != nil {
				return fmt.Errorf("reading the register of disclosures: %w", err)
			}
			out[i] = append(out[i], m)
			return nil
		})
	return out, err
}

// since counts the changes of what a disclosure held that came after it: the
// recipient has the former content (L-19). A disclosure that was written down
// late is judged by when it happened.
func (c changesByItem) since(r *Row, occurred int64) int {
	if len(c) == 0 {
		return 0
	}
	n := 0
	count := func(name string) {
		for _, m := range c[item{r.Agency, r.Dossier, name}] {
			if m.occurred > occurred || m.occurred == occurred && m.position > r.Position {
				n++
			}
		}
	}
	for _, id := range r.Records {
		count(id)
	}
	for _, category := range r.Categories {
		if category.Particular() {
			count(string(category))
		}
	}
	return n
}
