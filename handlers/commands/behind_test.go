package commands_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// partView is a commits view of the store's first commits, and calls meanwhile
// before it answers.
type partView struct {
	store     *memory.Store
	to        uint64
	meanwhile func()
}

func (v *partView) each(ctx context.Context, ref domain.Ref, f func(*eventstore.Commit) error) error {
	err := v.store.ReadAggregate(ctx, ref, 0, func(c *eventstore.Commit) error {
		if c.Position > v.to {
			return nil
		}
		return f(c)
	})
	if errors.Is(err, eventstore.ErrNotFound) {
		return nil
	}
	return err
}

func (v *partView) ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*eventstore.Commit) error) error {
	if v.meanwhile != nil && ref.Kind == domain.KindDossier {
		do := v.meanwhile
		v.meanwhile = nil
		do()
	}
	return v.each(ctx, ref, func(c *eventstore.Commit) error {
		if c.Envelope.Version <= after {
			return nil
		}
		return f(c)
	})
}

func (v *partView) FindCommand(ctx context.Context, ref domain.Ref, id string) (p uint64, ok bool, err error) {
	err = v.each(ctx, ref, func(c *eventstore.Commit) error {
		if c.Envelope.CommandID == id {
			p, ok = c.Position, true
		}
		return nil
	})
	return p, ok, err
}

func (v *partView) LastPosition(ctx context.Context, ref domain.Ref) (p uint64, err error) {
	err = v.each(ctx, ref, func(c *eventstore.Commit) error { p = c.Position; return nil })
	return p, err
}

// kept are snapshots in memory.
type kept map[domain.Ref]commands.Snapshot

func (k kept) Load(_ context.Context, ref domain.Ref) (commands.Snapshot, bool, error) {
	s, ok := k[ref]
	return s, ok, nil
}

func (k kept) Save(_ context.Context, ref domain.Ref, s commands.Snapshot) error {
	k[ref] = s
	return nil
}

func (k *kit) among(v commands.CommitView, s commands.Snapshots, alone bool) *commands.Handler {
	return commands.New(commands.Config{Store: k.store, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(), View: v, Snapshots: s,
		Clock: clock.Func(func() time.Time { return noon }), Exclusive: alone})
}

// Catalogue §2, X-14: a command is known for ever, also while the views are
// being made anew and the state comes from a snapshot.
func TestKnownWhileTheViewsAreBehind(t *testing.T) {
	k := newKit(t)
	d := newID()
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(d, "Jansen")), commands.Accepted, "")
	first := request(newID(), "ObjectToContactDisclosure", d, "2020-01-02T09:00:00Z", m{"received_on": "2020-01-02", "reference": "brief"})
	at := k.want(k.h.Execute(t.Context(), operator, first), commands.Accepted, "").Position
	for range 200 {
		k.want(k.h.Execute(t.Context(), operator, request(newID(), "WithdrawObjection", d, "2020-01-03T09:00:00Z", m{"received_on": "2020-01-03", "reference": "brief"})), commands.Accepted, "")
	}
	all := uint64(len(k.all()))
	snapshots := kept{}
	for _, seen := range []uint64{all, all, 0, at, all - 1} { // the first leaves the snapshot
		o := k.want(k.among(&partView{store: k.store, to: seen}, snapshots, true).Execute(t.Context(), operator, first), commands.Duplicate, "")
		if o.Position != at || len(snapshots) == 0 {
			t.Errorf("with a view up to %d the first outcome is at %d, want %d (%d snapshots)", seen, o.Position, at, len(snapshots))
		}
	}
	if n := uint64(len(k.all())); n != all {
		t.Errorf("%d commits, want %d", n, all)
	}
}

// T3, T10: what another instance appends between the look at the newest commit
// and the reading of the rest is a conflict that is decided again, no damage.
func TestAnotherInstanceAppendsWhileLoading(t *testing.T) {
	k := newKit(t)
	d := newID()
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(d, "Jansen")), commands.Accepted, "")
	other := k.among(nil, nil, false)
	v := &partView{store: k.store, to: 1 << 40, meanwhile: func() {
		k.want(other.Execute(t.Context(), operator, trajectory(d, "T-1")), commands.Accepted, "")
	}}
	k.want(k.among(v, nil, false).Execute(t.Context(), operator, report(d)), commands.Accepted, "")
	// and where the commits come from the stream alone
	v.to, v.meanwhile = 0, func() {
		k.want(other.Execute(t.Context(), operator, report(d)), commands.Accepted, "")
	}
	k.want(k.among(v, nil, false).Execute(t.Context(), operator, report(d)), commands.Accepted, "")
}

// resending is a store that stored an earlier sending of each commit, or the
// same command of another instance, before it answers.
type resending struct {
	*memory.Store
	before func(p *eventstore.Pending) *eventstore.Pending
}

func (s *resending) Append(ctx context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	if s.before == nil {
		return s.Store.Append(ctx, p)
	}
	first := s.before(p)
	s.before = nil
	a, err := s.Store.Append(ctx, first)
	if err != nil {
		return a, err
	}
	return a, p.Stamp(p, noon.Add(time.Second))
}

// Architecture §2, T3: an append that finds its command id stored is its own
// earlier sending, which counts, or another instance's command, which is loaded
// and compared: what was sent with other content is never answered as accepted.
func TestAppendFindsItsIDStored(t *testing.T) {
	k := newKit(t)
	d := newID()
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(d, "Jansen")), commands.Accepted, "")
	s := &resending{Store: k.store}
	h := commands.New(commands.Config{Store: s, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(), Clock: clock.Func(func() time.Time { return noon })})

	s.before = func(p *eventstore.Pending) *eventstore.Pending { // itself, its answer lost
		q := *p
		return &q
	}
	k.want(h.Execute(t.Context(), operator, report(d)), commands.Accepted, "")

	for _, same := range []bool{true, false} { // another instance
		r := report(d)
		s.before = func(*eventstore.Pending) *eventstore.Pending {
			r := r
			if !same {
				r.Data = report(d).Data
			}
			var sent *eventstore.Pending
			capture := commands.New(commands.Config{Store: capturing{k.store, &sent}, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(), Clock: clock.Func(func() time.Time { return noon })})
			capture.Execute(t.Context(), operator, r)
			return sent
		}
		if out := h.Execute(t.Context(), operator, r); same {
			k.want(out, commands.Duplicate, "")
		} else {
			k.want(out, commands.Refused, "id_reused")
		}
	}
	if n := len(k.all()); n != 5 {
		t.Errorf("%d commits, want 5", n)
	}
	k.want(h.Execute(t.Context(), operator, report(d)), commands.Accepted, "")
}

// capturing is a store that keeps what would be appended and stores nothing.
type capturing struct {
	*memory.Store
	sent **eventstore.Pending
}

func (c capturing) Append(_ context.Context, p *eventstore.Pending) (eventstore.Appended, error) {
	if p.Payload == nil {
		if err := p.Stamp(p, noon); err != nil {
			return eventstore.Appended{}, err
		}
	}
	*c.sent = p
	return eventstore.Appended{}, eventstore.ErrUnavailable
}
