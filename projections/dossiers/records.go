package dossiers

import (
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Columns of table dossiers_records that later events change.
const (
	recCategory = 3 + iota
	recContains
	recClass
	recSource
	recObtainedOn
	recTrajectory
	recJudgement
	recConsent
	recRestricted
	recCorrections
	recCompletions
	recAdded
	recAddedPosition
	recCurrentPosition
	recCurrentEvent
)

// record folds the events about records.
func (f *fold) record(place int, r *domain.Recorded) error {
	switch e := r.Event.(type) {
	case *dossier.RecordAdded:
		return f.addRecord(place, e, r)
	case *dossier.RecordCorrected:
		return f.changeRecord(e.Record, func(row readdb.Row) {
			f.move(domain.Category(row[recCategory].(string)), e.Category)
			row[recCategory], row[recContains], row[recClass] = string(e.Category), rows.Join(rows.Sorted(e.Contains)), string(e.Class)
			row[recSource], row[recObtainedOn], row[recTrajectory] = e.Source, e.ObtainedOn.String(), e.Trajectory
			row[recConsent] = e.Consent
			row[recCorrections] = row[recCorrections].(int64) + 1
			row[recCurrentPosition], row[recCurrentEvent] = int64(r.Meta.Position), int64(place)
		})
	case *dossier.RecordCompleted:
		return f.changeRecord(e.Record, func(row readdb.Row) {
			row[recCompletions] = row[recCompletions].(int64) + 1
		})
	case *dossier.RecordRestricted:
		return f.restrict(e.Record, true)
	case *dossier.RestrictionLifted:
		return f.restrict(e.Record, false)
	case *dossier.RecordMoved:
		return f.moveOut(e.Record)
	}
	return nil
}

// moveOut shields a record that belongs to another client for ever; it is none of
// this dossier's any more, so it is counted no longer (C-2.9.3b).
func (f *fold) moveOut(record domain.ID) error {
	err := f.changeRecord(record, func(row readdb.Row) {
		f.row[colRecords] = count(f.text(colRecords), domain.Category(row[recCategory].(string)), -1)
		f.add(colRecordTotal, -1)
	})
	if err != nil {
		return err
	}
	return f.restrict(record, true)
}

func (f *fold) addRecord(place int, e *dossier.RecordAdded, r *domain.Recorded) error {
	f.row[colRecords] = count(f.text(colRecords), e.Category, 1)
	f.add(colRecordTotal, 1)
	return f.tx.Insert(f.ctx, tableRecords, readdb.Row{
		r.Meta.Agency, r.Meta.Aggregate, e.Record, string(e.Category), rows.Join(rows.Sorted(e.Contains)), string(e.Class), e.Source,
		e.ObtainedOn.String(), e.Trajectory, rows.Bool(e.Judgement), e.Consent, int64(0), int64(0), int64(0),
		rows.Instant(r.Meta.Occurred), int64(r.Meta.Position), int64(r.Meta.Position), int64(place),
	})
}

// move counts a record under another category.
func (f *fold) move(from, to domain.Category) {
	if from != to {
		f.row[colRecords] = count(count(f.text(colRecords), from, -1), to, 1)
	}
}

func (f *fold) restrict(record domain.ID, on bool) error {
	return f.changeRecord(record, func(row readdb.Row) {
		if was := row[recRestricted].(int64); was != rows.Bool(on) {
			f.add(colRestricted, rows.Bool(on)-was)
			row[recRestricted] = rows.Bool(on)
		}
	})
}

func (f *fold) changeRecord(record domain.ID, change func(readdb.Row)) error {
	found, err := rows.ChangeAny(f.ctx, f.tx, rows.Set(change), tableRecords, f.row[colAgency], f.row[colDossier], record)
	if err == nil && !found {
		return fmt.Errorf("dossiers: the commit at %d is about a record that is not there", f.commit.Position)
	}
	return err
}
