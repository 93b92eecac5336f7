package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
)

// CommitView is the part of the commits projection that loading needs. It may
// lag behind the stream; what it lacks is walked back to.
type CommitView interface {
	// ReadAggregate calls f with the commits of one aggregate whose version is
	// greater than after, oldest first.
	ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*eventstore.Commit) error) error
	// FindCommand gives the position of the commit of a command id; ok is false
	// when the view has none.
	FindCommand(ctx context.Context, ref domain.Ref, commandID string) (position uint64, ok bool, err error)
	// LastPosition is the position of the aggregate's newest commit in the view, 0 for none.
	LastPosition(ctx context.Context, ref domain.Ref) (uint64, error)
}

// Snapshot is a folded state, kept so that a long aggregate is not folded from
// its first commit each time. It is a cache: deleting it loses nothing.
type Snapshot struct {
	Version  uint64
	Position uint64
	Leaf     eventstore.Leaf
	Schema   int // of the state
	State    []byte
}

// Snapshots keeps the newest snapshot of each aggregate.
type Snapshots interface {
	Load(ctx context.Context, ref domain.Ref) (s Snapshot, ok bool, err error)
	Save(ctx context.Context, ref domain.Ref, s Snapshot) error
}

// snapshotEvery is after how many folded commits a load leaves a snapshot.
const snapshotEvery = 200

// load brings e up to the aggregate's newest commit. e.mu is held for writing.
// When the stream has only this process as its writer, a loaded entry is
// current; otherwise the last position is asked for each time.
func (h *Handler) load(ctx context.Context, e *entry) error {
	if e.loaded && h.exclusive {
		return nil
	}
	last, leaf, err := h.last(ctx, e.ref)
	if err != nil {
		return err
	}
	if e.loaded && e.position == last && e.leaf == leaf {
		return nil
	}
	if e.ref.Kind == domain.KindAccess {
		return h.loadAccess(ctx, e)
	}
	err = h.fold(ctx, e, last, h.snapshots != nil)
	if err == nil && e.leaf != leaf {
		err = fmt.Errorf("commands: the folded chain ends in another commit than the stream: %w", eventstore.ErrDamaged)
	}
	if err != nil && e.snapshot > 0 {
		// A snapshot is a cache: what it spoils is folded again from the start.
		e.reset()
		err = h.fold(ctx, e, last, false)
		if err == nil && e.leaf != leaf {
			err = fmt.Errorf("commands: the folded chain ends in another commit than the stream: %w", eventstore.ErrDamaged)
		}
	}
	if err != nil {
		e.reset()
		return err
	}
	e.loaded = true
	return nil
}

// loadAccess prepares an actor's access aggregate. It may hold millions of
// looks and no decision rests on them, so they are not folded: the last commit
// gives the version, and only the command ids that the view lacks are read.
func (h *Handler) loadAccess(ctx context.Context, e *entry) error {
	c, err := h.store.Last(ctx, e.ref)
	if err != nil && !errors.Is(err, eventstore.ErrNotFound) {
		return err
	}
	agg, ok := catalog.AggregateOf(e.ref.Kind)
	if !ok {
		return fmt.Errorf("commands: no aggregate of kind %q", e.ref.Kind)
	}
	e.reset()
	e.state, e.commands = agg.Zero(), map[string]uint64{}
	if c == nil {
		e.loaded = true
		return nil
	}
	seen := uint64(0)
	if h.view != nil {
		if seen, err = h.view.LastPosition(ctx, e.ref); err != nil {
			return err
		}
	}
	err = h.store.ReadAggregate(ctx, e.ref, seen, func(c *eventstore.Commit) error {
		e.commands[c.Envelope.CommandID] = c.Position
		return nil
	})
	if err != nil && !errors.Is(err, eventstore.ErrNotFound) {
		return err
	}
	e.version, e.position, e.leaf = c.Envelope.Version, c.Position, eventstore.LeafHash(c.Clear)
	e.snapshot = e.version // command ids below it are looked up in the view
	e.loaded = true
	return nil
}

// last is the position and leaf of the aggregate's newest commit, 0 when it has none.
func (h *Handler) last(ctx context.Context, ref domain.Ref) (uint64, eventstore.Leaf, error) {
	none := eventstore.Leaf{}
	if k := h.known.Load(); k != nil && !k.maybe(ref) {
		return 0, none, nil
	}
	c, err := h.store.Last(ctx, ref)
	if errors.Is(err, eventstore.ErrNotFound) {
		return 0, none, nil
	}
	if err != nil {
		return 0, none, err
	}
	return c.Position, eventstore.LeafHash(c.Clear), nil
}

func (h *Handler) fold(ctx context.Context, e *entry, last uint64, useSnapshot bool) error {
	agg, ok := catalog.AggregateOf(e.ref.Kind)
	if !ok {
		return fmt.Errorf("commands: no aggregate of kind %q", e.ref.Kind)
	}
	if !e.loaded {
		e.reset()
		e.state, e.commands = agg.Zero(), map[string]uint64{}
		if last > 0 && useSnapshot {
			h.restore(ctx, e, agg)
		}
	}
	if e.position == last {
		return nil
	}
	folded := 0
	apply := func(c *eventstore.Commit) error {
		if c.Envelope.Version <= e.version || c.Position > last {
			return nil // another instance may append meanwhile; the append will tell
		}
		if c.Envelope.Version != e.version+1 {
			return fmt.Errorf("commands: commit %d of an aggregate follows %d: %w", c.Envelope.Version, e.version, eventstore.ErrDamaged)
		}
		if e.position > 0 && c.Envelope.PrevLeaf != e.leaf.String() {
			return fmt.Errorf("commands: commit %d does not name the one before it: %w", c.Position, eventstore.ErrDamaged)
		}
		folded++
		return h.evolve(e, agg, c)
	}
	if h.view != nil {
		if err := h.view.ReadAggregate(ctx, e.ref, e.version, apply); err != nil {
			return err
		}
	}
	if e.position < last {
		if err := h.store.ReadAggregate(ctx, e.ref, e.position, apply); err != nil {
			return err
		}
	}
	if folded >= snapshotEvery {
		h.save(ctx, e, agg)
	}
	return nil
}

// evolve folds one stored commit into the entry.
func (h *Handler) evolve(e *entry, agg catalog.Aggregate, c *eventstore.Commit) error {
	recs, err := Decode(c)
	if err != nil {
		return err
	}
	for _, r := range recs {
		e.state = agg.Evolve(e.state, r)
	}
	e.version, e.position, e.leaf = c.Envelope.Version, c.Position, eventstore.LeafHash(c.Clear)
	e.commands[c.Envelope.CommandID] = c.Position
	return nil
}

// restore starts from a snapshot when there is a usable one. The view must reach
// it: the command ids below a snapshot are looked up there, and one that a view
// under rebuild does not have yet would be carried out twice.
func (h *Handler) restore(ctx context.Context, e *entry, agg catalog.Aggregate) {
	if h.view == nil {
		return
	}
	s, ok, err := h.snapshots.Load(ctx, e.ref)
	if err != nil || !ok || s.Schema != agg.StateSchema {
		return // a cache that cannot be used costs time, nothing else
	}
	if seen, err := h.view.LastPosition(ctx, e.ref); err != nil || seen < s.Position {
		return
	}
	state, err := agg.DecodeState(s.State)
	if err != nil {
		return
	}
	e.state, e.version, e.position, e.leaf, e.snapshot = state, s.Version, s.Position, s.Leaf, s.Version
}

func (h *Handler) save(ctx context.Context, e *entry, agg catalog.Aggregate) {
	if h.snapshots == nil {
		return
	}
	b, err := agg.EncodeState(e.state)
	if err != nil {
		return
	}
	_ = h.snapshots.Save(ctx, e.ref, Snapshot{Version: e.version, Position: e.position, Leaf: e.leaf, Schema: agg.StateSchema, State: b})
}

// find gives the position of the commit that a command id made on the entry's
// aggregate; 0 when there is none. e.mu is held.
func (h *Handler) find(ctx context.Context, e *entry, commandID string) (uint64, error) {
	if p, ok := e.commands[commandID]; ok {
		return p, nil
	}
	if e.snapshot == 0 || h.view == nil {
		return 0, nil
	}
	p, ok, err := h.view.FindCommand(ctx, e.ref, commandID)
	if err != nil || !ok {
		return 0, err
	}
	return p, nil
}

// Decode decodes and upcasts the events of a stored commit, with the lists that
// are stored beside them. Errors wrap eventstore.ErrDamaged where a list is not the
// one that the commit's clear line commits to.
func Decode(c *eventstore.Commit) ([]domain.Recorded, error) {
	env := &c.Envelope
	meta := domain.Meta{
		Agency: env.Agency, Aggregate: env.AggregateID, Version: env.Version, Position: c.Position,
		CommandID: env.CommandID, Actor: env.Actor, Occurred: env.Time, Recorded: env.Recorded,
	}
	out := make([]domain.Recorded, 0, len(env.Data.Events))
	for i := range env.Data.Events {
		ev, err := decodeEvent(c, i)
		if err != nil {
			return nil, err
		}
		out = append(out, domain.Recorded{Meta: meta, Event: ev})
	}
	return out, nil
}

func decodeEvent(c *eventstore.Commit, place int) (domain.Event, error) {
	s := &c.Envelope.Data.Events[place]
	ev, err := catalog.Decode(s.Type, s.Schema, s.Data)
	if err != nil {
		return nil, err
	}
	l, err := c.List(place)
	if err != nil || l == nil {
		return ev, err
	}
	if err := catalog.Whole(ev, l.Entries); err != nil {
		return nil, fmt.Errorf("%w: %w", eventstore.ErrDamaged, err)
	}
	return ev, nil
}

// ClearData gives the clear data of an event as it was decided: as it is stored,
// with the lists that are stored beside it put back. Who shows or hands on clear
// data takes this and not what stands in the envelope. Errors: as Decode.
func ClearData(c *eventstore.Commit, place int) (json.RawMessage, error) {
	s := &c.Envelope.Data.Events[place]
	if n := len(s.Sections); n == 0 || !s.Sections[n-1].IsList() {
		return s.Data, nil
	}
	ev, err := decodeEvent(c, place)
	if err != nil {
		return nil, err
	}
	raw, _, err := catalog.Encode(ev)
	return raw, err
}
