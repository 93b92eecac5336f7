package nl_test

import (
	"testing"

	"github.com/casefile-engine/casefile/domain/nl"
)

// S-Bev1 speaks of each working day; Algemene termijnenwet, article 3.
func TestWorkday(t *testing.T) {
	for day, want := range map[string]bool{
		"2017-02-01": true,  // a Wednesday
		"2017-02-04": false, // Saturday
		"2017-02-05": false, // Sunday
		"2018-01-01": false, // New Year's Day
		"2017-04-13": true,  // the day before Good Friday
		"2017-04-14": false, // Good Friday
		"2017-04-17": false, // Easter Monday
		"2024-04-01": false, // Easter Monday
		"2017-04-27": false, // the King's birthday
		"2025-04-26": false, // a Saturday: the 27th was a Sunday
		"2025-04-28": true,
		"2013-04-30": false, // the Queen's birthday
		"2017-05-05": false, // Liberation Day
		"2017-05-25": false, // Ascension Day
		"2017-06-05": false, // Whit Monday
		"2017-12-25": false, "2017-12-26": false, "2017-12-27": true,
	} {
		if got := nl.MustDate(day).Workday(); got != want {
			t.Errorf("%s: %v", day, got)
		}
	}
	if got := nl.MustDate("2017-04-13").NextWorkday(); got != nl.MustDate("2017-04-18") {
		t.Errorf("the working day after Maundy Thursday 2017 is %s", got)
	}
	if got := (nl.Date{}).NextWorkday(); !got.IsZero() {
		t.Errorf("the day after no day is %s", got)
	}
}
