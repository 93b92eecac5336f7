package overview

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
)

// Earlier is an overview that was answered before, with the population that it
// was answered over and the keys of what it showed.
type Earlier struct {
	Query
	Population []Dossier
	Shown      []string // counts
	ShownHours []string
}

// Answer is an overview as it may be shown. It names no dossier, no person and
// no member of staff.
type Answer struct {
	By        []string `json:"by,omitempty"`
	Measures  []string `json:"measures"`
	Threshold int      `json:"threshold"`
	Rounded   int      `json:"rounded_to"` // every number is a multiple of this
	Mark      string   `json:"mark"`       // stands in place of a withheld number
	// Rows are the cells in the order of their codes, each group followed by its
	// total.
	Rows []Row `json:"rows"`

	// Shown and ShownHours are the keys of what is shown, for the record.
	Shown, ShownHours []string `json:"-"`
}

// Row is one cell or one total.
type Row struct {
	// Codes are those of Answer.By; All stands for a total over the dimension.
	Codes []string `json:"codes"`
	// Total marks a total. Each is rounded by itself, so it need not be the sum
	// of what it stands under.
	Total    bool             `json:"total,omitempty"`
	Count    Value            `json:"count"`
	Hours    *Value           `json:"hours,omitempty"`
	Outcomes map[string]Value `json:"outcomes,omitempty"`
}

// Value is a shown number, or the mark of a withheld one.
type Value struct {
	Number int
	Mark   string // "" when the number is shown
}

// String is the number or the mark.
func (v Value) String() string {
	if v.Mark != "" {
		return v.Mark
	}
	return strconv.Itoa(v.Number)
}

// MarshalJSON gives a number, or the mark as a string.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.Mark != "" {
		return strconv.AppendQuote(nil, v.Mark), nil
	}
	return strconv.AppendInt(nil, int64(v.Number), 10), nil
}

// UnmarshalJSON is the reverse of MarshalJSON.
func (v *Value) UnmarshalJSON(b []byte) error {
	*v = Value{}
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &v.Mark)
	}
	return json.Unmarshal(b, &v.Number)
}

// MinimumCell is the threshold where a regulation sets none, and FloorCell the
// lowest that one may set (requirements §15).
const (
	MinimumCell = 10
	FloorCell   = 5
)

// Make answers a query over a population, in the knowledge of what was answered
// before. The same arguments give the same answer. The query must be valid.
func Make(q *Query, population []Dossier, earlier []Earlier, threshold int) (*Answer, error) {
	threshold = max(threshold, FloorCell)
	fresh, err := newTable(q, population)
	if err != nil {
		return nil, err
	}
	tables, populations := []*table{fresh}, [][]Dossier{population}
	for i := range earlier {
		e := &earlier[i]
		if len(e.Shown) == 0 || repeated(earlier[:i], e) {
			continue
		}
		t, err := newTable(&e.Query, e.Population)
		if err != nil {
			return nil, err
		}
		for measure, keys := range [ofBoth][]string{e.Shown, e.ShownHours} {
			for _, key := range keys {
				if r := t.byKey[key]; r != nil {
					r.shown[measure] = true
				}
			}
		}
		tables, populations = append(tables, t), append(populations, e.Population)
	}
	s := newSystem(threshold, tables, populations)
	fresh.begin(population, threshold)
	if !s.protect(ofPeople) {
		return nil, tooMuch()
	}
	if slices.Contains(q.Measures, Hours) {
		for _, r := range fresh.regions {
			r.shown[ofHours] = r.shown[ofHours] && r.shown[ofPeople]
		}
		if !s.protect(ofHours) {
			return nil, tooMuch()
		}
	}
	return fresh.answer(threshold), nil
}

func tooMuch() error {
	return domain.Refused("too_many_overviews", "C-1.2d", "what this overview and those of the last months tell together is too much to be checked, so it is not shown; group by fewer or coarser dimensions, or ask an earlier overview again")
}

// repeated tells whether the same table was shown, over the same population,
// among those before.
func repeated(before []Earlier, e *Earlier) bool {
	return slices.ContainsFunc(before, func(o Earlier) bool {
		return o.same(&e.Query) && len(o.Population) == len(e.Population) && (len(o.Population) == 0 || &o.Population[0] == &e.Population[0]) &&
			slices.Equal(o.Shown, e.Shown) && slices.Equal(o.ShownHours, e.ShownHours)
	})
}

// begin shows what the threshold and the dominance of one contributor allow. A
// zero is shown where no dossier could be (that an open dossier has no outcome
// tells nothing), and withheld where it would tell something of people.
func (t *table) begin(population []Dossier, threshold int) {
	for i := range population {
		d := &population[i]
		t.containing(t.signature(&d.Codes), func(r *region) { r.top = max(r.top, d.Minutes) })
	}
	for _, r := range t.regions {
		enough := r.people >= threshold
		r.shown[ofPeople] = enough || r.members.empty()
		r.shown[ofHours] = t.hasHours(r) && (r.members.empty() || enough && r.minutes > 0 && r.top*100 <= r.minutes*Dominance)
	}
}

func (t *table) answer(threshold int) *Answer {
	a := &Answer{
		By: t.query.By, Measures: t.query.Measures, Threshold: threshold, Rounded: Base, Mark: "<" + strconv.Itoa(threshold),
		Shown: t.published(ofPeople), ShownHours: t.published(ofHours),
	}
	for _, r := range t.regions {
		if r.inner {
			continue
		}
		row := Row{Codes: r.codes[:t.grouped], Count: a.value(r.shown[ofPeople], round(r.people))}
		row.Total = slices.Contains(row.Codes, All) || t.grouped == 0
		if t.hasHours(r) {
			v := a.value(r.shown[ofHours], hoursOf(r.minutes))
			row.Hours = &v
		}
		if slices.Contains(t.query.Measures, Outcomes) {
			row.Outcomes = t.outcomes(r, a)
		}
		a.Rows = append(a.Rows, row)
	}
	return a
}

// outcomes are the numbers by outcome of a row: the regions beneath it, or the
// row itself where the table is grouped by outcome.
func (t *table) outcomes(r *region, a *Answer) map[string]Value {
	out := map[string]Value{}
	at := slices.Index(t.dims, dimOutcome)
	if at < t.grouped && r.codes[at] != All {
		out[r.codes[at]] = a.value(r.shown[ofPeople], round(r.people))
		return out
	}
	for _, x := range t.regions {
		if x.codes[at] != All && slices.Equal(x.codes[:at], r.codes[:at]) && slices.Equal(x.codes[at+1:], r.codes[at+1:]) {
			out[x.codes[at]] = a.value(x.shown[ofPeople], round(x.people))
		}
	}
	return out
}

func (a *Answer) value(shown bool, n int) Value {
	if !shown {
		return Value{Mark: a.Mark}
	}
	return Value{Number: n}
}

// Guard refuses a query whose selection differs from that of an earlier overview
// by fewer dossiers than the threshold, in both directions together and none at
// all included: the two numbers could be subtracted from each other
// (requirements §15). Dossiers are compared, not their numbers, each over the
// population that its overview was answered over. The same selection again is no
// other selection, and an overview that showed nothing is none to subtract from.
func Guard(q *Query, population []Dossier, earlier []Earlier, threshold int) error {
	for i := range earlier {
		e := &earlier[i]
		if len(e.Shown) == 0 || e.Filter() == q.Filter() {
			continue
		}
		if difference(selected(q, population), selected(&e.Query, e.Population)) < max(threshold, FloorCell) {
			return domain.Refused("differencing", "C-1.2d", "this selection differs from one that was answered before by fewer people than an overview may tell of, so the two could be subtracted; "+
				"select so that at least that many more or fewer people fall under it, or ask the earlier selection again")
		}
	}
	return nil
}

func selected(q *Query, population []Dossier) map[string]bool {
	out := map[string]bool{}
	for i := range population {
		if q.Selects(&population[i].Codes) {
			out[population[i].ID] = true
		}
	}
	return out
}

func difference(a, b map[string]bool) (n int) {
	for id := range a {
		if !b[id] {
			n++
		}
	}
	for id := range b {
		if !a[id] {
			n++
		}
	}
	return n
}

// Changed counts the dossiers that are in one population and not in the other,
// or have other codes there, among those that the query selects in either; nil
// selects all.
func Changed(q *Query, before, now []Dossier) (n int) {
	old := make(map[string]*Codes, len(before))
	for i := range before {
		old[before[i].ID] = &before[i].Codes
	}
	counts := func(c *Codes) bool { return q == nil || q.Selects(c) }
	for i := range now {
		d := &now[i]
		o, there := old[d.ID]
		delete(old, d.ID)
		if (!there && counts(&d.Codes)) || there && *o != d.Codes && (counts(&d.Codes) || counts(o)) {
			n++
		}
	}
	for _, c := range old {
		if counts(c) {
			n++
		}
	}
	return n
}
