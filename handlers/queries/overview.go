package queries

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/overviews"
)

// OverviewPurpose is the one purpose of an overview (C-1.2a).
const OverviewPurpose = "management_information"

// overviewMemory is how long an answered overview counts against later ones.
const overviewMemory = 90 * 24 * time.Hour

// Overview is a management overview: which dossiers it counts, and the answer.
type Overview struct {
	Agency string              `json:"agency"`
	Where  map[string][]string `json:"where,omitempty"`
	// CountedAt is when the dossiers were counted. Overviews that follow each
	// other count the same ones until at least the threshold of them changed.
	CountedAt time.Time `json:"counted_at"`
	// Position is where the question is on record.
	Position uint64 `json:"position"`
	*overview.Answer
}

// overviewLocks let the questions of one agency be judged one after the other:
// two at once would each be judged without the other.
type overviewLocks struct{ byAgency sync.Map }

func (l *overviewLocks) lock(agency string) (unlock func()) {
	m, _ := l.byAgency.LoadOrStore(agency, &sync.Mutex{})
	m.(*sync.Mutex).Lock()
	return m.(*sync.Mutex).Unlock
}

// Overview answers a management overview (C-1.2d, requirements §15), to a
// director, a compliance officer or the operator. The question is on record,
// with what will be shown, before anything is; a refused one is too.
func (s *Service) Overview(ctx context.Context, r Reader, q overview.Query) (*Overview, error) {
	r.Purpose = OverviewPurpose
	if err := checkReader(r); err != nil {
		return nil, err
	}
	if err := q.Validate(); err != nil {
		return nil, err
	}
	d, err := s.mayOverview(ctx, r)
	switch {
	case err != nil && r.Caller.Agency != r.Agency:
		s.deny(ctx, r, pass{Decision: d}, commands.Question{})
		return nil, err
	case err != nil:
		return nil, s.refuseOverview(ctx, r, d, q, 0, err)
	}
	defer s.overviewLocks.lock(r.Agency)()
	for range overviewAttempts {
		o, err := s.answerOverview(ctx, r, d, q)
		if !errors.Is(err, commands.ErrOvertaken) {
			return o, err
		}
	}
	return nil, &domain.Error{Kind: domain.KindConflict, Code: "conflict", Rule: "C-1.2d", Message: "others keep asking for overviews at the same moment, so nothing is shown; ask again in a moment"}
}

// overviewAttempts is how often a question is judged anew after another
// instance answered one in between.
const overviewAttempts = 5

// mayOverview asks the policies.
func (s *Service) mayOverview(ctx context.Context, r Reader) (policy.Decision, error) {
	list, err := s.commands.Authorise(ctx, r.Caller, r.Agency, commands.Question{Action: "overview", Of: policy.OfOffice, Purpose: OverviewPurpose})
	if err != nil {
		return policy.Decision{}, err
	}
	d := list[0]
	if !d.Allowed {
		err = d.Err
	}
	return d, err
}

// refuseOverview puts a refused question on record, and gives why it was refused.
func (s *Service) refuseOverview(ctx context.Context, r Reader, d policy.Decision, q overview.Query, population uint64, why error) error {
	e := domain.AsError(why)
	if e.Kind == domain.KindInternal || e.Kind == domain.KindUnavailable {
		return why // nothing was judged
	}
	ev := &access.OverviewAsked{Query: q, Outcome: access.Denied, Code: e.Code, Rule: e.Rule, Role: d.Role, Population: population}
	if _, err := s.commands.RecordOverview(ctx, r.Caller, r.Agency, basisOf(d), ev, 0); err != nil {
		return err
	}
	return why
}

func basisOf(d policy.Decision) commands.Basis {
	return commands.Basis{Purpose: OverviewPurpose, Ground: d.Ground, PolicyDigest: d.Digest}
}

// answerOverview judges the question against every earlier one. The agency's
// lock is held.
func (s *Service) answerOverview(ctx context.Context, r Reader, d policy.Decision, q overview.Query) (*Overview, error) {
	head, err := s.commands.Head(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.overviewsAt(ctx, max(head, r.After)); err != nil {
		return nil, err
	}
	now := s.clock.Now()
	threshold, err := s.threshold(ctx, r.Agency, now)
	if err != nil {
		return nil, err
	}
	m := &memory{s: s, ctx: ctx, agency: r.Agency, at: map[uint64][]overview.Dossier{}}
	if err := m.load(now.Add(-overviewMemory)); err != nil {
		return nil, err
	}
	population, counted, err := m.choose(&q, head, now, threshold)
	if err != nil {
		return nil, err
	}
	answer, err := m.judge(&q, population, threshold)
	if err != nil {
		return nil, s.refuseOverview(ctx, r, d, q, population, err)
	}
	ev := &access.OverviewAsked{Query: q, Outcome: access.Allowed, Role: d.Role, Threshold: answer.Threshold,
		Population: population, Shown: answer.Shown, ShownHours: answer.ShownHours}
	position, err := s.commands.RecordOverview(ctx, r.Caller, r.Agency, basisOf(d), ev, head)
	if err != nil {
		return nil, err
	}
	return &Overview{Agency: r.Agency, Where: q.Where, CountedAt: counted.UTC(), Position: position, Answer: answer}, nil
}

// overviewsAt waits until the views that overviews are made of are at a position.
func (s *Service) overviewsAt(ctx context.Context, position uint64) error {
	if s.views == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	return s.views.WaitFor(ctx, position, overviews.Name, hours.Name)
}

// threshold is the minimum cell of the regulation in force.
func (s *Service) threshold(ctx context.Context, name string, now time.Time) (n int, err error) {
	n = overview.MinimumCell
	err = s.commands.State(ctx, domain.Ref{Agency: name, Kind: domain.KindAgency, ID: name}, func(state any, _ uint64) error {
		st, _ := state.(*agency.State)
		if p := st.ProfileAt(nl.DateOf(now)); p != nil {
			n = p.MinimumCell.Value
		}
		return nil
	})
	return max(n, overview.FloorCell), err
}

// memory is what was answered before, with the dossiers that it was answered over.
type memory struct {
	s       *Service
	ctx     context.Context
	agency  string
	asked   []overviews.Asked
	at      map[uint64][]overview.Dossier // by position
	earlier []overview.Earlier
}

// load reads the answered questions since a time and their populations.
func (m *memory) load(since time.Time) error {
	err := overviews.Answered(m.ctx, m.s.db, m.agency, since, func(a overviews.Asked) error {
		m.asked = append(m.asked, a)
		return nil
	})
	if err != nil {
		return err
	}
	for _, a := range m.asked {
		p, err := m.population(a.Population)
		if err != nil {
			return err
		}
		m.earlier = append(m.earlier, overview.Earlier{Query: a.Query, Population: p, Shown: a.Shown, ShownHours: a.ShownHours})
	}
	return nil
}

func (m *memory) population(position uint64) ([]overview.Dossier, error) {
	if p, ok := m.at[position]; ok {
		return p, nil
	}
	p, err := overviews.Population(m.ctx, m.s.db, m.agency, position)
	m.at[position] = p
	return p, err
}

// choose tells over which state of the stream a question is answered: that of
// the last answered overview while fewer dossiers changed since than the
// threshold, for two answers with one dossier between them would tell about it;
// else that of the same selection's last answer while fewer of its own dossiers
// changed; else the present one.
func (m *memory) choose(q *overview.Query, head uint64, now time.Time, threshold int) (position uint64, counted time.Time, err error) {
	present, err := m.population(head)
	if err != nil {
		return 0, now, err
	}
	for i := len(m.asked) - 1; i >= 0; i-- {
		a, of := &m.asked[i], q
		if i == len(m.asked)-1 {
			of = nil
		} else if a.Filter() != q.Filter() {
			continue
		}
		if overview.Changed(of, m.at[a.Population], present) < threshold {
			return a.Population, m.countedAt(a.Population), nil
		}
		if of != nil || a.Filter() == q.Filter() {
			break
		}
	}
	return head, now, nil
}

// countedAt is when the dossiers of a population were counted: when the first
// question was answered over it.
func (m *memory) countedAt(position uint64) time.Time {
	i := slices.IndexFunc(m.asked, func(a overviews.Asked) bool { return a.Population == position })
	return m.asked[i].Recorded
}

// judge refuses the question or answers it.
func (m *memory) judge(q *overview.Query, position uint64, threshold int) (*overview.Answer, error) {
	population := m.at[position]
	if err := overview.Guard(q, population, m.earlier, threshold); err != nil {
		return nil, err
	}
	return overview.Make(q, population, m.earlier, threshold)
}
