package ledger_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// L-U46: given commits of many kinds that name a dossier, when the log is
// anchored, then the map counts each of them, also while other commits come
// between what is anchored and the anchor.
func TestCompleteness(t *testing.T) {
	w := newWorld(t)
	between := 0
	o := w.options()
	o.Append = func(ctx context.Context, agency string, ev *domainledger.Anchored) (uint64, error) {
		w.fill(agency, between)
		return w.anchor(ctx, agency, ev)
	}
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	id := dossier("click", 0).ID
	w.fill("click", 4)
	for _, c := range []struct{ kind, id, data string }{
		{domain.KindAccess, "operator", `{"dossiers":["` + id + `","` + dossier("click", 1).ID + `"],"owners":["dossier/` + id + `"]}`},
		{domain.KindIncident, dossier("click", 9).ID, `{"dossiers":["` + id + `"]}`},
		{domain.KindReminder, id, `{}`},
		{domain.KindUnique, "00ff", `{"kind":"dossier","holder":"` + id + `"}`},
		{domain.KindStaff, dossier("click", 8).ID, `{}`},
		{domain.KindPaper, "click", `{"dossier":"` + dossier("click", 4).ID + `"}`},
	} {
		w.commit(domain.Ref{Agency: "click", Kind: c.kind, ID: c.id}, "any.event", c.data)
	}
	for between = range 3 {
		w.complete(l, "click")
		w.fill("click", 2)
	}
	head := headOf(t, l, id)
	if head.Count < 2+4+3 {
		t.Fatal(head)
	}
	anchors := w.log(l, "click").Anchors()
	if len(anchors) != 3 {
		t.Fatal(anchors)
	}
	// All of it follows from the stream, and a copy that is made anew proves the
	// same of each anchor.
	if err := l.Rebuild(t.Context(), "click"); err != nil {
		t.Fatal(err)
	}
	if got := headOf(t, l, id); got != head {
		t.Fatal(got)
	}
	l.Close()
	for _, name := range []string{"map.db", "sequenced", "click/tile"} {
		if err := os.RemoveAll(filepath.Join(w.dir, "data", "ledger", name)); err != nil {
			t.Fatal(err)
		}
		l := w.open()
		w.checkpoint(l)
		w.sound(l, "click")
		if got := headOf(t, l, id); got != head {
			t.Fatalf("without %s: %+v", name, got)
		}
		for i, a := range w.log(l, "click").Anchors() {
			if a != anchors[i] {
				t.Fatal(a)
			}
			if _, err := w.log(l, "click").MapProof(t.Context(), a.Size, id); err != nil {
				t.Fatalf("without %s, anchor %d: %v", name, i, err)
			}
		}
		l.Close()
	}
}

// headOf proves the head of a dossier at the newest anchor.
func headOf(t *testing.T, l *ledger.Ledger, id string) verify.Head {
	t.Helper()
	log, _ := l.Log("click")
	list := log.Anchors()
	a := list[len(list)-1]
	p, err := log.MapProof(t.Context(), a.Size, id)
	if err != nil || verify.CheckHead(a.MapRoot, id, p.Head, p.Proof) != nil {
		t.Fatal(err)
	}
	return p.Head
}

// An agency at rest stays at rest: an anchor gives no reason for another.
func TestNoChatter(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 3)
	first, err := l.Anchor(t.Context(), "click")
	if err != nil || first.Size != 3 || first.Leaf != 3 {
		t.Fatal(first, err)
	}
	for range 3 {
		if again, err := l.Anchor(t.Context(), "click"); err != nil || again != first {
			t.Fatal(again, err)
		}
	}
	l.Close()
	l = w.open()
	if again, err := l.Anchor(t.Context(), "click"); err != nil || again != first {
		t.Fatal(again, err)
	}
	w.fill("click", 1)
	if next, err := l.Anchor(t.Context(), "click"); err != nil || next.Size != 5 {
		t.Fatal(next, err)
	}
	if _, err := l.Anchor(t.Context(), "nobody"); !errors.Is(err, ledger.ErrRange) {
		t.Fatal(err)
	}
	// The checkpoint of an anchor's size is there, signed.
	if s, err := w.log(l, "click").CheckpointFor(5); err != nil || s.Size != 5 {
		t.Fatal(s, err)
	}
}

// Given a ledger that follows, when commits come, then a checkpoint covers them
// within a second, and an anchor follows each minute while there is traffic.
func TestFollows(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Every = 10 * time.Millisecond
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l.Start()
	t.Cleanup(func() { l.Close() })
	covers := func(n int64) {
		t.Helper()
		for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(2 * time.Millisecond) {
			if log, ok := l.Log("click"); ok && log.Size() == n {
				return
			}
		}
		t.Fatalf("no checkpoint of %d: %+v", n, l.Status())
	}
	w.fill("click", 2)
	covers(2)
	w.clock.pass(time.Minute)
	covers(3) // the anchor
	w.clock.pass(time.Hour)
	w.fill("click", 1)
	covers(5) // and its anchor
	w.clock.pass(time.Hour)
	time.Sleep(50 * time.Millisecond)
	covers(5)
	if s := l.Status(); len(s) != 1 || s[0].Size != 5 || s[0].Problem != nil || s[0].Agency != "click" {
		t.Fatal(s)
	}
	if lag, err := l.Lag(t.Context()); err != nil || lag != 0 {
		t.Fatal(lag, err)
	}
}

// The bundle of entries of a tile has the clear lines as C2SP has them, and none
// for what it cannot write down.
func TestEntryBundle(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("solutions", 2)
	w.fill("click", 300)
	w.fill("solutions", 2)
	w.checkpoint(l)
	log := w.log(l, "click")
	for _, c := range []struct {
		n     int64
		width int
	}{{0, 256}, {1, 44}, {1, 7}} {
		b, err := ledger.EntryBundle(t.Context(), w.store, log, c.n, c.width)
		if err != nil {
			t.Fatal(err)
		}
		for i := range c.width {
			n := binary.BigEndian.Uint16(b)
			if string(b[2:2+n]) != string(w.clear["click"][c.n*256+int64(i)]) {
				t.Fatalf("entry %d of bundle %d", i, c.n)
			}
			b = b[2+n:]
		}
		if len(b) != 0 {
			t.Fatal("more than its entries")
		}
	}
	w.commit(dossier("click", 0), "record.added", fmt.Sprintf(`{"x":%q}`, strings.Repeat("x", 66_000)))
	w.checkpoint(l)
	if _, err := ledger.EntryBundle(t.Context(), w.store, log, 1, 45); !errors.Is(err, ledger.ErrTooLarge) {
		t.Fatal(err)
	}
}

// A commit that is not the one that was signed is told apart.
func TestAnotherCommitAtALeaf(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 3)
	w.checkpoint(l)
	c, err := w.store.At(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	other := *c
	other.Clear = append([]byte(nil), c.Clear...)
	other.Clear[20] ^= 1
	if _, err := w.log(l, "click").IndexOfCommit(&other); !errors.Is(err, eventstore.ErrDamaged) {
		t.Fatal(err)
	}
	other.Position = 99
	if _, err := w.log(l, "click").IndexOfCommit(&other); !errors.Is(err, ledger.ErrRange) {
		t.Fatal(err)
	}
}
