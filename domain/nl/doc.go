// Package nl holds the value objects of Dutch administration: civil dates and
// terms, the citizen service number, bank account numbers, postcodes, and the
// way in which all these are written for people, in Dutch and in English.
//
// Everything is pure: no clock. "Today" always comes in as an argument.
package nl

// Lang is a language of the screen.
type Lang string

// The two languages; Dutch is the default for any other value.
const (
	Dutch   Lang = "nl"
	English Lang = "en"
)

// Pick returns the text in the language asked for: English for English, and
// Dutch for everything else.
func (l Lang) Pick(dutch, english string) string {
	if l == English {
		return english
	}
	return dutch
}
