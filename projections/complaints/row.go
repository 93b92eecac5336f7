package complaints

import "github.com/casefile-engine/casefile/domain/nl"

// The states of a complaint.
const (
	StateOpen     = "open"
	StateResolved = "resolved"
)

// Row is one complaint, as the export `complaints` gives it. Dates are
// YYYY-MM-DD; what is not known is absent.
type Row struct {
	Agency     string  `json:"agency"`
	Dossier    string  `json:"dossier"`
	Complaint  string  `json:"complaint"`
	ReceivedOn nl.Date `json:"received_on"`
	Due        nl.Date `json:"due"` // the last day for the answer
	Channel    string  `json:"channel"`
	// AboutStaff is the member of staff whom it concerns, Clause the article of
	// the regulation, where they were named.
	AboutStaff string  `json:"about_staff,omitempty"`
	Clause     string  `json:"clause,omitempty"`
	State      string  `json:"state"` // open, resolved
	Handler    string  `json:"handler,omitempty"`
	AnsweredOn nl.Date `json:"answered_on,omitzero"`
	Outcome    string  `json:"outcome,omitempty"`
	Position   uint64  `json:"position"`
}
