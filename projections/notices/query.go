package notices

import (
	"cmp"
	"context"
	"slices"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with the notices in stream order of what they are about. From
// and Until of the filter bound the day from which a notice is owed, or on which
// one without a duty was given. f may give rows.ErrStop. It reads the views
// disclosures, duties, hours and regulations.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, f func(Row) error) error {
	book, err := regulations.Load(ctx, db, filter.Agency)
	if err != nil {
		return err
	}
	facts, err := duties.Load(ctx, db, filter.Agency, filter.Dossier)
	if err != nil {
		return err
	}
	list, err := All(ctx, db, filter, book, facts)
	if err != nil {
		return err
	}
	return rows.Give(list, f)
}

// All gives the rows of List out of what its caller has loaded already.
func All(ctx context.Context, db *readdb.DB, filter rows.Filter, book *regulations.Book, facts *duties.Facts) ([]Row, error) {
	list, err := clients(ctx, db, filter, book, facts)
	if err != nil {
		return nil, err
	}
	err = disclosures.Notices(ctx, db, rows.Filter{Agency: filter.Agency, Dossier: filter.Dossier}, func(n disclosures.Notice) error {
		if r, ok := toRecipient(n, book); ok {
			list = append(list, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r Row) bool {
		day := r.Since
		if day.IsZero() {
			day = r.NotifiedOn
		}
		return !filter.From.IsZero() && day.Before(nl.DateOf(filter.From)) || !filter.Until.IsZero() && day.After(nl.DateOf(filter.Until.Add(-1)))
	})
	slices.SortStableFunc(list, func(a, b Row) int { return cmp.Compare(a.Position, b.Position) })
	return list, nil
}

// clients are the notices that clients must have, and those that they had
// without a duty that is worked out here.
func clients(ctx context.Context, db *readdb.DB, filter rows.Filter, book *regulations.Book, facts *duties.Facts) ([]Row, error) {
	owed, err := facts.Notices(ctx, db, filter.Agency, filter.Dossier, book)
	if err != nil {
		return nil, err
	}
	var out []Row
	used := map[uint64]bool{}
	for _, n := range owed {
		used[n.Told] = true
		r := Row{
			Agency: n.Agency, Dossier: n.Dossier, To: ToClient, Kind: n.Kind, Ref: n.Ref, Source: n.Source, Categories: n.Categories,
			Trajectory: n.Trajectory, Since: n.Started, Due: n.Due, Method: n.Method, NotifiedOn: n.Met, Position: n.Position, State: StatePending,
		}
		if !n.Met.IsZero() {
			r.State = StateSent
		}
		out = append(out, r)
	}
	for _, t := range facts.Told {
		if used[t.Position] {
			continue
		}
		out = append(out, Row{
			Agency: t.Agency, Dossier: t.Dossier, To: ToClient, Kind: t.About, Ref: t.Ref, Trajectory: t.Trajectory,
			State: StateSent, Method: t.Method, NotifiedOn: t.On, Position: t.Position,
		})
	}
	return out, nil
}

// toRecipient gives the row of a notice to a recipient. The law says "without
// delay" and no term; it gets that of a rights request, which the act may carry
// out and which a profile may make shorter (L-19, L-12).
func toRecipient(n disclosures.Notice, book *regulations.Book) (Row, bool) {
	day := nl.DateOf(n.Changed)
	terms, ok := book.Terms(n.Agency, day)
	if !ok {
		return Row{}, false
	}
	r := Row{
		Agency: n.Agency, Dossier: n.Dossier, To: ToRecipient, Kind: KindRecipient, Ref: n.Disclosure, Recipient: n.Recipient,
		Item: n.Item, Act: n.Act, Since: day, Due: day.AddDays(terms.Request.Value), State: StatePending, Position: n.Position,
	}
	if !n.Told.IsZero() {
		r.State, r.NotifiedOn = n.Outcome, nl.DateOf(n.Told)
	}
	return r, true
}
