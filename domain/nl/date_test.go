package nl

import (
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func dates() *rapid.Generator[Date] {
	return rapid.Custom(func(t *rapid.T) Date {
		return MustDate("1900-01-01").AddDays(rapid.IntRange(0, 90_000).Draw(t, "days"))
	})
}

// Requirements §7: 28 days are never later than one calendar month, for every
// day of receipt in 2024 to 2031; on 174 days the two are equal.
func TestFourWeeksAreNeverLaterThanAMonth_C_2_9_1_L_12(t *testing.T) {
	equal := 0
	for d := MustDate("2024-01-01"); !d.After(MustDate("2031-12-31")); d = d.AddDays(1) {
		weeks, month := DaysTerm(28).From(d), d.AddMonths(1)
		if weeks.After(month) {
			t.Errorf("received %s: 28 days end on %s, a month on %s", d, weeks, month)
		}
		if weeks == month {
			equal++
		}
	}
	if equal != 174 {
		t.Errorf("equal on %d days, want 174", equal)
	}
}

// Catalogue §1: 29 February + 2 years = 28 February.
func TestYearsByTheCalendar(t *testing.T) {
	for _, c := range []struct {
		from string
		term Term
		want string
	}{
		{"2024-02-29", YearsTerm(2), "2026-02-28"},
		{"2024-02-29", YearsTerm(4), "2028-02-29"},
		{"2096-02-29", YearsTerm(4), "2100-02-28"},
		{"2017-02-28", YearsTerm(10), "2027-02-28"},
		{"2023-12-31", DaysTerm(28), "2024-01-28"},
		{"2024-02-01", DaysTerm(28), "2024-02-29"},
	} {
		if got := c.term.From(MustDate(c.from)); got.String() != c.want {
			t.Errorf("%s + %s = %s, want %s", c.from, c.term, got, c.want)
		}
	}
	if got := MustDate("2024-01-31").AddMonths(-2); got.String() != "2023-11-30" {
		t.Errorf("two months before 31 January 2024 = %s", got)
	}
}

func TestDayInAmsterdam(t *testing.T) {
	summer, winter := MustDate("2026-03-29"), MustDate("2026-10-25")
	if got := summer.End().Sub(summer.Start()); got != 23*time.Hour {
		t.Errorf("the day on which summer time begins has %s", got)
	}
	if got := winter.End().Sub(winter.Start()); got != 25*time.Hour {
		t.Errorf("the day on which summer time ends has %s", got)
	}
	if got := MustDate("2017-02-01").Start().Format(time.RFC3339); got != "2017-01-31T23:00:00Z" {
		t.Errorf("1 February 2017 starts at %s", got)
	}
	if got := DateOf(time.Date(2026, 7, 31, 22, 0, 0, 0, time.UTC)).String(); got != "2026-08-01" {
		t.Errorf("22:00 UTC in summer is on %s", got)
	}
}

func TestDateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d, n := dates().Draw(t, "date"), rapid.IntRange(-40_000, 40_000).Draw(t, "n")
		if back, err := ParseDate(d.String()); err != nil || back != d {
			t.Fatalf("%s does not survive its text", d)
		}
		var j Date
		b, err := json.Marshal(d)
		if err != nil || json.Unmarshal(b, &j) != nil || j != d {
			t.Fatalf("%s does not survive JSON: %s", d, b)
		}
		e := d.AddDays(n)
		if d.DaysUntil(e) != n || e.AddDays(-n) != d {
			t.Fatalf("%s + %d days = %s", d, n, e)
		}
		if (n < 0) != e.Before(d) || (n > 0) != e.After(d) {
			t.Fatalf("%s and %s are in the wrong order", d, e)
		}
		if DateOf(d.Start()) != d || DateOf(d.End().Add(-time.Nanosecond)) != d || DateOf(d.End()) != d.AddDays(1) {
			t.Fatalf("%s does not hold its own instants", d)
		}
		if y := d.AddYears(2); y.Year() != d.Year()+2 || y.Month() != d.Month() || d.Day()-y.Day() > 1 {
			t.Fatalf("%s + 2 years = %s", d, y)
		}
	})
}

func TestBadDatesAndTerms(t *testing.T) {
	for _, s := range []string{"", "2017-02-29", "2017-2-1", "01-02-2017", "2017-13-01", "2017-00-01", "2017-01-00", "+017-01-01", "0000-01-01", "2017-02-01T00:00:00Z"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("%q was read as %s", s, d)
		}
	}
	for _, s := range []string{"", "P", "P0Y", "P-2Y", "-P2Y", "P2", "2Y", "P2M", "P2Y3D", "P1.5Y", "P201Y", "P99999D"} {
		if got, err := ParseTerm(s); err == nil {
			t.Errorf("%q was read as %s", s, got)
		}
	}
	var v struct {
		D Date  `json:"d,omitzero"`
		P *Date `json:"p,omitempty"`
		T Term  `json:"t,omitzero"`
	}
	if err := json.Unmarshal([]byte(`{"d":null,"p":"2020-01-31","t":"P28D"}`), &v); err != nil || !v.D.IsZero() || v.P.String() != "2020-01-31" || v.T != DaysTerm(28) {
		t.Errorf("read %+v, %v", v, err)
	}
	if err := json.Unmarshal([]byte(`{"d":20200131}`), &v); err == nil {
		t.Error("a number was read as a date")
	}
	b, _ := json.Marshal(v)
	if string(b) != `{"p":"2020-01-31","t":"P28D"}` {
		t.Errorf("wrote %s", b)
	}
}

func TestTermIsLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		term := rapid.Custom(func(t *rapid.T) Term {
			if rapid.Bool().Draw(t, "years") {
				return YearsTerm(rapid.IntRange(1, 20).Draw(t, "n"))
			}
			return DaysTerm(rapid.IntRange(1, 8000).Draw(t, "n"))
		})
		a, b, d := term.Draw(t, "a"), term.Draw(t, "b"), dates().Draw(t, "from")
		if a.Longer(b) && a.From(d).Before(b.From(d)) {
			t.Fatalf("%s counts as at least %s, but from %s it ends earlier", a, b, d)
		}
	})
}
