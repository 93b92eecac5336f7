package queries

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	domainaccess "github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/projections/access"
)

// The codes of unusual patterns (C-2.1.4b). None of them says that something was
// wrong: they are what a review of access begins with.
const (
	// PatternUnassigned: looks at dossiers that rest neither on an assignment nor
	// on what the table of rights gives a role.
	PatternUnassigned = "without_assignment"
	PatternHours      = "outside_hours"
	PatternMany       = "many_dossiers"
	PatternOwnName    = "own_family_name"
	PatternDenied     = "repeated_denials"
	PatternGlass      = "break_glass"
)

// PatternCodes lists them.
var PatternCodes = []string{PatternUnassigned, PatternHours, PatternMany, PatternOwnName, PatternDenied, PatternGlass}

// When a pattern is one.
const (
	// Work on dossiers is done by day and on weekdays; an agency's coaches sit with
	// clients until the evening, so that the night begins late.
	nightFrom, nightUntil = 22, 6 // hours in Europe/Amsterdam
	// A coach has some tens of clients and opens a handful in an hour; whoever
	// opens more than thirty is going through files.
	manyDossiers = 30
	// Somebody who mistypes or has just been unassigned is refused once or twice.
	manyDenials = 5
	// burst is the stretch of time in which both are counted.
	burst = time.Hour
	// patternDays is how far back is looked when no beginning is given: a month,
	// the usual stretch between two reviews.
	patternDays = 31
)

// unassigned are the grounds of looks that PatternUnassigned is about. A role's
// look is by the table; the glass has a pattern of its own.
var unassigned = []string{"grant", "request", "none"}

// PatternOptions bound where patterns are sought.
type PatternOptions struct {
	// From and Until bound occurred_at; nil: the last 31 days, until now.
	From, Until *time.Time
	Staff       string // one member of staff; "" all
	// Names compares the family names of staff with those of the clients whose
	// dossiers they opened. That opens sealed names: the engine does it on behalf
	// of the reader, on record, and tells only for which looks they are equal.
	Names bool
}

// Pattern is looks of one person that are unusual together.
type Pattern struct {
	Agency string `json:"agency"`
	Code   string `json:"code"`
	Staff  string `json:"staff"` // or operator
	// Count is how many dossiers (many_dossiers), how many looks (all others).
	Count int `json:"count"`
	// From and Until are the first and the last of the looks; UTC.
	From  time.Time `json:"from"`
	Until time.Time `json:"until"`
	// Positions are where they are on record, in order.
	Positions []uint64 `json:"positions"`
}

// Patterns are those found in a period, by their beginning, then by code and staff.
type Patterns struct {
	Agency   string    `json:"agency"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	Patterns []Pattern `json:"patterns"`
	// AccessRecord is where this reading is on record; NamesRecord where the
	// engine's comparison of names is, the last one if it took several.
	AccessRecord uint64 `json:"access_position,omitempty"`
	NamesRecord  uint64 `json:"names_position,omitempty"`
}

// AccessPatterns seeks unusual patterns in the access register (C-2.1.4b), for
// whoever may see all of it: a compliance officer, an auditor in an audit, the
// operator. What the engine itself does is none. Names is for a compliance
// officer and the operator.
func (s *Service) AccessPatterns(ctx context.Context, r Reader, o PatternOptions) (*Patterns, error) {
	f := AccessFilter{Staff: o.Staff, From: o.From, Until: o.Until}
	filter, err := s.accessFilter(ctx, r, &f)
	if err != nil {
		return nil, err
	}
	p, err := s.authorise(ctx, r, commands.Question{Of: policy.OfRegister, Register: accessRegister})
	if err != nil {
		return nil, err
	}
	if o.Names {
		if err := s.mayCompare(ctx, r, p); err != nil {
			return nil, err
		}
	}
	if err := s.current(ctx, access.Name); err != nil {
		return nil, err
	}
	out := &Patterns{Agency: r.Agency, Patterns: []Pattern{}}
	if r.Caller.Staff != domain.Operator {
		if _, out.AccessRecord, err = s.record(ctx, r, p, look{}); err != nil {
			return nil, err
		}
	}
	if filter.Until.IsZero() {
		filter.Until = s.clock.Now()
	}
	if filter.From.IsZero() {
		filter.From = filter.Until.AddDate(0, 0, -patternDays)
	}
	out.From, out.Until = filter.From.UTC(), filter.Until.UTC()
	opened, err := s.seek(ctx, filter, out)
	if err == nil && o.Names {
		err = s.ownNames(ctx, r, opened, out)
	}
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out.Patterns, func(a, b Pattern) int {
		return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Code, b.Code), strings.Compare(a.Staff, b.Staff))
	})
	return out, nil
}

// seek goes through the looks of one person after the other; it gives what each
// opened, for the comparison of names.
func (s *Service) seek(ctx context.Context, filter access.Filter, out *Patterns) (map[opening]*Pattern, error) {
	opened := map[opening]*Pattern{}
	var of []access.Look
	done := func() {
		if len(of) > 0 {
			out.Patterns = append(out.Patterns, patternsOf(of)...)
			openings(of, opened)
		}
		of = of[:0]
	}
	err := access.ByActor(ctx, s.db, filter, func(l access.Look) error {
		if l.Actor == domain.Engine {
			return nil
		}
		if len(of) > 0 && of[0].Actor != l.Actor {
			done()
		}
		of = append(of, l)
		return nil
	})
	done()
	return opened, err
}

// patternsOf are the patterns in the looks of one person, who gave them by
// occurred_at.
func patternsOf(of []access.Look) []Pattern {
	var out []Pattern
	out = append(out, daily(of, PatternUnassigned, func(l *access.Look) bool {
		return l.Outcome == domainaccess.Allowed && len(l.Dossiers) > 0 && !l.Basis.Imported && slices.Contains(unassigned, l.Ground)
	})...)
	out = append(out, daily(of, PatternHours, func(l *access.Look) bool { return outsideHours(l.OccurredAt) })...)
	out = append(out, daily(of, PatternGlass, func(l *access.Look) bool { return l.Ground == "break_glass" && l.Outcome == domainaccess.Allowed })...)
	views := choose(of, func(l *access.Look) bool {
		return l.Action == "view" && l.Outcome == domainaccess.Allowed && len(l.Dossiers) > 0
	})
	out = append(out, bursts(views, PatternMany, manyDossiers+1, func(l *access.Look) []string { return l.Dossiers })...)
	denied := choose(of, func(l *access.Look) bool { return l.Outcome == domainaccess.Denied })
	// Each denial counts for itself, whatever it was about.
	return append(out, bursts(denied, PatternDenied, manyDenials, nil)...)
}

func choose(of []access.Look, which func(*access.Look) bool) (out []*access.Look) {
	for i := range of {
		if which(&of[i]) {
			out = append(out, &of[i])
		}
	}
	return out
}

// daily gives one pattern for each day of work on which there was such a look.
func daily(of []access.Look, code string, which func(*access.Look) bool) (out []Pattern) {
	var day nl.Date
	for _, l := range choose(of, which) {
		if d := shift(l.OccurredAt); len(out) == 0 || d != day {
			day, out = d, append(out, begin(code, l))
		}
		out[len(out)-1].add(l)
		out[len(out)-1].Count++
	}
	return out
}

func begin(code string, l *access.Look) Pattern {
	return Pattern{Agency: l.Agency, Code: code, Staff: l.Actor, From: l.OccurredAt}
}

// add puts a look into a pattern; looks come by occurred_at.
func (p *Pattern) add(l *access.Look) {
	p.Until = l.OccurredAt
	if i, there := slices.BinarySearch(p.Positions, l.Position); !there {
		p.Positions = slices.Insert(p.Positions, i, l.Position)
	}
}

// shift is the day to which an instant belongs: what is done after midnight
// belongs to the night that began on the day before.
func shift(t time.Time) nl.Date {
	d := nl.DateOf(t)
	if t.In(nl.Amsterdam()).Hour() < nightUntil {
		return d.AddDays(-1)
	}
	return d
}

func outsideHours(t time.Time) bool {
	local := t.In(nl.Amsterdam())
	if day := local.Weekday(); day == time.Saturday || day == time.Sunday {
		return true
	}
	return local.Hour() >= nightFrom || local.Hour() < nightUntil
}

// bursts are the stretches in which, within an hour, at least so many different
// things were seen, or, without things, so many looks were made. Stretches that
// overlap are one.
func bursts(of []*access.Look, code string, enough int, things func(*access.Look) []string) (out []Pattern) {
	seen, n, first := map[string]int{}, 0, 0
	within, from := -1, 0 // the last look of the newest stretch, and its first
	count := func(l *access.Look, by int) {
		if things == nil {
			n += by
			return
		}
		for _, id := range things(l) {
			if seen[id] += by; seen[id] == 0 {
				delete(seen, id)
			}
		}
		n = len(seen)
	}
	end := func() {
		if within < 0 {
			return
		}
		p, different := begin(code, of[from]), map[string]bool{}
		for _, l := range of[from : within+1] {
			p.add(l)
			if p.Count++; things != nil {
				for _, id := range things(l) {
					different[id] = true
				}
				p.Count = len(different)
			}
		}
		out = append(out, p)
	}
	for i, l := range of {
		for count(l, 1); l.OccurredAt.Sub(of[first].OccurredAt) > burst; first++ {
			count(of[first], -1)
		}
		if n < enough {
			continue
		}
		if within < 0 || first > within {
			end()
			from = first
		}
		within = i
	}
	end()
	return out
}

// opening is that somebody opened a client's dossier.
type opening struct{ staff, dossier string }

// openings adds the dossiers that a member of staff opened by themselves. A list
// shows names as well, but nobody chose whose.
func openings(of []access.Look, out map[opening]*Pattern) {
	if of[0].Actor == domain.Operator {
		return
	}
	for i := range of {
		l := &of[i]
		if l.Outcome != domainaccess.Allowed || len(l.Dossiers) != 1 || !slices.Contains([]string{"view", "print", "export"}, l.Action) {
			continue
		}
		key := opening{l.Actor, l.Dossiers[0]}
		if out[key] == nil {
			p := begin(PatternOwnName, l)
			out[key] = &p
		}
		out[key].add(l)
		out[key].Count++
	}
}

// sortedOpenings gives them by dossier, then by staff.
func sortedOpenings(m map[opening]*Pattern) []opening {
	return slices.SortedFunc(maps.Keys(m), func(a, b opening) int {
		return cmp.Or(strings.Compare(a.dossier, b.dossier), strings.Compare(a.staff, b.staff))
	})
}
