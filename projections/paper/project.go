// Package paper is the register of the paper volumes (C-1.1b, C-2.7d, S-Bev1):
// in which cabinet each stands, who has it out, whether it came back the same
// day, and on which days a cabinet was found closed and complete.
package paper

import (
	"context"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name = "paper"
	// tableOuts has each time that a volume was out.
	tableOuts = "paper_outs"
	// tableAttested has the first attestation of each cabinet and day.
	tableAttested = "paper_attested"
	// tableCabinets has when a cabinet came into use.
	tableCabinets = "paper_cabinets"
)

// The columns of table paper that later events change.
const (
	colCabinet = 5 + iota
	colRegistered
	colOut
	colHolder
	colPurpose
	colDestroyed
	colMethod
	colList
	colWitnessedBy
)

// colIn is the column of paper_outs that the return fills.
const colIn = 7

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 1 }

// Reads lists the event types.
func (Projection) Reads() []string {
	return []string{paper.TypeVolumeRegistered, paper.TypeCheckedOut, paper.TypeCheckedIn, paper.TypeAttested, paper.TypeDestroyed}
}

// Tables are the volumes and three tables beside them.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name: Name,
			Columns: rows.Columns("agency:t", "volume:t", "position:i", "event:i", "dossier:t", "cabinet:t", "registered:i",
				"out_since:i", "holder:t", "purpose:t", "destroyed:i", "method:t", "list:t", "witnessed_by:t"),
			KeyColumns: 2,
			Indexes:    [][]string{{"agency", "position"}},
		},
		{
			Name: tableOuts,
			Columns: rows.Columns("agency:t", "volume:t", "since:i", "dossier:t", "cabinet:t", "holder:t", "purpose:t",
				"returned:i"),
			KeyColumns: 3,
		},
		{
			Name:       tableAttested,
			Columns:    rows.Columns("agency:t", "cabinet:t", "day:t", "occurred:i", "actor:t", "volumes_out:t"),
			KeyColumns: 3,
		},
		{
			Name:       tableCabinets,
			Columns:    rows.Columns("agency:t", "cabinet:t", "since:t"),
			KeyColumns: 2,
		},
	}
}

// Apply folds the commit into the volumes.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	return rows.Each(d, func(place int, _ *eventstore.StoredEvent, _ [][]byte, r *domain.Recorded) error {
		f := fold{ctx: ctx, tx: tx, meta: &r.Meta}
		at := rows.Instant(r.Meta.Occurred)
		switch e := r.Event.(type) {
		case *paper.VolumeRegistered:
			if err := f.cabinet(e.Cabinet); err != nil {
				return err
			}
			return tx.Insert(ctx, Name, readdb.Row{
				r.Meta.Agency, e.Volume, int64(r.Meta.Position), int64(place), e.Dossier, e.Cabinet, at,
				int64(0), "", "", int64(0), "", "", "",
			})
		case *paper.CheckedOut:
			return f.out(e)
		case *paper.CheckedIn:
			if err := f.cabinet(e.Cabinet); err != nil {
				return err
			}
			return f.back(e.Volume, func(row readdb.Row) { row[colCabinet] = e.Cabinet })
		case *paper.Destroyed:
			return f.back(e.Volume, func(row readdb.Row) {
				row[colDestroyed], row[colMethod], row[colList], row[colWitnessedBy] = at, e.Method, e.List, e.WitnessedBy
			})
		case *paper.Attested:
			return f.attest(e)
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

// cabinet notes when a cabinet came into use.
func (f fold) cabinet(name string) error {
	if _, ok, err := f.tx.Get(f.ctx, tableCabinets, f.meta.Agency, name); err != nil || ok {
		return err
	}
	return f.tx.Insert(f.ctx, tableCabinets, readdb.Row{f.meta.Agency, name, rows.Day(f.meta.Occurred)})
}

func (f fold) change(volume domain.ID, do func(row readdb.Row) error) error {
	return rows.Change(f.ctx, f.tx, f.meta, "is about a volume that was never registered", do, Name, f.meta.Agency, volume)
}

func (f fold) out(e *paper.CheckedOut) error {
	at := rows.Instant(f.meta.Occurred)
	return f.change(e.Volume, func(row readdb.Row) error {
		row[colOut], row[colHolder], row[colPurpose] = at, f.meta.Actor, e.Purpose
		return f.tx.Put(f.ctx, tableOuts, readdb.Row{f.meta.Agency, e.Volume, at, e.Dossier, e.Cabinet, f.meta.Actor, e.Purpose, int64(0)})
	})
}

// back ends the time that a volume was out, if it was: put back or destroyed.
func (f fold) back(volume domain.ID, do func(row readdb.Row)) error {
	return f.change(volume, func(row readdb.Row) error {
		since := row[colOut].(int64)
		row[colOut], row[colHolder], row[colPurpose] = int64(0), "", ""
		do(row)
		if since == 0 {
			return nil
		}
		was, ok, err := f.tx.Get(f.ctx, tableOuts, f.meta.Agency, volume, since)
		if err != nil || !ok {
			return err
		}
		was = slices.Clone(was)
		was[colIn] = rows.Instant(f.meta.Occurred)
		return f.tx.Put(f.ctx, tableOuts, was)
	})
}

// attest keeps the first attestation of a day: what was done in time stays so.
// The volumes of a later one are explained as well.
func (f fold) attest(e *paper.Attested) error {
	row, ok, err := f.tx.Get(f.ctx, tableAttested, f.meta.Agency, e.Cabinet, e.Date.String())
	if err != nil {
		return err
	}
	if !ok {
		return f.tx.Insert(f.ctx, tableAttested, readdb.Row{
			f.meta.Agency, e.Cabinet, e.Date.String(), rows.Instant(f.meta.Occurred), f.meta.Actor, rows.Join(rows.Sorted(e.Out)),
		})
	}
	row = slices.Clone(row)
	row[5] = rows.Join(rows.Sorted(append(rows.Split[domain.ID](row[5].(string)), e.Out...)))
	return f.tx.Put(f.ctx, tableAttested, row)
}
