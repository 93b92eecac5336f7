package agency

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/regulation"
)

// StateSchema is the version of State's stored form; snapshots of another
// version are thrown away.
const StateSchema = 3

// State is what Decide needs to know of an agency, folded in stream order.
type State struct {
	Newest     time.Time                `json:"newest,omitzero"` // the newest occurred_at
	Adoptions  []Adoption               `json:"adoptions,omitzero"`
	Recipients map[domain.ID]*Recipient `json:"recipients,omitzero"`
	Policies   []PoliciesFrom           `json:"policies,omitzero"` // in stream order, and so in order of time
	// Approvals are by the id of the command that adopted a regulation or policies.
	Approvals map[domain.ID]domain.Approval `json:"approvals,omitzero"`
}

// Adoption is one adopted version of a profile.
type Adoption struct {
	From     nl.Date             `json:"from"`
	Document *regulation.Profile `json:"document"`
}

// Recipient is a registered recipient with the history of its terms.
type Recipient struct {
	// Terms are in stream order, each in force from its From; occurred_at never
	// goes back along an agency, so they are in order of time as well.
	Terms []TermsFrom `json:"terms"`
	Ended time.Time   `json:"ended,omitzero"`
}

// TermsFrom are terms from an instant.
type TermsFrom struct {
	From time.Time `json:"from"`
	RecipientTerms
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// Exists tells whether the agency has come into being, by its first adoption
// of a regulation (catalogue §2).
func (s *State) Exists() bool { return s != nil && len(s.Adoptions) > 0 }

// ProfileAt is the profile in force on a day: of the adoptions effective by
// then, the one with the latest effective date, and of those the last adopted.
// Nil when there is none.
func (s *State) ProfileAt(day nl.Date) *regulation.Profile {
	a, _ := s.AdoptionAt(day)
	return a.Document
}

// AdoptionAt is the adoption that is in force on a day, as ProfileAt says; ok
// is false when there is none.
func (s *State) AdoptionAt(day nl.Date) (best Adoption, ok bool) {
	if s == nil {
		return Adoption{}, false
	}
	for _, a := range s.Adoptions {
		if !a.From.After(day) && (!ok || !a.From.Before(best.From)) {
			best, ok = a, true
		}
	}
	return best, ok
}

// Adopted is a version of a profile that the agency has adopted, as it was
// adopted last; nil when it has not.
func (s *State) Adopted(name string, version int) *regulation.Profile {
	if s == nil {
		return nil
	}
	for _, a := range slices.Backward(s.Adoptions) {
		if a.Document.Name == name && a.Document.Version == version {
			return a.Document
		}
	}
	return nil
}

// VersionAdopted tells whether a regulation of that version has been adopted
// with an effective date on or before day.
func (s *State) VersionAdopted(version int, day nl.Date) bool {
	return s != nil && slices.ContainsFunc(s.Adoptions, func(a Adoption) bool {
		return a.Document.Version == version && !a.From.After(day)
	})
}

// RecipientAt is how a recipient stood at an instant; known is false when it
// was not registered by then, and ended tells that it was no recipient any more.
func (s *State) RecipientAt(id domain.ID, t time.Time) (terms RecipientTerms, known, ended bool) {
	if s == nil || s.Recipients[id] == nil {
		return RecipientTerms{}, false, false
	}
	r := s.Recipients[id]
	for _, v := range r.Terms {
		if !v.From.After(t) {
			terms, known = v.RecipientTerms, true
		}
	}
	return terms, known, known && !r.Ended.IsZero() && !t.Before(r.Ended)
}

// Evolve folds one event into the state, which it may change and which the
// caller does not use afterwards.
func Evolve(s *State, r domain.Recorded) *State {
	if r.Meta.Occurred.After(s.Newest) {
		s.Newest = r.Meta.Occurred
	}
	switch e := r.Event.(type) {
	case *RegulationAdopted:
		s.Adoptions = append(s.Adoptions, Adoption{From: e.EffectiveFrom, Document: &e.Document})
		s.approved(e.ApprovedBy, r.Meta)
	case *PoliciesAdopted:
		s.Policies = append(s.Policies, PoliciesFrom{From: r.Meta.Occurred, Files: e.Files})
		s.approved(e.ApprovedBy, r.Meta)
	case *AdoptionConfirmed:
		s.confirm(e)
	case *RecipientRegistered:
		if s.Recipients == nil {
			s.Recipients = map[domain.ID]*Recipient{}
		}
		s.Recipients[e.Recipient] = &Recipient{Terms: []TermsFrom{{r.Meta.Occurred, e.RecipientTerms}}}
	case *RecipientChanged:
		if have := s.Recipients[e.Recipient]; have != nil {
			have.Terms = append(have.Terms, TermsFrom{r.Meta.Occurred, e.RecipientTerms})
		}
	case *RecipientEnded:
		if have := s.Recipients[e.Recipient]; have != nil {
			have.Ended = r.Meta.Occurred
		}
	}
	return s
}
