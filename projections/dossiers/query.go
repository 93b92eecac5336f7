package dossiers

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Row is one dossier as the export `dossiers` gives it (catalogue §3).
type Row struct {
	Agency       string          `json:"agency"`
	Dossier      string          `json:"dossier"`
	Status       string          `json:"status"`
	Trajectories []RowTrajectory `json:"trajectories,omitempty"`
	// Assigned are the members of staff assigned at the instant asked for, in byte order.
	Assigned []string `json:"assigned,omitempty"`
	// Records is the number of records of each category.
	Records     map[domain.Category]int `json:"records,omitempty"`
	LastEventAt time.Time               `json:"last_event_at"` // the newest occurred_at
	Position    uint64                  `json:"position"`      // of the newest commit
}

// RowTrajectory is a trajectory in that export.
type RowTrajectory struct {
	Trajectory string  `json:"trajectory"`
	Started    nl.Date `json:"started"`
	Ended      nl.Date `json:"ended,omitzero"`
}

// Dossier is the current view of one dossier: clear facts alone.
type Dossier struct {
	Agency, Dossier string
	Status          string
	Opened          time.Time // occurred_at of the opening
	OpenedPosition  uint64
	Service         string
	Referral        string
	Commissioner    string // recipient id, "" for none
	Standing        string
	// Profile and ProfileVersion are those that the newest commit was judged by.
	Profile        string
	ProfileVersion int
	HandedOut      time.Time // newest hand-out of the regulation; zero: not handed out (C-I4)
	DeclinedOn     string    // YYYY-MM-DD or ""
	Trajectories   []Trajectory
	GuidanceEnded  string // YYYY-MM-DD, "" while it has not ended
	Assignments    []Assignment
	Records        map[domain.Category]int
	RecordTotal    int
	Restricted     int // records that are shielded
	Holds          int // holds in force
	Minutes        int // hours with their corrections
	Budget         int // minutes, over all trajectories
	LastContact    string
	LastEventAt    time.Time
	// LastActivity is the newest occurred_at of what people did (C-2.5e).
	LastActivity time.Time
	Position     uint64
	Version      uint64
}

// AssignedAt are the members of staff assigned at an instant, in byte order.
func (d *Dossier) AssignedAt(at time.Time) []string {
	var out []string
	for _, a := range d.Assignments {
		if a.Holds(at) {
			out = append(out, a.Staff)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Row gives the dossier in the form of the export, at an instant.
func (d *Dossier) Row(at time.Time) Row {
	r := Row{
		Agency: d.Agency, Dossier: d.Dossier, Status: d.Status, Assigned: d.AssignedAt(at),
		LastEventAt: d.LastEventAt, Position: d.Position,
	}
	if len(d.Records) > 0 {
		r.Records = d.Records
	}
	for _, t := range d.Trajectories {
		r.Trajectories = append(r.Trajectories, RowTrajectory{Trajectory: t.Trajectory, Started: t.Started, Ended: t.Ended})
	}
	return r
}

// Filter narrows a list of dossiers. Zero fields do not narrow.
type Filter struct {
	// Agency, Dossier, From and Until: as everywhere; From and Until bound the
	// newest occurred_at.
	rows.Filter
	// Staff keeps the dossiers to which that member of staff is assigned at the
	// instant At, in whatever capacity (C-0d). Nobody else's dossier is read.
	Staff string
	// At is the instant at which assignments are taken; it must be given with Staff.
	At time.Time
	// Status keeps the dossiers of one status.
	Status string
}

const columns = `d.agency, d.dossier, d.status, d.opened, d.opened_position, d.service, d.referral, d.commissioner, d.standing,
	d.profile, d.profile_version, d.handed_out, d.declined_on, d.trajectories, d.guidance_ended_on, d.assigned, d.records,
	d.record_total, d.restricted, d.holds, d.minutes, d.budget, d.last_contact, d.last_event_at, d.position, d.version, d.last_activity`

// Get gives one dossier; ok is false when the agency has none with that id.
func Get(ctx context.Context, db *readdb.DB, agency, dossier string) (d Dossier, ok bool, err error) {
	q := "SELECT " + columns + " FROM dossiers d WHERE d.agency = ? AND d.dossier = ?"
	err = rows.Query(ctx, db, q, []any{agency, dossier}, func(scan func(...any) error) error {
		ok = true
		var err error
		d, err = scanDossier(scan)
		return err
	})
	return d, ok, err
}

// List calls f with dossiers in the order in which they were opened. f may give
// rows.ErrStop.
func List(ctx context.Context, db *readdb.DB, filter Filter, f func(Dossier) error) error {
	var w rows.Where
	w.If(filter.Agency != "", "d.agency = ?", filter.Agency)
	w.If(filter.Dossier != "", "d.dossier = ?", filter.Dossier)
	w.If(!filter.From.IsZero(), "d.last_event_at >= ?", rows.Instant(filter.From))
	w.If(!filter.Until.IsZero(), "d.last_event_at < ?", rows.Instant(filter.Until))
	w.If(filter.Status != "", "d.status = ?", filter.Status)
	if filter.Staff != "" {
		at := rows.Instant(filter.At)
		if filter.Agency == "" {
			return fmt.Errorf("dossiers: a member of staff is looked up in one agency")
		}
		w.And(`d.dossier IN (SELECT a.dossier FROM dossiers_assignments a
			WHERE a.agency = ? AND a.staff = ? AND a.since <= ? AND (a.until = 0 OR a.until > ?))`,
			filter.Agency, filter.Staff, at, at)
	}
	q := "SELECT " + columns + " FROM dossiers d" + w.String() + " ORDER BY d.opened_position"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		d, err := scanDossier(scan)
		if err != nil {
			return err
		}
		return f(d)
	})
}

// Responsible counts the dossiers for which a member of staff is responsible at
// an instant: whoever has one cannot be ended (catalogue §2, EndStaff).
func Responsible(ctx context.Context, db *readdb.DB, agency, staff string, at time.Time) (n int, err error) {
	t := rows.Instant(at)
	_, err = rows.One(ctx, db, `SELECT COUNT(DISTINCT dossier) FROM dossiers_assignments
		WHERE agency = ? AND staff = ? AND capacity = 'responsible' AND since <= ? AND (until = 0 OR until > ?)`,
		[]any{agency, staff, t, t}, &n)
	return n, err
}

func scanDossier(scan func(...any) error) (Dossier, error) {
	var (
		d                               Dossier
		opened, handedOut, lastEvent    int64
		lastActivity                    int64
		trajectories, assigned, records string
	)
	if err := scan(&d.Agency, &d.Dossier, &d.Status, &opened, &d.OpenedPosition, &d.Service, &d.Referral, &d.Commissioner, &d.Standing,
		&d.Profile, &d.ProfileVersion, &handedOut, &d.DeclinedOn, &trajectories, &d.GuidanceEnded, &assigned, &records,
		&d.RecordTotal, &d.Restricted, &d.Holds, &d.Minutes, &d.Budget, &d.LastContact, &lastEvent, &d.Position, &d.Version, &lastActivity); err != nil {
		return Dossier{}, fmt.Errorf("reading the dossiers: %w", err)
	}
	d.Opened, d.HandedOut, d.LastEventAt = rows.Time(opened), rows.Time(handedOut), rows.Time(lastEvent)
	d.LastActivity = rows.Time(lastActivity)
	d.Records = counts(records)
	if err := decode(trajectories, &d.Trajectories); err != nil {
		return Dossier{}, err
	}
	return d, decode(assigned, &d.Assignments)
}
