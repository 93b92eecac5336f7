package verify_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// drawList draws a list of entries of all kinds.
func drawList(t *rapid.T) *verify.List {
	n := rapid.IntRange(1, 300).Draw(t, "entries")
	var entries []string
	for i := range n {
		id := uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i)).String()
		entries = append(entries, rapid.SampledFrom([]string{"", "+", ">", "dossier/", "staff/", "recipient/"}).Draw(t, "kind")+id)
	}
	l, err := verify.NewList(entries)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Issue 5 part 3: a list comes back out of its block; its root is that of an
// RFC 6962 tree over salted records as it is written down, by two other
// implementations too; an entry that names a dossier is shown with its proof, and
// nothing that names another.
func TestListsAndTheirProofs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := drawList(t)
		back, err := verify.ParseList(l.Block())
		if err != nil || back.Key != l.Key || !slices.Equal(back.Entries, l.Entries) {
			t.Fatalf("%v came back: %v", back, err)
		}
		head := l.Head()
		if err := back.Fits(head); err != nil || head.Count != int64(len(l.Entries)) || head.Named != int64(len(l.Names())) {
			t.Fatalf("%+v: %v", head, err)
		}
		if got, ok := verify.HeadOf(head.Into([]byte(`{"action":"list"}`))); !ok || got != head {
			t.Fatalf("%+v came back for %+v", got, head)
		}
		var stored []tlog.Hash
		read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
			out := make([]tlog.Hash, len(at))
			for i, x := range at {
				out[i] = stored[x]
			}
			return out, nil
		})
		foreign := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
		for i, e := range l.Entries {
			m := hmac.New(sha256.New, l.Key[:])
			m.Write(append([]byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)}, e...))
			record := append(m.Sum(nil)[:16], e...)
			more, err := tlog.StoredHashes(int64(i), record, read)
			if err != nil {
				t.Fatal(err)
			}
			stored = append(stored, more...)
			if err := foreign.Append(rfc6962.DefaultHasher.HashLeaf(record), nil); err != nil {
				t.Fatal(err)
			}
		}
		root, err := tlog.TreeHash(head.Count, read)
		if err != nil || root != head.Root {
			t.Fatalf("the root is %v, and %v by x/mod: %v", head.Root, root, err)
		}
		if root, err := foreign.GetRootHash(nil); err != nil || !bytes.Equal(root, head.Root[:]) {
			t.Fatalf("the root is %v, and %x by another implementation: %v", head.Root, root, err)
		}
		for _, id := range l.Names() {
			shown := l.Reveal(id)
			if len(shown) == 0 {
				t.Fatalf("nothing shows that the list names %s", id)
			}
			for _, r := range shown {
				hashes := make([][]byte, len(r.Proof))
				for i := range r.Proof {
					hashes[i] = r.Proof[i][:]
				}
				err := proof.VerifyInclusion(rfc6962.DefaultHasher, uint64(r.Index), uint64(head.Count), rfc6962.DefaultHasher.HashLeaf(append(r.Salt[:], r.Entry...)), hashes, head.Root[:])
				if err != nil || head.Check(r) != nil || !r.Names(id) || !strings.HasSuffix(r.Entry, id) {
					t.Fatalf("%+v does not show %s: %v", r, id, err)
				}
			}
		}
	})
}

// What only points at a dossier does not name it, nor do owners that are none.
func TestWhatAListNames(t *testing.T) {
	a, b, c, d := uuid.NewString(), uuid.NewString(), uuid.NewString(), uuid.NewString()
	l, err := verify.NewList([]string{"+" + a, b, "dossier/" + c, ">" + d, "staff/" + d, "recipient/" + d})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{a, b, c}
	slices.Sort(want)
	if !slices.Equal(l.Names(), want) || l.Head().Named != 3 || l.Head().Count != 6 || len(l.Reveal(d)) != 0 {
		t.Errorf("it names %v, %+v", l.Names(), l.Head())
	}
	clear := []byte(`{"aggregatekind":"dossier","aggregateid":"` + a + `"}`)
	if got := verify.NamesWith(clear, []*verify.List{l}); !slices.Equal(got, want) {
		t.Errorf("the commit names %v", got)
	}
	if got := verify.NamesWith(clear, nil); !slices.Equal(got, []string{a}) {
		t.Errorf("without a list it names %v", got)
	}
}

// Each change of what shows an entry is refused: of another list, with another
// salt, index, entry or proof.
func TestForgedEntries(t *testing.T) {
	x, y := uuid.NewString(), uuid.NewString()
	list := func(ids ...string) *verify.List {
		for range 30 {
			ids = append(ids, "+"+uuid.NewString())
		}
		l, err := verify.NewList(ids)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	l, other := list("+"+x), list("+"+x)
	head, good := l.Head(), l.Reveal(x)[0]
	if err := head.Check(good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *verify.Revealed){
		"another list":       func(r *verify.Revealed) { *r = other.Reveal(x)[0] },
		"another salt":       func(r *verify.Revealed) { r.Salt[3] ^= 1 },
		"another dossier":    func(r *verify.Revealed) { r.Entry = "+" + y },
		"another entry":      func(r *verify.Revealed) { r.Entry = x },
		"another index":      func(r *verify.Revealed) { r.Index ^= 1 },
		"no such index":      func(r *verify.Revealed) { r.Index = head.Count },
		"a negative index":   func(r *verify.Revealed) { r.Index = -1 },
		"another proof":      func(r *verify.Revealed) { r.Proof[0][0] ^= 1 },
		"a shorter proof":    func(r *verify.Revealed) { r.Proof = r.Proof[1:] },
		"a longer proof":     func(r *verify.Revealed) { r.Proof = append(r.Proof, tlog.Hash{}) },
		"no proof":           func(r *verify.Revealed) { r.Proof = nil },
		"salt moved to text": func(r *verify.Revealed) { r.Entry = string(r.Salt[15:]) + r.Entry },
	} {
		r := good
		r.Proof = slices.Clone(good.Proof)
		change(&r)
		if err := head.Check(r); !errors.Is(err, verify.ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, h := range map[string]verify.ListHead{"another root": {Count: head.Count, Root: other.Head().Root}, "another count": {Count: 4 * head.Count, Root: head.Root}, "nothing": {}} {
		if err := h.Check(good); !errors.Is(err, verify.ErrList) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// T2: there is one form of a block and of a head; any changed byte gives another
// list, or none.
func TestEachByteOfAListCounts_T2(t *testing.T) {
	l, err := verify.NewList([]string{"+" + uuid.NewString(), uuid.NewString(), "staff/" + uuid.NewString()})
	if err != nil {
		t.Fatal(err)
	}
	block, head := l.Block(), l.Head()
	data := head.Into([]byte(`{"action":"view"}`))
	for bit := range 8 {
		for i := range block {
			b := bytes.Clone(block)
			b[i] ^= 1 << bit
			if got, err := verify.ParseList(b); err == nil && got.Fits(head) == nil {
				t.Fatalf("bit %d of byte %d of the block can be changed", bit, i)
			}
		}
		for i := bytes.Index(data, []byte(`"list"`)); i < len(data); i++ {
			b := bytes.Clone(data)
			b[i] ^= 1 << bit
			if got, ok := verify.HeadOf(b); ok && got == head {
				t.Fatalf("bit %d of byte %d of the head can be changed", bit, i)
			}
		}
	}
	for _, bad := range []string{"", "{}", `{"key":"","entries":[]}`, string(block) + "\n", strings.Replace(string(block), `","`, `", "`, 1), strings.ReplaceAll(string(block), `["`, `["",`)} {
		if _, err := verify.ParseList([]byte(bad)); !errors.Is(err, verify.ErrList) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	for _, bad := range []string{`{}`, `{"list":{}}`, `{"list":"x"}`, `{"a":{"b":"}}`, strings.Replace(string(data), `"count":3`, `"count":03`, 1),
		strings.Replace(string(data), `"count":3`, `"count":0`, 1), strings.Replace(string(data), `"named":2`, `"named":4`, 1), strings.Replace(string(data), `"list"`, `"alist"`, 1)} {
		if h, ok := verify.HeadOf([]byte(bad)); ok {
			t.Errorf("%s has the head %+v", bad, h)
		}
	}
	for _, bad := range [][]string{nil, {""}, {`a"b`}, {"a\\b"}, {"a b"}, {"ü"}, {strings.Repeat("x", 201)}} {
		if _, err := verify.NewList(bad); err == nil {
			t.Errorf("%q is a list", bad)
		}
	}
	if h, ok := verify.HeadOf(head.Into([]byte(`{}`))); !ok || h != head {
		t.Error("a head alone does not come back")
	}
}

func BenchmarkListOf1000(b *testing.B) {
	var entries []string
	for range 1000 {
		entries = append(entries, "+"+uuid.NewString())
	}
	l, err := verify.NewList(entries)
	if err != nil {
		b.Fatal(err)
	}
	block, head := l.Block(), l.Head()
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			l.Block()
			l.Head()
		}
	})
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if l, err := verify.ParseList(block); err != nil || l.Fits(head) != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("reveal", func(b *testing.B) {
		id := strings.TrimPrefix(l.Entries[500], "+")
		for b.Loop() {
			l.Reveal(id)
		}
	})
}
