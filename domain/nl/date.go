package nl

import (
	"cmp"
	"sync"
	"time"
	_ "time/tzdata" // so that a machine without time zones counts the same days

	"github.com/casefile-engine/casefile/domain"
)

// amsterdam is the zone in which people and terms live (catalogue §1: "All day
// arithmetic in Europe/Amsterdam"). It is embedded, so a failure is a defect of
// the build and no condition that a caller could handle.
var amsterdam = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		panic("the embedded time zones lack Europe/Amsterdam: " + err.Error())
	}
	return loc
})

// Amsterdam is the Europe/Amsterdam zone.
func Amsterdam() *time.Location { return amsterdam() }

// Date is a civil date: a day of the calendar without a time or a zone. The
// zero Date means "no date". Dates are comparable with ==; in JSON a date is
// "YYYY-MM-DD" and the zero Date is null (leave it out with omitzero).
type Date struct {
	year       int16
	month, day uint8
}

// The years that a Date can hold.
const (
	minYear = 1
	maxYear = 9999
)

// NewDate is the day given by year, month and day; ok is false when the
// calendar has no such day.
func NewDate(year int, month time.Month, day int) (d Date, ok bool) {
	if year < minYear || year > maxYear || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return Date{}, false
	}
	return Date{int16(year), uint8(month), uint8(day)}, true
}

// MustDate is ParseDate for constants of tests and tables; it panics on a text
// that is no date.
func MustDate(s string) Date {
	d, err := ParseDate(s)
	if err != nil {
		panic("not a date: " + s)
	}
	return d
}

// ParseDate reads "YYYY-MM-DD". Anything else, and a day that the calendar
// does not have, is a *domain.Error with code "invalid_date"; it does not
// repeat what was typed.
func ParseDate(s string) (Date, error) {
	bad := func() (Date, error) {
		return Date{}, domain.Invalid("invalid_date", "", "a date is an existing day written as YYYY-MM-DD, such as 2017-02-01")
	}
	if len(s) != 10 || s[4] != '-' || s[7] != '-' {
		return bad()
	}
	y, ok1 := digits(s[0:4])
	m, ok2 := digits(s[5:7])
	n, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 {
		return bad()
	}
	d, ok := NewDate(y, time.Month(m), n)
	if !ok {
		return bad()
	}
	return d, nil
}

func digits(s string) (n int, ok bool) {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, true
}

// DateOf is the day on which the instant t falls in Europe/Amsterdam.
func DateOf(t time.Time) Date {
	return fromTime(t.In(amsterdam()))
}

// fromTime keeps within what a Date can hold, so that arithmetic far out ends
// at the last day instead of wrapping round.
func fromTime(t time.Time) Date {
	y, m, d := t.Date()
	switch {
	case y < minYear:
		return Date{minYear, 1, 1}
	case y > maxYear:
		return Date{maxYear, 12, 31}
	}
	return Date{int16(y), uint8(m), uint8(d)}
}

// Year, Month and Day are the parts of the date; zero for the zero Date.
func (d Date) Year() int { return int(d.year) }

// Month is the month of the date.
func (d Date) Month() time.Month { return time.Month(d.month) }

// Day is the day of the month.
func (d Date) Day() int { return int(d.day) }

// IsZero tells whether there is no date.
func (d Date) IsZero() bool { return d == Date{} }

// noon in UTC stands for the day in arithmetic, where no zone matters.
func (d Date) noon() time.Time {
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 12, 0, 0, 0, time.UTC)
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.noon().Weekday() }

// AddDays is the day n days later, or earlier for a negative n. The zero Date
// stays zero.
func (d Date) AddDays(n int) Date {
	if d.IsZero() {
		return d
	}
	return fromTime(d.noon().AddDate(0, 0, n))
}

// AddMonths is the same day n calendar months later; where that month is
// shorter, its last day.
func (d Date) AddMonths(n int) Date {
	if d.IsZero() {
		return d
	}
	months := int(d.year)*12 + int(d.month) - 1 + n
	y, m := months/12, time.Month(months%12+1)
	if months < minYear*12 {
		return Date{minYear, 1, 1}
	}
	if y > maxYear {
		return Date{maxYear, 12, 31}
	}
	return Date{int16(y), uint8(m), uint8(min(int(d.day), daysIn(y, m)))}
}

// AddYears is the same day n years later; 29 February becomes 28 February where
// that year has no 29th (catalogue §1).
func (d Date) AddYears(n int) Date { return d.AddMonths(12 * n) }

// EndOfYear is 31 December of the date's year.
func (d Date) EndOfYear() Date {
	if d.IsZero() {
		return d
	}
	return Date{d.year, 12, 31}
}

// Compare is -1, 0 or 1; the zero Date is before every other.
func (d Date) Compare(o Date) int {
	return cmp.Or(cmp.Compare(d.year, o.year), cmp.Compare(d.month, o.month), cmp.Compare(d.day, o.day))
}

// Before tells whether d is an earlier day than o.
func (d Date) Before(o Date) bool { return d.Compare(o) < 0 }

// After tells whether d is a later day than o.
func (d Date) After(o Date) bool { return d.Compare(o) > 0 }

// Later is the later of the two days.
func Later(a, b Date) Date {
	if a.After(b) {
		return a
	}
	return b
}

// DaysUntil is the number of days from d to o; negative when o is earlier.
func (d Date) DaysUntil(o Date) int {
	return int((o.noon().Unix() - d.noon().Unix()) / (24 * 60 * 60))
}

// Start is the instant, in UTC, at which the day begins in Europe/Amsterdam.
func (d Date) Start() time.Time {
	return time.Date(int(d.year), time.Month(d.month), int(d.day), 0, 0, 0, 0, amsterdam()).UTC()
}

// End is the instant, in UTC, at which the day has ended in Europe/Amsterdam:
// the start of the next one. Days of 23 and 25 hours exist.
func (d Date) End() time.Time {
	return time.Date(int(d.year), time.Month(d.month), int(d.day)+1, 0, 0, 0, 0, amsterdam()).UTC()
}

// Contains tells whether the instant falls on the day, in Europe/Amsterdam.
func (d Date) Contains(t time.Time) bool { return !t.Before(d.Start()) && t.Before(d.End()) }

// String is "YYYY-MM-DD", and "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return string(d.append(make([]byte, 0, 10)))
}

func (d Date) append(b []byte) []byte {
	y := int(d.year)
	b = append(b, byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-')
	b = append(b, '0'+d.month/10, '0'+d.month%10, '-')
	return append(b, '0'+d.day/10, '0'+d.day%10)
}

// MarshalJSON writes "YYYY-MM-DD", or null for the zero Date.
func (d Date) MarshalJSON() ([]byte, error) {
	if d.IsZero() {
		return []byte("null"), nil
	}
	b := append(make([]byte, 0, 12), '"')
	return append(d.append(b), '"'), nil
}

// UnmarshalJSON reads "YYYY-MM-DD"; null gives the zero Date.
func (d *Date) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*d = Date{}
		return nil
	}
	if len(b) != 12 || b[0] != '"' || b[11] != '"' {
		_, err := ParseDate("")
		return err
	}
	return d.UnmarshalText(b[1:11])
}

// MarshalText writes the form of String, for keys of JSON objects and for YAML.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads "YYYY-MM-DD".
func (d *Date) UnmarshalText(b []byte) error {
	v, err := ParseDate(string(b))
	if err != nil {
		return err
	}
	*d = v
	return nil
}

func daysIn(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
