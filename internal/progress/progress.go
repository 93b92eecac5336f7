// Package progress tells people how far a long piece of work is: one line with
// a bar, the rate and the time left on a terminal, a line every five seconds
// elsewhere, JSON lines where a program reads along. It never animates where
// there is no terminal.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// redraw is the least time between two drawings on a terminal.
	redraw = 100 * time.Millisecond
	// report is the time between two lines where there is no terminal.
	report = 5 * time.Second
	// rateWindow is how far back the shown rate looks, so that it follows a
	// change of speed without jumping.
	rateWindow = 10 * time.Second
	barWidth   = 24
)

// Mode is the form of the output.
type Mode int

// The modes.
const (
	Lines    Mode = iota // one line every five seconds
	Terminal             // one line, drawn again and again
	JSON                 // one JSON object every five seconds
	Silent
)

// Bar is one piece of work. All methods may be called from many goroutines.
type Bar struct {
	w     io.Writer
	mode  Mode
	label string
	unit  string
	now   func() time.Time

	mu       sync.Mutex // guards what follows
	started  time.Time
	shown    time.Time
	count    uint64
	fraction float64 // 0 to 1; negative while unknown
	samples  []sample
	drawn    int // runes on the terminal's line
	done     bool
}

type sample struct {
	at    time.Time
	count uint64
}

// Start begins a piece of work: label says what is done, unit what is counted
// ("lines"). now may be nil.
func Start(w io.Writer, mode Mode, label, unit string, now func() time.Time) *Bar {
	if now == nil {
		now = time.Now
	}
	t := now()
	return &Bar{w: w, mode: mode, label: label, unit: unit, now: now, started: t, shown: t, fraction: -1, samples: []sample{{t, 0}}}
}

// Update says how many things are done and which part of the whole that is,
// from 0 to 1; a negative fraction means that the whole is unknown.
func (b *Bar) Update(count uint64, fraction float64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done || b.mode == Silent {
		return
	}
	b.count, b.fraction = count, min(fraction, 1)
	t := b.now()
	every := report
	if b.mode == Terminal {
		every = redraw
	}
	if t.Sub(b.shown) < every {
		return
	}
	b.shown = t
	b.show(t)
}

// Done draws the last state and ends the line.
func (b *Bar) Done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done || b.mode == Silent {
		return
	}
	b.done = true
	t := b.now()
	switch {
	case b.mode == Terminal:
		if b.fraction >= 0 {
			b.fraction = 1
		}
		b.show(t)
		fmt.Fprintln(b.w)
	case t.Sub(b.started) >= report:
		b.show(t)
	}
}

func (b *Bar) show(t time.Time) {
	rate := b.rate(t)
	var left time.Duration = -1
	if b.fraction > 0 {
		spent := t.Sub(b.started)
		left = time.Duration(float64(spent)/b.fraction) - spent
	}
	if b.mode == JSON {
		b.showJSON(t, rate, left)
		return
	}
	line := b.line(t, rate, left)
	if b.mode == Lines {
		fmt.Fprintln(b.w, line)
		return
	}
	n := len([]rune(line))
	fmt.Fprint(b.w, "\r"+line+strings.Repeat(" ", max(0, b.drawn-n)))
	b.drawn = n
}

func (b *Bar) line(t time.Time, rate float64, left time.Duration) string {
	var s strings.Builder
	s.WriteString(b.label)
	if b.fraction >= 0 {
		if b.mode == Terminal {
			full := int(b.fraction * barWidth)
			s.WriteString(" [" + strings.Repeat("█", full) + strings.Repeat("░", barWidth-full) + "]")
		}
		fmt.Fprintf(&s, " %3.0f%%", b.fraction*100)
	}
	fmt.Fprintf(&s, " %s %s, %s/s", Count(b.count), b.unit, Count(uint64(rate+0.5)))
	switch {
	case b.done:
		fmt.Fprintf(&s, ", took %s", Duration(t.Sub(b.started)))
	case left >= 0:
		fmt.Fprintf(&s, ", %s left", Duration(left))
	}
	return s.String()
}

func (b *Bar) showJSON(t time.Time, rate float64, left time.Duration) {
	m := map[string]any{"progress": b.label, "unit": b.unit, "done": b.count, "rate": int(rate + 0.5), "seconds": int(t.Sub(b.started).Seconds())}
	if b.fraction >= 0 {
		m["fraction"], _ = strconv.ParseFloat(strconv.FormatFloat(b.fraction, 'f', 4, 64), 64)
	}
	if left >= 0 && !b.done {
		m["seconds_left"] = int(left.Seconds())
	}
	line, err := json.Marshal(m)
	if err == nil {
		fmt.Fprintln(b.w, string(line))
	}
}

// rate is things a second over the last rateWindow, over all time at the end.
func (b *Bar) rate(t time.Time) float64 {
	b.samples = append(b.samples, sample{t, b.count})
	for len(b.samples) > 2 && t.Sub(b.samples[0].at) > rateWindow {
		b.samples = b.samples[1:]
	}
	from := b.samples[0]
	if b.done {
		from = sample{b.started, 0}
	}
	d := t.Sub(from.at).Seconds()
	if d <= 0 || b.count < from.count {
		return 0
	}
	return float64(b.count-from.count) / d
}

// Count writes a number with a comma between groups of three digits.
func Count(n uint64) string {
	s := strconv.FormatUint(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Duration writes a time as a person says it: "0.4 s", "12 s", "3 min 05 s",
// "2 h 10 min".
func Duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0 s"
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%d min %02d s", d/time.Minute, d%time.Minute/time.Second)
	default:
		d = d.Round(time.Minute)
		return fmt.Sprintf("%d h %02d min", d/time.Hour, d%time.Hour/time.Minute)
	}
}
