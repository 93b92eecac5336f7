package engine_test

import (
	"bytes"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	ledgerverify "github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/outside"
	"github.com/casefile-engine/casefile/handlers/verify"
	"github.com/casefile-engine/casefile/handlers/witness"
	"github.com/casefile-engine/casefile/internal/testkit/tsa"
)

// backed is an engine with two real witnesses and a real time-stamping authority.
type backed struct {
	t            *testing.T
	e            *engine.Engine
	own, auditor ledgerverify.Witness
	roots        *x509.CertPool
	authority    *tsa.Authority
	runner       *outside.Runner
}

func aWitness(t *testing.T, e *engine.Engine, name string) outside.Witness {
	t.Helper()
	logs, err := witness.ParseLogs(e.Ledger.Key().Public() + " " + e.Ledger.Key().Public()[:strings.Index(e.Ledger.Key().Public(), "+")] + "/click\n")
	if err != nil {
		t.Fatal(err)
	}
	x, err := witness.Open(witness.Options{Dir: t.TempDir(), Name: name, Logs: logs})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(x.Handler())
	t.Cleanup(func() { s.Close(); x.Close() })
	return outside.Witness{Agency: "click", URL: s.URL, Key: must(ledgerverify.ParseWitness(x.Public()))}
}

func backedBy(t *testing.T, e *engine.Engine) *backed {
	t.Helper()
	a, b := aWitness(t, e, "agency.example/own"), aWitness(t, e, "auditor.example/w")
	x := &backed{t: t, e: e, own: a.Key, auditor: b.Key, authority: must(tsa.Start(t.TempDir(), true))}
	t.Cleanup(x.authority.Close)
	x.roots = x509.NewCertPool()
	if !x.roots.AppendCertsFromPEM(must(os.ReadFile(x.authority.Roots))) {
		t.Fatal("no roots")
	}
	x.runner = outside.New(outside.Options{Ledger: e.Ledger, Witnesses: []outside.Witness{a, b}, CosignEvery: time.Nanosecond, StampEvery: time.Nanosecond, Poll: 20 * time.Millisecond, CoverLimit: 2 * time.Minute,
		Authorities: []outside.Authority{{Agency: "click", URL: x.authority.URL, Roots: x.roots}}})
	x.runner.Start()
	t.Cleanup(func() { x.runner.Close() })
	return x
}

// evidence makes a bundle once all have vouched for the newest checkpoint.
func (x *backed) evidence(q evidence.Request) []byte {
	x.t.Helper()
	m := maker(x.e)
	m.Outside = x.runner
	b, err := m.Make(x.t.Context(), auditing, q)
	if err != nil {
		x.t.Fatal(err)
	}
	return must(b.Bytes())
}

func (x *backed) trust() bundle.Trust {
	key := must(bundle.ParseKey(x.e.Ledger.Key().Public()))
	return bundle.Trust{Key: &key, Witnesses: []ledgerverify.Witness{x.auditor}, Roots: x.roots}
}

// C-2.1.4b, C-2.1.4d: evidence carries what witnesses and time stamps say of its
// log; the checker hears by whom, whether he named them, and when.
func TestEvidenceWithWitnessesAndTimeStamps_C_2_1_4d(t *testing.T) {
	w, _ := viewed(t)
	bare := holds(t, evidenceOf(t, w.Engine, evidence.Request{Dossier: w.dossier}), nil)
	if says := strings.Join(bare.Says(nl.English).Signed, " "); len(bare.Cosigners)+len(bare.Stamps) > 0 || !strings.Contains(says, "No witness stands behind it") || !strings.Contains(says, "No time stamp") {
		t.Error(says)
	}
	x := backedBy(t, w.Engine)
	raw := x.evidence(evidence.Request{Dossier: w.dossier})
	r, err := bundle.CheckWith(raw, x.trust())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Cosigners) != 2 || len(r.Stamps) == 0 {
		t.Fatalf("%+v %+v", r.Cosigners, r.Stamps)
	}
	for _, c := range r.Cosigners {
		if c.Named != (c.Text == x.auditor.Text) || c.Checkpoint.Size != r.Last.Size || time.Since(c.At).Abs() > time.Hour {
			t.Errorf("%+v, and the log has %d", c, r.Last.Size)
		}
	}
	if s := r.Stamps[len(r.Stamps)-1]; !s.Rooted || s.Checkpoint.Size != r.Last.Size || s.Authority != "CN=Test stamps" {
		t.Errorf("%+v", s)
	}
	for l, texts := range map[nl.Lang][]string{
		nl.English: {"Cosigned by the witness auditor.example/w", "a witness that you named yourself", "Cosigned by the witness agency.example/own", "a key that you did not name",
			"Time stamp of CN=Test stamps", "leads to a root that you gave", "no second, different history that the witness auditor.example/w confirmed", "existed at"},
		nl.Dutch: {"Medeondertekend door getuige auditor.example/w", "die u zelf hebt genoemd", "hebt u niet genoemd", "Tijdstempel van CN=Test stamps", "dat u hebt meegegeven", "bestonden op"},
	} {
		says := r.Says(l)
		whole := strings.Join(slices.Concat(says.Signed, says.Proved), "\n")
		for _, text := range texts {
			if !strings.Contains(whole, text) {
				t.Errorf("%s: %q is not said in\n%s", l, text, whole)
			}
		}
		if strings.Contains(strings.Join(says.NotProved, "\n"), "under the same key") {
			t.Errorf("%s: a witness that was named proves nothing", l)
		}
	}
	alone, err := bundle.Check(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := alone.Witnessed(); ok || alone.Stamps[0].Rooted || !strings.Contains(strings.Join(alone.Says(nl.English).NotProved, "\n"), "under the same key") {
		t.Error("a bundle vouches for its own witnesses")
	}
	x.foreign(raw, r.Last.Size)
}

// foreign has others check the parts: OpenSSL the time stamp, another library the
// cosigned checkpoint.
func (x *backed) foreign(raw []byte, size int64) {
	t := x.t
	t.Helper()
	dir := t.TempDir()
	files := map[string][]byte{}
	for _, f := range must(bundle.Unpack(raw)) {
		files[f.Name] = f.Data
	}
	answer, data := filepath.Join(dir, "tsr"), filepath.Join(dir, "checkpoint")
	if err := errors.Join(os.WriteFile(answer, files[bundle.StampName(size)], 0o600), os.WriteFile(data, files[bundle.CheckpointName(size)], 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := x.authority.Verify(t.Context(), answer, data); err != nil {
		t.Error(err)
	}
	var list []note.Verifier
	for _, text := range []string{x.own.Text, x.auditor.Text} {
		list = append(list, must(cosig.NewVerifierForCosignatureV1(text)))
	}
	list = append(list, must(note.NewVerifier(string(bytes.TrimSpace(files["keys/log.vkey"])))))
	n, err := note.Open(files[bundle.CosignedName(size)], note.VerifierList(list...))
	if err != nil || len(n.Sigs) != 3 || len(n.UnverifiedSigs) != 0 {
		t.Error(n, err)
	}
}

// T2: nobody who has the agency's key, and no byte less, can have a bundle say
// that others vouch for what they did not.
func TestForgedWitnessesAndTimeStamps_T2(t *testing.T) {
	w, _ := viewed(t)
	x := backedBy(t, w.Engine)
	earlier := forge(t, w.Engine, x.evidence(evidence.Request{Dossier: w.dossier}))
	raw := x.evidence(evidence.Request{Dossier: w.dossier})
	r := holds(t, raw, nil)
	last, before := r.Last.Size, holds(t, earlier.sealed(), nil).Last.Size
	if last <= before {
		t.Fatal(last, before)
	}
	for _, c := range []struct {
		what   string
		code   string
		change func(f map[string][]byte)
	}{
		{"a changed cosignature", bundle.CodeWitness, func(f map[string][]byte) {
			b := bytes.Clone(f[bundle.CosignedName(last)])
			b[len(b)-20] ^= 1
			f[bundle.CosignedName(last)] = b
		}},
		{"one of an older checkpoint", bundle.CodeWitness, func(f map[string][]byte) {
			_, lines, err := ledgerverify.SplitCosigned(earlier.files[bundle.CosignedName(before)])
			if err != nil {
				t.Fatal(err)
			}
			f[bundle.CosignedName(last)] = ledgerverify.Cosign(f[bundle.CheckpointName(last)], lines)
		}},
		{"another checkpoint in it", bundle.CodeWitness, func(f map[string][]byte) {
			f[bundle.CosignedName(last)] = earlier.files[bundle.CosignedName(before)]
		}},
		{"one twice", bundle.CodeWitness, func(f map[string][]byte) {
			_, lines, _ := ledgerverify.SplitCosigned(f[bundle.CosignedName(last)])
			f[bundle.CosignedName(last)] = ledgerverify.Cosign(f[bundle.CheckpointName(last)], append(lines, lines[0]))
		}},
		{"none in it", bundle.CodeWitness, func(f map[string][]byte) { f[bundle.CosignedName(last)] = f[bundle.CheckpointName(last)] }},
		{"no keys", bundle.CodeWitness, func(f map[string][]byte) { delete(f, "keys/witnesses.vkeys") }},
		{"a key too many", bundle.CodeWitness, func(f map[string][]byte) {
			_, vkey, err := note.GenerateKey(nil, "famous.example/w")
			if err != nil {
				t.Fatal(err)
			}
			famous := must(ledgerverify.ParseWitness(vkey))
			f["keys/witnesses.vkeys"] = bundle.WitnessKeys([]ledgerverify.Witness{x.own, x.auditor, famous}).Data
		}},
		{"keys in another order", bundle.CodeWitness, func(f map[string][]byte) {
			lines := bytes.SplitAfter(f["keys/witnesses.vkeys"], []byte("\n"))
			f["keys/witnesses.vkeys"] = slices.Concat(lines[1], lines[0])
		}},
		{"no key at all", bundle.CodeWitness, func(f map[string][]byte) { f["keys/witnesses.vkeys"] = []byte("famous.example/w+00000000+AAAA\n") }},
		{"one without its checkpoint", bundle.CodeExtra, func(f map[string][]byte) {
			f[bundle.CosignedName(last+1)] = f[bundle.CosignedName(last)]
		}},
		{"a changed time stamp", bundle.CodeStamp, func(f map[string][]byte) {
			b := bytes.Clone(f[bundle.StampName(last)])
			b[len(b)-5] ^= 1
			f[bundle.StampName(last)] = b
		}},
		{"one of an older checkpoint", bundle.CodeStamp, func(f map[string][]byte) {
			f[bundle.StampName(last)] = earlier.files[bundle.StampName(before)]
		}},
		{"no time stamp", bundle.CodeStamp, func(f map[string][]byte) { f[bundle.StampName(last)] = []byte("soon") }},
	} {
		f := forge(t, w.Engine, raw)
		c.change(f.files)
		refusedBy(t, c.what, f.sealed(), nil, c.code)
	}
	// Without the agency's key any change is found before.
	for _, name := range []string{bundle.CosignedName(last), bundle.StampName(last), "keys/witnesses.vkeys"} {
		files := must(bundle.Unpack(raw))
		i := slices.IndexFunc(files, func(f bundle.File) bool { return f.Name == name })
		files[i].Data = append(bytes.Clone(files[i].Data), '\n')
		refusedBy(t, name, pack(t, files), nil, bundle.CodeAltered)
	}
}

// C-2.1.4d: evidence of a period that is past rests on the oldest checkpoint that
// covers it and that others vouched for.
func TestEvidenceOfThePastIsBacked_C_2_1_4d(t *testing.T) {
	w, _ := viewed(t)
	x := backedBy(t, w.Engine)
	first := holds(t, x.evidence(evidence.Request{Dossier: w.dossier}), nil)
	until := first.UpTo.Add(time.Microsecond)
	for range 3 {
		if err := w.look(t, w.dossier); err != nil {
			t.Fatal(err)
		}
		x.evidence(evidence.Request{Dossier: w.dossier})
	}
	log, _ := w.Ledger.Log("click")
	r, err := bundle.CheckWith(x.evidence(evidence.Request{Dossier: w.dossier, Until: &until}), x.trust())
	if err != nil {
		t.Fatal(err)
	}
	best, ok := r.Witnessed()
	if !ok || best.Checkpoint.Size < r.Commits[len(r.Commits)-1].Ref.Leaf+1 || r.Last.Size >= log.Size() || best.Checkpoint.Size > r.Last.Size {
		t.Errorf("it rests on %d of %d, cosigned at %d", r.Last.Size, log.Size(), best.Checkpoint.Size)
	}
	if s := r.Stamps[len(r.Stamps)-1]; !s.Rooted || s.Checkpoint.Size < best.Checkpoint.Size {
		t.Errorf("%+v", s)
	}
}

// C-2.1.4d, T2: what others vouched for is kept beside the checkpoints, looked over
// by verify, and tells an old copy of data and lock together, and a second history.
func TestOldCopiesAreToldByWitnesses_T2(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir, false)
	_, dossier, _ := small(t, e)
	if err := errors.Join(e.CatchUp(t.Context(), nil), e.Close()); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(t.TempDir(), "old")
	copyOf(t, dir, old)

	e = open(t, dir, false)
	x := backedBy(t, e)
	for range 2 {
		x.evidence(evidence.Request{Dossier: dossier})
	}
	if err := errors.Join(x.runner.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	report := func(dir string) *scrub.Report {
		t.Helper()
		r, err := verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := report(dir)
	if !r.Whole() || len(r.Backings) != 3 {
		t.Fatalf("%+v %+v", r.Findings, r.Backings)
	}
	for _, b := range r.Backings {
		if b.Size != r.Checkpoints[0].Size || b.Agency != "click" || b.By == "" {
			t.Errorf("%+v", b)
		}
	}
	said := func(what, dir string, kind scrub.Kind, text string) {
		t.Helper()
		r := report(dir)
		if !slices.ContainsFunc(r.Findings, func(f scrub.Finding) bool {
			return f.Kind == kind && f.Part == "ledger" && strings.Contains(f.String(), text)
		}) {
			t.Errorf("%s: %+v", what, r.Findings)
		}
	}
	path := filepath.Join("data", "ledger", "click", "outside")
	whole := must(os.ReadFile(filepath.Join(dir, path)))
	if err := os.WriteFile(filepath.Join(old, path), whole, 0o600); err != nil {
		t.Fatal(err)
	}
	said("an old copy of data and lock", old, scrub.Restored, "commits were cut off, or an older copy was put back")

	// The old copy goes on to another history.
	e = open(t, old, false)
	for range 10 {
		do(t, e, operator, "AddRecord", dossier, "2020-01-04T09:00:00Z", m{"record": uuid.NewString(), "category": "report", "title": "Anders", "text": "Anders.", "source": "staff_report"})
		if err := e.CatchUp(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := maker(e).Make(t.Context(), auditing, evidence.Request{Dossier: dossier}); domain.AsError(err).Code != "ledger_stopped" {
		t.Errorf("evidence of a history that others contradict: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	said("a second history", old, scrub.Altered, "vouched at")

	for i := 3; i < len(whole); i += len(whole)/12 + 1 {
		b := bytes.Clone(whole)
		b[i] ^= 4
		if err := os.WriteFile(filepath.Join(dir, path), b, 0o600); err != nil {
			t.Fatal(err)
		}
		said("a changed byte", dir, scrub.Damaged, "click/outside")
	}
}

func copyOf(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	if err := filepath.WalkDir(to, func(path string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chmod(path, 0o700)) // CopyFS opens them to others
	}); err != nil {
		t.Fatal(err)
	}
}
