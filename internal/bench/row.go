package bench

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/internal/progress"
)

// Quantity is a measured number with its unit.
type Quantity struct {
	N    float64
	Unit Unit
	// Note says what it is, where the row's text does not.
	Note string
}

// Unit is what a quantity is counted in.
type Unit int

// The units.
const (
	PerSecond Unit = iota
	Milliseconds
	MiB
)

func rate(n int, d time.Duration) Quantity {
	return Quantity{N: float64(n) / max(d.Seconds(), 1e-9), Unit: PerSecond}
}

func millis(d time.Duration) Quantity {
	return Quantity{N: float64(d) / float64(time.Millisecond), Unit: Milliseconds}
}

// String is the number with three digits that count, as people read it.
func (q Quantity) String() string {
	switch q.Unit {
	case PerSecond:
		return progress.Count(uint64(math.Round(q.N))) + "/s"
	case MiB:
		return fmt.Sprintf("%.0f MiB", q.N)
	}
	switch {
	case q.N >= 100:
		return fmt.Sprintf("%.0f ms", q.N)
	case q.N >= 10:
		return fmt.Sprintf("%.1f ms", q.N)
	}
	return fmt.Sprintf("%.2f ms", q.N)
}

// Target is what a row must reach: bounds on the ratio of value to reference
// and on the value itself; zero means no such bound.
type Target struct {
	LeastRatio, MostRatio float64
	Most                  float64 // in the value's unit
	Text                  string
}

func atLeast(ratio float64) Target {
	return Target{LeastRatio: ratio, Text: fmt.Sprintf("≥ %g×", ratio)}
}
func atMost(ratio float64) Target {
	return Target{MostRatio: ratio, Text: fmt.Sprintf("≤ %g×", ratio)}
}

// Row is one line of the table.
type Row struct {
	ID, What         string
	Value, Reference Quantity
	Target           Target
}

// Ratio is value to reference.
func (r Row) Ratio() float64 {
	if r.Reference.N == 0 {
		return math.NaN()
	}
	return r.Value.N / r.Reference.N
}

// Met tells whether the target is reached.
func (r Row) Met() bool {
	t, ratio := r.Target, r.Ratio()
	return !(t.LeastRatio > 0 && !(ratio >= t.LeastRatio)) && !(t.MostRatio > 0 && !(ratio <= t.MostRatio)) && !(t.Most > 0 && r.Value.N > t.Most)
}

const rowForm = "%-3s  %-50s  %12s  %-36s %8s  %-18s %s\n"

func (r *run) header() {
	fmt.Fprintf(r.w, rowForm, "ID", "WHAT", "VALUE", "REFERENCE", "RATIO", "TARGET", "MET")
}

// row prints a row as soon as it is known.
func (r *run) row(id, what string, value, reference Quantity, t Target) {
	row := Row{ID: id, What: what, Value: value, Reference: reference, Target: t}
	r.rows = append(r.rows, row)
	met := "no"
	if row.Met() {
		met = "yes"
	}
	ref := reference.String()
	if reference.Note != "" {
		ref += " " + reference.Note
	}
	line := fmt.Sprintf(rowForm, id, what, value, ref, fmt.Sprintf("%.2f", row.Ratio()), t.Text, met)
	fmt.Fprint(r.w, strings.TrimRight(line, " \n")+"\n")
}

func (r *run) footer() {
	met := 0
	for _, row := range r.rows {
		if row.Met() {
			met++
		}
	}
	fmt.Fprintf(r.w, "%d of %d targets met; %s events, took %s\n", met, len(r.rows), progress.Count(uint64(r.o.Events)), progress.Duration(time.Since(r.began)))
}
