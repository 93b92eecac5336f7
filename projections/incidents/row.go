package incidents

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The states of an incident.
const (
	StateReported = "reported"
	StateAssessed = "assessed"
	StateNotified = "notified" // the authority was told
	StateClosed   = "closed"
)

// Row is one incident, as the export `incidents` gives it. Instants are RFC 3339
// in UTC, dates YYYY-MM-DD; what is not known is absent, and lists are in byte
// order.
type Row struct {
	Agency       string    `json:"agency"`
	Incident     string    `json:"incident"`
	Kind         string    `json:"kind"` // domain.IncidentKinds
	ReportedAt   time.Time `json:"reported_at"`
	DiscoveredAt time.Time `json:"discovered_at"`
	// NotifyBy is when the 72 hours end (L-33).
	NotifyBy   time.Time         `json:"notify_by"`
	Dossiers   []string          `json:"dossiers,omitempty"`
	Categories []domain.Category `json:"categories,omitempty"`
	// People is how many people are concerned, as far as is known.
	People int    `json:"people,omitempty"`
	State  string `json:"state"` // reported, assessed, notified, closed
	// Risk, NotifyAuthority, NotifyClients and AssessedAt are of the newest
	// assessment.
	Risk            string    `json:"risk,omitempty"`
	NotifyAuthority bool      `json:"notify_authority"`
	NotifyClients   bool      `json:"notify_clients"`
	AssessedAt      time.Time `json:"assessed_at,omitzero"`
	NotifiedAt      time.Time `json:"notified_at,omitzero"` // the authority, first
	ClosedOn        nl.Date   `json:"closed_on,omitzero"`
	Position        uint64    `json:"position"`

	// Exonerated is when the newest unbroken judgement that the authority need
	// not hear of it was first made; zero while there is none.
	Exonerated time.Time `json:"-"`
}

// MetAt is when the clock of 72 hours was met: by the notice to the authority or
// by a reasoned assessment that it need not hear of it, whichever was first;
// zero while it was not.
func (r *Row) MetAt() time.Time {
	if r.NotifiedAt.IsZero() || !r.Exonerated.IsZero() && r.Exonerated.Before(r.NotifiedAt) {
		return r.Exonerated
	}
	return r.NotifiedAt
}

func (r *Row) state() string {
	switch {
	case !r.ClosedOn.IsZero():
		return StateClosed
	case !r.NotifiedAt.IsZero():
		return StateNotified
	case !r.AssessedAt.IsZero():
		return StateAssessed
	}
	return StateReported
}
