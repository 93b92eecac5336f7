// Package all is THE list of reactions: adding one is a folder beside this one
// and a line here.
package all

import (
	"github.com/casefile-engine/casefile/handlers/reactions"
	"github.com/casefile-engine/casefile/handlers/reactions/arisen"
	"github.com/casefile-engine/casefile/handlers/reactions/assignments"
	"github.com/casefile-engine/casefile/handlers/reactions/moved"
	"github.com/casefile-engine/casefile/handlers/reactions/redate"
	"github.com/casefile-engine/casefile/handlers/reactions/reminders"
	"github.com/casefile-engine/casefile/handlers/reactions/views"
)

// List gives every reaction by name, and every timer in the order in which they
// run: what ends is reminded of no more. What is not here follows
// from nothing but the facts, and shows in a register: the notices that are owed,
// what rests on a withdrawn consent, a disclosure that went wrong without an
// incident.
func List() reactions.List {
	return reactions.List{
		Reactions: []reactions.Reaction{arisen.Reaction{}, moved.Reaction{}, redate.OnAdoption{}},
		Timers:    []reactions.Timer{assignments.Timer{}, redate.OnTheDay{}, views.Timer{}, reminders.Timer{}},
	}
}
