package dossier

import (
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// StateSchema is the version of State's stored form; snapshots of another
// version are thrown away.
const StateSchema = 4

// State is what Decide needs to know of a dossier, folded in stream order. It
// keeps the intervals of its facts, so that a command that comes in late is
// judged by how things stood then (catalogue §2, "Time"). It holds no personal
// data. Names in its stored form are short, since a dossier may have ten
// thousand records and entries of hours.
type State struct {
	Opened time.Time `json:"opened,omitzero"` // occurred_at of the opening
	Newest time.Time `json:"newest,omitzero"` // the newest occurred_at

	Service      string    `json:"service,omitzero"`
	Referral     string    `json:"referral,omitzero"`
	Commissioner domain.ID `json:"commissioner,omitzero"`
	Standing     string    `json:"standing,omitzero"`
	BSNStatute   bool      `json:"bsn_statute,omitzero"` // a statute was named that allows the BSN (L-U46)
	DeclinedOn   nl.Date   `json:"declined_on,omitzero"`

	Trajectories []*Trajectory          `json:"trajectories,omitzero"` // in the order of their start
	Assignments  []Assignment           `json:"assignments,omitzero"`
	Records      map[domain.ID]*Record  `json:"records,omitzero"`
	Entries      map[domain.ID]int      `json:"entries,omitzero"` // minutes of each entry of hours
	Consents     map[domain.ID]*Consent `json:"consents,omitzero"`
	Objections   []Span                 `json:"objections,omitzero"`
	Holds        map[domain.ID]*Hold    `json:"holds,omitzero"`
	// Disclosures are those that were made, lawful or not.
	Disclosures map[domain.ID]*Disclosure `json:"disclosures,omitzero"`
	// Changed is when particulars of a category were corrected last (L-19).
	Changed map[domain.Category]Point `json:"changed,omitzero"`

	Representatives map[domain.ID]*Representative `json:"representatives,omitzero"`
	Requests        map[domain.ID]*Request        `json:"requests,omitzero"`
	Views           map[domain.ID]*View           `json:"views,omitzero"`
	Complaints      map[domain.ID]*Complaint      `json:"complaints,omitzero"`
	// Glasses are the looks in an emergency, by their id.
	Glasses map[domain.ID]*Glass `json:"glasses,omitzero"`
	// Used are the ids of documents and questions, of which nothing else is asked.
	Used map[domain.ID]bool `json:"used,omitzero"`

	// Dating is the version by which the dossier was last dated anew; zero before.
	Dating Dating `json:"dating,omitzero"`
}

// Span is an interval of time: from From to Until, excluded; a zero Until has no end.
type Span struct {
	From  time.Time `json:"f"`
	Until time.Time `json:"u,omitzero"`
}

// Holds tells whether the instant lies within.
func (s Span) Holds(t time.Time) bool {
	return !t.Before(s.From) && (s.Until.IsZero() || t.Before(s.Until))
}

// Days is an interval of days, both included; a zero Until has no end.
type Days struct {
	From  nl.Date `json:"f"`
	Until nl.Date `json:"u,omitzero"`
}

// Trajectory is one trajectory with the days on which it was open.
type Trajectory struct {
	Number         string    `json:"number"`
	Commissioner   domain.ID `json:"commissioner,omitzero"`
	AgreementUntil nl.Date   `json:"agreement_until,omitzero"`
	Open           []Days    `json:"open"`
}

// IsOpen tells whether the trajectory has not ended.
func (t *Trajectory) IsOpen() bool {
	return len(t.Open) > 0 && t.Open[len(t.Open)-1].Until.IsZero()
}

// OpenOn tells whether the trajectory was open on a day.
func (t *Trajectory) OpenOn(d nl.Date) bool {
	return slices.ContainsFunc(t.Open, func(o Days) bool {
		return !d.Before(o.From) && (o.Until.IsZero() || !d.After(o.Until))
	})
}

// Started is the day of its first start.
func (t *Trajectory) Started() nl.Date { return t.Open[0].From }

// Ended is the day on which it ended last; zero while it is open.
func (t *Trajectory) Ended() nl.Date { return t.Open[len(t.Open)-1].Until }

// Assignment is a member of staff's access by assignment.
type Assignment struct {
	Staff    domain.ID `json:"staff"`
	Capacity string    `json:"capacity"`
	Span
}

// Record is what must be known of a record.
type Record struct {
	Category  domain.Category   `json:"c"`
	Contains  []domain.Category `json:"i,omitzero"`
	Class     domain.Class      `json:"k"`
	Source    string            `json:"s"`
	Judgement bool              `json:"j,omitzero"`
	Added     time.Time         `json:"a"` // its occurred_at
	// Date is the day on which it was obtained, else recorded.
	Date       nl.Date `json:"d"`
	Trajectory string  `json:"t,omitzero"`
	Restricted []Span  `json:"r,omitzero"`
	// Changed is when it was corrected, completed, shielded or moved last (L-19).
	Changed Point `json:"n,omitzero"`
	// Moved is when it was moved to the dossier MovedTo, where it belongs
	// (C-2.9.3b); zero while it is here.
	Moved   time.Time `json:"m,omitzero"`
	MovedTo domain.ID `json:"o,omitzero"`
}

// Categories are the record's category and all that it contains.
func (r *Record) Categories() []domain.Category {
	return append([]domain.Category{r.Category}, r.Contains...)
}

// RestrictedAt tells whether the record was shielded at an instant.
func (r *Record) RestrictedAt(t time.Time) bool {
	return slices.ContainsFunc(r.Restricted, func(s Span) bool { return s.Holds(t) })
}

// Consent is a consent with its interval, or one that was refused.
type Consent struct {
	For        string            `json:"for,omitzero"`
	Categories []domain.Category `json:"categories,omitzero"`
	Recipient  domain.ID         `json:"recipient,omitzero"`
	Purpose    string            `json:"purpose,omitzero"`
	Explicit   bool              `json:"explicit,omitzero"`
	Given      time.Time         `json:"given"`
	Until      nl.Date           `json:"until,omitzero"` // the last day
	Withdrawn  time.Time         `json:"withdrawn,omitzero"`
	Refused    bool              `json:"refused,omitzero"`
}

// ValidAt tells whether the consent held at an instant (L-7).
func (c *Consent) ValidAt(t time.Time) bool {
	return !c.Refused && !t.Before(c.Given) &&
		(c.Withdrawn.IsZero() || t.Before(c.Withdrawn)) &&
		(c.Until.IsZero() || t.Before(c.Until.End()))
}

// Hold forbids the destruction of classes while it is placed.
type Hold struct {
	Classes []domain.Class `json:"classes"`
	Records []domain.ID    `json:"records,omitzero"`
	Span
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Exists tells whether the dossier was ever opened.
func (s *State) Exists() bool { return s != nil && !s.Opened.IsZero() }

// AssignedAt tells whether a member of staff was assigned at an instant (C-0d).
func (s *State) AssignedAt(staff domain.ID, t time.Time) bool {
	return slices.ContainsFunc(s.Assignments, func(a Assignment) bool { return a.Staff == staff && a.Holds(t) })
}

// ResponsibleAt are the members of staff responsible at an instant, in byte order.
func (s *State) ResponsibleAt(t time.Time) []domain.ID {
	ids := map[domain.ID]bool{}
	for _, a := range s.Assignments {
		if a.Capacity == "responsible" && a.Holds(t) {
			ids[a.Staff] = true
		}
	}
	return slices.Sorted(maps.Keys(ids))
}

// GuidanceEnded is the day on which the last trajectory ended; ok is false
// while one is open or none was ever started.
func (s *State) GuidanceEnded() (day nl.Date, ok bool) {
	for _, t := range s.Trajectories {
		if t.IsOpen() {
			return nl.Date{}, false
		}
		day = nl.Later(day, t.Ended())
	}
	return day, len(s.Trajectories) > 0
}

// ObjectedAt tells whether an objection to the disclosure of contact details
// stood at an instant (C-2.6.7).
func (s *State) ObjectedAt(t time.Time) bool {
	return slices.ContainsFunc(s.Objections, func(o Span) bool { return o.Holds(t) })
}

func (s *State) trajectory(number string) *Trajectory {
	i := slices.IndexFunc(s.Trajectories, func(t *Trajectory) bool { return t.Number == number })
	if i < 0 {
		return nil
	}
	return s.Trajectories[i]
}
