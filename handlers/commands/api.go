// Package commands is the one way to change anything: authorise, load, Decide,
// seal, append, acknowledge (architecture §2). The API, the pages, the import
// and the reactions all come through here.
package commands

import (
	"encoding/json"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Door is the way by which a command came in; it is recorded with each commit.
type Door string

// The doors.
const (
	DoorAPI    Door = "api"
	DoorWeb    Door = "web"
	DoorCLI    Door = "cli"
	DoorImport Door = "import"
	DoorDemo   Door = "demo"
	DoorEngine Door = "engine"
)

// Caller is who brings a command in, as the door has established it.
type Caller struct {
	Door Door
	// Agency is where the caller may act; "" for the operator, who may act in all.
	Agency string
	// Staff is the signed-in member of staff, or domain.Operator or domain.Engine.
	Staff string
	// OnBehalfOf, TraceParent, CorrelationID and CausationID are optional.
	OnBehalfOf, TraceParent, CorrelationID, CausationID string
	// Purpose, when set, is the purpose of the processing instead of the
	// command's own. Only the engine sets it (reactions).
	Purpose string
	// Token is the id of the API token by which the caller came in, "" for none.
	Token string
	// Scopes are what that token may be used for (handlers/auth); nil: no limit.
	Scopes []string
	// FactorAt is when a second factor was last proved in the caller's session;
	// zero: never.
	FactorAt time.Time
}

// Request is a command in the form of catalogue §2.
type Request struct {
	ID      string          `json:"id"`
	Agency  string          `json:"agency"`
	Actor   string          `json:"actor,omitempty"`
	At      string          `json:"at,omitempty"` // RFC 3339; absent: now
	Command string          `json:"command"`
	Dossier string          `json:"dossier,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
}

// The outcomes of catalogue §2.
const (
	Accepted  = "accepted"
	Refused   = "refused"
	Duplicate = "duplicate"
)

// Outcome is the answer to a command, in the form of catalogue §2.
type Outcome struct {
	Line     int      `json:"line,omitempty"`
	ID       string   `json:"id,omitempty"`
	Outcome  string   `json:"outcome"`
	Position uint64   `json:"position,omitempty"`
	Events   []string `json:"events,omitempty"` // type names
	Code     string   `json:"code,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Field    string   `json:"field,omitempty"`
	Message  string   `json:"message,omitempty"`
	Warnings []string `json:"warnings,omitempty"` // codes

	// Kind is the sort of a refusal, for HTTP status and exit code.
	Kind domain.Kind `json:"-"`
	// Retry is true when the stream was unavailable or the outcome unknown.
	Retry bool `json:"-"`
	// Time the command took effect (recorded), for the caller's own use.
	Recorded time.Time `json:"-"`
}
