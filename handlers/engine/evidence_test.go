package engine_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// auditing is the operator who makes evidence.
var auditing = queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "export"}

func maker(e *engine.Engine) *evidence.Maker {
	return &evidence.Maker{Queries: e.Queries, Ledger: e.Ledger, DB: e.DB, Policies: e.Policies, Version: "test"}
}

// evidenceOf makes a bundle as the operator.
func evidenceOf(t *testing.T, e *engine.Engine, q evidence.Request) []byte {
	t.Helper()
	b, err := maker(e).Make(t.Context(), auditing, q)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func holds(t *testing.T, b []byte, key *bundle.Key) *bundle.Report {
	t.Helper()
	r, err := bundle.Check(b, key)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// refusedBy shows that a bundle is refused, with one of these codes.
func refusedBy(t *testing.T, what string, b []byte, key *bundle.Key, codes ...string) {
	t.Helper()
	_, err := bundle.Check(b, key)
	var r *bundle.Refusal
	if !errors.As(err, &r) || len(codes) > 0 && !slices.Contains(codes, r.Code) {
		t.Errorf("%s: %v", what, err)
		return
	}
	for _, l := range []nl.Lang{nl.Dutch, nl.English} {
		if len(r.Says(l)) < 10 {
			t.Errorf("%s: %q", what, r.Says(l))
		}
	}
}

// viewed is an agency with a dossier that several people looked at, in several
// ways, and some did not get to see; the bundle's own look comes on top.
func viewed(t *testing.T) (w *looks, seen int) {
	w = watched(t)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	if err := w.look(t, w.other); err == nil {
		t.Fatal("a look at another's client")
	}
	if _, err := w.Queries.Caseload(t.Context(), w.by(w.asCoach(), "guidance", "list")); err != nil {
		t.Fatal(err)
	}
	w.imported(t, w.coach, w.dossier, "2020-03-28T23:30:00Z")
	colleague := enrol(t, w.Engine, "coach", "2019-07-01")
	colleague.Door = commands.DoorAPI
	if _, err := w.Queries.Dossier(t.Context(), w.by(colleague, "guidance", "view"), w.dossier, queries.DossierOptions{Open: true}); err == nil {
		t.Fatal("a colleague who is not assigned read it")
	}
	return w, 4
}

// C-2.1.4b, L-U46: given looks, a list, an attempt and an imported look, when
// evidence is made, then it holds, tells exactly these, and names its key; with
// the agency's key beside it, it is trusted, and with another it is refused.
func TestEvidenceTellsWhoLooked_C_2_1_4b(t *testing.T) {
	w, seen := viewed(t)
	raw := evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier})
	r := holds(t, raw, nil)
	if r.Trusted || !r.FromProved || !r.UntilProved || !r.Since.IsZero() || !r.AccessInside || r.Dossier != w.dossier || r.Agency != "click" {
		t.Errorf("%+v", r)
	}
	var got []string
	for _, c := range r.Looks() {
		got = append(got, c.Look.Action+" "+c.Look.Outcome)
	}
	if want := []string{"view allowed", "list allowed", "view allowed", "view denied", "export allowed"}; len(got) != seen+1 || !slices.Equal(got, want) {
		t.Errorf("the looks are %q", got)
	}
	for _, secret := range []string{"Jansen", "Eva Coach", "Eerste gesprek"} {
		if bytes.Contains(raw, []byte(secret)) {
			t.Errorf("evidence in the clear tells %q", secret)
		}
	}
	own, err := bundle.ParseKey(w.Ledger.Key().Public())
	if err != nil || !holds(t, raw, &own).Trusted {
		t.Error("the agency's own key is not known again", err)
	}
	_, vkey, err := note.GenerateKey(nil, r.Origin)
	if err != nil {
		t.Fatal(err)
	}
	other, err := bundle.ParseKey(vkey)
	if err != nil {
		t.Fatal(err)
	}
	refusedBy(t, "another key", raw, &other, bundle.CodeOtherKey)
	for _, l := range []nl.Lang{nl.Dutch, nl.English} {
		says := r.Says(l)
		if len(says.Proved) < 5 || len(says.NotProved) < 5 || !strings.Contains(strings.Join(says.Signed, " "), "ledger.pub") {
			t.Errorf("%+v", says)
		}
	}
	// A dossier of which nothing was opened but lists: other agencies have none.
	if got := holds(t, evidenceOf(t, w.Engine, evidence.Request{Dossier: w.other}), nil); len(got.Looks()) != 2 {
		t.Errorf("the other client has %d looks", len(got.Looks()))
	}
}

// C-2.1.4b: of a period the looks of that period are told, by recorded time, and
// what the log cannot prove yet of it is said.
func TestEvidenceOfAPeriod_C_2_1_4b(t *testing.T) {
	w, _ := viewed(t)
	if _, err := w.Ledger.Anchor(t.Context(), "click"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond)
	from := time.Now()
	time.Sleep(5 * time.Millisecond)
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	until := time.Now()
	if err := w.look(t, w.dossier); err != nil {
		t.Fatal(err)
	}
	r := holds(t, evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier, From: &from, Until: &until}), nil)
	if len(r.Looks()) != 1 || !r.FromProved || !r.UntilProved || !r.Since.Before(from) || r.UpTo.Before(until) || r.Since.IsZero() {
		t.Errorf("%d looks, since %v, up to %v of %v - %v", len(r.Looks()), r.Since, r.UpTo, from, until)
	}
	// The anchor that was made for it serves a second bundle of the same period,
	// whose own look then comes after it.
	if r = holds(t, evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier, From: &from, Until: &until}), nil); r.AccessInside || len(r.Looks()) != 1 {
		t.Errorf("%d looks, inside %v", len(r.Looks()), r.AccessInside)
	}
	later := time.Now().Add(time.Hour)
	if r = holds(t, evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier, Until: &later}), nil); r.UntilProved {
		t.Error("a period that has not passed is proved")
	}
	if _, err := maker(w.Engine).Make(t.Context(), auditing, evidence.Request{Dossier: w.dossier, From: &until, Until: &from}); domain.AsError(err).Code != "period" {
		t.Error(err)
	}
}

// C-2.7a, C-2.7e, C-0d: evidence is for whoever may see history and accesses of
// the agency, for an audit or a request of the client; what is opened is what
// the policies let him see; it is on record before anything comes out.
func TestWhoMayMakeEvidence_C_2_7a(t *testing.T) {
	w, _ := viewed(t)
	for _, c := range []struct {
		name, purpose string
		caller        commands.Caller
		open          bool
		code          string
	}{
		{"officer", "audit", w.officer, false, ""},
		{"officer, request", "rights_request", w.officer, false, ""},
		{"officer, guidance", "guidance", w.officer, false, "evidence_purpose"},
		{"officer, opened without a matter", "rights_request", w.officer, true, "not_assigned"},
		{"auditor", "audit", w.auditor, false, ""},
		{"auditor, request", "rights_request", w.auditor, false, "not_permitted"},
		{"auditor, opened without a grant", "audit", w.auditor, true, "not_assigned"},
		{"coach", "audit", w.asCoach(), false, "not_permitted"},
		{"director", "audit", w.director, false, "not_permitted"},
		{"administration", "audit", w.administration, false, "not_permitted"},
		{"administrator", "audit", w.admin, false, "not_permitted"},
	} {
		before := head(t, w.Engine)
		b, err := maker(w.Engine).Make(t.Context(), w.by(c.caller, c.purpose, "export"), evidence.Request{Dossier: w.dossier, Open: c.open})
		if c.code == "" && (err != nil || b.Position <= before) || c.code != "" && (b != nil || domain.AsError(err).Code != c.code) {
			t.Errorf("%s: %v", c.name, err)
		}
		if c.code != "evidence_purpose" && head(t, w.Engine) == before {
			t.Errorf("%s: nothing is on record", c.name)
		}
	}
	stranger := w.officer
	stranger.Agency = "sol" // C-2.8
	if _, err := maker(w.Engine).Make(t.Context(), w.by(stranger, "audit", "export"), evidence.Request{Dossier: w.dossier}); domain.AsError(err).Code != "unknown_agency" {
		t.Error(err)
	}
	if _, err := maker(w.Engine).Make(t.Context(), auditing, evidence.Request{Dossier: "00000000-0000-4000-8000-000000000000"}); domain.AsError(err).Code != "unknown_dossier" {
		t.Error(err)
	}
}

// C-2.9.3b: what is opened stands beside the ciphertext that the log covers; a
// bundle holds after the keys are gone, in part or wholly, and a new one says so.
func TestEvidenceOutlivesTheKeys_C_2_9_3b(t *testing.T) {
	w, _ := viewed(t)
	ask := evidence.Request{Dossier: w.dossier, Open: true}
	states := func(raw []byte) (out map[string]int) {
		out = map[string]int{}
		for _, o := range holds(t, raw, nil).Contents.Opened {
			if strings.HasPrefix(o.Owner, "dossier/") {
				out[o.State]++
			}
		}
		return out
	}
	before := evidenceOf(t, w.Engine, ask)
	if r := holds(t, before, nil); r.Names[w.coach] != "Eva Coach" || states(before)["open"] == 0 || states(before)["destroyed"] != 0 {
		t.Fatalf("%+v %v", r.Names, states(before))
	}
	for _, text := range []string{"Jansen", "Eerste gesprek", "Eva Coach"} {
		if !bytes.Contains(before, []byte(text)) {
			t.Errorf("opened evidence lacks %q", text)
		}
	}
	all := states(before)["open"]
	scope := seal.Scope{Agency: "click", Owner: "dossier/" + w.dossier, Class: domain.ClassDossier}
	if _, err := w.Vault.Puncture(t.Context(), scope, 1); err != nil {
		t.Fatal(err)
	}
	after := evidenceOf(t, w.Engine, ask)
	if s := states(after); s["destroyed"] == 0 || s["open"] == 0 || s["open"]+s["destroyed"] != all {
		t.Errorf("after one record %v, before %d", s, all)
	}
	var scopes []seal.Scope
	if err := w.Vault.List(t.Context(), "click", func(k vault.KeyInfo) error {
		if k.Owner == scope.Owner {
			scopes = append(scopes, k.Scope)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, s := range scopes {
		if _, err := w.Vault.Destroy(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if s := states(evidenceOf(t, w.Engine, ask)); s["open"] != 0 || s["destroyed"] != all {
		t.Errorf("after all classes %v", s)
	}
	holds(t, before, nil)
	if bytes.Contains(evidenceOf(t, w.Engine, ask), []byte("Jansen")) {
		t.Error("a destroyed name comes out")
	}
}

// T2, architecture §6: a bundle of a copy of the data directory elsewhere, whose
// ledger and views were made anew, rests on the same log and key.
func TestEvidenceOfACopy_T2(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir, false)
	_, dossier, _ := small(t, e)
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	before := evidenceOf(t, e, evidence.Request{Dossier: dossier})
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(to, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chmod(path, 0o700)) // CopyFS opens them to others
	}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"views.db", "views.db-wal", "views.db-shm"} {
		_ = os.Remove(filepath.Join(to, "data", f))
	}
	key, err := bundle.ParseKey(string(must(os.ReadFile(filepath.Join(to, "data", "ledger", "ledger.pub")))))
	if err != nil {
		t.Fatal(err)
	}
	copied := open(t, to, false)
	if err := copied.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := copied.Ledger.Rebuild(t.Context(), "click"); err != nil {
		t.Fatal(err)
	}
	after := holds(t, evidenceOf(t, copied, evidence.Request{Dossier: dossier}), &key)
	old := holds(t, before, &key)
	if len(after.Commits) != len(old.Commits)+1 || after.Commits[0].Leaf != old.Commits[0].Leaf {
		t.Errorf("%d commits after %d", len(after.Commits), len(old.Commits))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// The whole can be encrypted to a recipient, who alone opens it.
func TestEvidenceForARecipient(t *testing.T) {
	w, _ := viewed(t)
	to := must(age.GenerateX25519Identity())
	raw := evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier, Open: true, Recipient: to.Recipient().String()})
	if bytes.Contains(raw, []byte("Jansen")) || bytes.Contains(raw, []byte(w.dossier)) {
		t.Error("it is not encrypted")
	}
	refusedBy(t, "encrypted", raw, nil, bundle.CodeNoBundle)
	r, err := age.Decrypt(bytes.NewReader(raw), to)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	if _, err := plain.ReadFrom(r); err != nil {
		t.Fatal(err)
	}
	holds(t, plain.Bytes(), nil)
	before := head(t, w.Engine)
	_, err = maker(w.Engine).Make(t.Context(), auditing, evidence.Request{Dossier: w.dossier, Recipient: "age1wrong"})
	if domain.AsError(err).Code != "unknown_recipient" || head(t, w.Engine) != before {
		t.Error(err)
	}
}
