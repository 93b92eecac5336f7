package review_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
	"github.com/casefile-engine/casefile/domain/review"
)

func data(from, until, outcome, more string) string {
	return `{"review":"` + sc.Hold + `","from":"` + from + `","until":"` + until + `","sample":25,"findings":"Marker","outcome":"` + outcome + `"` + more + `}`
}

// C-2.1.4b, C-2.1.4c: a review of access is an act on record: of which period,
// on how many looks, with what outcome; what was found is sealed.
func TestReviewAccess_C_2_1_4b(t *testing.T) {
	t.Run("on record", func(t *testing.T) {
		w := sc.Opened(t, "click-2017")
		r := w.Given("2017-04-05", "ReviewAccess", data("2017-01-01", "2017-03-31", "in_order", `,"dossiers":["`+sc.Dossier+`"],"staff":["`+sc.Stranger+`","`+sc.Admin+`"]`))
		e := r.Facts[0].Event.(*review.Reviewed)
		if e.From.String() != "2017-01-01" || e.Until.String() != "2017-03-31" || e.Sample != 25 || e.Outcome != review.InOrder ||
			!slices.Equal(e.Dossiers, []string{sc.Dossier}) || !slices.Equal(e.Staff, []string{sc.Admin, sc.Stranger}) || len(r.Warnings) != 0 {
			t.Errorf("%+v %v", e, r.Warnings)
		}
		if s := r.Facts[0].Sections; len(s) != 1 || s[0].Owner != "review/"+sc.Hold || s[0].Class != domain.ClassPerson || !strings.Contains(string(s[0].Data), "Marker") {
			t.Errorf("%+v", s)
		}
		w.When("2017-04-06", "ReviewAccess", data("2017-01-01", "2017-03-31", "in_order", "")).Refused("id_in_use", "C-2.1.4b")
	})
	t.Run("of days that have been", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		w.When("2017-04-05", "ReviewAccess", data("2017-04-01", "2017-04-06", "in_order", "")).Refused("in_future", "C-2.1.4b")
		w.When("2017-04-05", "ReviewAccess", data("2017-04-02", "2017-04-01", "in_order", "")).Refused("out_of_range", "C-2.1.4b")
		w.Given("2017-04-05", "ReviewAccess", data("2017-04-05", "2017-04-05", "in_order", ""))
	})
	t.Run("with its findings", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		whole := data("2017-04-01", "2017-04-02", "in_order", "")
		for _, c := range []struct{ from, to, code string }{
			{`"Marker"`, `" "`, "missing"}, {`"sample":25,`, "", "missing"}, {`25`, `-1`, "out_of_range"}, {`in_order`, `fine`, "unknown_code"},
		} {
			w.When("2017-04-05", "ReviewAccess", strings.Replace(whole, c.from, c.to, 1)).Refused(c.code, domain.RuleForm)
		}
		w.Given("2017-04-05", "ReviewAccess", strings.Replace(whole, "25", "0", 1))
	})
	t.Run("what is irregular is an incident L-33", func(t *testing.T) {
		w := sc.Begin(t, "solutions-vpr")
		if r := w.Given("2017-04-05", "ReviewAccess", data("2017-04-01", "2017-04-02", "irregular", "")); !slices.Equal(r.Warnings, []string{review.WarnIncidentMissing}) {
			t.Error(r.Warnings)
		}
		w = sc.Begin(t, "solutions-vpr")
		if r := w.Given("2017-04-05", "ReviewAccess", data("2017-04-01", "2017-04-02", "irregular", `,"incident":"`+sc.Record+`"`)); len(r.Warnings) != 0 {
			t.Error(r.Warnings)
		}
	})
	t.Run("one's own looks are for somebody else", func(t *testing.T) {
		w := sc.Begin(t, "click-2017")
		if r := w.Given("2017-04-05", "ReviewAccess", data("2017-04-01", "2017-04-02", "in_order", `,"staff":["`+sc.Coach+`"]`)); !slices.Equal(r.Warnings, []string{review.WarnOwnLooks}) {
			t.Error(r.Warnings)
		}
	})
	t.Run("of an agency that is there", func(t *testing.T) {
		sc.New(t).When("2017-04-05", "ReviewAccess", data("2017-04-01", "2017-04-02", "in_order", "")).Refused("unknown_agency", "C-5")
	})
}
