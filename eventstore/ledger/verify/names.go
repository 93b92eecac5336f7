package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"
)

// Names gives the dossiers that a commit names, by its clear line: each once, in
// byte order. Who proves or checks completeness applies exactly this:
//
// An id is a string of 36 characters in the form of a lower-case UUID. The clear
// line names the dossier X when, at any depth of its JSON,
//
//  1. an object has aggregatekind "dossier" or "reminder" and aggregateid X
//     (reminders bear the id of their dossier);
//  2. a member called dossier, or whose name ends in _dossier, has the value X;
//  3. a member called dossiers, or whose name ends in _dossiers, is an array
//     and X stands in it;
//  4. any string is "dossier/X": owners of keys and of sealed sections, also of
//     those that an access event let somebody open;
//  5. an object has kind "dossier" and holder X (reservations).
//
// The events' own data, incidents, reminders, reviews, paper and accesses are all
// found by these. A line that is no JSON names what stands before the fault.
func Names(clear []byte) []string {
	w := walker{d: jsontext.NewDecoder(bytes.NewReader(clear), jsontext.AllowDuplicateNames(true))}
	w.value("", false)
	slices.Sort(w.found)
	return slices.Compact(w.found)
}

// walker goes through a JSON text and gathers ids of dossiers.
type walker struct {
	d     *jsontext.Decoder
	found []string
}

// value reads one value; name is that of the member it belongs to, inArray tells
// that it stands in that member's array. It gives a string's content.
func (w *walker) value(name string, inArray bool) (text string, ok bool) {
	t, err := w.d.ReadToken()
	if err != nil {
		return "", false
	}
	switch t.Kind() {
	case '{':
		return "", w.object()
	case '[':
		for w.d.PeekKind() != ']' {
			if _, ok := w.value(name, true); !ok {
				return "", false
			}
		}
		_, err = w.d.ReadToken()
		return "", err == nil
	case '"':
		text = t.String()
		if id, is := strings.CutPrefix(text, "dossier/"); is {
			w.add(id)
		}
		if names(name, inArray) {
			w.add(text)
		}
		return text, true
	}
	return "", true
}

// names tells whether a member's value, or the elements of its array, are dossiers.
func names(member string, inArray bool) bool {
	if inArray {
		return member == "dossiers" || strings.HasSuffix(member, "_dossiers")
	}
	return member == "dossier" || strings.HasSuffix(member, "_dossier")
}

func (w *walker) object() bool {
	var kind, id, held, holder string
	for w.d.PeekKind() != '}' {
		t, err := w.d.ReadToken()
		if err != nil {
			return false
		}
		name := t.String()
		text, ok := w.value(name, false)
		if !ok {
			return false
		}
		switch name {
		case "aggregatekind":
			kind = text
		case "aggregateid":
			id = text
		case "kind":
			held = text
		case "holder":
			holder = text
		}
	}
	if kind == "dossier" || kind == "reminder" {
		w.add(id)
	}
	if held == "dossier" {
		w.add(holder)
	}
	_, err := w.d.ReadToken()
	return err == nil
}

func (w *walker) add(id string) {
	if isID(id) {
		w.found = append(w.found, id)
	}
}

// isID tells whether s is a UUID in lower case with its hyphens.
func isID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
				return false
			}
		}
	}
	return true
}

// Head is what the map says of one dossier at one size of the log: how many
// leaves name it, and the head of the chain of these. The zero Head: none does.
type Head struct {
	Count int64     `json:"count"`
	Chain tlog.Hash `json:"chain"`
}

// Next is the head after one more leaf that names the dossier:
//
//	chain = SHA-256(0x02 ‖ chain before ‖ leaf index ‖ leaf hash)
//
// Who has the leaves between two heads and folds them in order, from the first
// head to the second, knows that there are no others.
func (h Head) Next(index int64, leaf tlog.Hash) Head {
	var b [1 + 32 + 8 + 32]byte
	b[0] = 2
	copy(b[1:], h.Chain[:])
	binary.BigEndian.PutUint64(b[33:], uint64(index))
	copy(b[41:], leaf[:])
	return Head{Count: h.Count + 1, Chain: sha256.Sum256(b[:])}
}

// KeyOf is the key of a dossier in the map.
func KeyOf(dossier string) tlog.Hash { return sha256.Sum256([]byte(dossier)) }

// ValueOf is a head as the map has it: SHA-256(0x05 ‖ count ‖ chain).
func ValueOf(h Head) tlog.Hash {
	var b [1 + 8 + 32]byte
	b[0] = 5
	binary.BigEndian.PutUint64(b[1:], uint64(h.Count))
	copy(b[9:], h.Chain[:])
	return sha256.Sum256(b[:])
}
