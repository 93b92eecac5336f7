package overview_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/overview"
)

// some gives n dossiers of a kind, each with the minutes.
func some(n int, service, standing, status, outcome string, minutes int) (out []overview.Dossier) {
	for range n {
		out = append(out, dossierOf(0, kind{service, "commissioned", standing, status, outcome}, minutes))
	}
	return out
}

func all(parts ...[]overview.Dossier) []overview.Dossier {
	out := slices.Concat(parts...)
	for i := range out {
		out[i].ID = fmt.Sprintf("%08d-0000-4000-8000-00000000d055", i)
	}
	return out
}

func query(t *testing.T, where map[string][]string, by ...string) overview.Query {
	t.Helper()
	q := overview.Query{Where: where, By: by, Measures: []string{"hours"}}
	if err := q.Validate(); err != nil {
		t.Fatal(err)
	}
	return q
}

func ask(t *testing.T, q overview.Query, population []overview.Dossier, earlier ...overview.Earlier) *overview.Answer {
	t.Helper()
	a, err := overview.Make(&q, population, earlier, 10)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func asked(q overview.Query, population []overview.Dossier, a *overview.Answer) overview.Earlier {
	return overview.Earlier{Query: q, Population: population, Shown: a.Shown, ShownHours: a.ShownHours}
}

// rows are an answer as "codes count hours".
func rows(a *overview.Answer) (out []string) {
	for _, r := range a.Rows {
		out = append(out, fmt.Sprint(r.Codes, " ", r.Count, " ", r.Hours))
	}
	return out
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// C-1.2d: counts are rounded to multiples of 5; below ten they are withheld, and
// with each a second number, so that the total does not give it away; the hours
// of a withheld count go with it.
func TestSmallCellsAreWithheld_C_1_2d(t *testing.T) {
	population := all(some(33, "reintegration", "benefit", "open", "", 600), some(17, "absence", "benefit", "open", "", 600), some(4, "arbo", "benefit", "open", "", 600))
	same(t, rows(ask(t, query(t, nil, "service"), population)),
		"[absence] <10 <10", "[arbo] <10 <10", "[reintegration] 35 330", "[*] 55 540")
	same(t, rows(ask(t, query(t, nil), population[:9])), "[] <10 <10")
	same(t, rows(ask(t, query(t, nil), population[:10])), "[] 10 100")
}

// C-1.2d: one person who makes up more than 80 % of the hours is not told about,
// nor can the hours be worked out from the total.
func TestOnePersonsHoursAreWithheld_C_1_2d(t *testing.T) {
	population := all(some(1, "absence", "benefit", "open", "", 60*900), some(14, "absence", "benefit", "open", "", 600), some(40, "reintegration", "benefit", "open", "", 600))
	same(t, rows(ask(t, query(t, nil, "service"), population)),
		"[absence] 15 <10", "[reintegration] 40 <10", "[*] 55 1440")
}

// C-1.2d: that nobody of a group has some outcome tells something of each of
// them; that nobody still open has one tells nothing.
func TestAZeroThatTellsIsWithheld_C_1_2d(t *testing.T) {
	population := all(some(30, "reintegration", "benefit", "guidance_ended", "no_result", 0), some(25, "absence", "benefit", "guidance_ended", "work", 0),
		some(25, "absence", "benefit", "guidance_ended", "no_result", 0), some(20, "absence", "benefit", "open", "", 0))
	a := ask(t, query(t, nil, "service", "outcome"), population)
	for _, r := range a.Rows {
		if r.Codes[0] == "reintegration" && r.Codes[1] != "none" && r.Codes[1] != overview.All && r.Count.Mark == "" {
			t.Errorf("%v is shown as %v: all 30 had no result", r.Codes, r.Count)
		}
		if slices.Equal(r.Codes, []string{"reintegration", "none"}) && r.Count.String() != "0" {
			t.Errorf("nobody of reintegration is open; shown as %v", r.Count)
		}
	}
}

// C-1.2d: a selection of nearly the same people is refused, in both directions
// and for equal numbers of different people; another selection of the very same
// people as well.
func TestDifferencingIsRefused_C_1_2d(t *testing.T) {
	population := all(some(30, "reintegration", "benefit", "open", "", 60), some(9, "reintegration", "employee", "open", "", 60), some(12, "absence", "none", "declined", "", 60))
	everyone, few := query(t, nil), query(t, map[string][]string{"standing": {"employee"}})
	refused := func(first, second overview.Query) bool {
		err := overview.Guard(&second, population, []overview.Earlier{asked(first, population, ask(t, first, population))}, 10)
		if e := domain.AsError(err); e != nil && (e.Code != "differencing" || e.Rule != "C-1.2d" || e.Kind != domain.KindRefused) {
			t.Errorf("refused with %v", e)
		}
		return err != nil
	}
	without := query(t, map[string][]string{"standing": {"benefit", "none"}})
	for _, c := range []struct {
		what          string
		first, second overview.Query
		want          bool
	}{
		{"nine fewer", everyone, without, true},
		{"nine more", without, everyone, true},
		{"twelve fewer", everyone, query(t, map[string][]string{"service": {"reintegration"}}), false},
		{"the same again", everyone, everyone, false},
		{"the same people by other codes", query(t, map[string][]string{"service": {"absence"}}), query(t, map[string][]string{"status": {"declined"}}), true},
		{"nothing was shown", few, query(t, map[string][]string{"standing": {"employee"}, "status": {"open"}}), false},
	} {
		if got := refused(c.first, c.second); got != c.want {
			t.Errorf("%s: refused %v", c.what, got)
		}
	}
}

// C-1.2d: what the guard lets through is still seen together with what was
// answered before. 40 in all, 20 open and 12 declined would leave 8 who ended.
func TestThreeOverviewsTogether_C_1_2d(t *testing.T) {
	population := all(some(20, "reintegration", "benefit", "open", "", 60), some(12, "reintegration", "benefit", "declined", "", 60), some(8, "reintegration", "benefit", "guidance_ended", "work", 60))
	var earlier []overview.Earlier
	shown := 0
	for _, where := range []map[string][]string{nil, {"status": {"open"}}, {"status": {"declined"}}} {
		q := query(t, where)
		if err := overview.Guard(&q, population, earlier, 10); err != nil {
			t.Fatal(err)
		}
		a := ask(t, q, population, earlier...)
		shown += len(a.Shown)
		earlier = append(earlier, asked(q, population, a))
	}
	if shown != 2 {
		t.Errorf("%d of the three totals are shown", shown)
	}
}

// C-1.2d: between two answers over different days the few who came in between
// do not show.
func TestAFewNewDossiersDoNotShow_C_1_2d(t *testing.T) {
	then := all(some(58, "reintegration", "benefit", "open", "", 60))
	now := append(slices.Clone(then), dossierOf(99, kind{"reintegration", "self", "none", "open", "none"}, 60))
	q := query(t, nil)
	same(t, rows(ask(t, q, now, asked(q, then, ask(t, q, then)))), "[] <10 <10")
	if n := overview.Changed(nil, then, now); n != 1 {
		t.Errorf("%d dossiers changed", n)
	}
	if n := overview.Changed(&overview.Query{Where: map[string][]string{"referral": {"commissioned"}}}, then, now); n != 0 {
		t.Errorf("%d commissioned dossiers changed", n)
	}
}

// C-1.2d: closed codes and periods alone, and never the coach.
func TestOnlyClosedCodes_C_1_2d(t *testing.T) {
	for _, c := range []struct {
		q     overview.Query
		code  string
		field string
	}{
		{overview.Query{By: []string{"coach"}}, "unknown_dimension", "by"},
		{overview.Query{Where: map[string][]string{"name": {"Jansen"}}}, "unknown_dimension", "where"},
		{overview.Query{Where: map[string][]string{"service": {"Jansen"}}}, "unknown_code", "where.service"},
		{overview.Query{Where: map[string][]string{"start_quarter": {"2024-05"}}}, "unknown_code", "where.start_quarter"},
		{overview.Query{Where: map[string][]string{"service": nil}}, "out_of_range", "where"},
		{overview.Query{By: []string{"service", "status", "outcome"}}, "too_many", "by"},
		{overview.Query{By: []string{"service", "service"}}, "repeated", "by"},
		{overview.Query{Measures: []string{"names"}}, "unknown_code", "measures"},
	} {
		if e := domain.AsError(c.q.Validate()); e == nil || e.Code != c.code || e.Field != c.field {
			t.Errorf("%+v: %v", c.q, e)
		}
	}
	a, b := overview.Query{Where: map[string][]string{"status": {"open", "declined", "open"}}}, overview.Query{Where: map[string][]string{"status": {"declined", "open"}}}
	if a.Validate() != nil || b.Validate() != nil || a.Filter() != b.Filter() {
		t.Error("equal selections are not equal")
	}
}

// The codes of a dossier follow from its trajectories.
func TestCodesOfADossier(t *testing.T) {
	day := nl.MustDate
	f := overview.Facts{Opened: day("2024-03-31"), Service: "absence", Referral: "commissioned", Standing: "employee", Recipient: "r", Commissioner: "uwv", Declined: true}
	for _, step := range []struct {
		trajectories []overview.Trajectory
		want         string
	}{
		{nil, "absence commissioned uwv r employee declined none 2024 2024-Q1 none none"},
		{[]overview.Trajectory{{Service: "arbo", Ended: day("2024-07-01"), Outcome: "work"}}, "arbo commissioned uwv r employee guidance_ended work 2024 2024-Q1 2024 2024-Q3"},
		{[]overview.Trajectory{{Ended: day("2024-07-01"), Outcome: "work"}, {Recipient: "s"}}, "absence commissioned other s employee open none 2024 2024-Q1 none none"},
		{[]overview.Trajectory{{Ended: day("2025-01-01"), Outcome: "work"}, {Ended: day("2024-12-31"), Outcome: "other"}}, "absence commissioned uwv r employee guidance_ended work 2024 2024-Q1 2025 2025-Q1"},
	} {
		f.Trajectories = step.trajectories
		codes := f.Codes()
		if got := codes.Pack(); got != step.want {
			t.Errorf("got %s, want %s", got, step.want)
		}
		if back, ok := overview.Unpack(codes.Pack()); !ok || back != codes {
			t.Error("the codes do not come back")
		}
	}
	if _, ok := overview.Unpack("absence commissioned"); ok {
		t.Error("codes of another form are taken")
	}
}
