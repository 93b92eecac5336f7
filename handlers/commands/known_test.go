package commands_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// A large window works from a set of the aggregates that the stream has. Given
// commits from before it, of an earlier process and by single commands, when a
// large window repeats some and brings new ones, then the outcomes are those of
// commands sent one by one: catalogue §2.
func TestLargeWindowKnowsWhatTheStreamHas(t *testing.T) {
	k := newKit(t)
	earlier := []commands.Request{adopted("2017-02-01T09:00:00+01:00"), opened(newID(), "Een"), opened(newID(), "Twee")}
	for _, r := range earlier {
		k.want(k.h.Execute(t.Context(), operator, r), commands.Accepted, "")
	}
	taken := trajectory(earlier[1].Dossier, "T-1")
	k.want(k.h.Execute(t.Context(), operator, taken), commands.Accepted, "")

	h := k.handler()
	rs := append([]commands.Request{}, earlier[1:]...)
	for i := range 300 {
		rs = append(rs, opened(newID(), fmt.Sprintf("Nieuw %d", i)))
	}
	rs = append(rs, trajectory(earlier[2].Dossier, "T-1"), trajectory(rs[5].Dossier, "T-2"))
	for i, o := range h.ExecuteWindow(t.Context(), operator, rs) {
		switch {
		case i < 2:
			k.want(o, commands.Duplicate, "")
		case i == len(rs)-2:
			k.want(o, commands.Refused, "trajectory_in_use")
		default:
			k.want(o, commands.Accepted, "")
		}
	}
	// and what the window stored is known to single commands and to the next window
	k.want(h.Execute(t.Context(), operator, report(rs[5].Dossier)), commands.Accepted, "")
	for _, o := range h.ExecuteWindow(t.Context(), operator, rs[2:len(rs)-2]) {
		k.want(o, commands.Duplicate, "")
	}
}

// losing stores one append and says that its outcome is unknown.
type losing struct {
	*memory.Store
	left int
}

func (l *losing) Append(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	a, err := l.Store.Append(ctx, p)
	if err == nil && l.left > 0 {
		l.left--
		return eventstore.Appended{}, eventstore.ErrUnknown
	}
	return a, err
}

// Given a new dossier's append of unknown outcome, when the command is sent
// again, then it is found on the stream although the set had no such dossier.
func TestUnknownOutcomeOfANewAggregateIsLookedFor(t *testing.T) {
	k := newKit(t)
	store := &losing{Store: k.store}
	h := commands.New(commands.Config{Store: store, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(),
		Clock: clock.Func(func() time.Time { return noon }), Exclusive: true})
	rs := []commands.Request{adopted("2017-02-01T09:00:00+01:00")}
	for i := range 250 {
		rs = append(rs, opened(newID(), fmt.Sprintf("Nieuw %d", i)))
	}
	for _, o := range h.ExecuteWindow(t.Context(), operator, rs) {
		k.want(o, commands.Accepted, "")
	}
	store.left = 1
	r := opened(newID(), "Verloren")
	if o := h.Execute(t.Context(), operator, r); !o.Retry {
		t.Fatalf("got %+v, want one to send again", o)
	}
	k.want(h.Execute(t.Context(), operator, r), commands.Duplicate, "")
}
