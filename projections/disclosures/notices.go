package disclosures

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Notice is what the recipient of a disclosure must be told of one change of
// one item that it received (L-19).
type Notice struct {
	Agency, Dossier string
	Disclosure      string
	Recipient       string // "" where an unlawful disclosure names none
	// Item is the id of a record, or the code of a category of particulars.
	Item string
	// Act is rectification, completion, restriction or removal.
	Act     string
	Changed time.Time // occurred_at of the change
	// Told is when the recipient was told, or it was given up; zero while it is
	// owed. Outcome is sent, impossible or disproportionate.
	Told    time.Time
	Outcome string
	About   string // what the notice was said to be about, where that is an id
	// Position is the change's, TellPosition the notice's.
	Position, TellPosition uint64
}

// item is a record, or a category of particulars, of one dossier.
type item struct{ agency, dossier, name string }

// sent is an item that went out with one disclosure.
type sent struct{ agency, dossier, disclosure, name string }

// moment orders changes, disclosures and notices: by when they happened, and at
// one instant by their order in the stream.
type moment struct {
	occurred int64
	position uint64
}

func (m moment) before(o moment) bool {
	return m.occurred < o.occurred || m.occurred == o.occurred && m.position < o.position
}

type changeOf struct {
	moment
	act string
}

type tellOf struct {
	moment
	outcome, about string
}

type wrongly struct {
	on         nl.Date // the day on which it went out
	recipient  string
	categories []domain.Category
	records    []string
}

// book has all that is said about disclosures beside their own rows. It is far
// less than those are.
type book struct {
	changes map[item][]changeOf
	told    map[sent][]tellOf
	unlaw   map[sent][]wrongly
}

func loadBook(ctx context.Context, db *readdb.DB, filter rows.Filter) (*book, error) {
	b := &book{changes: map[item][]changeOf{}, told: map[sent][]tellOf{}, unlaw: map[sent][]wrongly{}}
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	load := func(columns, table string, one func(scan func(...any) error) error) error {
		q := "SELECT agency, dossier, " + columns + " FROM " + table + w.String() + " ORDER BY occurred, position, event"
		if table == unlawful {
			q = "SELECT agency, dossier, " + columns + " FROM " + table + w.String() + " ORDER BY position, event"
		}
		return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
			if err := one(scan); err != nil {
				return fmt.Errorf("reading the register of disclosures: %w", err)
			}
			return nil
		})
	}
	err := load("item, occurred, position, act", changes, func(scan func(...any) error) error {
		var (
			i item
			c changeOf
		)
		err := scan(&i.agency, &i.dossier, &i.name, &c.occurred, &c.position, &c.act)
		b.changes[i] = append(b.changes[i], c)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = load("disclosure, item, occurred, position, outcome, about", told, func(scan func(...any) error) error {
		var (
			s sent
			t tellOf
		)
		err := scan(&s.agency, &s.dossier, &s.disclosure, &s.name, &t.occurred, &t.position, &t.outcome, &t.about)
		b.told[s] = append(b.told[s], t)
		return err
	})
	if err != nil {
		return nil, err
	}
	return b, load("disclosure, occurred_on, recipient, categories, records", unlawful, func(scan func(...any) error) error {
		var (
			s                       sent
			u                       wrongly
			on, categories, records string
		)
		if err := scan(&s.agency, &s.dossier, &s.disclosure, &on, &u.recipient, &categories, &records); err != nil {
			return err
		}
		u.categories, u.records = rows.Split[domain.Category](categories), rows.Split[string](records)
		err := rows.Dates(map[*nl.Date]string{&u.on: on})
		b.unlaw[s] = append(b.unlaw[s], u)
		return err
	})
}

// wrong marks a disclosure that turned out to be unlawful: what went out is what
// either registration says (C-2.6b).
func (b *book) wrong(r *Row) {
	for _, u := range b.unlaw[sent{r.Agency, r.Dossier, r.Disclosure, ""}] {
		r.Unlawful = true
		r.Categories = rows.Sorted(append(slices.Clone(r.Categories), u.categories...))
		r.Records = rows.Sorted(append(slices.Clone(r.Records), u.records...))
		if r.Recipient == "" {
			r.Recipient = u.recipient
		}
		if r.OccurredOn.IsZero() && u.on != nl.DateOf(r.OccurredAt) {
			r.OccurredOn = u.on
		}
	}
}

// pending calls f with the changes of what a disclosure held that came after
// it: the recipient has the former content. A disclosure that was written down
// late is judged by when it happened. A notice settles every change of its
// items up to its own moment.
func (b *book) pending(r *Row, happened int64, f func(Notice)) {
	if len(b.changes) == 0 {
		return
	}
	made := moment{happened, r.Position}
	each := func(name string) {
		for _, c := range b.changes[item{r.Agency, r.Dossier, name}] {
			if !made.before(c.moment) {
				continue
			}
			n := Notice{
				Agency: r.Agency, Dossier: r.Dossier, Disclosure: r.Disclosure, Recipient: r.Recipient,
				Item: name, Act: c.act, Changed: rows.Time(c.occurred), Position: c.position,
			}
			for _, t := range b.told[sent{r.Agency, r.Dossier, r.Disclosure, name}] {
				if c.before(t.moment) {
					n.Told, n.Outcome, n.About, n.TellPosition = rows.Time(t.occurred), t.outcome, t.about, t.position
					break
				}
			}
			f(n)
		}
	}
	for _, id := range r.Records {
		each(id)
	}
	for _, category := range r.Categories {
		if category.Particular() {
			each(string(category))
		}
	}
}
