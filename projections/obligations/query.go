package obligations

import (
	"context"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/paper"
	"github.com/casefile-engine/casefile/domain/regulation"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/rows"
)

// List calls f with what is owed at an instant, by the day since when and then
// dossier. The filter's From and Until bound that day. f may give rows.ErrStop.
// For a time in the past, fold the commits up to it into a database of its own
// and ask that. It reads the views of deadlines, and dossiers and people.
func List(ctx context.Context, db *readdb.DB, filter rows.Filter, at time.Time, f func(Row) error) error {
	l := &lister{ctx: ctx, db: db, filter: rows.Filter{Agency: filter.Agency, Dossier: filter.Dossier}, at: at, today: nl.DateOf(at)}
	if err := l.load(); err != nil {
		return err
	}
	for _, add := range []func() error{l.deadlines, l.unfulfilled, l.breaches, l.unreported, l.dossiers, l.consents, l.staff, l.recipients, l.assessments, l.accessReviews, l.approvals} {
		if err := add(); err != nil {
			return err
		}
	}
	slices.SortFunc(l.rows, compare)
	l.rows = slices.Compact(l.rows)
	l.rows = slices.DeleteFunc(l.rows, func(r Row) bool {
		return !filter.From.IsZero() && r.SinceOn.Before(nl.DateOf(filter.From)) || !filter.Until.IsZero() && r.SinceOn.After(nl.DateOf(filter.Until.Add(-1)))
	})
	return rows.Give(l.rows, f)
}

// lister gathers the rows of one list.
type lister struct {
	ctx    context.Context
	db     *readdb.DB
	filter rows.Filter // agency and dossier alone
	at     time.Time
	today  nl.Date
	book   *regulations.Book
	facts  *duties.Facts
	ended  map[duties.File]nl.Date // the day on which guidance ended
	rows   []Row
}

func (l *lister) load() (err error) {
	if l.book, err = regulations.Load(l.ctx, l.db, l.filter.Agency); err != nil {
		return err
	}
	l.facts, err = duties.Load(l.ctx, l.db, l.filter.Agency, l.filter.Dossier)
	return err
}

// add adds what is owed since a day, unless that is still to come.
func (l *lister) add(r Row, since nl.Date) {
	if since.IsZero() || since.After(l.today) {
		return
	}
	r.SinceOn, r.Since = since, since.String()
	l.rows = append(l.rows, r)
}

// fromDeadline are the obligations that are deadlines not met: notices and
// reviews from the day on which they are owed, all others from the day after
// their last.
var fromDeadline = map[string]struct {
	kind  string
	later bool
}{
	deadlines.KindIndirectNotice:  {IndirectNotice, false},
	deadlines.KindClientNotice:    {ClientNotice, false},
	deadlines.KindRecipientNotice: {RecipientNotice, false},
	deadlines.KindRequest:         {RequestOverdue, true},
	deadlines.KindComplaint:       {ComplaintOverdue, true},
	deadlines.KindDestruction:     {DestructionOverdue, true},
	deadlines.KindBreakGlass:      {BreakGlassReview, false},
}

func (l *lister) deadlines() error {
	list, err := deadlines.All(l.ctx, l.db, l.filter, l.at)
	for _, d := range list {
		r := Row{Agency: d.Agency, Dossier: d.Dossier, Ref: d.Ref}
		rule, ok := fromDeadline[d.Kind]
		r.Kind = rule.kind
		switch {
		case !d.Owed():
		case ok && !rule.later:
			l.add(r, d.StartedOn)
		case d.Status != deadlines.StatusOverdue:
		case ok:
			l.add(r, d.DueOn.AddDays(1))
		case d.Kind == deadlines.KindBreach:
			r.Kind = BreachOverdue
			l.add(r, d.DueOn)
		case d.Kind == deadlines.KindPaper && d.Item == "volume":
			r.Kind = VolumeOut
			l.add(r, d.DueOn.AddDays(1))
		// What was missed before can no more be made good and stands in the deadlines alone.
		case d.Kind == deadlines.KindPaper && !d.DueOn.Before(l.today.AddDays(-paper.KeptDays)):
			r.Kind = Attestation
			l.add(r, d.DueOn.AddDays(1))
		}
	}
	return err
}

// unfulfilled: deciding a request changes nothing by itself (catalogue §2); what
// was granted is still to be done. Access has its own deadline for that.
func (l *lister) unfulfilled() error {
	return requests.List(l.ctx, l.db, l.filter, func(q requests.Row) error {
		if q.State == requests.StateDecided && q.Kind != "access" {
			l.add(Row{Agency: q.Agency, Dossier: q.Dossier, Kind: RequestUnfulfilled, Ref: q.Request}, q.DecidedOn)
		}
		return nil
	})
}

// breaches: where the clients must hear of a breach, each dossier that it
// concerns waits for a notice that names the incident (L-34).
func (l *lister) breaches() error {
	told := map[[2]string]bool{}
	for _, t := range l.facts.Told {
		told[[2]string{t.Dossier, t.Ref}] = true
	}
	return incidents.List(l.ctx, l.db, l.filter, func(i incidents.Row) error {
		if !i.NotifyClients {
			return nil
		}
		for _, d := range i.Dossiers {
			if (l.filter.Dossier == "" || l.filter.Dossier == d) && !told[[2]string{d, i.Incident}] {
				l.add(Row{Agency: i.Agency, Dossier: d, Kind: BreachNotice, Ref: i.Incident}, nl.DateOf(i.AssessedAt))
			}
		}
		return nil
	})
}

// unreported: what went out wrongly names its incident, which may be reported
// later; until it is, no clock runs for it (C-2.6b, L-33). It is owed from the
// day on which the first such disclosure of the dossier was recorded, since it
// was known then.
func (l *lister) unreported() error {
	reported := map[[2]string]bool{}
	all := rows.Filter{Agency: l.filter.Agency} // an incident need not name its dossiers
	err := incidents.List(l.ctx, l.db, all, func(i incidents.Row) error {
		reported[[2]string{i.Agency, i.Incident}] = true
		return nil
	})
	if err != nil {
		return err
	}
	return disclosures.Incidents(l.ctx, l.db, l.filter, func(i disclosures.Incident) error {
		if !reported[[2]string{i.Agency, i.Incident}] {
			l.add(Row{Agency: i.Agency, Dossier: i.Dossier, Kind: IncidentUnreported, Ref: i.Incident}, nl.DateOf(i.Recorded))
		}
		return nil
	})
}

// dossiers: the regulation that was not handed out, from the start of the first
// trajectory (C-I4), and dossiers that sleep (C-2.5e).
func (l *lister) dossiers() error {
	first := l.facts.FirstHandouts()
	l.ended = map[duties.File]nl.Date{}
	return dossiers.List(l.ctx, l.db, dossiers.Filter{Filter: l.filter}, func(d dossiers.Dossier) error {
		file := duties.File{Agency: d.Agency, Dossier: d.Dossier}
		r := Row{Agency: d.Agency, Dossier: d.Dossier}
		if _, done := first[file]; !done && len(d.Trajectories) > 0 {
			r.Kind = Handout
			l.add(r, firstStart(d.Trajectories))
		}
		var ended nl.Date
		if err := rows.Dates(map[*nl.Date]string{&ended: d.GuidanceEnded}); err != nil {
			return err
		}
		l.ended[file] = ended
		if ended.IsZero() && d.Status == dossiers.StatusOpen {
			l.regulation(file, d.Opened)
		}
		if terms, ok := l.book.Terms(d.Agency, l.today); ok && ended.IsZero() && (len(d.Trajectories) > 0 || d.DeclinedOn == "") {
			r.Kind = Dormant
			since := nl.DateOf(d.LastActivity).AddDays(terms.DormantActivity.Value + 1)
			if start := nl.DateOf(d.Opened).AddDays(terms.DormantStart.Value + 1); len(d.Trajectories) == 0 && start.Before(since) {
				since = start
			}
			l.add(r, since)
		}
		return nil
	})
}

// regulation: a new purpose is told before it is used, whatever a regulation says
// of changes without notice (C-4b, L-13): to every client whose dossier is open,
// from the day of the adoption. The new text in hand is notice enough.
func (l *lister) regulation(file duties.File, opened time.Time) {
	list := l.book.Adoptions(file.Agency)
	for i := range list {
		if i == 0 || list[i].Adopted.Before(opened) || !addsPurpose(list[:i], list[i].Document) {
			continue
		}
		since := nl.DateOf(list[i].Adopted)
		told := slices.ContainsFunc(l.facts.Told, func(t duties.Told) bool {
			return t.File == file && slices.Contains(duties.AboutRegulation, t.About) && !t.On.Before(since)
		}) || slices.ContainsFunc(l.facts.Handouts, func(h duties.Handout) bool {
			return h.File == file && h.At.After(list[i].Adopted)
		})
		if !told {
			l.add(Row{Agency: file.Agency, Dossier: file.Dossier, Kind: RegulationNotice}, since)
		}
	}
}

// addsPurpose tells whether a regulation has a purpose that none before it had.
func addsPurpose(before []regulations.Adoption, document *regulation.Profile) bool {
	return slices.ContainsFunc(document.Purposes, func(p regulation.Purpose) bool {
		return !slices.ContainsFunc(before, func(a regulations.Adoption) bool { return a.Document.KnowsPurpose(p.Code) })
	})
}

func firstStart(list []dossiers.Trajectory) (first nl.Date) {
	for _, t := range list {
		if first.IsZero() || t.Started.Before(first) {
			first = t.Started
		}
	}
	return first
}

// consents: what rests on a consent that was withdrawn is erased or shielded
// (L-7), and a view ends with its consent and with guidance (C-2.7b).
func (l *lister) consents() error {
	for _, i := range l.facts.Items {
		at, withdrawn := l.facts.Withdrawn[duties.Consent{File: i.File, Consent: i.Consent}]
		if withdrawn && i.Shielded.IsZero() {
			l.add(Row{Agency: i.Agency, Dossier: i.Dossier, Kind: ConsentWithdrawn, Ref: i.Item}, nl.DateOf(at))
		}
	}
	for _, v := range l.facts.Views {
		if !v.Runs(l.at) {
			continue
		}
		since := l.ended[v.File]
		if at, withdrawn := l.facts.Withdrawn[duties.Consent{File: v.File, Consent: v.Consent}]; withdrawn {
			if day := nl.DateOf(at); since.IsZero() || day.Before(since) {
				since = day
			}
		}
		l.add(Row{Agency: v.Agency, Dossier: v.Dossier, Kind: ViewToEnd, Ref: v.View}, since)
	}
	return nil
}
