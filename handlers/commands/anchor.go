package commands

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
)

// RecordAnchor appends the anchor of an agency's ledger, durably, and gives its
// position. An anchor of a size is stored once: given again it answers with the
// position of the first. One of a smaller size than the newest is refused: an
// instance that has been left behind would send it.
//
// It is the engine's own act, for the purpose of an audit: nobody else may.
func (h *Handler) RecordAnchor(ctx context.Context, agency string, ev *ledger.Anchored) (position uint64, err error) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	e := h.cache.acquire(domain.Ref{Agency: agency, Kind: domain.KindLedger, ID: agency})
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	for range maxAttempts {
		if position, err = h.appendAnchor(ctx, e, ev); !errors.Is(err, eventstore.ErrConflict) {
			break
		}
		e.reset()
	}
	if err != nil {
		e.reset()
	}
	return position, err
}

func (h *Handler) appendAnchor(ctx context.Context, e *entry, ev *ledger.Anchored) (uint64, error) {
	if err := h.load(ctx, e); err != nil {
		return 0, err
	}
	id := anchorID(e.ref.Agency, ev.Size)
	if p, err := h.find(ctx, e, id); err != nil || p > 0 {
		return p, err
	}
	if s, ok := e.state.(*ledger.State); ok && s.Size >= ev.Size {
		return 0, domain.Refused("anchored", "C-2.1.4d", "the ledger has been anchored at a later size meanwhile; the next anchor covers this one")
	}
	caller := Caller{Door: DoorEngine, Agency: e.ref.Agency, Staff: domain.Engine, Purpose: "audit"}
	attr := Attribution{
		Basis: Basis{Purpose: caller.Purpose, Ground: "none"}, Command: "AnchorLedger", CommandID: id,
		Actor: domain.Engine, RecordedBy: domain.Engine, Caller: caller,
	}
	d, err := NewDraft(ctx, h.sealer, e.ref, e.version+1, attr, []domain.Fact{{Event: ev}})
	if err != nil {
		return 0, err
	}
	_, a, err := h.append(ctx, d, e)
	return a.Position, err
}

// anchorID is the command id of the anchor of a size: a version 8 UUID.
func anchorID(agency string, size int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "casefile ledger anchor %s %d", agency, size))
	u := uuid.UUID(sum[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}
