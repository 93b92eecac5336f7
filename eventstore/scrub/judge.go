package scrub

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

func sorted(m map[string]*ledger.Audit) []string { return slices.Sorted(maps.Keys(m)) }

// judge compares what was read of each agency with what was signed.
func (s *scrubber) judge(ctx context.Context) error {
	if s.o.Books == nil {
		s.torn(0)
		return nil
	}
	var signed, kept, leaves, anchors, said uint64
	covered := uint64(0)
	for _, agency := range sorted(s.audits) {
		a := s.audits[agency]
		o := a.Outcome()
		covered = max(covered, a.Lock.Position)
		leaves += uint64(min(o.Found, a.Size()))
		s.r.Unsigned += uint64(max(0, o.Found-a.Size()))
		kept += uint64(len(a.Kept))
		if a.Lock.Size > 0 {
			signed++
		}
		for _, err := range a.Faults {
			s.fault(agency, err)
		}
		said += uint64(len(a.Outside))
		s.outside(a, o)
		if err := s.compare(ctx, a, o); err != nil {
			return err
		}
	}
	s.torn(covered)
	note := ""
	if s.r.Unsigned > 0 {
		note = fmt.Sprintf("the newest %d commits are not signed yet", s.r.Unsigned)
		if s.o.Books.Key == nil {
			note += ", and without the file ledger.key nobody can tell whether this store wrote them"
		}
	}
	s.r.Looked("ledger", "leaves against the tree, tiles, positions and kept checkpoints with their signatures", leaves+kept, note)
	for _, agency := range sorted(s.audits) {
		anchors += s.anchors(agency, s.audits[agency].Outcome())
	}
	s.r.Looked("ledger", "anchored roots of log and map, worked out anew from the commits", anchors, "")
	if said > 0 {
		s.r.Looked("ledger", "cosignatures of witnesses and time stamps: signatures, and the tree that they are of", said, "by the keys and certificates beside them")
	}
	s.r.Looked("lock", "newest checkpoint of each agency: signature, and the stream and the ledger against it", signed, "")
	return nil
}

// fault tells what is wrong with the ledger's own files.
func (s *scrubber) fault(agency string, err error) {
	f := Finding{Kind: Damaged, Part: "ledger", Message: strings.TrimPrefix(err.Error(), ledger.ErrDamaged.Error()+": "), Commit: Commit{Agency: agency}}
	if strings.Contains(f.Message, "the lock's checkpoint") {
		f.Part = "lock"
	}
	if errors.Is(err, ledger.ErrOtherKey) {
		f.Kind, f.Part = Altered, "lock"
	}
	s.r.Add(f)
}

// torn judges bytes at the end of the newest block that are no record.
func (s *scrubber) torn(covered uint64) {
	d := s.tail
	if d == nil {
		return
	}
	acknowledged := covered
	if s.o.Journal != nil {
		acknowledged = max(acknowledged, s.o.Journal.Position)
	}
	if d.After >= acknowledged && (acknowledged > 0 || s.o.Journal != nil && s.o.Books != nil) {
		s.r.Checks = append(s.r.Checks, Check{"stream", "end of the newest block", 1, 0, "a write that a crash cut short, of a commit that was never acknowledged; the next start drops it"})
		return
	}
	f := Finding{Kind: Damaged, Message: d.Why + "; a server would cut the stream here without a word", Position: d.After + 1, File: "msgs/" + baseOf(d.File), Offset: d.Offset}
	if acknowledged > f.Position {
		f.Until = acknowledged
	}
	s.hole(f.Position, max(f.Position, acknowledged))
	s.stream(f)
}

func baseOf(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// compare names what differs between one agency's commits and its tree.
func (s *scrubber) compare(ctx context.Context, a *ledger.Audit, o ledger.Outcome) error {
	last := int64(0)
	if n := len(a.Kept); n > 0 {
		last = a.Kept[n-1].Size
	}
	who := Commit{Agency: a.Agency}
	if a.Lock.Size == 0 && last > 0 {
		s.r.Add(Finding{Kind: Missing, Part: "lock", Message: "the lock has no checkpoint of this agency, and the ledger has: put the lock back", Commit: who})
	} else if last > a.Lock.Size && last > 0 {
		s.r.Add(Finding{Kind: Restored, Part: "lock", Position: a.Lock.Position, Commit: who,
			Message: fmt.Sprintf("the lock's checkpoint covers %d commits and the ledger's newest %d: an older copy of the lock was put back", a.Lock.Size, last)})
	}
	if !o.Forked && !o.Short {
		for _, path := range o.Tiles {
			s.r.Add(Finding{Kind: Damaged, Part: "ledger", Message: "a tile of the tree differs from the commits, which agree with the signed checkpoint; it can be made again", Commit: who, File: path})
		}
		if o.Moved > 0 {
			s.stream(Finding{Kind: Reordered, Position: o.MovedFrom, Until: o.MovedTo, Commit: who, Message: fmt.Sprintf("%d commits of the agency stand in their signed order, but at other positions than were written down: something of another agency was taken out or put in before them", o.Moved)})
		}
		return nil
	}
	if last < a.Lock.Size && o.Agree == last && !a.Reaches() {
		s.judged[a.Agency] = true
		s.restored(a, o, last)
		return nil
	}
	return s.name(ctx, a, o)
}

// anchors tells of anchors that the commits do not bear out, and how many were
// compared. Where the commits are not those that were signed, it says nothing: all
// later anchors would differ.
func (s *scrubber) anchors(agency string, o ledger.Outcome) (compared uint64) {
	if o.Forked || o.Short {
		return 0
	}
	if o.Moved > 0 {
		o.Untrue = nil // the positions are told of already
	}
	for _, c := range o.Untrue {
		s.r.Add(Finding{Kind: Altered, Part: "ledger", Position: c.Position, Commit: Commit{Agency: agency},
			Message: fmt.Sprintf("the checkpoint of %d commits names another position or time than the newest of these has: by it a look could be moved out of the period of an evidence bundle", c.Size)})
	}
	for _, w := range o.Wrong {
		f := Finding{Kind: Altered, Part: "ledger", Position: w.Position, Commit: Commit{Agency: agency}}
		switch {
		case w.Map:
			f.Message = fmt.Sprintf("the anchor of %d commits names another map than these commits give: by it a look could be left out of an evidence bundle", w.Size)
		case w.Log:
			f.Message = fmt.Sprintf("the anchor of %d commits names another root than these commits give", w.Size)
		case w.Late:
			f.Kind, f.Message = Damaged, fmt.Sprintf("the anchor of %d commits came too late to be compared with them", w.Size)
		default:
			f.Message = fmt.Sprintf("the anchor says that it is of %d commits, and stands where it cannot be", w.Size)
		}
		s.r.Add(f)
	}
	return uint64(o.Anchors)
}

// restored tells of data that end where an older checkpoint ended.
func (s *scrubber) restored(a *ledger.Audit, o ledger.Outcome, last int64) {
	f := Finding{Kind: Restored, Part: "stream", Commit: Commit{Agency: a.Agency}, Until: a.Lock.Position}
	if last > 0 {
		was := a.Kept[len(a.Kept)-1]
		f.Position = was.Position + 1
		f.Message = fmt.Sprintf("an older copy of the data was put back: it is as it was with %d commits of the agency, recorded up to %s; the lock has signed %d, recorded up to %s",
			last, was.Recorded.Format("2006-01-02 15:04:05 MST"), a.Lock.Size, a.Lock.Recorded.Format("2006-01-02 15:04:05 MST"))
	} else {
		f.Message = fmt.Sprintf("the data has %d commits of the agency and nothing that was signed; the lock has signed %d, recorded up to %s: other or older data was put back",
			o.Found, a.Lock.Size, a.Lock.Recorded.Format("2006-01-02 15:04:05 MST"))
	}
	if f.Until < f.Position {
		f.Until = 0
	}
	s.r.Add(f)
}

// placed is a leaf with where it stands.
type placed struct {
	position uint64
	leaf     eventstore.Leaf
	commit   Commit // of a found one
}

// name finds out which commits differ, by the leaves that were signed.
func (s *scrubber) name(ctx context.Context, a *ledger.Audit, o ledger.Outcome) error {
	var want []placed
	err := a.Leaves(func(_ int64, position uint64, leaf eventstore.Leaf) error {
		want = append(want, placed{position: position, leaf: leaf})
		return nil
	})
	if err != nil {
		s.r.Add(Finding{Kind: Damaged, Part: "ledger", Commit: Commit{Agency: a.Agency},
			Message: "the tiles of the tree are damaged too, so the leaves that were signed are not known one by one"})
		s.undecided(a, o)
		return nil
	}
	have, err := s.again(ctx, a.Agency)
	if err != nil {
		return err
	}
	before := s.r.Total
	s.diff(ctx, a, want, have)
	s.judged[a.Agency] = s.r.Total > before
	if s.r.Total == before && !s.dirty {
		s.undecided(a, o)
	}
	return nil
}

// undecided tells that an agency's stream is not the signed one, where no commit
// can be named.
func (s *scrubber) undecided(a *ledger.Audit, o ledger.Outcome) {
	s.r.Add(Finding{Kind: Altered, Part: "ledger", Commit: Commit{Agency: a.Agency},
		Message: fmt.Sprintf("the stream's %d commits are not the %d that were signed; they agree up to the checkpoint of %d", o.Found, a.Size(), o.Agree)})
}

// diff compares, by position first and by leaf then.
func (s *scrubber) diff(ctx context.Context, a *ledger.Audit, want, have []placed) {
	end := a.Lock.Position
	if n := len(a.Kept); n > 0 {
		end = max(end, a.Kept[n-1].Position)
	}
	known := map[eventstore.Leaf]bool{}
	var lost, extra, late []placed
	i := 0
	for _, h := range have {
		for i < len(want) && want[i].position < h.position {
			lost = append(lost, want[i])
			i++
		}
		if i < len(want) && want[i].position == h.position && want[i].leaf == h.leaf {
			i++
			continue
		}
		if h.position > end {
			late = append(late, h)
			continue
		}
		extra = append(extra, h)
		if i < len(want) && want[i].position == h.position {
			lost = append(lost, want[i])
			i++
		}
	}
	lost = append(lost, want[i:]...)
	if len(lost)+len(extra) == 0 {
		return
	}
	// What stands behind the signed end is new, unless it was signed before it.
	gone := map[eventstore.Leaf]bool{}
	for _, w := range lost {
		gone[w.leaf] = true
	}
	for _, h := range late {
		if gone[h.leaf] {
			extra = append(extra, h)
		}
	}
	for _, w := range want {
		known[w.leaf] = true
	}
	s.match(ctx, a.Agency, lost, extra, known)
}

// match pairs what was signed and is not there with what is there and was not signed there.
func (s *scrubber) match(ctx context.Context, agency string, lost, extra []placed, known map[eventstore.Leaf]bool) {
	signed := map[eventstore.Leaf]int{}
	for i, w := range lost {
		signed[w.leaf] = i
	}
	used := make([]bool, len(lost))
	var moved []placed
	var order []int
	var strange []placed
	for _, h := range extra {
		if i, ok := signed[h.leaf]; ok && !used[i] {
			used[i] = true
			moved, order = append(moved, h), append(order, i)
			continue
		}
		strange = append(strange, h)
	}
	if slices.IsSorted(order) && len(order) > 0 {
		f := Finding{Kind: Reordered, Position: moved[0].position, Until: moved[len(moved)-1].position, Commit: moved[0].commit,
			Message: fmt.Sprintf("%d commits stand at other positions than they were signed at, the first of them at %d instead of %d: something before them was taken out or put in", len(moved), moved[0].position, lost[order[0]].position)}
		if f.Until == f.Position {
			f.Until = 0
		}
		s.stream(f)
	} else {
		for i, h := range moved {
			s.stream(Finding{Kind: Reordered, Position: h.position, Commit: h.commit, Message: fmt.Sprintf("the commit was signed at position %d", lost[order[i]].position)})
		}
	}
	s.strangers(ctx, agency, lost, used, strange, known)
}

// strangers tells of what has no pair.
func (s *scrubber) strangers(ctx context.Context, agency string, lost []placed, used []bool, strange []placed, known map[eventstore.Leaf]bool) {
	at := map[uint64]placed{}
	for _, h := range strange {
		at[h.position] = h
	}
	for i, w := range lost {
		if used[i] {
			continue
		}
		if h, ok := at[w.position]; ok && !known[h.leaf] {
			delete(at, w.position)
			s.stream(Finding{Kind: Altered, Message: "the commit is another than was signed", Position: w.position, Commit: h.commit})
			continue
		}
		s.gone(ctx, agency, w)
	}
	for _, h := range strange {
		if _, ok := at[h.position]; !ok {
			continue
		}
		if known[h.leaf] {
			s.stream(Finding{Kind: Doubled, Message: "a signed commit stands here a second time", Position: h.position, Commit: h.commit})
		} else {
			s.stream(Finding{Kind: Inserted, Message: "this commit was never signed, and stands between others that were", Position: h.position, Commit: h.commit})
		}
	}
}

// gone tells of a signed commit that is not there; where damage was found at its
// position, that finding gets its name.
func (s *scrubber) gone(ctx context.Context, agency string, w placed) {
	name := Commit{Agency: agency}
	copied := false
	if s.o.Lookup != nil {
		if c := s.o.Lookup(ctx, agency, w.position); c != nil && eventstore.LeafHash(c.Clear) == w.leaf {
			name, copied = commitOf(&c.Envelope), true
		}
	}
	for i := range s.r.Findings {
		f := &s.r.Findings[i]
		if f.Part == "stream" && f.Position == w.position && f.Agency == "" && f.Kind != Restored {
			f.Commit = name
			if copied {
				f.Message += "; the view of commits still has a copy that is as it was signed"
			}
			return
		}
	}
	f := Finding{Kind: Missing, Message: "a commit that was signed, leaf " + hex.EncodeToString(w.leaf[:8]) + "…, is not there", Position: w.position, Commit: name}
	if copied {
		f.Message += "; the view of commits still has a copy that is as it was signed"
	}
	s.stream(f)
}
