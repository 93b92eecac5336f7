package paper

import (
	"maps"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// StateSchema is the version of State's stored form.
const StateSchema = 1

// KeptDays is how many days back an attestation can be given, and so how long
// the state remembers that a volume was out.
const KeptDays = 31

// State is the paper of an agency, folded in stream order. Names in its stored
// form are short, since an agency may have tens of thousands of volumes.
type State struct {
	Volumes map[domain.ID]*Volume `json:"volumes,omitzero"`
	// Attested is the newest occurred_at of the attestations of each cabinet.
	Attested map[string]time.Time `json:"attested,omitzero"`
}

// Volume is one volume of paper.
type Volume struct {
	Dossier domain.ID `json:"d"`
	Cabinet string    `json:"c"`
	Newest  time.Time `json:"n"` // the newest occurred_at of the volume
	// Outs are the times that it was out, in order; those that ended more than
	// KeptDays before the newest one are forgotten.
	Outs      []Out     `json:"o,omitzero"`
	Destroyed time.Time `json:"x,omitzero"`
}

// Out is a time that a volume was out; a zero Until means that it still is.
type Out struct {
	By    string    `json:"b"` // staff id or operator
	From  time.Time `json:"f"`
	Until time.Time `json:"u,omitzero"`
}

// Zero is the state before any event.
func Zero() *State { return &State{} }

// IsOut tells whether the volume is out, and with whom.
func (v *Volume) IsOut() (by string, out bool) {
	if n := len(v.Outs); n > 0 && v.Outs[n-1].Until.IsZero() {
		return v.Outs[n-1].By, true
	}
	return "", false
}

// OutAt tells whether the volume was out at an instant.
func (v *Volume) OutAt(t time.Time) bool {
	return slices.ContainsFunc(v.Outs, func(o Out) bool {
		return !o.From.After(t) && (o.Until.IsZero() || t.Before(o.Until))
	})
}

// HasCabinet tells whether a volume ever stood in the cabinet.
func (s *State) HasCabinet(cabinet string) bool {
	for _, v := range s.Volumes {
		if v.Cabinet == cabinet {
			return true
		}
	}
	return false
}

// OutOf are the volumes of a cabinet that were out at an instant, in byte order.
func (s *State) OutOf(cabinet string, t time.Time) []domain.ID {
	var out []domain.ID
	for _, id := range slices.Sorted(maps.Keys(s.Volumes)) {
		if v := s.Volumes[id]; v.Cabinet == cabinet && v.OutAt(t) {
			out = append(out, id)
		}
	}
	return out
}

// VolumesOf are the volumes of a dossier that are not destroyed, in byte order.
func (s *State) VolumesOf(dossier domain.ID) []domain.ID {
	var out []domain.ID
	for _, id := range slices.Sorted(maps.Keys(s.Volumes)) {
		if v := s.Volumes[id]; v.Dossier == dossier && v.Destroyed.IsZero() {
			out = append(out, id)
		}
	}
	return out
}

// Evolve folds one event into the state, which it may change and which the
// caller does not use afterwards.
func Evolve(s *State, r domain.Recorded) *State {
	at := r.Meta.Occurred
	switch e := r.Event.(type) {
	case *VolumeRegistered:
		if s.Volumes == nil {
			s.Volumes = map[domain.ID]*Volume{}
		}
		s.Volumes[e.Volume] = &Volume{Dossier: e.Dossier, Cabinet: e.Cabinet, Newest: at}
	case *CheckedOut:
		if v := s.Volumes[e.Volume]; v != nil {
			old := at.AddDate(0, 0, -KeptDays-1)
			v.Outs = slices.DeleteFunc(v.Outs, func(o Out) bool { return !o.Until.IsZero() && o.Until.Before(old) })
			v.Outs = append(v.Outs, Out{By: r.Meta.Actor, From: at})
			v.Newest = at
		}
	case *CheckedIn:
		if v := s.Volumes[e.Volume]; v != nil {
			v.end(at)
			v.Cabinet = e.Cabinet
		}
	case *Attested:
		if s.Attested == nil {
			s.Attested = map[string]time.Time{}
		}
		s.Attested[e.Cabinet] = at
	case *Destroyed:
		if v := s.Volumes[e.Volume]; v != nil {
			v.end(at)
			v.Destroyed = at
		}
	}
	return s
}

// end ends the time that the volume is out.
func (v *Volume) end(at time.Time) {
	v.Newest = at
	if n := len(v.Outs); n > 0 && v.Outs[n-1].Until.IsZero() {
		v.Outs[n-1].Until = at
	}
}
