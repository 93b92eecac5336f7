package deadlines

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
)

// checkCabinets is the custody check of a regulation by which each cabinet is
// found closed on each working day (S-Bev1).
const checkCabinets = "cabinet_locked_each_working_day"

// List calls f with the deadlines as they stand at an instant, those of whole
// days on its day in Europe/Amsterdam, by due date and then dossier. The
// filter's From and Until bound the due date, by the days on which they fall. f
// may give rows.ErrStop.
//
// The facts are those of the tables: for a time in the past, fold the commits up
// to it into a database of its own and ask that. It reads the views complaints,
// disclosures, duties, hours, incidents, paper, regulations, requests, retention and reviews.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, at time.Time, f func(Row) error) error {
	list, err := All(ctx, db, filter, at)
	if err != nil {
		return err
	}
	return rows.Give(list, f)
}

// All gives what List calls back with.
func All(ctx context.Context, db *readdb.DB, filter rows.Filter, at time.Time) ([]Row, error) {
	l := &lister{ctx: ctx, db: db, filter: rows.Filter{Agency: filter.Agency, Dossier: filter.Dossier}, at: at, today: nl.DateOf(at)}
	var err error
	if l.book, err = regulations.Load(ctx, db, filter.Agency); err != nil {
		return nil, err
	}
	if l.facts, err = duties.Load(ctx, db, filter.Agency, filter.Dossier); err != nil {
		return nil, err
	}
	for _, add := range []func() error{l.requests, l.breaches, l.notices, l.handouts, l.complaints, l.volumes, l.cabinets, l.destructions, l.glasses} {
		if err := add(); err != nil {
			return nil, err
		}
	}
	l.rows = slices.DeleteFunc(l.rows, outside(filter))
	slices.SortFunc(l.rows, compare)
	return l.rows, nil
}

// outside tells of a row whether its due date is not within the filter's bounds.
func outside(filter rows.Filter) func(Row) bool {
	var from, until nl.Date
	if !filter.From.IsZero() {
		from = nl.DateOf(filter.From)
	}
	if !filter.Until.IsZero() {
		until = nl.DateOf(filter.Until.Add(-1))
	}
	return func(r Row) bool {
		return !from.IsZero() && r.DueOn.Before(from) || !until.IsZero() && r.DueOn.After(until)
	}
}

// lister gathers the rows of one list.
type lister struct {
	ctx    context.Context
	db     *readdb.DB
	filter rows.Filter // agency and dossier alone
	at     time.Time
	today  nl.Date
	book   *regulations.Book
	facts  *duties.Facts
	rows   []Row
}

func (l *lister) add(r Row) { l.rows = append(l.rows, r) }

// requests: the last day stands in the event, by the profile then in force
// (C-2.9.1, S-Inz, L-12).
func (l *lister) requests() error {
	return requests.List(l.ctx, l.db, l.filter, func(q requests.Row) error {
		r := Row{Agency: q.Agency, Dossier: q.Dossier, Kind: KindRequest, Ref: q.Request}.days(q.ReceivedOn, q.Due, q.MetOn(), l.today)
		if !q.WithdrawnOn.IsZero() && r.Owed() {
			r.Status = StatusWithdrawn
		}
		l.add(r)
		return nil
	})
}

// breaches run in hours (L-33).
func (l *lister) breaches() error {
	return incidents.List(l.ctx, l.db, l.filter, func(i incidents.Row) error {
		r := Row{Agency: i.Agency, Kind: KindBreach, Ref: i.Incident}
		if len(i.Dossiers) == 1 {
			r.Dossier = i.Dossiers[0]
		}
		l.add(r.instants(i.DiscoveredAt, i.NotifyBy, i.MetAt(), l.at))
		return nil
	})
}

// notices are those to clients, of data from others and of what is unexpected,
// and those to recipients (C-I2, C-I3, L-14, L-19).
func (l *lister) notices() error {
	list, err := notices.All(l.ctx, l.db, l.filter, l.book, l.facts)
	for _, n := range list {
		if !n.Due.IsZero() {
			l.add(Row{Agency: n.Agency, Dossier: n.Dossier, Kind: n.Kind, Ref: n.Ref, Item: n.Item}.days(n.Since, n.Due, n.NotifiedOn, l.today))
		}
	}
	return err
}

// handouts: the regulation is handed out on the day of opening (C-I4). A
// referral that was declined by then needs none.
func (l *lister) handouts() error {
	first := l.facts.FirstHandouts()
	return retention.Dossiers(l.ctx, l.db, l.filter, func(d retention.Dossier) error {
		opened := nl.DateOf(d.Opened)
		terms, ok := l.book.Terms(d.Agency, opened)
		if !ok {
			return nil
		}
		var met nl.Date
		if at, ok := first[duties.File{Agency: d.Agency, Dossier: d.Dossier}]; ok {
			met = nl.DateOf(at)
		}
		r := Row{Agency: d.Agency, Dossier: d.Dossier, Kind: KindHandout, Ref: d.Dossier}.days(opened, opened.AddDays(terms.Handout.Value), met, l.today)
		if len(d.Trajectories) == 0 && !d.Declined.IsZero() && !d.Declined.After(r.DueOn) && r.Owed() {
			r.Status = StatusWithdrawn
		}
		l.add(r)
		return nil
	})
}

func (l *lister) complaints() error {
	return complaints.List(l.ctx, l.db, l.filter, func(c complaints.Row) error {
		l.add(Row{Agency: c.Agency, Dossier: c.Dossier, Kind: KindComplaint, Ref: c.Complaint}.days(c.ReceivedOn, c.Due, c.AnsweredOn, l.today))
		return nil
	})
}

// volumes go back into their cabinet at the end of the day (C-2.7d, S-Bev1).
func (l *lister) volumes() error {
	return paper.Outs(l.ctx, l.db, l.filter.Agency, l.filter.Dossier, func(o paper.Out) error {
		var met nl.Date
		if !o.Returned.IsZero() {
			met = nl.DateOf(o.Returned)
		}
		l.add(Row{Agency: o.Agency, Dossier: o.Dossier, Kind: KindPaper, Ref: o.Volume, Item: "volume"}.days(nl.DateOf(o.Since), o.Due, met, l.today))
		return nil
	})
}

// cabinets are found closed each working day, where the regulation of that day
// asks for it. Days that were attested in time are left out, but for today: in
// ten years they would be thousands.
func (l *lister) cabinets() error {
	if l.filter.Dossier != "" {
		return nil
	}
	return paper.Days(l.ctx, l.db, l.filter.Agency, l.today, func(d paper.Day) error {
		p := l.book.On(d.Agency, d.Day)
		if p == nil || !slices.Contains(p.Paper.Value, checkCabinets) {
			return nil
		}
		var met nl.Date
		if !d.Attested.IsZero() {
			met = nl.DateOf(d.Attested)
		}
		l.add(Row{Agency: d.Agency, Kind: KindPaper, Ref: d.Cabinet, Item: "cabinet"}.days(d.Day, d.Day, met, l.today))
		return nil
	})
}

// destructions: what is due is destroyed within the term (C-2.5f). A hold keeps
// the date and blocks the act, so there is no deadline while one stands.
func (l *lister) destructions() error {
	due := l.filter
	due.Until = l.today.Start()
	return retention.List(l.ctx, l.db, due, l.today, func(s retention.Row) error {
		p := l.book.On(s.Agency, l.today)
		if s.Status != retention.StatusDue || p == nil {
			return nil
		}
		ended, err := nl.ParseDate(s.Due)
		if err != nil {
			return err
		}
		l.add(Row{Agency: s.Agency, Dossier: s.Dossier, Kind: KindDestruction, Ref: s.Class}.days(ended, p.DestructionDue(ended), nl.Date{}, l.today))
		return nil
	})
}

// glasses: every look in an emergency is reviewed within the term (C-2.1.4b).
func (l *lister) glasses() error {
	return reviews.List(l.ctx, l.db, l.filter, l.today, func(g reviews.Row) error {
		if g.Kind != reviews.KindBreakGlass || g.Due.IsZero() {
			return nil
		}
		var met nl.Date
		if !g.ReviewedAt.IsZero() {
			met = nl.DateOf(g.ReviewedAt)
		}
		l.add(Row{Agency: g.Agency, Dossier: g.Dossier, Kind: KindBreakGlass, Ref: g.Glass}.days(nl.DateOf(g.Started), g.Due, met, l.today))
		return nil
	})
}
