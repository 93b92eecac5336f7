package incident

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// StateSchema is the version of State's stored form.
const StateSchema = 1

// State is what Decide needs to know of an incident, folded in stream order.
type State struct {
	Newest       time.Time `json:"newest,omitzero"` // the newest occurred_at
	Reported     time.Time `json:"reported,omitzero"`
	DiscoveredAt time.Time `json:"discovered_at,omitzero"`
	NotifyBy     time.Time `json:"notify_by,omitzero"`
	// Risk is that of the last assessment, "" before any.
	Risk            string    `json:"risk,omitzero"`
	NotifyAuthority bool      `json:"notify_authority,omitzero"`
	NotifyClients   bool      `json:"notify_clients,omitzero"`
	NotifiedAt      time.Time `json:"notified_at,omitzero"` // the first notification
	ClosedOn        nl.Date   `json:"closed_on,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Exists tells whether the incident was ever reported.
func (s *State) Exists() bool { return s != nil && !s.Reported.IsZero() }

// Evolve folds one event into the state, which it may change and which the
// caller does not use afterwards.
func Evolve(s *State, r domain.Recorded) *State {
	if r.Meta.Occurred.After(s.Newest) {
		s.Newest = r.Meta.Occurred
	}
	switch e := r.Event.(type) {
	case *Reported:
		s.Reported, s.DiscoveredAt, s.NotifyBy = r.Meta.Occurred, e.DiscoveredAt, e.NotifyBy
	case *Assessed:
		s.Risk, s.NotifyAuthority, s.NotifyClients = e.Risk, e.NotifyAuthority, e.NotifyClients
	case *AuthorityNotified:
		if s.NotifiedAt.IsZero() || e.NotifiedAt.Before(s.NotifiedAt) {
			s.NotifiedAt = e.NotifiedAt
		}
	case *Closed:
		s.ClosedOn = e.ClosedOn
	}
	return s
}
