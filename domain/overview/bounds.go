package overview

import "math"

// program is a linear program, kept so that its present point is always
// feasible: each basic variable is a combination of the nonbasic ones (the rows
// of d), every variable has bounds around its value, and all begin at 0, which
// stands for the truth. It is the bounded simplex method; nothing in it is
// random, so that the same question has the same answer.
//
// Variables 0 to n-1 are by how much the groups could differ from the truth,
// n to n+m-1 by how much the shown numbers would then differ, and those from n+m
// are parts that were split off from groups.
type program struct {
	n, m          int
	d             [][]float64 // one row for each basic variable, one column for each nonbasic
	basic, free   []int       // their variables
	low, high, at []float64   // by variable
	filled        []int       // room for pivot
	work          *int        // cells of d looked at, in this program and its clones
}

// limits of a solution: a program that needs more steps ends where it is, which
// is too near rather than too far, so that more is withheld and never less.
const (
	maxSteps = 4000
	small    = 1e-7
	tiny     = 1e-11
)

// settle makes groups basic in place of shown numbers, the largest first. The
// shown numbers can hardly move, so that each solution would begin with that.
func (p *program) settle() {
	none := make([]float64, p.n)
	for i := range p.d {
		best := -1
		for j, v := range p.free {
			if v < p.n && math.Abs(p.d[i][j]) > 0.01 && (best < 0 || p.low[v] < p.low[p.free[best]]) {
				best = j
			}
		}
		if best >= 0 {
			p.pivot(i, best, none)
		}
	}
}

// clone is a copy to solve with, with room for more variables.
func (p *program) clone(more int) *program {
	c := &program{n: p.n, m: p.m, work: p.work, at: make([]float64, len(p.low), len(p.low)+more)}
	c.basic, c.free = append([]int{}, p.basic...), append([]int{}, p.free...)
	c.low, c.high = append([]float64{}, p.low...), append([]float64{}, p.high...)
	width := len(p.free) + more
	*p.work += p.m * width
	cells := make([]float64, p.m*width)
	c.d = make([][]float64, p.m)
	for i := range c.d {
		c.d[i] = append(cells[i*width:i*width:(i+1)*width], p.d[i]...)
	}
	return c
}

// split takes a part of a group off, as a variable of its own that shown numbers
// cannot tell from the rest. It must be done before anything moves.
func (p *program) split(group int, part float64) {
	v := len(p.low)
	p.low[group] += part
	p.low, p.high, p.at = append(p.low, -part), append(p.high, math.Inf(1)), append(p.at, 0)
	column := -1
	for j, f := range p.free {
		if f == group {
			column = j
		}
	}
	for i := range p.d {
		x := 0.0
		switch {
		case column >= 0:
			x = p.d[i][column]
		case p.basic[i] == group:
			x = -1
		}
		p.d[i] = append(p.d[i], x)
	}
	p.free = append(p.free, v)
}

// push moves the sum of some variables as far up (sign 1) or down (-1) from
// where it is as it goes while every shown number stays what it is; it stops at
// enough. It gives how far, and the shown numbers that hold it there.
func (p *program) push(own []bool, sign, enough float64) (reached float64, binding []int) {
	c := make([]float64, len(p.free))
	for j, v := range p.free {
		if own[v] {
			c[j] = sign
		}
	}
	for i, v := range p.basic {
		if own[v] {
			for j, x := range p.d[i] {
				c[j] += sign * x
			}
		}
	}
	for step := range maxSteps {
		*p.work += len(p.free) + p.m
		j, up := p.entering(c, step > maxSteps/2)
		if j < 0 {
			break
		}
		i, length := p.ratio(j, up)
		enters := length
		length = min(length, 2*(enough-reached)/math.Abs(c[j])+1) // not without end
		reached += math.Abs(c[j]) * length
		p.move(j, up, length)
		if i >= 0 && length == enters {
			p.pivot(i, j, c)
		}
		if reached >= enough {
			return reached, nil
		}
	}
	return reached, p.holding(c)
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
		*p.work += len(filled)
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
		if v >= p.n && v < p.n+p.m && math.Abs(c[j]) > small {
			rows = append(rows, v-p.n)
		}
	}
	return rows
}
