package engine_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
)

// C-2.7b, L-7: a third party is shown the records that the client agreed to and
// nothing else, on record with who it was; not after consent is withdrawn, and
// by nobody who may not look himself.
func TestAThirdPartyIsShownWhatTheClientAgreedTo(t *testing.T) {
	r := openRights(t)
	coach, d := r.person("assigned"), r.dossiers[0]
	consent, view, report, medical := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	give := func(command string, data any) {
		t.Helper()
		raw, err := json.Marshal(map[string]any{"id": uuid.NewString(), "command": command, "dossier": d, "data": data})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := r.ask(coach, "POST", "/api/v1/commands", string(raw)); status != 200 {
			t.Fatalf("%s: %s", command, body)
		}
	}
	give("AddRecord", m{"record": report, "category": "report", "title": "t", "text": "zqagreedtext", "source": "client"})
	give("AddRecord", m{"record": medical, "category": "report", "contains": []string{"medical"}, "title": "t", "text": "zqothertext", "source": "client", "necessity": "x"})
	give("GiveConsent", m{"consent": consent, "for": "view", "categories": []string{"report"}, "recipient": recipientID, "purpose": "guidance", "explicit": true, "evidence": "formulier"})
	give("GrantThirdPartyView", m{"view": view, "recipient": recipientID, "viewer": "mevrouw Vos", "records": []string{report}, "purpose": "guidance", "consent": consent, "until": time.Now().AddDate(0, 0, 7).Format(time.DateOnly)})
	if err := r.e.Views.WaitFor(t.Context(), head(t, r.e)); err != nil {
		t.Fatal(err)
	}
	path := "/api/v1/agencies/click/dossiers/" + d + "?view=" + view
	status, body := r.ask(coach, "GET", path, "")
	if status != 200 || !strings.Contains(body, "zqagreedtext") || !strings.Contains(body, `"shown_to":"`+recipientID+`"`) {
		t.Fatalf("the view: %d %s", status, body)
	}
	for _, c := range readable {
		for _, v := range append(values(0, c), "zqothertext") {
			if strings.Contains(body, v) {
				t.Errorf("the view shows %s, to which nobody agreed", v)
			}
		}
	}
	if err := r.e.Views.WaitFor(t.Context(), head(t, r.e)); err != nil {
		t.Fatal(err)
	}
	if _, log := r.ask(r.person("officer"), "GET", "/api/v1/agencies/click/access?purpose=audit&dossier="+d, ""); !strings.Contains(log, `"on_behalf_of":"`+recipientID+`"`) {
		t.Error("the register does not say on whose behalf it was looked at")
	}
	for _, p := range []string{"other", "office", "admin", "officer"} {
		if status, body := r.ask(r.person(p), "GET", path, ""); status == 200 && strings.Contains(body, "zqagreedtext") || status == 200 && p != "office" {
			t.Errorf("%s shows it: %d", p, status)
		}
	}
	give("WithdrawConsent", m{"consent": consent})
	if status, body := r.ask(coach, "GET", path, ""); status != 403 || !strings.Contains(body, "view_not_held") {
		t.Errorf("after the withdrawal: %d %.200s", status, body)
	}
	if status, _ := r.ask(coach, "GET", "/api/v1/agencies/click/dossiers/"+d+"?view="+string(domain.CatReport), ""); status != 400 {
		t.Errorf("nonsense for a view: %d", status)
	}
}
