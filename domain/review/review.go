// Package review is one review of access: somebody draws looks out of the
// register of access, holds them against who guided whom, and writes down what
// was found (C-2.1.4b, C-2.1.4c). A review is an act on record of its own, so
// that it can be shown that the control was done, by whom and on what.
package review

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
)

// TypeReviewed is the type of the one event of a review.
const TypeReviewed = "access.reviewed"

// StateSchema is the version of State's stored form.
const StateSchema = 1

// The outcomes of a review.
const (
	InOrder   = "in_order"
	Irregular = "irregular"
)

// Outcomes lists the outcomes.
var Outcomes = []string{InOrder, Irregular}

// Warnings of a review.
const (
	// WarnIncidentMissing: something was irregular, and no incident is named (L-33).
	WarnIncidentMissing = "incident_missing"
	// WarnOwnLooks: the reviewer's own looks are among those reviewed by name;
	// somebody else looks into those.
	WarnOwnLooks = "own_looks"
)

// mostSample bounds how many looks one review can have drawn.
const mostSample = 10_000_000

// ReviewAccess records a review of the looks of a period.
type ReviewAccess struct {
	Review domain.ID `json:"review"`
	From   nl.Date   `json:"from"`
	Until  nl.Date   `json:"until"` // included
	// Dossiers and Staff narrow what was reviewed; without them it was all.
	Dossiers []domain.ID `json:"dossiers,omitzero"`
	Staff    []domain.ID `json:"staff,omitzero"`
	Sample   *int        `json:"sample"` // how many looks were drawn; 0 where there were none
	Findings string      `json:"findings"`
	Outcome  string      `json:"outcome"`           // in_order, irregular
	Incident domain.ID   `json:"incident,omitzero"` // the incident that the irregularity is
}

// Reviewed is a review of the looks of the days from From to Until, both
// included. Section: of "review/<id>", class person, category file {findings}.
type Reviewed struct {
	From     nl.Date     `json:"from"`
	Until    nl.Date     `json:"until"`
	Dossiers []domain.ID `json:"dossiers,omitzero"` // in byte order
	Staff    []domain.ID `json:"staff,omitzero"`    // in byte order
	Sample   int         `json:"sample"`
	Outcome  string      `json:"outcome"` // one of Outcomes
	Incident domain.ID   `json:"incident,omitzero"`
}

// CommandName is the name in the catalogue.
func (*ReviewAccess) CommandName() string { return "ReviewAccess" }

// EventType is the constant above.
func (*Reviewed) EventType() string { return TypeReviewed }

// Lists are the dossiers to which the review was narrowed.
func (e *Reviewed) Lists() domain.Lists { return domain.Lists{Dossiers: &e.Dossiers} }

// Validate tells what is wrong with the form of the command.
func (c *ReviewAccess) Validate() error {
	var k domain.Check
	k.ID("review", &c.Review)
	k.Has("from", !c.From.IsZero())
	k.Has("until", !c.Until.IsZero())
	k.IDs("dossiers", c.Dossiers)
	k.IDs("staff", c.Staff)
	k.Has("sample", c.Sample != nil)
	if c.Sample != nil {
		k.Range("sample", *c.Sample, 0, mostSample)
	}
	k.Text("findings", c.Findings, domain.MaxText)
	k.Code("outcome", c.Outcome, Outcomes)
	k.OptionalID("incident", &c.Incident)
	return k.Err()
}

// State is what is known of a review: whether it was recorded.
type State struct {
	Reviewed time.Time `json:"reviewed,omitzero"` // its occurred_at
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Evolve folds one event into the state, which it may change.
func Evolve(s *State, r domain.Recorded) *State {
	if _, ok := r.Event.(*Reviewed); ok {
		s.Reviewed = r.Meta.Occurred
	}
	return s
}

// Target is the review that a command is about.
func Target(c domain.Command) domain.ID {
	if r, ok := c.(*ReviewAccess); ok {
		return r.Review
	}
	return ""
}

// rule is the article on the control of proper use.
const rule = "C-2.1.4b"

// Decide says what a command does. It changes nothing but env.Warnings.
func Decide(s *State, c domain.Command, env *domain.Env) ([]domain.Fact, error) {
	r, ok := c.(*ReviewAccess)
	if !ok {
		return nil, domain.NotHandled(c)
	}
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	if !office.Exists() {
		return nil, agency.Unknown()
	}
	if err := env.CheckTime(domain.Timing{}, time.Time{}, s.Reviewed); err != nil {
		return nil, err
	}
	switch {
	case !s.Reviewed.IsZero():
		return nil, domain.RefusedField("review", "id_in_use", rule, "this id belongs to a review already; choose another id")
	case r.Until.Before(r.From):
		return nil, domain.RefusedField("until", "out_of_range", rule, "the end lies before the beginning; compare the two")
	case r.Until.After(nl.DateOf(env.At)):
		return nil, domain.RefusedField("until", "in_future", rule, "nobody can review looks of a day that is still to come; let the period end on the day of the review at the latest")
	}
	if r.Outcome == Irregular && r.Incident == "" {
		env.Warn(WarnIncidentMissing)
	}
	if slices.Contains(r.Staff, env.Actor) {
		env.Warn(WarnOwnLooks)
	}
	e := &Reviewed{
		From: r.From, Until: r.Until, Dossiers: slices.Sorted(slices.Values(r.Dossiers)), Staff: slices.Sorted(slices.Values(r.Staff)),
		Sample: *r.Sample, Outcome: r.Outcome, Incident: r.Incident,
	}
	return domain.OneFact(e, domain.Seal("review/"+r.Review, domain.ClassPerson, domain.CatFile, map[string]any{"findings": r.Findings})), nil
}
