package progress

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func at(t *time.Time) func() time.Time { return func() time.Time { return *t } }

func TestWithoutATerminalThereIsOneLineEveryFiveSeconds(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := Start(&out, Lines, "importing", "lines", at(&now))
	for i := range 12 {
		now = now.Add(time.Second)
		b.Update(uint64(i+1)*1000, float64(i+1)/20)
	}
	b.Done()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	want := []string{
		"importing  25% 5,000 lines, 1,000/s, 15 s left",
		"importing  50% 10,000 lines, 1,000/s, 10 s left",
		"importing  60% 12,000 lines, 1,000/s, took 12 s",
	}
	if strings.Join(lines, "|") != strings.Join(want, "|") {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if strings.ContainsAny(out.String(), "\r█") {
		t.Fatal("it animates without a terminal")
	}
}

func TestOnATerminalOneLineIsDrawnAgain(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := Start(&out, Terminal, "rebuilding", "events", at(&now))
	now = now.Add(time.Second)
	b.Update(500, 0.5)
	b.Update(501, 0.501) // too soon to be drawn
	now = now.Add(time.Second)
	b.Update(1000, 1)
	b.Done()
	if n := strings.Count(out.String(), "\n"); n != 1 {
		t.Fatalf("%d line ends, want 1: %q", n, out.String())
	}
	if n := strings.Count(out.String(), "\r"); n != 3 {
		t.Fatalf("%d drawings, want 3: %q", n, out.String())
	}
	if !strings.Contains(out.String(), "████████████░░░░░░░░░░░░]  50% 500 events, 500/s, 1.0 s left") {
		t.Fatalf("got %q", out.String())
	}
}

func TestJSONLinesAreJSON(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(0, 0)
	b := Start(&out, JSON, "importing", "lines", at(&now))
	now = now.Add(6 * time.Second)
	b.Update(60, -1)
	var m map[string]any
	if err := json.Unmarshal(out.Bytes(), &m); err != nil || m["rate"] != 10.0 || m["seconds_left"] != nil {
		t.Fatalf("%v %s", err, out.String())
	}
}

func TestDurationsReadAsPeopleSayThem(t *testing.T) {
	for d, want := range map[time.Duration]string{400 * time.Millisecond: "0.4 s", 12 * time.Second: "12 s", 185 * time.Second: "3 min 05 s", 130 * time.Minute: "2 h 10 min"} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	if Count(1234567) != "1,234,567" || Count(999) != "999" {
		t.Error("numbers are grouped by three")
	}
}
