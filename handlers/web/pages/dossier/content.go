package dossier

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// content is one opened value as people read it.
type content struct {
	Title  string
	Text   string
	Long   bool // better folded
	Pairs  []pair
	State  string // why there is no content; "" when there is
	Anchor string // of its event in the timeline
	Date   string
}

// foldOver is the length in characters from which a text is folded.
const foldOver = 700

func newContent(p *i18n.Printer, v queries.Value) content {
	c := content{Anchor: "e" + v.Event, Date: nl.DateOf(v.Occurred).Short()}
	if v.State != "open" {
		c.Title, c.State = sentence(p.Code("category", string(v.Category))), stateText(p, v.State)
		return c
	}
	fields := fieldsOf(v.Data)
	if fields == nil {
		c.Title, c.State = sentence(p.Code("category", string(v.Category))), stateText(p, "unreadable")
		return c
	}
	for _, f := range fields {
		if v.EventType == dossier.TypeDocumentAttached && f.name == "content" {
			continue // the file itself is no text
		}
		switch f.name {
		case "title":
			c.Title = f.text()
		case "text", "statement":
			c.Text = strings.TrimSpace(f.text())
		default:
			if one := f.pair(p); one.Value != "" {
				c.Pairs = append(c.Pairs, one)
			}
		}
	}
	c.Long = utf8.RuneCountInString(c.Text) > foldOver
	if c.Title == "" && v.Record != "" {
		c.Title = p.T("dossier.untitled")
	}
	return c
}

// field is one member of an opened JSON object.
type field struct {
	name string
	raw  json.RawMessage
}

// fieldsOf takes an object apart in its own order; nil when it is none.
func fieldsOf(data json.RawMessage) []field {
	d := json.NewDecoder(bytes.NewReader(data))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil
	}
	out := []field{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return nil
		}
		name, _ := t.(string)
		out = append(out, field{name, raw})
	}
	return out
}

// text is a scalar as it stands, and of anything else its scalars in a row.
func (f field) text() string {
	if f.name == "address" {
		return address(f.raw)
	}
	return strings.Join(leaves(f.raw), ", ")
}

// leaves are the scalars inside a JSON value, but for ids.
func leaves(raw json.RawMessage) []string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		if _, err := domain.ParseID("", s); s == "" || err == nil {
			return nil // an id says nothing to people
		}
		return []string{s}
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		var out []string
		for _, one := range list {
			out = append(out, leaves(one)...)
		}
		return out
	}
	if fs := fieldsOf(raw); fs != nil {
		var out []string
		for _, f := range fs {
			out = append(out, leaves(f.raw)...)
		}
		return out
	}
	if t := strings.TrimSpace(string(raw)); t != "null" {
		return []string{t}
	}
	return nil
}

// address writes street and number on a line, postcode and place on the next.
func address(raw json.RawMessage) string {
	fs := fieldsOf(raw)
	if fs == nil {
		return strings.Join(leaves(raw), "\n")
	}
	lines := make([][]string, 3)
	for _, f := range fs {
		i := 2
		switch f.name {
		case "street", "number", "house_number", "addition":
			i = 0
		case "postcode", "postal_code", "place", "city":
			i = 1
		}
		lines[i] = append(lines[i], leaves(f.raw)...)
	}
	var out []string
	for _, l := range lines {
		if len(l) > 0 {
			out = append(out, strings.Join(l, " "))
		}
	}
	return strings.Join(out, "\n")
}

// pair is the field with its label; numbers that identify are masked (ui.md §2).
func (f field) pair(p *i18n.Printer) pair {
	one := pair{Label: f.name, Value: f.text()}
	if p.Has("field." + f.name) {
		one.Label = p.T("field." + f.name)
	}
	switch f.name {
	case "bsn", "bank":
		if one.Value != "" {
			one.Value, one.Note = mask(one.Value), p.T("dossier.masked")
		}
	case "birth_date":
		if d, err := nl.ParseDate(one.Value); err == nil {
			one.Value = d.Long(p.Lang)
		}
	case "sex":
		if p.Has("sex." + one.Value) {
			one.Value = p.T("sex." + one.Value)
		}
	case "by":
		if p.Has("source." + one.Value) {
			one.Value = p.T("source." + one.Value)
		}
	}
	return one
}

// mask leaves the last four characters: •••••6782.
func mask(s string) string {
	rs := []rune(s)
	return "•••••" + string(rs[max(0, len(rs)-4):])
}

// inTimeline leaves out what only repeats something else: the name for
// invoices stands beside the contact details.
func inTimeline(c domain.Category) bool { return c != domain.CatInvoiceName }
