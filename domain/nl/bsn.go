package nl

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// BSN is a citizen service number (burgerservicenummer), always nine digits.
// It may be kept only where a statute says so (L-U46), so it shows itself to
// nobody by accident: every way of printing it gives the masked form, a logger
// gets "‹bsn›", JSON refuses it. Reveal is the one way to the digits.
type BSN struct{ digits string }

// ParseBSN reads a number of eight or nine digits that passes the eleven test
// (9·d1 + 8·d2 + … + 2·d8 − 1·d9 is a multiple of eleven) and is not all
// zeros; eight digits get a leading zero. Spaces and the usual dots are left
// out. Anything else is a *domain.Error with code "bsn_invalid" and rule L-U46
// that does not repeat the number.
func ParseBSN(s string) (BSN, error) {
	d := strings.Map(func(r rune) rune {
		if r == ' ' || r == '.' {
			return -1
		}
		return r
	}, s)
	if len(d) == 8 {
		d = "0" + d
	}
	if !elevenTest(d) {
		return BSN{}, &domain.Error{
			Kind: domain.KindInvalid, Code: "bsn_invalid", Rule: "L-U46",
			Message: "this is no citizen service number: it must have eight or nine digits and pass the eleven test; compare it with the proof of identity",
		}
	}
	return BSN{d}, nil
}

func elevenTest(d string) bool {
	if len(d) != 9 || d == "000000000" {
		return false
	}
	sum := 0
	for i := range 9 {
		c := d[i]
		if c < '0' || c > '9' {
			return false
		}
		weight := 9 - i
		if i == 8 {
			weight = -1
		}
		sum += weight * int(c-'0')
	}
	return sum%11 == 0
}

// LooksLikeBSN tells whether s could be a citizen service number: eight or nine
// digits, bare or grouped by dots as people write them, that pass the eleven
// test. A trajectory number that does is refused, since it stays in the clear
// (catalogue §1). Hyphens and slashes do not group: 2017-00123 is a year and a
// serial number.
func LooksLikeBSN(s string) bool {
	if n := strings.Count(s, "."); n != 0 && n != 2 {
		return false
	}
	d := strings.ReplaceAll(strings.TrimSpace(s), ".", "")
	if len(d) == 8 {
		d = "0" + d
	}
	return elevenTest(d)
}

// IsZero tells whether there is no number.
func (b BSN) IsZero() bool { return b.digits == "" }

// Reveal is the number in full, nine digits. Showing it to a person is an
// access that has to be on record first.
func (b BSN) Reveal() string { return b.digits }

// String is the masked number, "•••••6782", or "" when there is none.
func (b BSN) String() string { return mask(b.digits, 4) }

// GoString is the masked number.
func (b BSN) GoString() string { return b.String() }

// Format writes the masked number for every verb, so that not even %d or %+v
// prints the digits.
func (b BSN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue is "‹bsn›": a log never has even a part of the number.
func (b BSN) LogValue() slog.Value { return slog.StringValue("‹bsn›") }

var errNotInJSON = errors.New("a value that identifies a person is not written into JSON by itself; Reveal it where it is sealed")

// MarshalJSON always fails: only the code that seals a section may write the
// number, and it does so through Reveal.
func (b BSN) MarshalJSON() ([]byte, error) { return nil, errNotInJSON }

// mask hides all but the last n characters; the hidden length is fixed, so
// that it tells nothing.
func mask(s string, n int) string {
	if s == "" {
		return ""
	}
	if len(s) <= n {
		return "•••••"
	}
	return "•••••" + s[len(s)-n:]
}
