package ui

import (
	"html/template"
	"strings"
)

// FieldError is what is wrong with one field, or with the form as a whole.
type FieldError struct {
	Field string // id of the field; "" for the form as a whole
	Text  string
	Lang  string // when it differs from the page's
	Rule  string // the article that it rests on, in words
}

// Field is one field of a form with its label, hint, value and error.
type Field struct {
	ID, Label, Hint, Value, Error, ErrorLang string
	Type, Autocomplete, Class, Wrap, Mode    string
	ReadOnly, Focus                          bool
	Options                                  []Option
}

// Option is one choice of a list.
type Option struct {
	Value, Label string
	Selected     bool
}

// newField is for templates: field ID Label Hint Value Errors, and then pairs
// of a setting and its value.
func newField(id, label, hint, value string, errs []FieldError, settings ...any) Field {
	f := Field{ID: id, Label: label, Hint: hint, Value: value, Type: "text"}
	for _, e := range errs {
		if e.Field == id {
			f.Error, f.ErrorLang = e.Text, e.Lang
			break
		}
	}
	for i := 0; i+1 < len(settings); i += 2 {
		switch settings[i] {
		case "type":
			f.Type, _ = settings[i+1].(string)
		case "autocomplete":
			f.Autocomplete, _ = settings[i+1].(string)
		case "class":
			f.Class, _ = settings[i+1].(string)
		case "mode":
			f.Mode, _ = settings[i+1].(string)
		case "wrap":
			f.Wrap, _ = settings[i+1].(string)
		case "readonly":
			f.ReadOnly, _ = settings[i+1].(bool)
		case "focus":
			f.Focus, _ = settings[i+1].(bool)
		case "options":
			f.Options, _ = settings[i+1].([]Option)
		}
	}
	return f
}

// Describedby names the texts that belong to the field.
func (f Field) Describedby() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.ID+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// icons are drawn here, on a grid of 24, for one line weight throughout.
var icons = map[string]template.HTML{
	"folder": `<path d="M3 7a2 2 0 0 1 2-2h4l2 3h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"/>`,
	"people": `<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20c.6-3.6 3.2-5.5 6.5-5.5s5.9 1.9 6.5 5.5M16 5.2a3.3 3.3 0 0 1 0 5.8M18 14.8c2 .7 3.2 2.4 3.5 5.2"/>`,
	"person": `<circle cx="12" cy="8" r="3.5"/><path d="M5 20c.7-3.7 3.5-5.5 7-5.5s6.3 1.8 7 5.5"/>`,
	"eye":    `<path d="M2.5 12C4.7 8 8 6 12 6s7.3 2 9.5 6c-2.2 4-5.5 6-9.5 6s-7.3-2-9.5-6z"/><circle cx="12" cy="12" r="2.7"/>`,
	"text":   `<path d="M6 3h8l4 4v14H6z"/><path d="M9 12h6M9 16h6M9 8h2"/>`,
	"clock":  `<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>`,
	"flag":   `<path d="M6 21V4h11l-2 4 2 4H6"/>`,
	"check":  `<circle cx="12" cy="12" r="8.5"/><path d="m8 12.3 2.8 2.7L16 9.5"/>`,
	"send":   `<path d="M4 12 20 5l-5 15-3.5-6.5z"/><path d="M20 5l-8.5 8.5"/>`,
	"stop":   `<circle cx="12" cy="12" r="8.5"/><path d="m6 6 12 12"/>`,
	"edit":   `<path d="m4 20 1-4L16 5l3 3L8 19z"/><path d="m14 7 3 3"/>`,
	"lock":   `<rect x="5" y="11" width="14" height="9" rx="1.5"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>`,
	"key":    `<circle cx="8" cy="15.5" r="4.5"/><path d="m11.5 12.5 8-8M16 8l3 3"/>`,
	"book":   `<path d="M5 4h6a2 2 0 0 1 2 2v14a2 2 0 0 0-2-2H5zM19 4h-4a2 2 0 0 0-2 2v14a2 2 0 0 1 2-2h4z"/>`,
	"alert":  `<path d="M12 4 2.5 20h19z"/><path d="M12 10v4.5M12 17.3v.2"/>`,
	"info":   `<circle cx="12" cy="12" r="8.5"/><path d="M12 11v5M12 7.8v.2"/>`,
	"search": `<circle cx="10.5" cy="10.5" r="6"/><path d="m15 15 5.5 5.5"/>`,
	"dot":    `<circle cx="12" cy="12" r="3"/>`,
}

func iconPath(name string) template.HTML {
	if p, ok := icons[name]; ok {
		return p
	}
	return icons["dot"]
}
