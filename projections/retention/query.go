package retention

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The statuses of a class (catalogue §3).
const (
	StatusUndetermined = "undetermined" // a trajectory is open, or there never was one
	StatusRunning      = "running"      // it has a due date, which has not passed
	StatusDue          = "due"          // from the day after the due date
	StatusHeld         = "held"         // a hold covers the class, whatever the date
	StatusDestroyed    = "destroyed"
)

// MissingRegulation stands in Row.Missing when no regulation of the agency is
// in force on the day.
const MissingRegulation = "regulation"

// List calls f with a row for every class of every dossier that had been opened
// by the end of the given day, by due date, then dossier, then class; rows
// without a due date come last. The filter's From and Until bound the due date,
// by the days on which they fall in Europe/Amsterdam, and leave out what has
// none. f may give rows.ErrStop.
//
// The facts are those of the tables: for a day in the past, fold the commits up
// to the end of that day into a database of its own and ask that.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, day nl.Date, f func(Row) error) error {
	s, err := load(ctx, db, filter, day)
	if err != nil {
		return err
	}
	for _, p := range s.places(filter) {
		if err := f(s.row(p)); errors.Is(err, rows.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// schedule is all that a list needs, loaded once.
type schedule struct {
	day      nl.Date
	dossiers []facts
	profiles map[string]*regulation.Profile // the one in force on the day, by agency
}

// facts are those of one dossier.
type facts struct {
	agency, dossier string
	facts           regulation.RetentionFacts
	holds           []hold
}

func load(ctx context.Context, db *readdb.DB, filter rows.Filter, day nl.Date) (*schedule, error) {
	s := &schedule{day: day}
	var err error
	if s.profiles, err = inForce(ctx, db, filter.Agency, day); err != nil {
		return nil, err
	}
	var w rows.Where
	w.If(filter.Agency != "", "agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "dossier = ?", filter.Dossier)
	w.And("opened < ?", rows.Instant(day.End()))
	q := "SELECT agency, dossier, declined_on, trajectories, holds FROM retention" + w.String() + " ORDER BY agency, dossier"
	err = rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			d                             facts
			declined, trajectories, holds string
		)
		if err := scan(&d.agency, &d.dossier, &declined, &trajectories, &holds); err != nil {
			return fmt.Errorf("reading the retention schedule: %w", err)
		}
		if err := d.unpack(declined, trajectories, holds); err != nil {
			return err
		}
		s.dossiers = append(s.dossiers, d)
		return nil
	})
	return s, err
}

func (d *facts) unpack(declined, trajectories, holds string) error {
	list, err := unpackTrajectories(trajectories)
	if err != nil {
		return err
	}
	for _, t := range list {
		d.facts.Trajectories = append(d.facts.Trajectories, regulation.TrajectoryFact{
			Started: t.started, Ended: t.ended, AgreementUntil: t.agreementUntil,
		})
	}
	if declined != "" {
		if d.facts.Declined, err = nl.ParseDate(declined); err != nil {
			return fmt.Errorf("retention: a day of the view has another form: %w", err)
		}
	}
	d.holds, err = unpackHolds(holds)
	return err
}

// inForce gives for each agency the regulation in force on a day: of those that
// are effective the one with the latest day, and of those the last adopted.
func inForce(ctx context.Context, db *readdb.DB, agency string, day nl.Date) (map[string]*regulation.Profile, error) {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.And("effective_from <= ?", day.String())
	q := "SELECT agency, rules FROM retention_profiles" + w.String() + " ORDER BY agency, effective_from, position, event"
	texts := map[string]string{}
	err := rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var a, rules string
		if err := scan(&a, &rules); err != nil {
			return fmt.Errorf("reading the regulations: %w", err)
		}
		texts[a] = rules
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make(map[string]*regulation.Profile, len(texts))
	for a, rules := range texts {
		p := new(regulation.Profile)
		if err := json.Unmarshal([]byte(rules), p); err != nil {
			return nil, fmt.Errorf("retention: a regulation of the view has another form: %w", err)
		}
		out[a] = p
	}
	return out, nil
}

// place is one row of the list before it is worked out.
type place struct {
	due     nl.Date
	dossier int // index into schedule.dossiers
	class   domain.Class
}

// places puts the rows in order. It works out nothing but the due dates, since
// an explanation costs more than all the rest.
func (s *schedule) places(filter rows.Filter) []place {
	var from, until nl.Date
	if !filter.From.IsZero() {
		from = nl.DateOf(filter.From)
	}
	if !filter.Until.IsZero() {
		until = nl.DateOf(filter.Until.Add(-1))
	}
	list := make([]place, 0, len(s.dossiers)*len(domain.Classes))
	for i := range s.dossiers {
		for _, class := range domain.Classes {
			p := place{due: s.due(&s.dossiers[i], class), dossier: i, class: class}
			if p.due.IsZero() && (!from.IsZero() || !until.IsZero()) ||
				!from.IsZero() && p.due.Before(from) || !until.IsZero() && p.due.After(until) {
				continue
			}
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b place) int {
		if a.due.IsZero() != b.due.IsZero() {
			if a.due.IsZero() {
				return 1
			}
			return -1
		}
		x, y := &s.dossiers[a.dossier], &s.dossiers[b.dossier]
		return cmp.Or(a.due.Compare(b.due), cmp.Compare(x.dossier, y.dossier), cmp.Compare(x.agency, y.agency), cmp.Compare(a.class, b.class))
	})
	return list
}

func (s *schedule) due(d *facts, class domain.Class) nl.Date {
	p := s.profiles[d.agency]
	if p == nil {
		return nl.Date{}
	}
	starts, missing := p.Start(class, d.facts)
	switch {
	case len(missing) > 0:
		return nl.Date{}
	case len(d.facts.Trajectories) == 0:
		return p.DueDeclined(starts)
	}
	return p.Due(class, starts)
}

// row works out one row for the day.
func (s *schedule) row(at place) Row {
	d := &s.dossiers[at.dossier]
	r := Row{Agency: d.agency, Dossier: d.dossier, Class: string(at.class), Holds: holdsOn(d.holds, at.class, s.day.End())}
	p := s.profiles[d.agency]
	if p == nil {
		r.Missing = []string{MissingRegulation}
		r.Explanation = "op deze dag is geen reglement van kracht"
		r.ExplanationEN = "no regulation is in force on this day"
		r.Status = status(&r, nl.Date{}, s.day)
		return r
	}
	t := p.Schedule(at.class, d.facts)
	r.Profile, r.ProfileVersion, r.Rule = p.Name, p.Version, t.Rule
	r.Starts, r.Term, r.Due = t.Starts.String(), t.Term.String(), t.Due.String()
	r.Missing = rows.Sorted(t.Missing)
	r.Explanation, r.ExplanationEN = t.Explanation.NL, t.Explanation.EN
	r.Status = status(&r, t.Due, s.day)
	return r
}

// status: held goes before the rest, and due is from the day after the due date
// (catalogue §3).
func status(r *Row, due, day nl.Date) string {
	switch {
	case len(r.Holds) > 0:
		return StatusHeld
	case len(r.Missing) > 0:
		return StatusUndetermined
	case regulation.Expired(due, day):
		return StatusDue
	}
	return StatusRunning
}
