// Package redate dates the dossiers of an agency anew when another version of
// its regulation takes effect (C-4b; requirements §6: a changed profile
// re-computes dates as events with the reason, never silently). It does so when
// a version is adopted that holds already, and on the day on which an adopted
// one takes effect.
package redate

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/rows"
)

// name is that of the reaction, and of what it keeps a note of.
const name = "redate"

// viewsLimit is how long the reaction waits for the views.
const viewsLimit = time.Minute

// OnAdoption answers the adoption of a version that is in force at once.
type OnAdoption struct{}

// OnTheDay answers the day on which an adopted version takes effect. It also
// takes up what an import brought.
type OnTheDay struct{}

// Name is constant.
func (OnAdoption) Name() string { return name }

// Name is constant.
func (OnTheDay) Name() string { return name + "-on-the-day" }

// Reads lists the event types.
func (OnAdoption) Reads() []string { return []string{agency.TypeRegulationAdopted} }

// FromStart is false: what was adopted before is the timer's.
func (OnAdoption) FromStart() bool { return false }

// React dates the dossiers of the agency, unless the adoption came in with an
// older history: then more of it is likely to follow.
func (OnAdoption) React(ctx context.Context, t *reactions.Tools, c *reactions.Cause, emit reactions.Emit) error {
	if c.Brought() {
		return nil
	}
	wait, cancel := context.WithTimeout(ctx, viewsLimit)
	defer cancel()
	if err := t.Views.WaitFor(wait, c.Commit.Position, regulations.Name, dossiers.Name); err != nil {
		return err
	}
	book, err := regulations.Load(ctx, t.DB, c.Meta.Agency)
	if err != nil {
		return err
	}
	return sweep(ctx, t, book, c.Meta.Agency, nl.DateOf(t.Clock.Now()), emit)
}

// Due dates the dossiers of every agency by the version in force on the day.
func (OnTheDay) Due(ctx context.Context, t *reactions.Tools, _ time.Time, today nl.Date, emit reactions.Emit) error {
	book, err := regulations.Load(ctx, t.DB, "")
	if err != nil {
		return err
	}
	for _, a := range book.Agencies() {
		if err := sweep(ctx, t, book, a, today, emit); err != nil {
			return err
		}
	}
	return nil
}

// inForce is the adoption that holds on a day, and the name of the regulation
// that held before it; ok is false where there was none before.
func inForce(book *regulations.Book, name string, day nl.Date) (a regulations.Adoption, before string, ok bool) {
	now := book.On(name, day)
	if now == nil {
		return a, "", false
	}
	for _, x := range book.Adoptions(name) {
		if x.Document == now {
			a = x
		}
	}
	p := book.On(name, a.From.AddDays(-1))
	if p == nil {
		return a, "", false
	}
	return a, p.Name, true
}

// sweep dates every dossier that was opened before the version in force took
// effect. It notes how far along the stream's openings it came, so that a later
// one takes up only what was opened since, as an import does.
func sweep(ctx context.Context, t *reactions.Tools, book *regulations.Book, agencyName string, today nl.Date, emit reactions.Emit) error {
	a, before, ok := inForce(book, agencyName, today)
	if !ok {
		return nil
	}
	c := &dossier.RedateDossier{Reason: "new_version", Profile: a.Document.Name, Version: a.Document.Version}
	if before != c.Profile {
		c.Reason = "new_regulation"
	}
	item := strings.Join([]string{agencyName, c.Profile, strconv.Itoa(c.Version), a.From.String()}, "|")
	done, err := t.Done(ctx, name, item)
	if err != nil {
		return err
	}
	list, last, err := openedBefore(ctx, t.DB, agencyName, a.From, done)
	if err != nil || last == done {
		return err
	}
	for i := range list {
		list[i].Data, list[i].Key = c, item+"|"+list[i].Dossier
		list[i].Settled = []string{"already_dated", "not_in_force"}
	}
	if err := emit(ctx, list...); err != nil {
		return err
	}
	return t.SetDone(ctx, name, item, last)
}

// openedBefore has a command for each dossier that was opened before a day and
// whose opening stands after a position; last is the newest opening's.
func openedBefore(ctx context.Context, db *readdb.DB, agencyName string, day nl.Date, after uint64) (list []reactions.Command, last uint64, err error) {
	last = after
	err = dossiers.List(ctx, db, dossiers.Filter{Filter: rows.Filter{Agency: agencyName}}, func(d dossiers.Dossier) error {
		last = max(last, d.OpenedPosition)
		if d.OpenedPosition > after && nl.DateOf(d.Opened).Before(day) {
			list = append(list, reactions.Command{Agency: agencyName, Dossier: d.Dossier, Purpose: "retention"})
		}
		return nil
	})
	return list, last, err
}
