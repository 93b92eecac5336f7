package outside_test

import (
	"context"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/handlers/outside"
	"github.com/casefile-engine/casefile/internal/testkit/tsa"
)

// C-2.1.4d (C2SP tlog-witness): each checkpoint that is newest is cosigned by each
// witness and stored beside the history, across restarts of the ledger.
func TestWitnessesCosign(t *testing.T) {
	w := newWorld(t)
	a, b := w.witness("a.example/w"), w.witness("b.example/w")
	r, _ := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness, b.Witness}})
	both := func(size int64) func() bool {
		return func() bool {
			return w.log().OutsideNewest(a.Key.Text).Size == size && w.log().OutsideNewest(b.Key.Text).Size == size
		}
	}
	for _, n := range []int{1, 2, 300} {
		w.grow(n)
		w.until("both cosignatures", both(w.log().Size()))
	}
	said, err := w.log().Outside(303)
	if err != nil || len(said) != 2 || said[0].Signed.Size != 303 || time.Since(said[0].At).Abs() > time.Hour || said[0].Stamp != nil {
		t.Fatal(said, err)
	}
	asked := a.asked.Load()
	if s := r.States(); len(s) != 2 || s[0].Size != 303 || s[0].Behind != 0 || s[0].Problem != "" || s[0].Alarm {
		t.Errorf("%+v", s)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	w.open()
	w.run(outside.Options{Witnesses: []outside.Witness{a.Witness, b.Witness}})
	if !both(303)() {
		t.Fatal("a restart forgets the cosignatures")
	}
	w.grow(5)
	w.until("both cosignatures", both(308))
	if n := a.asked.Load(); n != asked+1 {
		t.Errorf("the witness was asked %d times for one checkpoint", n-asked)
	}
}

// C-2.1.4d: what was cosigned and is no longer known here (the file is gone) is
// learnt from the witness's conflict, and gone on from.
func TestAConflictTellsTheSize(t *testing.T) {
	w := newWorld(t)
	a := w.witness("a.example/w")
	r, _ := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.grow(7)
	w.until("the cosignature", func() bool { return w.log().OutsideNewest(a.Key.Text).Size == 7 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.dir, "ledger", w.agency(), "outside")); err != nil {
		t.Fatal(err)
	}
	w.open()
	_, h := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.until("the same again", func() bool { return w.log().OutsideNewest(a.Key.Text).Size == 7 })
	w.grow(4)
	w.until("the next", func() bool { return w.log().OutsideNewest(a.Key.Text).Size == 11 })
	if h.String() != "" {
		t.Error(h.String())
	}
}

// C-2.1.4d: a witness that cannot be reached, does not know the log, or answers
// with something else is asked again and again; signing goes on meanwhile, and
// neither log nor errors hold its address.
func TestARefusalIsTriedAgain(t *testing.T) {
	w := newWorld(t)
	a, other := w.witness("a.example/w"), w.witness("other.example/w")
	for _, c := range []struct {
		says   string
		answer http.HandlerFunc
	}{
		{"does not know the log", status(404, "")},
		{"by another key", status(403, "")},
		{"status 400", status(400, "")},
		{"status 500", status(500, "")},
		{"status 302", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) }},
		{"no signature by the key", status(200, "— x AAAAAAAA\n")},
		{"no signature by the key", func(rw http.ResponseWriter, r *http.Request) { other.w.Handler().ServeHTTP(rw, r) }},
		{"does not name its own", status(409, "many\n")},
		{"names it as its own", status(409, "0\n")},
		{"too long", status(200, strings.Repeat("x", 70<<10))},
	} {
		a.answers(c.answer)
		r, h := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
		w.grow(1)
		w.until(c.says, func() bool {
			s := r.States()[0]
			return strings.Contains(s.Problem, c.says) && !s.Alarm && s.Behind > 0
		})
		before := a.asked.Load()
		w.until("another try", func() bool { return a.asked.Load() > before })
		a.answers(nil)
		size := w.log().Size()
		w.until("the cosignature after "+c.says, func() bool { s := r.States()[0]; return s.Size == size && s.Problem == "" })
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if text := h.String(); strings.Contains(text, "127.0.0.1") || !strings.Contains(text, c.says) || !strings.Contains(text, "vouched for again") {
			t.Errorf("the log says %q", text)
		}
		if _, err := w.log().Outside(size); err != nil {
			t.Fatal(err)
		}
	}
	gone := a.Witness
	gone.URL = "http://127.0.0.1:1/secret"
	r, h := w.run(outside.Options{Witnesses: []outside.Witness{gone}})
	w.grow(1)
	w.until("a failure", func() bool { return strings.Contains(r.States()[0].Problem, "cannot be reached") })
	if strings.Contains(h.String(), "secret") {
		t.Error("the log has the address")
	}
}

// C-2.1.4d: what contradicts the log is an alarm by log, metric and status, names
// both sizes, and changes nothing in the log.
func TestAContradictionIsAnAlarm(t *testing.T) {
	w := newWorld(t)
	a := w.witness("a.example/w")
	r, h := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.grow(9)
	w.until("the cosignature", func() bool { return r.States()[0].Size == 9 })
	if err := r.Close(); err != nil || strings.Contains(h.String(), "level=ERROR") {
		t.Fatal(err, h.String())
	}

	// Another store with the same key and the same name: its history is another one.
	fork := newWorld(t)
	if err := fork.l.Close(); err != nil {
		t.Fatal(err)
	}
	key, err := os.ReadFile(filepath.Join(w.dir, "keys", "ledger.key"))
	if err != nil {
		t.Fatal(err)
	}
	fork.dir = t.TempDir()
	if err := os.MkdirAll(filepath.Join(fork.dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(fork.dir, "keys", "ledger.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	fork.open()
	for _, c := range []struct {
		size int
		says string
	}{
		{5, "has 5 commits by its newest checkpoint and the witness cosigned 9: an older copy"},
		{9, "has 9 commits by its newest checkpoint and the witness cosigned 9: of that size it cosigned another tree"},
		{12, "has 12 commits by its newest checkpoint and the witness cosigned 9: what it cosigned is no beginning"},
	} {
		grown := int64(0)
		if log, ok := fork.l.Log(fork.agency()); ok {
			grown = log.Size()
		}
		fork.grow(c.size - int(grown))
		r, h := fork.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
		fork.until(c.says, func() bool { s := r.States()[0]; return s.Alarm && strings.Contains(s.Problem, c.says) })
		fork.until("the log", func() bool {
			return strings.Contains(h.String(), "level=ERROR") && strings.Contains(h.String(), c.says)
		})
		if got := metrics(t, r); got["casefile_witness_contradictions"] != 1 || got["casefile_outside_failing"] != 1 || got["casefile_outside_leaves"] != 0 {
			t.Error(got)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if n := len(fork.log().OutsideRefs()); n != 0 || fork.log().Size() != int64(c.size) {
			t.Fatalf("%d cosignatures, %d commits", n, fork.log().Size())
		}
	}
	// The true log goes on with the same witness.
	w.grow(3)
	again, _ := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.until("the true log", func() bool { s := again.States()[0]; return s.Size == 12 && !s.Alarm })
}

// metrics are those of a runner that asks one witness.
func metrics(t *testing.T, r *outside.Runner) map[string]float64 {
	t.Helper()
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(r)
	list, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]float64{}
	for _, f := range list {
		m := f.GetMetric()
		if len(m) != 1 || len(m[0].GetLabel()) != 3 {
			t.Fatal(f)
		}
		out[f.GetName()] = m[0].GetGauge().GetValue()
	}
	return out
}

// C-2.1.4d: signing waits for nobody, nor does one witness for another; Cover ends
// with its context.
func TestAWitnessThatHangsIsInNobodysWay(t *testing.T) {
	w := newWorld(t)
	a, good := w.witness("a.example/w"), w.witness("good.example/w")
	release := make(chan struct{})
	a.answers(func(http.ResponseWriter, *http.Request) { <-release })
	r, _ := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness, good.Witness}})
	defer close(release)
	w.grow(1)
	w.until("a question", func() bool { return a.asked.Load() > 0 })
	for range 5 {
		w.grow(2) // which would not return if it waited
	}
	w.until("the other witness", func() bool { return r.States()[1].Size == 11 })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r.Cover(ctx, w.agency())
	r.Cover(t.Context(), "nobody")
}

// C-2.1.4d: Cover brings cosignature and time stamp on the newest checkpoint at
// once, however seldom they are asked otherwise.
func TestCoverAsksAtOnce(t *testing.T) {
	w := newWorld(t)
	a := w.witness("a.example/w")
	authority, stamps := w.authority()
	w.grow(3)
	r, h := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}, Authorities: []outside.Authority{stamps}, StampEvery: 1000 * time.Hour})
	w.until("the first time stamp", func() bool { return w.log().OutsideNewest("").Size == 3 })
	w.grow(2)
	w.until("the cosignature", func() bool { return w.log().OutsideNewest(a.Key.Text).Size == 5 })
	if n := w.log().OutsideNewest("").Size; n != 3 {
		t.Fatalf("stamped at %d before its time", n)
	}
	r.Cover(t.Context(), w.agency())
	if n := w.log().OutsideNewest("").Size; n != 5 || authority.Asked.Load() != 2 {
		t.Fatal(n, authority.Asked.Load(), h.String())
	}
	said, err := w.log().Outside(5)
	if err != nil || len(said) != 2 {
		t.Fatal(said, err)
	}
	for _, x := range said {
		if x.Stamp == nil {
			continue
		}
		dir := t.TempDir()
		answer, data := filepath.Join(dir, "tsr"), filepath.Join(dir, "checkpoint")
		if err := os.WriteFile(answer, x.Stamp, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(data, x.Signed.Note, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := authority.Verify(t.Context(), answer, data); err != nil {
			t.Error(err)
		}
	}
	r.Cover(t.Context(), w.agency()) // nothing to ask
	if authority.Asked.Load() != 2 {
		t.Error("asked again about the same")
	}
}

// C-2.1.4d (RFC 3161): answers that are no time stamp of this checkpoint, for this
// request, by a certificate under the roots that were given are not stored.
func TestTimeStampsThatAreNone(t *testing.T) {
	w := newWorld(t)
	authority, stamps := w.authority()
	foreign, err := tsa.Start(t.TempDir(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	lax, err := tsa.Start(t.TempDir(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer lax.Close()
	var kept []byte // an answer to another request
	through := func(x *tsa.Authority) http.HandlerFunc {
		return func(rw http.ResponseWriter, r *http.Request) {
			q, _ := io.ReadAll(r.Body)
			b, err := x.Reply(r.Context(), q, "through")
			if err != nil {
				http.Error(rw, err.Error(), 500)
				return
			}
			kept = b
			_, _ = rw.Write(b)
		}
	}
	for _, c := range []struct {
		says   string
		answer http.HandlerFunc
		roots  *x509.CertPool
	}{
		{"none of the roots", through(foreign), stamps.Roots},
		{"", through(authority), nil}, // keeps the answer, and is stored
		{"another request", func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(kept) }, nil},
		{"not a time stamp", status(200, "nonsense"), nil},
		{"status 503", status(503, ""), nil},
	} {
		authority.Instead.Store(&c.answer)
		x := stamps
		x.Roots = c.roots
		r, h := w.run(outside.Options{Authorities: []outside.Authority{x}})
		if c.says != "another request" {
			w.grow(1)
		}
		if c.says == "another request" { // of the same checkpoint
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			if err := w.l.Close(); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(w.dir, "ledger", w.agency(), "outside")); err != nil {
				t.Fatal(err)
			}
			w.open()
			r, h = w.run(outside.Options{Authorities: []outside.Authority{x}})
		}
		w.until(c.says, func() bool {
			s := r.States()[0]
			return c.says != "" && strings.Contains(s.Problem, c.says) || c.says == "" && s.Size == w.log().Size()
		})
		if c.says != "" && (r.States()[0].Behind == 0 || !strings.Contains(h.String(), c.says)) {
			t.Errorf("%s: %+v, %s", c.says, r.States(), h.String())
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.log().Outside(w.log().Size()); err != nil {
		t.Fatal(err)
	}
	lenient := outside.Authority{Agency: w.agency(), URL: lax.URL}
	r, _ := w.run(outside.Options{Authorities: []outside.Authority{lenient}})
	w.grow(1)
	w.until("the refusal of a certificate for anything", func() bool {
		return strings.Contains(r.States()[0].Problem, "status 500") || strings.Contains(r.States()[0].Problem, "not one for time stamps")
	})
}

// A file that is damaged is added to no more, is told, and stops no log.
func TestADamagedFileStopsNoLog(t *testing.T) {
	w := newWorld(t)
	a := w.witness("a.example/w")
	r, _ := w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	for range 3 {
		w.grow(1)
		w.until("the cosignature", func() bool { s := r.States()[0]; return s.Size == w.log().Size() })
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(w.dir, "ledger", w.agency(), "outside")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// Cut short anywhere in its last record it loses that, and takes it again.
	w.open()
	refs := w.log().OutsideRefs()
	if len(refs) != 3 {
		t.Fatal(refs)
	}
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, whole[:len(whole)-1], 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	if n := w.log().OutsideNewest(a.Key.Text).Size; n != 2 || w.log().OutsideProblem() != nil {
		t.Fatal(n, w.log().OutsideProblem())
	}
	r, _ = w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.until("the last one again", func() bool { return r.States()[0].Size == 3 })
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.l.Close(); err != nil {
		t.Fatal(err)
	}
	everyByte(t, w, path, whole)
	b := append([]byte(nil), whole...)
	b[20] ^= 1
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	w.open()
	r, _ = w.run(outside.Options{Witnesses: []outside.Witness{a.Witness}})
	w.grow(4)
	w.until("the problem", func() bool { return strings.Contains(r.States()[0].Problem, ledger.ErrDamaged.Error()) })
	if now, err := os.ReadFile(path); err != nil || string(now) != string(b) || w.log().Size() != 7 {
		t.Fatal("the damaged file was written to", err)
	}
}

// everyByte shows (T2) that verify finds each changed byte of the file, and each
// cut that is not between two records.
func everyByte(t *testing.T, w *world, path string, whole []byte) {
	t.Helper()
	faults := func(b []byte) (n, said int) {
		t.Helper()
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		books, err := ledger.OpenBooks(t.Context(), filepath.Join(w.dir, "ledger"), "store", ledger.NewFileLock(filepath.Join(w.dir, "lock")))
		if err != nil {
			t.Fatal(err)
		}
		a := books.Audit(w.agency())
		defer a.Close()
		return len(a.Faults), len(a.Outside)
	}
	if n, said := faults(whole); n != 0 || said != 3 {
		t.Fatal(n, said)
	}
	before := 0 // records in what was cut off one byte earlier
	for i := range whole {
		b := append([]byte(nil), whole...)
		b[i] ^= 1 << (i % 8)
		if n, _ := faults(b); n == 0 {
			t.Fatalf("byte %d of %d can be changed", i, len(whole))
		}
		n, said := faults(whole[:i])
		if said < before || said > 2 || n == 0 && said == before && i > 0 {
			t.Fatalf("cut at %d of %d it says %d, %d faults", i, len(whole), said, n)
		}
		before = said
	}
}
