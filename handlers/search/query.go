package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
)

// The limits of a search.
const (
	MaxText  = 200 // characters
	maxParts = 8   // words
)

// Query is what somebody looks for. It prints as nothing: the text of a search
// is personal data and stands in no log.
type Query struct {
	parts []part
	bsn   string
}

// part is one word as it was typed, and what it is as a part of a name.
type part struct {
	raw   string // folded
	words []string
}

// Parse reads the text of a search: words of which each has to be a part of the
// client's name, of a trajectory number or of the commissioner's name; or a
// whole citizen service number. Errors never repeat the text.
func Parse(text string) (Query, error) {
	if utf8.RuneCountInString(text) > MaxText {
		return Query{}, domain.Invalid("search_too_long", "q", "a search has at most 200 characters; leave some words out")
	}
	var q Query
	for _, f := range strings.Fields(Fold(text)) {
		p := part{raw: f}
		for _, w := range words(f) {
			if utf8.RuneCountInString(w) >= 2 {
				p.words = append(p.words, w)
			}
		}
		// A word such as 't or an initial says too little, and is passed over.
		if len(p.words) == 0 && (len(f) < 2 || !strings.ContainsFunc(f, unicode.IsDigit)) {
			continue
		}
		q.parts = append(q.parts, p)
	}
	if b, err := nl.ParseBSN(text); err == nil {
		q.bsn = b.Reveal()
	}
	switch {
	case len(q.parts) == 0:
		return Query{}, domain.Invalid("search_too_short", "q", "type at least two letters of a name, a part of a trajectory number, or a whole citizen service number")
	case len(q.parts) > maxParts:
		return Query{}, domain.Invalid("search_too_long", "q", "a search has at most eight words; leave some out")
	}
	return q, nil
}

// String keeps the text out of logs and errors.
func (q Query) String() string { return "‹search›" }

// GoString is String.
func (q Query) GoString() string { return q.String() }

// BSN tells whether the text is a whole citizen service number.
func (q Query) BSN() bool { return q.bsn != "" }

// Mask has a bit for each word of a query that something was found for.
type Mask uint

// All is the mask in which every word was found.
func (q Query) All() Mask { return 1<<len(q.parts) - 1 }

// In gives the words that a name has.
func (q Query) In(n Name) (m Mask) {
	for i, p := range q.parts {
		if len(p.words) > 0 && !slices.ContainsFunc(p.words, func(w string) bool { return !n.has(w) }) {
			m |= 1 << i
		}
	}
	return m
}

// InNumber gives the words that are a part of a trajectory number.
func (q Query) InNumber(number string) (m Mask) {
	number = Fold(number)
	for i, p := range q.parts {
		if strings.Contains(number, p.raw) {
			m |= 1 << i
		}
	}
	return m
}

// Numbers are the words as parts of trajectory numbers, in lower case.
func (q Query) Numbers() []string {
	out := make([]string, len(q.parts))
	for i, p := range q.parts {
		out[i] = p.raw
	}
	return out
}
