package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// list appends a commit of somebody's that names dossiers beside its clear line.
func (w *world) list(agency string, entries ...string) uint64 {
	w.t.Helper()
	n := storetest.Next{Ref: domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: uuid.NewString()}, Lists: entries}
	a, err := w.store.Append(context.Background(), n.Pending(0))
	if err != nil {
		w.t.Fatal(err)
	}
	return a.Position
}

// Issue 5 part 3: the map counts the commits that name a dossier in a list among
// those that name it, and proves them; made anew out of the stream it is the same.
func TestTheMapHasWhatListsName(t *testing.T) {
	w := newWorld(t)
	a, b := dossier("click", 0).ID, dossier("click", 1).ID
	w.fill("click", 2) // one on each
	first := w.list("click", "+"+a, b, "staff/"+uuid.NewString())
	w.list("click", "dossier/"+a)
	w.list("click", ">"+a) // which only points at it
	naming := func(l *ledger.Ledger) (leaves []int64, roots verify.Checkpoint) {
		t.Helper()
		anchored, err := l.Anchor(t.Context(), "click")
		if err != nil {
			t.Fatal(err)
		}
		log := w.log(l, "click")
		leaves, err = log.Naming(t.Context(), a, anchored.Size)
		if err != nil {
			t.Fatal(err)
		}
		p, err := log.MapProof(t.Context(), anchored.Size, a)
		if err != nil || p.Head.Count != int64(len(leaves)) || verify.CheckHead(anchored.MapRoot, a, p.Head, p.Proof) != nil {
			t.Fatalf("%+v: %v", p, err)
		}
		return leaves, log.LatestCheckpoint().Checkpoint
	}
	l := w.open()
	leaves, _ := naming(l)
	if want := []int64{0, 2, 3}; !slices.Equal(leaves, want) {
		t.Fatalf("%v name it, not %v", leaves, want)
	}
	if at, err := w.log(l, "click").PositionOf(leaves[1]); err != nil || at != first {
		t.Errorf("the list stands at %d: %v", at, err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(w.dir, "data", "ledger", "map.db")); err != nil {
		t.Fatal(err)
	}
	l = w.open()
	defer l.Close()
	if again, _ := naming(l); !slices.Equal(again, leaves) {
		t.Errorf("made anew, %v name it, and %v before", again, leaves)
	}
}

// flipping gives the commit at one position with a byte of its list changed.
type flipping struct {
	eventstore.Store
	position uint64
}

func (f *flipping) ReadAll(ctx context.Context, after uint64, each func(*eventstore.Commit) error) error {
	return f.Store.ReadAll(ctx, after, func(c *eventstore.Commit) error {
		if c.Position == f.position {
			b := bytes.Clone(c.Stored())
			b[len(b)-5] ^= 1
			changed, err := eventstore.Unmarshal(b)
			if err != nil {
				return err
			}
			changed.Position = c.Position
			c = changed
		}
		return each(c)
	})
}

// T2: a list that is not the one of its commit goes into no log: nobody knows what
// the commit names. The logs of others go on.
func TestADamagedListIsNotSigned_T2(t *testing.T) {
	w := newWorld(t)
	w.fill("click", 2)
	at := w.list("click", "+"+dossier("click", 0).ID, dossier("click", 1).ID)
	w.fill("sol", 3)
	o := w.options()
	o.Store = &flipping{w.store, at}
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Checkpoint(t.Context()); !errors.Is(err, eventstore.ErrDamaged) {
		t.Errorf("it was signed: %v", err)
	}
	if log, ok := l.Log("click"); ok && log.Size() > 2 {
		t.Errorf("the log has %d commits", log.Size())
	}
	if got := w.log(l, "sol").Size(); got != 3 {
		t.Errorf("another agency's log has %d commits", got)
	}
	if err := l.Close(); err != nil && !errors.Is(err, eventstore.ErrDamaged) {
		t.Fatal(err)
	}
	l = w.open() // with the stream as it was
	defer l.Close()
	w.checkpoint(l)
	if got := w.log(l, "click").Size(); got != 3 {
		t.Errorf("the log has %d commits", got)
	}
}
