package commands

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// GlassLimit is for how many minutes the regulation in force lets somebody look
// in an emergency at most; 0 where no regulation is in force.
func (h *Handler) GlassLimit(ctx context.Context, agencyID string) (minutes int, err error) {
	today := nl.DateOf(h.store.RecordedNow())
	err = h.State(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindAgency, ID: agencyID}, func(state any, _ uint64) error {
		if st, ok := state.(*agency.State); ok {
			if p := st.ProfileAt(today); p != nil {
				minutes = p.Terms.BreakGlassMax.Value
			}
		}
		return nil
	})
	return minutes, err
}

// GlassUntil is until when a dossier is open to a member of staff who broke its
// glass: the latest end of those that run now, or the zero time.
func (h *Handler) GlassUntil(ctx context.Context, agencyID, id, staff string) (until time.Time, err error) {
	now := h.store.RecordedNow()
	err = h.State(ctx, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: id}, func(state any, _ uint64) error {
		st, ok := state.(*dossier.State)
		if !ok {
			return nil
		}
		for _, g := range st.Glasses {
			if g.Staff == staff && g.Holds(now) && g.Until.After(until) {
				until = g.Until
			}
		}
		return nil
	})
	return until, err
}
