package ui

import (
	"net/http"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// Integrity is what the guard knows of the stream; nothing in it is personal.
type Integrity struct {
	// ReadOnly tells that nothing is written any more, so that nothing is shown
	// either; Code says why.
	ReadOnly bool
	Code     string
	// Findings are the first of what the newest look found; Total counts all.
	Findings []scrub.Finding
	Total    int
	// Scrubbed is when all was last looked over; zero: not since the start.
	Scrubbed time.Time
	Commits  uint64
	Running  bool
	// Earlier gives the alarms that were raised before, newest first; nil: none are
	// kept.
	Earlier func() ([]EarlierAlarm, error)
}

// EarlierAlarm is an alarm that stands in the file of alarms.
type EarlierAlarm struct {
	At       time.Time
	Findings []scrub.Finding
	Total    int
}

// Of leaves out what is about other agencies: neither what it is nor how many
// there are is anybody's here (C-2.8).
func Of(agency string, list []scrub.Finding) (own []scrub.Finding) {
	for _, f := range list {
		if f.Agency == "" || f.Agency == agency {
			own = append(own, f)
		}
	}
	return own
}

// IntegrityPath is the page that names the exact commits.
const IntegrityPath = "/integrity"

// alarm says what a page tells everybody at its top while something is wrong.
type alarm struct {
	Stopped bool   // nothing is written or shown; else something is damaged beside it
	URL     string // of the details; "" for who may not see them
}

// alarm gives nil while nothing is wrong.
func (k *Kit) alarm(r *http.Request, agency string) *alarm {
	if k.Integrity == nil {
		return nil
	}
	s := k.Integrity(r.Context())
	if !s.ReadOnly && len(Of(agency, s.Findings)) == 0 {
		return nil
	}
	a := &alarm{Stopped: s.ReadOnly}
	if k.MayInspect(r) {
		a.URL = IntegrityPath
	} else if !a.Stopped {
		return nil // it stops nobody's work, and is for whoever looks after it
	}
	return a
}

// MayReplay tells whether who is signed in may look back into whatever dossier
// there is: the register of the history is open to him.
func (k *Kit) MayReplay(r *http.Request) bool {
	return k.May(r, commands.Question{Action: "view", Of: policy.OfRegister, Register: "history", Purpose: "audit"})
}

// MayInspect tells whether who is signed in may see the state of the stream: who
// reads its history, and who administers.
func (k *Kit) MayInspect(r *http.Request) bool {
	return k.MayReplay(r) || slices.Contains(k.Roles(r), "administrator")
}
