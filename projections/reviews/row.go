package reviews

import (
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// The kinds of review.
const (
	// KindAccess is a sample of looks held against who guided whom (C-2.1.4b, C-2.1.4c).
	KindAccess = "access"
	// KindBreakGlass is the review of one look in an emergency (C-2.1.4b).
	KindBreakGlass = "break_glass"
)

// The states of a review.
const (
	StateOpen    = "open"
	StateOverdue = "overdue" // from the day after its last
	StateDone    = "done"
)

// Row is one review, done or still to be done, as the export `reviews` gives it.
// What is not known is absent, and lists are in byte order.
type Row struct {
	Agency string `json:"agency"`
	Kind   string `json:"kind"` // access, break_glass
	// Review is the id of a review of access, Glass of a look in an emergency.
	Review string `json:"review,omitempty"`
	Glass  string `json:"glass,omitempty"`
	// Dossier is the one that was looked into in an emergency. Dossiers and Staff
	// narrow a review of access; Staff of a glass is whoever broke it.
	Dossier  string   `json:"dossier,omitempty"`
	Dossiers []string `json:"dossiers,omitempty"`
	Staff    []string `json:"staff,omitempty"`
	// From and Until are the days that were reviewed, both included, YYYY-MM-DD;
	// of a glass from when until when it was open, RFC 3339 in UTC.
	From  string `json:"from"`
	Until string `json:"until"`
	// Sample is how many looks were drawn; absent of a glass.
	Sample *int `json:"sample,omitempty"`
	// Outcome is in_order or irregular, of a glass justified or not_justified.
	Outcome string `json:"outcome,omitempty"`
	// Due is the last day for the review of a glass.
	Due        nl.Date   `json:"due,omitzero"`
	State      string    `json:"state"` // open, overdue, done
	ReviewedAt time.Time `json:"reviewed_at,omitzero"`
	Actor      string    `json:"actor,omitempty"` // who reviewed
	Incident   string    `json:"incident,omitempty"`
	Position   uint64    `json:"position"` // of the review of access, of the break-glass

	// Started is when the glass was broken, or a review of access was recorded.
	Started time.Time `json:"-"`
}

// settle fills in how the review stands on a day.
func (r *Row) settle(due, today nl.Date) {
	r.Due = due
	switch {
	case !r.ReviewedAt.IsZero():
		r.State = StateDone
	case !due.IsZero() && today.After(due):
		r.State = StateOverdue
	default:
		r.State = StateOpen
	}
}
