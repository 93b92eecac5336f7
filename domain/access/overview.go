package access

import "github.com/casefile-engine/casefile/domain/overview"

// TypeOverviewAsked is the type of a question for a management overview.
const TypeOverviewAsked = "overview.asked"

// OverviewAsked is a question for a management overview, answered or refused
// (C-1.2d). It is on the stream before anything is shown, and it is what later
// overviews are guarded by. It names no dossier: Population says over which
// state of the stream the selection was evaluated, so that the same dossiers can
// be found again, and Shown says which cells and totals were shown, so that a
// later version of the program knows what went out. No sections.
type OverviewAsked struct {
	overview.Query
	Outcome   string `json:"outcome"` // allowed, denied
	Code      string `json:"code,omitzero"`
	Rule      string `json:"rule,omitzero"`
	Role      string `json:"role,omitzero"`
	Threshold int    `json:"threshold,omitzero"`
	// Population is the position of the stream up to which dossiers were counted.
	Population uint64 `json:"population,omitzero"`
	// Shown and ShownHours are the keys of the cells and totals whose count, and
	// whose hours, were shown: their codes joined by "/", "*" for a total.
	Shown      []string `json:"shown,omitzero"`
	ShownHours []string `json:"shown_hours,omitzero"`
}

// EventType is the constant above.
func (*OverviewAsked) EventType() string { return TypeOverviewAsked }
