package unique

import "github.com/casefile-engine/casefile/domain"

// StateSchema is the version of State's stored form.
const StateSchema = 1

// The uses of a reservation.
const (
	UseLogin      = "login"
	UseTrajectory = "trajectory"
	UseBSN        = "bsn"
	UseNameBirth  = "name_birth"
)

// State is who has the value; the zero value: nobody.
type State struct {
	Use    string    `json:"use,omitzero"`
	Kind   string    `json:"kind,omitzero"`
	Holder domain.ID `json:"holder,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Evolve folds the one event there is.
func Evolve(s *State, r domain.Recorded) *State {
	if e, ok := r.Event.(*Reserved); ok {
		s.Use, s.Kind, s.Holder = e.Use, e.Kind, e.Holder
	}
	return s
}

// Reserve is the fact of a reservation for the aggregate that has the value.
func Reserve(use string, holder domain.Ref) domain.Fact {
	return domain.Fact{Event: &Reserved{Use: use, Kind: holder.Kind, Holder: holder.ID}}
}

// Reservation is one value that a command takes.
type Reservation struct {
	Use string
	// Value is the plain value: personal data for some uses. It is hashed with a
	// keyed digest before it goes anywhere.
	Value string
	// Hard refuses the command when another aggregate has the value; a soft one
	// answers with Warning.
	Hard bool
	// Code, Rule, Field and Message are of the refusal.
	Code, Rule, Field, Message string
	Warning                    string
}

// Refusal is the answer when a hard reservation is taken.
func (r Reservation) Refusal() *domain.Error {
	return &domain.Error{Kind: domain.KindRefused, Code: r.Code, Rule: r.Rule, Field: r.Field, Message: r.Message}
}
