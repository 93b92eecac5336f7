// Package exporting writes the rows of the registers as JSON lines, CSV and
// workbooks (catalogue §3), for every door that hands them out.
package exporting

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/projections/access"
	"github.com/casefile-engine/casefile/projections/approvals"
	"github.com/casefile-engine/casefile/projections/complaints"
	"github.com/casefile-engine/casefile/projections/deadlines"
	"github.com/casefile-engine/casefile/projections/disclosures"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/hours"
	"github.com/casefile-engine/casefile/projections/incidents"
	"github.com/casefile-engine/casefile/projections/notices"
	"github.com/casefile-engine/casefile/projections/obligations"
	"github.com/casefile-engine/casefile/projections/paper"
	"github.com/casefile-engine/casefile/projections/people"
	"github.com/casefile-engine/casefile/projections/regulations"
	"github.com/casefile-engine/casefile/projections/reminders"
	"github.com/casefile-engine/casefile/projections/requests"
	"github.com/casefile-engine/casefile/projections/retention"
	"github.com/casefile-engine/casefile/projections/reviews"
)

// historyRow is a commit's clear metadata as history exports it.
type historyRow struct {
	eventstore.Envelope
	Position uint64 `json:"position"`
	Leaf     string `json:"leafhash"`
	Lists    string `json:"lists"`
}

// rowTypes has the type of each register's rows: their JSON tags are the
// columns, in their order.
var rowTypes = map[string]reflect.Type{
	"dossiers":    reflect.TypeFor[dossiers.Row](),
	"disclosures": reflect.TypeFor[disclosures.Row](),
	"access":      reflect.TypeFor[access.Row](),
	"retention":   reflect.TypeFor[retention.Row](),
	"deadlines":   reflect.TypeFor[deadlines.Row](),
	"obligations": reflect.TypeFor[obligations.Row](),
	"hours":       reflect.TypeFor[hours.Row](),
	"history":     reflect.TypeFor[historyRow](),
	"requests":    reflect.TypeFor[requests.Row](),
	"notices":     reflect.TypeFor[notices.Row](),
	"complaints":  reflect.TypeFor[complaints.Row](),
	"incidents":   reflect.TypeFor[incidents.Row](),
	"paper":       reflect.TypeFor[paper.Row](),
	"recipients":  reflect.TypeFor[people.RecipientRow](),
	"activities":  reflect.TypeFor[regulations.Activity](),
	"reminders":   reflect.TypeFor[reminders.Row](),
	"reviews":     reflect.TypeFor[reviews.Row](),
	"approvals":   reflect.TypeFor[approvals.Row](),

	"access-patterns": reflect.TypeFor[queries.Pattern](),
}

// Columns lists the columns of a register in the catalogue's order; nil for one
// that there is not.
func Columns(register string) []string {
	t, ok := rowTypes[register]
	if !ok {
		return nil
	}
	return columnsOf(t)
}

// columnsOf lists the JSON names of a struct's fields, those of embedded
// structs in their place.
func columnsOf(t reflect.Type) (out []string) {
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			out = append(out, columnsOf(f.Type)...)
		case name != "-" && name != "" && f.IsExported():
			out = append(out, name)
		}
	}
	return out
}

// Writer writes the rows of an export in one form. A row is what
// queries.Service.Export emits; Close ends the form and must be called once.
type Writer interface {
	Row(v any) error
	Close() error
}

// Formats are the forms that New knows.
var Formats = []string{"jsonl", "csv", "xlsx"}

// New begins an export of a register to w in one of Formats; open is for the
// rows of dossiers with what was opened of them. A workbook is written at Close.
// Errors: domain code "too_large" where the form cannot hold a row, and those of w.
func New(format, register string, open bool, w io.Writer) (Writer, error) {
	columns := columnsOf(rowTypes[register])
	if open && register == "dossiers" {
		columns = columnsOf(reflect.TypeFor[queries.OpenedDossier]())
	}
	switch format {
	case "csv":
		return NewCSV(columns, w)
	case "xlsx":
		return newSheetRows(register, columns, w)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &jsonRows{e}, nil
}

// jsonRows writes one JSON object a line.
type jsonRows struct{ e *json.Encoder }

func (j *jsonRows) Row(v any) error { return j.e.Encode(v) }
func (j *jsonRows) Close() error    { return nil }

// cells are the columns of a row as texts, numbers, yes or no, or nil.
func cells(columns []string, v any) ([]any, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, err
	}
	out := make([]any, len(columns))
	for i, c := range columns {
		if raw, ok := fields[c]; ok {
			if out[i], err = cell(raw); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// cell makes one value of JSON: a list of plain values joined by commas, an
// object of plain values as name=value, anything else as JSON. A text that a
// spreadsheet would take for a formula gets a ' before it.
func cell(raw json.RawMessage) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case nil, bool, json.Number:
		return v, nil
	case string:
		return unformula(v), nil
	case []any:
		if parts, ok := plain(v); ok {
			return unformula(strings.Join(parts, ", ")), nil
		}
	case map[string]any:
		names := slices.Sorted(maps.Keys(v))
		values := make([]any, len(names))
		for i, n := range names {
			values[i] = v[n]
		}
		if parts, ok := plain(values); ok {
			for i, n := range names {
				parts[i] = n + "=" + parts[i]
			}
			return unformula(strings.Join(parts, ", ")), nil
		}
	}
	var b bytes.Buffer
	err := json.Compact(&b, raw)
	return b.String(), err
}

func plain(list []any) (out []string, ok bool) {
	for _, v := range list {
		switch v := v.(type) {
		case string, bool, json.Number:
			out = append(out, fmt.Sprint(v))
		default:
			return nil, false
		}
	}
	return out, true
}

func unformula(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// csvRows writes CSV as Dutch spreadsheets read it: UTF-8 with a byte order
// mark, semicolons, CRLF.
type csvRows struct {
	columns []string
	w       *csv.Writer
	record  []string
}

// NewCSV begins CSV with columns of one's own; its rows are objects with those
// fields.
func NewCSV(columns []string, w io.Writer) (Writer, error) {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return nil, err
	}
	c := csv.NewWriter(w)
	c.Comma, c.UseCRLF = ';', true
	return &csvRows{columns, c, make([]string, len(columns))}, c.Write(columns)
}

func (c *csvRows) Row(v any) error {
	values, err := cells(c.columns, v)
	if err != nil {
		return err
	}
	for i, v := range values {
		c.record[i] = ""
		if v != nil {
			c.record[i] = fmt.Sprint(v)
		}
	}
	return c.w.Write(c.record)
}

func (c *csvRows) Close() error {
	c.w.Flush()
	return c.w.Error()
}

// sheetRows writes a workbook with one sheet.
type sheetRows struct {
	columns []string
	f       *excelize.File
	s       *excelize.StreamWriter
	n       int
	w       io.Writer
}

// maxCell is the most characters of a cell, excelize.TotalRows the most rows of
// a sheet: limits of the form, over which it would lose data without a word.
const maxCell = excelize.TotalCellChars

func newSheetRows(sheet string, columns []string, w io.Writer) (*sheetRows, error) {
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		return nil, err
	}
	s, err := f.NewStreamWriter(sheet)
	if err != nil {
		return nil, err
	}
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		return nil, err
	}
	head := make([]any, len(columns))
	for i, c := range columns {
		head[i] = excelize.Cell{StyleID: bold, Value: c}
	}
	if err := s.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	return &sheetRows{columns, f, s, 1, w}, s.SetRow("A1", head)
}

func (s *sheetRows) Row(v any) error {
	values, err := cells(s.columns, v)
	if err != nil {
		return err
	}
	if s.n++; s.n > excelize.TotalRows {
		return errTooLarge("a sheet holds at most 1,048,575 rows; narrow the period, or use csv")
	}
	for i, v := range values {
		switch v := v.(type) {
		case json.Number:
			if f, err := v.Float64(); err == nil {
				values[i] = f
			}
		case string:
			if len(v) > maxCell && len([]rune(v)) > maxCell {
				return errTooLarge("a cell holds at most 32,767 characters, and a row has more; use csv or jsonl")
			}
		}
	}
	return s.s.SetRow(fmt.Sprintf("A%d", s.n), values)
}

func (s *sheetRows) Close() error {
	if err := s.s.Flush(); err != nil {
		return err
	}
	if _, err := s.f.WriteTo(s.w); err != nil {
		return err
	}
	return s.f.Close()
}

// errTooLarge says that a form cannot hold what is exported.
func errTooLarge(message string) error {
	return &domain.Error{Kind: domain.KindRefused, Code: "too_large", Rule: domain.RuleForm, Message: message}
}
