package reminders_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/reminder"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/duties"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/reminders"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var views = []projections.Projection{
	complaints.Projection{}, disclosures.Projection{}, duties.Projection{}, hours.Projection{}, incidents.Projection{}, paper.Projection{},
	regulations.Projection{}, reminders.Projection{}, requests.Projection{}, retention.Projection{}, reviews.Projection{},
}

var day = nl.MustDate

// story has reminders of a request that is extended, a view that ends, and a
// breach of the agency.
func story(t *testing.T) *rowstest.Story {
	s := rowstest.Begin(t)
	raise := func(n int, at string, e *reminder.Raised) {
		of := "click"
		if n > 0 {
			e.Dossier, of = rowstest.ID(n), rowstest.ID(n)
			e.For = []domain.ID{rowstest.ID(1), rowstest.ID(2)}
		}
		s.Event(rowstest.On("click", domain.KindReminder, of), at, e)
	}
	s.Dossier("click", 11, "2017-02-01", &dossier.Opened{Service: "reintegration", Referral: "self", Standing: "none"})
	s.Dossier("click", 11, "2017-02-01", &dossier.RegulationHandedOut{Version: 1, Language: "nl", Method: "letter"})
	s.Dossier("click", 11, "2017-02-01", &dossier.RequestReceived{Request: rowstest.ID(51), Kind: "access", By: "client", Channel: "letter", ReceivedOn: day("2017-02-01"), Due: day("2017-03-01")})
	s.Dossier("click", 11, "2017-02-01", &dossier.ViewGranted{View: rowstest.ID(61), Recipient: rowstest.ID(31), RecipientClass: "partner", Categories: []domain.Category{"report"},
		Purpose: "guidance", Consent: rowstest.ID(62), Until: day("2017-03-10").End()})
	s.Event(rowstest.On("click", domain.KindIncident, rowstest.ID(67)), "2017-02-10", &incident.Reported{DiscoveredAt: rowstest.At("2017-02-10T08:00:00Z"), NotifyBy: rowstest.At("2017-02-13T08:00:00Z"), Kind: "calamity"})
	raise(0, "2017-02-10", &reminder.Raised{Kind: "breach", Ref: rowstest.ID(67), Due: day("2017-02-13"), Stage: reminder.StageNew, Role: "compliance_officer"})
	raise(11, "2017-02-22", &reminder.Raised{Kind: "request", Ref: rowstest.ID(51), Due: day("2017-03-01"), Stage: reminder.StageComing, Role: "compliance_officer"})
	s.Dossier("click", 11, "2017-02-28", &dossier.RequestExtended{Request: rowstest.ID(51), Until: day("2017-04-26"), ToldOn: day("2017-02-28")})
	raise(11, "2017-03-03", &reminder.Raised{Kind: "third_party_view", Ref: rowstest.ID(61), Due: day("2017-03-10"), Stage: reminder.StageComing, Role: "coach"})
	raise(11, "2017-04-19", &reminder.Raised{Kind: "request", Ref: rowstest.ID(51), Due: day("2017-04-26"), Stage: reminder.StageComing, Role: "compliance_officer"})
	s.Dossier("click", 11, "2017-04-28", &dossier.RequestFulfilled{Request: rowstest.ID(51), Kind: "access", FulfilledOn: day("2017-04-28"), Method: "letter"})
	return s
}

// every reminder that was raised, for whom, and what has become of what it
// reminds of; as of any day. No row holds more than codes, ids and days.
func TestRegister(t *testing.T) {
	s := story(t)
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		for _, p := range views {
			rowstest.Rebuild(t, db, p, &s.History)
		}
		rowstest.Golden(t, "reminders", rowstest.Collect(t, func(each func(reminders.Row) error) error {
			return reminders.Register(t.Context(), db, rows.Filter{}, rowstest.At("2017-06-01T21:59:59Z"), each)
		}))
	})
	list := func(on string, f rows.Filter) (out []string) {
		err := reminders.Register(t.Context(), s.Fold(on, views...), f, rowstest.At(rowstest.Clock(on+" 23:59")), func(r reminders.Row) error {
			out = append(out, rowstest.Short(r.Dossier, r.Kind, r.Ref, r.Due.String(), r.Stage, r.Status))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	const (
		breach = "- breach 67 2017-02-13 new "
		first  = "11 request 51 2017-03-01 coming "
		view   = "11 third_party_view 61 2017-03-10 coming "
		second = "11 request 51 2017-04-26 coming "
	)
	for on, want := range map[string][]string{
		"2017-02-12": {breach + "open"},
		"2017-02-22": {breach + "overdue", first + "open"},
		"2017-02-28": {breach + "overdue", first + "lapsed"}, // due by another day
		"2017-03-10": {breach + "overdue", first + "lapsed", view + "open"},
		"2017-03-11": {breach + "overdue", first + "lapsed", view + "lapsed"},
		"2017-04-27": {breach + "overdue", first + "lapsed", view + "lapsed", second + "overdue"},
		"2017-04-28": {breach + "overdue", first + "lapsed", view + "lapsed", second + "met_late"},
	} {
		if d := cmp.Diff(want, list(on, rows.Filter{})); d != "" {
			t.Errorf("on %s (-want +got):\n%s", on, d)
		}
	}
	for name, c := range map[string]struct {
		filter rows.Filter
		want   int
	}{
		"agency":            {rows.Filter{Agency: "click"}, 4},
		"another agency":    {rows.Filter{Agency: "sol"}, 0},
		"dossier":           {rows.Filter{Dossier: rowstest.ID(11)}, 3},
		"raised from":       {rows.Filter{From: day("2017-03-03").Start()}, 2},
		"raised until":      {rows.Filter{Until: day("2017-03-03").Start()}, 2},
		"another's dossier": {rows.Filter{Agency: "sol", Dossier: rowstest.ID(11)}, 0},
	} {
		if got := list("2017-06-01", c.filter); len(got) != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, reminders.Projection{}, &story(t).History)
}
