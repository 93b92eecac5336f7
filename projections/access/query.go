package access

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Filter narrows the register; From and Until bound occurred_at. Zero fields do
// not narrow.
type Filter struct {
	rows.Filter
	// Actor keeps the looks of one actor; the codes those that have them.
	Actor, Action, Outcome, Ground, Purpose string
	// After and Before bound the position, both excluded.
	After, Before uint64
	// Newest gives the newest first; Limit at most so many access events, 0 all.
	Newest bool
	Limit  int
}

const columns = `a.position, a.event, a.recorded, a.occurred, a.agency, a.dossier, a.dossiers, a.actor, a.role,
	a.on_behalf_of, a.action, a.categories, a.purpose, a.ground, a.outcome, a.code, a.rule,
	a.policies, a.digest, a.trace, a.door, a.imported`

// List calls f with the looks in stream order; those of one list stand in the
// order in which it named its dossiers. f may give rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter Filter, f func(Row) error) error {
	return Looks(ctx, db, filter, func(l Look) error {
		if filter.Dossier != "" {
			l.Row.Dossier = filter.Dossier
			return f(l.Row)
		}
		return l.Each(f)
	})
}

// Each calls f with a row for each dossier that the look named, or one without.
func (l Look) Each(f func(Row) error) error {
	if len(l.Dossiers) == 0 {
		return f(l.Row)
	}
	for _, id := range l.Dossiers {
		one := l.Row // with lists of its own, which the callback may change
		one.Dossier, one.Categories = id, slices.Clone(l.Row.Categories)
		if err := f(one); err != nil {
			return err
		}
	}
	return nil
}

// Looks calls f with the access events in stream order, or the newest first.
// f may give rows.ErrStop.
func Looks(ctx context.Context, db *readdb.DB, filter Filter, f func(Look) error) error {
	order := " ORDER BY 1, 2"
	if filter.Newest {
		order = " ORDER BY 1 DESC, 2 DESC"
	}
	if filter.Limit > 0 {
		order += " LIMIT " + strconv.Itoa(filter.Limit)
	}
	return looks(ctx, db, filter, order, f)
}

// ByActor calls f with the access events of one actor after the other, each
// one's by occurred_at: what is looked through for unusual patterns. f may give
// rows.ErrStop.
func ByActor(ctx context.Context, db *readdb.DB, filter Filter, f func(Look) error) error {
	return looks(ctx, db, filter, " ORDER BY actor, occurred, position, event", f)
}

func looks(ctx context.Context, db *readdb.DB, filter Filter, order string, f func(Look) error) error {
	q, args := query(filter)
	return rows.Query(ctx, db, q+order, args, func(scan func(...any) error) error {
		l, err := scanLook(scan)
		if err != nil {
			return err
		}
		return f(l)
	})
}

// query looks a dossier up in two places: the looks at it alone, and the lists
// that showed it.
func query(filter Filter) (string, []any) {
	rest := filter.Filter
	rest.Dossier = ""
	var w rows.Where
	w.Register("a.", rest)
	for _, c := range []struct{ column, code string }{
		{"actor", filter.Actor}, {"action", filter.Action}, {"outcome", filter.Outcome}, {"ground", filter.Ground}, {"purpose", filter.Purpose},
	} {
		w.If(c.code != "", "a."+c.column+" = ?", c.code)
	}
	w.If(filter.After > 0, "a.position > ?", int64(filter.After))
	w.If(filter.Before > 0, "a.position < ?", int64(filter.Before))
	if filter.Dossier == "" {
		return "SELECT " + columns + " FROM access a" + w.String(), w.Args
	}
	single, inList := w.Clone(), w.Clone()
	single.And("a.dossier = ?", filter.Dossier)
	inList.And("l.dossier = ?", filter.Dossier)
	q := "SELECT " + columns + " FROM access a" + single.String() +
		" UNION ALL SELECT " + columns + " FROM access_listed l JOIN access a ON a.agency = l.agency AND a.position = l.position AND a.event = l.event" +
		inList.String()
	return q, append(single.Args, inList.Args...)
}

func scanLook(scan func(...any) error) (Look, error) {
	var (
		l                              Look
		recorded, occurred, imported   int64
		dossiers, categories, policies string
		b                              = &l.Basis
	)
	if err := scan(&l.Position, &b.Event, &recorded, &occurred, &l.Agency, &l.Dossier, &dossiers, &l.Actor, &l.Role,
		&l.OnBehalfOf, &l.Action, &categories, &l.Purpose, &l.Ground, &l.Outcome, &l.Code, &l.Rule,
		&policies, &b.Digest, &b.Trace, &b.Door, &imported); err != nil {
		return Look{}, fmt.Errorf("reading the access register: %w", err)
	}
	l.RecordedAt, l.OccurredAt = rows.Time(recorded), rows.Time(occurred)
	l.Categories, b.Policies, b.Imported = rows.Split[domain.Category](categories), rows.Split[string](policies), imported != 0
	if l.Dossiers = rows.Split[string](dossiers); l.Dossier != "" {
		l.Dossiers = []string{l.Dossier}
	}
	return l, nil
}
