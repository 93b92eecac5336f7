package incident_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/incident"
)

const (
	id     = `"incident":"` + sc.Hold + `"`
	report = `{` + id + `,"discovered_at":"2017-03-25T22:00:00+01:00","kind":"wrong_recipient","dossiers":["` + sc.Dossier + `"],"categories":["medical","contact"],"people":1}`
)

func assess(risk, authority, clients string) string {
	return `{` + id + `,"risk":"` + risk + `","notify_authority":` + authority + `,"notify_clients":` + clients + `,"reason":"Marker"}`
}

// reported is an incident discovered at 22:00 on the evening before the clocks
// go forward, and reported on the day after.
func reported(t *testing.T, profile string) *sc.World {
	w := sc.Opened(t, profile)
	w.Given("2017-03-26", "ReportIncident", report)
	return w
}

func TestReportIncident_C_2_1_2(t *testing.T) {
	t.Run("the clock is 72 hours of UTC, whatever the clocks do L-33", func(t *testing.T) {
		for _, profile := range []string{"click-2017", "solutions-vpr"} {
			r := sc.Opened(t, profile).Given("2017-03-26", "ReportIncident", report)
			e := r.Facts[0].Event.(*incident.Reported)
			// 72 hours later it is 23:00 in Amsterdam, not 22:00.
			if want := time.Date(2017, 3, 28, 21, 0, 0, 0, time.UTC); !e.NotifyBy.Equal(want) {
				t.Errorf("%s: %s, want %s", profile, e.NotifyBy, want)
			}
			if e.Kind != "wrong_recipient" || !slices.Equal(e.Categories, []domain.Category{"contact", "medical"}) || e.People != 1 {
				t.Errorf("%+v", e)
			}
			if len(r.Sections()) != 0 || len(r.Warnings) != 0 {
				t.Errorf("%v %v", r.Sections(), r.Warnings)
			}
		}
	})
	t.Run("a day counts from its beginning", func(t *testing.T) {
		r := sc.Begin(t, "click-2017").Given("2017-07-03", "ReportIncident", `{`+id+`,"discovered_at":"2017-07-02","kind":"lost_paper"}`)
		if e := r.Facts[0].Event.(*incident.Reported); e.DiscoveredAt.Format(time.RFC3339) != "2017-07-01T22:00:00Z" {
			t.Error(e.DiscoveredAt)
		}
	})
	t.Run("words of one's own are sealed", func(t *testing.T) {
		r := sc.Begin(t, "click-2017").Given("2017-07-03", "ReportIncident", `{`+id+`,"discovered_at":"2017-07-02","kind":"Marker's bag left in the train","text":"Marker"}`)
		if e := r.Facts[0].Event.(*incident.Reported); e.Kind != "other" || !slices.Equal(r.Sections(), []string{"file/person"}) {
			t.Errorf("%+v %v", e, r.Sections())
		}
		if s := r.Facts[0].Sections[0]; s.Owner != "incident/"+sc.Hold || !strings.Contains(string(s.Data), "train") {
			t.Errorf("%+v", s)
		}
	})
	t.Run("the dossier of the command is concerned", func(t *testing.T) {
		w := sc.Opened(t, "click-2017")
		w.NameDossier = true
		r := w.Given("2017-07-03", "ReportIncident", `{`+id+`,"discovered_at":"2017-07-02","kind":"telephone"}`)
		if e := r.Facts[0].Event.(*incident.Reported); !slices.Equal(e.Dossiers, []string{sc.Dossier}) {
			t.Errorf("%+v", e)
		}
	})
	t.Run("too late is said and not refused", func(t *testing.T) {
		r := sc.Opened(t, "click-2017").Given("2017-03-29", "ReportIncident", report)
		if !slices.Equal(r.Warnings, []string{incident.WarnOverdue}) {
			t.Error(r.Warnings)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		w := reported(t, "click-2017")
		w.When("2017-03-27", "ReportIncident", report).Refused("id_in_use", "C-2.1.2")
		other := strings.Replace(report, sc.Hold, sc.Stranger, 1)
		w.When("2017-03-25", "ReportIncident", other).Refused("in_future", "L-33")
		w.When("2017-03-27", "ReportIncident", strings.Replace(other, `"people":1`, `"people":-1`, 1)).Refused("out_of_range", domain.RuleForm)
		w.When("2017-03-27", "ReportIncident", strings.Replace(other, `"medical"`, `"mood"`, 1)).Refused("unknown_category", domain.RuleForm)
		sc.New(t).When("2017-03-27", "ReportIncident", report).Refused("unknown_agency", "C-5")
	})
}

func TestAssessIncident_L_33_L_34(t *testing.T) {
	t.Run("a risk is notified, no risk needs a reason alone", func(t *testing.T) {
		for _, c := range []struct{ risk, authority, clients, code, rule, field string }{
			{"none", "false", "false", "", "", ""},
			{"no_risk", "false", "false", "", "", ""},
			{"low", "false", "false", "", "", ""},
			{"low", "true", "true", "", "", ""},
			{"medium", "true", "false", "", "", ""},
			{"high", "true", "true", "", "", ""},
			{"medium", "false", "true", "notification_due", "L-33", "notify_authority"},
			{"high_risk", "false", "true", "notification_due", "L-33", "notify_authority"},
			{"serious", "true", "true", "unknown_code", domain.RuleForm, "risk"},
		} {
			r := reported(t, "click-2017").When("2017-03-27", "AssessIncident", assess(c.risk, c.authority, c.clients))
			if c.code != "" {
				r.Refused(c.code, c.rule)
				continue
			}
			if s := r.Accepted().Sections(); !slices.Equal(s, []string{"file/person"}) {
				t.Errorf("%v: %v", c, s)
			}
		}
	})
	t.Run("a high risk that clients do not hear of is remarked on L-34", func(t *testing.T) {
		r := reported(t, "click-2017").Given("2017-03-27", "AssessIncident", assess("high", "true", "false"))
		if !slices.Equal(r.Warnings, []string{incident.WarnClients}) {
			t.Error(r.Warnings)
		}
	})
	t.Run("the decision is never left to a default", func(t *testing.T) {
		w := reported(t, "click-2017")
		w.When("2017-03-27", "AssessIncident", `{`+id+`,"risk":"none","notify_clients":false,"reason":"r"}`).Refused("missing", domain.RuleForm)
		w.When("2017-03-27", "AssessIncident", `{`+id+`,"risk":"none","notify_authority":false,"notify_clients":false,"reason":" "}`).Refused("missing", domain.RuleForm)
	})
	t.Run("of an incident that exists", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-03-27", "AssessIncident", assess("none", "false", "false")).Refused("unknown_incident", "C-2.1.2")
	})
}

func TestNotifyAuthorityAndClose_L_33(t *testing.T) {
	notify := func(at string) string { return `{` + id + `,"notified_at":"` + at + `","reference":"Marker"}` }
	closing := func(on string) string { return `{` + id + `,"closed_on":"` + on + `","outcome":"Marker"}` }
	t.Run("the first notification counts, more may follow", func(t *testing.T) {
		w := reported(t, "click-2017")
		w.Given("2017-03-28", "NotifyAuthority", notify("2017-03-27T09:00:00+02:00"))
		w.Given("2017-03-29", "NotifyAuthority", notify("2017-03-29"))
		s := w.State(domain.KindIncident, sc.Hold).(*incident.State)
		if !s.NotifiedAt.Equal(time.Date(2017, 3, 27, 7, 0, 0, 0, time.UTC)) {
			t.Error(s.NotifiedAt)
		}
	})
	t.Run("neither before the discovery nor to come", func(t *testing.T) {
		w := reported(t, "click-2017")
		w.When("2017-03-28", "NotifyAuthority", notify("2017-03-25T21:59:59+01:00")).Refused("before_discovery", "L-33")
		w.When("2017-03-28", "NotifyAuthority", notify("2017-03-29")).Refused("in_future", "L-33")
	})
	t.Run("nothing is closed that nobody judged", func(t *testing.T) {
		w := reported(t, "solutions-vpr")
		w.When("2017-03-28", "CloseIncident", closing("2017-03-28")).Refused("not_assessed", "L-33")
		w.Given("2017-03-28", "AssessIncident", assess("medium", "true", "false"))
		w.When("2017-03-28", "CloseIncident", closing("2017-03-28")).Refused("authority_not_notified", "L-33")
		w.Given("2017-03-28", "NotifyAuthority", notify("2017-03-28"))
		w.When("2017-03-29", "CloseIncident", closing("2017-03-24")).Refused("before_discovery", "C-2.1.2")
		w.When("2017-03-29", "CloseIncident", closing("2026-06-02")).Refused("in_future", "C-2.1.2")
		w.Given("2017-03-29", "CloseIncident", closing("2017-03-29"))
		w.When("2017-03-30", "AssessIncident", assess("none", "false", "false")).Refused("incident_closed", "C-2.1.2")
	})
	t.Run("no risk with its reason is enough", func(t *testing.T) {
		w := reported(t, "click-2017")
		w.Given("2017-03-28", "AssessIncident", assess("low", "false", "false"))
		w.Given("2017-03-28", "CloseIncident", closing("2017-03-28"))
	})
}

// Whatever is done in whatever order: no incident is closed that runs a risk of
// which the authority has not heard (L-33), and the clock never runs longer
// than 72 hours.
func TestNoRiskIsClosedSilently_L_33(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := sc.Begin(t, rapid.SampledFrom([]string{"click-2017", "solutions-vpr"}).Draw(t, "profile"))
		at := sc.Time("2017-03-26")
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			at = at.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hours")) * time.Hour)
			day := at.Format(time.RFC3339)
			switch rapid.IntRange(0, 3).Draw(t, "command") {
			case 0:
				w.Do(at, "ReportIncident", report)
			case 1:
				yes := rapid.SampledFrom([]string{"true", "false"})
				w.Do(at, "AssessIncident", assess(rapid.SampledFrom(domain.IncidentRisks).Draw(t, "risk"), yes.Draw(t, "authority"), yes.Draw(t, "clients")))
			case 2:
				w.Do(at, "NotifyAuthority", `{`+id+`,"notified_at":"`+day+`","reference":"r"}`)
			case 3:
				w.Do(at, "CloseIncident", `{`+id+`,"closed_on":"`+at.Format(time.DateOnly)+`","outcome":"o"}`)
			}
		}
		s, _ := w.State(domain.KindIncident, sc.Hold).(*incident.State)
		if s == nil {
			return
		}
		if s.NotifyBy.Sub(s.DiscoveredAt) != 72*time.Hour {
			t.Fatalf("the clock runs %s", s.NotifyBy.Sub(s.DiscoveredAt))
		}
		if !s.ClosedOn.IsZero() && s.NotifiedAt.IsZero() && s.Risk != "none" && s.Risk != "low" {
			t.Fatalf("closed with a risk %q that nobody heard of", s.Risk)
		}
	})
}
