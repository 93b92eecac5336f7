package policy

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
)

// Book has the policies of each agency: its own where it has some, else the
// built-in ones, the law's beneath both.
type Book struct {
	builtIn *Set
	own     map[string]*Set
}

// Load reads a directory that has a folder for each agency with policies of its
// own, DIR/<agency>/*.cedar; they take the place of the built-in agency.cedar.
// "" gives the built-in policies for all. Errors: domain code "invalid_policy".
func Load(dir string) (*Book, error) {
	b := &Book{own: map[string]*Set{}}
	var err error
	if b.builtIn, err = BuiltIn(); err != nil || dir == "" {
		return b, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, &domain.Error{Kind: domain.KindInvalid, Code: "invalid_policy", Rule: "C-2.1.4a", Message: "the directory of policies cannot be read; check its path and its rights", Cause: err}
	}
	for _, e := range entries {
		if !e.IsDir() || !domain.ValidAgency(e.Name()) {
			continue
		}
		texts, err := readTexts(filepath.Join(dir, e.Name()))
		if err == nil {
			b.own[e.Name()], err = New(texts)
		}
		if err != nil {
			return nil, err
		}
	}
	return b, nil
}

func readTexts(dir string) ([]Text, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.cedar"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	var out []Text
	for _, n := range names {
		b, err := os.ReadFile(n)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Text{Name: filepath.Base(n), Text: string(b)})
	}
	if len(out) == 0 {
		return nil, invalid(strings.TrimSuffix(filepath.Base(dir), "/"), "the agency's folder has no *.cedar file; add one, or remove the folder")
	}
	return out, nil
}

// For gives the policies of an agency.
func (b *Book) For(agency string) *Set {
	if s, ok := b.own[agency]; ok {
		return s
	}
	return b.builtIn
}

// With is the book with one set for every agency, for tests.
func With(s *Set) *Book { return &Book{builtIn: s} }
