package commands

import (
	"context"
	"errors"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

// RecordAccess appends a look of the caller, allowed or denied, and returns
// when it is durable. For an allowed one the acknowledgement is what opens
// sections; there is no other way to get one (architecture §1.2).
//
// Errors are those of the store: nothing may be shown then.
func (h *Handler) RecordAccess(ctx context.Context, c Caller, agency string, basis Basis, ev *access.Recorded) (seal.Acknowledgement, uint64, error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	actor := c.Staff
	e := h.cache.acquire(domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: actor})
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	p, a, err := h.retryAccess(ctx, c, e, "RecordAccess", basis, ev)
	if err != nil || ev.Outcome != access.Allowed {
		return seal.Acknowledgement{}, a.Position, err
	}
	ack, err := seal.Acknowledge(p, a)
	return ack, a.Position, err
}

// RecordSignIn appends an attempt to sign in with a password. It is RecordAttempt
// for the doors that know no other way.
func (h *Handler) RecordSignIn(ctx context.Context, agency, staff string, ok bool) error {
	ev := &access.SignIn{Outcome: access.Allowed, Method: "password"}
	if !ok {
		ev.Outcome, ev.Code = access.Denied, "wrong_password"
	}
	return h.RecordAttempt(ctx, agency, staff, ev)
}

// RecordAttempt appends an attempt to sign in: the member of staff's own, or the
// engine's when nobody has that name. Nothing is recorded for an agency that does
// not exist: its name was typed by a stranger, and a subject would bear it.
// A sign-in opens nothing by itself; each look is recorded before it shows
// anything.
func (h *Handler) RecordAttempt(ctx context.Context, agency, staff string, ev *access.SignIn) error {
	there := false
	if domain.ValidAgency(agency) {
		err := h.State(ctx, domain.Ref{Agency: agency, Kind: domain.KindAgency, ID: agency}, func(_ any, version uint64) error {
			there = version > 0
			return nil
		})
		if err != nil {
			return err
		}
	}
	if !there {
		return nil
	}
	if staff == "" {
		staff, ev.Code = domain.Engine, "unknown_name"
	}
	return h.recordAct(ctx, Caller{Door: DoorWeb, Agency: agency, Staff: staff}, agency, "SignIn", ev)
}

// RecordAct appends what the caller did with an account, his own or another's,
// and returns when it is durable. What grants something (a factor, a token, an
// invitation) is recorded before it takes effect; when this fails nothing may
// change. It decides nothing: who may do it is the door's to know.
func (h *Handler) RecordAct(ctx context.Context, c Caller, agency string, ev domain.Event) error {
	return h.recordAct(ctx, c, agency, "RecordAct", ev)
}

// RecordRefused appends that a door kept back what was sent in the caller's name
// before it became a command (access.ActionChange) or a look (another action),
// with the code and the rule of the refusal.
func (h *Handler) RecordRefused(ctx context.Context, c Caller, action, code, rule string) error {
	ev := &access.Recorded{Action: action, Outcome: access.Denied, Ground: "none", Code: code, Rule: rule}
	_, _, err := h.RecordAccess(ctx, c, c.Agency, Basis{Ground: "none"}, ev)
	return err
}

func (h *Handler) recordAct(ctx context.Context, c Caller, agency, command string, ev domain.Event) error {
	h.gate.RLock()
	defer h.gate.RUnlock()
	e := h.cache.acquire(domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: c.Staff})
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	_, _, err := h.retryAccess(ctx, c, e, command, Basis{Ground: "none"}, ev)
	return err
}

// retryAccess appends an event to an actor's accesses, again after a conflict
// with another instance. e.mu is held.
func (h *Handler) retryAccess(ctx context.Context, c Caller, e *entry, command string, basis Basis, ev domain.Event) (*eventstore.Pending, eventstore.Appended, error) {
	for range maxAttempts {
		p, a, err := h.appendAccess(ctx, c, e, command, basis, ev)
		if errors.Is(err, eventstore.ErrConflict) {
			e.reset()
			continue
		}
		if err != nil {
			e.reset()
			return nil, a, h.failure(&parsed{spec: accessSpec}, err).Err()
		}
		return p, a, nil
	}
	return nil, eventstore.Appended{}, &domain.Error{Kind: domain.KindUnavailable, Code: "conflict", Rule: "C-2.1.4b", Message: "the look could not be recorded, so nothing is shown; try again"}
}

var accessSpec = catalog.CommandSpec{Name: "RecordAccess"}

func (h *Handler) appendAccess(ctx context.Context, c Caller, e *entry, command string, basis Basis, ev domain.Event) (*eventstore.Pending, eventstore.Appended, error) {
	if err := h.load(ctx, e); err != nil {
		return nil, eventstore.Appended{}, err
	}
	attr := Attribution{Basis: basis, Command: command, CommandID: newID(), Actor: c.Staff, RecordedBy: c.Staff, Caller: c}
	d, err := NewDraft(ctx, h.sealer, e.ref, e.version+1, attr, []domain.Fact{{Event: ev}})
	if err != nil {
		return nil, eventstore.Appended{}, err
	}
	p, a, err := h.append(ctx, d, e)
	if err == nil && a.Leaf != p.Leaf {
		// An earlier sending of it stands there, recorded at another time. What
		// acknowledges a look is the very bytes that were sent, so it is recorded
		// once more.
		return nil, a, eventstore.ErrConflict
	}
	if err == nil {
		delete(e.commands, attr.CommandID) // an id of our own making is never sent again
	}
	return p, a, err
}

// State gives f the folded state of an aggregate, current to the stream's
// newest commit, with its version. f may not keep or change it.
func (h *Handler) State(ctx context.Context, ref domain.Ref, f func(state any, version uint64) error) error {
	h.gate.RLock()
	defer h.gate.RUnlock()
	e := h.cache.acquire(ref)
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := h.load(ctx, e); err != nil {
		e.reset()
		return h.failure(&parsed{spec: accessSpec}, err).Err()
	}
	return f(e.state, e.version)
}

// Err gives a refused outcome as the error that it is; nil otherwise.
func (o Outcome) Err() error {
	if o.Outcome != Refused {
		return nil
	}
	return &domain.Error{Kind: o.Kind, Code: o.Code, Rule: o.Rule, Field: o.Field, Message: o.Message}
}
