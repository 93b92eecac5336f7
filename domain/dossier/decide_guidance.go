package dossier

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

func dayOf(t time.Time) nl.Date { return nl.DateOf(t) }

// dossierRoles are the roles that work with dossiers (catalogue §5).
var dossierRoles = []string{"coach", "administration"}

func (d *decision) assign(c *AssignStaff) ([]domain.Fact, error) {
	st, err := d.staffAt(c.Staff, "staff")
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(st.RolesAt(d.env.At), func(r string) bool { return slices.Contains(dossierRoles, r) }) {
		return nil, domain.RefusedField("staff", "no_dossier_role", "C-0d", "this member of staff has no role that works with dossiers; grant one first")
	}
	e := &StaffAssigned{Staff: c.Staff, Capacity: c.Capacity, From: c.From.Start(), Until: c.Until.End()}
	if e.Capacity == "" {
		e.Capacity = "responsible"
	}
	if e.From.IsZero() || c.From.Day == d.day {
		e.From = d.env.At
	}
	switch {
	case e.From.Before(d.env.At) && !d.env.Backdated():
		return nil, domain.RefusedField("from", "not_now", "C-0d", "an assignment begins now or later, never earlier; leave the beginning out")
	case !e.Until.IsZero() && !e.Until.After(e.From):
		return nil, domain.RefusedField("until", "out_of_range", domain.RuleForm, "the end lies before the beginning; compare the two")
	case slices.ContainsFunc(d.s.Assignments, func(a Assignment) bool {
		return a.Staff == e.Staff && a.Capacity == e.Capacity && a.Holds(e.From) && (a.Until.IsZero() || !e.Until.IsZero() && !a.Until.Before(e.Until))
	}):
		return nil, domain.RefusedField("staff", "already_assigned", "C-0d", "this member of staff is assigned in that capacity for that time already")
	}
	return domain.OneFact(e), nil
}

func (d *decision) unassign(c *UnassignStaff) ([]domain.Fact, error) {
	until := c.Until.End()
	if until.IsZero() {
		until = d.env.At
	}
	if until.Before(d.env.At) && !d.env.Backdated() {
		return nil, domain.RefusedField("until", "not_now", "S-Toe1", "an assignment ends now or later, never earlier; leave the end out")
	}
	if !slices.ContainsFunc(d.s.Assignments, func(a Assignment) bool {
		return a.Staff == c.Staff && (c.Capacity == "" || a.Capacity == c.Capacity) && (a.Until.IsZero() || until.Before(a.Until))
	}) {
		return nil, domain.RefusedField("staff", "not_assigned", "S-Toe1", "this member of staff has no assignment here that could end then")
	}
	return domain.OneFact(&StaffUnassigned{Staff: c.Staff, Capacity: c.Capacity, Until: until}), nil
}

func (d *decision) startTrajectory(c *StartTrajectory) ([]domain.Fact, error) {
	if d.s.trajectory(c.Trajectory) != nil {
		return nil, TrajectoryInUse()
	}
	e := &TrajectoryStarted{
		Trajectory: c.Trajectory, StartedOn: d.day, Service: c.Service, Commissioner: c.Commissioner,
		AgreementUntil: c.AgreementUntil, PlannedEnd: c.PlannedEnd, BudgetMinutes: c.BudgetMinutes, ProcessingRole: c.ProcessingRole,
	}
	if e.Service == "" {
		e.Service = d.s.Service
	}
	if e.Commissioner == "" {
		e.Commissioner = d.s.Commissioner
	} else if err := d.commissioner(e.Commissioner); err != nil {
		return nil, err
	}
	return domain.OneFact(e, d.file(map[string]any{"order_number": c.OrderNumber})), nil
}

// TrajectoryInUse is the refusal of a number that a trajectory of the agency
// has already: invoices name a client by it (C-1.2e).
func TrajectoryInUse() *domain.Error {
	return domain.RefusedField("trajectory", "trajectory_in_use", "C-1.2e", "this trajectory number is in use in the agency; choose another number")
}

func (d *decision) find(number string) (*Trajectory, *domain.Error) {
	t := d.s.trajectory(number)
	if t == nil {
		return nil, unknown("trajectory", "unknown_trajectory", "C-0a", "this dossier has no trajectory of that number; compare the number, or start it first")
	}
	return t, nil
}

func (d *decision) endTrajectory(c *EndTrajectory) ([]domain.Fact, error) {
	t, err := d.find(c.Trajectory)
	switch {
	case err != nil:
		return nil, err
	case !t.IsOpen():
		return nil, domain.RefusedField("trajectory", "trajectory_not_open", "C-2.5b", "this trajectory has ended already; reopen it first to end it on another day")
	case c.EndedOn.Before(t.Started()):
		return nil, domain.RefusedField("ended_on", "before_start", "C-2.5b", "it lies before the trajectory was started; give a day on or after its start")
	}
	if err := d.notFuture("ended_on", c.EndedOn, "C-2.5b"); err != nil {
		return nil, err
	}
	return domain.OneFact(&TrajectoryEnded{Trajectory: c.Trajectory, EndedOn: c.EndedOn, Outcome: c.Outcome}), nil
}

func (d *decision) reopenTrajectory(c *ReopenTrajectory) ([]domain.Fact, error) {
	t, err := d.find(c.Trajectory)
	if err != nil {
		return nil, err
	}
	if t.IsOpen() {
		return nil, domain.RefusedField("trajectory", "trajectory_open", "C-2.5b", "this trajectory is open; there is nothing to reopen")
	}
	// Days already counted as ended stay so: it is open again from the later of
	// the command's day and the day after its end.
	from := nl.Later(d.day, t.Ended().AddDays(1))
	return domain.OneFact(&TrajectoryReopened{Trajectory: c.Trajectory, ReopenedOn: from}, d.file(map[string]any{"reason": c.Reason})), nil
}

func (d *decision) logHours(c *LogHours) ([]domain.Fact, error) {
	if _, used := d.s.Entries[c.Entry]; used {
		return nil, inUse("entry", "C-0b")
	}
	t, err := d.find(c.Trajectory)
	if err != nil {
		return nil, err
	}
	if err := d.notFuture("date", c.Date, "C-0b"); err != nil {
		return nil, err
	}
	if !t.OpenOn(c.Date) && !d.lateHours(t, c) {
		return nil, domain.RefusedField("date", "trajectory_not_open", "C-0b", "the trajectory was not open on that day; afterwards only reports and aftercare can be logged, up to 60 days after its end")
	}
	e := &HoursLogged{Entry: c.Entry, Trajectory: c.Trajectory, Date: c.Date, Minutes: c.Minutes, Activity: c.Activity, WorkedBy: c.WorkedBy}
	if e.WorkedBy == "" {
		e.WorkedBy = d.env.Actor
	}
	for _, id := range NeedsStaff(c, d.env.Actor) {
		if _, err := d.staffAt(id, "worked_by"); err != nil {
			return nil, err
		}
	}
	return domain.OneFact(e, d.file(map[string]any{"note": c.Note})), nil
}

// lateHours tells whether the activity may be logged on a day after an end of
// the trajectory (catalogue §2, LogHours).
func (d *decision) lateHours(t *Trajectory, c *LogHours) bool {
	return d.profile.LateActivity(c.Activity) && slices.ContainsFunc(t.Open, func(o Days) bool {
		return !o.Until.IsZero() && c.Date.After(o.Until) && !c.Date.After(o.Until.AddDays(d.profile.Terms.HoursAfterEnd.Value))
	})
}

func (d *decision) correctHours(c *CorrectHours) ([]domain.Fact, error) {
	minutes, have := d.s.Entries[c.Entry]
	if !have {
		return nil, unknown("entry", "unknown_entry", "C-0b", "this dossier has no such entry of hours; compare its id")
	}
	return domain.OneFact(&HoursCorrected{Entry: c.Entry, Minutes: *c.Minutes, Previous: minutes}, d.file(map[string]any{"reason": c.Reason})), nil
}
