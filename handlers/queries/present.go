package queries

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// day is the civil day on which terms and states are evaluated.
func (s *Service) day(o DossierOptions) nl.Date {
	switch {
	case o.AsOf != nil:
		return nl.DateOf(*o.AsOf)
	case o.KnownAt != nil:
		return nl.DateOf(*o.KnownAt)
	}
	return nl.DateOf(s.clock.Now())
}

// endOf is the last instant of a day: what stands then counts for it.
func endOf(day nl.Date) time.Time { return day.End().Add(-time.Nanosecond) }

// describe fills in what the folded state says, all of it clear.
func (v *DossierView) describe(h *history, day nl.Date) error {
	st, ok := h.state.(*dossier.State)
	if !ok {
		return fmt.Errorf("queries: a dossier folded into %T", h.state)
	}
	var err error
	if v.State, err = json.Marshal(st); err != nil {
		return err
	}
	last := h.commits[len(h.commits)-1]
	v.Position = last.Position
	for _, c := range h.commits {
		if c.Envelope.Profile != "" {
			v.Profile, v.ProfileVer = c.Envelope.Profile, c.Envelope.ProfileVer
		}
	}
	v.Status = statusOf(st)
	seen := map[string]bool{}
	at := endOf(day)
	for _, a := range st.Assignments {
		if a.Holds(at) && !seen[a.Staff] {
			seen[a.Staff] = true
			v.Assigned = append(v.Assigned, StaffName{Staff: a.Staff})
		}
	}
	for _, t := range st.Trajectories {
		tr := Trajectory{Number: t.Number, Started: t.Started().String()}
		if !t.IsOpen() {
			tr.Ended = t.Ended().String()
		}
		v.Trajectories = append(v.Trajectories, tr)
	}
	for _, m := range st.Entries {
		v.Minutes += m
	}
	v.restricted, v.holds = map[string]bool{}, map[string][]domain.Category{}
	for id, r := range st.Records {
		v.holds[id] = r.Categories()
		if r.RestrictedAt(at) {
			v.restricted[id] = true
		}
	}
	return nil
}

// statusOf is the status of catalogue §3, export dossiers. Destruction comes
// with its own commands.
func statusOf(st *dossier.State) string {
	open := slices.ContainsFunc(st.Trajectories, func(t *dossier.Trajectory) bool { return t.IsOpen() })
	switch {
	case len(st.Trajectories) > 0 && !open:
		return "guidance_ended"
	case len(st.Trajectories) == 0 && !st.DeclinedOn.IsZero():
		return "declined"
	}
	return "open"
}

// present lays the opened values over each other, so that the view shows each
// particular and each record as it stands: a later change of a particular goes
// over the earlier one field by field, a correction of a record likewise, a
// completion is added.
func present(v *DossierView) {
	particulars := map[domain.Category]*Value{}
	var order []domain.Category
	records := map[string]int{}
	for _, e := range v.Timeline {
		for _, val := range e.Values {
			switch {
			case val.Record == "" && val.Category.Particular():
				if cur := particulars[val.Category]; cur != nil {
					overlay(cur, val)
				} else {
					val := val
					particulars[val.Category] = &val
					order = append(order, val.Category)
				}
			case val.Record != "" && val.Category != domain.CatFile:
				v.presentRecord(val, records)
			}
		}
	}
	for _, c := range order {
		if c == domain.CatContact {
			v.Contact = append(v.Contact, *particulars[c])
			continue
		}
		v.Personal = append(v.Personal, *particulars[c])
	}
}

func (v *DossierView) presentRecord(val Value, records map[string]int) {
	i, known := records[val.Record]
	switch {
	case !known:
		records[val.Record] = len(v.Values)
		v.Values = append(v.Values, val)
	case val.EventType == dossier.TypeRecordCorrected:
		overlay(&v.Values[i], val)
	default:
		v.Values = append(v.Values, val)
	}
}

// overlay puts the fields of a later section over those of an earlier one, and
// keeps of each field from which event it came.
func overlay(cur *Value, later Value) {
	a, b := openFields(cur), openFields(&later)
	if a == nil || b == nil {
		*cur = later
		return
	}
	sources := cur.Sources
	if sources == nil {
		sources = map[string]Source{}
		for k := range a {
			sources[k] = cur.source()
		}
	}
	for k, f := range b {
		a[k], sources[k] = f, later.source()
	}
	merged, err := json.Marshal(a)
	if err != nil {
		*cur = later
		return
	}
	*cur = later
	cur.Data, cur.Sources = merged, sources
}

// openFields are the fields of an opened object; nil for anything else.
func openFields(v *Value) (fields map[string]json.RawMessage) {
	if v.State != "open" || json.Unmarshal(v.Data, &fields) != nil {
		return nil
	}
	return fields
}

func (v *Value) source() Source {
	return Source{Position: v.Position, Event: v.Event, Type: v.EventType, Occurred: v.Occurred, Recorded: v.Recorded}
}
