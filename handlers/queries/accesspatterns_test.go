package queries

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/access"
)

// at is a look of one person on a Wednesday unless the time says otherwise; times
// are of Europe/Amsterdam.
func at(t testing.TB, position uint64, local string, dossiers ...string) access.Look {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	when, err := time.ParseInLocation("2006-01-02 15:04", local, zone)
	if err != nil {
		t.Fatal(err)
	}
	l := access.Look{Row: access.Row{Position: position, OccurredAt: when.UTC(), Actor: "anna", Action: "view", Outcome: "allowed", Ground: "assignment", Agency: "click"}, Dossiers: dossiers}
	if len(dossiers) == 1 {
		l.Dossier = dossiers[0]
	}
	return l
}

func with(l access.Look, change func(*access.Look)) access.Look {
	change(&l)
	return l
}

func told(list []Pattern) (out []string) {
	for _, p := range list {
		out = append(out, fmt.Sprint(p.Code, " ", p.Count, " ", p.Positions))
	}
	return out
}

// C-2.1.4b: looks on an authorisation, for a matter or on no ground are told day
// by day; those of an assignment or by the table of roles are not, nor are denied
// ones or those of an older log, which names no ground.
func TestPatternWithoutAssignment(t *testing.T) {
	ground := func(g string) func(*access.Look) { return func(l *access.Look) { l.Ground = g } }
	got := patternsOf([]access.Look{
		at(t, 1, "2026-11-18 09:00", "a"),
		with(at(t, 2, "2026-11-18 09:10", "a"), ground("role")),
		with(at(t, 3, "2026-11-18 09:20", "a"), ground("grant")),
		with(at(t, 4, "2026-11-18 16:20", "b"), ground("request")),
		with(at(t, 5, "2026-11-18 16:25"), ground("request")), // of no dossier
		with(at(t, 6, "2026-11-18 16:30", "b"), func(l *access.Look) { l.Ground, l.Outcome = "none", "denied" }),
		with(at(t, 7, "2026-11-18 16:40", "b"), func(l *access.Look) { l.Ground, l.Basis.Imported = "none", true }),
		with(at(t, 8, "2026-11-18 16:50", "b"), ground("break_glass")),
		with(at(t, 9, "2026-11-19 09:00", "b"), ground("none")),
	})
	want := []string{"without_assignment 2 [3 4]", "without_assignment 1 [9]", "break_glass 1 [8]"}
	if !slices.Equal(told(got), want) {
		t.Errorf("got %q, want %q", told(got), want)
	}
	if got[0].From.Format(time.RFC3339) != "2026-11-18T08:20:00Z" || got[0].Until.Format(time.RFC3339) != "2026-11-18T15:20:00Z" || got[0].Staff != "anna" {
		t.Errorf("%+v", got[0])
	}
}

// C-2.1.4b: the night runs from 22:00 to 06:00 in Europe/Amsterdam, summer and
// winter, and is one night on both sides of midnight; a weekend counts whole.
func TestPatternOutsideHours(t *testing.T) {
	got := patternsOf([]access.Look{
		at(t, 1, "2026-07-15 21:59", "a"),
		at(t, 2, "2026-07-15 22:00", "a"),
		at(t, 3, "2026-07-16 05:59", "a"),
		at(t, 4, "2026-07-16 06:00", "a"),
		at(t, 5, "2026-11-18 22:00", "a"), // winter: another hour of UTC
		at(t, 6, "2026-11-21 12:00", "a"), // a Saturday
		at(t, 7, "2026-11-23 05:00", "a"), // Sunday's night
		at(t, 8, "2026-11-23 06:00", "a"),
	})
	want := []string{"outside_hours 2 [2 3]", "outside_hours 1 [5]", "outside_hours 1 [6]", "outside_hours 1 [7]"}
	if !slices.Equal(told(got), want) {
		t.Errorf("got %q, want %q", told(got), want)
	}
}

// C-2.1.4b: more than 30 different dossiers within an hour is a pattern, 30 is
// none, nor are 40 looks at the same one, nor a list of many.
func TestPatternManyDossiers(t *testing.T) {
	opened := func(n int, every time.Duration, same bool) (out []access.Look) {
		for i := range n {
			id := fmt.Sprint("d", i)
			if same {
				id = "d"
			}
			out = append(out, with(at(t, uint64(i+1), "2026-11-18 09:00", id), func(l *access.Look) { l.OccurredAt = l.OccurredAt.Add(time.Duration(i) * every) }))
		}
		return out
	}
	for name, c := range map[string]struct {
		looks []access.Look
		want  int
	}{
		"thirty":           {opened(30, time.Minute, false), 0},
		"thirty-one":       {opened(31, 2*time.Minute, false), 31},
		"thirty-one slow":  {opened(31, 121*time.Second, false), 0},
		"a hundred is one": {opened(100, 90*time.Second, false), 100},
		"the same":         {opened(40, time.Minute, true), 0},
		"a list": {[]access.Look{with(at(t, 1, "2026-11-18 09:00", make([]string, 40)...), func(l *access.Look) {
			l.Action = "list"
			for i := range l.Dossiers {
				l.Dossiers[i] = fmt.Sprint(i)
			}
		})}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := patternsOf(c.looks)
			if c.want == 0 && len(got) != 0 || c.want > 0 && (len(got) != 1 || got[0].Code != PatternMany || got[0].Count != c.want || len(got[0].Positions) != c.want) {
				t.Errorf("got %q, want %d", told(got), c.want)
			}
		})
	}
}

// C-2.1.4b: five refusals in an hour are a pattern, whatever they were about.
func TestPatternRepeatedDenials(t *testing.T) {
	var looks []access.Look
	for i, local := range []string{"09:00", "09:30", "10:15", "10:20", "10:25", "10:30", "12:00", "12:01", "12:02", "12:03"} {
		looks = append(looks, with(at(t, uint64(i+1), "2026-11-18 "+local), func(l *access.Look) { l.Outcome = "denied" }))
	}
	// 09:30 to 10:30 has five with both ends; the four at noon are no pattern.
	if got := told(patternsOf(looks)); !slices.Equal(got, []string{"repeated_denials 5 [2 3 4 5 6]"}) {
		t.Errorf("got %q", got)
	}
}

// C-2.1.4b: a stretch is told exactly when some hour has enough different
// dossiers, as counting each hour by itself says.
func TestPatternManyIsEveryFullHour(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := time.Date(2026, 11, 18, 8, 0, 0, 0, time.UTC)
		n := rapid.IntRange(0, 40).Draw(t, "n")
		var list []*access.Look
		when := base
		for i := range n {
			when = when.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "minutes")) * time.Minute)
			l := &access.Look{Row: access.Row{Position: uint64(i + 1), OccurredAt: when}, Dossiers: []string{fmt.Sprint(rapid.IntRange(0, 6).Draw(t, "d"))}}
			list = append(list, l)
		}
		const enough = 3
		want := map[uint64]bool{}
		for i := range list {
			different, j := map[string]bool{}, i
			for ; j < len(list) && list[j].OccurredAt.Sub(list[i].OccurredAt) <= burst; j++ {
				different[list[j].Dossiers[0]] = true
			}
			if len(different) >= enough {
				for k := i; k < j; k++ {
					want[uint64(k+1)] = true
				}
			}
		}
		got := map[uint64]bool{}
		for _, p := range bursts(list, PatternMany, enough, func(l *access.Look) []string { return l.Dossiers }) {
			for _, position := range p.Positions {
				if got[position] {
					t.Fatalf("position %d stands in two patterns", position)
				}
				got[position] = true
			}
		}
		for position := range want {
			if !got[position] {
				t.Fatalf("position %d is in a full hour and not told; got %v", position, got)
			}
		}
		for position := range got {
			if !want[position] {
				t.Fatalf("position %d is told and in no full hour", position)
			}
		}
	})
}

// C-2.1.4b: the own family name: prefixes, accents, hyphens and the order of
// writing do not hide it; a given name is none.
func TestSameFamily(t *testing.T) {
	for _, c := range []struct {
		staff, client string
		want          bool
	}{
		{"Anna de Vries", "de Vries", true}, {"Anna de Vries", "Vries", true}, {"Anna Vries", "van de Vries", true},
		{"Anna de Vries-Jansen", "Jansen", true}, {"Anna Jansen", "Bakker-Jansen", true}, {"Anna Jansen", "JANSEN", true},
		{"Hassan Özdemir", "Ozdemir", true}, {"Vries, Anna de", "de Vries", true}, {"van den Berg, Jan", "Berg", true},
		{"Jansen", "Jansen", true}, {"Garcia, Anna", "García", true},
		{"Jansen Bakker", "Jansen", false}, {"Anna Jansen", "Jans", false}, {"Anna de Vries", "de Groot", false},
		{"Anna de Vries", "", false}, {"", "Jansen", false},
	} {
		if got := sameFamily(c.staff, c.client); got != c.want {
			t.Errorf("%q and %q: %v", c.staff, c.client, got)
		}
	}
}

// Architecture §1.2: one recorded look of the engine names at most 1,000 dossiers.
func TestPartOf(t *testing.T) {
	m := map[opening]*Pattern{}
	for i := range 1500 {
		for _, who := range []string{"a", "b"} {
			m[opening{who, fmt.Sprintf("%04d", i)}] = nil
		}
	}
	list := sortedOpenings(m)
	if n := partOf(list); n != 2000 || partOf(list[n:]) != 1000 {
		t.Errorf("%d, then %d", n, partOf(list[n:]))
	}
}

// L-15: looks that differ in nothing the client is told are one line, with the
// categories of all.
func TestFold(t *testing.T) {
	var lines []ClientAccessLine
	for _, cats := range [][]domain.Category{{"report"}, {"contact", "report"}} {
		lines = fold(lines, access.Row{Role: "coach", Purpose: "guidance", Action: "view", Outcome: "allowed", Categories: cats, Actor: fmt.Sprint(cats)})
	}
	lines = fold(lines, access.Row{Role: "coach", Purpose: "guidance", Action: "view", Outcome: "allowed", Ground: "break_glass"})
	if len(lines) != 2 || lines[0].Times != 2 || !slices.Equal(lines[0].Categories, []domain.Category{"contact", "report"}) || !lines[1].Emergency {
		t.Errorf("got %+v", lines)
	}
}
