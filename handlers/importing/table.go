package importing

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// MaxTable is the largest table in bytes. Its rows are held in memory, because
// those of one case may lie far apart.
const MaxTable = 512 << 20

// Table imports the CSV table of an older system by a mapping. Commands come in
// this order: once, for each distinct value, and then case by case in the
// order of the cases' first rows; within a case by their time, whatever the
// order of the rows. Lines of the report carry the line in the table.
func Table(ctx context.Context, r io.Reader, m *Mapping, d Digester, ex Executor, o Options) (*Summary, error) {
	src := &tableSource{ctx: ctx, m: m, digester: d, in: r}
	return run(ctx, src, ex, o)
}

// row is one line of the table.
type row struct {
	line   int
	fields []string
}

// requestOf is a command with the time by which it is put in order.
type requestOf struct {
	commands.Request
	when time.Time
}

// tableSource reads the table whole and then gives its commands case by case.
type tableSource struct {
	ctx      context.Context
	m        *Mapping
	digester Digester
	in       io.Reader

	loaded  bool
	header  []string
	rows    []row
	cases   [][]int // indexes of rows, by first appearance
	keys    []string
	emitted int // cases
	ready   []item
}

func (t *tableSource) done() float64 {
	if len(t.cases) == 0 {
		return -1
	}
	return float64(t.emitted) / float64(len(t.cases))
}

func (t *tableSource) next() (item, error) {
	if !t.loaded {
		if err := t.load(); err != nil {
			return item{}, err
		}
		t.loaded = true
		t.preamble()
	}
	for len(t.ready) == 0 {
		if t.emitted >= len(t.cases) {
			return item{}, io.EOF
		}
		t.ready = t.caseItems(t.keys[t.emitted], t.cases[t.emitted])
		t.emitted++
	}
	it := t.ready[0]
	t.ready = t.ready[1:]
	return it, nil
}

// load reads the table, binds the mapping's columns to it and sorts its rows
// into cases. Rows that cannot be read become refusals.
func (t *tableSource) load() error {
	lines := &tableLines{src: newLineSource(t.in, 0)}
	var in io.Reader = lines
	if t.m.encoding == "windows-1252" {
		in = charmap.Windows1252.NewDecoder().Reader(in)
	}
	r := csv.NewReader(in)
	r.Comma, r.FieldsPerRecord = t.m.delimiter, -1
	header, err := r.Read()
	if err != nil {
		if lines.err != nil {
			return lines.err
		}
		return domain.Invalid("no_header", "", "the table has no first line with the names of its columns")
	}
	for i := range header {
		header[i] = strings.TrimSpace(header[i])
	}
	t.header = header
	if err := t.m.bind(header); err != nil {
		return err
	}
	index := map[string]int{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if lines.err != nil {
			return lines.err
		}
		line := 0
		if err == nil {
			line, _ = r.FieldPos(0)
		}
		if refused := t.check(fields, err, &line); refused != nil {
			t.ready = append(t.ready, item{line: line, refused: refused})
			continue
		}
		t.add(row{line, fields}, index)
	}
	for _, n := range lines.long {
		t.ready = append(t.ready, item{line: n, refused: domain.Invalid("line_too_long", "", "the line is longer than 8 MiB; mend the table")})
	}
	slices.SortStableFunc(t.ready, func(a, b item) int { return a.line - b.line })
	return nil
}

func (t *tableSource) add(r row, index map[string]int) {
	t.rows = append(t.rows, r)
	if t.m.cases == nil {
		return
	}
	key := strings.TrimSpace(r.fields[t.m.cases.key.index])
	if key == "" {
		t.ready = append(t.ready, item{line: r.line, refused: domain.Invalid("no_key", t.m.cases.key.path, "the row has nothing in the column of the case's key, so it belongs to no case; mend the table")})
		return
	}
	i, ok := index[key]
	if !ok {
		i = len(t.cases)
		index[key] = i
		t.cases = append(t.cases, nil)
		t.keys = append(t.keys, key)
	}
	t.cases[i] = append(t.cases[i], len(t.rows)-1)
}

// check refuses a row that does not have its form.
func (t *tableSource) check(fields []string, err error, line *int) *domain.Error {
	var parse *csv.ParseError
	switch {
	case errors.As(err, &parse):
		*line = parse.StartLine
		return domain.Invalid("invalid_row", "", "a quote in the row is not closed or stands where none can be; write a quote inside a field twice and put quotes around the field")
	case err != nil:
		return domain.Invalid("invalid_row", "", "the row cannot be read; mend the table")
	case len(fields) != len(t.header):
		return domain.Invalid("wrong_columns", "", fmt.Sprintf("the row has %d fields and the first line of the table %d; put quotes around fields that hold the delimiter", len(fields), len(t.header)))
	}
	for _, f := range fields {
		if !utf8.ValidString(f) {
			return domain.Invalid("invalid_utf8", "", "the row is not UTF-8; save the table as UTF-8, or say encoding: windows-1252 in the mapping")
		}
	}
	return nil
}

// tableLines gives the physical lines of a table to the CSV reader: without a
// byte order mark, with an empty line for one that is too long, and no more
// than MaxTable bytes.
type tableLines struct {
	src  *lineSource
	rest []byte
	long []int
	err  error // why it ended, but for the end of the input
}

func (l *tableLines) Read(b []byte) (int, error) {
	for len(l.rest) == 0 {
		text, _, err := l.src.scan()
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.EOF
		case err != nil:
			l.err = err
		case l.src.read > MaxTable:
			l.err = domain.Invalid("table_too_large", "", "the table is larger than 512 MiB; split it, keeping the rows of each case together, and import the parts one after the other")
		case text == nil:
			l.long = append(l.long, l.src.line)
			text = []byte{'\n'}
		}
		if l.err != nil {
			return 0, l.err
		}
		if l.src.line == 1 {
			text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
		}
		l.rest = text
	}
	n := copy(b, l.rest)
	l.rest = l.rest[n:]
	return n, nil
}

// preamble makes the commands of once and distinct.
func (t *tableSource) preamble() {
	s := t.scope()
	for i := range t.m.once {
		t.ready = t.put(t.ready, &t.m.once[i], s, "once", nil, 1, nil)
	}
	for i := range t.m.distinct {
		d := &t.m.distinct[i]
		seen := map[string]bool{}
		for _, r := range t.rows {
			for k := range d.columns {
				v := strings.TrimSpace(r.fields[d.columns[k].index])
				if v == "" || seen[v] {
					continue
				}
				seen[v] = true
				s := t.scope()
				s.value, s.fields, s.self, s.identity = v, r.fields, []string{v}, []string{v}
				for j := range d.steps {
					t.ready = t.put(t.ready, &d.steps[j], s, "distinct/"+d.name, nil, r.line, nil)
				}
			}
		}
	}
}

func (t *tableSource) scope() *scope {
	return &scope{ctx: t.ctx, m: t.m, digester: t.digester}
}

// put appends the command of a step, or its refusal. order, when not nil, gets
// the time of each command.
func (t *tableSource) put(items []item, st *step, s *scope, section string, dossier value, line int, order *[]time.Time) []item {
	r, absent, err := st.request(s, section, dossier)
	if absent {
		return items
	}
	it := item{line: line, command: st.command}
	if err != nil {
		it.refused = err
	} else {
		it.req, it.size = r.Request, len(r.Data)
	}
	if order != nil {
		var when time.Time
		if err == nil {
			when = r.when
		}
		if when.IsZero() && len(*order) > 0 {
			when = (*order)[len(*order)-1]
		}
		*order = append(*order, when)
	}
	return append(items, it)
}

// caseItems makes the commands of one case.
func (t *tableSource) caseItems(key string, indexes []int) []item {
	c := t.m.cases
	rows := t.ordered(indexes)
	head := t.rows[indexes[0]]
	s := t.caseScope(key, head)
	dossier, refused := t.dossierOf(s)
	if refused != nil {
		return []item{{line: head.line, refused: refused}}
	}
	var first []item
	for i := range c.first {
		first = t.put(first, &c.first[i], s, "case/first", dossier, head.line, nil)
	}
	var rest []item
	var times []time.Time
	seen := map[string]bool{}
	for _, r := range rows {
		for i := range c.distinct {
			rest = t.caseDistinct(rest, &c.distinct[i], key, dossier, r, seen, &times)
		}
		id, again := t.rowIdentity(key, r, seen)
		if again {
			rest = append(rest, item{line: r.line, refused: domain.Invalid("duplicate_row", "case.row", "another row of the case has the same values in the columns that identify a row; name columns under row that differ, or leave row out")})
			times = append(times, last(times))
			continue
		}
		s := t.scope()
		s.key, s.fields, s.self, s.identity = key, r.fields, id, id
		for i := range c.rows {
			rest = t.put(rest, &c.rows[i], s, "case/rows", dossier, r.line, &times)
		}
	}
	tail := rows[len(rows)-1]
	s = t.caseScope(key, tail)
	for i := range c.last {
		rest = t.put(rest, &c.last[i], s, "case/last", dossier, tail.line, &times)
	}
	return append(first, byTime(rest, times)...)
}

// caseScope is what the first and last commands of a case are computed from.
func (t *tableSource) caseScope(key string, r row) *scope {
	s := t.scope()
	s.key, s.fields, s.self, s.identity = key, r.fields, []string{key}, []string{key}
	return s
}

// dossierOf computes a case's dossier, once for all its commands.
func (t *tableSource) dossierOf(s *scope) (value, *domain.Error) {
	v, ok, err := t.m.cases.dossier.eval(s)
	if err != nil || !ok {
		return nil, err
	}
	return constant{v}, nil
}

func (t *tableSource) caseDistinct(items []item, d *distinct, key string, dossier value, r row, seen map[string]bool, times *[]time.Time) []item {
	for k := range d.columns {
		v := strings.TrimSpace(r.fields[d.columns[k].index])
		mark := "distinct\x00" + d.name + "\x00" + v
		if v == "" || seen[mark] {
			continue
		}
		seen[mark] = true
		s := t.scope()
		s.key, s.value, s.fields, s.self, s.identity = key, v, r.fields, []string{v}, []string{key, v}
		for j := range d.steps {
			items = t.put(items, &d.steps[j], s, "case/distinct/"+d.name, dossier, r.line, times)
		}
	}
	return items
}

// rowIdentity is what the ids of a row's commands are made of. Rows that hold
// the same throughout are told apart by counting them.
func (t *tableSource) rowIdentity(key string, r row, seen map[string]bool) (id []string, again bool) {
	id = []string{key}
	if cols := t.m.cases.row; len(cols) > 0 {
		for i := range cols {
			id = append(id, strings.TrimSpace(r.fields[cols[i].index]))
		}
		mark := "row\x00" + strings.Join(id[1:], "\x00")
		again = seen[mark]
		seen[mark] = true
		return id, again
	}
	id = append(id, r.fields...)
	for n := 0; ; n++ {
		mark := "row\x00" + strconv.Itoa(n) + "\x00" + strings.Join(r.fields, "\x00")
		if !seen[mark] {
			seen[mark] = true
			return append(id, strconv.Itoa(n)), false
		}
	}
}

// ordered gives the rows of a case by the mapping's order, rows of the same
// time in the order of the table.
func (t *tableSource) ordered(indexes []int) []row {
	rows := make([]row, len(indexes))
	times := make([]time.Time, len(indexes))
	for i, n := range indexes {
		rows[i] = t.rows[n]
		if t.m.cases.order != nil {
			s := t.scope()
			s.fields = rows[i].fields
			if v, ok, err := t.m.cases.order.eval(s); err == nil && ok {
				times[i], _ = time.Parse(time.RFC3339Nano, fmt.Sprint(v))
			}
		}
		if times[i].IsZero() {
			times[i] = last(times[:i])
		}
	}
	return byTime(rows, times)
}

func last(times []time.Time) time.Time {
	if len(times) == 0 {
		return time.Time{}
	}
	return times[len(times)-1]
}

// byTime puts things in the order of their times, equal ones as they were.
func byTime[T any](things []T, times []time.Time) []T {
	order := make([]int, len(things))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return times[a].Compare(times[b]) })
	out := make([]T, len(things))
	for i, n := range order {
		out[i] = things[n]
	}
	return out
}
