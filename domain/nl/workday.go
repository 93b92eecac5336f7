package nl

import "time"

// Workday tells whether people work on the day: Monday to Friday, but for the
// holidays that are generally recognised (Algemene termijnenwet, article 3:
// New Year's Day, Good Friday, Easter Monday, Ascension Day, Whit Monday, both
// days of Christmas, the King's birthday as it is celebrated, and 5 May).
func (d Date) Workday() bool {
	if d.IsZero() {
		return false
	}
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return false
	}
	return !d.holiday()
}

// NextWorkday is the first working day after d; the zero Date stays zero.
func (d Date) NextWorkday() Date {
	for !d.IsZero() {
		if d = d.AddDays(1); d.Workday() || d.year == maxYear {
			return d
		}
	}
	return d
}

func (d Date) holiday() bool {
	switch [2]uint8{d.month, d.day} {
	case [2]uint8{1, 1}, [2]uint8{5, 5}, [2]uint8{12, 25}, [2]uint8{12, 26}:
		return true
	}
	if d == monarchDay(d.Year()) {
		return true
	}
	easter := easterSunday(d.Year())
	for _, days := range []int{-2, 1, 39, 50} {
		if d == easter.AddDays(days) {
			return true
		}
	}
	return false
}

// monarchDay is the day on which the birthday of the King, until 2013 of the
// Queen, is celebrated; never on a Sunday.
func monarchDay(year int) Date {
	d := Date{int16(year), 4, 27}
	if year < 2014 {
		d = Date{int16(year), 4, 30}
	}
	if d.Weekday() == time.Sunday {
		return d.AddDays(-1)
	}
	return d
}

// easterSunday is Easter of the Gregorian calendar (Meeus, Astronomical
// Algorithms, chapter 8).
func easterSunday(year int) Date {
	a, b, c := year%19, year/100, year%100
	d, e := b/4, b%4
	f := (b + 8) / 25
	g := (b - f + 1) / 3
	h := (19*a + b - d - g + 15) % 30
	i, k := c/4, c%4
	l := (32 + 2*e + 2*i - h - k) % 7
	m := (a + 11*h + 22*l) / 451
	n := h + l - 7*m + 114
	return Date{int16(year), uint8(n / 31), uint8(n%31 + 1)}
}
