package nl

import (
	"strconv"

	"github.com/casefile-engine/casefile/domain"
)

// Term is a length of time in whole calendar years or in whole days, never in
// both: the two forms in which regulations and statutes state terms. In JSON
// it is an ISO 8601 period, "P10Y" or "P28D". The zero Term means "no term".
// Terms are comparable with ==.
type Term struct {
	Years int
	Days  int
}

// Limits of a Term; more is an error of typing and no rule.
const (
	maxTermYears = 200
	maxTermDays  = 40_000
)

// YearsTerm is a term of n calendar years.
func YearsTerm(n int) Term { return Term{Years: n} }

// DaysTerm is a term of n days.
func DaysTerm(n int) Term { return Term{Days: n} }

// ParseTerm reads "P10Y" or "P28D". A negative, empty or mixed term is a
// *domain.Error with code "invalid_term".
func ParseTerm(s string) (Term, error) {
	n := len(s)
	if n >= 3 && n <= 7 && s[0] == 'P' {
		v, ok := digits(s[1 : n-1])
		switch {
		case ok && s[n-1] == 'Y' && v >= 1 && v <= maxTermYears:
			return YearsTerm(v), nil
		case ok && s[n-1] == 'D' && v >= 1 && v <= maxTermDays:
			return DaysTerm(v), nil
		}
	}
	return Term{}, domain.Invalid("invalid_term", "", "a term is a whole number of years or days above zero, written as P10Y or P28D")
}

// IsZero tells whether there is no term.
func (t Term) IsZero() bool { return t == Term{} }

// Valid tells whether t is a term that ParseTerm would accept.
func (t Term) Valid() bool {
	_, err := ParseTerm(t.String())
	return err == nil
}

// From is the day on which a term that starts on d ends: the same day of the
// calendar (29 February + 2 years = 28 February). No date gives no date.
func (t Term) From(d Date) Date {
	if d.IsZero() {
		return d
	}
	return d.AddYears(t.Years).AddDays(t.Days)
}

// Longer tells whether t can never end before o when both start on one day.
// Years count as at least 365 days and at most 366 each.
func (t Term) Longer(o Term) bool {
	if t.Days == 0 && o.Days == 0 {
		return t.Years >= o.Years
	}
	if t.Years == 0 && o.Years == 0 {
		return t.Days >= o.Days
	}
	return t.Years*365+t.Days >= o.Years*366+o.Days
}

// String is the ISO 8601 period, "P10Y" or "P28D", and "" for no term.
func (t Term) String() string {
	switch {
	case t.Years != 0 && t.Days != 0:
		return "P" + strconv.Itoa(t.Years) + "Y" + strconv.Itoa(t.Days) + "D"
	case t.Years != 0:
		return "P" + strconv.Itoa(t.Years) + "Y"
	case t.Days != 0:
		return "P" + strconv.Itoa(t.Days) + "D"
	}
	return ""
}

// Text is the term in words: "10 jaar", "28 dagen", "10 years", "28 days".
func (t Term) Text(l Lang) string {
	if t.Years != 0 {
		if l == English {
			return plural(t.Years, "year", "years")
		}
		return strconv.Itoa(t.Years) + " jaar"
	}
	return l.Pick(plural(t.Days, "dag", "dagen"), plural(t.Days, "day", "days"))
}

// MarshalText writes the form of String.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads "P10Y" or "P28D", and "" as no term.
func (t *Term) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = Term{}
		return nil
	}
	v, err := ParseTerm(string(b))
	if err != nil {
		return err
	}
	*t = v
	return nil
}
