package embedded

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// op is what a client did on one aggregate: an append under an expectation, or
// reading the last position.
type op struct {
	aggregate int
	read      bool
	expect    uint64
}

// result is what it was told.
type result struct {
	position uint64 // 0: none
	conflict bool
}

// register is the model of one aggregate: its last position, which an append
// replaces when it is the expected one.
var register = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := map[int][]porcupine.Operation{}
		for _, o := range history {
			a := o.Input.(op).aggregate
			by[a] = append(by[a], o)
		}
		var out [][]porcupine.Operation
		for _, h := range by {
			out = append(out, h)
		}
		return out
	},
	Init: func() any { return uint64(0) },
	Step: func(state, input, output any) (bool, any) {
		last, in, out := state.(uint64), input.(op), output.(result)
		switch {
		case in.read:
			return out.position == last, last
		case out.conflict:
			return in.expect != last, last
		default:
			return in.expect == last && out.position > last, out.position
		}
	},
}

// TestAppendsAreLinearizableForEachAggregate: T3.
func TestAppendsAreLinearizableForEachAggregate(t *testing.T) {
	s := openIn(t, t.TempDir())
	defer s.Close()
	const aggregates, clients, steps = 4, 8, 60
	refs := make([]storetest.Next, aggregates)
	for i := range refs {
		refs[i] = storetest.Next{Ref: storetest.Dossier()}
	}
	var mu sync.Mutex
	var history []porcupine.Operation
	start := time.Now()
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(1, uint64(client)))
			next := append([]storetest.Next(nil), refs...)
			for range steps {
				i := rnd.IntN(aggregates)
				o := op{aggregate: i, read: rnd.IntN(3) == 0, expect: next[i].Position}
				called := time.Since(start)
				r, err := step(t.Context(), s, o, &next[i])
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				history = append(history, porcupine.Operation{ClientId: client, Input: o, Output: r, Call: int64(called), Return: int64(time.Since(start))})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if res := porcupine.CheckOperationsTimeout(register, history, time.Minute); res != porcupine.Ok {
		t.Fatalf("a history of %d operations is not linearizable: %v", len(history), res)
	}
}

// step does one operation; a conflict is followed by a look at what is there,
// as every caller does, but as part of the next operation's knowledge only.
func step(ctx context.Context, s eventstore.Store, o op, next *storetest.Next) (result, error) {
	if o.read {
		c, err := s.Last(ctx, next.Ref)
		if errors.Is(err, eventstore.ErrNotFound) {
			return result{}, nil
		}
		if err != nil {
			return result{}, err
		}
		next.Version, next.Position, next.Leaf = c.Envelope.Version, c.Position, eventstore.LeafHash(c.Clear)
		return result{position: c.Position}, nil
	}
	a, err := s.Append(ctx, next.Pending(50))
	if errors.Is(err, eventstore.ErrConflict) {
		return result{conflict: true}, nil
	}
	if err != nil {
		return result{}, err
	}
	*next = next.After(a)
	return result{position: a.Position}, nil
}
