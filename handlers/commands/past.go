package commands

import (
	"time"

	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// Past are the facts of an earlier moment by which a member of staff's rights of
// then are judged: the states as they fold up to there.
type Past struct {
	At      time.Time
	ID      string // of the member of staff
	Staff   *staff.State
	Agency  *agency.State
	Dossier *dossier.State
}

// Judge answers what Authorise would have answered then: one decision for each
// category of the question, by the policies that the agency had adopted then, or
// the built-in ones of today where it had none. It puts nothing on record and
// opens nothing; what a session or a token would have narrowed is not known of
// the past and counts as not narrowed. Errors: policies of then that can no
// longer be used.
func (h *Handler) Judge(agencyID string, past Past, q Question) ([]policy.Decision, error) {
	a := h.ask(Caller{Door: DoorWeb, Agency: agencyID, Staff: past.ID}, agencyID, q, past.At)
	a.Subject = subjectOf(past.Staff, agencyID, past.ID, past.At)
	var grants []staff.Grant
	if past.Staff.Exists() {
		grants = past.Staff.GrantsAt(past.At)
	}
	ends := byProfile(&a, past.Agency, nl.DateOf(past.At))
	related(&a, past.Dossier, past.At, ends)
	set, err := h.policies.Of(texts(past.Agency.PoliciesAt(past.At)))
	if err != nil {
		return nil, err
	}
	out := make([]policy.Decision, len(q.Categories))
	for i, cat := range q.Categories {
		a.Category, a.Granted = cat, granted(grants, q, cat)
		out[i] = set.Decide(a)
	}
	return out, nil
}
