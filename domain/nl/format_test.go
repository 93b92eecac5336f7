package nl

import (
	"testing"
	"time"
)

func TestWrittenForPeople(t *testing.T) {
	d, at := MustDate("2011-04-14"), time.Date(2011, 4, 14, 12, 5, 0, 0, time.UTC)
	today := MustDate("2026-11-24")
	for _, c := range []struct{ got, want string }{
		{d.Long(Dutch), "14 april 2011"},
		{d.Long(English), "14 April 2011"},
		{d.Short(), "14-04-2011"},
		{today.WithWeekday(Dutch), "di 24-11-2026"},
		{today.WithWeekday(English), "Tue 24-11-2026"},
		{today.WeekdayName(Dutch), "dinsdag"},
		{Date{}.Long(Dutch) + Date{}.Short() + Date{}.WithWeekday(Dutch) + Date{}.String(), ""},
		{Time(at, Dutch), "14:05 uur"},
		{Time(at, English), "14:05"},
		{DateTime(at, Dutch), "14-04-2011 14:05 uur"},
		{LongDateTime(at, English), "14 April 2011 at 14:05"},
		{Minutes(135, Dutch), "2 uur 15 min"},
		{Minutes(120, Dutch), "2 uur"},
		{Minutes(45, English), "45 min"},
		{Minutes(0, Dutch), "0 min"},
		{Minutes(-75, English), "−1 h 15 min"},
		{DecimalHours(135, Dutch), "2,25"},
		{Number(1234.56, 2, Dutch), "1.234,56"},
		{Number(1234567.125, 2, English), "1,234,567.13"},
		{Number(-0.001, 2, Dutch), "0,00"},
		{Number(-1234.5, 1, Dutch), "−1.234,5"},
		{Number(999.999, 2, Dutch), "1.000,00"},
		{Count(1434, Dutch), "1.434"},
		{Count(-1434, English), "−1,434"},
		{Euro(123456, Dutch), "€ 1.234,56"},
		{Relative(today.AddDays(-3), today, Dutch), "3 dagen te laat"},
		{Relative(today.AddDays(-1), today, Dutch), "1 dag te laat"},
		{Relative(today.AddDays(-1), today, English), "1 day overdue"},
		{Relative(today, today, Dutch), "vandaag"},
		{Relative(today.AddDays(1), today, English), "tomorrow"},
		{Relative(today.AddDays(12), today, Dutch), "over 12 dagen"},
		{Ago(today.AddDays(-2), today, Dutch), "2 dagen geleden"},
		{Ago(today.AddDays(-1), today, English), "yesterday"},
		{YearsTerm(10).Text(Dutch), "10 jaar"},
		{YearsTerm(1).Text(English), "1 year"},
		{DaysTerm(28).Text(Dutch), "28 dagen"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}
