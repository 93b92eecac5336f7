package access_test

import (
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	sc "github.com/casefile-engine/casefile/domain/catalog/scenario"
)

func TestRecordAccess_C_2_1_4b(t *testing.T) {
	look := `{"action":"view","categories":["report","contact"],"purpose":"guidance"}`
	t.Run("names the dossier of the command", func(t *testing.T) {
		w := sc.Opened(t, "click-2017")
		e := w.Given("2017-03-01", "RecordAccess", look).Facts[0].Event.(*access.Recorded)
		if e.Outcome != access.Allowed || !e.Imported || e.Ground != "none" || !slices.Equal(e.Dossiers, []string{sc.Dossier}) ||
			!slices.Equal(e.Categories, []domain.Category{"contact", "report"}) {
			t.Fatalf("%+v", e)
		}
		// An older log may come in late.
		w.Given("2017-02-20", "RecordAccess", look)
	})
	t.Run("not of an unknown dossier", func(t *testing.T) {
		sc.Begin(t, "click-2017").When("2017-03-01", "RecordAccess", look).Refused("unknown_dossier", "C-0a")
	})
	t.Run("not before the dossier was opened", func(t *testing.T) {
		sc.Opened(t, "click-2017").When("2017-01-31", "RecordAccess", look).Refused("before_opening", domain.RuleForm)
	})
	t.Run("not in the future", func(t *testing.T) {
		sc.Opened(t, "click-2017").When("2026-06-02", "RecordAccess", look).Refused("in_future", domain.RuleForm)
	})
}
