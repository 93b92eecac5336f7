package dossier_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// second is version 2 of the Click regulation, which keeps dossiers for five
// years and no longer for ten.
func second(t *testing.T, from string) string {
	t.Helper()
	text, err := os.ReadFile("../regulation/profiles/click-2017-v1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	own := strings.Replace(string(text), "version: 1\n", "version: 2\n", 1)
	own = strings.Replace(own, "{class: dossier, term: P10Y", "{class: dossier, term: P5Y", 1)
	own = strings.Replace(own, "{class: subsidy, term: P10Y", "{class: subsidy, term: P5Y", 1)
	doc, err := json.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	return `{"profile":"click-2017","version":2,"effective_from":"` + from + `","document":` + string(doc) + `}`
}

// as gives the command as somebody, by a door.
func as(w *sc.World, actor, door, at, command, data string) sc.Result {
	who, by := w.Actor, w.Door
	w.Actor, w.Door = actor, door
	defer func() { w.Actor, w.Door = who, by }()
	return w.When(at, command, data)
}

func TestRedating_C_4b(t *testing.T) {
	v2 := `{"reason":"new_version","profile":"click-2017","version":2}`
	ended := func(t *testing.T) *sc.World {
		w := sc.Opened(t, "click-2017")
		w.Given("2017-02-02", "StartTrajectory", `{"trajectory":"T-1"}`)
		w.Given("2018-06-30", "EndTrajectory", `{"trajectory":"T-1","ended_on":"2018-06-30","outcome":"work"}`)
		return w
	}
	t.Run("says which version, from when, and what it changes", func(t *testing.T) {
		w := ended(t)
		w.Given("2019-01-10", "AdoptRegulation", second(t, "2019-03-01"))
		as(w, domain.Engine, "engine", "2019-02-28", "RedateDossier", v2).Refused("not_in_force", "C-4b")
		r := as(w, domain.Engine, "engine", "2019-03-01", "RedateDossier", v2).Accepted()
		want := &dossier.Redated{
			Reason: "new_version", Profile: "click-2017", Version: 2, EffectiveFrom: nl.MustDate("2019-03-01"), PreviousProfile: "click-2017", PreviousVersion: 1,
			Dates: []dossier.RedatedClass{
				{Class: domain.ClassDossier, Due: nl.MustDate("2023-06-30"), Previous: nl.MustDate("2028-06-30")},
				{Class: domain.ClassFiscal, Due: nl.MustDate("2028-06-30"), Previous: nl.MustDate("2028-06-30")},
				{Class: domain.ClassMedical, Due: nl.MustDate("2028-06-30"), Previous: nl.MustDate("2028-06-30")},
				{Class: domain.ClassSubsidy, Due: nl.MustDate("2023-06-30"), Previous: nl.MustDate("2028-06-30")},
			},
		}
		if diff := cmp.Diff(want, r.Facts[0].Event, cmp.Comparer(func(a, b nl.Date) bool { return a == b })); diff != "" {
			t.Error(diff)
		}
		as(w, domain.Engine, "engine", "2019-03-02", "RedateDossier", v2).Refused("already_dated", "C-4b")
	})
	t.Run("another regulation, and back again", func(t *testing.T) {
		w := ended(t)
		w.Given("2019-01-10", "AdoptRegulation", `{"profile":"solutions-vpr","version":1,"effective_from":"2019-01-10"}`)
		e := as(w, domain.Engine, "engine", "2019-01-10", "RedateDossier", `{"reason":"new_regulation","profile":"solutions-vpr","version":1}`).Accepted().Facts[0].Event.(*dossier.Redated)
		if got := e.Dates[0].Due; got != nl.MustDate("2020-06-30") {
			t.Errorf("two years after the end is %s", got)
		}
		w.Given("2019-04-01", "AdoptRegulation", second(t, "2019-04-01"))
		e = as(w, domain.Engine, "engine", "2019-04-01", "RedateDossier", v2).Accepted().Facts[0].Event.(*dossier.Redated)
		if e.PreviousProfile != "solutions-vpr" || e.PreviousVersion != 1 || e.Dates[0].Previous != nl.MustDate("2020-06-30") {
			t.Errorf("%+v", e)
		}
	})
	t.Run("nothing of dates while a trajectory is open", func(t *testing.T) {
		w := sc.Opened(t, "click-2017")
		w.Given("2019-01-10", "AdoptRegulation", second(t, "2019-01-10"))
		e := as(w, domain.Engine, "engine", "2019-01-10", "RedateDossier", v2).Accepted().Facts[0].Event.(*dossier.Redated)
		if len(e.Dates) != 0 {
			t.Error(e.Dates)
		}
	})
	t.Run("not for a version that the dossier was opened under", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.Given("2017-01-10", "AdoptRegulation", second(t, "2017-01-10"))
		w.Given("2017-02-01", "OpenDossier", sc.Open("commissioned", "employee", ""))
		as(w, domain.Engine, "engine", "2017-02-02", "RedateDossier", v2).Refused("already_dated", "C-4b")
	})
	t.Run("by the engine alone C-2.1.4a", func(t *testing.T) {
		w := ended(t)
		w.Given("2019-01-10", "AdoptRegulation", second(t, "2019-01-10"))
		for _, who := range [][2]string{{sc.Coach, "web"}, {domain.Operator, "cli"}, {domain.Engine, "import"}} {
			as(w, who[0], who[1], "2019-01-10", "RedateDossier", v2).Refused("engine_only", domain.RuleForm)
		}
	})
	// What was judged by a version stays as it was: the event carries it, and the
	// adoption with its document stays on the stream beside the new one.
	t.Run("old events keep their version C-2.1.4a", func(t *testing.T) {
		w := sc.Opened(t, "click-2017")
		w.Given("2019-01-10", "AdoptRegulation", second(t, "2019-01-10"))
		s := w.State(domain.KindAgency, sc.Agency).(*agency.State)
		if p := s.ProfileAt(nl.MustDate("2019-01-09")); p.Version != 1 {
			t.Error(p.Version)
		}
		if a, ok := s.AdoptionAt(nl.MustDate("2019-01-10")); !ok || a.Document.Version != 2 || s.Adopted("click-2017", 1) == nil || s.Adopted("click-2017", 3) != nil {
			t.Error(a)
		}
		w.When("2019-01-11", "AdoptRegulation", strings.ReplaceAll(second(t, "2019-02-01"), "P5Y", "P4Y")).Refused("profile_changed", "C-4b")
	})
}
