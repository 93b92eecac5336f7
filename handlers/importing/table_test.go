package importing

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

type digester string

func (d digester) Digest(_ context.Context, agency, use string, data []byte) (sum [32]byte, err error) {
	h := hmac.New(sha256.New, []byte(string(d)+agency+use))
	h.Write(data)
	h.Sum(sum[:0])
	return sum, nil
}

const key = digester("a key for tests")

func mapping(t *testing.T, text string) *Mapping {
	t.Helper()
	m, err := ParseMapping(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func receipt(t *testing.T) *Mapping {
	t.Helper()
	text, err := os.ReadFile("../../docs/examples/receipt.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return mapping(t, string(text))
}

const receiptHeader = "case:channel,case:concept:name,case:deadline,case:department,case:enddate,case:enddate_planned,case:group,case:responsible,case:startdate,concept:instance,concept:name,lifecycle:transition,org:group,org:resource,time:timestamp\n"

// receiptRow makes a line in the form of receipt.csv.
func receiptRow(key, end, responsible, start, instance, step, resource, at string) string {
	return fmt.Sprintf("Internet,%s,,General,%s,2011-12-06 13:41:31.788000+01:00,,%s,%s,%s,%s,complete,Group 1,%s,%s\n", key, end, responsible, start, instance, step, resource, at)
}

const (
	d1 = "2011-10-11 13:42:22.688000+02:00"
	d2 = "2011-10-12 08:26:25+02:00"
	d3 = "2011-10-13 10:00:00.5+02:00"
	d4 = "2011-11-24 15:36:51.302000+01:00"
)

// all imports a table and gives every command, in order.
func all(t *testing.T, m *Mapping, table string, ex *executor, o Options) (*Summary, []commands.Request) {
	t.Helper()
	before := len(ex.windows)
	sum, err := Table(t.Context(), strings.NewReader(table), m, key, ex, o)
	if err != nil {
		t.Fatal(err)
	}
	var rs []commands.Request
	for _, w := range ex.windows[before:] {
		rs = append(rs, w...)
	}
	return sum, rs
}

func names(rs []commands.Request) string {
	var out []string
	for _, r := range rs {
		out = append(out, r.Command)
	}
	return strings.Join(out, " ")
}

// the rows of a case lie apart and out of order; its commands come in the
// order of their times, the end of the trajectory before the step after it.
func TestATableBecomesCommandsInTheOrderOfTheirTimes(t *testing.T) {
	table := "\ufeff" + receiptHeader +
		receiptRow("case-1", d3, "Anna", d1, "task-2", "Later step", "Bert", d4) +
		receiptRow("case-2", "", "Anna", d1, "task-9", "Other case", "Anna", d2) +
		receiptRow("case-1", d3, "Anna", d1, "task-1", "First step", "Anna", d2)
	var report bytes.Buffer
	ex := &executor{}
	sum, rs := all(t, receipt(t), table, ex, Options{Report: &report})
	want := "AdoptRegulation EnrolStaff SignConfidentiality GrantRole EnrolStaff SignConfidentiality GrantRole " +
		"OpenDossier AssignStaff StartTrajectory AssignStaff AssignStaff AddRecord EndTrajectory AddRecord " +
		"OpenDossier AssignStaff StartTrajectory AssignStaff AddRecord"
	if got := names(rs); got != want {
		t.Fatalf("got\n%s\nwant\n%s", got, want)
	}
	if sum.Accepted != uint64(len(rs)) || sum.Refused != 0 {
		t.Fatalf("%+v", sum)
	}
	first, end, later := rs[12], rs[13], rs[14]
	if first.At != "2011-10-12T08:26:25+02:00" || end.At != "2011-10-13T10:00:00.5+02:00" || later.At != "2011-11-24T15:36:51.302+01:00" {
		t.Errorf("times: %s %s %s", first.At, end.At, later.At)
	}
	var data struct{ Title, Trajectory, Record string }
	if err := json.Unmarshal(first.Data, &data); err != nil || data.Title != "First step" {
		t.Errorf("%s %v", first.Data, err)
	}
	var started struct {
		Trajectory  string `json:"trajectory"`
		PlannedEnd  string `json:"planned_end"`
		Enrolled    string `json:"staff"`
		EnrolledFor string `json:"name"`
	}
	if err := json.Unmarshal(rs[9].Data, &started); err != nil || started.Trajectory != data.Trajectory || started.PlannedEnd != "2011-12-06" {
		t.Errorf("%s %v", rs[9].Data, err)
	}
	if !domain.ValidTrajectoryForm(started.Trajectory) {
		t.Errorf("trajectory %q does not have its form", started.Trajectory)
	}
	dossiers := map[string]bool{}
	for _, r := range rs[7:15] {
		dossiers[r.Dossier] = true
	}
	if len(dossiers) != 1 || dossiers[""] || dossiers[rs[15].Dossier] {
		t.Errorf("the commands of a case have one dossier of their own: %v", dossiers)
	}
	// Bert was enrolled under the id that acts in his row.
	if err := json.Unmarshal(rs[1].Data, &started); err != nil || started.EnrolledFor != "Bert" || started.Enrolled != later.Actor {
		t.Errorf("%s, actor %s", rs[1].Data, later.Actor)
	}
	for _, r := range rs {
		if _, err := domain.ParseID("id", r.ID); err != nil {
			t.Error(err)
		}
		if clear := r.ID + r.Dossier + r.Actor; strings.Contains(clear, "case-") || strings.Contains(clear, "task-") {
			t.Errorf("a source key shows: %s", clear)
		}
	}
	golden(t, "receipt.report.jsonl", report.Bytes())
}

// repeatable without doubles, whatever the order of the rows.
func TestATableTwiceDoublesNothing(t *testing.T) {
	rows := []string{
		receiptRow("case-1", d3, "Anna", d1, "task-2", "Later step", "Bert", d4),
		receiptRow("case-1", d3, "Anna", d1, "task-1", "First step", "Anna", d2),
	}
	ex := &executor{}
	first, _ := all(t, receipt(t), receiptHeader+rows[0]+rows[1], ex, Options{})
	second, _ := all(t, receipt(t), receiptHeader+rows[1]+rows[0], ex, Options{})
	if second.Duplicate != first.Accepted || second.Accepted != 0 {
		t.Fatalf("first %+v, second %+v", first, second)
	}
}

// No id of one agency's import says anything to who does not have its key.
func TestIdsDependOnTheKeyTheMappingAndTheKind(t *testing.T) {
	s := &scope{ctx: t.Context(), m: &Mapping{Name: "a", Agency: "x"}, digester: key}
	seen := map[[32]byte]bool{}
	for _, c := range []struct {
		name, kind string
		parts      []string
		d          digester
	}{
		{"a", "k", []string{"1"}, key}, {"b", "k", []string{"1"}, key}, {"a", "l", []string{"1"}, key}, {"a", "k", []string{"2"}, key},
		{"a", "k", []string{"1", ""}, key}, {"a", "k", []string{"", "1"}, key}, {"a", "k", []string{"1"}, "another"}, {"ak", "", []string{"1"}, key},
	} {
		s.m.Name, s.digester = c.name, c.d
		sum, err := s.digest(c.kind, c.parts)
		if err != nil || seen[sum] {
			t.Errorf("%+v: doubled or %v", c, err)
		}
		seen[sum] = true
	}
}

func TestBadRowsAreRefusedWithTheirLineAndTheRestGoesOn(t *testing.T) {
	table := receiptHeader +
		receiptRow("case-1", "", "Anna", d1, "task-1", "Step", "Anna", d2) + // 2
		"too,few,fields\n" + // 3
		receiptRow("", "", "Anna", d1, "task-2", "No key", "Anna", d2) + // 4
		receiptRow("case-1", "", "Anna", d1, "task-3", "Bad time", "Anna", "12 October") + // 5
		receiptRow("case-1", "", "Anna", d1, "task-1", "Same instance", "Anna", d3) + // 6
		receiptRow("case-1", "", "Anna", d1, "task-4", "Caf\xe9", "Anna", d3) + // 7
		receiptRow("case-1", "", "Anna", d1, "task-5", `"two`+"\n"+`lines"`, "Anna", d3) + // 8, 9
		receiptRow("case-1", "", "Anna", d1, "task-6", `a "quote" inside`, "Anna", d3) + // 10
		receiptRow("case-1", "", "Anna", d1, "task-7", "Good", "Anna", d3) + // 11
		"Internet,\"never closed"
	var report bytes.Buffer
	sum, rs := all(t, receipt(t), table, &executor{}, Options{Report: &report})
	got := map[string]uint64{"wrong_columns": 1, "no_key": 1, "invalid_time": 1, "duplicate_row": 1, "invalid_utf8": 1, "invalid_row": 2}
	for code, n := range got {
		if sum.ByCode[code] != n {
			t.Errorf("%s: %d refused, want %d", code, sum.ByCode[code], n)
		}
	}
	if n := strings.Count(names(rs), "AddRecord"); n != 3 {
		t.Errorf("%d records, want 3", n)
	}
	if strings.Contains(report.String(), "12 October") {
		t.Error("the report repeats what the table holds")
	}
	golden(t, "bad-rows.report.jsonl", report.Bytes())
}

func TestATableOfWindows1252IsRead(t *testing.T) {
	m := mapping(t, "mapping: m\nagency: a\ncsv: {delimiter: ';', encoding: windows-1252}\ncase:\n  key: k\n  dossier: !id {kind: d}\n  rows:\n  - command: AddRecord\n    data: {title: !column t}\n")
	_, rs := all(t, m, "k;t\r\n1;Caf\xe9\r\n", &executor{}, Options{})
	if len(rs) != 1 || string(rs[0].Data) != `{"title":"Café"}` {
		t.Fatalf("%+v", rs)
	}
}

func TestFunctionsGiveTheirValues(t *testing.T) {
	m := mapping(t, `
mapping: m
agency: a
times: {layouts: ["02-01-2006 15:04", "02-01-2006"], zone: Europe/Amsterdam}
tables: {channel: {Post: letter, "": in_person}}
case:
  key: k
  dossier: !id {kind: d}
  rows:
    - command: One
      when: [{column: n, filled: true}, {column: c, not: [Fax]}]
      at: !time {column: at, not_before: from}
      data:
        text: !text "{k} of {n}"
        empty: !column none
        number: !int n
        day: !date at
        channel: !map {column: c, table: channel}
        other: !map {column: c, values: {}, default: other}
        nested: {list: [1, true, "x", !column none], date: 2011-01-01}
    - command: Two
      when: {column: c, equals: Fax}
`)
	_, rs := all(t, m, "k,n,at,from,c,none\nA,7,30-03-2025 00:30,31-03-2025,Post,\nB,8,01-02-2025,,Fax,\nC,,01-02-2025,,Post,\nD,9,01-07-2025 23:59,,,\n", &executor{}, Options{})
	if got := names(rs); got != "One Two One" {
		t.Fatal(got)
	}
	if rs[0].At != "2025-03-31T00:00:00+02:00" || rs[2].At != "2025-07-01T23:59:00+02:00" {
		t.Errorf("times: %s %s", rs[0].At, rs[2].At)
	}
	want := `{"channel":"letter","day":"2025-03-30","nested":{"date":"2011-01-01","list":[1,true,"x"]},"number":7,"other":"other","text":"A of 7"}`
	if string(rs[0].Data) != want {
		t.Errorf("got  %s\nwant %s", rs[0].Data, want)
	}
}

// T9: an error of the mapping names its line and its field.
func TestAMappingIsReadStrictly(t *testing.T) {
	head := "mapping: m\nagency: a\n"
	body := "case:\n  key: k\n  dossier: !id {kind: d}\n"
	for _, c := range []struct{ text, field, line, what string }{
		{"", "", "line 1", "empty"},
		{"mapping: [", "", "line 1", "not YAML"},
		{head + body + "  rows:\n  - command: X\n     at: y\n", "", "line", "not YAML"},
		{head + "colour: red\n" + body, "colour", "line 3", "not known"},
		{head + "agency: b\n" + body, "agency", "line 3", "twice"},
		{"mapping: m\n" + body, "agency", "line 1", "whose"},
		{"agency: a\n" + body, "mapping", "line 1", "no name"},
		{head, "", "line 1", "no commands"},
		{"mapping: M m\nagency: a\n" + body, "mapping", "line 1", "small letters"},
		{head + "case: {dossier: !id {kind: d}}\n", "case.key", "line 3", "key"},
		{head + "case: {key: k}\n", "case.dossier", "line 3", "dossier"},
		{head + body + "  rows:\n  - at: x\n", "case.rows[0].command", "line 7", "no command"},
		{head + body + "  rows:\n  - command: X\n    data: {a: !frob x}\n", "case.rows[0].data.a", "line 8", "!frob is not known"},
		{head + body + "  rows:\n  - command: X\n    data: {a: !map {column: c, table: t}}\n", "case.rows[0].data.a.table", "line 8", "no such table"},
		{head + body + "  rows:\n  - command: X\n    data: {a: &x 1, b: *x}\n", "case.rows[0].data.b", "line 8", "aliases"},
		{head + body + "  rows:\n  - command: X\n    data: {a: 1.5}\n", "case.rows[0].data.a", "line 8", "quotes"},
		{head + body + "  rows:\n  - command: X\n    data: {a: !column \"@value\"}\n", "case.rows[0].data.a", "line 8", "@value"},
		{head + body + "  rows:\n  - command: X\n    data: 7\n", "case.rows[0].data", "line 8", "fields"},
		{head + body + "  rows:\n  - command: X\n    when: {column: c}\n", "case.rows[0].when", "line 8", "condition"},
		{head + "once:\n- command: X\n  at: !time t\n", "once[0].at", "line 5", "no row"},
		{head + "csv: {delimiter: ';;'}\n" + body, "csv.delimiter", "line 3", "one character"},
		{head + "csv: {encoding: ebcdic}\n" + body, "csv.encoding", "line 3", "utf-8"},
		{head + "times: {zone: Mars}\n" + body, "times.zone", "line 3", "Europe/Amsterdam"},
		{head + "distinct:\n- columns: a\n  do: [{command: X}]\n", "distinct[0].name", "line 4", "name"},
		{head + body + "---\nmore: 1\n", "", "line 1", "one YAML document"},
		{head + body + "  rows:\n  - command: X\n    data: {a: !number {kind: D}}\n", "case.rows[0].data.a", "line 8", "small letters"},
	} {
		_, err := ParseMapping(strings.NewReader(c.text))
		e := domain.AsError(err)
		if err == nil || e.Code != "invalid_mapping" || e.Field != c.field || !strings.Contains(e.Message, c.line) || !strings.Contains(e.Message, c.what) {
			t.Errorf("%q\n  gives %v\n  want field %q, %q and %q", c.text, err, c.field, c.line, c.what)
		}
	}
}

func TestAColumnThatTheTableLacksIsAnErrorOfTheMapping(t *testing.T) {
	m := mapping(t, "mapping: m\nagency: a\ncase:\n  key: k\n  dossier: !id {kind: d}\n  rows:\n  - command: X\n    data: {a: !column c}\n")
	for _, table := range []string{"k,d\n1,2\n", "k;c\n1;2\n", "k,c,c\n1,2,3\n"} {
		_, err := Table(t.Context(), strings.NewReader(table), m, key, &executor{}, Options{})
		if e := domain.AsError(err); e.Code != "invalid_mapping" || !strings.Contains(e.Message, "line ") {
			t.Errorf("%q: %v", table, err)
		}
	}
	_, err := Table(t.Context(), strings.NewReader(""), m, key, &executor{}, Options{})
	if e := domain.AsError(err); e.Code != "no_header" {
		t.Error(err)
	}
}

// T9: no mapping and no table makes it panic or makes two commands of one id.
func FuzzMapping(f *testing.F) {
	text, err := os.ReadFile("../../docs/examples/receipt.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, []byte(receiptHeader+receiptRow("case-1", d3, "Anna", d1, "task-2", "Later step", "Bert", d4)))
	f.Add([]byte("mapping: m\nagency: a\ncase:\n  key: k\n  dossier: !id {kind: d}\n  rows:\n  - command: X\n    data: {a: !column c}\n"), []byte("k,c\n1,\"2\n"))
	f.Add([]byte("a: &a [*a]"), []byte(""))
	f.Fuzz(func(t *testing.T, mapping, table []byte) {
		m, err := ParseMapping(bytes.NewReader(mapping))
		if err != nil {
			return
		}
		ex := &executor{}
		if _, err := Table(t.Context(), bytes.NewReader(table), m, key, ex, Options{}); err != nil {
			return
		}
		ids := map[string]bool{}
		for _, w := range ex.windows {
			for _, r := range w {
				if ids[r.ID] {
					t.Fatalf("two commands have the id %s", r.ID)
				}
				ids[r.ID] = true
			}
		}
	})
}

// Whatever the order of a table's rows: the same commands, and within each case
// in the order of their times.
func TestTheOrderOfTheRowsDoesNotMatter(t *testing.T) {
	m := mapping(t, "mapping: m\nagency: a\ncase:\n  key: k\n  order: !time t\n  dossier: !id {kind: d}\n  rows:\n  - command: X\n    at: !time t\n    data: {v: !column v}\n")
	rapid.Check(t, func(rt *rapid.T) {
		rows := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) string {
			return fmt.Sprintf("%d,2025-01-%02dT00:00:00Z,%d\n", rapid.IntRange(1, 3).Draw(rt, "case"), rapid.IntRange(1, 9).Draw(rt, "day"), rapid.IntRange(0, 3).Draw(rt, "value"))
		}), 1, 12).Draw(rt, "rows")
		mixed := rapid.Permutation(rows).Draw(rt, "mixed")
		ids := func(rows []string) map[string]string {
			ex := &executor{}
			if _, err := Table(context.Background(), strings.NewReader("k,t,v\n"+strings.Join(rows, "")), m, key, ex, Options{}); err != nil {
				rt.Fatal(err)
			}
			out, newest := map[string]string{}, map[string]string{}
			for _, r := range ex.windows[0] {
				if r.At < newest[r.Dossier] || r.Dossier == "" {
					rt.Fatal("a command comes before an earlier one of its dossier")
				}
				newest[r.Dossier] = r.At
				out[r.ID] = r.Dossier + r.At + string(r.Data)
			}
			return out
		}
		a, b := ids(rows), ids(mixed)
		if len(a) != len(rows) || fmt.Sprint(a) != fmt.Sprint(b) {
			rt.Fatalf("%d commands of %d rows, or other ones", len(a), len(rows))
		}
	})
}
