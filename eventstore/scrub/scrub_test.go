package scrub_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

const storeID = "5f0c1c1e-6a2b-4c3d-8e4f-000000000001"

// world is a directory with data, keys and lock of a small store.
type world struct {
	t   *testing.T
	dir string
}

func (w world) stream() string  { return filepath.Join(w.dir, "data", "stream") }
func (w world) journal() string { return filepath.Join(w.dir, "lock", "tail") }
func (w world) books() string   { return filepath.Join(w.dir, "data", "ledger") }
func (w world) lock() *ledger.FileLock {
	return ledger.NewFileLock(filepath.Join(w.dir, "lock", "ledger"))
}

// write appends commits for two agencies in turn, of aggregates of three commits
// each, every fourth with a list of dossiers, and has the ledger sign them.
func (w world) write(commits int) {
	w.t.Helper()
	s, err := embedded.Open(w.t.Context(), embedded.Options{Dir: w.stream(), TailJournal: w.journal()})
	if err != nil {
		w.t.Fatal(err)
	}
	var next [2]storetest.Next
	for i := range commits {
		n := &next[i%2]
		if i%6 < 2 {
			*n = storetest.Next{Ref: domain.Ref{Agency: []string{"click", "sol"}[i%2], Kind: domain.KindDossier, ID: uuid.NewString()}}
		}
		if n.Lists = nil; i%4 == 3 {
			n.Lists = []string{uuid.NewString(), "+" + uuid.NewString()}
		}
		a, err := s.Append(w.t.Context(), n.Pending(30))
		if err != nil {
			w.t.Fatal(err)
		}
		*n = n.After(a)
	}
	l, err := ledger.Open(w.t.Context(), ledger.Options{Dir: w.books(), Keys: filepath.Join(w.dir, "keys"), StoreID: storeID, Store: s, Lock: w.lock()})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, err := range []error{l.Checkpoint(w.t.Context()), l.Close(), s.Close()} {
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func newWorld(t *testing.T, commits int) world {
	w := world{t, t.TempDir()}
	if err := os.MkdirAll(filepath.Join(w.dir, "keys"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.write(commits)
	return w
}

// copied gives a copy to be harmed.
func (w world) copied(t *testing.T) world {
	c := world{t, t.TempDir()}
	if err := os.CopyFS(c.dir, os.DirFS(w.dir)); err != nil {
		t.Fatal(err)
	}
	return c
}

func (w world) scrub() *scrub.Report {
	w.t.Helper()
	r, err := scrub.Run(w.t.Context(), w.looks())
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// looks says what there is to look at.
func (w world) looks() scrub.Options {
	w.t.Helper()
	st, err := blocks.Open(w.stream(), jetstream.StreamName)
	if err != nil {
		w.t.Fatal(err)
	}
	b, err := ledger.OpenBooks(w.t.Context(), w.books(), storeID, w.lock())
	if err != nil {
		w.t.Fatal(err)
	}
	j, err := embedded.ReadJournal(w.journal())
	if err != nil {
		w.t.Fatal(err)
	}
	return scrub.Options{Stream: st, Books: b, Journal: &j}
}

// rewrite changes the stream as somebody does who keeps the server's checksums
// right: f gives the records that shall stand in the one block.
func (w world) rewrite(f func([]*blocks.Record) []*blocks.Record) {
	w.t.Helper()
	st, err := blocks.Open(w.stream(), jetstream.StreamName)
	if err != nil {
		w.t.Fatal(err)
	}
	var list []*blocks.Record
	err = st.Read(w.t.Context(), func(r *blocks.Record) error { list = append(list, r); return nil },
		func(d *blocks.Damage) error { return fmt.Errorf("damage: %v", d) })
	if err != nil {
		w.t.Fatal(err)
	}
	var b []byte
	for _, r := range f(list) {
		b = blocks.Append(b, jetstream.StreamName, 1, r)
	}
	if err := os.WriteFile(st.Path(1), b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	_ = os.Remove(filepath.Join(st.Dir, "msgs", "index.db"))
}

func renumber(list []*blocks.Record) []*blocks.Record {
	for i, r := range list {
		r.Sequence = uint64(i + 1)
	}
	return list
}

// says is the kinds and positions that were found, for comparing.
func says(r *scrub.Report) string {
	var out []string
	for _, f := range r.Findings {
		s := fmt.Sprintf("%s %s %d", f.Part, f.Kind, f.Position)
		if f.Until > 0 {
			s += fmt.Sprintf("-%d", f.Until)
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

func TestAWholeStreamIsWhole(t *testing.T) {
	w := newWorld(t, 24)
	r := w.scrub()
	if !r.Whole() || r.Commits != 24 || r.Position != 24 || len(r.Checkpoints) != 2 || r.Unsigned != 0 {
		t.Fatalf("%d commits up to %d, found %q, checkpoints %v", r.Commits, r.Position, says(r), r.Checkpoints)
	}
}

// T2: what an attacker does who keeps all of the server's own checksums right is
// found, and the exact commits are named.

func TestEditsThatKeepTheServersChecksumsAreNamed(t *testing.T) {
	whole := newWorld(t, 24)
	type list = []*blocks.Record
	edit := func(r *blocks.Record, old, new string) {
		r.Payload = bytes.Replace(r.Payload, []byte(old), []byte(new), 1)
	}
	for name, c := range map[string]struct {
		edit func(list) list
		want string
	}{
		"a clear line altered":            {func(l list) list { edit(l[9], `"door":"cli"`, `"door":"api"`); return l }, "stream altered 10"},
		"a ciphertext altered":            {func(l list) list { p := bytes.Clone(l[9].Payload); p[len(p)-1] ^= 1; l[9].Payload = p; return l }, "stream altered 10"},
		"a list altered":                  {func(l list) list { l[11].Payload = lastID(l[11].Payload); return l }, "stream altered 12"},
		"a list taken from another":       {func(l list) list { l[11].Payload = block(l[11].Payload, l[15].Payload); return l }, "stream altered 12"},
		"a commit filed elsewhere":        {func(l list) list { l[9].Subject = l[8].Subject; return l }, "stream altered 10"},
		"a commit dropped":                {func(l list) list { return slices.Delete(l, 9, 10) }, "stream missing 10"},
		"a commit dropped, renumbered":    {func(l list) list { return renumber(slices.Delete(l, 9, 10)) }, "stream reordered 10-22; stream missing 10; stream reordered 11-23; journal missing 24"},
		"the newest dropped":              {func(l list) list { return l[:20] }, "stream missing 21; stream missing 22; stream missing 23; stream missing 24; journal missing 24"},
		"two swapped":                     {func(l list) list { l[4], l[6] = l[6], l[4]; return renumber(l) }, "stream reordered 5; stream reordered 7"},
		"one inserted, renumbered":        {func(l list) list { return renumber(slices.Insert(l, 9, forged(l[9]))) }, "stream inserted 10; stream reordered 11-25; stream reordered 12-24; journal altered 24"},
		"one put twice at the end":        {func(l list) list { return renumber(append(l, clone(l[3]))) }, "stream doubled 25"},
		"one put twice in the middle":     {func(l list) list { l[9] = clone(l[3]); return renumber(l) }, "stream missing 10; stream doubled 10"},
		"one behind a higher position":    {func(l list) list { r := clone(l[3]); return append(l, r) }, "stream reordered 4"},
		"one erased by way of the server": {func(l list) list { l[9].Sequence |= 1 << 63; return l }, "stream missing 10"},
	} {
		t.Run(name, func(t *testing.T) {
			w := whole.copied(t)
			w.rewrite(c.edit)
			r := w.scrub()
			if got := says(r); got != c.want {
				t.Fatalf("found %q, not %q; %v", got, c.want, r.Findings)
			}
			for _, f := range r.Findings {
				if f.Part == "stream" && (f.Agency == "" || f.Kind == scrub.Altered && (f.Aggregate == "" || f.CommandID == "")) {
					t.Errorf("not named: %s", f)
				}
			}
		})
	}
}

// lastID changes the last id of the list of a stored commit.
func lastID(payload []byte) []byte {
	p := bytes.Clone(payload)
	p[len(p)-4] ^= 1
	return p
}

// block puts the list of another stored commit, which is as long, behind a commit.
func block(payload, other []byte) []byte {
	const begin = `{"key":"`
	i, j := bytes.LastIndex(payload, []byte(begin)), bytes.LastIndex(other, []byte(begin))
	return slices.Concat(payload[:i], other[j:])
}

func clone(r *blocks.Record) *blocks.Record { c := *r; return &c }

// forged is a commit on a new aggregate, right in itself.
func forged(r *blocks.Record) *blocks.Record {
	c := clone(r)
	n := storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	p := n.Pending(10)
	_ = p.Stamp(p, mustTime(r))
	c.Subject, c.Payload, c.Headers = n.Ref.Subject(), p.Payload, nil
	return c
}

// later is a store that gets a commit whenever its head is asked for the first time.
type later struct {
	eventstore.Store
	append func()
}

func (l *later) Head(ctx context.Context) (uint64, error) {
	if l.append != nil {
		l.append()
		l.append = nil
	}
	return l.Store.Head(ctx)
}

// T2: the very first commit, while somebody looks, is no lost lock: the journal is
// read before the head, and had nothing to say then.
func TestTheFirstCommitIsNoAlarm(t *testing.T) {
	w := world{t, t.TempDir()}
	s, err := embedded.Open(t.Context(), embedded.Options{Dir: w.stream(), TailJournal: w.journal()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over then
	first := storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	store := &later{s, func() {
		if _, err := s.Append(t.Context(), first.Pending(30)); err != nil {
			t.Error(err)
		}
	}}
	j, head, err := scrub.Acknowledged(t.Context(), store, w.journal())
	if err != nil || head != 1 {
		t.Fatal(head, err)
	}
	st, err := blocks.Open(w.stream(), jetstream.StreamName)
	if err != nil {
		t.Fatal(err)
	}
	r, err := scrub.Run(t.Context(), scrub.Options{Stream: st, Journal: &j, Store: s, Head: head})
	if err != nil || len(r.Findings) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
