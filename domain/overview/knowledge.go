package overview

import (
	"cmp"
	"math"
)

// knowledge is what the shown numbers of a measure tell.
type knowledge struct {
	*system
	measure int
	shown   []*shownSet
	// classes are the atoms that lie in the same shown sets, together: nothing
	// that is shown tells the atoms of a class apart.
	classes []class
	// program is what is shown, ready to be solved.
	program *program
	// worlds are differences from the truth, by atom, under which every shown
	// number is what it is. What is withheld later takes none of them away. Many
	// a target is seen to be uncertain by comparing them, without solving anything.
	worlds [][]float64
}

// maxWorlds bounds how many are kept.
const maxWorlds = 500

// class is a class of atoms.
type class struct {
	members set
	in      set // the shown sets, by number
	weight  float64
	people  int
}

// shownSet is one set of atoms whose number is shown, in one or several tables.
type shownSet struct {
	members set
	earlier bool      // shown before: nothing takes it back
	regions []*region // of the new table
}

// shown gathers the sets of atoms whose number is shown, each once.
func (s *system) shown(measure int) (list []*shownSet) {
	byKey := map[string]*shownSet{}
	for i, t := range s.tables {
		for _, r := range t.regions {
			if !r.shown[measure] || r.members.empty() {
				continue
			}
			x := byKey[r.members.key()]
			if x == nil {
				x = &shownSet{members: r.members}
				byKey[r.members.key()] = x
				list = append(list, x)
			}
			if i > 0 {
				x.earlier = true
			} else {
				x.regions = append(x.regions, r)
			}
		}
	}
	return list
}

// refresh takes in what is shown now.
func (k *knowledge) refresh() {
	k.shown = k.system.shown(k.measure)
	k.work += len(k.atoms) * len(k.shown)
	at := map[string]int{}
	k.classes = nil
	for i, a := range k.atoms {
		in := newSet(len(k.shown))
		for n, x := range k.shown {
			if x.members.has(i) {
				in.add(n)
			}
		}
		n, ok := at[in.key()]
		if !ok {
			n = len(k.classes)
			at[in.key()] = n
			k.classes = append(k.classes, class{members: newSet(len(k.atoms)), in: in})
		}
		c := &k.classes[n]
		c.members.add(i)
		c.weight += a.weight(k.measure)
		c.people += a.people
	}
	k.program = k.write()
}

// target is a set of atoms whose number nobody may work out.
type target struct {
	members set
	between [2]*region // for a difference of two shown numbers: which
}

// targets are what nobody may work out: the withheld numbers of all tables, the
// new one's first; every class of fewer people than the threshold; and the small
// differences between shown numbers. The classes are what makes it hold for any
// number of overviews together: whatever few people somebody singles out by
// adding and subtracting shown numbers, they are whole classes, and when each of
// these could be as large as the threshold, then so could they.
func (k *knowledge) targets() (list []target) {
	seen := map[string]bool{}
	add := func(m set) {
		if key := m.key(); !m.empty() && !seen[key] {
			seen[key] = true
			list = append(list, target{members: m})
		}
	}
	var shown []*region
	for _, t := range k.tables {
		for _, r := range t.regions {
			switch {
			case r.shown[k.measure] && !r.members.empty():
				shown = append(shown, r)
			case k.measure == ofPeople || t.hasHours(r):
				add(r.members)
			}
		}
	}
	for _, c := range k.classes {
		if c.people < k.threshold {
			add(c.members)
		}
	}
	for i, x := range shown {
		for _, y := range shown[:i] {
			a, b := x.members.minus(y.members), y.members.minus(x.members)
			if k.weigh(a, ofPeople)+k.weigh(b, ofPeople) >= float64(k.threshold) {
				continue
			}
			for _, d := range []set{a, b} {
				if !d.empty() {
					list = append(list, target{d, [2]*region{x, y}})
				}
			}
		}
	}
	return list
}

// protect withholds numbers of the new table until no target can be worked out
// from what stays. It ends, because each step withholds something; and what was
// safe stays so, because withholding takes knowledge away. ok is false when that
// is more work than an overview is worth; then nothing may be shown.
func (s *system) protect(measure int) (ok bool) {
	k := &knowledge{system: s, measure: measure}
	k.refresh()
	for queue := k.targets(); len(queue) > 0; {
		if s.work > maxWork {
			return false
		}
		t := queue[0]
		if b := t.between; b[0] != nil && !(b[0].shown[measure] && b[1].shown[measure]) {
			queue = queue[1:]
			continue
		}
		x := k.cheapest(k.narrow(t.members))
		if x == nil { // wide enough, or known without the new table
			queue = queue[1:]
			continue
		}
		for _, r := range x.regions {
			r.shown[measure] = false
		}
		queue = append(queue, target{members: x.members})
		k.refresh()
	}
	return true
}

// maxWork bounds the work of one overview, in steps of a few nanoseconds; it is
// counted and not timed, so that the same question has the same answer.
const maxWork = 3_000_000_000

// narrow gives the shown numbers by which a target is known too well; none when
// it is not.
func (k *knowledge) narrow(m set) (binding []int) {
	need := k.need(m, k.measure)
	groups, open := k.groups(m)
	if open >= need || k.differs(m, need) {
		return nil
	}
	p := k.program.clone(len(groups) - len(k.classes))
	for _, g := range groups[len(k.classes):] {
		p.split(g.class, g.weight)
	}
	own := make([]bool, len(p.low))
	for j, g := range groups {
		own[k.variable(j)] = g.own
	}
	up, above := p.push(own, 1, need)
	k.keep(groups, m, p.at)
	if up >= need {
		return nil
	}
	all, below := p.push(own, -1, need) // from there, so that it is the whole range
	k.keep(groups, m, p.at)
	if all >= need {
		return nil
	}
	return append(append(make([]int, 0, 1), above...), below...)
}

// variable is that of a group: the classes come first, then the shown numbers,
// then what was split off.
func (k *knowledge) variable(group int) int {
	if group < len(k.classes) {
		return group
	}
	return group + len(k.shown)
}

// differs tells whether the worlds known already leave a target open enough.
func (k *knowledge) differs(m set, need float64) bool {
	k.work += len(k.worlds) * (len(m) + 8)
	low, high := 0.0, 0.0
	for _, world := range k.worlds {
		sum := 0.0
		for i := range m.each {
			sum += world[i]
		}
		low, high = min(low, sum), max(high, sum)
	}
	return high-low >= need
}

// keep notes a world: what a group gains its first atom gains, and what it loses
// its atoms lose in their order, each no more than it has.
func (k *knowledge) keep(groups []group, m set, point []float64) {
	if len(k.worlds) == maxWorlds {
		return
	}
	world := make([]float64, len(k.atoms))
	for j, g := range groups {
		part := k.classes[g.class].members.minus(m)
		if g.own {
			part = k.classes[g.class].members.and(m)
		}
		change := point[k.variable(j)]
		for i := range part.each {
			by := max(change, -k.atoms[i].weight(k.measure))
			world[i] = by
			if change -= by; change >= 0 {
				break
			}
		}
	}
	k.worlds = append(k.worlds, world)
}

// group is a class, or the part of one that is a target's, or the rest of it.
type group struct {
	class  int
	weight float64
	own    bool
}

// groups cuts the classes at the edge of a target: each class, or the rest of
// it, in its place, and then the parts that are the target's. Within a class
// that is cut, everybody could be on either side of the edge, whatever is shown;
// open is by how much the target is uncertain for that alone.
func (k *knowledge) groups(m set) (list []group, open float64) {
	var parts []group
	for i, c := range k.classes {
		part := c.members.and(m)
		switch {
		case part.empty():
			list = append(list, group{i, c.weight, false})
		case c.members.minus(m).empty():
			list = append(list, group{i, c.weight, true})
		default:
			own := k.weigh(part, k.measure)
			list, parts = append(list, group{i, c.weight - own, false}), append(parts, group{i, own, true})
			open += c.weight
		}
	}
	return append(list, parts...), open
}

// write writes what is shown as a linear program over the classes.
func (k *knowledge) write() *program {
	n, m := len(k.classes), len(k.shown)
	p := &program{n: n, m: m, work: &k.work, low: make([]float64, n+m), high: make([]float64, n+m), d: make([][]float64, m)}
	cells := make([]float64, m*n)
	for i := range m {
		p.basic = append(p.basic, n+i)
		p.low[n+i], p.high[n+i] = -slack(i), slack(i)
		p.d[i] = cells[i*n : (i+1)*n]
	}
	for j, c := range k.classes {
		p.free = append(p.free, j)
		p.low[j], p.high[j] = -c.weight, math.Inf(1)
		for i := range k.shown {
			if c.in.has(i) {
				p.d[i][j] = 1
			}
		}
	}
	p.settle()
	return p
}

// cheapest chooses what to withhold among shown numbers: a cell before a total,
// the smallest first. Nil when the new table shows none of them.
func (k *knowledge) cheapest(binding []int) *shownSet {
	var best *shownSet
	rank := func(x *shownSet) (stars, people int, key string) {
		stars = len(x.regions[0].codes)
		for _, r := range x.regions {
			stars = min(stars, r.stars)
		}
		return stars, x.regions[0].people, x.regions[0].key
	}
	for _, i := range binding {
		x := k.shown[i]
		if x.earlier {
			continue
		}
		if best == nil {
			best = x
			continue
		}
		s1, n1, k1 := rank(x)
		s2, n2, k2 := rank(best)
		if cmp.Or(cmp.Compare(s1, s2), cmp.Compare(n1, n2), cmp.Compare(k1, k2)) < 0 {
			best = x
		}
	}
	return best
}
