package regulations

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Adoption is a regulation that was adopted, whole.
type Adoption struct {
	From     nl.Date   // the day on which it takes effect
	Adopted  time.Time // occurred_at
	Assessed nl.Date   // the day of its impact assessment; zero for none (L-35)
	Document *regulation.Profile
}

// Book has the adoptions of the agencies, in stream order. It is only read.
type Book struct {
	agencies map[string][]Adoption
}

// Load reads the adoptions of an agency, or of all for "".
func Load(ctx context.Context, db *readdb.DB, agency string) (*Book, error) {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	b := &Book{agencies: map[string][]Adoption{}}
	q := "SELECT agency, effective_from, adopted, assessed_on, document FROM regulations" + w.String() + " ORDER BY agency, position, event"
	err := rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			name, from, assessed, document string
			adopted                        int64
		)
		if err := scan(&name, &from, &adopted, &assessed, &document); err != nil {
			return fmt.Errorf("reading the regulations: %w", err)
		}
		a := Adoption{Adopted: rows.Time(adopted), Document: new(regulation.Profile)}
		if err := rows.Dates(map[*nl.Date]string{&a.From: from, &a.Assessed: assessed}); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(document), a.Document); err != nil {
			return fmt.Errorf("regulations: a regulation of the view has another form: %w", err)
		}
		b.agencies[name] = append(b.agencies[name], a)
		return nil
	})
	return b, err
}

// Agencies are those with a regulation, in byte order.
func (b *Book) Agencies() []string { return slices.Sorted(maps.Keys(b.agencies)) }

// Adoptions are those of one agency, in stream order.
func (b *Book) Adoptions(agency string) []Adoption { return b.agencies[agency] }

// On is the regulation in force on a day: of those that are effective the one
// with the latest day, and of those the last adopted; nil for none.
func (b *Book) On(agency string, day nl.Date) *regulation.Profile {
	if a := b.adoptionOn(agency, day); a != nil {
		return a.Document
	}
	return nil
}

func (b *Book) adoptionOn(agency string, day nl.Date) *Adoption {
	var best *Adoption
	list := b.agencies[agency]
	for i := range list {
		if a := &list[i]; !a.From.After(day) && (best == nil || !a.From.Before(best.From)) {
			best = a
		}
	}
	return best
}

// Assessed tells whether an impact assessment of a regulation was made by a day,
// and since when that version has been in force (L-35).
func (b *Book) Assessed(agency string, p *regulation.Profile, day nl.Date) (since nl.Date, assessed bool) {
	for _, a := range b.agencies[agency] {
		if a.Document.Name != p.Name || a.Document.Version != p.Version {
			continue
		}
		if since.IsZero() || a.From.Before(since) {
			since = a.From
		}
		assessed = assessed || !a.Assessed.IsZero() && !a.Assessed.After(day)
	}
	return since, assessed
}

// Terms are the terms by which something that began on a day runs: those of
// the regulation then in force, which a later version does not change. What
// began before the agency had any runs by the first that it adopted. ok is
// false for an agency without one.
func (b *Book) Terms(agency string, began nl.Date) (t regulation.Terms, ok bool) {
	if p := b.On(agency, began); p != nil {
		return p.Terms, true
	}
	var first *Adoption
	list := b.agencies[agency]
	for i := range list {
		if first == nil || list[i].From.Before(first.From) {
			first = &list[i]
		}
	}
	if first == nil {
		return regulation.Terms{}, false
	}
	return first.Document.Terms, true
}
