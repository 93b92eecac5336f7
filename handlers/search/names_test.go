package search

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
)

// a part of a name finds it, with or without accents, prefixes and case.
func TestPartsOfNames(t *testing.T) {
	for _, c := range []struct {
		family, given, text string
		found               bool
	}{
		{"van der Berg", "Renée", "berg", true},
		{"van der Berg", "Renée", "van der", true},
		{"van der Berg", "Renée", "Van Der Berg", true},
		{"van der Berg", "Renée", "vanderberg", true},
		{"van der Berg", "Renée", "renee", true},
		{"van der Berg", "Renée", "RENÉE", true},
		{"van der Berg", "Renée", "ené", true},
		{"van der Berg", "Renée", "berg renee", true},
		{"van der Berg", "Renée", "renee, berg", true},
		{"van der Berg", "Renée", "be", true},
		{"van der Berg", "Renée", "er", false}, // two letters begin a word
		{"van der Berg", "Renée", "erg", true},
		{"van der Berg", "Renée", "bergen", false},
		{"van der Berg", "Renée", "berg jan", false},
		{"van 't Hof", "P.", "van 't hof", true},
		{"van 't Hof", "P.", "P. van 't Hof", true},
		{"Jansen-de Vries", "Jan-Willem", "janwillem", true},
		{"Jansen-de Vries", "Jan-Willem", "jansen-de vries", true},
		{"Jansen-de Vries", "Jan-Willem", "vries", true},
		{"Ó Súilleabháin", "Þór", "o suilleabhain", true},
		{"Łukaszewicz", "Bjørn", "lukas bjorn", true},
		{"Groß", "Đorđe", "gross djordje", false},
		{"Groß", "Đorđe", "gross dorde", true},
		{"Ĳsbrand", "", "ijsb", true},
		{"d'Ancona", "", "ancona", true},
		{"d'Ancona", "", "d'ancona", true},
		{"Öztürk", "Ayşe", "ozturk ayse", true},
		{"Li", "Bo", "li", true},
		{"Li", "Bo", "bo li", true},
	} {
		q, err := Parse(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := q.In(NewName(c.family, c.given)) == q.All(); got != c.found {
			t.Errorf("%q in %q, %q: %v, want %v", c.text, c.family, c.given, got, c.found)
		}
	}
}

func TestWhatCannotBeLookedFor(t *testing.T) {
	for text, code := range map[string]string{
		"": "search_too_short", " ": "search_too_short", "a": "search_too_short", "'t": "search_too_short", "a b c": "search_too_short", "7": "search_too_short",
		strings.Repeat("a", 201): "search_too_long", strings.Repeat("aa ", 9): "search_too_long",
	} {
		_, err := Parse(text)
		if de := domain.AsError(err); err == nil || de.Code != code || len(text) > 2 && strings.Contains(de.Message, text) {
			t.Errorf("%.20q: %v, want %s", text, err, code)
		}
	}
	q, err := Parse("Geheimnaam")
	if s := fmt.Sprintf("%v %+v %#v %s", q, q, q, q); err != nil || strings.Contains(strings.ToLower(s), "geheim") {
		t.Errorf("a query prints its text: %s, %v", s, err)
	}
}

// L-U46: a citizen service number is looked for whole or not at all.
func TestNumbers_L_U46(t *testing.T) {
	for text, bsn := range map[string]bool{"111222333": true, "1112.22.333": true, "111 222 333": true, "11122233": false, "111222334": false, "222333": false} {
		if q, err := Parse(text); err != nil || q.BSN() != bsn {
			t.Errorf("%q: %v, %v", text, q.BSN(), err)
		}
	}
	q, err := Parse("2026-01")
	if err != nil || q.InNumber("T-2026-014") != q.All() || q.InNumber("T-2025-014") != 0 {
		t.Errorf("a part of a trajectory number: %v", err)
	}
}

// Whatever part of a name is typed, the tokens that are looked for are among
// those that the index keeps: the index never misses what the name has.
func TestNothingIsMissed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := NewName(rapid.StringN(0, 30, -1).Draw(t, "family"), rapid.StringN(0, 30, -1).Draw(t, "given"))
		kept := n.tokens()
		for _, w := range slices.Concat(n.words, n.joined) {
			r := []rune(w)
			from := rapid.IntRange(0, len(r)).Draw(t, "from")
			part := string(r[from:rapid.IntRange(from, len(r)).Draw(t, "to")])
			if !n.has(part) {
				continue
			}
			for _, token := range wanted(part) {
				if !slices.Contains(kept, token) {
					t.Fatalf("%q of %q is not kept", part, w)
				}
			}
		}
	})
}
