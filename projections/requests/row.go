package requests

import (
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// The states of a request on a day.
const (
	StateOpen      = "open"      // received and not decided
	StateDecided   = "decided"   // granted or partly, and not carried out yet
	StateRefused   = "refused"   // refused, with reasons and remedies
	StateFulfilled = "fulfilled" // what was granted has been done
	StateWithdrawn = "withdrawn" // by the client's own word
)

// Row is one request, as the export `requests` gives it. Dates are YYYY-MM-DD;
// what is not known is absent.
type Row struct {
	Agency  string `json:"agency"`
	Dossier string `json:"dossier"`
	Request string `json:"request"`
	Kind    string `json:"kind"` // domain.RequestKinds
	// By is client or representative, Representative the latter's id.
	By             string  `json:"by"`
	Representative string  `json:"representative,omitempty"`
	Channel        string  `json:"channel"`
	ReceivedOn     nl.Date `json:"received_on"`
	// Due is the last day for the answer (access: the fulfilment), an extension
	// counted in.
	Due           nl.Date `json:"due"`
	ExtendedUntil nl.Date `json:"extended_until,omitzero"`
	// Number is which request of this kind it is in the dossier, from 1 (C-2.9.1).
	Number int `json:"number"`
	// Items counts what the request names; 0 means everything.
	Items  int    `json:"items"`
	Reason string `json:"reason,omitempty"` // code of what is wrong (C-2.9.3)
	// Decision is granted, partly or refused; DecidedOn its day and AnsweredOn
	// the day on which the client had the answer. ItemsGranted and ItemsRefused
	// count the items that were decided by themselves.
	Decision     string  `json:"decision,omitempty"`
	DecidedOn    nl.Date `json:"decided_on,omitzero"`
	AnsweredOn   nl.Date `json:"answered_on,omitzero"`
	ItemsGranted int     `json:"items_granted,omitempty"`
	ItemsRefused int     `json:"items_refused,omitempty"`
	FulfilledOn  nl.Date `json:"fulfilled_on,omitzero"`
	WithdrawnOn  nl.Date `json:"withdrawn_on,omitzero"`
	// State is open, decided, refused, fulfilled or withdrawn.
	State    string `json:"state"`
	Position uint64 `json:"position"`

	// OccurredAt is when it was received by the event's own time.
	OccurredAt time.Time `json:"-"`
}

// MetOn is the day on which the term of the request was met; zero while it is
// not (catalogue §3): for access by the fulfilment, for other kinds by the
// answer, and for a refusal by its decision.
func (r *Row) MetOn() nl.Date {
	switch {
	case r.Decision == "refused":
		return r.DecidedOn
	case r.Kind == "access":
		return r.FulfilledOn
	}
	return r.AnsweredOn
}

func (r *Row) state() string {
	switch {
	case !r.WithdrawnOn.IsZero():
		return StateWithdrawn
	case !r.FulfilledOn.IsZero():
		return StateFulfilled
	case r.Decision == "refused":
		return StateRefused
	case r.Decision != "":
		return StateDecided
	}
	return StateOpen
}
