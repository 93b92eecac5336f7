package overview

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// Base is what shown numbers are rounded to multiples of: counts, and hours.
const Base = 5

// Dominance is the share, in percent, that the largest contributor may have in
// a shown sum of hours (requirements §15).
const Dominance = 80

// The two things that are shown of a region and withheld apart.
const (
	ofPeople = iota
	ofHours
	ofBoth // their number
)

// region is one cell or one total of a table: the dossiers with these codes.
type region struct {
	key   string   // its codes joined by "/"; All for a total over a dimension
	codes []string // one for each dimension of the table
	stars int      // how many of them are All
	inner bool     // stands in a column of outcomes, and has no hours there

	imagined bool // somebody could be in it who is not

	members set // the atoms that it is made of
	people  int
	minutes int
	top     int // minutes of the largest contributor
	shown   [ofBoth]bool
}

// table is a query over a population, with all its cells and totals.
type table struct {
	query   *Query
	dims    []int // that it is grouped by, the one of the outcomes last
	grouped int   // how many of them the query names
	regions []*region
	byKey   map[string]*region
}

// newTable lays out the cells and totals of a query, empty.
func newTable(q *Query, population []Dossier) (*table, error) {
	t := &table{query: q, grouped: len(q.By), byKey: map[string]*region{}}
	for _, name := range q.By {
		t.dims = append(t.dims, dimensionOf(name))
	}
	if slices.Contains(q.Measures, Outcomes) && !slices.Contains(t.dims, dimOutcome) {
		t.dims = append(t.dims, dimOutcome)
	}
	lists := make([][]string, len(t.dims))
	total := 1
	for i, d := range t.dims {
		lists[i] = append(codesOf(d, q, population), All)
		if total *= len(lists[i]); total > MaxRegions {
			return nil, domain.Refused("too_many_cells", "C-1.2d", "this overview has too many cells, so that nearly all would be withheld; group by fewer or coarser dimensions, or select fewer codes")
		}
	}
	t.lay(lists, nil)
	return t, nil
}

// lay adds a region for each combination of codes, in order, totals last.
func (t *table) lay(lists [][]string, codes []string) {
	if len(codes) < len(lists) {
		for _, c := range lists[len(codes)] {
			t.lay(lists, append(slices.Clone(codes), c))
		}
		return
	}
	r := &region{key: cmp.Or(strings.Join(codes, "/"), All), codes: codes}
	for i, c := range codes {
		if c == All {
			r.stars++
		} else if i >= t.grouped {
			r.inner = true
		}
	}
	t.regions = append(t.regions, r)
	t.byKey[r.key] = r
}

// codesOf are the codes that a table has rows for: those selected, or else the
// closed list, or else those that occur in the agency.
func codesOf(d int, q *Query, population []Dossier) []string {
	if codes := q.Where[dimensions[d].name]; len(codes) > 0 {
		return slices.Clone(codes)
	}
	if dimensions[d].listed {
		return slices.Clone(dimensions[d].codes)
	}
	seen := map[string]bool{}
	for i := range population {
		seen[population[i].Codes[d]] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

// signature tells in which cell of the table a dossier with these codes is; ""
// when it is not selected.
func (t *table) signature(c *Codes) string {
	if !t.query.Selects(c) {
		return ""
	}
	codes := make([]string, len(t.dims))
	for i, d := range t.dims {
		codes[i] = c[d]
	}
	return cmp.Or(strings.Join(codes, "/"), All)
}

// containing calls f with each region that holds a cell: the cell itself and
// the totals over it.
func (t *table) containing(signature string, f func(*region)) {
	if signature == "" {
		return
	}
	codes := strings.Split(signature, "/")
	for totals := range 1 << len(t.dims) {
		part := slices.Clone(codes)
		for i := range t.dims {
			if totals&(1<<i) != 0 {
				part[i] = All
			}
		}
		if r := t.byKey[strings.Join(part, "/")]; r != nil {
			f(r)
		}
	}
}

// published lists the regions whose measure is shown, by key, in order.
func (t *table) published(measure int) (keys []string) {
	for _, r := range t.regions {
		if r.shown[measure] {
			keys = append(keys, r.key)
		}
	}
	return keys
}

// hasHours tells whether the table speaks of a region's hours at all.
func (t *table) hasHours(r *region) bool {
	return slices.Contains(t.query.Measures, Hours) && !r.inner
}

// round gives the nearest multiple of Base.
func round(n int) int { return (n + Base/2) / Base * Base }

// hoursOf gives minutes as hours, rounded to a multiple of Base.
func hoursOf(minutes int) int { return (minutes + Base*30) / (Base * 60) * Base }
