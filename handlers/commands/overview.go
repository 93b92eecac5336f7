package commands

import (
	"context"
	"errors"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
)

// ErrOvertaken: another instance answered an overview of the agency meanwhile.
var ErrOvertaken = errors.New("commands: another overview of the agency came in between")

// Head is the position of the newest commit that readers can see.
func (h *Handler) Head(ctx context.Context) (uint64, error) {
	head, err := h.store.Head(ctx)
	if err != nil {
		return 0, h.failure(&parsed{spec: accessSpec}, err).Err()
	}
	return head, nil
}

// RecordOverview appends a question for an overview, answered or refused, to the
// looks of the caller, and returns when it is durable; nothing may be shown
// before (C-1.2d). judged is the position up to which earlier questions of the
// agency were looked at. Where other instances write to the stream as well, one
// of them may have answered another question between that position and this
// one: then ErrOvertaken says that this answer was judged without it and may not
// be shown. The question stays on record as answered, which only makes the guard
// more careful.
func (h *Handler) RecordOverview(ctx context.Context, c Caller, agency string, basis Basis, ev *access.OverviewAsked, judged uint64) (uint64, error) {
	position, err := h.recordOverview(ctx, c, agency, basis, ev)
	if err != nil || h.exclusive || ev.Outcome != access.Allowed {
		return position, err
	}
	err = h.store.ReadAll(ctx, judged, func(commit *eventstore.Commit) error {
		switch e := &commit.Envelope; {
		case commit.Position >= position:
			return errPast
		case e.Agency == agency && e.Kind == domain.KindAccess && e.Type == access.TypeOverviewAsked:
			return ErrOvertaken
		}
		return nil
	})
	if errors.Is(err, errPast) {
		err = nil
	}
	return position, err
}

// errPast ends a reading of the stream where it has seen enough.
var errPast = errors.New("commands: read far enough")

func (h *Handler) recordOverview(ctx context.Context, c Caller, agency string, basis Basis, ev *access.OverviewAsked) (uint64, error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	e := h.cache.acquire(domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: c.Staff})
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	_, a, err := h.retryAccess(ctx, c, e, "AskOverview", basis, ev)
	return a.Position, err
}
