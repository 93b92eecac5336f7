// Package queries is the one way to see anything: authorise, append the access
// event, wait for its acknowledgement, and only then unwrap keys with it
// (architecture §1.2). Pages, API, exports and replays all come through here.
package queries

import (
	"encoding/json"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Reader is who looks, and why.
type Reader struct {
	Caller  commands.Caller
	Agency  string // whose data
	Purpose string // catalogue §1
	Action  string // view, search, list, print, export
	// After makes the query wait until the views have reached this position.
	After uint64
}

// StaffName is a member of staff with the name opened.
type StaffName struct {
	Staff string   `json:"staff"`
	Name  string   `json:"name"`
	Roles []string `json:"roles,omitempty"`
}

// CaseloadRow is one dossier in a caseload.
type CaseloadRow struct {
	Dossier      string   `json:"dossier"`
	Name         string   `json:"name"` // "Family name, given names", opened
	Status       string   `json:"status"`
	Service      string   `json:"service"`
	Trajectories []string `json:"trajectories"`
	Assigned     []string `json:"assigned"`
	AssignedToMe bool     `json:"assigned_to_me"`
	Records      int      `json:"records"` // of the categories that the reader may see
	Minutes      int      `json:"minutes"`
	Budget       int      `json:"budget_minutes"`
	LastEventAt  string   `json:"last_event_at"`
}

// Value is one piece of opened content with the event it came from.
type Value struct {
	Category  domain.Category `json:"category"`
	Record    string          `json:"record,omitempty"`
	Data      json.RawMessage `json:"data,omitempty"` // opened; absent when destroyed or not allowed
	State     string          `json:"state"`          // open, destroyed, restricted, hidden
	Event     string          `json:"event"`
	Position  uint64          `json:"position"`
	Occurred  time.Time       `json:"occurred_at"`
	Recorded  time.Time       `json:"recorded_at"`
	EventType string          `json:"type"`
	// Sources names for each field the event that it came from, where they came
	// from several: later ones lay over the earlier. Without it all came from Event.
	Sources map[string]Source `json:"sources,omitempty"`
}

// Source is the event that something came from.
type Source struct {
	Position uint64    `json:"position"`
	Event    string    `json:"event"`
	Type     string    `json:"type"`
	Occurred time.Time `json:"occurred_at"`
	Recorded time.Time `json:"recorded_at"`
	Actor    string    `json:"actor,omitempty"`
}

// TimelineEntry is one event of a dossier's timeline.
type TimelineEntry struct {
	Position  uint64          `json:"position"`
	Event     string          `json:"event"`
	Type      string          `json:"type"`
	Occurred  time.Time       `json:"occurred_at"`
	Recorded  time.Time       `json:"recorded_at"`
	Actor     string          `json:"actor"`
	ActorName string          `json:"actor_name,omitempty"`
	Clear     json.RawMessage `json:"data"`
	Values    []Value         `json:"values,omitempty"`
	// Hidden says that the event is about what the reader may not see; all but
	// its day is left out.
	Hidden bool `json:"hidden,omitempty"`
}

// DossierView is a dossier as it is, or was.
type DossierView struct {
	Agency       string          `json:"agency"`
	Dossier      string          `json:"dossier"`
	Status       string          `json:"status"`
	Position     uint64          `json:"position"`
	Profile      string          `json:"profile"`
	ProfileVer   int             `json:"profile_version"`
	State        json.RawMessage `json:"state"` // clear folded state
	Contact      []Value         `json:"contact"`
	Personal     []Value         `json:"personal,omitempty"`
	Values       []Value         `json:"values,omitempty"`
	Timeline     []TimelineEntry `json:"timeline"`
	Assigned     []StaffName     `json:"assigned"`
	AsOf         *time.Time      `json:"as_of,omitempty"`
	KnownAt      *time.Time      `json:"known_at,omitempty"`
	AccessRecord uint64          `json:"access_position,omitempty"`
	Trajectories []Trajectory    `json:"trajectories,omitempty"`
	Minutes      int             `json:"minutes"`
	// Names are the opened names of the members of staff in the view, by id.
	Names map[string]string `json:"names,omitempty"`

	// Partial says that the reader may not see every data category: what he may
	// not see is left out, and stands in the timeline as a line that says so.
	Partial bool `json:"partial,omitempty"`

	// Ground is what let the reader in (catalogue §3), and GlassUntil until when,
	// if it is a glass that he broke; for the pages.
	Ground     string    `json:"-"`
	GlassUntil time.Time `json:"-"`

	// ShownTo is the recipient to whom a third party's view shows its records.
	ShownTo string `json:"shown_to,omitempty"`

	only       map[string]bool              // the records of a third party's view; nil: no such view
	restricted map[string]bool              // records that are shielded at the view's time
	holds      map[string][]domain.Category // of each record
	pass       pass
}

// Trajectory is one trajectory of a dossier; Ended is absent while it is open.
type Trajectory struct {
	Number  string `json:"trajectory"`
	Started string `json:"started"`
	Ended   string `json:"ended,omitempty"`
}
