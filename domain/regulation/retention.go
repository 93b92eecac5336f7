package regulation

import (
	"slices"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// FiscalYears is how long the law keeps the administration, counted from
// 31 December of the year (AWR 52(4); requirements §5).
const FiscalYears = 7

// TrajectoryFact is what retention asks of a trajectory.
type TrajectoryFact struct {
	Started nl.Date
	// Ended is the zero date while it is open.
	Ended nl.Date
	// AgreementUntil is the end of its agreement; the zero date when it has none.
	AgreementUntil nl.Date
}

// RetentionFacts are the facts of a dossier on which its terms depend.
type RetentionFacts struct {
	Trajectories []TrajectoryFact
	// Declined is the day on which the referral was declined; the zero date
	// when it was not. It counts only while there is no trajectory.
	Declined nl.Date
}

// What a start can be missing, in Schedule.Missing.
const (
	MissingTrajectory    = "trajectory"     // no trajectory has been started
	MissingTrajectoryEnd = "trajectory_end" // a trajectory is still open
)

// Schedule is when a class of a dossier is to be destroyed, and why.
type Schedule struct {
	Class domain.Class
	Rule  string
	// Starts, Term and Due are zero while Missing says what is not known yet.
	Starts  nl.Date
	Term    nl.Term
	Due     nl.Date
	Missing []string
	// Explanation has dates, terms and rules, and nothing about the client.
	Explanation Text
}

// RetentionOf is the rule of a class; ok is false for a class that has none.
func (p *Profile) RetentionOf(class domain.Class) (r Retention, ok bool) {
	if i := slices.IndexFunc(p.Retention, func(r Retention) bool { return r.Class == class }); i >= 0 {
		return p.Retention[i], true
	}
	return Retention{}, false
}

// Start is the day on which the term of a class starts (catalogue §1), or what
// is missing. It may lie in the future, as with an agreement that runs on.
func (p *Profile) Start(class domain.Class, f RetentionFacts) (starts nl.Date, missing []string) {
	if len(f.Trajectories) == 0 {
		if f.Declined.IsZero() {
			return nl.Date{}, []string{MissingTrajectory}
		}
		return f.Declined, nil
	}
	r, _ := p.RetentionOf(class)
	for _, t := range f.Trajectories {
		if t.Ended.IsZero() {
			return nl.Date{}, []string{MissingTrajectoryEnd}
		}
		starts = nl.Later(starts, t.Ended)
		if r.Start == StartAgreement {
			starts = nl.Later(starts, t.AgreementUntil)
		}
	}
	if r.Start == StartYear {
		starts = starts.EndOfYear()
	}
	return starts, nil
}

// Due is the last day on which a class may be kept when its term starts on a
// day: start + term by the calendar, and for fiscal never less than 7 years
// after 31 December (law layer). Destruction is allowed on a day after it.
func (p *Profile) Due(class domain.Class, starts nl.Date) nl.Date {
	r, _ := p.RetentionOf(class)
	due := r.Term.From(starts)
	if class == domain.ClassFiscal {
		due = nl.Later(due, starts.EndOfYear().AddYears(FiscalYears))
	}
	return due
}

// DueDeclined is the last day on which a dossier that never had a trajectory
// may be kept, for every class (C-2.5e).
func (p *Profile) DueDeclined(declined nl.Date) nl.Date { return p.Declined.Term.From(declined) }

// Expired tells whether a class may be destroyed on a day, and may no longer be
// read in the ordinary way: on the day after its due date (C-2.5f).
func Expired(due, today nl.Date) bool { return !due.IsZero() && today.After(due) }

// DestructionDue is the last day for the destruction of what was due on a day.
func (p *Profile) DestructionDue(due nl.Date) nl.Date {
	return due.AddDays(p.Terms.Destruction.Value)
}

// Schedule works out start, term and due date of a class with an explanation.
func (p *Profile) Schedule(class domain.Class, f RetentionFacts) Schedule {
	r, _ := p.RetentionOf(class)
	s := Schedule{Class: class, Rule: r.Rule}
	s.Starts, s.Missing = p.Start(class, f)
	declined := len(f.Trajectories) == 0 && len(s.Missing) == 0
	switch {
	case len(s.Missing) > 0:
		s.Explanation = p.explainMissing(s.Missing[0], r)
		return s
	case declined:
		s.Rule, s.Term, s.Due = p.Declined.Rule, p.Declined.Term, p.DueDeclined(s.Starts)
	default:
		s.Term, s.Due = r.Term, p.Due(class, s.Starts)
	}
	s.Explanation = p.explain(s, r.Start, declined)
	return s
}

func (p *Profile) explainMissing(missing string, r Retention) Text {
	if missing == MissingTrajectory {
		return Text{
			NL: "er is nog geen traject gestart; de termijn van " + r.Term.Text(nl.Dutch) + " begint na het einde van de begeleiding (" + p.cite(r.Rule) + ")",
			EN: "no trajectory has been started; the term of " + r.Term.Text(nl.English) + " starts after guidance has ended (" + p.cite(r.Rule) + ")",
		}
	}
	return Text{
		NL: "er loopt nog een traject; de termijn van " + r.Term.Text(nl.Dutch) + " begint na het einde van de begeleiding (" + p.cite(r.Rule) + ")",
		EN: "a trajectory is still open; the term of " + r.Term.Text(nl.English) + " starts after guidance has ended (" + p.cite(r.Rule) + ")",
	}
}

func (p *Profile) explain(s Schedule, start StartRule, declined bool) Text {
	from := Text{NL: "einde van de begeleiding", EN: "end of guidance"}
	switch {
	case declined:
		from = Text{NL: "aanmelding afgewezen", EN: "referral declined"}
	case start == StartAgreement:
		from = Text{NL: "einde van het traject of de overeenkomst", EN: "end of the trajectory or its agreement"}
	case start == StartYear:
		from = Text{NL: "31 december van het jaar waarin de begeleiding eindigde", EN: "31 December of the year in which guidance ended"}
	}
	floor := Text{}
	if s.Term.From(s.Starts) != s.Due {
		floor = Text{NL: ", ten minste 7 jaar na 31 december (artikel 52 AWR)", EN: ", at least 7 years after 31 December (article 52 AWR)"}
	}
	return Text{
		NL: from.NL + " " + s.Starts.Short() + " + " + s.Term.Text(nl.Dutch) + floor.NL + ", " + p.cite(s.Rule) + " → " + s.Due.Short(),
		EN: from.EN + " " + s.Starts.Short() + " + " + s.Term.Text(nl.English) + floor.EN + ", " + p.cite(s.Rule) + " → " + s.Due.Short(),
	}
}

// cite is profile, version and rule: "click-2017 v1, C-2.5b".
func (p *Profile) cite(rule string) string {
	return p.Name + " v" + strconv.Itoa(p.Version) + ", " + rule
}
