package ui

import (
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// ParseDate reads a date as browsers send it and as people type it.
func ParseDate(s string) (nl.Date, bool) {
	if d, err := nl.ParseDate(s); err == nil {
		return d, true
	}
	for _, form := range []string{"2-1-2006", "2/1/2006", "2.1.2006"} {
		if t, err := time.Parse(form, s); err == nil {
			return nl.NewDate(t.Year(), t.Month(), t.Day())
		}
	}
	return nl.Date{}, false
}

// Dates reads dates out of a form and gathers what is wrong with them.
type Dates struct {
	Words  *i18n.Printer
	Errors []FieldError
}

// Start is the beginning of the day in a field; nil when it is empty or wrong.
func (d *Dates) Start(field, text string) *time.Time {
	day, ok := d.read(field, text)
	if !ok {
		return nil
	}
	t := day.Start().UTC()
	return &t
}

// After is the beginning of the day after it: an excluded bound that takes the
// day whole.
func (d *Dates) After(field, text string) *time.Time {
	day, ok := d.read(field, text)
	if !ok {
		return nil
	}
	t := day.AddDays(1).Start().UTC()
	return &t
}

// Period is the time from the day in the field from to the end of the one in the
// field until. One that ends before it begins is wrong: nothing can lie in it.
func (d *Dates) Period(from, until string) (start, after *time.Time) {
	start, after = d.Start("from", from), d.After("until", until)
	if start != nil && after != nil && !start.Before(*after) {
		d.Errors = append(d.Errors, FieldError{Field: "until", Text: d.Words.T("code.period")})
	}
	return start, after
}

// End is the last instant of the day.
func (d *Dates) End(field, text string) *time.Time {
	t := d.After(field, text)
	if t == nil {
		return nil
	}
	end := t.Add(-time.Nanosecond)
	return &end
}

func (d *Dates) read(field, text string) (nl.Date, bool) {
	if text == "" {
		return nl.Date{}, false
	}
	day, ok := ParseDate(text)
	if !ok {
		d.Errors = append(d.Errors, FieldError{Field: field, Text: d.Words.T("form.invalid.date")})
	}
	return day, ok
}
