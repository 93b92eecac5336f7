package web_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// C-2.1.5b: whoever is named as approving something finds it on his page, and says
// for himself whether he did; nobody else can, and what he says stands in the register.
func TestWhoeverIsNamedAnswersForHimself_C_2_1_5b(t *testing.T) {
	r := openReal(t)
	director, coach := r.logins["click/director"], r.logins["click/coach"]
	grants := []string{uuid.NewString(), uuid.NewString()}
	day := func(n int) string { return time.Now().AddDate(0, 0, n).Format(time.DateOnly) }
	var last uint64
	for _, g := range grants {
		raw, err := json.Marshal(map[string]any{"grant": g, "staff": coach.Staff, "team": true, "categories": []string{"hours"}, "purpose": "guidance", "reason": "Overdracht",
			"from": day(1), "until": day(30), "authorised_by": director.Staff})
		if err != nil {
			t.Fatal(err)
		}
		out := r.engine.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "GrantAccess", Data: raw})
		if out.Outcome != commands.Accepted {
			t.Fatalf("%+v", out)
		}
		last = out.Position
	}
	form := func(body, ref, answer string) url.Values {
		for _, f := range regexp.MustCompile(`(?s)<form method="post" action="/approvals/answer".*?</form>`).FindAllString(body, -1) {
			if field(t, f, "ref") == ref && field(t, f, "answer") == answer {
				v := url.Values{}
				for _, name := range []string{"command", "answer", "kind", "ref", "dossier", "staff"} {
					v.Set(name, field(t, f, name))
				}
				return v
			}
		}
		t.Fatalf("no form for the answer %s", answer)
		return nil
	}
	r.signIn(r.name("click/director"))
	page := r.get("/approvals?after=" + strconv.FormatUint(last, 10))
	if page.status != http.StatusOK || !strings.Contains(page.body, "Verleende inzage") || !strings.Contains(page.body, coach.Name) || !strings.Contains(page.body, "de operator") {
		t.Fatalf("the page: %d", page.status)
	}
	yes, no := form(page.body, grants[0], "confirmed"), form(page.body, grants[1], "denied")

	b := r.world.browser()
	for i, lang := range []string{"nl", "en"} {
		b.look(1280-int64(i)*960, 900, i > 0)
		if i == 0 {
			b.signIn(r.name("click/director"))
		}
		b.open("/language?to=" + lang)
		b.open("/approvals")
		for _, wrong := range eval[[]string](b, accessible) {
			t.Errorf("%s: %s", lang, wrong)
		}
		b.shot("approvals-" + lang)
	}

	r.browserless() // nobody answers for another
	r.signIn(r.name("click/coach"))
	if p := r.post("/approvals/answer", yes); p.status != http.StatusForbidden || strings.Contains(p.body, director.Name) {
		t.Fatalf("by a coach: %d", p.status)
	}
	if p := r.get("/approvals"); p.status != http.StatusForbidden {
		t.Fatalf("a coach's page: %d", p.status)
	}
	r.browserless()
	r.signIn(r.name("solutions/director"))
	if p := r.get("/approvals"); p.status != http.StatusOK || strings.Contains(p.body, coach.Name) || !strings.Contains(p.body, "Er is niets dat u moet bevestigen.") {
		t.Fatalf("another agency's page: %d", p.status)
	}

	r.browserless()
	r.signIn(r.name("click/director"))
	for _, f := range []url.Values{yes, no} {
		p := r.post("/approvals/answer", f)
		if p.status != http.StatusSeeOther {
			t.Fatalf("%s: %d\n%s", f.Get("answer"), p.status, p.body)
		}
		if page = r.get(p.header.Get("Location")); !strings.Contains(page.body, "Uw antwoord is vastgelegd.") {
			t.Fatal("the page does not say that it is recorded")
		}
	}
	if strings.Contains(page.body, `action="/approvals/answer"`) || !strings.Contains(page.body, "ontkend") || !strings.Contains(page.body, "bevestigd") {
		t.Error("the answers are not on the page")
	}
	again := url.Values{}
	for k, v := range yes {
		again[k] = slices.Clone(v)
	}
	again.Set("command", uuid.NewString())
	if p := r.post("/approvals/answer", again); p.status != http.StatusUnprocessableEntity || !strings.Contains(p.body, "C-2.1.5b") {
		t.Errorf("the same answer again: %d", p.status)
	}
	if p := r.post("/approvals/answer", url.Values{"command": {uuid.NewString()}, "answer": {"confirmed"}, "kind": {"no such"}, "ref": {"x"}}); p.status != http.StatusBadRequest {
		t.Errorf("nonsense: %d", p.status)
	}
	states := map[string]string{}
	err := r.engine.Queries.Export(t.Context(), queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "list", After: last},
		queries.ExportOptions{Register: "approvals"}, func(row any) error {
			raw, err := json.Marshal(row)
			if err != nil {
				return err
			}
			var x struct{ Ref, State, Approver string }
			if err := json.Unmarshal(raw, &x); err != nil {
				return err
			}
			states[x.Ref] = x.State
			return nil
		})
	if err != nil || states[grants[0]] != "confirmed" || states[grants[1]] != "denied" {
		t.Errorf("the register says %v, %v", states, err)
	}
}
