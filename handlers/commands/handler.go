package commands

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/internal/clock"
)

// maxAttempts is how often a command is decided again after a conflict.
const maxAttempts = 16

// Config is what a Handler works with.
type Config struct {
	Store     eventstore.Store
	Sealer    Sealer
	Digester  seal.Digester
	View      CommitView // nil: everything is walked back to on the stream
	Snapshots Snapshots  // nil: none
	Policies  *policy.Book
	// Code is the store's code of a commit; nil: its commits bear none.
	Code  eventstore.Code
	Clock clock.Clock
	Log   *slog.Logger
	// Exclusive says that no other process writes to the stream, so that what is
	// folded in memory is current.
	Exclusive bool
	// Responsible counts the dossiers for which a member of staff is responsible.
	Responsible func(ctx context.Context, agency, staff string, at time.Time) (int, error)
}

// Handler executes commands. It is safe for many goroutines; commands on one
// aggregate are decided one after the other, on different ones side by side.
type Handler struct {
	store     eventstore.Store
	sealer    Sealer
	digester  seal.Digester
	view      CommitView
	snapshots Snapshots
	policies  *policy.Book
	code      eventstore.Code
	clock     clock.Clock
	log       *slog.Logger
	exclusive bool

	responsible func(ctx context.Context, agency, staff string, at time.Time) (int, error)

	cache *cache
	known atomic.Pointer[knownSet]
	// gate is held for reading by each command and for writing by an import's window.
	gate sync.RWMutex
}

// New makes a Handler.
func New(c Config) *Handler {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	return &Handler{
		store: c.Store, sealer: c.Sealer, digester: c.Digester, view: c.View, snapshots: c.Snapshots,
		policies: c.Policies, code: c.Code, clock: c.Clock, log: c.Log, exclusive: c.Exclusive, responsible: c.Responsible, cache: newCache(maxCached),
	}
}

// Execute takes one command through authorise, load, Decide, seal and append,
// and returns when the outcome is durable. The outcome is never lost: an
// infrastructure failure is a refusal with Retry set, and the same command may
// be sent again.
func (h *Handler) Execute(ctx context.Context, c Caller, r Request) Outcome {
	p, err := h.parse(c, r)
	if err != nil {
		// Another agency, and another's name, are no matter of form.
		if e := domain.AsError(err); (e.Code == "unknown_agency" || e.Kind == domain.KindForbidden) && c.Agency != "" {
			h.recordDenied(ctx, &parsed{caller: c}, policy.Decision{Err: e})
		}
		return refusal(r.ID, err)
	}
	for attempt := range maxAttempts {
		out, err := h.attempt(ctx, p)
		switch {
		case err == nil:
			return out
		case errors.Is(err, eventstore.ErrConflict):
			h.forget(p.target)
			if sleep(ctx, time.Duration(attempt)*time.Millisecond) != nil {
				return refusal(p.req.ID, ctx.Err())
			}
		default:
			if !isRefusal(err) {
				h.forget(p.target)
			}
			if denied := (*deniedError)(nil); errors.As(err, &denied) {
				h.recordDenied(ctx, p, denied.decision)
			}
			return h.failure(p, err)
		}
	}
	return refusal(p.req.ID, &domain.Error{Kind: domain.KindConflict, Code: "conflict", Rule: "C-2.1.4d", Message: "others keep changing this at the same moment; load it again and repeat the command"})
}

// plan is a decided command.
type plan struct {
	p       *parsed
	facts   []domain.Fact
	refusal *domain.Error // recorded with facts when both are there
	attr    Attribution
}

func (h *Handler) attempt(ctx context.Context, p *parsed) (Outcome, error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	s, err := h.open(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	defer s.close()
	if out, done, err := h.duplicate(ctx, p, s.target); done || err != nil {
		return out, err
	}
	pl, err := h.decide(ctx, p, s)
	if err != nil {
		return Outcome{}, err
	}
	s.releaseOthers()
	if pl.refusal == nil {
		if err := h.reserve(ctx, pl); err != nil {
			return Outcome{}, err
		}
	}
	d, err := NewDraft(ctx, h.sealer, p.target, s.target.version+1, pl.attr, pl.facts)
	if err != nil {
		return Outcome{}, err
	}
	_, a, err := h.append(ctx, d, s.target)
	if err != nil {
		return Outcome{}, err
	}
	return pl.outcome(d, a.Position), nil
}

// append stores a draft on the entry's aggregate and folds it. e.mu is held.
func (h *Handler) append(ctx context.Context, d *Draft, e *entry) (*eventstore.Pending, eventstore.Appended, error) {
	prev, prevLeaf := e.position, e.leaf
	pending := &eventstore.Pending{Ref: d.Ref, Expect: prev, CommandID: d.Envelope.CommandID,
		Stamp: func(p *eventstore.Pending, recorded time.Time) error {
			done, err := d.Finish(h.code, recorded, prev, prevLeaf)
			if err != nil {
				return err
			}
			p.Recorded, p.Payload, p.Leaf = recorded, done.Payload, done.Leaf
			return nil
		}}
	h.known.Load().add(d.Ref)
	a, err := h.store.Append(ctx, pending)
	if err == nil && a.Leaf != pending.Leaf {
		err = h.adopt(ctx, d, a)
	}
	if err != nil {
		return nil, a, err
	}
	h.stored(ctx, d, e, a)
	return pending, a, nil
}

// adopt takes over what a store found standing under the draft's command id
// when the append was not acknowledged as sent: an earlier sending of this very
// draft, whose envelope the draft then takes. The same command that another
// instance stored is a conflict: loaded again, it is a duplicate, or the reuse
// of an id with other content.
func (h *Handler) adopt(ctx context.Context, d *Draft, a eventstore.Appended) error {
	c, err := h.store.At(ctx, a.Position)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", eventstore.ErrUnknown, err)
	case c.Envelope.ID != d.Envelope.ID:
		return eventstore.ErrConflict
	}
	d.Envelope = c.Envelope
	return nil
}

// stored folds a durable draft into its entry and tells the vault that its new
// keys are announced. e.mu is held.
func (h *Handler) stored(ctx context.Context, d *Draft, e *entry, a eventstore.Appended) {
	if len(d.Created) > 0 {
		ids := make([]string, len(d.Created))
		for i, k := range d.Created {
			ids[i] = k.ID
		}
		h.announced(ctx, ids)
	}
	agg, ok := catalog.AggregateOf(d.Ref.Kind)
	if !ok {
		e.reset()
		return
	}
	for _, r := range d.recorded(a.Position) {
		e.state = agg.Evolve(e.state, r)
	}
	e.version, e.position, e.leaf = d.Version, a.Position, a.Leaf
	e.commands[d.Envelope.CommandID] = a.Position
}

// announced tells the vault that keys stand announced on the stream. If that
// fails they are announced once more with a later commit, which does no harm.
func (h *Handler) announced(ctx context.Context, ids []string) {
	if err := h.sealer.Announced(ctx, ids); err != nil {
		h.log.Warn("the vault could not note that keys are announced", "error", err)
	}
}

// duplicate answers a command id that the aggregate knows already.
func (h *Handler) duplicate(ctx context.Context, p *parsed, e *entry) (Outcome, bool, error) {
	pos, err := h.find(ctx, e, p.req.ID)
	if err != nil || pos == 0 {
		return Outcome{}, false, err
	}
	c, err := h.store.At(ctx, pos)
	if err != nil {
		return Outcome{}, false, err
	}
	if err := h.seal(ctx, p); err != nil {
		return Outcome{}, false, err
	}
	if c.Envelope.CommandDigest != hex.EncodeToString(p.digest[:]) {
		return Outcome{}, false, &domain.Error{Kind: domain.KindConflict, Code: "id_reused", Rule: domain.RuleForm, Field: "id", Message: "this id was used before with another content; give the command an id of its own"}
	}
	return first(p, c), true, nil
}

// seal fills in the keyed digest of the command's content.
func (h *Handler) seal(ctx context.Context, p *parsed) error {
	if p.digest != ([32]byte{}) {
		return nil
	}
	b, err := p.content()
	if err != nil {
		return err
	}
	p.digest, err = h.digester.Digest(ctx, p.req.Agency, "command", b)
	return err
}

// decide authorises and runs the aggregate's Decide.
func (h *Handler) decide(ctx context.Context, p *parsed, s *session) (*plan, error) {
	now := h.store.RecordedNow()
	env, err := s.env(ctx, p, now)
	if err != nil {
		return nil, err
	}
	d, err := h.authorise(p, s, s.judged(env, now))
	if err != nil {
		return nil, err
	}
	if !d.Allowed && !s.unknown(p, env, d) {
		return nil, &deniedError{d}
	}
	if err := h.seal(ctx, p); err != nil {
		return nil, err
	}
	return h.planned(p, s, env, d)
}

func (h *Handler) planned(p *parsed, s *session, env *catalog.Env, d policy.Decision) (*plan, error) {
	agg, ok := catalog.AggregateOf(p.target.Kind)
	if !ok {
		return nil, fmt.Errorf("commands: no aggregate of kind %q", p.target.Kind)
	}
	facts, err := agg.Decide(s.target.state, p.cmd, env)
	pl := &plan{p: p, facts: facts}
	if err != nil {
		pl.refusal = domain.AsError(err)
		if len(facts) == 0 || pl.refusal.Kind == domain.KindInternal {
			return nil, err
		}
	}
	if len(facts) == 0 {
		return nil, fmt.Errorf("commands: %s decided nothing", p.spec.Name)
	}
	profile, version := env.ProfileInForce()
	pl.attr = Attribution{
		Basis:   Basis{Purpose: env.Purpose, Ground: d.Ground, PolicyDigest: d.Digest, Profile: profile, ProfileVersion: version},
		Command: p.spec.Name, CommandID: p.req.ID, CommandDigest: hex.EncodeToString(p.digest[:]),
		Actor: p.req.Actor, RecordedBy: p.caller.Staff, Caller: p.caller,
		Occurred: p.at, Warnings: warnings(env, facts),
	}
	return pl, nil
}

// warnings are the codes that the outcome carries: what the decision remarked
// on, and what the validator remarked on in an adopted regulation.
func warnings(env *catalog.Env, facts []domain.Fact) []string {
	out := slices.Clone(env.Warnings)
	for _, f := range facts {
		if e, ok := f.Event.(*agency.RegulationAdopted); ok {
			out = append(out, e.Findings...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (h *Handler) forget(ref domain.Ref) {
	e := h.cache.acquire(ref)
	e.mu.Lock()
	e.reset()
	e.mu.Unlock()
	h.cache.release(e)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d == 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
