package lifetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// A story is one client's life in one agency, worked out by hand. It is read
// line by line; what follows a # after a space is for the reader.
//
//	day 2025-01-14
//	09:00 ada OpenDossier $file {service: reintegration, …}
//	  ! 422 commissioner_missing C-1.1a
//	deadlines
//	  + kind=handout ref=$file …
//	  ~ kind=handout : status=met_late -missing
//	  - kind=handout
//
// A step is a time of that day in Europe/Amsterdam, who takes it (signed in by
// his own name), the command, the dossier that it names if any, and its data as
// a YAML flow mapping, which may go on on further lines. agency=A puts another
// agency into the envelope, at=T the time at which it happened. Below it,
// "! status code rule" is the refusal that it must meet, "warn codes" the
// warnings of its outcome (with ... after them there may be more); without "!" it
// must be accepted.
//
// Below a register's name stands how it differs, at the end of that day, from
// the end of the story's day before: rows that came, rows that changed and rows
// that went. What no line names has to be as it was, in every register. A row is
// a list of field=value; rows that change or go are named by enough of them.
//
// $name is an id: of a member of staff by his sign-in name, of anything else by
// a name of the story's own. $agency.name is one of another agency.
type story struct {
	agency string
	days   []day
}

type day struct {
	date     nl.Date
	line     int
	steps    []step
	expected map[string][]change
}

type step struct {
	line             int
	at               time.Time
	who, command     string
	dossier          string
	agency, occurred string // of the envelope; "" to leave out
	data             string
	status           int // of the refusal; 0: accepted
	code, rule       string
	warnings         []string
}

type change struct {
	line  int
	sort  byte // + ~ -
	match []string
	set   []string
}

var (
	stepForm = regexp.MustCompile(`^(\d\d:\d\d) ([a-z]+) ([A-Za-z]+)((?: [^ {]\S*)*)(?: (\{.*))?$`)
	nameForm = regexp.MustCompile(`\$([a-z]+\.)?([a-z][a-z0-9_]*)`)
)

func readStory(t *testing.T, agency string) *story {
	t.Helper()
	path := "testdata/" + agency + ".story"
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := &story{agency: agency}
	register := ""
	for n, line := range strings.Split(string(text), "\n") {
		if err := s.read(n+1, uncommented(line), &register); err != nil {
			t.Fatalf("%s:%d: %v", path, n+1, err)
		}
	}
	return s
}

func uncommented(line string) string {
	if strings.HasPrefix(line, "#") {
		return ""
	}
	line, _, _ = strings.Cut(line, " #")
	return strings.TrimRight(line, " ")
}

func (s *story) read(n int, line string, register *string) error {
	if line == "" {
		return nil
	}
	if date, ok := strings.CutPrefix(line, "day "); ok {
		d, err := nl.ParseDate(date)
		s.days = append(s.days, day{date: d, line: n, expected: map[string][]change{}})
		*register = ""
		return err
	}
	if len(s.days) == 0 {
		return errors.New("a story begins with a day")
	}
	d := &s.days[len(s.days)-1]
	switch indented := strings.HasPrefix(line, " "); {
	case !indented && slices.Contains(queries.Registers, line):
		*register = line
		return nil
	case !indented:
		*register = ""
		return d.step(n, line)
	case *register != "":
		return d.change(n, *register, strings.TrimSpace(line))
	case len(d.steps) > 0:
		return d.steps[len(d.steps)-1].more(strings.TrimSpace(line))
	}
	return errors.New("this line belongs to nothing")
}

func (d *day) step(n int, line string) error {
	m := stepForm.FindStringSubmatch(line)
	if m == nil {
		return errors.New("this is neither a step nor a register")
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", d.date.String()+" "+m[1], nl.Amsterdam())
	if err != nil {
		return err
	}
	if len(d.steps) > 0 && !at.After(d.steps[len(d.steps)-1].at) {
		return errors.New("this step is not after the one before it")
	}
	st := step{line: n, at: at, who: m[2], command: m[3], data: m[5]}
	for _, f := range strings.Fields(m[4]) {
		switch k, v, _ := strings.Cut(f, "="); {
		case k == "agency":
			st.agency = v
		case k == "at":
			st.occurred = v
		default:
			st.dossier = f
		}
	}
	d.steps = append(d.steps, st)
	return nil
}

// more reads a line below a step.
func (s *step) more(line string) (err error) {
	f := strings.Fields(line)
	switch {
	case f[0] == "!" && len(f) == 4:
		s.code, s.rule = f[2], f[3]
		s.status, err = strconv.Atoi(f[1])
		return err
	case f[0] == "warn":
		s.warnings = f[1:]
	default:
		s.data += " " + line
	}
	return nil
}

func (d *day) change(n int, register, line string) error {
	c := change{line: n, sort: line[0]}
	match, set, _ := strings.Cut(line[1:], " : ")
	c.match, c.set = strings.Fields(match), strings.Fields(set)
	if !strings.ContainsRune("+~-", rune(c.sort)) || (c.sort == '~') != (len(c.set) > 0) || len(c.match) == 0 {
		return errors.New("a row comes with +, changes with ~ and : between, or goes with -")
	}
	d.expected[register] = append(d.expected[register], c)
	return nil
}

// names gives each name of a story one constant id, and back.
type names map[string]string

// id is the id of a name as it stands in a story of an agency.
func (n names) id(agency, name string) string {
	key := agency + "." + name
	if before, after, ok := strings.Cut(name, "."); ok {
		key = before + "." + after
	}
	id := uuid.NewSHA1(uuid.Nil, []byte(key)).String()
	n[id] = key
	return id
}

// fill puts ids in the place of names.
func (n names) fill(agency, s string) string {
	return nameForm.ReplaceAllStringFunc(s, func(m string) string { return n.id(agency, m[1:]) })
}

// body is the command as it is sent.
func (n names) body(t *testing.T, agency string, s step) []byte {
	t.Helper()
	out := map[string]any{"command": s.command, "id": n.id(agency, fmt.Sprintf("step_%d", s.line))}
	for k, v := range map[string]string{"agency": s.agency, "dossier": n.fill(agency, s.dossier), "at": s.occurred} {
		if v != "" {
			out[k] = v
		}
	}
	if s.data != "" {
		var node yaml.Node
		if err := yaml.Unmarshal([]byte(n.fill(agency, s.data)), &node); err != nil {
			t.Fatalf("%s.story:%d: %v", agency, s.line, err)
		}
		out["data"] = plain(t, node.Content[0])
	}
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// plain is a YAML value as JSON has it: days and times stay texts.
func plain(t *testing.T, n *yaml.Node) any {
	t.Helper()
	switch {
	case n.Kind == yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			out[n.Content[i].Value] = plain(t, n.Content[i+1])
		}
		return out
	case n.Kind == yaml.SequenceNode:
		out := []any{}
		for _, c := range n.Content {
			out = append(out, plain(t, c))
		}
		return out
	case n.Tag == "!!bool" || n.Tag == "!!int" || n.Tag == "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	return n.Value
}

// object decodes a JSON object with its fields in their order.
func object(b []byte) (keys []string, values map[string]json.RawMessage, err error) {
	if err := json.Unmarshal(b, &values); err != nil {
		return nil, nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, k.(string))
		var skip json.RawMessage
		if err := d.Decode(&skip); err != nil {
			return nil, nil, err
		}
	}
	return keys, values, nil
}
