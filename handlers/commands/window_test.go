package commands_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// breaking stops every second window in its middle, as if the stream had got
// another writer or gone away.
type breaking struct {
	*memory.Store
	windows int
}

func (b *breaking) AppendWindow(ctx context.Context, n int, build func(int, []uint64) (*eventstore.Pending, error)) ([]eventstore.Appended, error) {
	b.windows++
	if b.windows%2 == 1 {
		return b.Store.AppendWindow(ctx, n, build)
	}
	stored, err := b.Store.AppendWindow(ctx, n/2, build)
	if err != nil {
		return stored, err
	}
	return stored, eventstore.ErrUnavailable
}

// interleaved are the commands of many dossiers, step by step, over several
// windows, with what is taken, refused and repeated close by and far away.
func interleaved() []commands.Request {
	rs := []commands.Request{adopted("2019-01-01T00:00:00Z")}
	const n = 700
	dossiers := make([]string, n)
	for i := range dossiers {
		dossiers[i] = newID()
		rs = append(rs, opened(dossiers[i], fmt.Sprintf("Naam%d", i)))
		if i == 350 {
			rs = append(rs, rs[len(rs)-5])
		}
	}
	for i, d := range dossiers {
		rs = append(rs, trajectory(d, fmt.Sprintf("T-%d", i%650)))
	}
	for i, d := range dossiers {
		rs = append(rs, report(d))
		switch {
		case i == 100:
			rs = append(rs, report(newID())) // no such dossier
		case i == 300:
			rs = append(rs, rs[len(rs)-900]) // from the window before
		case i%100 == 7:
			rs = append(rs, report(d), report(d))
		}
	}
	return rs
}

// Catalogue §2: the outcomes of windows, each decided while the one before it is
// stored, are those of the commands one by one, also when windows break off; and
// the stream holds the same commits in unbroken chains.
func TestWindowsDecidedAheadEqualOneByOne(t *testing.T) {
	rs := interleaved()
	one := newKit(t)
	var want []commands.Outcome
	for _, r := range rs {
		want = append(want, one.h.Execute(t.Context(), operator, r))
	}
	for _, exclusive := range []bool{true, false} {
		for _, breaks := range []bool{false, true} {
			t.Run(fmt.Sprintf("exclusive=%v,breaks=%v", exclusive, breaks), func(t *testing.T) {
				k := newKit(t)
				var store eventstore.Store = k.store
				if breaks {
					store = &breaking{Store: k.store}
				}
				h := commands.New(commands.Config{Store: store, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(),
					Clock: clock.Func(func() time.Time { return noon }), Exclusive: exclusive})
				got := h.ExecuteWindow(t.Context(), operator, rs)
				for i := range want {
					w, g := want[i], got[i]
					if w.Outcome != g.Outcome || w.Code != g.Code || !cmp.Equal(w.Events, g.Events) || !cmp.Equal(w.Warnings, g.Warnings) {
						t.Errorf("line %d: one by one %+v, window %+v", i, w, g)
					}
				}
				sameCommits(t, one.all(), k.all())
				// What the windows folded ahead is what a restart folds from the stream.
				for _, o := range k.handler().ExecuteWindow(t.Context(), operator, rs) {
					if o.Outcome == commands.Accepted {
						t.Fatalf("%s was accepted a second time", o.ID)
					}
				}
			})
		}
	}
}

// sameCommits compares two streams aggregate by aggregate and checks the chains
// of the second.
func sameCommits(t *testing.T, a, b []*eventstore.Commit) {
	t.Helper()
	types := func(all []*eventstore.Commit) map[string][]string {
		m := map[string][]string{}
		for _, c := range all {
			if c.Envelope.Kind != "unique" { // named by a key that differs
				m[c.Envelope.Subject] = append(m[c.Envelope.Subject], c.Envelope.CommandID+" "+c.Envelope.Type)
			}
		}
		return m
	}
	if len(a) != len(b) {
		t.Errorf("%d commits and %d", len(a), len(b))
	}
	if diff := cmp.Diff(types(a), types(b)); diff != "" {
		t.Error(diff)
	}
	chain := map[string]*eventstore.Commit{}
	for _, c := range b {
		e := &c.Envelope
		prev := chain[e.Subject]
		switch {
		case prev == nil && (e.Version != 1 || e.PrevPosition != 0),
			prev != nil && (e.Version != prev.Envelope.Version+1 || e.PrevPosition != prev.Position || e.PrevLeaf != eventstore.LeafHash(prev.Clear).String() || e.Recorded.Before(prev.Envelope.Recorded)):
			t.Errorf("commit %d does not follow the one before it on its aggregate", c.Position)
		}
		chain[e.Subject] = c
	}
}
