package engine_test

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/policy"
)

// adopt gives the command as the director, through the API.
func (r *rights) adopt(files ...policy.Text) (status int, code string) {
	r.Helper()
	raw, err := json.Marshal(map[string]any{"id": uuid.NewString(), "command": "AdoptPolicies", "data": map[string]any{"files": named(files)}})
	if err != nil {
		r.Fatal(err)
	}
	status, body := r.ask(r.person("director"), "POST", "/api/v1/commands", string(raw))
	var out struct{ Code string }
	if err := json.Unmarshal([]byte(body), &out); err != nil {
		r.Fatal(body)
	}
	return status, out.Code
}

func named(files []policy.Text) (out []map[string]string) {
	for _, f := range files {
		out = append(out, map[string]string{"name": f.Name, "text": f.Text})
	}
	return out
}

// everythingPermitted is what an agency writes that wants to be rid of all this.
var everythingPermitted = policy.Text{Name: "all.cedar", Text: `@id("everything") permit (principal, action, resource);`}

// C-2.1.4a, C-2.7a: an agency narrows who may do what by policies of its own; they
// hold at once, they stand on the stream, each look says by which it was decided,
// and the law stands beneath whatever they permit.
func TestAnAgencyAdoptsItsOwnPolicies(t *testing.T) {
	r := openRights(t)
	coach, other, d := r.person("assigned"), r.person("other"), "/api/v1/agencies/click/dossiers/"+r.dossiers[0]
	if status, _ := r.ask(coach, "GET", d, ""); status != 200 {
		t.Fatalf("the coach reads his dossier: %d", status)
	}
	builtIn := r.e.Policies.BuiltIn()
	texts := builtIn.Texts()[1:]
	narrow := append(texts, policy.Text{Name: "narrow.cedar", Text: `@id("no-diagnosis") @code("not_in_this_agency") @rule("C-2.7a")
forbid (principal in Role::"coach", action in Action::"read", resource is Dossier) when { context.category == "medical" };`})
	if status, code := r.adopt(narrow...); status != 200 {
		t.Fatalf("adopting: %d %s", status, code)
	}
	status, body := r.ask(coach, "GET", d, "")
	if status != 200 || strings.Contains(body, marked(0, "medical")) || !strings.Contains(body, marked(0, "plan")) {
		t.Errorf("under the narrower policies: %d, medical shown %v", status, strings.Contains(body, marked(0, "medical")))
	}
	if err := r.e.Views.WaitFor(t.Context(), head(t, r.e)); err != nil {
		t.Fatal(err)
	}
	_, history := r.ask(r.person("officer"), "GET", "/api/v1/agencies/click/history?purpose=audit", "")
	own, err := r.e.Policies.Of(narrow)
	if err != nil {
		t.Fatal(err)
	}
	for what, digest := range map[string]string{"the built-in policies": builtIn.Digest(), "the agency's own": own.Digest()} {
		if !strings.Contains(history, digest) {
			t.Errorf("no look says that %s decided", what)
		}
	}
	if !strings.Contains(history, "no-diagnosis") {
		t.Error("the history does not hold the adopted policies")
	}
	// Whatever an agency permits, the law forbids what it forbids.
	if status, code := r.adopt(everythingPermitted); status != 200 {
		t.Fatalf("adopting: %d %s", status, code)
	}
	if status, body := r.ask(other, "GET", d, ""); status != 403 || strings.Contains(body, marked(0, "contact")) {
		t.Errorf("a policy that permits everything let a stranger in: %d", status)
	}
	// What cannot be used is refused, and changes nothing.
	for _, text := range []string{"permit", `@id("law-active") permit (principal, action, resource);`, `@id("a") permit (principal, action == Action::"Fly", resource);`} {
		if status, code := r.adopt(policy.Text{Name: "bad.cedar", Text: text}); status != 400 || code != "invalid_policy" {
			t.Errorf("%q: %d %s", text, status, code)
		}
	}
	// Back to the built-in ones; only a director may.
	if status, code := r.adopt(); status != 200 {
		t.Fatalf("back: %d %s", status, code)
	}
	if _, body := r.ask(coach, "GET", d, ""); !strings.Contains(body, marked(0, "medical")) {
		t.Error("back to the built-in policies, the coach does not see the whole dossier")
	}
	raw := `{"command":"AdoptPolicies","data":{}}`
	for _, p := range []string{"assigned", "officer", "admin", "auditor"} {
		if status, _ := r.ask(r.person(p), "POST", "/api/v1/commands", raw); status != 403 {
			t.Errorf("%s adopts policies: %d", p, status)
		}
	}
}

// C-2.7a, C-2.1.4a: a policy that names somebody is about him and nobody else,
// however his id is written: what is remembered of others is no answer for him.
func TestAPolicyThatNamesSomebodyIsAboutHim(t *testing.T) {
	r := openRights(t)
	kept, other := r.person("assigned"), r.person("other")
	path := func(i int) string { return "/api/v1/agencies/click/dossiers/" + r.dossiers[i] }
	builtIn := r.e.Policies.BuiltIn().Texts()[1:]
	for _, form := range []string{`Staff::"%s"`, `Staff :: "%s"`, "Staff::\n  \"%s\"", "Staff:: // the colleague\n\"%s\""} {
		text := `@id("not-now") forbid (principal == ` + strings.Replace(form, "%s", kept.staff, 1) + `, action in Action::"read", resource is Dossier);`
		if status, code := r.adopt(append(builtIn, policy.Text{Name: "one.cedar", Text: text})...); status != 200 {
			t.Fatalf("adopting %q: %d %s", form, status, code)
		}
		if status, _ := r.ask(other, "GET", path(1), ""); status != 200 {
			t.Errorf("%q: another coach reads his own dossier: %d", form, status)
		}
		if status, body := r.ask(kept, "GET", path(0), ""); status != 403 || strings.Contains(body, marked(0, "contact")) {
			t.Errorf("%q: whom the policy names reads on: %d", form, status)
		}
	}
}

// C-0d, C-2.7a, C-2.7e, L-9: an agency that permits everything lets nobody in but
// whom the catalogue's table does, shows him no more, and has him give no other
// commands. What is open in a dossier for the compliance officer to look into is no
// door for others who give the same purpose.
func TestAnAgencyThatPermitsEverythingOpensNothing(t *testing.T) {
	r := openRights(t)
	if status, code := r.adopt(everythingPermitted); status != 200 {
		t.Fatalf("adopting: %d %s", status, code)
	}
	for _, p := range r.people {
		for _, purpose := range []string{"guidance", "rights_request", "audit"} { // the client has asked; a glass is to be reviewed
			for i, d := range r.dossiers {
				open := slices.ContainsFunc(readable, func(c domain.Category) bool { return r.allows(p.question(i, "view", purpose, c)) })
				status, body := r.ask(p, "GET", "/api/v1/agencies/click/dossiers/"+d+"?purpose="+purpose, "")
				if (status == 200) != open {
					t.Errorf("%s for %s: dossier %d: %d, want it open: %v", p.name, purpose, i, status, open)
				}
				r.sees(p, "a dossier for "+purpose, body, "view", purpose)
			}
		}
		raw := `{"command":"RegisterRecipient","data":{"recipient":"` + uuid.NewString() + `","name":"N","class":"commissioner","subtype":"uwv","agreement":"A"}}`
		if status, body := r.ask(p, "POST", "/api/v1/commands", raw); (status == 200) != (p.role == "administrator") {
			t.Errorf("%s registers a recipient: %d %.200s", p.name, status, body)
		}
	}
}

// C-2.1.4a, C-2.7a: policies that this program can no longer use, as after a
// change of its schema, let nobody do what they may have prohibited; the operator
// puts others in their place.
func TestPoliciesOfAnOlderSchemaLetNobodyIn(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	r := openRightsOn(t, engine.Options{Data: dir, Create: true, Follow: true})
	ref := domain.Ref{Agency: "click", Kind: domain.KindAgency, ID: "click"}
	last, err := r.e.Store.Last(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	old := &agency.PoliciesAdopted{Files: []agency.PolicyFile{{Name: "old.cedar", Text: `@id("old") forbid (principal, action == Action::"Fly", resource);`}}}
	attr := commands.Attribution{Command: "AdoptPolicies", CommandID: uuid.NewString(), Actor: domain.Operator, RecordedBy: domain.Operator, Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}}
	d, err := commands.NewDraft(t.Context(), r.e.Vault, ref, last.Envelope.Version+1, attr, []domain.Fact{{Event: old}})
	if err != nil {
		t.Fatal(err)
	}
	p := &eventstore.Pending{Ref: ref, Expect: last.Position, CommandID: attr.CommandID, Stamp: func(p *eventstore.Pending, recorded time.Time) error {
		done, err := d.Finish(r.e.Ledger.Key().Code, recorded, last.Position, eventstore.LeafHash(last.Clear))
		if err == nil {
			p.Recorded, p.Payload, p.Leaf = recorded, done.Payload, done.Leaf
		}
		return err
	}}
	if _, err := r.e.Store.Append(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if err := r.e.Close(); err != nil {
		t.Fatal(err)
	}
	if r.e, err = engine.Open(t.Context(), engine.Options{Data: dir, Follow: true}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.e.Close() })
	r.serve()
	coach, dossier := r.person("assigned"), r.dossiers[0]
	note := func() (int, string) {
		raw, err := json.Marshal(m{"id": uuid.NewString(), "command": "AddRecord", "dossier": dossier,
			"data": m{"record": uuid.NewString(), "category": "report", "title": "t", "text": "x", "source": "client"}})
		if err != nil {
			t.Fatal(err)
		}
		return r.ask(coach, "POST", "/api/v1/commands", string(raw))
	}
	if status, body := note(); status == 200 || !strings.Contains(body, "invalid_policy") {
		t.Errorf("a command under policies that cannot be read: %d %.200s", status, body)
	}
	if status, body := r.ask(coach, "GET", "/api/v1/agencies/click/dossiers/"+dossier, ""); status == 200 || strings.Contains(body, marked(0, "contact")) {
		t.Errorf("a look under policies that cannot be read: %d", status)
	}
	req := commands.Request{ID: uuid.NewString(), Agency: "click", Command: "AdoptPolicies", Data: json.RawMessage(`{}`)}
	if o := r.e.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, req); o.Outcome != commands.Accepted {
		t.Fatalf("the operator puts others in their place: %+v", o)
	}
	if status, body := note(); status != 200 {
		t.Errorf("afterwards: %d %.200s", status, body)
	}
}
