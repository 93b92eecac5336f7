package verify_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

const (
	idA = "d0000000-0000-4000-8000-00000000000a"
	idB = "d0000000-0000-4000-8000-00000000000b"
	idC = "d0000000-0000-4000-8000-00000000000c"
)

// L-U46: what a verifier has to apply the same: which dossiers a commit names.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		rule, line string
		want       []string
	}{
		{"its own dossier", `{"aggregatekind":"dossier","aggregateid":"` + idA + `","data":{}}`, []string{idA}},
		{"members in any order", `{"aggregateid":"` + idA + `","aggregatekind":"dossier"}`, []string{idA}},
		{"a reminder bears its dossier's id", `{"aggregatekind":"reminder","aggregateid":"` + idA + `"}`, []string{idA}},
		{"a reminder of the agency", `{"aggregatekind":"reminder","aggregateid":"click"}`, nil},
		{"another kind", `{"aggregatekind":"staff","aggregateid":"` + idA + `"}`, nil},
		{"a list", `{"data":{"events":[{"data":{"dossiers":["` + idB + `","` + idA + `"]}}]}}`, []string{idA, idB}},
		{"twice is once", `{"dossier":"` + idA + `","x":[{"dossiers":["` + idA + `"]}]}`, []string{idA}},
		{"one that it moved to", `{"data":{"to_dossier":"` + idB + `","from_dossiers":["` + idC + `"]}}`, []string{idB, idC}},
		{"owners", `{"owners":["dossier/` + idA + `","staff/` + idB + `"],"keys":[{"owner":"dossier/` + idC + `"}]}`, []string{idA, idC}},
		{"a reservation", `{"kind":"dossier","holder":"` + idA + `"}`, []string{idA}},
		{"another's reservation", `{"kind":"staff","holder":"` + idA + `"}`, nil},
		{"no id", `{"dossier":"x","dossiers":["` + strings.ToUpper(idA) + `",3,null,{}],"to_dossier":null}`, nil},
		{"a list under the name of one", `{"dossier":["` + idA + `"],"dossiers":"` + idB + `"}`, nil},
		{"nested lists", `{"dossiers":[["` + idA + `"]]}`, []string{idA}},
		{"escapes are read", `{"dossier":"\u0064` + idA[1:] + `"}`, []string{idA}},
		{"cut short", `{"dossier":"` + idA + `","dossiers":["` + idB, []string{idA}},
		{"nothing", ``, nil},
	} {
		if got := verify.Names([]byte(c.line)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, not %v", c.rule, got, c.want)
		}
	}
}

func hash(parts ...any) tlog.Hash { return sha256.Sum256([]byte(fmt.Sprintln(parts...))) }

// reference is the map's root by its definition alone.
func reference(depth int, entries map[tlog.Hash]tlog.Hash) tlog.Hash {
	sum := func(tag byte, a, b tlog.Hash) tlog.Hash {
		return sha256.Sum256(slices.Concat([]byte{tag}, a[:], b[:]))
	}
	sides := [2]map[tlog.Hash]tlog.Hash{{}, {}}
	for k, v := range entries {
		if len(entries) == 1 {
			return sum(3, k, v)
		}
		sides[k[depth/8]>>(7-depth%8)&1][k] = v
	}
	if len(entries) == 0 {
		return tlog.Hash{}
	}
	return sum(4, reference(depth+1, sides[0]), reference(depth+1, sides[1]))
}

// near draws keys that share long beginnings often.
func near() *rapid.Generator[tlog.Hash] {
	return rapid.Custom(func(t *rapid.T) (k tlog.Hash) {
		copy(k[:], rapid.SliceOfN(rapid.Byte(), 0, 2).Draw(t, "first"))
		k[31] = rapid.Byte().Draw(t, "last")
		return k
	})
}

// L-U46: given any map, its root follows from what it holds, each key has its
// proof, of its value or of being absent, and nothing else passes for one.
func TestMapProofs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.MapOfN(near(), rapid.Custom(func(t *rapid.T) tlog.Hash { return hash(rapid.Int().Draw(t, "value")) }), 0, 40).Draw(t, "entries")
		var m verify.Map
		for k := range entries { // in an order of its own each time
			m.Set(k, hash("before"))
			if rapid.Bool().Draw(t, "root between") {
				m.Root()
			}
		}
		for k, v := range entries {
			m.Set(k, v)
		}
		root := m.Root()
		if root != reference(0, entries) || m.Len() != len(entries) {
			t.Fatal("the root is not that of the definition")
		}
		for k, v := range entries {
			value, there, p := m.Prove(k)
			if !there || value != v || verify.CheckMember(root, k, v, p) != nil {
				t.Fatal("a key is not proved")
			}
			refused(t, root, k, v, p)
		}
		k := near().Draw(t, "another key")
		if _, there := entries[k]; !there {
			_, there, p := m.Prove(k)
			if there || verify.CheckAbsent(root, k, p) != nil {
				t.Fatal("an absence is not proved")
			}
			if verify.CheckMember(root, k, hash("x"), p) == nil {
				t.Fatal("a proof of absence proves a value")
			}
			for other := range entries {
				if verify.CheckAbsent(root, other, p) == nil {
					t.Fatal("a key that is there passes for absent")
				}
			}
		}
	})
}

// refused shows that no changed part of a proof passes.
func refused(t *rapid.T, root, k, v tlog.Hash, p verify.MapProof) {
	flip := func(h tlog.Hash) tlog.Hash {
		h[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		return h
	}
	bad := func(what string, err error) {
		if !errors.Is(err, verify.ErrMapProof) {
			t.Fatalf("another %s passes: %v", what, err)
		}
	}
	bad("root", verify.CheckMember(flip(root), k, v, p))
	bad("key", verify.CheckMember(root, flip(k), v, p))
	bad("value", verify.CheckMember(root, k, flip(v), p))
	bad("meaning", verify.CheckAbsent(root, k, p))
	bad("meaning", verify.CheckAbsent(root, k, verify.MapProof{Siblings: p.Siblings, Other: &verify.MapEntry{Key: k, Value: v}}))
	longer := slices.Concat(p.Siblings, []tlog.Hash{{}})
	bad("length", verify.CheckMember(root, k, v, verify.MapProof{Siblings: longer}))
	bad("length", verify.CheckMember(root, k, v, verify.MapProof{Siblings: make([]tlog.Hash, 300)}))
	bad("length", verify.CheckAbsent(root, k, verify.MapProof{Siblings: make([]tlog.Hash, 300), Other: &verify.MapEntry{}}))
	if n := len(p.Siblings); n > 0 {
		changed := slices.Clone(p.Siblings)
		i := rapid.IntRange(0, n-1).Draw(t, "sibling")
		changed[i] = flip(changed[i])
		bad("sibling", verify.CheckMember(root, k, v, verify.MapProof{Siblings: changed}))
		bad("length", verify.CheckMember(root, k, v, verify.MapProof{Siblings: p.Siblings[:n-1]}))
	}
}

// The head of a dossier is what its definition says.
func TestHead(t *testing.T) {
	h := verify.Head{}
	var chain tlog.Hash
	for i, leaf := range []tlog.Hash{hash(1), hash(2), hash(3)} {
		index := int64(i * 7)
		h = h.Next(index, leaf)
		b := append([]byte{2}, chain[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(index))
		chain = sha256.Sum256(append(b, leaf[:]...))
	}
	if h.Count != 3 || h.Chain != chain {
		t.Fatal(h)
	}
	b := binary.BigEndian.AppendUint64([]byte{5}, 3)
	if verify.ValueOf(h) != tlog.Hash(sha256.Sum256(append(b, chain[:]...))) {
		t.Fatal("the value is another")
	}
	var m verify.Map
	m.Set(verify.KeyOf(idA), verify.ValueOf(h))
	_, _, p := m.Prove(verify.KeyOf(idA))
	_, _, none := m.Prove(verify.KeyOf(idB))
	if verify.CheckHead(m.Root(), idA, h, p) != nil || verify.CheckHead(m.Root(), idB, verify.Head{}, none) != nil {
		t.Fatal("a head is not proved")
	}
	if verify.CheckHead(m.Root(), idA, verify.Head{}, none) == nil || verify.CheckHead(m.Root(), idA, verify.Head{Count: 2, Chain: h.Chain}, p) == nil {
		t.Fatal("another head passes")
	}
}

func checkpoint() verify.Checkpoint {
	return verify.Checkpoint{Origin: verify.Origin("store", "click"), Size: 4711, Root: hash("root"), Position: 9000,
		Recorded: time.Date(2026, 11, 20, 9, 30, 0, 120_000_000, time.UTC)}
}

func TestCheckpointText(t *testing.T) {
	c := checkpoint()
	want := "casefile/store/click\n4711\n" + base64.StdEncoding.EncodeToString(c.Root[:]) + "\nposition 9000\nrecorded 2026-11-20T09:30:00.12Z\n"
	if c.Text() != want {
		t.Fatal(c.Text())
	}
	for _, more := range []string{"", "witnessed later\n"} {
		got, err := verify.ParseCheckpoint(c.Text() + more)
		if err != nil || got != c || got.Agency() != "click" {
			t.Fatal(got, err)
		}
	}
	for _, bad := range []string{
		"", "\n", strings.TrimSuffix(c.Text(), "\n"), c.Text() + "\n", c.Text() + "x",
		strings.Replace(c.Text(), "4711", "04711", 1), strings.Replace(c.Text(), "4711", "0", 1), strings.Replace(c.Text(), "4711", "-1", 1),
		strings.Replace(c.Text(), "4711", "99999999999999999999", 1), strings.Replace(c.Text(), "=\n", "\n", 1),
		strings.Replace(c.Text(), "position 9000", "position +9000", 1), strings.Replace(c.Text(), "position 9000", "", 1),
		strings.Replace(c.Text(), "Z\n", "+00:00\n", 1), strings.Replace(c.Text(), "2026", "26", 1), strings.Replace(c.Text(), "\n", "\r\n", 1) + "x",
	} {
		if _, err := verify.ParseCheckpoint(bad); !errors.Is(err, verify.ErrCheckpoint) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// T9: whatever is given for a checkpoint is refused, or is one in its only form.
func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte(checkpoint().Text() + "\n— casefile/store/click AAAA\n"))
	f.Add([]byte("a\n1\n\n\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := verify.Peek(b)
		if err != nil {
			if !errors.Is(err, verify.ErrCheckpoint) {
				t.Fatal(err)
			}
			return
		}
		if !bytes.HasPrefix(b, []byte(c.Text())) {
			t.Fatal("two forms of one checkpoint")
		}
	})
}
