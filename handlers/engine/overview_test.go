package engine_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/projections/overviews"
)

// enrol gives the agency a member of staff with a role.
func enrol(t *testing.T, e *engine.Engine, role, at string) commands.Caller {
	t.Helper()
	id := uuid.NewString()
	do(t, e, operator, "EnrolStaff", "", at+"T05:00:00Z", m{"staff": id, "name": "Iemand", "login": id[:8]})
	do(t, e, operator, "SignConfidentiality", "", at+"T05:10:00Z", m{"staff": id, "signed_on": at, "reference": "map 1"})
	do(t, e, operator, "GrantRole", "", at+"T05:20:00Z", m{"staff": id, "role": role})
	return commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: id}
}

// clients opens n dossiers of a service.
func clients(t *testing.T, e *engine.Engine, n int, service, standing string) (ids []string, last uint64) {
	t.Helper()
	for range n {
		id := uuid.NewString()
		client := m{"family_name": "Proef" + id[:8], "given_names": "A", "birth_date": "1980-01-01"}
		last = do(t, e, operator, "OpenDossier", id, "2020-01-01T09:00:00Z", m{"client": client, "service": service, "referral": "self", "standing": standing}).Position
		ids = append(ids, id)
	}
	return ids, last
}

func overviewReader(c commands.Caller, after uint64) queries.Reader {
	return queries.Reader{Caller: c, Agency: "click", Action: "view", After: after}
}

func counts(o *queries.Overview) (out []string) {
	for _, r := range o.Rows {
		out = append(out, fmt.Sprint(strings.Join(r.Codes, "/"), " ", r.Count))
	}
	return out
}

// questions are those that stand on the stream, in order.
func questions(t *testing.T, e *engine.Engine) (out []overviews.Asked) {
	t.Helper()
	head, err := e.Store.Head(t.Context())
	if err == nil {
		err = e.Views.WaitFor(t.Context(), head)
	}
	if err == nil {
		err = overviews.Answered(t.Context(), e.DB, "click", time.Time{}, func(a overviews.Asked) error {
			out = append(out, a)
			return nil
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// C-1.2d, C-1.2a: a director sees rounded counts, few are withheld with another,
// the question is on record before, and what is nearly the same is refused.
func TestOverviewIsGuardedAndOnRecord_C_1_2d(t *testing.T) {
	e := open(t, t.TempDir(), true)
	coach, dossier, _ := small(t, e)
	director := enrol(t, e, "director", "2019-06-01")
	clients(t, e, 22, "reintegration", "benefit")
	clients(t, e, 12, "absence", "benefit")
	_, last := clients(t, e, 3, "arbo", "employee")

	o, err := e.Queries.Overview(t.Context(), overviewReader(director, last), overview.Query{By: []string{"service"}, Measures: []string{"hours"}})
	if err != nil {
		t.Fatal(err)
	}
	if got := counts(o); !slices.Equal(got, []string{"absence <10", "arbo <10", "reintegration 25", "* 40"}) {
		t.Errorf("got %q", got)
	}
	text, _ := json.Marshal(o)
	for _, id := range []string{coach, dossier, director.Staff, "Proef"} {
		if strings.Contains(string(text), id) {
			t.Error("the overview names somebody")
		}
	}
	if asked := questions(t, e); len(asked) != 1 || asked[0].Position != o.Position || asked[0].Role != "director" || asked[0].Threshold != 10 || !slices.Equal(asked[0].Shown, []string{"reintegration", "*"}) {
		t.Errorf("on record: %+v", asked)
	}

	// Somebody else of the agency asks for nearly the same people.
	officer := enrol(t, e, "compliance_officer", "2019-06-02")
	q := overview.Query{Where: map[string][]string{"service": {"absence", "reintegration"}}}
	if o, err := e.Queries.Overview(t.Context(), overviewReader(officer, 0), q); o != nil || domain.AsError(err).Code != "differencing" || domain.AsError(err).Rule != "C-1.2d" {
		t.Errorf("got %v, %v", o, err)
	}
	// A coach may ask nothing. Both refusals are on record.
	if o, err := e.Queries.Overview(t.Context(), overviewReader(commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: coach}, 0), q); o != nil || domain.AsError(err).Code != "not_permitted" {
		t.Errorf("a coach got %v, %v", o, err)
	}
	if got := denials(t, e); !slices.Equal(got, []string{"differencing", "not_permitted"}) {
		t.Errorf("refusals on record: %q", got)
	}
	if len(questions(t, e)) != 1 {
		t.Error("a refused question counts as answered")
	}
}

// denials are the codes of refused questions, in stream order.
func denials(t *testing.T, e *engine.Engine) (out []string) {
	t.Helper()
	questions(t, e)
	rows, err := e.DB.Query(t.Context(), "SELECT asked FROM overviews WHERE outcome = ? ORDER BY position", "denied")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var asked string
		var ev struct{ Code string }
		if err := rows.Scan(&asked); err != nil || json.Unmarshal([]byte(asked), &ev) != nil {
			t.Fatal(asked, err)
		}
		out = append(out, ev.Code)
	}
	return out
}

// C-1.2d: one dossier more does not show: the same people are counted until
// enough have come, and then all of them.
func TestOneDossierMoreDoesNotShow_C_1_2d(t *testing.T) {
	e := open(t, t.TempDir(), true)
	small(t, e)
	_, last := clients(t, e, 21, "absence", "benefit")
	op := commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}
	ask := func(after uint64) *queries.Overview {
		o, err := e.Queries.Overview(t.Context(), overviewReader(op, after), overview.Query{})
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := ask(last)
	_, last = clients(t, e, 1, "absence", "benefit") // the 23rd: 22 are shown as 20, 23 as 25
	second := ask(last)
	if first.Rows[0].Count.Number != 20 || second.Rows[0].Count.Number != 20 || !second.CountedAt.Before(time.Now()) {
		t.Errorf("%v, then %v", counts(first), counts(second))
	}
	_, last = clients(t, e, 9, "absence", "benefit")
	if third := ask(last); third.Rows[0].Count.Number != 30 {
		t.Errorf("ten more: %v", counts(third))
	}
}

// C-1.2d: two questions at once do not slip past the guard: of two that differ
// by few, asked together many times, one is answered.
func TestTwoQuestionsAtOnce_C_1_2d(t *testing.T) {
	e := open(t, t.TempDir(), true)
	small(t, e)
	clients(t, e, 15, "absence", "benefit")
	_, last := clients(t, e, 4, "absence", "employee")
	var group sync.WaitGroup
	answered := make([]bool, 8)
	for i := range answered {
		q := overview.Query{}
		if i%2 == 1 {
			q.Where = map[string][]string{"standing": {"benefit", "none"}}
		}
		op := commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}
		group.Go(func() {
			o, err := e.Queries.Overview(t.Context(), overviewReader(op, last), q)
			answered[i] = err == nil
			if (o == nil) == (err == nil) || err != nil && domain.AsError(err).Code != "differencing" {
				t.Errorf("%v, %v", o, err)
			}
		})
	}
	group.Wait()
	for i := range answered {
		if answered[i] != answered[i%2] {
			t.Errorf("one selection was answered and refused: %v", answered)
		}
	}
	if answered[0] == answered[1] {
		t.Errorf("both selections, or none, were answered: %v", answered)
	}
}

// C-1.2d: no record, no overview.
func TestNoRecordNoOverview_C_1_2d(t *testing.T) {
	e := open(t, t.TempDir(), true)
	_, _, last := small(t, e)
	op := commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if o, err := e.Queries.Overview(ctx, overviewReader(op, last), overview.Query{}); o != nil || err == nil {
		t.Errorf("got %v, %v", o, err)
	}
	if len(questions(t, e)) != 0 {
		t.Error("a question that was not answered counts as answered")
	}
}
