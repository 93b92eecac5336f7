package queries

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// shownTo narrows a view of a dossier to what a third party may look at: the
// records of a view that the client has agreed to, while it holds by the stream's
// own facts (C-2.7b): a consent that was withdrawn a moment ago shows nothing
// more. The member of staff who shows it must himself be let in; the access event
// names the recipient on whose behalf he looks.
func (s *Service) shownTo(ctx context.Context, v *DossierView, r *Reader, view string) error {
	id, err := domain.ParseID("view", view)
	if err != nil {
		return err
	}
	now := s.clock.Now()
	err = s.commands.State(ctx, domain.Ref{Agency: r.Agency, Kind: domain.KindDossier, ID: v.Dossier}, func(state any, _ uint64) error {
		st, ok := state.(*dossier.State)
		if !ok || !st.ViewHolds(id, now) {
			return &domain.Error{Kind: domain.KindForbidden, Code: "view_not_held", Rule: "C-2.7b", Field: "view",
				Message: "this view by a third party does not hold: it has ended, the consent was withdrawn or guidance is over; grant a new one with the client's consent"}
		}
		v.only = map[string]bool{}
		for _, rec := range st.ViewedRecords(id, now) {
			v.only[rec] = true
		}
		v.ShownTo = st.Views[id].Recipient
		return nil
	})
	r.Caller.OnBehalfOf = v.ShownTo
	return err
}

// denyView puts on record that somebody was kept from a view that does not hold.
func (s *Service) denyView(ctx context.Context, r Reader, p pass, id string, err error) {
	e := domain.AsError(err)
	if e.Kind != domain.KindForbidden {
		return
	}
	p.Allowed, p.Ground, p.Policies, p.Err = false, "none", nil, e
	s.deny(ctx, r, p, commands.Question{Dossier: id})
}

// narrow leaves of a look's pass what belongs to the records that are shown.
func (v *DossierView) narrow(p pass) pass {
	if v.only == nil {
		return p
	}
	may := map[domain.Category]bool{}
	for rec := range v.only {
		for _, c := range v.holds[rec] {
			may[c] = p.sees(c)
		}
	}
	p.may, p.whole = may, false
	return p
}
