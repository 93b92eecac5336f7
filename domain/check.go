package domain

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Limits on what one command may carry, so that a commit stays below the size
// of a message.
const (
	MaxShort = 300     // characters of a name, title or reference
	MaxText  = 200_000 // characters of a reason, statement or report
	MaxRaw   = 200_000 // bytes of free JSON, such as a record's fields
	MaxList  = 1000    // elements of a list
)

// Check collects the first fault in the form of a command; later ones are
// passed over. Its methods put ids into lower case as they check them.
type Check struct{ err *Error }

// Fail notes a fault unless one was found before.
func (c *Check) Fail(e *Error) {
	if c.err == nil {
		c.err = e
	}
}

// Err is the first fault, or nil.
func (c *Check) Err() error {
	if c.err == nil {
		return nil
	}
	return c.err
}

// Has asks for a field that must be there.
func (c *Check) Has(field string, present bool) {
	if !present {
		c.Fail(Invalid("missing", field, "this field is needed; fill it in"))
	}
}

// ID asks for an id.
func (c *Check) ID(field string, v *ID) {
	c.Has(field, *v != "")
	c.OptionalID(field, v)
}

// OptionalID asks for an id or nothing.
func (c *Check) OptionalID(field string, v *ID) {
	if *v == "" || c.err != nil {
		return
	}
	id, err := ParseID(field, *v)
	if err != nil {
		c.Fail(AsError(err))
		return
	}
	*v = id
}

// Code asks for a word of a closed list.
func (c *Check) Code(field, v string, list []string) {
	c.Has(field, v != "")
	c.OptionalCode(field, v, list)
}

// OptionalCode asks for a word of a closed list or nothing.
func (c *Check) OptionalCode(field, v string, list []string) {
	if v != "" && !slices.Contains(list, v) {
		c.Fail(Invalid("unknown_code", field, "this is none of the codes that may stand here: "+strings.Join(list, ", ")))
	}
}

// Text asks for a text of at most limit characters that is not blank.
func (c *Check) Text(field, v string, limit int) {
	c.Has(field, strings.TrimSpace(v) != "")
	c.OptionalText(field, v, limit)
}

// OptionalText asks for a text of at most limit characters or nothing.
func (c *Check) OptionalText(field, v string, limit int) {
	if utf8.RuneCountInString(v) > limit {
		c.Fail(Invalid("too_long", field, "this text is longer than "+strconv.Itoa(limit)+" characters; shorten it"))
	}
}

// Raw asks for free JSON of at most MaxRaw bytes or nothing.
func (c *Check) Raw(field string, v json.RawMessage) {
	if len(v) > MaxRaw {
		c.Fail(Invalid("too_long", field, "this is larger than "+strconv.Itoa(MaxRaw)+" bytes; shorten it"))
	}
}

// Range asks for a number from low to high, both included.
func (c *Check) Range(field string, v, low, high int) {
	if v < low || v > high {
		c.Fail(Invalid("out_of_range", field, "this number must lie from "+strconv.Itoa(low)+" to "+strconv.Itoa(high)))
	}
}

// IDs asks for a list of different ids, and puts it into lower case.
func (c *Check) IDs(field string, v []ID) {
	if len(v) > MaxList {
		c.Fail(Invalid("too_many", field, "this list has more than "+strconv.Itoa(MaxList)+" elements; split it"))
		return
	}
	for i := range v {
		c.ID(field+"."+strconv.Itoa(i), &v[i])
	}
	if !distinct(v) {
		c.Fail(Invalid("repeated", field, "an element stands in this list twice; name each once"))
	}
}

// Categories asks for a list of different data categories of the catalogue;
// it may be empty only when optional.
func (c *Check) Categories(field string, v []Category, optional bool) {
	c.Has(field, optional || len(v) > 0)
	for i, k := range v {
		c.Category(field+"."+strconv.Itoa(i), k)
	}
	if !distinct(v) {
		c.Fail(Invalid("repeated", field, "a category stands in this list twice; name each once"))
	}
}

// Category asks for a data category of the catalogue.
func (c *Check) Category(field string, k Category) {
	c.Has(field, k != "")
	if k != "" && !slices.Contains(Categories, k) {
		c.Fail(Invalid("unknown_category", field, "there is no such data category; use one of the catalogue's"))
	}
}

func distinct[T comparable](v []T) bool {
	if len(v) < 2 {
		return true
	}
	seen := make(map[T]bool, len(v))
	for _, x := range v {
		if seen[x] {
			return false
		}
		seen[x] = true
	}
	return true
}

// Filled tells whether free JSON says anything: null, "", blanks, false, {} and
// [] do not.
func Filled(v json.RawMessage) bool {
	s := strings.TrimSpace(string(v))
	switch s {
	case "", "null", "false", `""`:
		return false
	}
	switch s[0] {
	case '"':
		var t string
		return json.Unmarshal([]byte(s), &t) == nil && strings.TrimSpace(t) != ""
	case '{', '[':
		return strings.TrimSpace(s[1:len(s)-1]) != ""
	}
	return true
}

// Seal makes a section out of fields, leaving the empty ones out, and nil when
// none is left. A value is a string, free JSON or anything that can be encoded.
func Seal(owner string, class Class, category Category, fields map[string]any) []Section {
	data := make(map[string]any, len(fields))
	for k, v := range fields {
		switch t := v.(type) {
		case string:
			if t == "" {
				continue
			}
		case json.RawMessage:
			if len(t) == 0 || string(t) == "null" {
				continue
			}
		case nil:
			continue
		}
		data[k] = v
	}
	if len(data) == 0 {
		return nil
	}
	raw, err := json.Marshal(data)
	if err != nil { // strings and JSON that has been decoded once always encode
		raw = json.RawMessage("{}")
	}
	return []Section{{Owner: owner, Class: class, Category: category, Data: raw}}
}
