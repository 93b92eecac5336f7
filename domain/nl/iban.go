package nl

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// IBAN is an international bank account number. Like a BSN it prints itself
// masked, logs as "‹iban›" and stays out of JSON; Reveal gives it in full.
type IBAN struct{ text string }

// ibanLengths has the length of an account number in the countries that Dutch
// clients are likely to bank in; for others the general limits hold.
var ibanLengths = map[string]int{
	"AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
	"ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26,
	"IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28,
	"PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26,
}

// The general limits of an account number.
const (
	minIBAN = 15
	maxIBAN = 34
)

// ParseIBAN reads an account number, in either case and with or without
// spaces: right length for its country, four letters of a bank for the
// Netherlands, and a remainder of 1 by 97. Anything else is a *domain.Error
// with code "iban_invalid" that does not repeat the number.
func ParseIBAN(s string) (IBAN, error) {
	t := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	if !ibanForm(t) || ibanRemainder(t) != 1 {
		return IBAN{}, domain.Invalid("iban_invalid", "", "this is no bank account number (IBAN): its length or its check digits are wrong; compare it with the bank card")
	}
	return IBAN{t}, nil
}

func ibanForm(t string) bool {
	if len(t) < minIBAN || len(t) > maxIBAN {
		return false
	}
	for i := range len(t) {
		letter, digit := t[i] >= 'A' && t[i] <= 'Z', t[i] >= '0' && t[i] <= '9'
		switch {
		case i < 2 && !letter, (i == 2 || i == 3) && !digit, !letter && !digit:
			return false
		}
	}
	if n, known := ibanLengths[t[:2]]; known && n != len(t) {
		return false
	}
	return t[:2] != "NL" || allIn(t[4:8], 'A', 'Z') && allIn(t[8:], '0', '9')
}

func allIn(s string, lo, hi byte) bool {
	for i := range len(s) {
		if s[i] < lo || s[i] > hi {
			return false
		}
	}
	return true
}

// ibanRemainder is the number modulo 97 with the first four characters moved to
// the end and letters counted as 10 to 35 (ISO 13616, ISO 7064).
func ibanRemainder(t string) int {
	r := 0
	for _, c := range []byte(t[4:] + t[:4]) {
		if c >= 'A' {
			r = (r*100 + int(c-'A') + 10) % 97
		} else {
			r = (r*10 + int(c-'0')) % 97
		}
	}
	return r
}

// IsZero tells whether there is no number.
func (b IBAN) IsZero() bool { return b.text == "" }

// Reveal is the number in full, without spaces.
func (b IBAN) Reveal() string { return b.text }

// Spaced is the number in full in groups of four, as it stands on paper.
func (b IBAN) Spaced() string {
	var w strings.Builder
	for i := range len(b.text) {
		if i > 0 && i%4 == 0 {
			w.WriteByte(' ')
		}
		w.WriteByte(b.text[i])
	}
	return w.String()
}

// String is the masked number, "•••••4300", or "" when there is none.
func (b IBAN) String() string { return mask(b.text, 4) }

// GoString is the masked number.
func (b IBAN) GoString() string { return b.String() }

// Format writes the masked number for every verb.
func (b IBAN) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, b.String()) }

// LogValue is "‹iban›".
func (b IBAN) LogValue() slog.Value { return slog.StringValue("‹iban›") }

// MarshalJSON always fails, as for a BSN.
func (b IBAN) MarshalJSON() ([]byte, error) { return nil, errNotInJSON }
