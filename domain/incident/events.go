// Package incident is one incident of an agency: a calamity or a breach, with
// the clock of 72 hours in which the authority hears of it or a reasoned
// assessment says that it need not (C-2.1.2, L-33, L-34).
package incident

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The types of event of an incident.
const (
	TypeReported          = "incident.reported"
	TypeAssessed          = "incident.assessed"
	TypeAuthorityNotified = "incident.authority_notified"
	TypeClosed            = "incident.closed"
)

// Every section of these events belongs to "incident/<id>", class person,
// category file.

// Reported begins an incident. Section: {kind, text}, kind only where it is no
// code of domain.IncidentKinds.
type Reported struct {
	DiscoveredAt time.Time `json:"discovered_at"` // UTC
	// NotifyBy is when the clock runs out: DiscoveredAt and the hours of the
	// profile in force when it was reported, 72 at most (L-33).
	NotifyBy   time.Time         `json:"notify_by"`
	Kind       string            `json:"kind"` // domain.IncidentKinds
	Dossiers   []domain.ID       `json:"dossiers,omitzero"`
	Categories []domain.Category `json:"categories,omitzero"`
	People     int               `json:"people,omitzero"` // how many are concerned, as far as is known
}

// Assessed judges the risk to the people concerned; a later one replaces it.
// Where NotifyAuthority is false the risk is none or low, and the clock has been
// met at its occurred_at. Section: {reason}.
type Assessed struct {
	Risk            string `json:"risk"` // domain.IncidentRisks
	NotifyAuthority bool   `json:"notify_authority"`
	NotifyClients   bool   `json:"notify_clients"`
}

// AuthorityNotified tells that the authority was notified; the first one meets
// the clock when NotifiedAt is not after NotifyBy. Section: {reference}.
type AuthorityNotified struct {
	NotifiedAt time.Time `json:"notified_at"` // UTC
}

// Closed ends an incident. Section: {outcome}.
type Closed struct {
	ClosedOn nl.Date `json:"closed_on"`
}

// EventType names are the constants above.

func (*Reported) EventType() string          { return TypeReported }
func (*Assessed) EventType() string          { return TypeAssessed }
func (*AuthorityNotified) EventType() string { return TypeAuthorityNotified }
func (*Closed) EventType() string            { return TypeClosed }

// Lists are the dossiers that the incident is about.
func (e *Reported) Lists() domain.Lists { return domain.Lists{Dossiers: &e.Dossiers} }
