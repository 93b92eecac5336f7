package overview

import "math"

// program is a linear program, kept so that its present point is always
// feasible: each basic variable is a combination of the nonbasic ones (the rows
// of d), every variable has bounds around its value, and all begin at 0, which
// stands for the truth. It is the bounded simplex method; nothing in it is
// random, so that the same question has the same answer.
//
// Variables 0 to n-1 are by how much the groups could differ from the truth,
// n to n+m-1 by how much the shown numbers would then differ.
type program struct {
	n, m          int
	d             [][]float64 // one row for each basic variable, one column for each nonbasic
	basic, free   []int       // their variables
	low, high, at []float64   // by variable
	filled        []int       // room for pivot
}

// limits of a solution: a program that needs more steps ends where it is, which
// is too near rather than too far, so that more is withheld and never less.
const (
	maxSteps = 4000
	small    = 1e-7
	tiny     = 1e-11
)

// clone is a copy to solve with; the bounds are shared.
func (p *program) clone() *program {
	c := &program{n: p.n, m: p.m, low: p.low, high: p.high, at: make([]float64, p.n+p.m)}
	c.basic, c.free = append([]int{}, p.basic...), append([]int{}, p.free...)
	cells := make([]float64, p.m*p.n)
	c.d = make([][]float64, p.m)
	for i := range c.d {
		c.d[i] = cells[i*p.n : (i+1)*p.n]
		copy(c.d[i], p.d[i])
	}
	return c
}

// push moves the groups, weighed by c, as far up as they go while every shown
// number stays what it is; it stops at enough. It gives how far, the point it
// came to, and the shown numbers that hold it there.
func (p *program) push(c []float64, enough float64) (reached float64, point []float64, binding []int) {
	p, c = p.clone(), append([]float64{}, c...)
	for step := range maxSteps {
		j, up := p.entering(c, step > maxSteps/2)
		if j < 0 {
			break
		}
		i, length := p.ratio(j, up)
		length = min(length, 2*(enough-reached)/math.Abs(c[j])+1) // not without end
		reached += math.Abs(c[j]) * length
		p.move(j, up, length)
		if reached >= enough {
			return reached, p.at[:p.n], nil
		}
		if i >= 0 {
			p.pivot(i, j, c)
		}
	}
	return reached, p.at[:p.n], p.holding(c)
}

// entering chooses the nonbasic variable that gains most, or, to come out of a
// circle, the first that gains at all.
func (p *program) entering(c []float64, first bool) (best int, up bool) {
	best = -1
	for j, v := range p.free {
		rises := c[j] > small && p.at[v] < p.high[v]-small
		falls := c[j] < -small && p.at[v] > p.low[v]+small
		if !rises && !falls {
			continue
		}
		if best < 0 || first && v < p.free[best] || !first && math.Abs(c[j]) > math.Abs(c[best]) {
			best, up = j, rises
		}
	}
	return best, up
}

// ratio is how far a nonbasic variable can go, and the row of the basic variable
// that stops it; -1 when its own bound does.
func (p *program) ratio(j int, up bool) (row int, length float64) {
	row, length = -1, p.at[p.free[j]]-p.low[p.free[j]]
	if up {
		length = p.high[p.free[j]] - p.at[p.free[j]]
	}
	for i, v := range p.basic {
		rate := p.d[i][j]
		if !up {
			rate = -rate
		}
		room := math.Inf(1)
		switch {
		case rate > small:
			room = (p.high[v] - p.at[v]) / rate
		case rate < -small:
			room = (p.low[v] - p.at[v]) / rate
		}
		if room = max(room, 0); room < length-small || room < length+small && row >= 0 && v < p.basic[row] {
			row, length = i, min(room, length)
		}
	}
	return row, length
}

func (p *program) move(j int, up bool, length float64) {
	if !up {
		length = -length
	}
	p.at[p.free[j]] += length
	for i, v := range p.basic {
		p.at[v] += p.d[i][j] * length
	}
}

// pivot lets the basic variable of row i and the nonbasic one of column j
// change places. Rows are sparse, so only what is not zero is touched.
func (p *program) pivot(i, j int, c []float64) {
	row := p.d[i]
	by := row[j]
	row[j] = -1
	filled := p.filled[:0]
	for k, x := range row {
		if x == 0 {
			continue
		}
		if x = -x / by; math.Abs(x) < tiny {
			x = 0
		} else {
			filled = append(filled, k)
		}
		row[k] = x
	}
	p.filled = filled
	replace := func(r []float64) {
		f := r[j]
		if f == 0 {
			return
		}
		r[j] = 0
		for _, k := range filled {
			r[k] += f * row[k]
		}
	}
	for k := range p.d {
		if k != i {
			replace(p.d[k])
		}
	}
	replace(c)
	p.basic[i], p.free[j] = p.free[j], p.basic[i]
}

// holding lists the shown numbers without which it could go further.
func (p *program) holding(c []float64) (rows []int) {
	for j, v := range p.free {
		if v >= p.n && math.Abs(c[j]) > small {
			rows = append(rows, v-p.n)
		}
	}
	return rows
}
