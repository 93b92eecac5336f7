package access

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Filter narrows the register; From and Until bound occurred_at.
type Filter struct {
	rows.Filter
	// Actor keeps the looks of one actor.
	Actor string
}

const columns = `a.position, a.recorded, a.occurred, a.agency, a.dossier, a.dossiers, a.actor, a.role,
	a.on_behalf_of, a.action, a.categories, a.purpose, a.ground, a.outcome, a.event`

// List calls f with the looks in stream order; those of one list stand in the
// order in which it named its dossiers. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter Filter, f func(Row) error) error {
	q, args := query(filter)
	return rows.Query(ctx, db, q, args, func(scan func(...any) error) error {
		row, dossiers, err := scanRow(scan)
		if err != nil {
			return err
		}
		if filter.Dossier != "" {
			row.Dossier = filter.Dossier
			return f(row)
		}
		if len(dossiers) == 0 {
			return f(row)
		}
		for _, id := range dossiers {
			one := row // with lists of its own, which the callback may change
			one.Dossier, one.Categories = id, slices.Clone(row.Categories)
			if err := f(one); err != nil {
				return err
			}
		}
		return nil
	})
}

// query looks a dossier up in two places: the looks at it alone, and the lists
// that showed it.
func query(filter Filter) (string, []any) {
	rest := filter.Filter
	rest.Dossier = ""
	var w rows.Where
	w.Register("a.", rest)
	w.If(filter.Actor != "", "a.actor = ?", filter.Actor)
	if filter.Dossier == "" {
		return "SELECT " + columns + " FROM access a" + w.String() + " ORDER BY a.position, a.event", w.Args
	}
	single, inList := w.Clone(), w.Clone()
	single.And("a.dossier = ?", filter.Dossier)
	inList.And("l.dossier = ?", filter.Dossier)
	q := "SELECT " + columns + " FROM access a" + single.String() +
		" UNION ALL SELECT " + columns + " FROM access_listed l JOIN access a ON a.agency = l.agency AND a.position = l.position AND a.event = l.event" +
		inList.String() + " ORDER BY 1, 15"
	return q, append(single.Args, inList.Args...)
}

func scanRow(scan func(...any) error) (Row, []string, error) {
	var (
		r                    Row
		recorded, occurred   int64
		dossiers, categories string
		event                int64
	)
	if err := scan(&r.Position, &recorded, &occurred, &r.Agency, &r.Dossier, &dossiers, &r.Actor, &r.Role,
		&r.OnBehalfOf, &r.Action, &categories, &r.Purpose, &r.Ground, &r.Outcome, &event); err != nil {
		return Row{}, nil, fmt.Errorf("reading the access register: %w", err)
	}
	r.RecordedAt, r.OccurredAt = rows.Time(recorded), rows.Time(occurred)
	r.Categories = rows.Split[domain.Category](categories)
	return r, rows.Split[string](dossiers), nil
}
