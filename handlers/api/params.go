package api

import (
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// ParsePurpose checks a purpose against the catalogue; which of them a profile
// knows is judged by the query.
func ParsePurpose(s string) (string, error) {
	if !slices.Contains(domain.Purposes, s) {
		return "", domain.Invalid("unknown_purpose", "purpose", "there is no such purpose; the catalogue lists them")
	}
	return s, nil
}

// ParseInstant reads an RFC 3339 time, or a date of Europe/Amsterdam: its
// start, or with end the last instant that can be stored of it, so that the
// day counts whole. "" is nil.
func ParseInstant(field, s string, end bool) (*time.Time, error) {
	if s == "" {
		return nil, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		t = t.UTC()
		return &t, nil
	}
	d, err := nl.ParseDate(s)
	if err != nil {
		return nil, domain.Invalid("invalid_time", field, "a date is written as 2017-02-01, a time as 2017-02-01T09:00:00+01:00")
	}
	t := d.Start()
	if end {
		t = d.AddDays(1).Start().Add(-time.Nanosecond)
	}
	t = t.UTC()
	return &t, nil
}
