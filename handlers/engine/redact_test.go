package engine_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
)

// C-2.7a, S-Toe2: whoever sees some categories of a dossier learns from its
// timeline nothing of acts in which others are: to whom something was disclosed
// and on what ground, what the client agreed to, what he complained of.
func TestTheTimelineTellsNothingOfHiddenActs_C_2_7a(t *testing.T) {
	r := openRights(t)
	d, coach, person := r.dossiers[0], r.person("assigned"), "zqcontactperson"
	consent, plan := uuid.NewString(), uuid.NewString()
	for _, c := range []struct {
		command string
		data    any
	}{
		{"AddRecord", m{"record": plan, "category": "plan", "title": "t", "text": "Tekst.", "source": "client"}},
		{"GiveConsent", m{"consent": consent, "for": "disclose", "categories": []string{"plan"}, "recipient": recipientID, "purpose": "guidance", "explicit": true, "evidence": "formulier"}},
		{"Disclose", m{"disclosure": uuid.NewString(), "recipient": recipientID, "recipient_person": person, "address_used": "Straat 1", "categories": []string{"plan"}, "records": []string{plan}, "ground": "consent", "purpose": "guidance", "channel": "letter", "evidence": m{"consent": consent, "document": "zqwhatwentout"}}},
		{"FileComplaint", m{"complaint": uuid.NewString(), "received_on": today(), "channel": "letter", "text": "zqcomplaint"}},
	} {
		raw, err := json.Marshal(map[string]any{"id": uuid.NewString(), "command": c.command, "dossier": d, "data": c.data})
		if err != nil {
			t.Fatal(err)
		}
		if status, body := r.ask(coach, "POST", "/api/v1/commands", string(raw)); status != 200 {
			t.Fatalf("%s: %s", c.command, body)
		}
	}
	if err := r.e.Views.WaitFor(t.Context(), head(t, r.e)); err != nil {
		t.Fatal(err)
	}
	acts := []string{"disclosure.made", "consent.given", "complaint.", person, "zqwhatwentout", "zqcomplaint", consent}
	for _, path := range []string{"/api/v1/agencies/click/dossiers/" + d, "/api/v1/agencies/click/dossiers/" + d + "/timeline", "/dossiers/" + d} {
		sees := path + "?purpose=guidance"
		status, whole := r.ask(coach, "GET", sees, "")
		if status != 200 || !strings.Contains(whole, person) {
			t.Fatalf("%s: who guides does not see it: %d", path, status)
		}
		for _, who := range []string{"office", "granted"} {
			status, body := r.ask(r.person(who), "GET", sees, "")
			if status != 200 {
				t.Fatalf("%s: %s gets %d", path, who, status)
			}
			for _, act := range acts {
				if strings.Contains(body, act) {
					t.Errorf("%s: %s is told of %s", path, who, act)
				}
			}
		}
	}
}
