package access

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Row is one look at one dossier, allowed or denied, as the export `access`
// gives it (catalogue §3). A list view gives one row for each dossier that it
// showed, all with the list's position; a look that showed none (a search
// without a hit, the names of staff) gives one row without a dossier.
type Row struct {
	Position   uint64            `json:"position"`
	RecordedAt time.Time         `json:"recorded_at"`
	OccurredAt time.Time         `json:"occurred_at"`
	Agency     string            `json:"agency"`
	Dossier    string            `json:"dossier,omitempty"`
	Actor      string            `json:"actor"`
	Role       string            `json:"role,omitempty"`
	OnBehalfOf string            `json:"on_behalf_of,omitempty"`
	Action     string            `json:"action"`
	Categories []domain.Category `json:"categories,omitempty"`
	Purpose    string            `json:"purpose,omitempty"`
	Ground     string            `json:"ground,omitempty"`
	Outcome    string            `json:"outcome"`
	// Code and Rule say why a look was denied.
	Code string `json:"code,omitempty"`
	Rule string `json:"rule,omitempty"`
	// Basis is what the forms of other systems ask for beside.
	Basis Basis `json:"-"`
}

// Basis is on what a look was decided, and how it came in.
type Basis struct {
	// Event is the place of the event in its commit: with the position it names
	// the look.
	Event int
	// Policies are the ids of the policies, Digest that of their texts (hex).
	Policies []string
	Digest   string
	// Trace is the caller's trace context (W3C traceparent), "" for none.
	Trace string
	Door  string // commands.Door
	// Imported marks a look of an older system's log, which names no ground.
	Imported bool
}

// Look is one access event with all the dossiers that it named; Dossier is set
// when it named one.
type Look struct {
	Row
	Dossiers []string
}
