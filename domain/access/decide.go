package access

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// StateSchema is the version of State's stored form.
const StateSchema = 1

// State is what is known of an actor's access: nothing but its newest time,
// since every look is judged by itself.
type State struct {
	Newest time.Time `json:"newest,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Evolve folds one event into the state, which it may change.
func Evolve(s *State, r domain.Recorded) *State {
	if r.Meta.Occurred.After(s.Newest) {
		s.Newest = r.Meta.Occurred
	}
	return s
}

// RecordAccess takes over a look from an older system's log; the engine's own
// accesses need no command. It stands on the actor's own aggregate, and names
// the dossier of the command.
type RecordAccess struct {
	Action     string            `json:"action"`
	Categories []domain.Category `json:"categories"`
	Purpose    string            `json:"purpose"`
}

// CommandName is the name in the catalogue.
func (*RecordAccess) CommandName() string { return "RecordAccess" }

// Validate tells what is wrong with the form of the command.
func (c *RecordAccess) Validate() error {
	var k domain.Check
	k.Code("action", c.Action, domain.AccessActions)
	k.Categories("categories", c.Categories, false)
	k.Code("purpose", c.Purpose, domain.Purposes)
	return k.Err()
}

// Timing says which general rules of time hold: an older log may come in late.
func Timing() domain.Timing { return domain.Timing{Late: true} }

// Decide says what a command does. opened is when the dossier named by the
// command was opened; zero when there is no such dossier.
func Decide(s *State, c domain.Command, env *domain.Env, opened time.Time) ([]domain.Fact, error) {
	r, ok := c.(*RecordAccess)
	if !ok {
		return nil, domain.NotHandled(c)
	}
	if opened.IsZero() {
		return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_dossier", Rule: "C-0a", Field: "dossier",
			Message: "there is no such dossier in this agency; compare its id"}
	}
	if err := env.CheckTime(Timing(), opened, s.Newest); err != nil {
		return nil, err
	}
	categories := slices.Sorted(slices.Values(r.Categories))
	return []domain.Fact{{Event: &Recorded{
		Action: r.Action, Outcome: Allowed, Dossiers: []domain.ID{env.Dossier}, Categories: categories,
		Purpose: r.Purpose, Ground: "none", Imported: true,
	}}}, nil
}
