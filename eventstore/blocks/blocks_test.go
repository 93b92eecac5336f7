package blocks_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

func TestTheServerIsTheOneThisReaderIsFor(t *testing.T) {
	if server.VERSION != blocks.ServerVersion {
		t.Fatalf("the NATS server is %s now, and the reader of its files was made for %s: compare the form of its file store with the one in the documentation of this package, then raise ServerVersion",
			server.VERSION, blocks.ServerVersion)
	}
}

type stored struct {
	position uint64
	subject  string
	payload  []byte
}

// filled makes a stream of some blocks and gives what its server says is in it.
func filled(t *testing.T, commits, size int) (dir string, want []stored) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "stream")
	s, err := embedded.Open(t.Context(), embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var n storetest.Next
	for i := range commits {
		if i%5 == 0 {
			n = storetest.Next{Ref: storetest.Dossier()}
		}
		a, err := s.Append(t.Context(), n.Pending(size))
		if err != nil {
			t.Fatal(err)
		}
		n = n.After(a)
	}
	err = s.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		want = append(want, stored{c.Position, c.Envelope.Ref().Subject(), c.Stored()})
		return nil
	})
	if err != nil || len(want) != commits {
		t.Fatalf("the server gives %d commits, %v", len(want), err)
	}
	return dir, want
}

func read(t *testing.T, dir string) (out []stored, damage []*blocks.Damage) {
	t.Helper()
	s, err := blocks.Open(dir, jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Read(t.Context(), func(r *blocks.Record) error {
		if r.Gone {
			t.Errorf("sequence %d is marked as gone", r.Sequence)
		}
		out = append(out, stored{r.Sequence, r.Subject, r.Payload})
		return nil
	}, func(d *blocks.Damage) error { damage = append(damage, d); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return out, damage
}

func equal(a, b stored) bool {
	return a.position == b.position && a.subject == b.subject && bytes.Equal(a.payload, b.payload)
}

// T2: what the server reads, the reader reads, over several blocks.
func TestServerAndReaderReadTheSame(t *testing.T) {
	dir, want := filled(t, 60, 300<<10)
	s, err := blocks.Open(dir, jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Blocks(); err != nil || len(list) < 2 {
		t.Fatalf("blocks %v, %v: there must be several", list, err)
	}
	got, damage := read(t, dir)
	if len(damage) > 0 || !slices.EqualFunc(got, want, equal) {
		t.Fatalf("the reader reads %d commits of %d, or others; damage %v", len(got), len(want), damage)
	}
	meta, err := s.ReadMeta()
	if err != nil || !meta.Keeps() {
		t.Fatalf("meta.inf reads as %+v, %v", meta, err)
	}
	x, ok, why, err := s.ReadIndex()
	if err != nil || !ok || !x.Fits || x.First != 1 || x.Last != 60 || x.Messages != 60 {
		t.Fatalf("index.db reads as %+v, %v %q, %v", x, ok, why, err)
	}
}

// T2: each byte of a block, flipped, is found, and all other records are still
// read; a byte of the lengths, which are not under the checksum, is found too, or
// gives another subject or payload, which the commit itself betrays.
func TestEachFlippedByteOfABlockShows(t *testing.T) {
	dir, want := filled(t, 6, 40)
	s, err := blocks.Open(dir, jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.Path(1))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(s.Path(1), bad, 0o600); err != nil {
			t.Fatal(err)
		}
		got, damage := read(t, dir)
		differ := 0
		for _, w := range want {
			if !slices.ContainsFunc(got, func(g stored) bool { return equal(g, w) }) {
				differ++
			}
		}
		if differ != 1 || len(got) == len(want) && len(damage) > 0 || len(got) < len(want) && len(damage) != 1 {
			t.Fatalf("byte %d flipped: %d commits read, %d missing or other, damage %v", i, len(got), differ, damage)
		}
		if len(damage) == 0 && (got[0].subject == want[0].subject && slices.EqualFunc(got, want, equal)) {
			t.Fatalf("byte %d flipped passes", i)
		}
	}
}

// What Append writes, the server would have written.
func TestAppendWritesAsTheServerDoes(t *testing.T) {
	dir, _ := filled(t, 6, 40)
	s, err := blocks.Open(dir, jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	var again []byte
	err = s.Read(t.Context(), func(r *blocks.Record) error {
		again = blocks.Append(again, jetstream.StreamName, 1, r)
		return nil
	}, func(d *blocks.Damage) error { t.Errorf("damage: %v", d); return nil })
	if err != nil {
		t.Fatal(err)
	}
	if whole, err := os.ReadFile(s.Path(1)); err != nil || !bytes.Equal(again, whole) {
		t.Fatalf("the block written again differs, %v", err)
	}
}
