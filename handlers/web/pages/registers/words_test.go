package registers

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/reviews"
)

// ui.md §1: every register, column and code has a name in both languages.
func TestEverythingHasAName(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string][]string{
		"deadline_status": {deadlines.StatusOpen, deadlines.StatusOverdue, deadlines.StatusMet, deadlines.StatusMetLate, deadlines.StatusWithdrawn},
		"request_state":   {requests.StateOpen, requests.StateDecided, requests.StateRefused, requests.StateFulfilled, requests.StateWithdrawn},
		"notice_state":    {notices.StatePending, notices.StateSent, notices.StateImpossible, notices.StateDisproportionate},
		"notice_to":       {notices.ToClient, notices.ToRecipient},
		"incident_state":  {incidents.StateReported, incidents.StateAssessed, incidents.StateNotified, incidents.StateClosed},
		"paper_state":     {paper.StateIn, paper.StateOut, paper.StateDestroyed},
		"review_state":    {reviews.StateOpen, reviews.StateOverdue, reviews.StateDone},
		"review_kind":     {reviews.KindAccess, reviews.KindBreakGlass},
		"approval_kind":   {approvals.KindDisclosure, approvals.KindGrant, approvals.KindRegulation, approvals.KindPolicies},
		"approval_state":  {approvals.StatePending, approvals.StateConfirmed, approvals.StateDenied},
		"pattern":         queries.PatternCodes,
	}
	for _, p := range words {
		for _, r := range queries.Registers {
			for _, key := range []string{"register." + r, "register." + r + ".what"} {
				if !p.Has(key) {
					t.Errorf("%s: %s has no words", p.Lang, key)
				}
			}
			for _, c := range columnsOf(p, r) {
				if strings.HasPrefix(c.Label, "column.") {
					t.Errorf("%s: %s of %s has no label", p.Lang, c.Name, r)
				}
			}
		}
		for list, all := range codes {
			for _, c := range all {
				if !p.Has(list + "." + c) {
					t.Errorf("%s: %s.%s has no name", p.Lang, list, c)
				}
			}
		}
	}
}

// a trajectory is told by its number, its beginning and its end, in this order.
func TestATrajectoryInACell(t *testing.T) {
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	w := writer{p: words.For("nl"), register: "dossiers"}
	got := w.cell(column{Name: "trajectories"}, json.RawMessage(`[{"trajectory":"WF-1","started":"2025-03-21","ended":"2025-09-23"},{"trajectory":"WF-2","started":"2026-01-06"}]`))
	if want := "WF-1, 21-03-2025, 23-09-2025, WF-2, 06-01-2026"; got.Text != want {
		t.Errorf("got %q, want %q", got.Text, want)
	}
}
