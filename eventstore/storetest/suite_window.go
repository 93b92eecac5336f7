package storetest

import (
	"errors"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// series builds a window over a few aggregates in turn, each commit naming its
// predecessor by the foreseen position.
type series struct {
	next map[domain.Ref]Next
	refs []domain.Ref
	made []*eventstore.Pending
	by   []domain.Ref
}

func newSeries(aggregates int) *series {
	s := &series{next: map[domain.Ref]Next{}}
	for range aggregates {
		ref := Dossier()
		s.refs = append(s.refs, ref)
		s.next[ref] = Next{Ref: ref}
	}
	return s
}

func (s *series) build(i int, positions []uint64) (*eventstore.Pending, error) {
	if i > 0 { // the one before is now foreseen
		last := s.by[i-1]
		s.next[last] = s.next[last].After(eventstore.Appended{Position: positions[i-1], Leaf: s.made[i-1].Leaf})
	}
	ref := s.refs[i%len(s.refs)]
	p := s.next[ref].Pending(200)
	s.made, s.by = append(s.made, p), append(s.by, ref)
	return p, nil
}

func window(t *testing.T, s eventstore.Store) {
	add(t, s, Next{Ref: Dossier()})
	w := newSeries(5)
	results, err := s.AppendWindow(t.Context(), 40, w.build)
	must(t, err)
	if len(results) != 40 {
		t.Fatalf("%d results", len(results))
	}
	commits := all(t, s)[1:]
	for i, c := range commits {
		if c.Position != results[i].Position || eventstore.LeafHash(c.Clear) != results[i].Leaf {
			t.Fatalf("result %d is not what was stored", i)
		}
	}
	for _, ref := range w.refs {
		count, prev := 0, uint64(0)
		must(t, s.ReadAggregate(t.Context(), ref, 0, func(c *eventstore.Commit) error {
			if c.Envelope.PrevPosition != prev {
				t.Errorf("position %d names %d as its predecessor, which is %d", c.Position, c.Envelope.PrevPosition, prev)
			}
			prev = c.Position
			count++
			return nil
		}))
		if count != 8 {
			t.Fatalf("%d commits on an aggregate, want 8", count)
		}
	}
	add(t, s, Next{Ref: Dossier()}) // the store goes on after a window
	if results, err := s.AppendWindow(t.Context(), 0, nil); err != nil || len(results) != 0 {
		t.Fatalf("an empty window: %v, %v", results, err)
	}
}

// stops checks a window that stopped: what the results say is what is stored,
// in order and without a hole.
func stops(t *testing.T, s eventstore.Store, before int, w *series, results []eventstore.Appended) {
	t.Helper()
	commits := all(t, s)[before:]
	if len(commits) != len(results) {
		t.Fatalf("%d results, %d stored", len(results), len(commits))
	}
	for i, c := range commits {
		if c.Position != results[i].Position || eventstore.LeafHash(c.Clear) != results[i].Leaf || results[i].Leaf != w.made[i].Leaf {
			t.Fatalf("result %d is not what was stored", i)
		}
	}
	add(t, s, Next{Ref: Dossier()}) // the store goes on
}

func windowConflict(t *testing.T, s eventstore.Store) {
	taken := Next{Ref: Dossier()}
	add(t, s, taken)
	w := newSeries(3)
	results, err := s.AppendWindow(t.Context(), 20, func(i int, positions []uint64) (*eventstore.Pending, error) {
		p, err := w.build(i, positions)
		if i == 11 { // a decision on a state that has passed
			p = taken.Pending(50)
			w.made[i] = p
		}
		return p, err
	})
	if !errors.Is(err, eventstore.ErrConflict) {
		t.Fatalf("the window ended with %v", err)
	}
	// Atomic batches store nothing of it, a stream of messages what came before.
	if len(results) != 0 && len(results) != 11 {
		t.Fatalf("%d results", len(results))
	}
	stops(t, s, 1, w, results)
}

func windowBuildFails(t *testing.T, s eventstore.Store) {
	enough := errors.New("enough")
	w := newSeries(2)
	results, err := s.AppendWindow(t.Context(), 20, func(i int, positions []uint64) (*eventstore.Pending, error) {
		if i == 7 {
			return nil, enough
		}
		return w.build(i, positions)
	})
	if !errors.Is(err, enough) || len(results) != 7 {
		t.Fatalf("%d results, %v", len(results), err)
	}
	stops(t, s, 0, w, results)
}

func windowLarge(t *testing.T, s eventstore.Store) {
	w := newSeries(50)
	results, err := s.AppendWindow(t.Context(), 2300, w.build)
	must(t, err)
	if len(results) != 2300 {
		t.Fatalf("%d results", len(results))
	}
	stops(t, s, 0, w, results)
}
