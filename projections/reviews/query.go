package reviews

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the reviews as they stand on a day, in stream order of the
// looks in an emergency and of the reviews of access; From and Until bound their
// occurred_at. A dossier narrows to the looks into it and to the reviews of
// access that name it. f may give rows.ErrStop. It reads the view regulations
// beside its own: a glass is to be reviewed by the terms that were in force when
// it was broken.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, today nl.Date, f func(Row) error) error {
	book, err := regulations.Load(ctx, db, filter.Agency)
	if err != nil {
		return err
	}
	var w rows.Where
	w.Register("", rows.Filter{Agency: filter.Agency, From: filter.From, Until: filter.Until})
	w.If(filter.Dossier != "", "dossier IN (?, '')", filter.Dossier)
	q := `SELECT agency, dossier, id, position, occurred, kind, dossiers, staff, opened, closed, first_day, last_day, sample, outcome, reviewed, actor, incident
		FROM reviews` + w.String() + ` ORDER BY position, event`
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		r, err := scanRow(scan)
		if err != nil {
			return err
		}
		if filter.Dossier != "" && r.Kind == KindAccess && !slices.Contains(r.Dossiers, filter.Dossier) {
			return nil
		}
		r.settle(dueOf(book, &r), today)
		return f(r)
	})
}

// dueOf is the last day for the review of a glass; zero for a review of access,
// which has been done.
func dueOf(book *regulations.Book, r *Row) (due nl.Date) {
	if r.Kind != KindBreakGlass {
		return due
	}
	day := nl.DateOf(r.Started)
	if terms, ok := book.Terms(r.Agency, day); ok {
		due = day.AddDays(terms.BreakGlassReview.Value)
	}
	return due
}

func scanRow(scan func(...any) error) (Row, error) {
	var (
		r                                  Row
		id, dossiers, staff, first, last   string
		occurred, opened, closed, reviewed int64
		sample                             int
	)
	err := scan(&r.Agency, &r.Dossier, &id, &r.Position, &occurred, &r.Kind, &dossiers, &staff, &opened, &closed, &first, &last, &sample,
		&r.Outcome, &reviewed, &r.Actor, &r.Incident)
	if err != nil {
		return Row{}, fmt.Errorf("reading the register of reviews: %w", err)
	}
	r.Dossiers, r.Staff = rows.Split[string](dossiers), rows.Split[string](staff)
	r.Started, r.ReviewedAt = rows.Time(occurred), rows.Time(reviewed)
	if r.Kind == KindAccess {
		r.Review, r.From, r.Until, r.Sample = id, first, last, &sample
	} else {
		r.Glass, r.From, r.Until = id, rows.Time(opened).Format(time.RFC3339), rows.Time(closed).Format(time.RFC3339)
	}
	return r, nil
}

// Last gives the day on which each agency's access was last reviewed; an agency
// whose access never was is absent.
func Last(ctx context.Context, db *readdb.DB, agency string) (map[string]nl.Date, error) {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.And("kind = ?", KindAccess)
	out := map[string]nl.Date{}
	err := rows.Query(ctx, db, "SELECT agency, MAX(occurred) FROM reviews"+w.String()+" GROUP BY agency", w.Args, func(scan func(...any) error) error {
		var (
			name string
			at   int64
		)
		if err := scan(&name, &at); err != nil {
			return fmt.Errorf("reading the last reviews of access: %w", err)
		}
		out[name] = nl.DateOf(rows.Time(at))
		return nil
	})
	return out, err
}
