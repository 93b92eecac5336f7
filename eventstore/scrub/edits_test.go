package scrub_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// T2: a commit whose agency is a path, put behind what was signed, is named.
func TestACommitOfNoAgencyIsNamed(t *testing.T) {
	w := newWorld(t, 6)
	w.rewrite(func(l []*blocks.Record) []*blocks.Record {
		n := storetest.Next{Ref: domain.Ref{Agency: "../../outside", Kind: domain.KindDossier, ID: uuid.NewString()}}
		p := n.Pending(10)
		if err := p.Stamp(p, mustTime(l[5])); err != nil {
			t.Fatal(err)
		}
		r := clone(l[5])
		r.Sequence, r.Subject, r.Payload, r.Headers = 7, n.Ref.Subject(), p.Payload, nil
		return append(l, r)
	})
	if got := says(w.scrub()); got != "stream altered 7" {
		t.Fatalf("found %q", got)
	}
	if got := says(w.tail()); got != "stream altered 7" {
		t.Fatalf("the quick look found %q", got)
	}
}

// tail is the quick look.
func (w world) tail() *scrub.Report {
	w.t.Helper()
	o := w.looks()
	o.Head = 1 << 40
	r, err := scrub.Tail(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// C-2.1.4b: whoever has the signing key can sign a checkpoint with another time or
// position than its newest commit has, and so move a look out of a period. Such a
// one is found.
func TestACheckpointOfAnotherTimeIsFound(t *testing.T) {
	whole := newWorld(t, 12)
	for name, forge := range map[string]func(*verify.Checkpoint){
		"none":     func(*verify.Checkpoint) {},
		"time":     func(c *verify.Checkpoint) { c.Recorded = c.Recorded.Add(-24 * time.Hour) },
		"later":    func(c *verify.Checkpoint) { c.Recorded = c.Recorded.Add(24 * time.Hour) },
		"position": func(c *verify.Checkpoint) { c.Position++ },
	} {
		w := whole.copied(t)
		path := filepath.Join(w.dir, "lock", "ledger", "click", "checkpoint")
		signed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := verify.Peek(signed)
		if err != nil {
			t.Fatal(err)
		}
		forge(&c)
		forged := w.sign(c)
		history := filepath.Join(w.books(), "click", "checkpoints")
		if err := os.WriteFile(path, forged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(history, record(forged), 0o600); err != nil {
			t.Fatal(err)
		}
		want := "ledger altered " + fmt.Sprint(c.Position)
		if name == "none" {
			want = ""
		}
		if got := says(w.scrub()); got != want {
			t.Errorf("%s: found %q", name, got)
		}
	}
}

// sign signs a checkpoint with the store's key, as a thief of it would.
func (w world) sign(c verify.Checkpoint) []byte {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, "keys", "ledger.key"))
	if err != nil {
		w.t.Fatal(err)
	}
	p := strings.SplitN(strings.TrimSpace(string(b)), "+", 5)
	raw, err := base64.StdEncoding.DecodeString(p[4])
	if err != nil {
		w.t.Fatal(err)
	}
	public := ed25519.NewKeyFromSeed(raw[1:]).Public().(ed25519.PublicKey)
	sum := sha256.Sum256(append([]byte(c.Origin+"\n\x01"), public...))
	s, err := note.NewSigner(fmt.Sprintf("PRIVATE+KEY+%s+%x+%s", c.Origin, sum[:4], p[4]))
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := note.Sign(&note.Note{Text: c.Text()}, s)
	if err != nil {
		w.t.Fatal(err)
	}
	return signed
}

// record is a checkpoint as the history of them has it.
func record(signed []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(signed)))
	return append(binary.BigEndian.AppendUint32(b, crc32.Checksum(signed, crc32.MakeTable(crc32.Castagnoli))), signed...)
}

// Between the lock's checkpoint and the history's a crash of the power can cut the
// history's newest record short. The next start drops it and writes it again from
// the lock: no alarm. Where the lock has no newer one, it was whole and is damaged.
func TestARecordThatACrashCutShortIsNoAlarm(t *testing.T) {
	w := newWorld(t, 12)
	path := filepath.Join(w.books(), "click", "checkpoints")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	old := w.copied(t)
	w.write(12)
	if r := w.scrub(); !r.Whole() {
		t.Fatalf("found %q", says(r))
	}
	longer, err := os.ReadFile(path)
	if err != nil || !bytes.HasPrefix(longer, whole) {
		t.Fatal(err)
	}
	for cut := len(whole); cut < len(longer); cut += 7 {
		c := w.copied(t)
		if err := os.WriteFile(filepath.Join(c.books(), "click", "checkpoints"), longer[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		if got := says(c.scrub()); got != "" {
			t.Fatalf("cut at byte %d of %d: found %q", cut-len(whole), len(longer)-len(whole), got)
		}
	}
	if err := os.WriteFile(filepath.Join(old.books(), "click", "checkpoints"), append(bytes.Clone(whole), longer[len(whole):len(longer)-9]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := says(old.scrub()); got != "ledger damaged 0" {
		t.Fatalf("behind the lock's checkpoint: found %q", got)
	}
}

// T10: of two instances on a cluster each stamps by its own clock and sends on its
// own way, so the times of commits that cross can run backwards along the stream:
// no alarm, neither by the look over all nor in the signed checkpoints.
func TestClocksOfTwoInstancesRaiseNoAlarm(t *testing.T) {
	dir := t.TempDir()
	server, err := embedded.Open(t.Context(), embedded.Options{Dir: filepath.Join(dir, "stream")})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	var two [2]*jetstream.Store
	var next [2]storetest.Next
	for i := range two {
		// As on a cluster: nobody is the only one who writes. The second clock is late.
		now := clock.Func(func() time.Time { return time.Now().Add(time.Duration(-i) * time.Second) })
		if two[i], err = jetstream.Open(t.Context(), server.Conn(), jetstream.Options{Clock: now}); err != nil {
			t.Fatal(err)
		}
		defer two[i].Close()
		next[i] = storetest.Next{Ref: domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}}
	}
	s, lock := two[0], ledger.NewFileLock(filepath.Join(dir, "lock"))
	l, err := ledger.Open(t.Context(), ledger.Options{Dir: filepath.Join(dir, "ledger"), Keys: filepath.Join(dir, "keys"), StoreID: storeID, Store: s, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		n := &next[i%2]
		a, err := two[i%2].Append(t.Context(), n.Pending(30))
		if err != nil {
			t.Fatal(err)
		}
		*n = n.After(a)
		if err := l.Checkpoint(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	log, _ := l.Log("click")
	list, err := log.Checkpoints(time.Time{}, time.Now().Add(time.Hour))
	if err != nil || len(list) != 6 {
		t.Fatal(len(list), err)
	}
	for i := 1; i < len(list); i++ {
		if list[i].Recorded.Before(list[i-1].Recorded) {
			t.Errorf("checkpoint %d was recorded before the one it goes on from, which a bundle's checker calls a rewritten history", list[i].Size)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := ledger.OpenBooks(t.Context(), filepath.Join(dir, "ledger"), storeID, lock)
	if err != nil {
		t.Fatal(err)
	}
	r, err := scrub.Run(t.Context(), scrub.Options{Store: s, Books: b})
	if err != nil || !r.Whole() {
		t.Fatalf("found %q, %v", says(r), err)
	}
}
