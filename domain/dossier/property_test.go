package dossier_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
)

// life draws commands on one dossier, many of them refused, at times that go
// back and forth, and gives the world after them. Every free text is "Marker".
func life(t *rapid.T) *sc.World {
	w := opened(t)
	live(t, w, draws, often)
	return w
}

func opened(t *rapid.T) *sc.World {
	w := sc.Begin(t, rapid.SampledFrom([]string{click, solutions}).Draw(t, "profile"))
	w.Given("2017-02-01", "OpenDossier", sc.Open(
		rapid.SampledFrom([]string{"self", "commissioned"}).Draw(t, "referral"),
		rapid.SampledFrom([]string{"employee", "benefit", "none"}).Draw(t, "standing"), `,"address":"Marker"`))
	return w
}

// live draws commands of a table, those in often the more.
func live(t *rapid.T, w *sc.World, draws map[string]func(*rapid.T, time.Time) string, often []string) {
	day := 0
	for range rapid.IntRange(20, 60).Draw(t, "commands") {
		day += rapid.IntRange(0, 5).Draw(t, "days on")
		at := sc.Time("2017-02-01").AddDate(0, 0, max(0, day-rapid.SampledFrom([]int{0, 0, 0, 3, 20}).Draw(t, "late")))
		name := rapid.SampledFrom(append(slices.Sorted(maps.Keys(draws)), often...)).Draw(t, "command")
		r := w.Do(at, name, draws[name](t, at))
		if r.Err != nil && (r.Err.Kind == domain.KindInternal || r.Err.Code == "" || r.Err.Rule == "") {
			t.Fatalf("%s: %v", name, r.Err)
		}
	}
}

// often names what is drawn more often: without it hardly anything is disclosed.
var often = slices.Concat(slices.Repeat([]string{"GiveConsent"}, 8), slices.Repeat([]string{"Disclose"}, 20), slices.Repeat([]string{"WithdrawConsent"}, 6), []string{"AddRecord", "AddRecord", "LogHours"})

func pick(t *rapid.T, label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(t, label)
}

func id(t *rapid.T, kind string) string {
	return fmt.Sprintf("%s0000000-0000-4000-8000-%012d", kind, rapid.IntRange(1, 2).Draw(t, "id "+kind))
}

func categories(t *rapid.T) string {
	return pick(t, "categories", `"contact"`, `"contact"`, `"contact","report"`, `"report"`, `"report","medical"`)
}

func day(t *rapid.T, at time.Time) string {
	return nl.DateOf(at).AddDays(rapid.IntRange(-30, 3).Draw(t, "day")).String()
}

var draws = map[string]func(*rapid.T, time.Time) string{
	"GiveConsent": func(t *rapid.T, at time.Time) string {
		until := ""
		if rapid.IntRange(0, 3).Draw(t, "ends") == 3 {
			until = `,"until":"` + nl.DateOf(at).AddDays(rapid.IntRange(0, 20).Draw(t, "lasts")).String() + `"`
		}
		return fmt.Sprintf(`{"consent":%q,"for":%q,"categories":[%s],"recipient":%q,"purpose":"guidance","explicit":%v,"evidence":"Marker"%s}`,
			id(t, "e"), pick(t, "use", "disclose", "disclose", "record"), categories(t), pick(t, "to", sc.UWV, sc.UWV, sc.Partner), rapid.Bool().Draw(t, "explicit"), until)
	},
	"WithdrawConsent": func(t *rapid.T, at time.Time) string {
		if rapid.Bool().Draw(t, "by letter") {
			return fmt.Sprintf(`{"consent":%q,"received_on":%q}`, id(t, "e"), day(t, at))
		}
		return fmt.Sprintf(`{"consent":%q}`, id(t, "e"))
	},
	"AddRecord": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"record":%q,"category":%q,"title":"Marker","text":"Marker","source":"client","provided_by":"Marker","necessity":"Marker"}`,
			id(t, "c"), pick(t, "category", "report", "medical", "income"))
	},
	"CorrectRecord": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"record":%q,"replacement":{"text":"Marker","contains":[%s]},"reason":"Marker"}`, id(t, "c"), pick(t, "contains", `"plan"`, `"medical"`, ``))
	},
	"RestrictRecord": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"record":%q,"reason":"Marker"}`, id(t, "c"))
	},
	"LiftRestriction": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"record":%q,"reason":"Marker","client_informed_on":%q}`, id(t, "c"), day(t, at))
	},
	"Disclose": func(t *rapid.T, at time.Time) string {
		d := disclosure{
			id: fmt.Sprintf("80000000-0000-4000-8000-%012d", rapid.IntRange(1, 99).Draw(t, "disclosure")), recipient: pick(t, "to", sc.UWV, sc.UWV, sc.Partner),
			categories: categories(t), records: `"` + id(t, "c") + `"`, ground: "consent", evidence: `"consent":"` + id(t, "e") + `"`,
		}
		if d.categories == `"contact"` {
			d.records = ""
		}
		return d.json()
	},
	"StartTrajectory": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"trajectory":%q,"order_number":"Marker"}`, pick(t, "number", "T-1", "T-2"))
	},
	"EndTrajectory": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"trajectory":%q,"ended_on":%q,"outcome":"work"}`, pick(t, "number", "T-1", "T-2"), day(t, at))
	},
	"ReopenTrajectory": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"trajectory":%q,"reason":"Marker"}`, pick(t, "number", "T-1", "T-2"))
	},
	"LogHours": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"entry":%q,"trajectory":%q,"date":%q,"minutes":30,"activity":%q,"note":"Marker"}`, id(t, "f"), pick(t, "number", "T-1", "T-2"), day(t, at), pick(t, "activity", "report", "travel"))
	},
	"AssignStaff":   func(t *rapid.T, at time.Time) string { return `{"staff":"` + sc.Coach + `"}` },
	"UnassignStaff": func(t *rapid.T, at time.Time) string { return `{"staff":"` + sc.Coach + `"}` },
	"PlaceHold": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"hold":%q,"classes":["dossier"],"reason":"Marker"}`, id(t, "9"))
	},
	"LiftHold": func(t *rapid.T, at time.Time) string { return fmt.Sprintf(`{"hold":%q,"reason":"Marker"}`, id(t, "9")) },
	"DeclineReferral": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"declined_on":%q,"by":"Marker","reason":"Marker"}`, day(t, at))
	},
	"ObjectToContactDisclosure": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"received_on":%q,"reference":"Marker"}`, day(t, at))
	},
	"WithdrawObjection": func(t *rapid.T, at time.Time) string {
		return fmt.Sprintf(`{"received_on":%q,"reference":"Marker"}`, day(t, at))
	},
	"ChangeClient": func(t *rapid.T, at time.Time) string {
		return `{"fields":{"family_name":"Marker"},"valid_from":"2017-03-01","source":"client"}`
	},
}

// valid says from the history alone whether a consent held at a time for what
// went out: C-2.6.1, L-7. It knows nothing of the state.
func valid(history []domain.Recorded, d *dossier.DisclosureMade, at time.Time) bool {
	held := false
	for _, r := range history {
		switch e := r.Event.(type) {
		case *dossier.ConsentGiven:
			if e.Consent != d.Consent {
				continue
			}
			held = e.For == "disclose" && e.Recipient == d.Recipient && e.Purpose == d.Purpose && !r.Meta.Occurred.After(at) &&
				(e.Until.IsZero() || !nl.DateOf(at).After(e.Until))
			for _, k := range d.Categories {
				held = held && slices.Contains(e.Categories, k) && (e.Explicit || !k.Health() && d.Profile != solutions)
			}
		case *dossier.ConsentWithdrawn:
			if e.Consent == d.Consent && (!r.Meta.Occurred.After(at) || !e.ReceivedOn.IsZero() && !e.ReceivedOn.Start().After(at) && e.ReceivedOn.Before(nl.DateOf(r.Meta.Occurred))) {
				return false
			}
		}
	}
	return held
}

func TestNoSequenceOfCommandsDisclosesOnAConsentThatDidNotHold_L_7_C_2_6_1(t *testing.T) {
	made := 0
	rapid.Check(t, func(t *rapid.T) {
		w := life(t)
		for i, r := range w.History {
			if d, ok := r.Event.(*dossier.DisclosureMade); ok {
				made++
				if !valid(w.History[:i], d, r.Meta.Occurred) {
					t.Fatalf("disclosed on a consent that did not hold: %+v at %v", d, r.Meta.Occurred)
				}
			}
		}
	})
	t.Logf("%d disclosures", made)
	if made == 0 {
		t.Fatal("no sequence disclosed anything, so nothing was shown")
	}
}

// Architecture §1.4: what describes a person stands in sections alone.
func TestNothingPersonalIsClear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range life(t).History {
			raw, _, err := catalog.Encode(r.Event)
			if err != nil || bytes.Contains(raw, []byte("Marker")) {
				t.Fatalf("%s: %s %v", r.Event.EventType(), raw, err)
			}
		}
	})
}

// Folding all at once gives what folding with a snapshot after every event
// gave, and a refused command changes nothing (T4).
func TestFoldOfPrefixAndSuffixIsFoldOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := life(t)
		all := dossier.Zero()
		for _, r := range w.History {
			if r.Meta.Aggregate == sc.Dossier {
				all = dossier.Evolve(all, r)
			}
		}
		if diff := cmp.Diff(all, state(w), cmp.Comparer(func(a, b nl.Date) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
	})
}

// C-0b: hours stand on days on which their trajectory was open, or for a
// report within sixty days after an end.
func TestHoursStandWithinTheirTrajectory_C_0b(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := life(t)
		for i, r := range w.History {
			h, ok := r.Event.(*dossier.HoursLogged)
			if !ok {
				continue
			}
			started, ends := nl.Date{}, []nl.Date{}
			for _, p := range w.History[:i] {
				switch e := p.Event.(type) {
				case *dossier.TrajectoryStarted:
					if e.Trajectory == h.Trajectory {
						started = e.StartedOn
					}
				case *dossier.TrajectoryEnded:
					if e.Trajectory == h.Trajectory {
						ends = append(ends, e.EndedOn)
					}
				}
			}
			if started.IsZero() || h.Date.Before(started) {
				t.Fatalf("hours on %v of a trajectory that started on %v", h.Date, started)
			}
			if len(ends) == 1 && state(w).Trajectories != nil && h.Date.After(ends[0]) && h.Activity != "report" && !reopened(w.History[:i], h.Trajectory) {
				t.Fatalf("%s on %v after the end on %v", h.Activity, h.Date, ends[0])
			}
		}
	})
}

func reopened(history []domain.Recorded, number string) bool {
	return slices.ContainsFunc(history, func(r domain.Recorded) bool {
		e, ok := r.Event.(*dossier.TrajectoryReopened)
		return ok && e.Trajectory == number
	})
}

// A dossier of ten thousand commits folds in linear time, well within a second.
func TestALongDossierFoldsQuickly(t *testing.T) {
	s := dossier.Zero()
	at := sc.Time("2017-02-01")
	fold := func(e domain.Event) {
		s = dossier.Evolve(s, domain.Recorded{Event: e, Meta: domain.Meta{Occurred: at}})
	}
	began := time.Now()
	fold(&dossier.Opened{Standing: "none"})
	fold(&dossier.TrajectoryStarted{Trajectory: "T-1", StartedOn: nl.DateOf(at)})
	for i := range 10_000 {
		fold(&dossier.RecordAdded{Record: fmt.Sprintf("c%035d", i), Category: "report", Class: "dossier", Source: "client"})
		fold(&dossier.HoursLogged{Entry: fmt.Sprintf("f%035d", i), Trajectory: "T-1", Minutes: 5})
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Fatalf("folding took %v", took)
	}
}
