// Package rows holds what the views share: how instants and lists stand in a
// column, and the filter of the registers.
package rows

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// Instant is how an instant stands in an Int column of a view: nanoseconds
// since 1970 in UTC, so that an occurred_at comes back exactly as it was given.
// The zero time is 0, which means absent. Times outside the years 1678 to 2261
// are cut to the nearest that fits; only a filter can hold one.
func Instant(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1678:
		return math.MinInt64
	case t.Year() > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

// Time is the reverse of Instant, in UTC; 0 gives the zero time.
func Time(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// Join packs codes or ids, none of which can hold a space, into one column.
func Join[S ~string](items []S) string {
	switch len(items) {
	case 0:
		return ""
	case 1:
		return string(items[0])
	}
	n := len(items) - 1
	for _, s := range items {
		n += len(s)
	}
	b := make([]byte, 0, n)
	for i, s := range items {
		if i > 0 {
			b = append(b, ' ')
		}
		b = append(b, s...)
	}
	return string(b)
}

// Split is the reverse of Join; "" gives nil, so that an absent list is absent.
func Split[S ~string](packed string) []S {
	if packed == "" {
		return nil
	}
	parts := strings.Split(packed, " ")
	out := make([]S, len(parts))
	for i, p := range parts {
		out[i] = S(p)
	}
	return out
}

// Bool is how yes or no stands in an Int column.
func Bool(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Filter narrows a register. Zero fields do not narrow.
type Filter struct {
	Agency  string
	Dossier string
	// From and Until bound occurred_at: From <= occurred_at < Until. Where the
	// rows are of civil dates (hours, retention) each page says what they bound.
	From, Until time.Time
}

// Where builds the conditions of a query with their arguments.
type Where struct {
	conditions []string
	Args       []any
}

// And adds a condition with its arguments.
func (w *Where) And(condition string, args ...any) {
	w.conditions = append(w.conditions, condition)
	w.Args = append(w.Args, args...)
}

// Clone is a copy that can be added to by itself.
func (w *Where) Clone() Where {
	return Where{conditions: slices.Clone(w.conditions), Args: slices.Clone(w.Args)}
}

// If adds the condition when use is true.
func (w *Where) If(use bool, condition string, args ...any) {
	if use {
		w.And(condition, args...)
	}
}

// Register adds the conditions of a filter on a table with the columns agency,
// dossier and occurred, each with the given prefix ("" or "t.").
func (w *Where) Register(prefix string, f Filter) {
	w.If(f.Agency != "", prefix+"agency = ?", f.Agency)
	w.If(f.Dossier != "", prefix+"dossier = ?", f.Dossier)
	w.If(!f.From.IsZero(), prefix+"occurred >= ?", Instant(f.From))
	w.If(!f.Until.IsZero(), prefix+"occurred < ?", Instant(f.Until))
}

// String is the WHERE clause with a space before it, or "" without conditions.
func (w *Where) String() string {
	if len(w.conditions) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.conditions, " AND ")
}

// Sorted is items in byte order without repetitions, as a register gives its
// lists. It gives items itself where they are so already, and never changes them.
func Sorted[S ~string](items []S) []S {
	for i := 1; i < len(items); i++ {
		if items[i-1] >= items[i] {
			return slices.Compact(slices.Sorted(slices.Values(items)))
		}
	}
	return items
}

// Day is the day of an instant in Europe/Amsterdam as it stands in a Text column.
func Day(t time.Time) string { return nl.DateOf(t).String() }

// Dates reads civil dates out of Text columns; "" leaves the zero date.
func Dates(dates map[*nl.Date]string) error {
	for to, text := range dates {
		if text == "" {
			continue
		}
		d, err := nl.ParseDate(text)
		if err != nil {
			return fmt.Errorf("a day of a view has another form: %w", err)
		}
		*to = d
	}
	return nil
}
