package nl

import (
	"math"
	"strconv"
	"strings"
	"time"
)

var (
	monthsDutch   = [...]string{"januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober", "november", "december"}
	weekdaysDutch = [...]string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"}
)

// Long is the date in running text: "14 april 2011", "14 April 2011"; "" for no
// date.
func (d Date) Long(l Lang) string {
	if d.IsZero() {
		return ""
	}
	return strconv.Itoa(d.Day()) + " " + d.MonthName(l) + " " + strconv.Itoa(d.Year())
}

// MonthName is the month in words: "april", "April".
func (d Date) MonthName(l Lang) string {
	if d.IsZero() {
		return ""
	}
	return l.Pick(monthsDutch[d.month-1], d.Month().String())
}

// Short is the date in tables, in both languages: "14-04-2011".
func (d Date) Short() string {
	if d.IsZero() {
		return ""
	}
	return d.noon().Format("02-01-2006")
}

// WithWeekday is the short date after its day of the week: "di 24-11-2026",
// "Tue 24-11-2026".
func (d Date) WithWeekday(l Lang) string {
	if d.IsZero() {
		return ""
	}
	return l.Pick(weekdaysDutch[d.Weekday()][:2], d.Weekday().String()[:3]) + " " + d.Short()
}

// WeekdayName is the day of the week in words: "dinsdag", "Tuesday".
func (d Date) WeekdayName(l Lang) string {
	if d.IsZero() {
		return ""
	}
	return l.Pick(weekdaysDutch[d.Weekday()], d.Weekday().String())
}

// Time is the time of day in Europe/Amsterdam: "14:05 uur", "14:05".
func Time(t time.Time, l Lang) string {
	return t.In(amsterdam()).Format("15:04") + l.Pick(" uur", "")
}

// DateTime is day and time in Europe/Amsterdam, short: "14-04-2011 14:05 uur".
func DateTime(t time.Time, l Lang) string { return DateOf(t).Short() + " " + Time(t, l) }

// LongDateTime is day and time in Europe/Amsterdam in running text:
// "14 april 2011 om 14:05 uur", "14 April 2011 at 14:05".
func LongDateTime(t time.Time, l Lang) string {
	return DateOf(t).Long(l) + l.Pick(" om ", " at ") + Time(t, l)
}

// Minutes is a length of working time: "2 uur 15 min", "45 min", "2 h 15 min".
func Minutes(m int, l Lang) string {
	sign := ""
	if m < 0 {
		sign, m = "−", -m
	}
	hour := l.Pick(" uur", " h")
	h, rest := strconv.Itoa(m/60)+hour, strconv.Itoa(m%60)+" min"
	switch {
	case m < 60:
		return sign + rest
	case m%60 == 0:
		return sign + h
	}
	return sign + h + " " + rest
}

// DecimalHours is working time as a number of hours: "2,25", "2.25".
func DecimalHours(m int, l Lang) string { return Number(float64(m)/60, 2, l) }

// Number is v with the given decimals, rounded half away from zero, and groups
// of three: "1.234,56", "1,234.56".
func Number(v float64, decimals int, l Lang) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "–"
	}
	scale := math.Pow10(decimals)
	s := strconv.FormatFloat(math.Abs(math.Round(v*scale)/scale), 'f', decimals, 64)
	whole, fraction, _ := strings.Cut(s, ".")
	out := group(whole, l.Pick(".", ","))
	if decimals > 0 {
		out += l.Pick(",", ".") + fraction
	}
	if math.Round(v*scale) < 0 {
		out = "−" + out
	}
	return out
}

// Count is a whole number with groups of three: "1.434", "1,434".
func Count(n int, l Lang) string {
	s := strconv.Itoa(n)
	if n < 0 {
		return "−" + group(s[1:], l.Pick(".", ","))
	}
	return group(s, l.Pick(".", ","))
}

// Euro is an amount in cents: "€ 1.234,56", "€1,234.56".
func Euro(cents int64, l Lang) string {
	s := Number(math.Abs(float64(cents))/100, 2, l)
	if cents < 0 {
		s = "−" + s
	}
	return l.Pick("€ ", "€") + s
}

func group(whole, separator string) string {
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + separator + whole[i:]
	}
	return whole
}

// Relative says how far a due day is from today: "3 dagen te laat", "vandaag",
// "morgen", "over 3 dagen"; "3 days overdue", "today", "tomorrow", "in 3 days".
func Relative(due, today Date, l Lang) string {
	n := today.DaysUntil(due)
	switch {
	case due.IsZero():
		return ""
	case n < 0:
		return l.Pick(plural(-n, "dag", "dagen")+" te laat", plural(-n, "day", "days")+" overdue")
	case n == 0:
		return l.Pick("vandaag", "today")
	case n == 1:
		return l.Pick("morgen", "tomorrow")
	}
	return l.Pick("over "+plural(n, "dag", "dagen"), "in "+plural(n, "day", "days"))
}

// Ago says how long ago a day was: "vandaag", "gisteren", "3 dagen geleden".
func Ago(day, today Date, l Lang) string {
	n := day.DaysUntil(today)
	switch {
	case day.IsZero():
		return ""
	case n < 0:
		return Relative(day, today, l)
	case n == 0:
		return l.Pick("vandaag", "today")
	case n == 1:
		return l.Pick("gisteren", "yesterday")
	}
	return l.Pick(plural(n, "dag", "dagen")+" geleden", plural(n, "day", "days")+" ago")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
