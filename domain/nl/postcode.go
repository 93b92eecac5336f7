package nl

import (
	"log/slog"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// Postcode is a Dutch postcode in its written form, "1234 AB". With a house
// number it identifies a household, so a logger gets "‹postcode›".
type Postcode string

// ParsePostcode reads four digits that do not begin with 0 and two letters
// (never SA, SD or SS), in either case, with or without a space. Anything else
// is a *domain.Error with code "postcode_invalid".
func ParsePostcode(s string) (Postcode, error) {
	t := strings.ToUpper(strings.ReplaceAll(s, " ", ""))
	ok := len(t) == 6 && t[0] != '0' && allIn(t[:4], '0', '9') && allIn(t[4:], 'A', 'Z')
	if ok {
		switch t[4:] {
		case "SA", "SD", "SS":
			ok = false
		}
	}
	if !ok {
		return "", domain.Invalid("postcode_invalid", "", "a Dutch postcode is four digits and two letters, such as 1234 AB")
	}
	return Postcode(t[:4] + " " + t[4:]), nil
}

// LogValue is "‹postcode›".
func (p Postcode) LogValue() slog.Value { return slog.StringValue("‹postcode›") }
