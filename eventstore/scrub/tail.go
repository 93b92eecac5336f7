package scrub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// A quick look reads the newest block, some ten thousand commits at most, and the
// one before it while the newest has less than fewBytes.
const fewBytes = 256 << 10

// Tail is the quick look before anything is written: the newest blocks are read
// and hashed again, and compared with the tail journal and with the leaves that
// the newest checkpoint of each agency covers; the commit at that checkpoint is
// looked at wherever it stands. Stream may be nil; Head is what Store has now.
func Tail(ctx context.Context, o Options) (*Report, error) {
	s := &scrubber{o: o, r: &Report{}, audits: map[string]*ledger.Audit{}, judged: map[string]bool{}}
	defer func() {
		for _, a := range s.audits {
			_ = a.Close() // it was only read
		}
	}()
	if err := s.books(); err != nil {
		return nil, err
	}
	t := &tail{scrubber: s, leaves: map[uint64]eventstore.Leaf{}, unsigned: map[uint64]*blocks.Record{}}
	if o.Stream != nil {
		if err := t.read(ctx); err != nil {
			return nil, err
		}
	}
	for _, agency := range sorted(s.audits) {
		if err := t.agency(ctx, s.audits[agency]); err != nil {
			return nil, err
		}
	}
	t.rest()
	if j := o.Journal; j != nil && j.Position == 0 && o.Head > 0 {
		s.r.Add(Finding{Kind: Missing, Part: "journal", Message: "the tail journal has no whole record, and the ledger has signed commits: the journal was lost or taken away, and commits behind the newest checkpoint may be gone with it"})
	}
	s.r.Commits, s.r.Position = s.seen, o.Head
	s.r.sort()
	return s.r, nil
}

// tail is one quick look.
type tail struct {
	*scrubber
	first  uint64 // position from which leaves has all
	leaves map[uint64]eventstore.Leaf
	// unsigned are the records that no signed leaf has vouched for yet.
	unsigned map[uint64]*blocks.Record
}

// read reads the newest blocks.
func (t *tail) read(ctx context.Context) error {
	list, err := t.o.Stream.Blocks()
	if err != nil {
		return err
	}
	if n := len(list); n > 1 {
		from := n - 1
		if info, err := os.Stat(t.o.Stream.Path(list[from])); err != nil || info.Size() < fewBytes {
			from--
		}
		list = list[from:]
	}
	return t.o.Stream.ReadBlocks(ctx, list, func(r *blocks.Record) error {
		if r.Gone || r.Sequence > t.o.Head {
			return nil
		}
		if t.first == 0 {
			t.first, t.last = r.Sequence, r.Sequence-1
		}
		t.seen++
		t.position(r.Sequence)
		// The leaf alone, which takes no decoding: for a start every moment counts.
		clear, _, _ := bytes.Cut(r.Payload, []byte{'\n'})
		t.leaves[r.Sequence] = eventstore.LeafHash(clear)
		t.unsigned[r.Sequence] = r
		return nil
	}, func(d *blocks.Damage) error {
		if !d.Last || d.After < t.o.Head {
			t.stream(Finding{Kind: Damaged, Message: d.Why, Position: d.After + 1, File: filepath.Base(d.File), Offset: d.Offset})
		}
		return nil
	})
}

// rest looks at what no checkpoint covers yet: it has to be whole in itself.
func (t *tail) rest() {
	for position, r := range t.unsigned {
		c, err := eventstore.Unmarshal(r.Payload)
		if err == nil {
			err = c.Verify()
		}
		if err == nil {
			_, err = c.Lists()
		}
		if err == nil && (c.Envelope.Ref().Subject() != r.Subject || !domain.ValidAgency(c.Envelope.Agency)) {
			err = eventstore.ErrDamaged
		}
		if err != nil {
			t.stream(Finding{Kind: Altered, Message: "what stands there is not the commit that was stored", Position: position, File: filepath.Base(r.File), Offset: r.Offset})
		}
	}
}

// agency compares the newest checkpoint of one agency with the stream.
func (t *tail) agency(ctx context.Context, a *ledger.Audit) error {
	for _, err := range a.Faults {
		t.fault(a.Agency, err)
	}
	who := Commit{Agency: a.Agency}
	if n := len(a.Kept); n > 0 && a.Kept[n-1].Size > a.Lock.Size {
		t.r.Add(Finding{Kind: Restored, Part: "lock", Commit: who, Position: a.Lock.Position,
			Message: fmt.Sprintf("the lock's checkpoint covers %d commits and the ledger's newest %d: an older copy of the lock was put back, or it was lost", a.Lock.Size, a.Kept[n-1].Size)})
	}
	if a.Lock.Position > t.o.Head {
		t.stream(Finding{Kind: Missing, Commit: who, Position: t.o.Head + 1, Until: a.Lock.Position,
			Message: "the stream ends before what the lock's checkpoint has signed: its end was cut off, or older data was put back"})
		return nil
	}
	_, err := a.Tail(max(t.first, 1), func(position uint64, leaf eventstore.Leaf) {
		if err := t.leaf(ctx, a.Agency, position, leaf); err != nil {
			t.r.Add(Finding{Kind: Missing, Part: "stream", Commit: who, Position: position, Message: "the commit that was signed there cannot be read: " + err.Error()})
		}
	})
	if errors.Is(err, ledger.ErrDamaged) {
		t.fault(a.Agency, err)
		err = nil
	}
	return err
}

// leaf compares one signed leaf with what stands at its position.
func (t *tail) leaf(ctx context.Context, agency string, position uint64, leaf eventstore.Leaf) error {
	got, known := t.leaves[position]
	delete(t.unsigned, position)
	if !known && t.o.Store != nil {
		c, err := t.o.Store.At(ctx, position)
		if err != nil {
			return err
		}
		got, known = eventstore.LeafHash(c.Clear), true
	}
	if !known || got != leaf {
		t.stream(Finding{Kind: Altered, Position: position, Commit: Commit{Agency: agency}, Message: "the commit there is not the one that was signed"})
	}
	return nil
}
