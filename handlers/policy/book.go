package policy

import (
	"sync"
)

// Book has the policies that decide: an agency's own where it has adopted some,
// else the built-in ones, the law's beneath both. It is safe for many goroutines.
type Book struct {
	builtIn *Set
	mu      sync.Mutex
	own     map[string]*Set // by the digest of their texts
}

// Open gives the book with the built-in policies.
func Open() (*Book, error) {
	s, err := BuiltIn()
	if err != nil {
		return nil, err
	}
	return With(s), nil
}

// With is the book with one set in the place of the built-in one.
func With(s *Set) *Book { return &Book{builtIn: s, own: map[string]*Set{}} }

// BuiltIn is the set of an agency that has adopted none of its own.
func (b *Book) BuiltIn() *Set { return b.builtIn }

// maxOwn is how many sets are kept; there are a few at a time.
const maxOwn = 256

// Of gives the set for an agency's own policies; none: the built-in ones. Errors:
// domain code "invalid_policy" for texts that cannot be used.
func (b *Book) Of(own []Text) (*Set, error) {
	if len(own) == 0 {
		return b.builtIn, nil
	}
	key := digestOf(own)
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, ok := b.own[key]; ok {
		return s, nil
	}
	s, err := New(own)
	if err != nil {
		return nil, err
	}
	if len(b.own) >= maxOwn {
		clear(b.own)
	}
	b.own[key] = s
	return s, nil
}
