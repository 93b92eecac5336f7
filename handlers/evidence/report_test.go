package evidence

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/bundle"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

var update = flag.Bool("update", false, "write the golden files")

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (run with -update when this is meant):\n%s", path, d)
	}
}

// staff have names in letters that the fonts every reader of PDF has do not hold;
// the third is written with its accents apart, as some systems do.
var staff = []struct{ id, name string }{
	{"018f0000-0000-7000-8000-00000000000a", "Ayşe Şahin-İnönü"},
	{"018f0000-0000-7000-8000-00000000000b", "Łukasz Wójcik-Ďuriš"},
	{"018f0000-0000-7000-8000-00000000000c", "Đa\u0323\u0306ng Thi\u0323 Ánh"},
}

const written = "Đặng Thị Ánh" // the third, as it is shown

// looked is a report of a dossier at which was looked n times.
func looked(t *testing.T, n int) *bundle.Report {
	t.Helper()
	day := time.Date(2026, 3, 28, 9, 0, 0, 0, time.UTC)
	r := &bundle.Report{FromProved: true, UntilProved: true, UpTo: day.Add(time.Hour), Checkpoints: 3, Names: map[domain.ID]string{},
		First: verify.Checkpoint{Recorded: day}, Last: verify.Checkpoint{Recorded: day.Add(time.Hour)},
		Contents: bundle.Contents{Origin: "casefile/0f7c9a52-3d1e-4a3b-9c55-2d1f0f6b7a10/click", Agency: "click", Dossier: "018f0000-0000-7000-8000-000000000d01",
			MadeAt: day.Add(2 * time.Hour), MadeBy: domain.Operator, Purpose: "audit", AccessPosition: 900, AccessInside: true}}
	for _, s := range staff {
		r.Names[s.id] = s.name
	}
	add := func(c bundle.Commit) {
		c.Ref.Leaf, c.Within = int64(1000+len(r.Commits)), true
		c.Envelope.Time = day.Add(time.Duration(len(r.Commits)) * time.Minute)
		r.Commits = append(r.Commits, c)
	}
	events := func(types ...string) (d eventstore.Data) {
		raw := []string{}
		for _, x := range types {
			raw = append(raw, fmt.Sprintf(`{"type":%q,"data":{}}`, x))
		}
		if err := json.Unmarshal([]byte(`{"events":[`+strings.Join(raw, ",")+`],"categories":["report","contact"]}`), &d); err != nil {
			t.Fatal(err)
		}
		return d
	}
	subject := domain.KindDossier + "/" + r.Dossier
	add(bundle.Commit{Envelope: eventstore.Envelope{Actor: staff[0].id, Subject: subject, Data: events("dossier.opened")}})
	add(bundle.Commit{Envelope: eventstore.Envelope{Actor: domain.Engine, Subject: "unique/" + strings.Repeat("01cfdb8c", 8), Data: events("unique.reserved")}})
	add(bundle.Commit{Envelope: eventstore.Envelope{Actor: staff[2].id, Subject: subject, Data: events("record.added", "hours.logged")}})
	every := append([]domain.Category{}, domain.Categories...)
	for i := range n {
		listed := int64(1+i%4) / 2 * 2 // 0: it named this dossier alone
		add(bundle.Commit{Listed: listed, Envelope: eventstore.Envelope{Actor: staff[i%3].id}, Look: &access.Recorded{Action: "view", Outcome: []string{"allowed", "denied"}[i%2],
			Dossiers: []string{r.Dossier}, Categories: every[:1+i*7%len(every)], Purpose: "guidance", Role: "coach"}})
	}
	return r
}

func described(t *testing.T, r *bundle.Report) (out []report) {
	t.Helper()
	words, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range i18n.Langs {
		out = append(out, describe(r, words[l]))
	}
	return out
}

// textOf gives what stands on each page of a PDF that this program made, a line
// for each text that is drawn, in the order in which it is.
func textOf(t *testing.T, pdf []byte) (pages [][]string) {
	t.Helper()
	drawn := regexp.MustCompile(`(?s)\(((?:\\.|[^\\)])*)\)\s*Tj`)
	unescape := regexp.MustCompile(`(?s)\\(.)`)
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		z, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // the end of one, or no compressed one
		}
		b, err := io.ReadAll(z)
		if err != nil || !bytes.Contains(b, []byte("Tj")) {
			continue
		}
		var lines []string
		for _, m := range drawn.FindAllSubmatch(b, -1) {
			raw := unescape.ReplaceAllFunc(m[1], func(x []byte) []byte {
				if x[1] == 'r' {
					return []byte{'\r'}
				}
				return x[1:]
			})
			units := make([]uint16, len(raw)/2)
			for i := range units {
				units[i] = uint16(raw[2*i])<<8 | uint16(raw[2*i+1])
			}
			lines = append(lines, string(utf16.Decode(units)))
		}
		pages = append(pages, lines)
	}
	return pages
}

// C-2.1.4b: the report on paper and as a page says what the bundle proves, names
// people as they are written, and cuts nothing.
func TestTheReportReadsAsItShould(t *testing.T) {
	r := looked(t, 5)
	list := described(t, r)
	pdf, err := printed(r, list)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for i, page := range textOf(t, pdf) {
		fmt.Fprintf(&text, "== %d\n%s\n", i+1, strings.Join(page, "\n"))
	}
	golden(t, "testdata/report.golden.txt", text.String())
	var html bytes.Buffer
	if err := reportPage.Execute(&html, list); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/report.golden.html", html.String())
	for _, name := range []string{staff[0].name, staff[1].name, written} {
		if !strings.Contains(text.String(), name) {
			t.Errorf("%q is not on paper", name)
		}
	}
	for _, fonts := range []string{"/FontFile2", "/ToUnicode"} {
		if !bytes.Contains(pdf, []byte(fonts)) {
			t.Errorf("the PDF has no %s: its letters depend on the reader's machine", fonts)
		}
	}
	again, err := printed(r, described(t, r))
	if err != nil || !bytes.Equal(again, pdf) {
		t.Errorf("the same report gives another file (%v)", err)
	}
}

// A table of many rows repeats its heads, numbers its pages, and has every row
// once and whole, also a cell that is longer than a page.
func TestALongReportCutsNothing(t *testing.T) {
	const n = 150
	r := looked(t, n)
	r.Names[staff[0].id] = strings.Repeat("Van der Lange Naam ", 120) + "einde"
	list := described(t, r)
	pdf, err := printed(r, list)
	if err != nil {
		t.Fatal(err)
	}
	pages := textOf(t, pdf)
	all := map[string]int{}
	for i, page := range pages {
		joined := strings.Join(page, "\n")
		if foot := fmt.Sprintf("·  %d / %d", i+1, len(pages)); !strings.Contains(joined, foot) {
			t.Errorf("page %d has no %q", i+1, foot)
		}
		rows := 0
		for _, line := range page {
			all[line]++
			if len(line) == 4 && line >= "1000" && line < "1153" {
				rows++
			}
		}
		if rows > 0 && !strings.Contains(joined, "Plaats in het") && !strings.Contains(joined, "Place in the") {
			t.Errorf("page %d has %d rows and no heads:\n%s", i+1, rows, joined)
		}
	}
	for leaf := 1000; leaf < 1000+n+3; leaf++ {
		if got := all[fmt.Sprint(leaf)]; got != len(list) {
			t.Errorf("row %d stands %d times", leaf, got)
		}
	}
	whole := strings.Join(func() (out []string) {
		for _, p := range pages {
			out = append(out, p...)
		}
		return out
	}(), " ")
	if got, want := strings.Count(whole, "einde"), len(list)*(n/3+1); got != want {
		t.Errorf("the end of a long name stands %d times, want %d", got, want)
	}
	if strings.Contains(whole, "...") {
		t.Error("a cell was cut")
	}
}
