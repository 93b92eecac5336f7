package commands

import (
	"context"
	"encoding/hex"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
)

// ActiveStaff tells whether a member of staff is enrolled now and has not left,
// by the stream: a door asks it at each use of a session or token, so that
// EndStaff closes the account at once.
func (h *Handler) ActiveStaff(ctx context.Context, agency, id string) (active bool, err error) {
	now := h.store.RecordedNow()
	err = h.withStaff(ctx, agency, id, func(st *staff.State) { active = st.ActiveAt(now) })
	return active, err
}

// RolesOf are the roles that a member of staff has now, in byte order.
func (h *Handler) RolesOf(ctx context.Context, agency, id string) (roles []string, err error) {
	now := h.store.RecordedNow()
	err = h.withStaff(ctx, agency, id, func(st *staff.State) { roles = st.RolesAt(now) })
	return roles, err
}

func (h *Handler) withStaff(ctx context.Context, agency, id string, f func(*staff.State)) error {
	if !domain.ValidAgency(agency) {
		return nil
	}
	if _, err := domain.ParseID("staff", id); err != nil {
		return nil //nolint:nilerr // operator, engine or nobody: no member of staff
	}
	return h.State(ctx, domain.Ref{Agency: agency, Kind: domain.KindStaff, ID: id}, func(state any, version uint64) error {
		if st := staffState(state); st != nil && version > 0 {
			f(st)
		}
		return nil
	})
}

// Adopted tells whether an agency has adopted a regulation, which is how it
// begins to exist.
func (h *Handler) Adopted(ctx context.Context, agency string) (there bool, err error) {
	if !domain.ValidAgency(agency) {
		return false, nil
	}
	err = h.State(ctx, domain.Ref{Agency: agency, Kind: domain.KindAgency, ID: agency}, func(_ any, version uint64) error {
		there = version > 0
		return nil
	})
	return there, err
}

// HolderOf is the member of staff who was enrolled with a login; "" when nobody
// was. It opens nothing: logins are found by their keyed digest.
func (h *Handler) HolderOf(ctx context.Context, agency, login string) (id string, err error) {
	if there, err := h.Adopted(ctx, agency); err != nil || !there {
		return "", err // no key is made for an agency that does not exist
	}
	sum, err := h.digester.Digest(ctx, agency, "unique", []byte(unique.UseLogin+"\x00"+staff.FoldLogin(login)))
	if err != nil {
		return "", err
	}
	err = h.State(ctx, domain.Ref{Agency: agency, Kind: domain.KindUnique, ID: hex.EncodeToString(sum[:])}, func(state any, _ uint64) error {
		if s, ok := state.(*unique.State); ok {
			id = s.Holder
		}
		return nil
	})
	return id, err
}
