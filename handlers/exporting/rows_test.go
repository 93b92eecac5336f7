package exporting

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// The columns of each register are those of catalogue §3, in its order.
func TestColumnsAreThoseOfTheCatalogue(t *testing.T) {
	for register, want := range map[string]string{
		"disclosures": "disclosure agency dossier occurred_at recorded_at recipient recipient_class categories records ground purpose channel actor consent profile unlawful position notices_pending occurred_on",
		"retention":   "agency dossier class profile starts term due status missing holds explanation",
		"dossiers":    "agency dossier status trajectories assigned records last_event_at position",
		"deadlines":   "agency dossier kind ref started due status",
		"obligations": "agency dossier kind since ref",
		"reviews":     "agency kind review glass dossier dossiers staff from until sample outcome due state reviewed_at actor incident position",
		"reminders":   "agency dossier reminder kind ref item due stage status for role raised_at position",
		"approvals":   "agency dossier staff kind ref recipient categories ground occurred_at actor approver state answered_at position",
		"hours":       "agency dossier entry trajectory date minutes activity actor",
	} {
		if d := cmp.Diff(strings.Fields(want), Columns(register)); d != "" {
			t.Errorf("%s (-want +got):\n%s", register, d)
		}
	}
}

// Every register that can be exported has its columns.
func TestEveryRegisterHasColumns(t *testing.T) {
	for _, r := range queries.Registers {
		if Columns(r) == nil {
			t.Errorf("%s has no columns", r)
		}
	}
}

var row = json.RawMessage(`{"agency":"=HYPERLINK(\"x\")","dossier":"-1","status":"open","trajectories":[{"trajectory":"T-1"}],"assigned":["a","b"],"records":{"report":2,"plan":1},"position":12345678901}`)

// A text that a spreadsheet would take for a formula is kept from being one;
// numbers stay numbers, absent values stay empty.
func TestCellsCannotBecomeFormulas(t *testing.T) {
	var out bytes.Buffer
	w, err := New("csv", "dossiers", false, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Row(row); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffagency;dossier;status;trajectories;assigned;records;last_event_at;position\r\n" +
		`"'=HYPERLINK(""x"")";'-1;open;"[{""trajectory"":""T-1""}]";a, b;plan=1, report=2;;12345678901` + "\r\n"
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

func TestAWorkbookHoldsTheSame(t *testing.T) {
	var out bytes.Buffer
	w, err := New("xlsx", "dossiers", false, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Row(row); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("dossiers", excelize.Options{RawCellValue: true})
	if err != nil || len(rows) != 2 {
		t.Fatalf("%v %v", rows, err)
	}
	want := []string{`'=HYPERLINK("x")`, "'-1", "open", `[{"trajectory":"T-1"}]`, "a, b", "plan=1, report=2", "", "12345678901"}
	if d := cmp.Diff(want, rows[1]); d != "" {
		t.Error(d)
	}
	if formula, _ := f.GetCellFormula("dossiers", "A2"); formula != "" {
		t.Error("a formula came through")
	}
	w, _ = New("xlsx", "dossiers", false, &out)
	if err := w.Row(json.RawMessage(`{"agency":"` + strings.Repeat("a", maxCell+1) + `"}`)); err == nil {
		t.Error("a cell over the limit was cut without a word")
	}
}
