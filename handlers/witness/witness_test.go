package witness_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/witness"
)

func options(t testing.TB, dir string, logs ...*aLog) witness.Options {
	return witness.Options{Dir: dir, Name: "witness.example/w1", Logs: known(t, logs...)}
}

// C-2.1.4d (C2SP tlog-witness): each status where the specification has it.
func TestEachStatus(t *testing.T) {
	l, stranger := newLog(t, "casefile/s/click"), newLog(t, "casefile/s/other")
	l.grow(20, "")
	stranger.grow(20, "")
	s := serve(t, options(t, t.TempDir(), l))

	s.wants(http.StatusNotFound, "an unknown origin", stranger.request(0, 5))
	other := newLog(t, l.origin) // the same origin, another key
	other.grow(20, "")
	s.wants(http.StatusForbidden, "a key that is not trusted", other.request(0, 5))
	good := l.request(0, 5)
	s.wants(http.StatusForbidden, "a changed text", strings.Replace(good, "position 5", "position 6", 1))

	s.cosigned(l, 5, s.wants(http.StatusOK, "the first", good))
	s.conflict(5, "the first again", good)
	s.cosigned(l, 5, s.wants(http.StatusOK, "the same checkpoint by its size", l.request(5, 5)))
	s.cosigned(l, 13, s.wants(http.StatusOK, "the next", l.request(5, 13)))

	s.conflict(13, "a replay", l.request(5, 13))
	s.conflict(13, "back to an older one", l.request(5, 5))
	s.conflict(13, "an older size", l.request(4, 15))
	s.conflict(13, "a later size", l.request(14, 15))
	s.conflict(13, "asking for the size", l.request(0, 20))
	s.wants(http.StatusBadRequest, "an old size over the checkpoint's", "old 14\n\n"+l.sign(l.text(13)))

	wrong := strings.Replace(l.request(13, 20), l.proof(13, 20), l.proof(12, 20), 1)
	s.wants(http.StatusUnprocessableEntity, "another proof", wrong)
	s.wants(http.StatusUnprocessableEntity, "no proof", strings.Replace(l.request(13, 20), l.proof(13, 20), "", 1))
	s.wants(http.StatusUnprocessableEntity, "a proof with the same size", strings.Replace(l.request(13, 13), "\n\n", "\n"+l.proof(12, 20)+"\n", 1))
	s.cosigned(l, 20, s.wants(http.StatusOK, "none of it left a trace", l.request(13, 20)))
}

// C-2.1.4d: what has not the form is a bad request, and changes nothing.
func TestBadRequests(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	l.grow(70, "")
	s := serve(t, options(t, t.TempDir(), l))
	good := l.request(0, 5)
	hash := l.root(3).String() + "\n"
	for what, body := range map[string]string{
		"nothing":            "",
		"no old size":        strings.TrimPrefix(good, "old 0\n"),
		"a leading zero":     strings.Replace(good, "old 0", "old 00", 1),
		"a negative size":    strings.Replace(good, "old 0", "old -1", 1),
		"a sign":             strings.Replace(good, "old 0", "old +0", 1),
		"two spaces":         strings.Replace(good, "old 0", "old  0", 1),
		"carriage returns":   strings.ReplaceAll(good, "\n", "\r\n"),
		"no empty line":      strings.Replace(good, "old 0\n\n", "old 0\n", 1),
		"64 lines of proof":  strings.Replace(good, "old 0\n", "old 0\n"+strings.Repeat(hash, 64), 1),
		"a short hash":       strings.Replace(good, "old 0\n", "old 0\n"+hash[4:], 1),
		"no checkpoint":      "old 0\n\n",
		"a note of no log":   "old 0\n\n" + l.sign("hello\n"),
		"a size of no form":  "old 0\n\n" + l.sign(strings.Replace(l.text(5), "\n5\n", "\n05\n", 1)),
		"a negative tree":    "old 0\n\n" + l.sign(strings.Replace(l.text(5), "\n5\n", "\n-5\n", 1)),
		"a root of no form":  "old 0\n\n" + l.sign(l.origin+"\n5\nAAAA\n"),
		"more behind a gap":  "old 0\n\n" + l.sign(l.text(5)+"\nsomething else\n"),
		"more than 64 KiB":   good + strings.Repeat("— x AAAAAAAA\n", 6000),
		"an unsigned one":    "old 0\n\n" + l.text(5),
		"an empty extension": "old 0\n\n" + l.sign(l.text(5)+"\n"),
	} {
		if status, answer, _ := s.post(body); status != http.StatusBadRequest && !(what == "an unsigned one" && status == http.StatusForbidden) {
			t.Errorf("%s: %d %q", what, status, answer)
		}
	}
	resp, err := http.Get(s.url + "/add-checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", resp.StatusCode)
	}
	s.cosigned(l, 5, s.wants(http.StatusOK, "the good one", good))
	// Other signatures on it are passed over.
	both := l.request(5, 9) + "— somebody.example/else AAAAAAAA\n"
	s.cosigned(l, 9, s.wants(http.StatusOK, "with another signature", both))
}

// C-2.1.4d: a log that forks is refused at the fork, by its size and behind it,
// and before and after a restart.
func TestAForkedLogIsRefused(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	l.grow(10, "")
	fork := &aLog{t: t, origin: l.origin, signer: l.signer, vkey: l.vkey}
	fork.grow(7, "")
	fork.grow(20, "!")
	l.grow(20, "")
	o := options(t, t.TempDir(), l)
	w, err := witness.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	key := w.Public()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	s := serve(t, o)
	if s.w.Public() != key {
		t.Fatal("a start made another key")
	}
	s.cosigned(l, 10, s.wants(http.StatusOK, "the log", l.request(0, 10)))
	refused := func(s *served) {
		t.Helper()
		s.conflict(10, "another tree of the same size", fork.request(10, 10))
		for _, old := range []int64{10} {
			for size := old + 1; size <= 20; size++ {
				s.wants(http.StatusUnprocessableEntity, fmt.Sprintf("the fork at %d", size), fork.request(old, size))
			}
		}
		s.conflict(10, "from before the fork", fork.request(7, 12))
	}
	refused(s)
	if err := s.w.Close(); err != nil {
		t.Fatal(err)
	}
	again := serve(t, o)
	refused(again)
	again.cosigned(l, 20, again.wants(http.StatusOK, "the log goes on", l.request(10, 20)))
}

// C-2.1.4d: of many at once on one log, along two histories, each that is cosigned
// goes on from the one before it.
func TestManyAtOnce(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	fork := &aLog{t: t, origin: l.origin, signer: l.signer, vkey: l.vkey}
	l.grow(64, "")
	fork.grow(64, "!")
	s := serve(t, options(t, t.TempDir(), l))
	bodies := map[*aLog]map[[2]int64]string{l: {}, fork: {}}
	for _, x := range []*aLog{l, fork} {
		for old := range int64(64) {
			for _, size := range []int64{old + 1, min(64, old+3)} {
				bodies[x][[2]int64{old, size}] = x.request(old, size)
			}
		}
	}
	var mu sync.Mutex
	signed := map[int64]map[*aLog]bool{}
	var wg sync.WaitGroup
	for n := range 8 {
		wg.Go(func() {
			x := []*aLog{l, fork}[n%2]
			for at := int64(0); at < 64; {
				size := min(64, at+1+int64(n/2%2)*2)
				status, answer, _ := s.post(bodies[x][[2]int64{at, size}])
				switch status {
				case http.StatusOK:
					mu.Lock()
					if signed[size] == nil {
						signed[size] = map[*aLog]bool{}
					}
					signed[size][x] = true
					mu.Unlock()
					at = size
				case http.StatusConflict:
					now, err := strconv.ParseInt(strings.TrimSpace(answer), 10, 64)
					if err != nil || now <= at {
						t.Errorf("at %d: %q", at, answer)
						return
					}
					at = now
				case http.StatusUnprocessableEntity:
					return // the other history was there first
				default:
					t.Errorf("%d %q", status, answer)
					return
				}
			}
		})
	}
	wg.Wait()
	one := map[*aLog]bool{}
	for size, by := range signed {
		if len(by) != 1 {
			t.Errorf("two trees of %d are cosigned", size)
		}
		for x := range by {
			one[x] = true
		}
	}
	if len(one) != 1 || len(signed[64]) != 1 {
		t.Errorf("%d histories are cosigned, and %d trees of 64", len(one), len(signed[64]))
	}
}

// C-2.1.4d: whatever is asked, in whatever order and with restarts between, the
// witness cosigns one history of a log alone, and never goes back.
func TestItNeverGoesBack(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	l.grow(33, "")
	fork := &aLog{t: t, origin: l.origin, signer: l.signer, vkey: l.vkey}
	fork.grow(4, "")
	fork.grow(33, "!")
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "w")
		if err != nil {
			rt.Fatal(err)
		}
		o := options(t, dir, l)
		s := serve(t, o)
		var at int64
		var root tlog.Hash
		for range rapid.IntRange(1, 15).Draw(rt, "steps") {
			if rapid.IntRange(0, 6).Draw(rt, "restart") == 0 {
				if err := s.w.Close(); err != nil {
					rt.Fatal(err)
				}
				s = serve(t, o)
			}
			x := rapid.SampledFrom([]*aLog{l, fork}).Draw(rt, "history")
			size := rapid.Int64Range(1, 33).Draw(rt, "size")
			old := rapid.SampledFrom([]int64{0, at, at, at, rapid.Int64Range(0, 33).Draw(rt, "old")}).Draw(rt, "from")
			if old > size {
				old = size
			}
			status, answer, _ := s.post(x.request(old, size))
			goesOn := at == 0 || x.root(at) == root
			want := http.StatusOK
			switch {
			case old != at, size == at && !goesOn:
				want = http.StatusConflict
			case !goesOn:
				want = http.StatusUnprocessableEntity
			}
			if status != want {
				rt.Fatalf("at %d, from %d to %d, goes on %v: %d %q, not %d", at, old, size, goesOn, status, answer, want)
			}
			if status == http.StatusOK {
				at, root = size, x.root(size)
			}
		}
	})
}

func wantCode(t *testing.T, what, code string, err error) {
	t.Helper()
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s: %v, not %s", what, err, code)
	}
}

// C-2.1.4d: a witness that does not know what its key vouched for does not start,
// and one that cannot write signs nothing.
func TestALostStateStopsTheWitness(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	l.grow(9, "")
	dir := t.TempDir()
	o := options(t, dir, l)
	for what, c := range map[string]struct {
		o    witness.Options
		code string
	}{
		"no name":     {witness.Options{}, "no_name"},
		"a bad name":  {witness.Options{Name: "a witness"}, "no_name"},
		"no such key": {witness.Options{Key: filepath.Join(dir, "no.key")}, "no_file"},
		"no key":      {witness.Options{Key: "world_test.go"}, "unknown_key"},
	} {
		c.o.Dir = filepath.Join(dir, "new")
		_, err := witness.Open(c.o)
		wantCode(t, what, c.code, err)
		if _, err := os.Lstat(c.o.Dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: a directory is left behind: %v", what, err)
		}
	}
	s := serve(t, o)
	s.wants(http.StatusOK, "the first", l.request(0, 5))
	_, err := witness.Open(o)
	wantCode(t, "a second one", "in_use", err)

	if err := os.Rename(dir, dir+".gone"); err != nil {
		t.Fatal(err)
	}
	s.wants(http.StatusServiceUnavailable, "without its directory", l.request(5, 7))
	if err := os.Rename(dir+".gone", dir); err != nil {
		t.Fatal(err)
	}
	s.conflict(5, "with its directory back", l.request(0, 7))
	state := filepath.Join(dir, "state")
	b, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	// What cannot be replaced may have been: nothing is taken before a new start.
	if err := errors.Join(os.Remove(state), os.Mkdir(state, 0o700)); err != nil {
		t.Fatal(err)
	}
	s.wants(http.StatusServiceUnavailable, "a file that cannot be replaced", l.request(5, 7))
	if err := errors.Join(os.Remove(state), os.WriteFile(state, b, 0o600)); err != nil {
		t.Fatal(err)
	}
	s.wants(http.StatusServiceUnavailable, "after that", l.request(5, 7))
	resp, err := http.Get(s.url + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Error("it calls itself healthy")
	}
	if err := s.w.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range b {
		c := append([]byte(nil), b...)
		c[i] ^= 1
		if err := os.WriteFile(state, c, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := witness.Open(o)
		wantCode(t, fmt.Sprintf("byte %d of the state", i), "state_damaged", err)
	}
	if err := os.Remove(state); err != nil {
		t.Fatal(err)
	}
	_, err = witness.Open(o)
	wantCode(t, "no state", "state_lost", err)
	if err := os.WriteFile(state, b, 0o600); err != nil {
		t.Fatal(err)
	}
	again := serve(t, o)
	again.conflict(5, "with its state", l.request(0, 7))
	again.wants(http.StatusOK, "with its state", l.request(5, 7))
}

// A key that is given is taken over once, and no other in its place.
func TestAKeyThatIsGiven(t *testing.T) {
	l := newLog(t, "casefile/s/click")
	l.grow(9, "")
	skey, vkey, err := note.GenerateKey(rand.Reader, "own.example/w")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(skey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := witness.Options{Dir: t.TempDir(), Key: file, Logs: known(t, l)}
	s := serve(t, o)
	if !strings.HasPrefix(s.w.Public(), "own.example/w+") || s.w.Public() == vkey {
		t.Fatalf("%s is not the cosigner's form of %s", s.w.Public(), vkey)
	}
	s.cosigned(l, 5, s.wants(http.StatusOK, "by the own key", l.request(0, 5)))
	if err := s.w.Close(); err != nil {
		t.Fatal(err)
	}
	o.Key = ""
	without := serve(t, o)
	without.conflict(5, "later", l.request(0, 6))
	if err := without.w.Close(); err != nil {
		t.Fatal(err)
	}
	other, _, err := note.GenerateKey(rand.Reader, "own.example/w")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.Key = file
	_, err = witness.Open(o)
	wantCode(t, "another key", "other_key", err)
	if err := os.WriteFile(file, []byte(vkey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = witness.Open(witness.Options{Dir: t.TempDir(), Key: file})
	wantCode(t, "a public key", "unknown_key", err)
}

// A list of logs takes a log's own key, or a store's with the origin behind it.
func TestListsOfLogs(t *testing.T) {
	store := newLog(t, "casefile/s")
	logs, err := witness.ParseLogs("\n# one\n" + store.vkey + " casefile/s/click\n  " + store.vkey + "\n")
	if err != nil || len(logs) != 2 || len(logs["casefile/s/click"]) != 1 || logs["casefile/s/click"][0].Name() != "casefile/s/click" || logs["casefile/s"] == nil {
		t.Fatal(logs, err)
	}
	for _, bad := range []string{"x", store.vkey + " a b", store.vkey[1:], store.vkey + " a+b"} {
		_, err := witness.ParseLogs(bad)
		wantCode(t, bad, "unknown_log", err)
	}
}
