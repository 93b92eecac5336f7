package catalog

import (
	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/domain/unique"
)

// Target is the aggregate that a command is given to: the dossier that it
// names, the member of staff, the agency, or the actor's accesses.
func Target(agencyID, dossierID, actor string, c domain.Command) (domain.Ref, error) {
	spec, ok := CommandOf(c.CommandName())
	if !ok {
		return domain.Ref{}, domain.NotHandled(c)
	}
	if spec.Dossier && dossierID == "" {
		return domain.Ref{}, domain.Invalid("missing", "dossier", "this command belongs to a dossier; name it")
	}
	if !spec.Dossier && !spec.MayDossier && dossierID != "" {
		return domain.Ref{}, domain.Invalid("unknown_field", "dossier", "this command belongs to no dossier; leave the field out")
	}
	ref := domain.Ref{Agency: agencyID, Kind: spec.Kind}
	switch spec.Kind {
	case domain.KindDossier:
		ref.ID = dossierID
	case domain.KindAccess:
		ref.ID = actor
	case domain.KindAgency:
		ref.ID = agencyID
	case domain.KindStaff:
		ref.ID = staff.Target(c)
	case domain.KindIncident:
		ref.ID = incident.Target(c)
	case domain.KindReview:
		ref.ID = review.Target(c)
	case domain.KindPaper:
		ref.ID = agencyID
	case domain.KindReminder:
		if ref.ID = dossierID; dossierID == "" {
			ref.ID = agencyID
		}
	}
	return ref, nil
}

// Needs are the aggregates, beside its target, whose states a command is
// judged by, in no order: the handler puts them into Env.Known. The agency is
// among them for every command that the agency's existence or rules decide.
func Needs(agencyID string, dossierID, actor string, c domain.Command) []domain.Ref {
	spec, _ := CommandOf(c.CommandName())
	own := domain.Ref{Agency: agencyID, Kind: domain.KindAgency, ID: agencyID}
	switch spec.Kind {
	case domain.KindStaff:
		refs := append([]domain.Ref{own}, staffRefs(agencyID, staff.NeedsStaff(c))...)
		for _, id := range staff.NeedsDossiers(c) {
			refs = append(refs, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: id})
		}
		return refs
	case domain.KindAgency:
		return staffRefs(agencyID, agency.NeedsStaff(c))
	case domain.KindIncident, domain.KindReview:
		return []domain.Ref{own}
	case domain.KindReminder:
		if dossierID == "" {
			return []domain.Ref{own}
		}
		return []domain.Ref{own, {Agency: agencyID, Kind: domain.KindDossier, ID: dossierID}}
	case domain.KindPaper:
		refs := []domain.Ref{own}
		if dossierID != "" && paper.NeedsDossier(c) {
			refs = append(refs, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: dossierID})
		}
		return append(refs, staffRefs(agencyID, paper.NeedsStaff(c))...)
	case domain.KindAccess:
		return []domain.Ref{{Agency: agencyID, Kind: domain.KindDossier, ID: dossierID}}
	case domain.KindDossier:
		var refs []domain.Ref
		if dossier.NeedsAgency(c) {
			refs = append(refs, own)
		}
		for _, id := range dossier.NeedsDossiers(c) {
			if id != dossierID {
				refs = append(refs, domain.Ref{Agency: agencyID, Kind: domain.KindDossier, ID: id})
			}
		}
		for _, id := range dossier.NeedsStaff(c, actor) {
			refs = append(refs, domain.Ref{Agency: agencyID, Kind: domain.KindStaff, ID: id})
		}
		return refs
	}
	return nil
}

func staffRefs(agencyID string, ids []domain.ID) []domain.Ref {
	var refs []domain.Ref
	for _, id := range ids {
		refs = append(refs, domain.Ref{Agency: agencyID, Kind: domain.KindStaff, ID: id})
	}
	return refs
}

// Reserves are the values that a command takes for its target alone, or that
// it would rather have alone.
func Reserves(c domain.Command) []unique.Reservation {
	switch c := c.(type) {
	case *staff.EnrolStaff:
		return []unique.Reservation{{
			Use: unique.UseLogin, Value: staff.FoldLogin(c.Login), Hard: true, Field: "login", Code: "login_in_use", Rule: "C-0c",
			Message: "this login is in use in the agency; choose another one",
		}}
	case *dossier.StartTrajectory:
		e := dossier.TrajectoryInUse()
		return []unique.Reservation{{
			Use: unique.UseTrajectory, Value: c.Trajectory, Hard: true, Field: e.Field, Code: e.Code, Rule: e.Rule, Message: e.Message,
		}}
	case *dossier.OpenDossier:
		return known(&c.Client)
	case *dossier.ChangeClient:
		return known(&c.Fields)
	}
	return nil
}

// known are the soft reservations of a client: one may have two dossiers, but
// whoever opens the second is told (C-0a).
func known(p *dossier.Particulars) []unique.Reservation {
	var out []unique.Reservation
	for use, value := range map[string]string{unique.UseBSN: p.Number(), unique.UseNameBirth: p.NameAndBirth()} {
		if value != "" {
			out = append(out, unique.Reservation{Use: use, Value: value, Warning: WarnClientKnown})
		}
	}
	return out
}

// WarnClientKnown is the warning that the client has another dossier in the agency.
const WarnClientKnown = "client_known"

// Env is what a decision may know beside state and command.
type Env struct {
	domain.Env
	// Purpose is the purpose of the command's processing, for the envelope. The
	// aggregate's Decide fills it in where the handler left it empty.
	Purpose string
}

// agency is the state of the agency in which the command is given.
func (e *Env) agency() *agency.State {
	s, _ := e.Known[domain.Ref{Agency: e.Agency, Kind: domain.KindAgency, ID: e.Agency}].(*agency.State)
	return s
}
