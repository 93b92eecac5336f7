package dossier

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// Evolve folds one event into the state, which it may change and which the
// caller does not use afterwards. It takes the same time however long the
// dossier is. An event that refers to what is not there changes nothing but
// the newest time: Decide never produces one.
func Evolve(s *State, r domain.Recorded) *State {
	at := r.Meta.Occurred
	// What the engine does of itself, such as ending an assignment, is no reason to
	// refuse people what they write down in the order in which it happened.
	if at.After(s.Newest) && r.Meta.Actor != domain.Engine {
		s.Newest = at
	}
	switch e := r.Event.(type) {
	case *Opened:
		s.Opened, s.Service, s.Referral, s.Commissioner, s.Standing = at, e.Service, e.Referral, e.Commissioner, e.Standing
		s.BSNStatute = slices.Contains(e.Fields, "bsn_statute")
	case *ReferralDeclined:
		s.DeclinedOn = e.DeclinedOn
	case *ClientChanged:
		s.BSNStatute = s.BSNStatute || slices.Contains(e.Fields, "bsn_statute")
		if e.Correction {
			for _, k := range particularsOf(e.Fields) {
				put(&s.Changed, k, s.Changed[k].later(pointOf(r.Meta)))
			}
		}
	case *RecordCompleted:
		s.changed(e.Record, r.Meta)
	case *RegulationHandedOut, *DisclosureRefused:
		// facts that no later decision asks for
	case *StaffAssigned:
		s.Assignments = append(s.Assignments, Assignment{e.Staff, e.Capacity, Span{e.From, e.Until}})
	case *StaffUnassigned:
		s.unassign(e)
	case *TrajectoryStarted, *TrajectoryEnded, *TrajectoryReopened:
		s.evolveTrajectory(r.Event)
	case *RecordAdded, *RecordCorrected, *RecordRestricted, *RestrictionLifted, *RecordMoved:
		s.evolveRecord(r.Event, r.Meta)
	case *HoursLogged:
		put(&s.Entries, e.Entry, e.Minutes)
	case *HoursCorrected:
		put(&s.Entries, e.Entry, e.Minutes)
	case *ConsentGiven, *ConsentRefused, *ConsentWithdrawn:
		s.evolveConsent(r.Event, at)
	case *ObjectionReceived:
		if !s.ObjectedAt(at) {
			s.Objections = append(s.Objections, Span{From: effective(e.ReceivedOn, at)})
		}
	case *ObjectionWithdrawn:
		for i := range s.Objections {
			if s.Objections[i].Until.IsZero() {
				s.Objections[i].Until = at
			}
		}
	case *DisclosureMade:
		s.evolveNotices(e, r.Meta)
	case *HoldPlaced:
		put(&s.Holds, e.Hold, &Hold{Classes: e.Classes, Records: e.Records, Span: Span{From: at}})
	case *Redated:
		s.Dating = Dating{Profile: e.Profile, Version: e.Version, From: e.EffectiveFrom}
	case *HoldLifted:
		if h := s.Holds[e.Hold]; h != nil {
			h.Until = at
		}
	default:
		s.evolveRights(e, r.Meta)
	}
	return s
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}

// effective is when a letter has effect that was received on a day and
// recorded at an instant: at the instant, or from the start of an earlier day.
func effective(received nl.Date, at time.Time) time.Time {
	if !received.IsZero() && received.Before(nl.DateOf(at)) {
		return received.Start()
	}
	return at
}

func (s *State) unassign(e *StaffUnassigned) {
	for i := range s.Assignments {
		a := &s.Assignments[i]
		if a.Staff != e.Staff || e.Capacity != "" && a.Capacity != e.Capacity {
			continue
		}
		if a.Until.IsZero() || e.Until.Before(a.Until) {
			a.Until = e.Until
			if a.Until.Before(a.From) { // it had not begun
				a.Until = a.From
			}
		}
	}
}

func (s *State) evolveTrajectory(event domain.Event) {
	switch e := event.(type) {
	case *TrajectoryStarted:
		s.Trajectories = append(s.Trajectories, &Trajectory{
			Number: e.Trajectory, Commissioner: e.Commissioner, AgreementUntil: e.AgreementUntil, Open: []Days{{From: e.StartedOn}},
		})
	case *TrajectoryEnded:
		if t := s.trajectory(e.Trajectory); t != nil {
			t.end(e.EndedOn)
		}
	case *TrajectoryReopened:
		if t := s.trajectory(e.Trajectory); t != nil {
			t.Open = append(t.Open, Days{From: e.ReopenedOn})
		}
	}
}

// end closes the trajectory on a day. Days on which it was open after that day
// fall away: a trajectory that was reopened can end on an earlier day than the
// first time.
func (t *Trajectory) end(day nl.Date) {
	for len(t.Open) > 1 && t.Open[len(t.Open)-1].From.After(day) {
		t.Open = t.Open[:len(t.Open)-1]
	}
	t.Open[len(t.Open)-1].Until = day
}

func (s *State) evolveRecord(event domain.Event, m domain.Meta) {
	at := m.Occurred
	switch e := event.(type) {
	case *RecordAdded:
		date := e.ObtainedOn
		if date.IsZero() {
			date = nl.DateOf(at)
		}
		put(&s.Records, e.Record, &Record{
			Category: e.Category, Contains: e.Contains, Class: e.Class, Source: e.Source, Judgement: e.Judgement,
			Added: at, Date: date, Trajectory: e.Trajectory,
		})
	case *RecordCorrected:
		if r := s.Records[e.Record]; r != nil {
			r.Category, r.Contains, r.Class, r.Source, r.Trajectory = e.Category, e.Contains, e.Class, e.Source, e.Trajectory
			if !e.ObtainedOn.IsZero() {
				r.Date = e.ObtainedOn
			}
		}
		s.changed(e.Record, m)
	case *RecordRestricted:
		if r := s.Records[e.Record]; r != nil {
			r.Restricted = append(r.Restricted, Span{From: at})
		}
		s.changed(e.Record, m)
	case *RecordMoved:
		if r := s.Records[e.Record]; r != nil {
			r.Moved, r.MovedTo = at, e.ToDossier
			r.Restricted = append(r.Restricted, Span{From: at})
		}
		s.changed(e.Record, m)
	case *RestrictionLifted:
		if r := s.Records[e.Record]; r != nil && len(r.Restricted) > 0 {
			r.Restricted[len(r.Restricted)-1].Until = at
		}
	}
}

func (s *State) evolveConsent(event domain.Event, at time.Time) {
	switch e := event.(type) {
	case *ConsentGiven:
		put(&s.Consents, e.Consent, &Consent{
			For: e.For, Categories: e.Categories, Recipient: e.Recipient, Purpose: e.Purpose, Explicit: e.Explicit, Given: at, Until: e.Until,
		})
	case *ConsentRefused:
		put(&s.Consents, e.Consent, &Consent{Given: at, Refused: true})
	case *ConsentWithdrawn:
		if c := s.Consents[e.Consent]; c != nil {
			c.Withdrawn = effective(e.ReceivedOn, at)
			if c.Withdrawn.Before(c.Given) {
				c.Withdrawn = c.Given
			}
		}
	}
}
