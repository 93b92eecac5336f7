// Package ledger has the one event by which an agency's ledger speaks on its own
// stream: how its log and its map stood at a size (architecture §6). The engine
// appends it; no command leads to it.
package ledger

import "github.com/casefile-engine/casefile/domain"

// TypeAnchored is the type of the event.
const TypeAnchored = "ledger.anchored"

// Anchored says what the first Size leaves of the agency's log gave. It stands
// on the aggregate of kind "ledger" whose id is the agency. No sections.
type Anchored struct {
	Size    int64  `json:"size"`     // leaves that are covered; at least 1
	Root    string `json:"root"`     // of the log at that size, lower-case hex
	MapRoot string `json:"map_root"` // of the map of dossiers at that size, lower-case hex
}

// EventType names the constant above.
func (*Anchored) EventType() string { return TypeAnchored }

// StateSchema is the version of State's stored form.
const StateSchema = 1

// State is how far the log was anchored; the zero value: never.
type State struct {
	Size int64 `json:"size,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Evolve folds one event.
func Evolve(s *State, r domain.Recorded) *State {
	if e, ok := r.Event.(*Anchored); ok {
		s.Size = e.Size
	}
	return s
}
