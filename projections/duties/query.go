package duties

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// File names a dossier of an agency.
type File struct{ Agency, Dossier string }

// Consent names a consent of a dossier.
type Consent struct {
	File
	Consent string
}

// Handout is a hand-out of the regulation (C-I4).
type Handout struct {
	File
	At           time.Time // occurred_at
	Version      int
	Method       string
	Acknowledged bool
	// Sources are the sources of data that it names to the client (L-14).
	Sources []string
}

// Item is a record, or particulars that one change brought, that a duty
// follows from.
type Item struct {
	File
	Item       string // id of the record; a code for particulars
	Position   uint64
	At         time.Time // occurred_at
	Source     string
	Categories []domain.Category // its own and all that it contains, in byte order
	Trajectory string
	Obtained   nl.Date
	Unexpected bool      // the client need not expect it (C-I2)
	Consent    string    // the consent that it rests on
	Shielded   time.Time // since when it is restricted, or moved elsewhere; zero while it is not
	// Moved is since when it is in another client's file, whose it was; zero
	// while it is here (C-2.9.3b). Was is the id that it had in the wrong file.
	Moved time.Time
	Was   string
}

// Told is what a client was told.
type Told struct {
	File
	Position   uint64
	About, Ref string
	Trajectory string
	Method     string
	On         nl.Date
}

// View is a third party's view of a dossier (C-2.7b).
type View struct {
	File
	View, Recipient, Consent string
	Granted, Until           time.Time // Until is excluded
	Ended                    time.Time // zero while nobody ended it
}

// Runs tells whether the view can be used at an instant, or later: it has not
// ended, and nobody ended it.
func (v *View) Runs(at time.Time) bool {
	return v.Until.After(at) && (v.Ended.IsZero() || v.Ended.After(at))
}

// LastDay is the last day on which the view can be used; zero for a view without
// end.
func (v *View) LastDay() (day nl.Date) {
	until := v.Until
	if !v.Ended.IsZero() && v.Ended.Before(until) {
		until = v.Ended
	}
	if until.IsZero() {
		return day
	}
	return nl.DateOf(until.Add(-1))
}

// Facts are the facts of an agency, or of all, or of one dossier; each list is
// in stream order.
type Facts struct {
	Handouts  []Handout
	Items     []Item
	Told      []Told
	Views     []View
	Withdrawn map[Consent]time.Time // from when a consent counts no more
}

// Load reads the facts; "" takes all agencies, or all dossiers.
func Load(ctx context.Context, db *readdb.DB, agency, dossier string) (*Facts, error) {
	l := loader{ctx: ctx, db: db, facts: &Facts{Withdrawn: map[Consent]time.Time{}}}
	l.where.If(agency != "", "agency = ?", agency)
	l.where.If(dossier != "", "dossier = ?", dossier)
	for _, load := range []func() error{l.handouts, l.items, l.told, l.consents, l.views} {
		if err := load(); err != nil {
			return nil, fmt.Errorf("reading what clients must be told: %w", err)
		}
	}
	return l.facts, nil
}

type loader struct {
	ctx   context.Context
	db    *readdb.DB
	where rows.Where
	facts *Facts
}

func (l *loader) query(columns, table, order string, f func(scan func(...any) error) error) error {
	q := "SELECT agency, dossier, " + columns + " FROM " + table + l.where.String() + " ORDER BY " + order
	return rows.Query(l.ctx, l.db, q, l.where.Args, f)
}

func (l *loader) handouts() error {
	return l.query("occurred, version, method, acknowledged, sources", tableHandouts, "position, event", func(scan func(...any) error) error {
		var (
			h                      Handout
			occurred, acknowledged int64
			sources                string
		)
		if err := scan(&h.Agency, &h.Dossier, &occurred, &h.Version, &h.Method, &acknowledged, &sources); err != nil {
			return err
		}
		h.At, h.Acknowledged, h.Sources = rows.Time(occurred), acknowledged != 0, rows.Split[string](sources)
		l.facts.Handouts = append(l.facts.Handouts, h)
		return nil
	})
}

func (l *loader) items() error {
	columns := "item, position, occurred, source, categories, trajectory, obtained, unexpected, consent, shielded, moved, was"
	return l.query(columns, tableItems, "position, item", func(scan func(...any) error) error {
		var (
			i                                     Item
			occurred, unexpected, shielded, moved int64
			categories, obtained                  string
		)
		err := scan(&i.Agency, &i.Dossier, &i.Item, &i.Position, &occurred, &i.Source, &categories, &i.Trajectory,
			&obtained, &unexpected, &i.Consent, &shielded, &moved, &i.Was)
		if err != nil {
			return err
		}
		i.At, i.Shielded, i.Moved, i.Unexpected = rows.Time(occurred), rows.Time(shielded), rows.Time(moved), unexpected != 0
		i.Categories = rows.Split[domain.Category](categories)
		if err := rows.Dates(map[*nl.Date]string{&i.Obtained: obtained}); err != nil {
			return err
		}
		l.facts.Items = append(l.facts.Items, i)
		return nil
	})
}

func (l *loader) told() error {
	return l.query("position, about, ref, trajectory, method, notified_on", tableTold, "position, event", func(scan func(...any) error) error {
		var (
			t  Told
			on string
		)
		if err := scan(&t.Agency, &t.Dossier, &t.Position, &t.About, &t.Ref, &t.Trajectory, &t.Method, &on); err != nil {
			return err
		}
		if err := rows.Dates(map[*nl.Date]string{&t.On: on}); err != nil {
			return err
		}
		l.facts.Told = append(l.facts.Told, t)
		return nil
	})
}

func (l *loader) consents() error {
	return l.query("consent, withdrawn", tableConsents, "position, consent", func(scan func(...any) error) error {
		var (
			c         Consent
			withdrawn int64
		)
		if err := scan(&c.Agency, &c.Dossier, &c.Consent, &withdrawn); err != nil || withdrawn == 0 {
			return err
		}
		l.facts.Withdrawn[c] = rows.Time(withdrawn)
		return nil
	})
}

func (l *loader) views() error {
	return l.query("view, recipient, consent, granted, until, ended", tableViews, "position, view", func(scan func(...any) error) error {
		var (
			v                     View
			granted, until, ended int64
		)
		if err := scan(&v.Agency, &v.Dossier, &v.View, &v.Recipient, &v.Consent, &granted, &until, &ended); err != nil {
			return err
		}
		v.Granted, v.Until, v.Ended = rows.Time(granted), rows.Time(until), rows.Time(ended)
		l.facts.Views = append(l.facts.Views, v)
		return nil
	})
}

// FirstHandouts is when each dossier's regulation was handed out first.
func (f *Facts) FirstHandouts() map[File]time.Time {
	out := map[File]time.Time{}
	for _, h := range f.Handouts {
		if was, ok := out[h.File]; !ok || h.At.Before(was) {
			out[h.File] = h.At
		}
	}
	return out
}
