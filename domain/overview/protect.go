package overview

import (
	"slices"
	"strings"
)

// atom is a group of dossiers that no table of a system tells apart. One of no
// people is a group that could exist and does not: the outcome or the standing
// that nobody has.
type atom struct {
	people, minutes int
}

// system is everything that is shown: earlier tables and the new one, the first.
type system struct {
	threshold int
	tables    []*table
	atoms     []atom
	work      int // done so far, against maxWork
}

// newSystem finds the atoms of the tables over their populations.
func newSystem(threshold int, tables []*table, populations [][]Dossier) *system {
	s := &system{threshold: threshold, tables: tables}
	where := map[string][]string{} // dossier → its signature in each table
	minutes := map[string]int{}
	for i, t := range tables {
		for k := range populations[i] {
			d := &populations[i][k]
			if where[d.ID] == nil {
				where[d.ID], minutes[d.ID] = make([]string, len(tables)), d.Minutes
			}
			where[d.ID][i] = t.signature(&d.Codes)
		}
	}
	found := map[string]*atom{}
	for id, signature := range where {
		joint := strings.Join(signature, "|")
		a := found[joint]
		if a == nil {
			a = &atom{}
			found[joint] = a
		}
		a.people++
		a.minutes += minutes[id]
	}
	s.imagine(found, populations[0])
	s.fill(found)
	return s
}

// traits are the dimensions in which a zero says something of people: that
// nobody of a group found work says that of each of them. That an agency has no
// client of some service or year does not.
var traits = map[int][]string{dimStanding: dimensions[dimStanding].codes, dimOutcome: dimensions[dimOutcome].codes}

// imagine adds the groups in which dossiers would be if they had another
// standing or another outcome: one for each cell or total that is empty for want
// of them, and one for each way to lie in shown numbers in which no dossier
// lies. Without them a zero that is withheld, or left over when shown numbers
// are subtracted, would count as known to be one. Fewer than there could be only
// make what is known look better known.
func (s *system) imagine(found map[string]*atom, population []Dossier) {
	used := map[int]bool{}
	for _, t := range s.tables {
		for _, d := range t.dims {
			used[d] = true
		}
		for name := range t.query.Where {
			used[dimensionOf(name)] = true
		}
	}
	seen := map[Codes]bool{}
	var joints []string
	for i := range population {
		c := population[i].Codes
		for d := range c {
			if !used[d] {
				c[d] = ""
			}
		}
		if seen[c] {
			continue
		}
		seen[c] = true
		for d, codes := range traits {
			if !used[d] || d == dimOutcome && c[d] == None {
				continue // only who has ended has an outcome
			}
			for _, code := range codes {
				if d != dimOutcome || code != None {
					other := c
					other[d] = code
					joints = append(joints, s.joint(&other))
				}
			}
		}
	}
	slices.Sort(joints)
	s.choose(found, slices.Compact(joints))
}

// choose adds those of the imagined groups that are needed.
func (s *system) choose(found map[string]*atom, joints []string) {
	each := func(joint string, f func(*region)) {
		for i, signature := range strings.Split(joint, "|") {
			s.tables[i].containing(signature, f)
		}
	}
	people := map[*region]int{}
	for joint, a := range found {
		each(joint, func(r *region) { people[r] += a.people })
	}
	number := map[*region]int{} // of the regions that are shown, or may be
	for _, t := range s.tables {
		for _, r := range t.regions {
			if people[r] >= s.threshold {
				number[r] = len(number)
			}
		}
	}
	pattern := func(joint string) string {
		m := newSet(len(number))
		each(joint, func(r *region) {
			if n, ok := number[r]; ok {
				m.add(n)
			}
		})
		return m.key()
	}
	known := map[string]bool{}
	for joint := range found {
		known[pattern(joint)] = true
	}
	for _, joint := range joints {
		if found[joint] != nil {
			continue
		}
		needed := !known[pattern(joint)]
		each(joint, func(r *region) { needed = needed || people[r] == 0 && !r.imagined })
		if !needed {
			continue
		}
		known[pattern(joint)] = true
		found[joint] = &atom{}
		each(joint, func(r *region) { r.imagined = true })
	}
}

func (s *system) joint(c *Codes) string {
	parts := make([]string, len(s.tables))
	for i, t := range s.tables {
		parts[i] = t.signature(c)
	}
	return strings.Join(parts, "|")
}

// fill numbers the atoms, in byte order of their signatures, and tells each
// region which are its own.
func (s *system) fill(found map[string]*atom) {
	nowhere := strings.Repeat("|", len(s.tables)-1)
	delete(found, nowhere)
	for _, t := range s.tables {
		for _, r := range t.regions {
			r.members = newSet(len(found))
		}
	}
	joints := make([]string, 0, len(found))
	for joint := range found {
		joints = append(joints, joint)
	}
	slices.Sort(joints)
	for n, joint := range joints {
		a := *found[joint]
		s.atoms = append(s.atoms, a)
		for i, signature := range strings.Split(joint, "|") {
			s.tables[i].containing(signature, func(r *region) {
				r.members.add(n)
				r.people += a.people
				r.minutes += a.minutes
			})
		}
	}
}

// weigh gives a measure of a set of atoms: people, or hours.
func (s *system) weigh(m set, measure int) (sum float64) {
	for i := range m.each {
		sum += s.atoms[i].weight(measure)
	}
	return sum
}

func (a atom) weight(measure int) float64 {
	if measure == ofHours {
		return float64(a.minutes) / 60
	}
	return float64(a.people)
}

// slack is how exactly a shown number counts as known, by its place in the list:
// as good as exactly, although rounding leaves more room. Rounding is then a
// second wall and not the only one, and a row with one withheld number in it is
// never left so. That it is not zero, and not the same for all, keeps the
// solution from walking on the spot.
func slack(place int) float64 { return 0.001 * (1 + float64(place%17)/16) }

// need is how uncertain a withheld number must stay: by the threshold, and a sum
// of hours by a fifth of itself as well.
func (s *system) need(m set, measure int) float64 {
	if measure == ofHours {
		return max(float64(s.threshold), s.weigh(m, ofHours)/5)
	}
	return float64(s.threshold)
}
