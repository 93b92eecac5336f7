package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/casefile-engine/casefile/domain"
)

const (
	// MinPassword is the least number of characters of a password.
	MinPassword = 12
	// MaxPassword is the most bytes of a password; more than any sentence.
	MaxPassword = 1024
)

// commonWords are what people reach for first, in the languages spoken here.
// A password that consists of such words, the agency's or one's own sign-in
// name, digits and signs is refused, however long.
var commonWords = []string{
	"wachtwoord", "welkom", "geheim", "paswoord", "hallo", "goedemorgen", "nederland", "amsterdam", "rotterdam",
	"utrecht", "ajax", "feyenoord", "voetbal", "liefde", "zomer", "winter", "lente", "herfst", "januari", "februari",
	"maart", "april", "juni", "juli", "augustus", "september", "oktober", "november", "december", "maandag", "dinsdag",
	"woensdag", "donderdag", "vrijdag", "zaterdag", "zondag", "password", "passwort", "welcome", "secret", "letmein",
	"iloveyou", "monkey", "dragon", "master", "login", "admin", "administrator", "beheerder", "gebruiker", "user",
	"test", "demo", "qwerty", "qwertyuiop", "azerty", "asdf", "asdfghjkl", "zxcvbn", "zxcvbnm", "qazwsx", "abc", "abcdef",
	"abcdefgh", "sunshine", "princess", "football", "baseball", "summer", "spring", "autumn", "casefile", "dossier",
	"coach", "mijn", "my", "is", "de", "het", "een", "the", "en", "and", "i", "ik", "voor", "for", "van",
}

// judge refuses a password that is easy to guess, or known from a leak.
func (s *Service) judge(agency, login, password string) error {
	if err := judge(agency, login, password); err != nil {
		return err
	}
	return s.leaked(password)
}

// judge refuses a password that is too short, too long or easy to guess.
func judge(agency, login, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case !utf8.ValidString(password):
		return weak("password_invalid", "the password contains bytes that are no text; type it again")
	case n < MinPassword:
		return weak("password_short", "a password has at least 12 characters; a sentence of your own is easy to remember")
	case len(password) > MaxPassword:
		return weak("password_long", "a password has at most 1,024 bytes; choose a shorter one")
	}
	low := strings.ToLower(password)
	if fewDistinct(low) || sequence(low) || onlyCommon(low, append([]string{agency, login}, commonWords...)) {
		return weak("password_common", "this password is among the first that are tried; choose words that belong to nothing public")
	}
	return nil
}

// leaked refuses a password that is known from a leak, where a list is given.
func (s *Service) leaked(password string) error {
	if s.breached == nil {
		return nil
	}
	known, err := s.breached(password)
	if err != nil {
		s.log.Error("the list of leaked passwords cannot be read", "err", err)
	}
	if known {
		return weak("password_breached", "this password stands in a list of leaked ones, so it is among the first that are tried; choose another")
	}
	return nil
}

func weak(code, message string) error {
	e := domain.Refused(code, "C-0c", message)
	e.Field = "password"
	return e
}

// fewDistinct: "aaaaaaaaaaaa", "ababababab12".
func fewDistinct(s string) bool {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen) < 5
}

// sequence: nearly every character follows the one before it, up or down.
func sequence(s string) bool {
	rs := []rune(s)
	steps := 0
	for i := 1; i < len(rs); i++ {
		if d := rs[i] - rs[i-1]; d == 1 || d == -1 || d == 0 {
			steps++
		}
	}
	return steps*10 >= (len(rs)-1)*8
}

// onlyCommon: nothing but words of the list is left once digits and signs are gone.
func onlyCommon(s string, words []string) bool {
	swaps := strings.NewReplacer("@", "a", "$", "s", "0", "o", "1", "i", "3", "e", "5", "s", "!", "i")
	return spelled(lettersOf(s), words) || spelled(lettersOf(swaps.Replace(s)), words) || spelled(lettersOf(swaps.Replace(strings.TrimRightFunc(s, notLetter))), words)
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

func lettersOf(s string) string {
	return strings.Map(func(r rune) rune {
		if notLetter(r) {
			return -1
		}
		return r
	}, s)
}

// spelled tells whether s is a row of words, by the reachable prefixes.
func spelled(s string, words []string) bool {
	reach := make([]bool, len(s)+1)
	reach[0] = true
	for i := range s {
		if !reach[i] {
			continue
		}
		for _, w := range words {
			if w = lettersOf(strings.ToLower(w)); w != "" && strings.HasPrefix(s[i:], w) {
				reach[i+len(w)] = true
			}
		}
	}
	return reach[len(s)]
}
