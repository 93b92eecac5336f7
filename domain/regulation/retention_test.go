package regulation

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// day reads a date of a table; "" is none.
func day(s string) nl.Date {
	if s == "" {
		return nl.Date{}
	}
	return nl.MustDate(s)
}

type spell struct{ ended, agreement string }

// Worked out by hand from catalogue §1. Per class: start and due.
func TestRetentionByHand_C_0e_C_2_5b_S_Bew1_S_Bew3(t *testing.T) {
	for _, c := range []struct {
		name, profile string
		class         domain.Class
		spells        []spell
		declined      string
		starts, due   string
	}{
		{"C-0e ten years", "click-2017", domain.ClassDossier, []spell{{"2018-03-15", ""}}, "", "2018-03-15", "2028-03-15"},
		{"C-2.5b agreement ends later", "click-2017", domain.ClassDossier, []spell{{"2018-03-15", "2018-06-30"}}, "", "2018-06-30", "2028-06-30"},
		{"C-2.5b agreement ended earlier", "click-2017", domain.ClassMedical, []spell{{"2018-03-15", "2017-12-31"}}, "", "2018-03-15", "2028-03-15"},
		{"C-2.5b over all trajectories", "click-2017", domain.ClassSubsidy, []spell{{"2017-05-01", "2020-01-31"}, {"2019-08-20", ""}}, "", "2020-01-31", "2030-01-31"},
		{"fiscal as dossier", "click-2017", domain.ClassFiscal, []spell{{"2018-03-15", "2018-06-30"}}, "", "2018-06-30", "2028-06-30"},
		{"29 February + 10 years", "click-2017", domain.ClassDossier, []spell{{"2024-02-29", ""}}, "", "2024-02-29", "2034-02-28"},
		{"S-Bew1 two years", "solutions-vpr", domain.ClassDossier, []spell{{"2018-03-15", "2018-06-30"}}, "", "2018-03-15", "2020-03-15"},
		{"S-Bew1 medical", "solutions-vpr", domain.ClassMedical, []spell{{"2024-02-29", ""}}, "", "2024-02-29", "2026-02-28"},
		{"S-Bew1 the last of two", "solutions-vpr", domain.ClassSubsidy, []spell{{"2019-08-20", ""}, {"2017-05-01", ""}}, "", "2019-08-20", "2021-08-20"},
		{"S-Bew3 seven years from 31 December", "solutions-vpr", domain.ClassFiscal, []spell{{"2018-03-15", ""}}, "", "2018-12-31", "2025-12-31"},
		{"S-Bew3 ended on 31 December", "solutions-vpr", domain.ClassFiscal, []spell{{"2018-12-31", ""}}, "", "2018-12-31", "2025-12-31"},
		{"one is still open", "click-2017", domain.ClassDossier, []spell{{"2018-03-15", ""}, {"", ""}}, "", "", ""},
		{"one is still open", "solutions-vpr", domain.ClassFiscal, []spell{{"", ""}}, "", "", ""},
		{"none yet", "solutions-vpr", domain.ClassDossier, nil, "", "", ""},
		{"C-2.5e declined", "click-2017", domain.ClassDossier, nil, "2024-02-10", "2024-02-10", "2024-03-09"},
		{"C-2.5e declined, fiscal", "solutions-vpr", domain.ClassFiscal, nil, "2025-12-20", "2025-12-20", "2026-01-17"},
		{"a trajectory after the decline counts", "solutions-vpr", domain.ClassDossier, []spell{{"2020-07-01", ""}}, "2019-01-01", "2020-07-01", "2022-07-01"},
	} {
		t.Run(c.profile+" "+c.name, func(t *testing.T) {
			f := RetentionFacts{Declined: day(c.declined)}
			for _, s := range c.spells {
				f.Trajectories = append(f.Trajectories, TrajectoryFact{Started: day("2016-01-01"), Ended: day(s.ended), AgreementUntil: day(s.agreement)})
			}
			s := effective(t, c.profile).Schedule(c.class, f)
			if s.Starts != day(c.starts) || s.Due != day(c.due) {
				t.Errorf("got %s to %s, want %s to %s", s.Starts, s.Due, c.starts, c.due)
			}
			if (c.due == "") != (len(s.Missing) == 1) || s.Explanation.NL == "" || s.Explanation.EN == "" {
				t.Errorf("missing %v, %+v", s.Missing, s.Explanation)
			}
		})
	}
}

// C-2.5f: the term is a maximum, and destruction is allowed on the day after it.
func TestDestructionOnTheDayAfter_C_2_5f(t *testing.T) {
	due := nl.MustDate("2028-03-15")
	if Expired(due, due) || !Expired(due, due.AddDays(1)) || Expired(nl.Date{}, due) {
		t.Error("destruction is allowed from the day after due")
	}
	if got := effective(t, "click-2017").DestructionDue(due).String(); got != "2028-04-14" {
		t.Errorf("destruction is overdue after %s", got)
	}
}

func TestRetentionExplainsItself(t *testing.T) {
	ended := RetentionFacts{Trajectories: []TrajectoryFact{{Started: day("2016-01-01"), Ended: day("2018-03-15")}}}
	for _, c := range []struct {
		profile string
		class   domain.Class
		facts   RetentionFacts
		want    Text
	}{
		{"solutions-vpr", domain.ClassDossier, ended, Text{
			"einde van de begeleiding 15-03-2018 + 2 jaar, solutions-vpr v1, S-Bew1 → 15-03-2020",
			"end of guidance 15-03-2018 + 2 years, solutions-vpr v1, S-Bew1 → 15-03-2020"}},
		{"solutions-vpr", domain.ClassFiscal, ended, Text{
			"31 december van het jaar waarin de begeleiding eindigde 31-12-2018 + 7 jaar, solutions-vpr v1, S-Bew3 → 31-12-2025",
			"31 December of the year in which guidance ended 31-12-2018 + 7 years, solutions-vpr v1, S-Bew3 → 31-12-2025"}},
		{"click-2017", domain.ClassDossier, ended, Text{
			"einde van het traject of de overeenkomst 15-03-2018 + 10 jaar, click-2017 v1, C-2.5b → 15-03-2028",
			"end of the trajectory or its agreement 15-03-2018 + 10 years, click-2017 v1, C-2.5b → 15-03-2028"}},
		{"click-2017", domain.ClassDossier, RetentionFacts{Declined: day("2024-02-10")}, Text{
			"aanmelding afgewezen 10-02-2024 + 28 dagen, click-2017 v1, C-2.5e → 09-03-2024",
			"referral declined 10-02-2024 + 28 days, click-2017 v1, C-2.5e → 09-03-2024"}},
		{"click-2017", domain.ClassDossier, RetentionFacts{}, Text{
			"er is nog geen traject gestart; de termijn van 10 jaar begint na het einde van de begeleiding (click-2017 v1, C-2.5b)",
			"no trajectory has been started; the term of 10 years starts after guidance has ended (click-2017 v1, C-2.5b)"}},
	} {
		if got := effective(t, c.profile).Schedule(c.class, c.facts).Explanation; got != c.want {
			t.Errorf("got  %+v\nwant %+v", got, c.want)
		}
	}
}

// Catalogue §1: fiscal is never shorter than 7 years after 31 December of the
// year in which guidance ended, and a trajectory more never makes a term end
// earlier.
func TestRetentionProperties_L_17(t *testing.T) {
	profiles := []*Profile{effective(t, "click-2017"), effective(t, "solutions-vpr")}
	date := rapid.Custom(func(t *rapid.T) nl.Date {
		return nl.MustDate("2010-01-01").AddDays(rapid.IntRange(0, 9000).Draw(t, "day"))
	})
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(profiles).Draw(t, "profile")
		class := rapid.SampledFrom(domain.Classes).Draw(t, "class")
		var f RetentionFacts
		var last nl.Date
		for range rapid.IntRange(1, 4).Draw(t, "trajectories") {
			x := TrajectoryFact{Started: date.Draw(t, "started"), Ended: date.Draw(t, "ended")}
			if rapid.Bool().Draw(t, "has agreement") {
				x.AgreementUntil = date.Draw(t, "agreement")
			}
			last = nl.Later(last, x.Ended)
			f.Trajectories = append(f.Trajectories, x)
		}
		s := p.Schedule(class, f)
		if s.Starts.Before(last) || !s.Due.After(s.Starts) {
			t.Fatalf("from %s to %s, guidance ended on %s", s.Starts, s.Due, last)
		}
		if class == domain.ClassFiscal && s.Due.Before(last.EndOfYear().AddYears(7)) {
			t.Fatalf("fiscal is due on %s, guidance ended on %s", s.Due, last)
		}
		fewer := f
		fewer.Trajectories = f.Trajectories[1:]
		if len(fewer.Trajectories) > 0 && p.Schedule(class, fewer).Due.After(s.Due) {
			t.Fatal("one trajectory more made the term end earlier")
		}
		back := slices.Clone(f.Trajectories)
		slices.Reverse(back)
		if p.Schedule(class, RetentionFacts{Trajectories: back}).Due != s.Due {
			t.Fatal("the order of the trajectories counts")
		}
	})
}

// Even a profile that had come past the law layer could not make the
// administration disappear early: the floor is in the arithmetic as well.
func TestDueKeepsTheFiscalFloor_L_17(t *testing.T) {
	p := *effective(t, "solutions-vpr")
	p.Retention = slices.Clone(p.Retention)
	for i := range p.Retention {
		p.Retention[i].Term, p.Retention[i].Start = nl.YearsTerm(2), StartGuidance
	}
	f := RetentionFacts{Trajectories: []TrajectoryFact{{Ended: day("2018-03-15")}}}
	s := p.Schedule(domain.ClassFiscal, f)
	if s.Due.String() != "2025-12-31" {
		t.Errorf("due on %s", s.Due)
	}
	if want := "einde van de begeleiding 15-03-2018 + 2 jaar, ten minste 7 jaar na 31 december (artikel 52 AWR), solutions-vpr v1, S-Bew3 → 31-12-2025"; s.Explanation.NL != want {
		t.Errorf("got %q", s.Explanation.NL)
	}
}
