package verify

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrList: the list that is stored beside a clear line has another form, or is
// not the one that the line commits to.
var ErrList = errors.New("ledger: a list is not the one that its commit names")

// List is what an event that names several dossiers has beside its clear line:
// entries, each once and in byte order, and the key of their salts. The clear line
// has ListHead in their place. With an entry, its salt and a proof whoever has
// the line knows that the entry is in the list, and nothing of the others.
//
// An entry is one of
//
//	+<id>    a dossier that the event is about, and whose keys it lets somebody open
//	<id>     a dossier that it is about
//	><id>    a dossier that it points at
//	<owner>  whose keys alone it lets somebody open: "dossier/<id>", "staff/<id>", …
//
// Its salt is the first 16 bytes of HMAC-SHA-256(key, index ‖ entry), the index
// in 4 bytes, big endian. The root is that of an RFC 6962 tree over the records
// salt ‖ entry, in their order.
type List struct {
	Key     [sha256.Size]byte
	Entries []string
}

// SaltSize is the length of a salt in bytes.
const SaltSize = 16

// ListHead is how a clear line commits to a list: the member list of the event's
// data, always the last one, written in this one way.
//
//	"list":{"count":<entries>,"named":<dossiers>,"root":"<hex>"}
type ListHead struct {
	Count int64 // entries
	Named int64 // dossiers that the list names, by the rule of Names
	Root  tlog.Hash
}

// Revealed is one entry of a list with what shows that it is in it.
type Revealed struct {
	Index int64
	Entry string
	Salt  [SaltSize]byte
	Proof tlog.RecordProof
}

// NewList makes a list of entries, with a new key. It sorts what it is given.
func NewList(entries []string) (*List, error) {
	l := &List{Entries: entries}
	if _, err := rand.Read(l.Key[:]); err != nil {
		return nil, fmt.Errorf("ledger: the key of a list: %w", err)
	}
	slices.Sort(l.Entries)
	l.Entries = slices.Compact(l.Entries)
	return l, l.check()
}

// check tells whether the entries can be written down.
func (l *List) check() error {
	if len(l.Entries) == 0 {
		return fmt.Errorf("%w: it is empty", ErrList)
	}
	for i, e := range l.Entries {
		if i > 0 && e <= l.Entries[i-1] {
			return fmt.Errorf("%w: its entries are not in their order", ErrList)
		}
		if !plain(e) {
			return fmt.Errorf("%w: an entry has another form than there is", ErrList)
		}
	}
	return nil
}

// plain tells whether a text needs no escape in JSON, and is none too long.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 200
}

// The one form of a block.
const (
	blockKey     = `{"key":"`
	blockEntries = `","entries":["`
	blockNext    = `","`
	blockEnd     = `"]}`
)

// Block is the list as it is stored behind its clear line, as JSON:
//
//	{"key":"<hex>","entries":["<entry>",…]}
func (l *List) Block() []byte {
	n := len(blockKey) + 2*len(l.Key) + len(blockEntries) + len(blockEnd)
	for _, e := range l.Entries {
		n += len(e) + len(blockNext)
	}
	b := hex.AppendEncode(append(make([]byte, 0, n), blockKey...), l.Key[:])
	b = append(b, blockEntries...)
	for i, e := range l.Entries {
		if i > 0 {
			b = append(b, blockNext...)
		}
		b = append(b, e...)
	}
	return append(b, blockEnd...)
}

// ParseList reads a block. It takes the one form alone; ErrList.
func ParseList(block []byte) (*List, error) {
	l := &List{}
	wrong := fmt.Errorf("%w: its block has another form than there is", ErrList)
	rest, ok := strings.CutPrefix(string(block), blockKey)
	key, rest, found := strings.Cut(rest, blockEntries)
	rest, end := strings.CutSuffix(rest, blockEnd)
	raw, err := hex.DecodeString(key)
	if !ok || !found || !end || err != nil || len(raw) != len(l.Key) || key != strings.ToLower(key) {
		return nil, wrong
	}
	l.Key = [sha256.Size]byte(raw)
	l.Entries = strings.Split(rest, blockNext)
	return l, l.check()
}

// Head works out what commits to the list.
func (l *List) Head() ListHead {
	level := l.leaves()
	for n := len(level); n > 1; n = (n + 1) / 2 {
		for i := range n / 2 {
			level[i] = tlog.NodeHash(level[2*i], level[2*i+1])
		}
		if n%2 == 1 {
			level[n/2] = level[n-1]
		}
	}
	return ListHead{Count: int64(len(l.Entries)), Named: int64(len(l.Names())), Root: level[0]}
}

// Fits tells whether the list is the one that a clear line commits to; ErrList.
func (l *List) Fits(h ListHead) error {
	if l.Head() != h {
		return fmt.Errorf("%w: its root is another", ErrList)
	}
	return nil
}

// leaves are the leaf hashes of all entries.
func (l *List) leaves() []tlog.Hash {
	out := make([]tlog.Hash, len(l.Entries))
	s := newSalter(l.Key[:])
	var b []byte
	for i, e := range l.Entries {
		salt := s.salt(i, e)
		b = append(append(append(b[:0], 0), salt[:]...), e...)
		out[i] = sha256.Sum256(b)
	}
	return out
}

// salter makes salts.
type salter struct {
	mac hash.Hash
	b   []byte
}

func newSalter(key []byte) *salter { return &salter{mac: hmac.New(sha256.New, key)} }

func (s *salter) salt(index int, entry string) [SaltSize]byte {
	s.b = append(binary.BigEndian.AppendUint32(s.b[:0], uint32(index)), entry...)
	s.mac.Reset()
	s.mac.Write(s.b)
	s.b = s.mac.Sum(s.b[:0])
	return [SaltSize]byte(s.b[:SaltSize])
}

// Names are the dossiers that the list names, each once, in byte order: those
// that the event is about, and those whose keys it lets somebody open.
func (l *List) Names() (out []string) {
	for _, e := range l.Entries {
		if id, ok := namedBy(e); ok {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// namedBy is the dossier that an entry names.
func namedBy(entry string) (id string, ok bool) {
	id = strings.TrimPrefix(strings.TrimPrefix(entry, "+"), "dossier/")
	return id, isID(id)
}

// Names tells whether the entry names a dossier.
func (r Revealed) Names(dossier string) bool {
	id, ok := namedBy(r.Entry)
	return ok && id == dossier
}

// Reveal gives the entries that name a dossier, with what shows that they are in
// the list.
func (l *List) Reveal(dossier string) (out []Revealed) {
	var leaves []tlog.Hash
	for i, e := range l.Entries {
		if id, ok := namedBy(e); !ok || id != dossier {
			continue
		}
		if leaves == nil {
			leaves = l.leaves()
		}
		out = append(out, Revealed{Index: int64(i), Entry: e, Salt: newSalter(l.Key[:]).salt(i, e), Proof: path(leaves, i)})
	}
	return out
}

// path is the inclusion proof of leaf i, the lowest hash first.
func path(leaves []tlog.Hash, i int) (out tlog.RecordProof) {
	level := slices.Clone(leaves)
	for n := len(level); n > 1; n, i = (n+1)/2, i/2 {
		if other := i ^ 1; other < n {
			out = append(out, level[other])
		}
		for k := range n / 2 {
			level[k] = tlog.NodeHash(level[2*k], level[2*k+1])
		}
		if n%2 == 1 {
			level[n/2] = level[n-1]
		}
	}
	return out
}

// Check checks that an entry is in the list that a clear line commits to; ErrList.
func (h ListHead) Check(r Revealed) error {
	record := append(r.Salt[:], r.Entry...)
	if r.Index < 0 || r.Index >= h.Count || tlog.CheckRecord(r.Proof, h.Count, h.Root, r.Index, tlog.RecordHash(record)) != nil {
		return fmt.Errorf("%w: the proof of an entry does not hold", ErrList)
	}
	return nil
}

// The one form of a head.
const (
	headBegin = `"list":{"count":`
	headNamed = `,"named":`
	headRoot  = `,"root":"`
	headEnd   = `"}}`
)

// Into puts the head into the clear data of an event, an object without one.
func (h ListHead) Into(data []byte) []byte {
	out := slices.Concat(data[:len(data)-1])
	if len(out) > 1 {
		out = append(out, ',')
	}
	out = strconv.AppendInt(append(out, headBegin...), h.Count, 10)
	out = strconv.AppendInt(append(out, headNamed...), h.Named, 10)
	return append(hex.AppendEncode(append(out, headRoot...), h.Root[:]), headEnd...)
}

// HeadOf reads the head in the clear data of an event; ok is false where there is
// none in the one form that Into writes.
func HeadOf(data []byte) (h ListHead, ok bool) {
	if !bytes.HasSuffix(data, []byte(headEnd)) {
		return h, false
	}
	i := bytes.LastIndex(data, []byte(headBegin))
	if i < 1 || data[i-1] != ',' && data[i-1] != '{' {
		return h, false
	}
	count, rest, _ := strings.Cut(string(data[i+len(headBegin):len(data)-len(headEnd)]), headNamed)
	named, root, _ := strings.Cut(rest, headRoot)
	raw, err := hex.DecodeString(root)
	if err != nil || len(raw) != tlog.HashSize {
		return h, false
	}
	h.Root = tlog.Hash(raw)
	if h.Count, err = strconv.ParseInt(count, 10, 64); err != nil || h.Count < 1 {
		return h, false
	}
	if h.Named, err = strconv.ParseInt(named, 10, 64); err != nil || h.Named < 0 || h.Named > h.Count {
		return h, false
	}
	return h, bytes.HasSuffix(h.Into([]byte("{}")), data[i:])
}
