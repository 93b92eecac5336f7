package domain

import (
	"slices"
	"time"
)

// Warnings on an approval.
const (
	// WarnApprover: whoever is named as approving is no director at that time.
	WarnApprover = "approver_not_director"
	// WarnApprovedBySelf: whoever gives the command approves it as well.
	WarnApprovedBySelf = "approved_by_self"
)

// Approve judges whoever is named as approving what a command does, if anybody
// is. A director approves; whoever protects the data advises and may not decide
// (C-2.1.5b, AVG 38(6)), which is refused. Anybody else is a warning, since an
// agency may keep its directors elsewhere. The member of staff's state has to
// be among the Known.
func (e *Env) Approve(field string, by ID) *Error {
	if by == "" {
		return nil
	}
	var roles []string
	if s, ok := e.Known[Ref{Agency: e.Agency, Kind: KindStaff, ID: by}].(interface{ RolesAt(time.Time) []string }); ok {
		roles = s.RolesAt(e.At)
	}
	switch {
	case slices.Contains(roles, "director"):
	case slices.Contains(roles, "compliance_officer"):
		r := Refused("adviser_approves", "C-2.1.5b", "whoever protects the data advises and may not decide; have a director approve this")
		r.Field = field
		return r
	default:
		e.Warn(WarnApprover)
	}
	if by == e.Actor {
		e.Warn(WarnApprovedBySelf)
	}
	return nil
}

// The answers of whoever is named as approving something.
const (
	ApprovalConfirmed = "confirmed"
	ApprovalDenied    = "denied"
)

// ApprovalAnswers lists the answers.
var ApprovalAnswers = []string{ApprovalConfirmed, ApprovalDenied}

// Approval is who is named as approving something, and what he said of it
// himself: another's word for it is not his (C-2.1.5b). Nobody is named in a zero
// one.
type Approval struct {
	By     ID     `json:"by,omitzero"`
	Answer string `json:"answer,omitzero"` // "" while he has said nothing
}

// Named is the approval by whoever a command of actor names: his own command says
// it for himself.
func Named(by ID, actor string) Approval {
	if by != "" && by == actor {
		return Approval{by, ApprovalConfirmed}
	}
	return Approval{By: by}
}

// Judge judges an answer of the actor to an approval, which a field of the command
// names. A second answer may differ from the first, and takes its place.
func (a Approval) Judge(env *Env, field, answer string) *Error {
	refused := func(code, message string) *Error {
		r := Refused(code, "C-2.1.5b", message)
		r.Field = field
		return r
	}
	switch {
	case a.By == "":
		return refused("no_approval", "nobody is named as approving this, so there is nothing to confirm")
	case a.By != env.Actor:
		return refused("not_the_approver", "only whoever is named as approving this can say so; ask that person to answer for himself")
	case a.Answer == answer:
		return refused("approval_answered", "this has been answered in the same way already; nothing more is needed")
	}
	return nil
}
