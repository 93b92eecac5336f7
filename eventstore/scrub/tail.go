package scrub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

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
	read := t.read
	if o.Stream == nil {
		read = t.served
	}
	if err := read(ctx); err != nil {
		return nil, err
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

// served reads what no checkpoint covers from a server that has the files itself;
// its store refuses what is damaged or another's.
func (t *tail) served(ctx context.Context) error {
	if t.o.Store == nil {
		return nil
	}
	after := uint64(0)
	for _, a := range t.audits {
		after = max(after, a.Lock.Position)
	}
	last := after
	err := t.o.Store.ReadAll(ctx, after, func(c *eventstore.Commit) error {
		t.seen++
		last = c.Position
		return nil
	})
	if errors.Is(err, eventstore.ErrDamaged) {
		t.stream(Finding{Kind: Damaged, Message: err.Error(), Position: last + 1})
		err = nil
	}
	return err
}

// rest looks at what no checkpoint covers yet: each has to be whole in itself, the
// store's own, and there for the first time.
func (t *tail) rest() {
	first := map[eventstore.Leaf]uint64{}
	for position, leaf := range t.leaves {
		if at, twice := first[leaf]; !twice || position < at {
			first[leaf] = position
		}
	}
	for _, position := range slices.Sorted(maps.Keys(t.unsigned)) {
		r := t.unsigned[position]
		add := func(k Kind, c Commit, format string, args ...any) {
			t.stream(Finding{Kind: k, Message: fmt.Sprintf(format, args...), Position: position, Commit: c, File: filepath.Base(r.File), Offset: r.Offset})
		}
		c, err := whole(r)
		if err != nil {
			add(Altered, Commit{}, "what stands there is not the commit that was stored")
			continue
		}
		who := commitOf(&c.Envelope)
		switch at := first[t.leaves[position]]; {
		case t.foreign(c):
			add(Inserted, who, "it %s", notOurs)
		case at < position:
			add(Doubled, who, "the commit of position %d stands here a second time", at)
		case t.late(c):
			add(Doubled, who, "the commit was recorded before others that stand in front of it: an older one was put here again")
		}
	}
}

// whole decodes a record that has to be a commit with all that it names.
func whole(r *blocks.Record) (*eventstore.Commit, error) {
	c, err := eventstore.Unmarshal(r.Payload)
	if err != nil {
		return nil, err
	}
	c.Position = r.Sequence
	if _, err := c.Lists(); err != nil {
		return nil, err
	}
	if c.Envelope.Ref().Subject() != r.Subject || !domain.ValidAgency(c.Envelope.Agency) {
		return nil, eventstore.ErrDamaged
	}
	return c, c.Verify()
}

// late tells of a commit that it was recorded before what stands in front of it,
// by what was signed and what was looked at before it. It is for one writer's
// stream, which is the only one that has files here.
func (t *tail) late(c *eventstore.Commit) bool {
	for _, a := range t.audits {
		if a.Lock.Size > 0 && a.Lock.Position < c.Position && c.Envelope.Recorded.Before(a.Lock.Recorded) {
			return true
		}
	}
	late := c.Envelope.Recorded.Before(t.newest)
	if !late {
		t.newest = c.Envelope.Recorded
	}
	return late
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
