// Package dossiers is the current view of every dossier: how it stands, who is
// assigned, what is on file, and the client's particulars in the sealed sections
// as they came from the stream (architecture §4). Nothing that describes a
// person can be read in it without a key.
package dossiers

import (
	"context"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The projection's name and its tables.
const (
	Name = "dossiers"
	// tableAssignments finds the dossiers of a member of staff.
	tableAssignments = "dossiers_assignments"
	// tableRecords has the clear facts of each record, with the place of the
	// event that holds its present content.
	tableRecords = "dossiers_records"
	// tableSections has the sealed sections of the client's particulars, which
	// lists and heads of pages need. All others are read from the dossier's own
	// commits: keeping each a second time would double the work of a rebuild.
	tableSections = "dossiers_sections"
)

// Columns of table dossiers.
const (
	colAgency = iota
	colDossier
	colOpened
	colOpenedPosition
	colService
	colReferral
	colCommissioner
	colStanding
	colProfile
	colProfileVersion
	colHandedOut
	colDeclinedOn
	colTrajectories
	colStatus
	colGuidanceEndedOn
	colAssigned
	colRecords
	colRecordTotal
	colRestricted
	colHolds
	colMinutes
	colBudget
	colLastContact
	colLastEventAt
	colPosition
	colVersion
	colLastActivity
	columnCount
)

// Projection is the projection.
type Projection struct{}

var _ projections.Projection = Projection{}

// Name is constant.
func (Projection) Name() string { return Name }

// Version rises with every change of the tables or of Apply.
func (Projection) Version() int { return 3 }

// Reads lists every event of a dossier: each moves its position and its newest
// time, and each may carry sealed sections.
func (Projection) Reads() []string {
	return []string{
		dossier.TypeOpened, dossier.TypeReferralDeclined, dossier.TypeClientChanged, dossier.TypeRegulationHandedOut,
		dossier.TypeStaffAssigned, dossier.TypeStaffUnassigned,
		dossier.TypeTrajectoryStarted, dossier.TypeTrajectoryEnded, dossier.TypeTrajectoryReopened,
		dossier.TypeRecordAdded, dossier.TypeRecordCorrected, dossier.TypeRecordCompleted,
		dossier.TypeRecordRestricted, dossier.TypeRestrictionLifted,
		dossier.TypeHoursLogged, dossier.TypeHoursCorrected,
		dossier.TypeConsentGiven, dossier.TypeConsentRefused, dossier.TypeConsentWithdrawn,
		dossier.TypeObjectionReceived, dossier.TypeObjectionWithdrawn,
		dossier.TypeDisclosureMade, dossier.TypeDisclosureRefused,
		dossier.TypeHoldPlaced, dossier.TypeHoldLifted, dossier.TypeRedated,
		dossier.TypeRepresentativeRecorded, dossier.TypeRepresentativeEnded,
		dossier.TypeRequestReceived, dossier.TypeRequestExtended, dossier.TypeRequestDecided,
		dossier.TypeRequestFulfilled, dossier.TypeRequestWithdrawn,
		dossier.TypeRecipientNotified, dossier.TypeClientNotified, dossier.TypeUnlawfulDisclosure, dossier.TypeRecordMoved,
		dossier.TypeViewGranted, dossier.TypeViewRefused, dossier.TypeViewEnded,
		dossier.TypeComplaintFiled, dossier.TypeComplaintResolved,
		dossier.TypeInvoiceTakenOver, dossier.TypeDocumentAttached, dossier.TypeQuestionAnswered,
		dossier.TypeGlassBroken, dossier.TypeGlassReviewed, dossier.TypeDisclosureConfirmed,
	}
}

// Tables are the dossiers and three tables beside them. The key of the sections
// leads with the category, so that a list of clients reads the names of each
// and nothing else.
func (Projection) Tables() []readdb.Table {
	return []readdb.Table{
		{
			Name: Name,
			Columns: rows.Columns("agency:t", "dossier:t", "opened:i", "opened_position:i", "service:t", "referral:t",
				"commissioner:t", "standing:t", "profile:t", "profile_version:i", "handed_out:i", "declined_on:t",
				"trajectories:t", "status:t", "guidance_ended_on:t", "assigned:t", "records:t", "record_total:i",
				"restricted:i", "holds:i", "minutes:i", "budget:i", "last_contact:t", "last_event_at:i", "position:i", "version:i",
				"last_activity:i"),
			KeyColumns: 2,
			Indexes:    [][]string{{"agency", "opened_position"}},
		},
		{
			Name:       tableAssignments,
			Columns:    rows.Columns("agency:t", "staff:t", "dossier:t", "number:i", "capacity:t", "since:i", "until:i"),
			KeyColumns: 4,
		},
		{
			Name: tableRecords,
			Columns: rows.Columns("agency:t", "dossier:t", "record:t", "category:t", "contains:t", "class:t", "source:t",
				"obtained_on:t", "trajectory:t", "judgement:i", "consent:t", "restricted:i", "corrections:i", "completions:i",
				"added:i", "added_position:i", "current_position:i", "current_event:i"),
			KeyColumns: 3,
		},
		{
			Name: tableSections,
			Columns: rows.Columns("agency:t", "dossier:t", "category:t", "position:i", "event:i", "section:i",
				"version:i", "owner:t", "class:t", "key_id:t", "event_id:t", "type:t", "schema:i",
				"occurred:i", "recorded:i", "sealed:b"),
			KeyColumns: 6,
			Sealed:     []string{"sealed"},
		},
	}
}

// Apply folds the commit into its dossier's row and adds its sections.
func (Projection) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	e := &d.Commit.Envelope
	if e.Kind != domain.KindDossier || len(d.Events) == 0 {
		return nil
	}
	f, err := load(ctx, tx, d)
	if err != nil {
		return err
	}
	err = rows.Each(d, func(place int, stored *eventstore.StoredEvent, sealed [][]byte, r *domain.Recorded) error {
		if err := f.event(place, r); err != nil {
			return err
		}
		return f.sections(place, stored, sealed, r)
	})
	if err != nil {
		return err
	}
	return f.save()
}

// fold is one dossier's row while a commit is folded into it. It belongs to
// one Apply.
type fold struct {
	ctx    context.Context
	tx     readdb.Tx
	commit *eventstore.Commit
	row    readdb.Row
	fresh  bool // not in the table yet
}

func load(ctx context.Context, tx readdb.Tx, d *projections.Delivery) (*fold, error) {
	e := &d.Commit.Envelope
	f := &fold{ctx: ctx, tx: tx, commit: d.Commit}
	if _, first := d.Events[0].Event.(*dossier.Opened); first && e.Version == 1 {
		f.row, f.fresh = emptyRow(e), true
		return f, nil
	}
	row, ok, err := tx.Get(ctx, Name, e.Agency, e.AggregateID)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("dossiers: the commit at %d is about a dossier that was never opened", d.Commit.Position)
	}
	f.row = slices.Clone(row)
	return f, nil
}

// blank has an absent value in each column of table dossiers; nobody changes it.
var blank = func() readdb.Row {
	row := make(readdb.Row, columnCount)
	for i, c := range (Projection{}).Tables()[0].Columns {
		if row[i] = ""; c.Type == readdb.Int {
			row[i] = int64(0)
		}
	}
	return row
}()

func emptyRow(e *eventstore.Envelope) readdb.Row {
	row := slices.Clone(blank)
	row[colAgency], row[colDossier], row[colStatus] = e.Agency, e.AggregateID, StatusOpen
	return row
}

// save writes the row with what every commit changes.
func (f *fold) save() error {
	e := &f.commit.Envelope
	f.row[colPosition], f.row[colVersion] = int64(f.commit.Position), int64(e.Version)
	if at := rows.Instant(e.Time); at > f.num(colLastEventAt) {
		f.row[colLastEventAt] = at
	}
	// What the engine does of itself, such as dating anew, keeps no dossier awake.
	if at := rows.Instant(e.Time); at > f.num(colLastActivity) && e.Actor != domain.Engine {
		f.row[colLastActivity] = at
	}
	if e.Profile != "" && (e.Profile != f.text(colProfile) || int64(e.ProfileVer) != f.num(colProfileVersion)) {
		f.row[colProfile], f.row[colProfileVersion] = e.Profile, int64(e.ProfileVer)
	}
	if f.fresh {
		return f.tx.Insert(f.ctx, Name, f.row)
	}
	return f.tx.Put(f.ctx, Name, f.row)
}

func (f *fold) text(col int) string   { return f.row[col].(string) }
func (f *fold) num(col int) int64     { return f.row[col].(int64) }
func (f *fold) add(col int, by int64) { f.row[col] = f.num(col) + by }
