package memory_test

import (
	"errors"
	"testing"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		s := memory.New(nil)
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestConformanceOfAnOverlayOverNothing(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		base := memory.New(nil)
		s, err := memory.Overlay(t.Context(), base)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close(); base.Close() })
		return s
	})
}

func TestOverlayKeepsItsAppendsToItself(t *testing.T) {
	// given a store with two commits on one aggregate
	base := memory.New(nil)
	n := storetest.Next{Ref: storetest.Dossier()}
	for range 2 {
		a, err := base.Append(t.Context(), n.Pending(100))
		if err != nil {
			t.Fatal(err)
		}
		n = n.After(a)
	}
	over, err := memory.Overlay(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	// when an overlay goes on with it and base gets another commit meanwhile
	a, err := over.Append(t.Context(), n.Pending(100))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := base.Append(t.Context(), storetest.Next{Ref: storetest.Dossier()}.Pending(10)); err != nil {
		t.Fatal(err)
	}
	// then the overlay has three, in order, and base keeps its own
	var got []uint64
	err = over.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		got = append(got, c.Position)
		return nil
	})
	if err != nil || len(got) != 3 || got[2] != a.Position || a.Position != 3 {
		t.Fatalf("the overlay gives %v, %v", got, err)
	}
	count := 0
	if err := over.ReadAggregate(t.Context(), n.Ref, 0, func(*eventstore.Commit) error { count++; return nil }); err != nil || count != 3 {
		t.Fatalf("%d commits on the aggregate, %v", count, err)
	}
	if last, err := base.Last(t.Context(), n.Ref); err != nil || last.Position != 2 {
		t.Fatalf("base's last is %+v, %v", last, err)
	}
	// and an expectation on what base had is judged in the overlay
	if _, err := over.Append(t.Context(), storetest.Next{Ref: n.Ref, Version: 1, Position: 1}.Pending(10)); !errors.Is(err, eventstore.ErrConflict) {
		t.Fatalf("a stale expectation: %v", err)
	}
}
