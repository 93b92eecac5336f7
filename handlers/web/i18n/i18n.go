// Package i18n has every word that people see, in Dutch and in English. A
// message is a sentence with named places: "{n} dossiers". Codes never reach
// the eye: each has its name here (ui.md §1), and a test fails while one is
// missing.
package i18n

import (
	"embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/domain/nl"
)

//go:embed nl.json en.json
var files embed.FS

// Langs are the languages, the first one by default.
var Langs = []nl.Lang{nl.Dutch, nl.English}

// Bundle has a Printer for each language.
type Bundle map[nl.Lang]*Printer

// Load reads the catalogues. An error is a defect of the program.
func Load() (Bundle, error) {
	b := Bundle{}
	for _, l := range Langs {
		raw, err := files.ReadFile(string(l) + ".json")
		if err != nil {
			return nil, err
		}
		p := &Printer{Lang: l}
		if err := json.Unmarshal(raw, &p.messages); err != nil {
			return nil, fmt.Errorf("i18n: %s: %w", l, err)
		}
		b[l] = p
	}
	return b, nil
}

// For gives the printer of the language named s, or of the first language.
func (b Bundle) For(s string) *Printer {
	if p, ok := b[nl.Lang(s)]; ok {
		return p
	}
	return b[Langs[0]]
}

// Printer writes messages in one language.
type Printer struct {
	Lang     nl.Lang
	messages map[string]string
}

// Has tells whether there is such a message.
func (p *Printer) Has(key string) bool { _, ok := p.messages[key]; return ok }

// T gives the message with its places filled in from pairs of name and value.
// An unknown key gives the key: a test finds those before people do.
func (p *Printer) T(key string, pairs ...any) string {
	if !p.Has(key) {
		return key
	}
	return p.Fill(key, func(name string) string {
		for i := 0; i+1 < len(pairs); i += 2 {
			if pairs[i] == name {
				return fmt.Sprint(pairs[i+1])
			}
		}
		return "{" + name + "}"
	})
}

// N is T for a number of things: key.one for one, key.other for any other
// number, with the number as {n}.
func (p *Printer) N(key string, n int, pairs ...any) string {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	return p.T(key+form, append([]any{"n", nl.Count(n, p.Lang)}, pairs...)...)
}

// Fill is T with the places filled by a function, in one pass, so that a
// value that looks like a place is left alone.
func (p *Printer) Fill(key string, value func(name string) string) string {
	var b strings.Builder
	for text := p.messages[key]; text != ""; {
		open := strings.IndexByte(text, '{')
		end := strings.IndexByte(text, '}')
		if open < 0 || end < open {
			b.WriteString(text)
			break
		}
		b.WriteString(text[:open])
		b.WriteString(value(text[open+1 : end]))
		text = text[end+1:]
	}
	return b.String()
}

// Code gives the name of a code of a list, such as Code("category", "report").
// A code without a name is called an unknown value.
func (p *Printer) Code(list, code string) string {
	if name, ok := p.messages[list+"."+code]; ok {
		return name
	}
	return p.messages["unknown.code"]
}

// Codes gives the names of codes as a list in words: "a, b and c".
func (p *Printer) Codes(list string, codes []string) string {
	names := make([]string, len(codes))
	for i, c := range codes {
		names[i] = p.Code(list, c)
	}
	return p.Join(names)
}

// Join makes a list in words.
func (p *Printer) Join(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + p.T("list.and") + names[last]
}

// Rule names the article behind a requirement's id: C-2.6.1 of the Click
// regulation, S-Der of Solutions', L-19 of the AVG, L-U46 of the UAVG.
func (p *Printer) Rule(id string) string {
	kind, n, ok := strings.Cut(id, "-")
	if !ok || n == "" {
		return id
	}
	key := "rule." + kind
	switch {
	case kind == "L" && n[0] == 'U':
		key, n = "rule.LU", n[1:]
	case kind == "C" && (n[0] == '0' || n[0] == 'I'):
		key = "rule.C0"
	}
	if !p.Has(key) {
		return id
	}
	return p.T("rule.text", "rule", p.T(key, "n", n), "id", id)
}

// Position writes a stream position without groups: it is a number to cite.
func Position(n uint64) string { return strconv.FormatUint(n, 10) }
