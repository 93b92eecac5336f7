package nl

import (
	"encoding/json"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Moment is a day or an instant: in JSON "2017-02-01" or RFC 3339. A day
// begins and ends in Europe/Amsterdam.
type Moment struct {
	Day     Date
	Instant time.Time
}

// IsZero tells whether there is no moment.
func (m Moment) IsZero() bool { return m.Day.IsZero() && m.Instant.IsZero() }

// Start is the instant itself, or the beginning of the day; zero for none.
func (m Moment) Start() time.Time {
	if !m.Day.IsZero() {
		return m.Day.Start()
	}
	return m.Instant
}

// End is the instant itself, or the end of the day; zero for none.
func (m Moment) End() time.Time {
	if !m.Day.IsZero() {
		return m.Day.End()
	}
	return m.Instant
}

// UnmarshalJSON reads a day or an instant; null gives none.
func (m *Moment) UnmarshalJSON(b []byte) error {
	*m = Moment{}
	if string(b) == "null" {
		return nil
	}
	if len(b) == 12 {
		return m.Day.UnmarshalJSON(b)
	}
	var t time.Time
	if err := json.Unmarshal(b, &t); err != nil {
		return domain.Invalid("invalid_date", "", "this is a day (2017-02-01) or an instant (2017-02-01T09:00:00+01:00)")
	}
	m.Instant = t.UTC()
	return nil
}

// MarshalJSON writes the form that it was read from.
func (m Moment) MarshalJSON() ([]byte, error) {
	switch {
	case !m.Day.IsZero():
		return m.Day.MarshalJSON()
	case !m.Instant.IsZero():
		return json.Marshal(m.Instant)
	}
	return []byte("null"), nil
}
