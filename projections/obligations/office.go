package obligations

import (
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/rows"
)

// staff: who has a role can see dossiers, and is bound to secrecy by a
// declaration that holds today (C-2.1.5, S-Geh).
func (l *lister) staff() error {
	if l.filter.Dossier != "" {
		return nil
	}
	for _, agency := range l.book.Agencies() {
		err := people.ListStaff(l.ctx, l.db, agency, nil, func(s people.Staff) error {
			if len(s.Roles) == 0 {
				return nil
			}
			var signed, until nl.Date
			if err := rows.Dates(map[*nl.Date]string{&signed: s.SignedOn, &until: s.SignedUntil}); err != nil {
				return err
			}
			r := Row{Agency: agency, Kind: Confidentiality, Ref: s.Staff}
			switch {
			case signed.IsZero() || signed.After(l.today):
				l.add(r, nl.DateOf(s.Enrolled))
			case !until.IsZero():
				l.add(r, until.AddDays(1))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
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
