// Package reactions turns what happened into what must follow: events into
// commands, and the calendar into commands (architecture §2). A reaction has no
// door of its own: each command goes through the command handler as the actor
// engine, says which event caused it, and has an id that follows from the
// reaction and its cause. So a reaction may run twice, after a crash or on two
// machines at once, and what it does happens once; a replay or a rebuild of
// views fires none of them.
//
// Reactions to events run through Watermill's router, each from a checkpoint of
// its own (runner.go, route.go). What a rule refuses for good is put aside with
// its reason and can be tried again (letters.go); what is unavailable is tried
// until it is there. Timers are worked out at the start and on each day anew
// (timers.go).
package reactions

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Tools are what reactions work with. All of it may be used by many goroutines.
type Tools struct {
	Commands *commands.Handler
	Store    eventstore.Store
	DB       *readdb.DB
	Views    Views
	Opener   seal.Opener
	Clock    clock.Clock

	memo *state
}

// Views is what a reaction needs of the projections' runner.
type Views interface {
	// WaitFor returns when the named views (all when none is named) have reached
	// the position, or the context ends.
	WaitFor(ctx context.Context, position uint64, names ...string) error
}

// Cause is the event that a reaction answers, with the commit it stands in.
type Cause struct {
	Commit *eventstore.Commit
	// ID is the event's.
	ID string
	domain.Recorded
}

// Brought tells whether the event came in with an older history, by an import
// or the demonstration: what followed from it then happened long ago.
func (c *Cause) Brought() bool {
	return c.Commit.Envelope.Door == string(commands.DoorImport) || c.Commit.Envelope.Door == string(commands.DoorDemo)
}

// Command is a command that follows.
type Command struct {
	Agency  string // "" for the cause's
	Dossier string
	Data    domain.Command
	At      time.Time // occurred_at; zero for now
	Purpose string    // "" for the command's own
	// Key tells it from the other commands that follow from the same cause. It
	// may not change when the reaction runs again.
	Key string
	// Settled are the codes of refusals which say that there is nothing to do,
	// or nothing more.
	Settled []string
}

// Emit gives commands to the handler, in order, many with one sync. Its error
// is to be returned: it says that something is unavailable, and that the
// reaction must run again. A refusal by a rule is no such error; the runner
// keeps it, and the other commands go on.
type Emit func(ctx context.Context, list ...Command) error

// Reaction answers events.
type Reaction interface {
	// Name is constant: command ids follow from it.
	Name() string
	// Reads lists the types of event.
	Reads() []string
	// FromStart tells whether it also answers what stood on the stream before it
	// was first started.
	FromStart() bool
	// React gives the commands that follow from one event. It may be called
	// again for the same event, and must then give the same commands. A
	// *domain.Error that is not about availability means that it cannot be done.
	React(ctx context.Context, t *Tools, c *Cause, emit Emit) error
}

// Timer answers the calendar.
type Timer interface {
	// Name is constant: command ids follow from it.
	Name() string
	// Due gives the commands that are due on a day, whether they were given
	// before or not. The views are at the head of the stream as it was at now.
	Due(ctx context.Context, t *Tools, now time.Time, today nl.Date, emit Emit) error
}

// commandID is the id of a command that follows from a cause. It is a version 8
// UUID out of a digest of ids and codes.
func commandID(reaction, cause, key string) string {
	h := sha256.New()
	for _, part := range []string{"casefile reaction command", reaction, cause, key} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return derived(h.Sum(nil))
}

// DerivedID is an id for something that a reaction brings into being: the same
// for the same parts.
func DerivedID(parts ...string) string {
	h := sha256.New()
	for _, part := range append([]string{"casefile reaction id"}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return derived(h.Sum(nil))
}

func derived(sum []byte) string {
	u := uuid.UUID(sum[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}
