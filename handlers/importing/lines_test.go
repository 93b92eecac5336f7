package importing

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

var update = flag.Bool("update", false, "write the golden files")

// executor decides as the engine does where it matters here: known ids answer
// duplicate, unknown commands are refused, windows are kept in order.
type executor struct {
	mu      sync.Mutex
	known   map[string]uint64
	windows [][]commands.Request
	fail    int // so many windows find the stream unavailable after half of it
}

func (e *executor) ExecuteWindow(_ context.Context, _ commands.Caller, rs []commands.Request) []commands.Outcome {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.known == nil {
		e.known = map[string]uint64{}
	}
	e.windows = append(e.windows, rs)
	out := make([]commands.Outcome, len(rs))
	failing := e.fail > 0
	e.fail--
	for i, r := range rs {
		out[i] = commands.Outcome{ID: r.ID}
		switch pos, known := e.known[r.ID]; {
		case known:
			out[i].Outcome, out[i].Position = commands.Duplicate, pos
		case failing && i >= len(rs)/2:
			out[i].Outcome, out[i].Code, out[i].Retry = commands.Refused, "unavailable", true
		case r.Command == "NoSuchCommand":
			out[i].Outcome, out[i].Code, out[i].Rule = commands.Refused, "unknown_command", domain.RuleForm
			out[i].Message = "there is no such command"
		default:
			e.known[r.ID] = uint64(len(e.known) + 1)
			out[i].Outcome, out[i].Position = commands.Accepted, e.known[r.ID]
		}
	}
	return out
}

func good(n int) string {
	return fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012d","agency":"click","command":"OpenDossier","data":{"n":%d}}`, n, n)
}

// C-2.1.4a, T9: every kind of bad line is refused with its number, code, rule
// and what to do; the rest of the file goes on.
func TestEveryBadLineIsRefusedAndTheRestGoesOn(t *testing.T) {
	lines := []string{
		"\xef\xbb\xbf" + good(1),
		"",
		good(2) + "\r",
		`{"id":"x","agency":"click","command":"NoSuchCommand"}`,
		`{"id":"x","agency":"click","command":"OpenDossier","bsn":"999990019"}`,
		`{"id":"x","Agency":"click","command":"OpenDossier"}`,
		`{"id":"x","agency":"click","agency":"solutions","command":"OpenDossier"}`,
		`{"id":"x","agency":"click","command":"OpenDossier","data":{"a":1,"a":2}}`,
		`{"id":7,"agency":"click","command":"OpenDossier"}`,
		"{\"id\":\"caf\xe9\",\"agency\":\"click\"}",
		`not JSON at all`,
		`["an","array"]`,
		`"a text"`,
		`null`,
		`{"id":"x"} {"id":"y"}`,
		"   \t ",
		strings.Repeat("[", 20000),
		good(3),
		`{"id":"x","agency":"click","data":{"cut`,
	}
	var report bytes.Buffer
	var refused int
	ex := &executor{}
	sum, err := Lines(t.Context(), strings.NewReader(strings.Join(lines, "\n")), ex, Options{Report: &report, Refused: func(Line) { refused++ }})
	if err != nil {
		t.Fatal(err)
	}
	if sum.Accepted != 3 || sum.Refused != 14 || refused != 14 || sum.Outcomes != 17 {
		t.Errorf("summary: %+v", sum)
	}
	if strings.Contains(report.String(), "999990019") || strings.Contains(report.String(), "caf") {
		t.Error("a refusal repeats what was typed")
	}
	golden(t, "bad-lines.report.jsonl", report.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got); -update writes it anew:\n%s", path, d)
	}
}

// big gives n bytes without a line feed and then the rest.
type big struct {
	n    int64
	rest io.Reader
}

func (b *big) Read(p []byte) (int, error) {
	if b.n == 0 {
		return b.rest.Read(p)
	}
	k := min(int64(len(p)), b.n)
	for i := range p[:k] {
		p[i] = 'x'
	}
	b.n -= k
	return int(k), nil
}

// T9: a line of 100 MB is refused without being held, and the rest goes on.
func TestALineOf100MegabytesIsRefusedWithoutBeingHeld(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	in := io.MultiReader(strings.NewReader(good(1)+"\n"), &big{n: 100 << 20, rest: strings.NewReader("\n" + good(2) + "\n")})
	var report bytes.Buffer
	sum, err := Lines(t.Context(), in, &executor{}, Options{Report: &report})
	if err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if sum.Accepted != 2 || sum.ByCode["line_too_long"] != 1 {
		t.Fatalf("summary: %+v", sum)
	}
	if !strings.Contains(report.String(), `"line":2,"outcome":"refused","code":"line_too_long"`) {
		t.Fatalf("report: %s", report.String())
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MB allocated for a refused line", grown>>20)
	}
}

func TestALineOfExactlyTheLimitIsTaken(t *testing.T) {
	head, tail := `{"id":"x","agency":"click","command":"AddRecord","data":{"text":"`, `"}}`
	fits := head + strings.Repeat("a", MaxLine-len(head)-len(tail)-1) + tail + "\n"
	if len(fits) != MaxLine {
		t.Fatal(len(fits))
	}
	sum, err := Lines(t.Context(), strings.NewReader(fits+strings.Replace(fits, "aa", "aaa", 1)), &executor{}, Options{})
	if err != nil || sum.Accepted != 1 || sum.Refused != 1 {
		t.Fatalf("%v %+v", err, sum)
	}
}

// Order is kept over windows, and the report has one line for each line, in order.
func TestOrderIsKeptOverWindows(t *testing.T) {
	const n = 2*Window + 300
	var in strings.Builder
	for i := range n {
		fmt.Fprintln(&in, good(i))
	}
	var report bytes.Buffer
	ex := &executor{}
	var progressed []uint64
	sum, err := Lines(t.Context(), strings.NewReader(in.String()), ex, Options{Report: &report, Size: int64(in.Len()),
		Progress: func(c uint64, f float64) { progressed = append(progressed, c) }})
	if err != nil || sum.Accepted != n {
		t.Fatalf("%v %+v", err, sum)
	}
	if len(ex.windows) != 3 || len(ex.windows[0]) != Window || len(progressed) != 3 {
		t.Fatalf("%d windows", len(ex.windows))
	}
	dec := json.NewDecoder(&report)
	for i := range n {
		var l Line
		if err := dec.Decode(&l); err != nil || l.Line != i+1 || l.Position != uint64(i+1) {
			t.Fatalf("line %d: %+v %v", i+1, l, err)
		}
	}
}

func TestASecondImportDoublesNothing(t *testing.T) {
	in := good(1) + "\n" + good(2) + "\n"
	ex := &executor{}
	for i, want := range []Summary{{Accepted: 2}, {Duplicate: 2}} {
		sum, err := Lines(t.Context(), strings.NewReader(in), ex, Options{})
		if err != nil || sum.Accepted != want.Accepted || sum.Duplicate != want.Duplicate {
			t.Fatalf("import %d: %v %+v", i+1, err, sum)
		}
	}
}

// T12: a stream that cannot be written for a while loses nothing and doubles nothing.
func TestAStreamThatComesBackLosesNothing(t *testing.T) {
	var in strings.Builder
	for i := range 10 {
		fmt.Fprintln(&in, good(i))
	}
	sum, err := Lines(t.Context(), strings.NewReader(in.String()), &executor{fail: 2}, Options{})
	if err != nil || sum.Accepted != 10 || sum.Duplicate != 0 {
		t.Fatalf("%v %+v", err, sum)
	}
}

func TestAStreamThatStaysAwayStopsTheImportAndSaysWhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { staysAway(t) })
}

func staysAway(t *testing.T) {
	var report bytes.Buffer
	sum, err := Lines(t.Context(), strings.NewReader(good(1)+"\n"+good(2)+"\n"), &executor{fail: 100}, Options{Report: &report})
	e := domain.AsError(err)
	if e.Code != "unavailable" || !strings.Contains(e.Message, "before line 2") || sum.Accepted != 1 || sum.Refused != 0 {
		t.Fatalf("%v %+v", err, sum)
	}
	if strings.Count(report.String(), "\n") != 1 {
		t.Fatalf("the report holds what is not durable: %s", report.String())
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error)  { return 0, io.ErrClosedPipe }
func (broken) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestInputAndReportThatFailSayWhatToDo(t *testing.T) {
	sum, err := Lines(t.Context(), io.MultiReader(strings.NewReader(good(1)+"\n"), broken{}), &executor{}, Options{})
	if e := domain.AsError(err); e.Code != "input_unreadable" || sum.Accepted != 1 {
		t.Errorf("%v %+v", err, sum)
	}
	_, err = Lines(t.Context(), strings.NewReader(good(1)+"\n"), &executor{}, Options{Report: broken{}})
	if e := domain.AsError(err); e.Code != "report_unwritable" {
		t.Error(err)
	}
}

func TestAnEmptyFileIsNoError(t *testing.T) {
	for _, in := range []string{"", "\n\n", "\xef\xbb\xbf", "\r\n"} {
		if sum, err := Lines(t.Context(), strings.NewReader(in), &executor{}, Options{}); err != nil || sum.Outcomes != 0 {
			t.Errorf("%q: %v %+v", in, err, sum)
		}
	}
}

// T9: no input makes it panic, and each non-empty line has exactly one outcome.
func FuzzLines(f *testing.F) {
	f.Add([]byte(good(1)))
	f.Add([]byte("{\"id\":\"x\"}\r\n\xef\xbb\xbf{}\n[1,2"))
	f.Add([]byte("{\"data\":{\"a\":\"\\ud800\"}}\n\xff\xfe{\x00}\x00"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var report bytes.Buffer
		sum, err := Lines(t.Context(), bytes.NewReader(in), &executor{}, Options{Report: &report})
		if err != nil {
			t.Fatal(err)
		}
		want := uint64(0)
		for i, l := range bytes.Split(in, []byte("\n")) {
			if i == 0 {
				l = bytes.TrimPrefix(l, []byte("\xef\xbb\xbf"))
			}
			if len(bytes.TrimSpace(l)) > 0 {
				want++
			}
		}
		if sum.Outcomes != want || uint64(bytes.Count(report.Bytes(), []byte("\n"))) != want {
			t.Fatalf("%d outcomes for %d lines", sum.Outcomes, want)
		}
	})
}
