// Package reactionstest lets the tests of the reactions live with a whole
// engine and a clock of their own.
package reactionstest

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/internal/clock"
)

// M is the data of a command.
type M = map[string]any

// World is an installation with a clock that is set by hand.
type World struct {
	*testing.T
	*engine.Engine
	dir   string
	react bool
	mu    sync.Mutex
	now   time.Time
}

// New opens a fresh installation; with react its reactions run.
func New(t *testing.T, now string, react bool) *World {
	t.Helper()
	w := &World{T: t, dir: t.TempDir(), now: At(now)}
	w.Open(react)
	t.Cleanup(func() { w.Engine.Close() })
	return w
}

// At reads an RFC 3339 time.
func At(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// Open opens the installation, again after a Close.
func (w *World) Open(react bool) {
	w.Helper()
	e, err := engine.Open(w.Context(), engine.Options{
		Data: filepath.Join(w.dir, "data"), Create: true, Follow: true, React: react, Clock: clock.Func(w.time),
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Engine, w.react = e, react
}

// Restart closes the installation and opens it again.
func (w *World) Restart(react bool) {
	w.Helper()
	if err := w.Engine.Close(); err != nil {
		w.Fatal(err)
	}
	w.Open(react)
}

func (w *World) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Set sets the clock, and has the timers look at it.
func (w *World) Set(now string) {
	w.mu.Lock()
	w.now = At(now)
	w.mu.Unlock()
	if w.react {
		w.Reactions.Evaluate()
	}
}

// ID gives a readable and constant id.
func ID(n int) domain.ID { return uuid.NewSHA1(uuid.Nil, []byte{byte(n >> 8), byte(n)}).String() }

// Do gives a command of the agency click by the import, at a time ("" for now).
func (w *World) Do(command, dossier, at string, data any) commands.Outcome {
	w.Helper()
	return w.By(commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}, command, dossier, at, data)
}

// Live gives a command as the operator at the command line does, now.
func (w *World) Live(command, dossier string, data any) commands.Outcome {
	w.Helper()
	return w.By(commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, command, dossier, "", data)
}

// By gives a command that has to be accepted.
func (w *World) By(c commands.Caller, command, dossier, at string, data any) commands.Outcome {
	w.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		w.Fatal(err)
	}
	o := w.Commands.Execute(w.Context(), c, commands.Request{ID: uuid.NewString(), Agency: "click", Command: command, Dossier: dossier, At: at, Data: raw})
	if o.Outcome != commands.Accepted {
		w.Fatalf("%s: %+v", command, o)
	}
	return o
}

// The coach and the commissioner that Office sets up.
var (
	Coach = ID(1)
	UWV   = ID(2)
)

// Office makes the agency click, with a coach and a commissioner, in 2017.
func (w *World) Office() {
	w.Helper()
	w.Do("AdoptRegulation", "", "2017-01-19T08:00:00Z", M{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
	w.Do("EnrolStaff", "", "2017-01-19T09:00:00Z", M{"staff": Coach, "name": "Eva Coach", "login": "eva"})
	w.Do("SignConfidentiality", "", "2017-01-19T09:10:00Z", M{"staff": Coach, "signed_on": "2017-01-19", "reference": "map 1"})
	w.Do("GrantRole", "", "2017-01-19T09:20:00Z", M{"staff": Coach, "role": "coach"})
	w.Do("RegisterRecipient", "", "2017-01-19T09:30:00Z", M{"recipient": UWV, "name": "UWV", "class": "commissioner", "subtype": "uwv", "agreement": "O-1"})
}

// Dossier opens a dossier with the coach and a trajectory at a day, hands out
// the regulation, and gives its id.
func (w *World) Dossier(n int, day string) domain.ID {
	w.Helper()
	id := ID(100 + n)
	w.Do("OpenDossier", id, day+"T09:00:00Z", M{"client": M{"family_name": "Marker" + string(rune('A'+n)), "given_names": "Anna"},
		"service": "reintegration", "referral": "commissioned", "commissioner": UWV, "standing": "employee"})
	w.Do("HandOutRegulation", id, day+"T09:05:00Z", M{"version": 1, "language": "nl", "method": "in_person", "acknowledged": true})
	w.Do("AssignStaff", id, day+"T09:10:00Z", M{"staff": Coach, "capacity": "responsible"})
	w.Do("StartTrajectory", id, day+"T09:20:00Z", M{"trajectory": "T-" + string(rune('A'+n))})
	return id
}

// Commits are the commits with an event of a type, in stream order.
func (w *World) Commits(eventType string) (out []*eventstore.Commit) {
	w.Helper()
	err := w.Store.ReadAll(w.Context(), 0, func(c *eventstore.Commit) error {
		if slices.ContainsFunc(c.Envelope.Data.Events, func(e eventstore.StoredEvent) bool { return e.Type == eventType }) {
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// Want waits until there are so many commits with an event of a type, and that
// there come no more, and gives them.
func (w *World) Want(eventType string, n int) []*eventstore.Commit {
	w.Helper()
	deadline := time.Now().Add(time.Minute)
	for len(w.Commits(eventType)) < n && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
	w.Settle()
	got := w.Commits(eventType)
	if len(got) != n {
		w.Fatalf("%d commits with %s, want %d", len(got), eventType, n)
	}
	return got
}

// Settle waits until the reactions have dealt with all that is on the stream
// and have worked out today.
func (w *World) Settle() {
	w.Helper()
	if !w.react {
		return
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		before, err := w.Store.Head(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		if err := w.Reactions.Evaluated(w.Context()); err != nil {
			w.Fatal(err)
		}
		list, err := w.Reactions.Status(w.Context())
		if err != nil {
			w.Fatal(err)
		}
		still := true
		for _, s := range list {
			still = still && (s.Timer || s.Here && s.Position >= before)
		}
		if after, err := w.Store.Head(w.Context()); err == nil && still && after == before {
			return
		}
		if time.Now().After(deadline) {
			w.Fatalf("the reactions do not come to rest: %+v", list)
		}
	}
}

// Event decodes the clear data of the first event of a commit.
func Event[T any](t testing.TB, c *eventstore.Commit) (e T) {
	t.Helper()
	if err := json.Unmarshal(c.Envelope.Data.Events[0].Data, &e); err != nil {
		t.Fatal(err)
	}
	return e
}
