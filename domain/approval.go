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
