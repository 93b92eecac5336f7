package jetstream_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

func TestConformanceOnThreeNodes(t *testing.T) {
	c := storetest.StartCluster(t)
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		nc := c.Connect(t)
		c.Clear(t, nc, jetstream.StreamName)
		s, err := jetstream.Open(t.Context(), nc, jetstream.Options{Replicas: 3})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	})
}

// TestTwoEnginesOnThreeNodesLoseTheLeader: T10, T3. Two stores append to the
// same aggregates while the stream's leader goes down and another takes over.
func TestTwoEnginesOnThreeNodesLoseTheLeader(t *testing.T) {
	c := storetest.StartCluster(t)
	stores := make([]*jetstream.Store, 2)
	for i := range stores {
		s, err := jetstream.Open(t.Context(), c.Connect(t), jetstream.Options{Replicas: 3})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		stores[i] = s
	}
	refs := []storetest.Next{{Ref: storetest.Dossier()}, {Ref: storetest.Dossier()}, {Ref: storetest.Dossier()}}
	var mu sync.Mutex
	acked := map[uint64]eventstore.Leaf{}
	ctx, stop := context.WithTimeout(t.Context(), 6*time.Second)
	defer stop()
	var wg sync.WaitGroup
	for _, s := range stores {
		for _, n := range refs {
			wg.Go(func() {
				for ctx.Err() == nil {
					a, err := s.Append(ctx, n.Pending(100))
					switch {
					case err == nil:
						n = n.After(a)
						mu.Lock()
						if _, twice := acked[a.Position]; twice {
							t.Errorf("position %d was given out twice", a.Position)
						}
						acked[a.Position] = a.Leaf
						mu.Unlock()
					case errors.Is(err, eventstore.ErrConflict), errors.Is(err, eventstore.ErrUnknown), errors.Is(err, eventstore.ErrUnavailable):
						if last, err := s.Last(ctx, n.Ref); err == nil {
							n.Version, n.Position, n.Leaf = last.Envelope.Version, last.Position, eventstore.LeafHash(last.Clear)
						}
					}
				}
			})
		}
	}
	time.Sleep(time.Second)
	for _, node := range c.Nodes {
		if node.JetStreamIsStreamLeader("$G", jetstream.StreamName) {
			node.Shutdown()
			break
		}
	}
	wg.Wait()
	// then everything acknowledged is there once, and each chain is unbroken
	seen := 0
	chain := map[string]uint64{}
	err := stores[1].ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		if leaf, ok := acked[c.Position]; ok {
			seen++
			if leaf != eventstore.LeafHash(c.Clear) {
				t.Errorf("position %d is other than acknowledged", c.Position)
			}
		}
		if e := &c.Envelope; e.PrevPosition != chain[e.AggregateID] {
			t.Errorf("position %d follows %d, not %d", c.Position, e.PrevPosition, chain[e.AggregateID])
		}
		chain[c.Envelope.AggregateID] = c.Position
		return nil
	})
	if err != nil || seen != len(acked) || seen == 0 {
		t.Fatalf("%d of %d acknowledged commits are there, %v", seen, len(acked), err)
	}
}
