package commands

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/unique"
	"github.com/casefile-engine/casefile/eventstore"
)

// reserve takes what the command needs for itself alone: a login, a trajectory
// number, a client (architecture §2). A reservation is a commit of its own
// under the same command id, so a crash between it and the command is resumed
// by sending the command again, and one that nobody resumed may be taken over.
func (h *Handler) reserve(ctx context.Context, pl *plan) error {
	for _, r := range catalog.Reserves(pl.p.cmd) {
		ref, err := h.reservation(ctx, pl.p.req.Agency, r)
		if err != nil {
			return err
		}
		if err := h.reserveOne(ctx, pl, ref, r); err != nil {
			return err
		}
	}
	return nil
}

// reservation names the aggregate of a reservation: a keyed hash, so that the
// subject says nothing.
func (h *Handler) reservation(ctx context.Context, agency string, r unique.Reservation) (domain.Ref, error) {
	sum, err := h.digester.Digest(ctx, agency, "unique", []byte(r.Use+"\x00"+r.Value))
	return domain.Ref{Agency: agency, Kind: domain.KindUnique, ID: hex.EncodeToString(sum[:])}, err
}

func (h *Handler) reserveOne(ctx context.Context, pl *plan, ref domain.Ref, r unique.Reservation) error {
	e := h.cache.acquire(ref)
	defer h.cache.release(e)
	e.mu.Lock()
	defer e.mu.Unlock()
	for range maxAttempts {
		if err := h.load(ctx, e); err != nil {
			return err
		}
		free, err := h.free(ctx, pl, e, r)
		if err != nil || !free {
			return err
		}
		d, err := NewDraft(ctx, h.sealer, ref, e.version+1, pl.attr, []domain.Fact{unique.Reserve(r.Use, pl.p.target)})
		if err != nil {
			return err
		}
		_, _, err = h.append(ctx, d, e)
		if !errors.Is(err, eventstore.ErrConflict) {
			return err
		}
		e.reset()
	}
	return eventstore.ErrConflict
}

// reservationGrace is how long a reservation counts as held although the
// command that made it has not stored its own commit: it may be about to.
const reservationGrace = time.Minute

// free tells whether the reservation has still to be made. One that this
// aggregate has, from before a crash, serves; one that nobody completed may be
// taken over; a hard one that is held refuses, a soft one warns.
func (h *Handler) free(ctx context.Context, pl *plan, e *entry, r unique.Reservation) (bool, error) {
	st, _ := e.state.(*unique.State)
	if st == nil || st.Holder == "" {
		return true, nil
	}
	if st.Kind == pl.p.target.Kind && st.Holder == pl.p.target.ID {
		return false, nil
	}
	c, err := h.store.At(ctx, e.position)
	if err != nil {
		return false, err
	}
	owner := domain.Ref{Agency: pl.p.req.Agency, Kind: st.Kind, ID: st.Holder}
	held, err := h.held(ctx, owner, c.Envelope.CommandID)
	if err != nil {
		return false, err
	}
	if !held && h.store.RecordedNow().Sub(c.Envelope.Recorded) > reservationGrace {
		return true, nil
	}
	return false, pl.taken(r)
}

// taken refuses or warns because of a reservation that another has.
func (pl *plan) taken(r unique.Reservation) error {
	if r.Hard {
		return r.Refusal()
	}
	if !slices.Contains(pl.attr.Warnings, r.Warning) {
		pl.attr.Warnings = append(pl.attr.Warnings, r.Warning)
	}
	return nil
}

// held tells whether the command that made a reservation was carried out. The
// owner is read from the stream and not locked: its lock may be anybody's.
func (h *Handler) held(ctx context.Context, owner domain.Ref, commandID string) (bool, error) {
	if h.view != nil {
		if _, ok, err := h.view.FindCommand(ctx, owner, commandID); err != nil || ok {
			return ok, err
		}
	}
	found := false
	err := h.store.ReadAggregate(ctx, owner, 0, func(c *eventstore.Commit) error {
		found = found || c.Envelope.CommandID == commandID
		return nil
	})
	if errors.Is(err, eventstore.ErrNotFound) {
		err = nil
	}
	return found, err
}
