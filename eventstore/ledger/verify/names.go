package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

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
// Beside what its clear line names, a commit names what the lists of its events do
// (List.Names, after the list was compared with the ListHead in the line); NamesWith
// gives both.
//
// The events' own data, incidents, reminders, reviews, paper and accesses are all
// found by these. A line that is no JSON names what stands before the fault.
func Names(clear []byte) []string {
	w := walker{d: jsontext.NewDecoder(bytes.NewBuffer(clear), jsontext.AllowDuplicateNames(true))}
	w.value(other, false)
	slices.Sort(w.found)
	return slices.Compact(w.found)
}

// NamesWith gives the dossiers that a commit names, by its clear line and by the
// lists of its events: each once, in byte order.
func NamesWith(clear []byte, lists []*List) []string {
	out := Names(clear)
	for _, l := range lists {
		out = append(out, l.Names()...)
	}
	if len(lists) > 0 {
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

// walker goes through a JSON text and gathers ids of dossiers. It makes no text of
// what does not matter: this is done for every commit there is.
type walker struct {
	d     *jsontext.Decoder
	found []string
}

// member is what the name of a member says about its value.
type member int

const (
	other member = iota
	one          // dossier, …_dossier
	many         // dossiers, …_dossiers
	aggregateKind
	aggregateID
	kind
	holder
)

func memberOf(name []byte) member {
	switch {
	case bytes.Equal(name, []byte("dossier")), bytes.HasSuffix(name, []byte("_dossier")):
		return one
	case bytes.Equal(name, []byte("dossiers")), bytes.HasSuffix(name, []byte("_dossiers")):
		return many
	}
	switch string(name) {
	case "aggregatekind":
		return aggregateKind
	case "aggregateid":
		return aggregateID
	case "kind":
		return kind
	case "holder":
		return holder
	}
	return other
}

// value reads one value of a member, or one element of its array. It gives a
// string's content where the member is one that object asks for.
func (w *walker) value(m member, inArray bool) (text string, ok bool) {
	switch w.d.PeekKind() {
	case '{':
		return "", w.object()
	case '[':
		if _, err := w.d.ReadToken(); err != nil {
			return "", false
		}
		for w.d.PeekKind() != ']' {
			if _, ok := w.value(m, true); !ok {
				return "", false
			}
		}
		_, err := w.d.ReadToken()
		return "", err == nil
	case '"':
		b, ok := w.text()
		if id, is := bytes.CutPrefix(b, []byte("dossier/")); is {
			w.add(string(id))
		}
		switch {
		case m == one && !inArray, m == many && inArray:
			w.add(string(b))
		case m > many:
			text = string(b)
		}
		return text, ok
	}
	_, err := w.d.ReadToken()
	return "", err == nil
}

// text reads a string; what it gives holds until the next reading.
func (w *walker) text() (b []byte, ok bool) {
	raw, err := w.d.ReadValue()
	if err != nil {
		return nil, false
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return raw[1 : len(raw)-1], true
	}
	b, err = jsontext.AppendUnquote(nil, raw)
	return b, err == nil
}

func (w *walker) object() bool {
	if _, err := w.d.ReadToken(); err != nil {
		return false
	}
	var texts [holder + 1]string
	for w.d.PeekKind() != '}' {
		name, ok := w.text()
		if !ok {
			return false
		}
		m := memberOf(name)
		text, ok := w.value(m, false)
		if !ok {
			return false
		}
		texts[m] = text
	}
	if k := texts[aggregateKind]; k == "dossier" || k == "reminder" {
		w.add(texts[aggregateID])
	}
	if texts[kind] == "dossier" {
		w.add(texts[holder])
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
