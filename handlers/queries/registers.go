package queries

import (
	"context"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/obligations"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/reminders"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Registers are what can be exported, in the order of the catalogue and then of
// those that it does not name.
var Registers = []string{
	"dossiers", "disclosures", "access", "retention", "deadlines", "obligations", "hours", "history",
	"requests", "notices", "complaints", "incidents", "paper", "recipients", "activities", "reminders", "reviews", "approvals",
}

// registerNames are the registers as a sentence lists them.
func registerNames() string {
	last := len(Registers) - 1
	return strings.Join(Registers[:last], ", ") + " and " + Registers[last]
}

// rowsOf calls emit with the rows of a register out of db, in its order.
func (s *Service) rowsOf(ctx context.Context, db *readdb.DB, r Reader, o ExportOptions, emit func(row any) error) error {
	f := rows.Filter{Agency: r.Agency, Dossier: o.Dossier}
	if o.From != nil {
		f.From = *o.From
	}
	if o.Until != nil {
		f.Until = *o.Until
	}
	at := s.at(o)
	switch o.Register {
	case "disclosures":
		return disclosures.List(ctx, db, f, each[disclosures.Row](emit))
	case "access":
		return access.List(ctx, db, access.Filter{Filter: f}, func(x access.Row) error { return emit(plainAccess(x)) })
	case "retention":
		return retention.List(ctx, db, f, nl.DateOf(at), each[retention.Row](emit))
	case "hours":
		return hours.List(ctx, db, f, each[hours.Row](emit))
	case "history":
		return s.historyRows(ctx, db, f, o, emit)
	case "deadlines":
		return deadlines.List(ctx, db, f, at, each[deadlines.Row](emit))
	case "obligations":
		return obligations.List(ctx, db, f, at, each[obligations.Row](emit))
	case "requests":
		return requests.List(ctx, db, f, each[requests.Row](emit))
	case "notices":
		return notices.List(ctx, db, f, each[notices.Row](emit))
	case "complaints":
		return complaints.List(ctx, db, f, each[complaints.Row](emit))
	case "incidents":
		return incidents.List(ctx, db, f, each[incidents.Row](emit))
	case "paper":
		return paper.List(ctx, db, f, each[paper.Row](emit))
	case "reminders":
		return reminders.Register(ctx, db, f, at, each[reminders.Row](emit))
	case "approvals":
		return approvals.List(ctx, db, f, each[approvals.Row](emit))
	case "reviews":
		return reviews.List(ctx, db, f, nl.DateOf(at), each[reviews.Row](emit))
	}
	return s.officeRows(ctx, db, r, f, o, emit)
}

// officeRows are the rows of the registers of the agency itself, which have none
// of one dossier, and of the dossiers.
func (s *Service) officeRows(ctx context.Context, db *readdb.DB, r Reader, f rows.Filter, o ExportOptions, emit func(row any) error) error {
	switch o.Register {
	case "recipients":
		return people.RecipientRegister(ctx, db, f, each[people.RecipientRow](emit))
	case "activities":
		return regulations.Activities(ctx, db, f.Agency, nl.DateOf(s.at(o)), each[regulations.Activity](emit))
	}
	return s.dossierRows(ctx, db, r, f, o, nl.DateOf(s.at(o)), emit)
}

// each gives rows of one type to an emit that takes any.
func each[R any](emit func(any) error) func(R) error {
	return func(row R) error { return emit(row) }
}

// projectionOf is the projection whose tables a register's query reads; of
// several, all of them folded as one.
func projectionOf(register string) projections.Projection {
	// What deadlines, obligations and reminders are worked out from.
	told := together{disclosures.Projection{}, duties.Projection{}, hours.Projection{}, regulations.Projection{}}
	due := append(slices.Clone(told), complaints.Projection{}, incidents.Projection{}, paper.Projection{}, requests.Projection{}, retention.Projection{},
		reviews.Projection{})
	switch register {
	case "disclosures":
		return disclosures.Projection{}
	case "access":
		return access.Projection{}
	case "retention":
		return retention.Projection{}
	case "hours":
		return hours.Projection{}
	case "deadlines":
		return due
	case "obligations":
		return append(due, approvals.Projection{}, dossiers.Projection{}, people.Projection{})
	case "reminders":
		return append(due, reminders.Projection{})
	case "approvals":
		return approvals.Projection{}
	case "reviews":
		return together{regulations.Projection{}, reviews.Projection{}}
	case "requests":
		return requests.Projection{}
	case "notices":
		return told
	case "complaints":
		return complaints.Projection{}
	case "incidents":
		return incidents.Projection{}
	case "paper":
		return paper.Projection{}
	case "recipients":
		return people.Projection{}
	case "activities":
		return regulations.Projection{}
	}
	return dossiers.Projection{}
}

// together folds several projections as one, so that a query that reads the
// tables of all of them can be asked as of an earlier time.
type together []projections.Projection

// Name is of the fold alone; nothing is stored under it for longer.
func (t together) Name() string { return "together" }

// Version is never compared: a fold is not kept.
func (t together) Version() int { return 1 }

// Tables are all of theirs.
func (t together) Tables() []readdb.Table {
	var out []readdb.Table
	for _, p := range t {
		out = append(out, p.Tables()...)
	}
	return out
}

// Reads lists what any of them reads.
func (t together) Reads() []string {
	var out []string
	for _, p := range t {
		out = append(out, p.Reads()...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Apply gives each projection the commits and the events that it reads.
func (t together) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	for _, p := range t {
		own := projections.Delivery{Commit: d.Commit, Payload: d.Payload}
		reads := p.Reads()
		for _, e := range d.Events {
			if slices.Contains(reads, e.Event.EventType()) {
				own.Events = append(own.Events, e)
			}
		}
		if len(own.Events) == 0 {
			continue
		}
		if err := p.Apply(ctx, tx, &own); err != nil {
			return err
		}
	}
	return nil
}
