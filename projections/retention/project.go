// Package retention is the retention schedule: for every dossier and class,
// when its term starts, when it is due, what is missing and what holds it
// (C-2.5a, C-2.5b, S-Bew1, S-Bew3). The tables keep facts; terms are worked out
// for a day when they are asked for, by the regulation in force on that day
// (catalogue §1). The event retention.redated, by which the engine says for each
// dossier that and why its dates have moved, is not read here: it names the very
// regulation that is in force from its effective date on, so the schedule is
// the same before and after it, and right on the day itself, however late the
// engine comes to say so.
package retention

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name = "retention"
	// tableProfiles has what the adopted regulations say about retention.
	tableProfiles = "retention_profiles"
)

// Columns of table retention.
const (
	colDeclinedOn = 4 + iota
	colTrajectories
	colHolds
)

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 1 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{
		agency.TypeRegulationAdopted,
		dossier.TypeOpened, dossier.TypeReferralDeclined,
		dossier.TypeTrajectoryStarted, dossier.TypeTrajectoryEnded, dossier.TypeTrajectoryReopened,
		dossier.TypeHoldPlaced, dossier.TypeHoldLifted,
	}
}

// Tables are one row for each dossier and one for each adopted regulation.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name:       Name,
			Columns:    rows.Columns("agency:t", "dossier:t", "opened:i", "position:i", "declined_on:t", "trajectories:t", "holds:t"),
			KeyColumns: 2,
		},
		{
			Name:       tableProfiles,
			Columns:    rows.Columns("agency:t", "position:i", "event:i", "profile:t", "version:i", "effective_from:t", "rules:t"),
			KeyColumns: 3,
		},
	}
}

// Apply folds the commit into its dossier's row.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		f := fold{ctx: ctx, tx: tx, meta: &r.Meta}
		switch e := r.Event.(type) {
		case *agency.RegulationAdopted:
			return f.adopt(place, e)
		case *dossier.Opened:
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, r.Meta.Aggregate, rows.Instant(r.Meta.Occurred), int64(r.Meta.Position), "", "", "",
			})
		case *dossier.ReferralDeclined:
			return f.change(func(row readdb.Row) error {
				row[colDeclinedOn] = e.DeclinedOn.String()
				return nil
			})
		case *dossier.TrajectoryStarted:
			return f.trajectories(func(list []trajectory) []trajectory {
				return append(list, trajectory{number: e.Trajectory, started: e.StartedOn, agreementUntil: e.AgreementUntil})
			})
		case *dossier.TrajectoryEnded:
			return f.end(e.Trajectory, e.EndedOn)
		case *dossier.TrajectoryReopened:
			return f.end(e.Trajectory, nl.Date{})
		case *dossier.HoldPlaced:
			return f.holds(func(list []hold) []hold {
				return append(list, hold{id: e.Hold, classes: rows.Sorted(e.Classes), placed: r.Meta.Occurred})
			})
		case *dossier.HoldLifted:
			return f.holds(func(list []hold) []hold {
				if i := slices.IndexFunc(list, func(h hold) bool { return h.id == e.Hold }); i >= 0 {
					list[i].lifted = r.Meta.Occurred
				}
				return list
			})
		}
		return nil
	})
}

// fold is one event on its way into the tables.
type fold struct {
	ctx  context.Context
	tx   readdb.Tx
	meta *domain.Meta
}

// adopt keeps of a regulation what retention asks of it.
func (f fold) adopt(place int, e *agency.RegulationAdopted) error {
	rules, err := json.Marshal(regulation.Profile{
		Name: e.Document.Name, Version: e.Document.Version, Law: e.Document.Law,
		Retention: e.Document.Retention, Declined: e.Document.Declined,
	})
	if err != nil {
		return fmt.Errorf("retention: encoding the rules of a regulation: %w", err)
	}
	return f.tx.Insert(f.ctx, tableProfiles, readdb.Row{
		f.meta.Agency, int64(f.meta.Position), int64(place), e.Profile, int64(e.Version), e.EffectiveFrom.String(), string(rules),
	})
}

func (f fold) change(do func(readdb.Row) error) error {
	return rows.Change(f.ctx, f.tx, f.meta, "is about a dossier that was never opened", do, Name, f.meta.Agency, f.meta.Aggregate)
}

func (f fold) trajectories(do func([]trajectory) []trajectory) error {
	return f.change(func(row readdb.Row) error {
		list, err := unpackTrajectories(row[colTrajectories].(string))
		row[colTrajectories] = packTrajectories(do(list))
		return err
	})
}

// end sets the last day of a trajectory; the zero date opens it again, and a
// running term is gone with it (catalogue §1).
func (f fold) end(number string, on nl.Date) error {
	return f.trajectories(func(list []trajectory) []trajectory {
		if i := slices.IndexFunc(list, func(t trajectory) bool { return t.number == number }); i >= 0 {
			list[i].ended = on
		}
		return list
	})
}

func (f fold) holds(do func([]hold) []hold) error {
	return f.change(func(row readdb.Row) error {
		list, err := unpackHolds(row[colHolds].(string))
		row[colHolds] = packHolds(do(list))
		return err
	})
}

// holdsOn are the ids, in byte order, of the holds that cover a class at the
// end of a day.
func holdsOn(list []hold, class domain.Class, end time.Time) []string {
	var ids []string
	for _, h := range list {
		if slices.Contains(h.classes, class) && h.placed.Before(end) && (h.lifted.IsZero() || !h.lifted.Before(end)) {
			ids = append(ids, h.id)
		}
	}
	slices.Sort(ids)
	return ids
}
