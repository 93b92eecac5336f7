// Package reminder keeps what the members of staff of an agency were reminded
// of: a deadline that arose, comes near or has passed (requirements §5, X-5).
// The engine raises each reminder once. Reminders have aggregates of their own,
// one for each dossier and one for the agency, so that they stand in nobody's
// way who writes in the dossier meanwhile.
package reminder

import (
	"regexp"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
)

// TypeRaised is the type of the one event of a reminder.
const TypeRaised = "reminder.raised"

// StateSchema is the version of State's stored form.
const StateSchema = 1

// The stages of what is reminded of; one reminder for each.
const (
	StageNew     = "new"     // it has just arisen
	StageComing  = "coming"  // its last day is near
	StageOverdue = "overdue" // its last day has passed
)

// Stages lists the stages.
var Stages = []string{StageNew, StageComing, StageOverdue}

// KindView is the end of a third party's view, which is no deadline (C-2.7b).
const KindView = "third_party_view"

// Kinds are what can be reminded of: the kinds of deadline (catalogue §3), and
// the end of a third party's view.
var Kinds = []string{
	"request", "breach", "indirect_notice", "handout", "recipient_notice", "client_notice", "complaint", "paper",
	"destruction", "break_glass_review", KindView,
}

// Raised is one reminder. No section: it says what of which kind is due when,
// and never what it is about.
type Raised struct {
	Dossier domain.ID `json:"dossier,omitzero"` // absent where it is the agency's
	Kind    string    `json:"kind"`             // one of Kinds
	// Ref is what is due: an id, a retention class, a dossier or a cabinet. Item
	// tells two of one Ref apart: a record or a category of particulars.
	Ref   string  `json:"ref"`
	Item  string  `json:"item,omitzero"`
	Due   nl.Date `json:"due"`
	Stage string  `json:"stage"`
	// For are the members of staff responsible for the dossier when it was
	// raised, in byte order. Role is who looks after such a thing in any case.
	For  []domain.ID `json:"for,omitzero"`
	Role string      `json:"role"`
}

// EventType is the constant above.
func (*Raised) EventType() string { return TypeRaised }

// RaiseReminder reminds of something that is due. The engine alone gives it; its
// id follows from what is due and from the stage, so that it is raised once.
type RaiseReminder struct {
	Kind  string  `json:"kind"`
	Ref   string  `json:"ref"`
	Item  string  `json:"item,omitzero"`
	Due   nl.Date `json:"due"`
	Stage string  `json:"stage"`
}

// form is what names something that is due: an id, a code, a cabinet. Words
// about a person would stand in the clear here.
var form = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9 ._/-]{0,38}[A-Za-z0-9])?$`)

// CommandName is the constant name of the command.
func (*RaiseReminder) CommandName() string { return "RaiseReminder" }

// Validate tells what is wrong with the form of the command.
func (c *RaiseReminder) Validate() error {
	var k domain.Check
	k.Code("kind", c.Kind, Kinds)
	if !form.MatchString(c.Ref) || c.Item != "" && !form.MatchString(c.Item) {
		k.Fail(domain.Invalid("invalid_ref", "ref", "what is due is named by an id or a code"))
	}
	k.Has("due", !c.Due.IsZero())
	k.Code("stage", c.Stage, Stages)
	return k.Err()
}

// State is what is known of the reminders of a dossier, or of an agency: their
// newest time. That none is raised twice is the work of the command's id.
type State struct {
	Newest time.Time `json:"newest,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Evolve folds one event into the state, which it may change.
func Evolve(s *State, r domain.Recorded) *State {
	if _, ok := r.Event.(*Raised); ok && r.Meta.Occurred.After(s.Newest) {
		s.Newest = r.Meta.Occurred
	}
	return s
}

// Dossier is what a reminder asks of the dossier that it is about.
type Dossier struct {
	Opened      time.Time   // zero: there is no such dossier
	Responsible []domain.ID // at the time of the reminder
}

// Decide says what a command does. about is the dossier that the command
// names, and nothing else of it counts than who is responsible.
func Decide(s *State, c domain.Command, env *domain.Env, about Dossier) ([]domain.Fact, error) {
	r, ok := c.(*RaiseReminder)
	if !ok {
		return nil, domain.NotHandled(c)
	}
	office, _ := env.Known[domain.Ref{Agency: env.Agency, Kind: domain.KindAgency, ID: env.Agency}].(*agency.State)
	switch {
	case env.Actor != domain.Engine || env.Door != "engine":
		return nil, &domain.Error{Kind: domain.KindForbidden, Code: "engine_only", Rule: domain.RuleForm,
			Message: "reminders are raised by the engine, out of the register of deadlines; there is nothing to do"}
	case !office.Exists():
		return nil, agency.Unknown()
	case env.Dossier != "" && about.Opened.IsZero() && r.Kind != "breach": // a breach may name a dossier that is not here
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier",
			Message: "there is no such dossier in this agency; compare its id"}
	}
	if err := env.CheckTime(domain.Timing{Now: true}, about.Opened, s.Newest); err != nil {
		return nil, err
	}
	e := &Raised{Dossier: env.Dossier, Kind: r.Kind, Ref: r.Ref, Item: r.Item, Due: r.Due, Stage: r.Stage,
		For: slices.Clone(about.Responsible), Role: role(r.Kind, office, nl.DateOf(env.At))}
	return []domain.Fact{{Event: e}}, nil
}

// role is who looks after a kind: for requests whom the regulation names
// (requirements §6), else as the rights of catalogue §5 fall.
func role(kind string, office *agency.State, day nl.Date) string {
	switch kind {
	case "request":
		if p := office.ProfileAt(day); p != nil && slices.Contains(domain.Roles, p.Requests.HandledBy) {
			return p.Requests.HandledBy
		}
		return "compliance_officer"
	case "complaint":
		return "director"
	case "breach", "destruction", "break_glass_review":
		return "compliance_officer"
	case "paper", "handout":
		return "administration"
	}
	return "coach"
}
