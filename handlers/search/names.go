package search

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// whole are letters that no normal form takes apart.
var whole = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th", "ı", "i")

// Fold makes text comparable: lower case, without accents, and with the letters
// of ß, ij, ø and the like written out.
func Fold(s string) string {
	bare := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFKD.String(s))
	return whole.Replace(bare)
}

// words are the runs of letters and digits of a text, folded.
func words(s string) []string {
	return strings.FieldsFunc(Fold(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

// Name is a name as the search sees it: its words, prefixes such as "van der"
// among them, and each part of it written as one word, so that "vandenberg" and
// "janwillem" are found too.
type Name struct{ words, joined []string }

// NewName takes the parts of a name: family name and given names, or all there is.
func NewName(parts ...string) Name {
	var n Name
	for _, p := range parts {
		w := words(p)
		n.words = append(n.words, w...)
		if len(w) > 1 {
			n.joined = append(n.joined, strings.Join(w, ""))
		}
	}
	return n
}

// has tells whether a folded word of a query is part of the name. Two letters
// have to begin a word; a single one is never looked for.
func (n Name) has(w string) bool {
	r := []rune(w)
	switch {
	case len(r) < 2:
		return false
	case len(r) == 2:
		return slices.ContainsFunc(n.words, func(x string) bool { return strings.HasPrefix(x, w) })
	}
	within := func(x string) bool { return strings.Contains(x, w) }
	return slices.ContainsFunc(n.words, within) || slices.ContainsFunc(n.joined, within)
}

// tokens are what the index keeps of a name, each once: the two letters with
// which a word begins, and every three letters in a row. A longer part of a word
// is found by all of its threes, so nothing longer has to be kept.
func (n Name) tokens() []string {
	var out []string
	for _, w := range n.words {
		if r := []rune(w); len(r) >= 2 {
			out = append(out, begins(r))
			out = append(out, threes(r)...)
		}
	}
	for _, w := range n.joined {
		out = append(out, threes([]rune(w))...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wanted are the tokens that a name has when it has the word of a query.
func wanted(w string) []string {
	r := []rune(w)
	if len(r) == 2 {
		return []string{begins(r)}
	}
	return threes(r)
}

// begins is the token of a word's beginning; no word has the sign in it.
func begins(r []rune) string { return "^" + string(r[:2]) }

func threes(r []rune) []string {
	var out []string
	for i := 0; i+3 <= len(r); i++ {
		out = append(out, string(r[i:i+3]))
	}
	return out
}
