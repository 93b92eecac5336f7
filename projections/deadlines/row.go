// Package deadlines is the register of deadlines (catalogue §1, §3): what an
// agency had to do by when, for its clients, their recipients, the authority and
// its own paper, and whether it did. It has no tables: every deadline is worked
// out for a day from the facts of the other views and from the terms of the
// regulation that was in force when it began.
//
// The kinds, with their term under both profiles and what meets them:
//
//	request            received + 28 days, or as extended; access by its
//	                   fulfilment, other kinds by their answer, a refusal by its
//	                   decision (C-2.9.1, C-2.9.3, S-Inz, L-12)
//	breach             discovered + 72 hours; the notice to the authority, or a
//	                   reasoned assessment that it need not hear of it (L-33)
//	indirect_notice    obtained + 28 days, first contact or first disclosure
//	                   (C-I3, L-14); see duties.Facts.Notices
//	handout            the day of opening; the hand-out of the regulation (C-I4, L-13)
//	recipient_notice   28 days after the act of which the recipient of a
//	                   disclosure must hear, which is the term of the request that
//	                   the act may carry out (L-19)
//	client_notice      the day of what the client need not expect (C-I2)
//	complaint          received + 42 days; its answer (C-2.1.3, S-Kla)
//	paper              the end of the day on which a volume was taken, or up to
//	                   which it was explained that it was out; its return (C-2.7d,
//	                   S-Bev1). Where the regulation asks for it: the end of each
//	                   working day, for the attestation of each cabinet (S-Bev1)
//	destruction        the end of the term of a class + 30 days (C-2.5f); stands
//	                   here from the day after that end, unless a hold covers it
//	break_glass_review use + 7 days; its review by somebody else (C-2.1.4b)
package deadlines

import (
	"cmp"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// The kinds of deadline (catalogue §3).
const (
	KindRequest         = "request"
	KindBreach          = "breach"
	KindIndirectNotice  = "indirect_notice"
	KindHandout         = "handout"
	KindRecipientNotice = "recipient_notice"
	KindClientNotice    = "client_notice"
	KindComplaint       = "complaint"
	KindPaper           = "paper"
	KindDestruction     = "destruction"
	KindBreakGlass      = "break_glass_review"
)

// The statuses of a deadline (catalogue §3).
const (
	StatusOpen      = "open"
	StatusOverdue   = "overdue" // from the day after the last, for a breach from the instant
	StatusMet       = "met"
	StatusMetLate   = "met_late"
	StatusWithdrawn = "withdrawn"
)

// Row is one deadline on a given day, as the export `deadlines` gives it.
type Row struct {
	Agency string `json:"agency"`
	// Dossier is absent where it is of the agency: a breach that concerns several
	// dossiers or none, a cabinet.
	Dossier string `json:"dossier,omitempty"`
	Kind    string `json:"kind"`
	// Ref is what it is about: the id of the request, incident, record (of several
	// the first), disclosure, complaint, volume or break-glass; the dossier for handout, the
	// class for destruction, the cabinet for its attestation.
	Ref string `json:"ref"`
	// Started and Due are days, YYYY-MM-DD; for a breach instants, RFC 3339 in UTC.
	Started string `json:"started"`
	Due     string `json:"due"`
	Status  string `json:"status"` // open, overdue, met, met_late, withdrawn

	// Item is the record or category of particulars that a recipient must hear
	// of, or the form of a paper deadline: volume, cabinet.
	Item string `json:"-"`
	// StartedOn and DueOn are the days of Started and Due; Met is the day on which
	// it was met, zero while it is not.
	StartedOn nl.Date `json:"-"`
	DueOn     nl.Date `json:"-"`
	Met       nl.Date `json:"-"`
}

// Owed tells whether the deadline waits to be met, in time or not.
func (r *Row) Owed() bool { return r.Status == StatusOpen || r.Status == StatusOverdue }

// days fills in a deadline of whole days as it stands on a day.
func (r Row) days(started, due, met, today nl.Date) Row {
	r.StartedOn, r.DueOn, r.Met = started, due, met
	r.Started, r.Due = started.String(), due.String()
	switch {
	case !met.IsZero() && met.After(due):
		r.Status = StatusMetLate
	case !met.IsZero():
		r.Status = StatusMet
	case today.After(due):
		r.Status = StatusOverdue
	default:
		r.Status = StatusOpen
	}
	return r
}

// instants fills in a deadline of instants as it stands at one.
func (r Row) instants(started, due, met, now time.Time) Row {
	r.StartedOn, r.DueOn = nl.DateOf(started), nl.DateOf(due)
	r.Started, r.Due = started.UTC().Format(time.RFC3339), due.UTC().Format(time.RFC3339)
	switch {
	case !met.IsZero():
		r.Met = nl.DateOf(met)
		if r.Status = StatusMet; met.After(due) {
			r.Status = StatusMetLate
		}
	case now.After(due):
		r.Status = StatusOverdue
	default:
		r.Status = StatusOpen
	}
	return r
}

// compare is the order of the register: by due date, then dossier; the rest
// makes it the same each time.
func compare(a, b Row) int {
	return cmp.Or(a.DueOn.Compare(b.DueOn), cmp.Compare(a.Dossier, b.Dossier), cmp.Compare(a.Agency, b.Agency),
		cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Due, b.Due), cmp.Compare(a.Ref, b.Ref), cmp.Compare(a.Item, b.Item), cmp.Compare(a.Started, b.Started))
}
