package importing

import (
	"context"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
)

// Digester gives keyed digests; seal.Digester is one. Ids of what is imported
// come from it, so that no source key shows and a second import makes the same.
type Digester interface {
	Digest(ctx context.Context, agency, use string, data []byte) ([32]byte, error)
}

// scopeKind says what a value may refer to.
type scopeKind int

const (
	scopeOnce  scopeKind = 0
	scopeValue scopeKind = 1 << iota // @value, and the first row that has it
	scopeCase                        // @key, and the case's first (or last) row
	scopeRow                         // @key, and a row
)

// columnRef is a column that the mapping names; bind finds its place.
type columnRef struct {
	name  string
	path  string
	line  int
	index int
}

// The names that are no columns.
const (
	refValue = "@value" // the distinct value
	refKey   = "@key"   // the case's key
)

// scope is what a value is computed from.
type scope struct {
	ctx      context.Context
	m        *Mapping
	digester Digester
	fields   []string
	value    string
	key      string
	// self is what an id is made of when the mapping does not say.
	self []string
	// identity tells the commands of a section apart: their ids are made of it.
	identity []string
}

func (s *scope) get(c *columnRef) string {
	switch c.name {
	case refValue:
		return s.value
	case refKey:
		return s.key
	}
	if c.index >= len(s.fields) {
		return ""
	}
	return strings.TrimSpace(s.fields[c.index])
}

// value is an expression of the mapping. ok is false for what is absent: an
// empty column leaves its field out.
type value interface {
	eval(s *scope) (v any, ok bool, err *domain.Error)
	columns(f func(*columnRef))
}

// constant is a text, number, or yes or no of the mapping itself.
type constant struct{ v any }

func (c constant) eval(*scope) (any, bool, *domain.Error) { return c.v, true, nil }
func (c constant) columns(func(*columnRef))               {}

// object is a list of fields; those without a value are left out.
type object struct {
	names  []string
	values []value
}

func (o *object) eval(s *scope) (any, bool, *domain.Error) {
	m := make(map[string]any, len(o.names))
	for i, name := range o.names {
		v, ok, err := o.values[i].eval(s)
		if err != nil {
			return nil, false, err
		}
		if ok {
			m[name] = v
		}
	}
	return m, true, nil
}

func (o *object) columns(f func(*columnRef)) {
	for _, v := range o.values {
		v.columns(f)
	}
}

// list is a list of values; those that are absent are left out.
type list struct{ values []value }

func (l *list) eval(s *scope) (any, bool, *domain.Error) {
	out := make([]any, 0, len(l.values))
	for _, e := range l.values {
		v, ok, err := e.eval(s)
		if err != nil {
			return nil, false, err
		}
		if ok {
			out = append(out, v)
		}
	}
	return out, true, nil
}

func (l *list) columns(f func(*columnRef)) {
	for _, v := range l.values {
		v.columns(f)
	}
}

// column is !column: what stands in it.
type column struct{ ref columnRef }

func (c *column) eval(s *scope) (any, bool, *domain.Error) {
	v := s.get(&c.ref)
	return v, v != "", nil
}
func (c *column) columns(f func(*columnRef)) { f(&c.ref) }

// whole is !int: a whole number in a column.
type whole struct {
	ref  columnRef
	path string
}

func (w *whole) eval(s *scope) (any, bool, *domain.Error) {
	v := s.get(&w.ref)
	if v == "" {
		return nil, false, nil
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil {
		return nil, false, domain.Invalid("not_a_number", w.path, "the column holds no whole number; mend the table or leave the column out of the mapping")
	}
	return n, true, nil
}
func (w *whole) columns(f func(*columnRef)) { f(&w.ref) }

// text is !text: a text with {column} in it; absent when all its columns are empty.
type text struct {
	parts []string
	refs  []columnRef // between the parts
}

func (t *text) eval(s *scope) (any, bool, *domain.Error) {
	var b strings.Builder
	filled := len(t.refs) == 0
	for i, p := range t.parts {
		b.WriteString(p)
		if i < len(t.refs) {
			v := s.get(&t.refs[i])
			filled = filled || v != ""
			b.WriteString(v)
		}
	}
	return b.String(), filled, nil
}

func (t *text) columns(f func(*columnRef)) {
	for i := range t.refs {
		f(&t.refs[i])
	}
}

// lookup is !map: a column's value translated by a table.
type lookup struct {
	ref      columnRef
	path     string
	table    map[string]string
	fallback *string
}

func (l *lookup) eval(s *scope) (any, bool, *domain.Error) {
	v := s.get(&l.ref)
	if code, ok := l.table[v]; ok {
		return code, true, nil
	}
	switch {
	case l.fallback != nil:
		return *l.fallback, true, nil
	case v == "":
		return nil, false, nil
	}
	return nil, false, domain.Invalid("not_in_table", l.path, "the column holds a value that the mapping's table does not have; add it there, or give the table a default")
}
func (l *lookup) columns(f func(*columnRef)) { f(&l.ref) }

// moment is !time and !date: a time in a column, in one of the layouts.
type moment struct {
	ref       columnRef
	notBefore *columnRef
	path      string
	date      bool
	layouts   []string
	zone      *time.Location
}

func (m *moment) eval(s *scope) (any, bool, *domain.Error) {
	t, ok, err := m.parse(s.get(&m.ref))
	if err != nil || !ok {
		return nil, false, err
	}
	if m.notBefore != nil {
		floor, ok, err := m.parse(s.get(m.notBefore))
		if err != nil {
			return nil, false, err
		}
		if ok && t.Before(floor) {
			t = floor
		}
	}
	if m.date {
		return t.In(m.zone).Format(time.DateOnly), true, nil
	}
	return t.Format(time.RFC3339Nano), true, nil
}

func (m *moment) parse(v string) (time.Time, bool, *domain.Error) {
	if v == "" {
		return time.Time{}, false, nil
	}
	for _, l := range m.layouts {
		t, err := time.ParseInLocation(l, v, m.zone)
		if err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t, true, nil
		}
	}
	return time.Time{}, false, domain.Invalid("invalid_time", m.path, "the column holds no time in one of the mapping's layouts; mend the table or add the layout under times")
}

func (m *moment) columns(f func(*columnRef)) {
	f(&m.ref)
	if m.notBefore != nil {
		f(m.notBefore)
	}
}

// digestID is !id (a UUID) and !number (a text for a trajectory): made of a
// keyed digest of what it stands for.
type digestID struct {
	kind   string
	of     []columnRef // nil: the scope's self
	number bool
	prefix string
}

func (d *digestID) eval(s *scope) (any, bool, *domain.Error) {
	parts := s.self
	if d.of != nil {
		parts = make([]string, len(d.of))
		filled := false
		for i := range d.of {
			parts[i] = s.get(&d.of[i])
			filled = filled || parts[i] != ""
		}
		if !filled {
			return nil, false, nil
		}
	}
	sum, err := s.digest(d.kind, parts)
	if err != nil {
		return nil, false, domain.AsError(err)
	}
	if d.number {
		return d.prefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:10])), true, nil
	}
	return uuidOf(sum), true, nil
}

func (d *digestID) columns(f func(*columnRef)) {
	for i := range d.of {
		f(&d.of[i])
	}
}

// digest is the keyed digest of a kind and its parts under the agency's key for
// imports. Each part goes in with its length, so that no two lists are alike.
func (s *scope) digest(kind string, parts []string) ([32]byte, error) {
	b := []byte("casefile import 1")
	for _, p := range append([]string{s.m.Name, kind}, parts...) {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	return s.digester.Digest(s.ctx, s.m.Agency, "import", b)
}

// uuidOf makes a UUID of version 8 (RFC 9562: custom) of a digest.
func uuidOf(sum [32]byte) string {
	var u uuid.UUID
	copy(u[:], sum[:16])
	u[6] = u[6]&0x0f | 0x80
	u[8] = u[8]&0x3f | 0x80
	return u.String()
}

// request makes the command of one step in a scope; absent is true when a
// condition of the step does not hold.
func (st *step) request(s *scope, section string, dossier value) (r *requestOf, absent bool, err *domain.Error) {
	for i := range st.when {
		if !st.when[i].holds(s) {
			return nil, true, nil
		}
	}
	id, derr := s.digest("command", append([]string{section, st.command, strconv.Itoa(st.ordinal)}, s.identity...))
	if derr != nil {
		return nil, false, domain.AsError(derr)
	}
	r = &requestOf{}
	r.ID, r.Agency, r.Command, r.Actor = uuidOf(id), s.m.Agency, st.command, domain.Operator
	if st.dossier != nil {
		dossier = st.dossier
	}
	for _, f := range []struct {
		v  value
		to *string
	}{{st.at, &r.At}, {st.actor, &r.Actor}, {dossier, &r.Dossier}} {
		if f.v == nil {
			continue
		}
		v, ok, err := f.v.eval(s)
		if err != nil {
			return r, false, err
		}
		if ok {
			*f.to = fmt.Sprint(v)
		}
	}
	if st.data != nil {
		v, _, err := st.data.eval(s)
		if err != nil {
			return r, false, err
		}
		data, jerr := json.Marshal(v)
		if jerr != nil {
			return r, false, domain.AsError(jerr)
		}
		r.Data = data
	}
	r.when, _ = time.Parse(time.RFC3339Nano, r.At)
	return r, false, nil
}

func (c *condition) holds(s *scope) bool {
	v := s.get(&c.column)
	if c.filled != nil {
		return *c.filled == (v != "")
	}
	return contains(c.in, v) != c.not
}
