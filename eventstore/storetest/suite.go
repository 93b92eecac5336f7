// Package storetest is the one conformance suite of every eventstore.Store, and
// what tests of stores share.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore"
)

// Run runs the suite. open gives a new, empty store of its own for each test
// and closes it with the test's Cleanup.
func Run(t *testing.T, open func(t *testing.T) eventstore.Store) {
	for _, c := range []struct {
		name string
		test func(*testing.T, eventstore.Store)
	}{
		{"an append answers with its position and is read back byte for byte", appendAndRead},
		{"two appends on one expectation: one is stored", conflict},
		{"the same command id again is the first outcome", resend},
		{"C-2.1.4d commits have one order and nothing is skipped under concurrent writers", concurrent},
		{"recorded time never runs backwards", recordedTime},
		{"an acknowledged commit can be read at once", readYourWrites},
		{"an aggregate is read from after a position, oldest first", readAggregate},
		{"a subscription starts after a position and goes on", subscribe},
		{"an error of the reader ends the reading", readerFails},
		{"a window stores in order with foreseen positions", window},
		{"a window stops at a conflict in its middle", windowConflict},
		{"a window stops at a failing build", windowBuildFails},
		{"a window larger than a batch", windowLarge},
		{"an ended context stops waiting and reading", cancelled},
		{"a large commit", large},
		{"a closed store is unavailable", closed},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// add appends a commit after n.
func add(t *testing.T, s eventstore.Store, n Next) (Next, eventstore.Appended) {
	t.Helper()
	a, err := s.Append(t.Context(), n.Pending(300))
	must(t, err)
	return n.After(a), a
}

// all reads the whole stream.
func all(t *testing.T, s eventstore.Store) []*eventstore.Commit {
	t.Helper()
	var out []*eventstore.Commit
	must(t, s.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		out = append(out, c)
		return nil
	}))
	return out
}

func appendAndRead(t *testing.T, s eventstore.Store) {
	if head, err := s.Head(t.Context()); err != nil || head != 0 {
		t.Fatalf("head of an empty stream: %d, %v", head, err)
	}
	n := Next{Ref: Dossier()}
	if _, err := s.Last(t.Context(), n.Ref); !errors.Is(err, eventstore.ErrNotFound) {
		t.Fatalf("last of nothing: %v", err)
	}
	if _, err := s.At(t.Context(), 7); !errors.Is(err, eventstore.ErrNotFound) {
		t.Fatalf("at a position that is not there: %v", err)
	}
	p := n.Pending(500)
	a, err := s.Append(t.Context(), p)
	must(t, err)
	if a.Position == 0 || a.Leaf != p.Leaf {
		t.Fatalf("appended %+v", a)
	}
	for name, get := range map[string]func() (*eventstore.Commit, error){
		"Last":    func() (*eventstore.Commit, error) { return s.Last(t.Context(), n.Ref) },
		"At":      func() (*eventstore.Commit, error) { return s.At(t.Context(), a.Position) },
		"ReadAll": func() (*eventstore.Commit, error) { return all(t, s)[0], nil },
	} {
		c, err := get()
		must(t, err)
		stored := append(append(append([]byte{}, c.Clear...), '\n'), c.Sealed[0]...)
		if string(stored) != string(p.Payload) || c.Position != a.Position || eventstore.LeafHash(c.Clear) != a.Leaf {
			t.Fatalf("%s gives other bytes", name)
		}
		must(t, c.Verify())
	}
	st := s.Status(t.Context())
	if st.Head != a.Position || st.Commits != 1 || st.ReadOnly || st.Implementation == "" || st.SyncMode == "" {
		t.Fatalf("status %+v", st)
	}
}

func conflict(t *testing.T, s eventstore.Store) {
	first := Next{Ref: Dossier()}
	second, a := add(t, s, first)
	for name, n := range map[string]Next{"stale": first, "ahead": {Ref: first.Ref, Version: 1, Position: a.Position + 5, Leaf: a.Leaf}, "of nothing": {Ref: Dossier(), Version: 1, Position: a.Position}} {
		if _, err := s.Append(t.Context(), n.Pending(10)); !errors.Is(err, eventstore.ErrConflict) {
			t.Fatalf("%s expectation: %v", name, err)
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	stored := 0
	for range 16 {
		wg.Go(func() {
			_, err := s.Append(context.WithoutCancel(t.Context()), second.Pending(10))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				stored++
			} else if !errors.Is(err, eventstore.ErrConflict) {
				t.Errorf("neither stored nor a conflict: %v", err)
			}
		})
	}
	wg.Wait()
	if stored != 1 || len(all(t, s)) != 2 {
		t.Fatalf("%d of 16 stored, %d in the stream", stored, len(all(t, s)))
	}
}

func resend(t *testing.T, s eventstore.Store) {
	n := Next{Ref: Dossier()}
	id := uuid.NewString()
	p := n.PendingFor(id, 100)
	a, err := s.Append(t.Context(), p)
	must(t, err)
	for name, p := range map[string]*eventstore.Pending{"the same bytes": p, "encoded anew": n.PendingFor(id, 100)} {
		again, err := s.Append(t.Context(), p)
		if err != nil || again != a {
			t.Fatalf("%s: %+v, %v; want %+v", name, again, err, a)
		}
	}
	add(t, s, n.After(a)) // also when another has followed
	if again, err := s.Append(t.Context(), n.PendingFor(id, 100)); err != nil || again != a {
		t.Fatalf("after a later commit: %+v, %v", again, err)
	}
	if got := len(all(t, s)); got != 2 {
		t.Fatalf("%d commits, want 2", got)
	}
}

func concurrent(t *testing.T, s eventstore.Store) {
	const writers, each = 16, 25
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	live := make(chan uint64, writers*each)
	ended := make(chan error, 1)
	go func() {
		ended <- s.Subscribe(ctx, 0, func(c *eventstore.Commit) error {
			live <- c.Position
			return nil
		})
	}()
	var mu sync.Mutex
	acked := map[uint64]eventstore.Leaf{}
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			n := Next{Ref: Dossier()}
			for range each {
				a, err := s.Append(ctx, n.Pending(200))
				if err != nil {
					t.Error(err)
					return
				}
				n = n.After(a)
				mu.Lock()
				acked[a.Position] = a.Leaf
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	commits := all(t, s)
	if len(acked) != writers*each || len(commits) != len(acked) {
		t.Fatalf("%d acknowledged, %d in the stream", len(acked), len(commits))
	}
	for i, c := range commits {
		if i > 0 && c.Position <= commits[i-1].Position || acked[c.Position] != eventstore.LeafHash(c.Clear) {
			t.Fatalf("position %d out of order or other than acknowledged", c.Position)
		}
		select {
		case pos := <-live:
			if pos != c.Position {
				t.Fatalf("the subscription gave %d where the stream has %d", pos, c.Position)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("the subscription did not give %d", c.Position)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("the subscription ended with %v", err)
	}
}

func recordedTime(t *testing.T, s eventstore.Store) {
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			n := Next{Ref: Dossier()}
			for range 20 {
				a, err := s.Append(t.Context(), n.Pending(50))
				if err != nil {
					t.Error(err)
					return
				}
				n = n.After(a)
			}
		})
	}
	wg.Wait()
	commits := all(t, s)
	for i, c := range commits[1:] {
		if c.Envelope.Recorded.Before(commits[i].Envelope.Recorded) {
			t.Fatalf("position %d was recorded before its predecessor", c.Position)
		}
	}
	newest := commits[len(commits)-1].Envelope.Recorded
	if now := s.RecordedNow(); now.Before(newest) {
		t.Fatalf("RecordedNow gives %v, the newest commit has %v", now, newest)
	}
	// A commit that was stamped by its caller and overtaken is not stored.
	n := Next{Ref: Dossier()}
	p := n.Pending(10)
	must(t, p.Stamp(p, newest.Add(-time.Second)))
	p.Stamp = nil
	if _, err := s.Append(t.Context(), p); !errors.Is(err, eventstore.ErrConflict) {
		t.Fatalf("a commit with an overtaken time: %v", err)
	}
}

func readYourWrites(t *testing.T, s eventstore.Store) {
	n := Next{Ref: Dossier()}
	for range 50 {
		var a eventstore.Appended
		n, a = add(t, s, n)
		head, err := s.Head(t.Context())
		must(t, err)
		if head < a.Position {
			t.Fatalf("head %d behind the acknowledged %d", head, a.Position)
		}
		last, err := s.Last(t.Context(), n.Ref)
		must(t, err)
		if last.Position != a.Position {
			t.Fatalf("last is %d after %d was acknowledged", last.Position, a.Position)
		}
	}
	found := false
	must(t, s.ReadAll(t.Context(), n.Position-1, func(c *eventstore.Commit) error {
		found = found || c.Position == n.Position
		return nil
	}))
	if !found {
		t.Fatal("ReadAll does not give the newest commit")
	}
}

func readAggregate(t *testing.T, s eventstore.Store) {
	n, other := Next{Ref: Dossier()}, Next{Ref: Dossier()}
	var positions []uint64
	for range 10 {
		var a eventstore.Appended
		n, a = add(t, s, n)
		positions = append(positions, a.Position)
		other, _ = add(t, s, other)
	}
	for _, skip := range []int{0, 4, 9, 10} {
		after := uint64(0)
		if skip > 0 {
			after = positions[skip-1]
		}
		var got []uint64
		must(t, s.ReadAggregate(t.Context(), n.Ref, after, func(c *eventstore.Commit) error {
			got = append(got, c.Position)
			return nil
		}))
		if fmt.Sprint(got) != fmt.Sprint(positions[skip:]) {
			t.Fatalf("after %d: %v, want %v", after, got, positions[skip:])
		}
	}
	must(t, s.ReadAggregate(t.Context(), Dossier(), 0, func(*eventstore.Commit) error { return errors.New("of nothing") }))
}

func subscribe(t *testing.T, s eventstore.Store) {
	n := Next{Ref: Dossier()}
	n, _ = add(t, s, n)
	n, a := add(t, s, n)
	n, _ = add(t, s, n)
	got := make(chan uint64, 100)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- s.Subscribe(ctx, a.Position, func(c *eventstore.Commit) error {
			got <- c.Position
			return nil
		})
	}()
	want := []uint64{n.Position}
	for range 5 {
		n, _ = add(t, s, n)
		want = append(want, n.Position)
	}
	for _, w := range want {
		select {
		case g := <-got:
			if g != w {
				t.Fatalf("got %d, want %d", g, w)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%d did not come", w)
		}
	}
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Fatalf("ended with %v", err)
	}
}

func readerFails(t *testing.T, s eventstore.Store) {
	n, _ := add(t, s, Next{Ref: Dossier()})
	add(t, s, n)
	stop := errors.New("enough")
	for name, read := range map[string]func(context.Context, uint64, func(*eventstore.Commit) error) error{"ReadAll": s.ReadAll, "Subscribe": s.Subscribe} {
		seen := 0
		err := read(t.Context(), 0, func(*eventstore.Commit) error {
			seen++
			return stop
		})
		if !errors.Is(err, stop) || seen != 1 {
			t.Fatalf("%s: %v after %d commits", name, err, seen)
		}
	}
}

func cancelled(t *testing.T, s eventstore.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n := Next{Ref: Dossier()}
	if _, err := s.Append(ctx, n.Pending(10)); !errors.Is(err, context.Canceled) {
		t.Fatalf("append: %v", err)
	}
	if got := len(all(t, s)); got != 0 {
		t.Fatalf("%d commits stored", got)
	}
	add(t, s, n)
	if err := s.ReadAll(ctx, 0, func(*eventstore.Commit) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Fatalf("read: %v", err)
	}
}

func large(t *testing.T, s eventstore.Store) {
	n := Next{Ref: Dossier()}
	a, err := s.Append(t.Context(), n.Pending(eventstore.MaxPayload-4096))
	must(t, err)
	c, err := s.Last(t.Context(), n.Ref)
	must(t, err)
	must(t, c.Verify())
	add(t, s, n.After(a))
	if got := len(all(t, s)); got != 2 {
		t.Fatalf("%d commits read, want 2", got)
	}
	if _, err := s.Append(t.Context(), Next{Ref: Dossier()}.Pending(eventstore.MaxPayload)); err == nil {
		t.Fatal("a commit over the limit was taken")
	}
}

func closed(t *testing.T, s eventstore.Store) {
	n, _ := add(t, s, Next{Ref: Dossier()})
	sub := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		sub <- s.Subscribe(context.WithoutCancel(t.Context()), 0, func(*eventstore.Commit) error {
			close(started)
			return nil
		})
	}()
	<-started
	must(t, s.Close())
	must(t, s.Close())
	if _, err := s.Append(t.Context(), n.Pending(10)); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Fatalf("append: %v", err)
	}
	if err := s.ReadAll(t.Context(), 0, func(*eventstore.Commit) error { return nil }); !errors.Is(err, eventstore.ErrUnavailable) {
		t.Fatalf("read: %v", err)
	}
	select {
	case err := <-sub:
		if !errors.Is(err, eventstore.ErrUnavailable) {
			t.Fatalf("the subscription ended with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the subscription did not end")
	}
}
