package obligations

import (
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
)

// staff: who has a role, or access by a grant or a maintenance window, can see
// dossiers and is bound to secrecy by a declaration that holds today (C-2.1.5,
// S-Geh). Where a grant alone gives access, it is owed from its beginning at the
// earliest.
func (l *lister) staff() error {
	if l.filter.Dossier != "" {
		return nil
	}
	granted, err := l.granted()
	if err != nil {
		return err
	}
	for _, agency := range l.book.Agencies() {
		err := people.ListStaff(l.ctx, l.db, agency, nil, func(s people.Staff) error {
			var signed, until, left nl.Date
			if err := rows.Dates(map[*nl.Date]string{&signed: s.SignedOn, &until: s.SignedUntil, &left: s.LeftOn}); err != nil {
				return err
			}
			from, reads := granted[[2]string{agency, s.Staff}]
			reads = reads && (left.IsZero() || !l.today.After(left))
			if len(s.Roles) == 0 && !reads {
				return nil
			}
			since := until.AddDays(1) // of a declaration without end there is none
			if signed.IsZero() || signed.After(l.today) {
				since = nl.DateOf(s.Enrolled)
			}
			if len(s.Roles) == 0 && !since.IsZero() && since.Before(from) {
				since = from
			}
			l.add(Row{Agency: agency, Kind: Confidentiality, Ref: s.Staff}, since)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// granted is the day from which somebody has had access by the grants that hold
// now, by agency and member of staff.
func (l *lister) granted() (map[[2]string]nl.Date, error) {
	out := map[[2]string]nl.Date{}
	err := people.Grants(l.ctx, l.db, l.filter.Agency, l.at, func(g people.Grant) error {
		k := [2]string{g.Agency, g.Staff}
		if _, ok := out[k]; !ok { // by beginning, so the first
			out[k] = nl.DateOf(g.Begins)
		}
		return nil
	})
	return out, err
}

// recipients: whom the regulation in force asks for an agreement has one that
// holds today (C-2.6.2, C-2.6.3, L-28). Employers, courts and authorities are
// not asked for secrecy.
func (l *lister) recipients() error {
	if l.filter.Dossier != "" {
		return nil
	}
	return people.RecipientRegister(l.ctx, l.db, l.filter, func(p people.RecipientRow) error {
		if !p.EndedAt.IsZero() && !p.EndedAt.After(l.at) {
			return nil
		}
		profile := l.book.On(p.Agency, l.today)
		if profile == nil {
			return nil
		}
		rule, ok := profile.RecipientOf(p.Class, p.Subtype)
		if !ok {
			return nil
		}
		if rule.Agreement != "" {
			l.add(Row{Agency: p.Agency, Kind: CommissionerAgreement, Ref: p.Recipient}, lacks(p, p.Agreement))
		}
		if rule.Secrecy != "" {
			// A declaration of secrecy beside a processing agreement has no end of
			// its own; the end that is registered is the agreement's.
			p := p
			if p.Secrecy && p.Agreement {
				p.AgreementUntil = nl.Date{}
			}
			l.add(Row{Agency: p.Agency, Kind: RecipientSecrecy, Ref: p.Recipient}, lacks(p, p.Secrecy || p.Agreement))
		}
		return nil
	})
}

// lacks is the day from which a recipient has nothing on file: that of its
// registration, or the day after the last of what it had; zero for no such day.
func lacks(p people.RecipientRow, has bool) nl.Date {
	if !has {
		return nl.DateOf(p.RegisteredAt)
	}
	return p.AgreementUntil.AddDays(1)
}

// assessments: an impact assessment is on file for the regulation in force (L-35).
func (l *lister) assessments() error {
	if l.filter.Dossier != "" {
		return nil
	}
	for _, agency := range l.book.Agencies() {
		if p := l.book.On(agency, l.today); p != nil {
			if since, assessed := l.book.Assessed(agency, p, l.today); !assessed {
				l.add(Row{Agency: agency, Kind: ImpactAssessment}, since)
			}
		}
	}
	return nil
}

// reviewDays is how long access may go without a review. The regulation asks for
// control of proper use and names no period (C-2.1.4b); a quarter is the reading
// of requirements §1, "periodic sample review", and the longest has 92 days.
const reviewDays = 92

// accessReviews: samples of who saw what are reviewed each quarter, counted from
// the agency's first regulation or the last review (C-2.1.4b, C-2.1.4c).
func (l *lister) accessReviews() error {
	if l.filter.Dossier != "" {
		return nil
	}
	last, err := reviews.Last(l.ctx, l.db, l.filter.Agency)
	if err != nil {
		return err
	}
	for _, agency := range l.book.Agencies() {
		from, reviewed := last[agency]
		if !reviewed {
			from = nl.DateOf(l.book.Adoptions(agency)[0].Adopted)
		}
		l.add(Row{Agency: agency, Kind: AccessReview}, from.AddDays(reviewDays+1))
	}
	return nil
}

// approvals: whoever is named as approving something says so himself, from the day
// on which another gave the command in his name. What he denies is owed until it has
// been seen to: a disclosure recorded as unlawful, another version adopted (C-2.1.5b).
func (l *lister) approvals() error {
	return approvals.List(l.ctx, l.db, l.filter, func(a approvals.Row) error {
		r := Row{Agency: a.Agency, Dossier: a.Dossier, Ref: a.Ref}
		switch {
		case a.Settled:
		case a.State == approvals.StatePending:
			r.Kind = ApprovalUnconfirmed
			l.add(r, nl.DateOf(a.OccurredAt))
		case a.State == approvals.StateDenied:
			r.Kind = ApprovalDenied
			l.add(r, nl.DateOf(a.AnsweredAt))
		}
		return nil
	})
}
