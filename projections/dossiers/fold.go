package dossiers

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// The statuses of a dossier (catalogue §3).
const (
	StatusOpen            = "open"
	StatusGuidanceEnded   = "guidance_ended"
	StatusDeclined        = "declined"
	StatusPartlyDestroyed = "partly_destroyed"
	StatusDestroyed       = "destroyed"
)

// event folds one event into the row and the tables beside it.
func (f *fold) event(place int, r *domain.Recorded) error {
	switch e := r.Event.(type) {
	case *dossier.Opened:
		f.opened(e, r)
	case *dossier.ReferralDeclined:
		f.row[colDeclinedOn] = e.DeclinedOn.String()
		return f.trajectories(nil)
	case *dossier.RegulationHandedOut:
		f.row[colHandedOut] = rows.Instant(r.Meta.Occurred)
	case *dossier.StaffAssigned:
		return f.assign(e)
	case *dossier.StaffUnassigned:
		return f.unassign(e)
	case *dossier.TrajectoryStarted:
		return f.trajectories(func(list []Trajectory) []Trajectory {
			return append(list, Trajectory{
				Trajectory: e.Trajectory, Started: e.StartedOn, Service: e.Service, Commissioner: e.Commissioner,
				AgreementUntil: e.AgreementUntil, PlannedEnd: e.PlannedEnd, BudgetMinutes: e.BudgetMinutes,
			})
		})
	case *dossier.TrajectoryEnded:
		return f.trajectories(func(list []Trajectory) []Trajectory {
			if i := find(list, e.Trajectory); i >= 0 {
				list[i].Ended, list[i].Outcome = e.EndedOn, e.Outcome
			}
			return list
		})
	case *dossier.TrajectoryReopened:
		return f.trajectories(func(list []Trajectory) []Trajectory {
			if i := find(list, e.Trajectory); i >= 0 {
				list[i].Ended, list[i].Outcome, list[i].Reopened = nl.Date{}, "", e.ReopenedOn
			}
			return list
		})
	case *dossier.HoursLogged:
		f.add(colMinutes, int64(e.Minutes))
		if day := e.Date.String(); e.Activity == "conversation" && day > f.text(colLastContact) {
			f.row[colLastContact] = day
		}
	case *dossier.HoursCorrected:
		f.add(colMinutes, int64(e.Minutes-e.Previous))
	case *dossier.HoldPlaced:
		f.add(colHolds, 1)
	case *dossier.HoldLifted:
		f.add(colHolds, -1)
	default:
		return f.record(place, r)
	}
	return nil
}

func (f *fold) opened(e *dossier.Opened, r *domain.Recorded) {
	f.row[colOpened], f.row[colOpenedPosition] = rows.Instant(r.Meta.Occurred), int64(r.Meta.Position)
	f.row[colService], f.row[colReferral] = e.Service, e.Referral
	f.row[colCommissioner], f.row[colStanding] = e.Commissioner, e.Standing
}

// Trajectory is a trajectory as it stands in the view; dates that are not known
// are absent.
type Trajectory struct {
	Trajectory     string  `json:"trajectory"`
	Started        nl.Date `json:"started"`
	Ended          nl.Date `json:"ended,omitzero"`
	Outcome        string  `json:"outcome,omitzero"`
	Reopened       nl.Date `json:"reopened,omitzero"`
	Service        string  `json:"service,omitzero"`
	Commissioner   string  `json:"commissioner,omitzero"`
	AgreementUntil nl.Date `json:"agreement_until,omitzero"`
	PlannedEnd     nl.Date `json:"planned_end,omitzero"`
	BudgetMinutes  int     `json:"budget_minutes,omitzero"`
}

// trajectories changes the list of trajectories and what follows from it. They
// are few and seldom change, so the list stands in one column.
func (f *fold) trajectories(change func([]Trajectory) []Trajectory) error {
	var list []Trajectory
	if err := decode(f.text(colTrajectories), &list); err != nil {
		return err
	}
	if change != nil {
		list = change(list)
		packed, err := encode(list)
		if err != nil {
			return err
		}
		f.row[colTrajectories] = packed
	}
	status, ended, budget := standing(list, f.text(colDeclinedOn) != "")
	f.row[colStatus], f.row[colGuidanceEndedOn], f.row[colBudget] = status, ended.String(), budget
	return nil
}

// standing derives the status, the day on which guidance ended (zero while it
// has not) and the budget.
func standing(list []Trajectory, declined bool) (status string, ended nl.Date, budget int64) {
	open := 0
	for _, t := range list {
		budget += int64(t.BudgetMinutes)
		if t.Ended.IsZero() {
			open++
		}
		ended = nl.Later(ended, t.Ended)
	}
	switch {
	case len(list) == 0 && declined:
		return StatusDeclined, nl.Date{}, budget
	case len(list) > 0 && open == 0:
		return StatusGuidanceEnded, ended, budget
	}
	return StatusOpen, nl.Date{}, budget
}

func find(list []Trajectory, number string) int {
	return slices.IndexFunc(list, func(t Trajectory) bool { return t.Trajectory == number })
}

// Assignment is access by assignment from Since until Until, excluded; a zero
// Until has no end (C-0d).
type Assignment struct {
	Staff    string    `json:"staff"`
	Capacity string    `json:"capacity"`
	Since    time.Time `json:"since"`
	Until    time.Time `json:"until,omitzero"`
}

// Holds tells whether the assignment holds at an instant.
func (a Assignment) Holds(at time.Time) bool {
	return !at.Before(a.Since) && (a.Until.IsZero() || at.Before(a.Until))
}

func (f *fold) assign(e *dossier.StaffAssigned) error {
	return f.assignments(func(list []Assignment) []Assignment {
		return append(list, Assignment{Staff: e.Staff, Capacity: e.Capacity, Since: e.From.UTC(), Until: e.Until.UTC()})
	})
}

// unassign ends every assignment of the member of staff that would go on past
// the day; one that was to begin later never holds.
func (f *fold) unassign(e *dossier.StaffUnassigned) error {
	return f.assignments(func(list []Assignment) []Assignment {
		for i, a := range list {
			if a.Staff == e.Staff && (a.Until.IsZero() || a.Until.After(e.Until)) {
				list[i].Until = e.Until.UTC()
			}
		}
		return list
	})
}

// assignments changes the list in the dossier's row, and the rows by which a
// member of staff finds the dossier as far as they differ.
func (f *fold) assignments(change func([]Assignment) []Assignment) error {
	var list []Assignment
	if err := decode(f.text(colAssigned), &list); err != nil {
		return err
	}
	before := slices.Clone(list)
	list = change(list)
	for i, a := range list {
		if i < len(before) && before[i] == a {
			continue
		}
		row := readdb.Row{
			f.row[colAgency], a.Staff, f.row[colDossier], int64(i), a.Capacity, rows.Instant(a.Since), rows.Instant(a.Until),
		}
		if err := f.tx.Put(f.ctx, tableAssignments, row); err != nil {
			return err
		}
	}
	packed, err := encode(list)
	f.row[colAssigned] = packed
	return err
}

// kept tells whether sections of a category stand in the view: the particulars,
// and the name for invoices, which outlives them.
func kept(c domain.Category) bool { return c.Particular() || c == domain.CatInvoiceName }

// sections adds the event's sealed sections of particulars.
func (f *fold) sections(place int, stored *eventstore.StoredEvent, sealed [][]byte, r *domain.Recorded) error {
	for i, ref := range stored.Sections {
		if !kept(ref.Category) {
			continue
		}
		owner := ref.Owner
		if owner == ownerOf(r.Meta.Aggregate) {
			owner = "" // nearly always: not written a million times
		}
		err := f.tx.Insert(f.ctx, tableSections, readdb.Row{
			r.Meta.Agency, r.Meta.Aggregate, string(ref.Category), int64(r.Meta.Position), int64(place), int64(i),
			int64(r.Meta.Version), owner, string(ref.Class), ref.Key, stored.ID, stored.Type, int64(stored.Schema),
			rows.Instant(r.Meta.Occurred), rows.Instant(r.Meta.Recorded), sealed[i],
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ownerOf is whose keys seal what is the dossier's own.
func ownerOf(dossierID domain.ID) string { return "dossier/" + dossierID }

// count changes the number of records of a category in the packed counts
// ("contact:1 report:12", in byte order), which cost less to change than JSON.
func count(packed string, category domain.Category, by int) string {
	list := strings.Fields(packed)
	i, found := slices.BinarySearchFunc(list, string(category), func(item, code string) int {
		name, _, _ := strings.Cut(item, ":")
		return strings.Compare(name, code)
	})
	n := by
	if found {
		_, digits, _ := strings.Cut(list[i], ":")
		old, err := strconv.Atoi(digits)
		if err != nil {
			old = 0 // only count writes the column
		}
		n += old
	}
	item := string(category) + ":" + strconv.Itoa(n)
	switch {
	case found && n > 0:
		list[i] = item
	case found:
		list = slices.Delete(list, i, i+1)
	case n > 0:
		list = slices.Insert(list, i, item)
	}
	return strings.Join(list, " ")
}

// counts is the reverse: the number of records of each category.
func counts(packed string) map[domain.Category]int {
	out := map[domain.Category]int{}
	for item := range strings.FieldsSeq(packed) {
		name, digits, _ := strings.Cut(item, ":")
		if n, err := strconv.Atoi(digits); err == nil {
			out[domain.Category(name)] = n
		}
	}
	return out
}

func decode(packed string, into any) error {
	if packed == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(packed), into); err != nil {
		return fmt.Errorf("dossiers: a column of the view has another form: %w", err)
	}
	return nil
}

func encode(list any) (string, error) {
	b, err := json.Marshal(list)
	if err != nil {
		return "", fmt.Errorf("dossiers: encoding a column: %w", err)
	}
	return string(b), nil
}
