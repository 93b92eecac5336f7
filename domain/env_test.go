package domain_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// The general rules of time (catalogue §2, "Time").
func TestCheckTime(t *testing.T) {
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, n) }
	for _, c := range []struct {
		name           string
		at             time.Time
		timing         domain.Timing
		door           string
		opened, newest time.Time
		want           string
	}{
		{"now", now, domain.Timing{}, "web", day(-10), day(-1), ""},
		{"in the future", now.Add(time.Second), domain.Timing{Late: true}, "import", day(-10), day(-1), "in_future"},
		{"before the opening", day(-11), domain.Timing{Late: true}, "import", day(-10), day(-1), "before_opening"},
		{"out of order", day(-2), domain.Timing{}, "import", day(-10), day(-1), "out_of_order"},
		{"late, which may be", day(-2), domain.Timing{Late: true}, "web", day(-10), day(-1), ""},
		{"at the newest", day(-1), domain.Timing{}, "web", day(-10), day(-1), ""},
		{"now by a clock a little behind", now.Add(-domain.NowSlack), domain.Timing{Now: true}, "web", day(-10), day(-1), ""},
		{"not now", day(-1), domain.Timing{Now: true}, "web", day(-10), day(-2), "not_now"},
		{"not now, in an import", day(-1), domain.Timing{Now: true}, "import", day(-10), day(-2), ""},
		{"the first of an aggregate", day(-100), domain.Timing{}, "web", time.Time{}, time.Time{}, ""},
	} {
		env := domain.Env{Now: now, At: c.at, Door: c.door}
		code := ""
		if err := env.CheckTime(c.timing, c.opened, c.newest); err != nil {
			code = err.Code
		}
		if code != c.want {
			t.Errorf("%s: %q, want %q", c.name, code, c.want)
		}
	}
}

func TestFilled(t *testing.T) {
	for raw, want := range map[string]bool{
		``: false, `null`: false, `""`: false, `" \n"`: false, `"\u0020"`: false, `false`: false, `{}`: false, `[ ]`: false,
		`"x"`: true, `true`: true, `0`: true, `{"a":1}`: true, `[1]`: true,
	} {
		if got := domain.Filled(json.RawMessage(raw)); got != want {
			t.Errorf("Filled(%s) = %v", raw, got)
		}
	}
}

func TestSealLeavesOutWhatIsEmpty(t *testing.T) {
	if s := domain.Seal("dossier/x", domain.ClassDossier, domain.CatFile, map[string]any{"a": "", "b": json.RawMessage(nil), "c": nil}); s != nil {
		t.Fatalf("a section of nothing: %v", s)
	}
	s := domain.Seal("dossier/x", domain.ClassDossier, domain.CatFile, map[string]any{"a": "1", "b": "", "c": json.RawMessage(`{"d":2}`)})
	if len(s) != 1 || string(s[0].Data) != `{"a":"1","c":{"d":2}}` {
		t.Fatalf("%s", s)
	}
}

func TestCheckKeepsTheFirstFault(t *testing.T) {
	var k domain.Check
	id := "A0000000-0000-4000-8000-000000000001"
	k.ID("first", &id)
	if id != "a0000000-0000-4000-8000-000000000001" || k.Err() != nil {
		t.Fatalf("%s %v", id, k.Err())
	}
	k.Categories("second", []domain.Category{"report", "report"}, false)
	k.Text("third", " ", 5)
	if e := domain.AsError(k.Err()); e.Code != "repeated" || e.Field != "second" {
		t.Fatal(e)
	}
	var ids domain.Check
	if ids.IDs("many", slices.Repeat([]domain.ID{id}, domain.MaxList+1)); domain.AsError(ids.Err()).Code != "too_many" {
		t.Fatal(ids.Err())
	}
}
