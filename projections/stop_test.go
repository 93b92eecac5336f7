package projections_test

import (
	"context"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// stopping is sums whose Apply is under way, at toy.added with the key "stop", when
// following is told to end.
type stopping struct {
	sums
	stop func()
}

func (p stopping) Apply(ctx context.Context, tx readdb.Tx, d *projections.Delivery) error {
	if e := d.Events[0].Event.(toyEvent); e.Key == "stop" && p.stop != nil {
		p.stop()
		time.Sleep(100 * time.Millisecond) // so that what comes after waits in the queue
		if err := ctx.Err(); err != nil {
			return err // as a read in the database gives it
		}
	}
	return p.sums.Apply(ctx, tx, d)
}

// T4: following is told to end while a commit is being folded, and others wait: no
// projection skips one, neither the one whose reading was broken off nor those after
// it that had not had the commit yet.
func TestAStopInTheMiddleOfACommitSkipsNothing(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		db, s := open(), newStream()
		before, middle, after := sums{name: "before", version: 1}, sums{name: "middle", version: 1}, sums{name: "zafter", version: 1}
		waitFor := func(r *projections.Runner, p uint64) { t.Helper(); waitFor(t, r, p) }
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		r := newRunner(t, db, s, before, stopping{middle, cancel}, after)
		done := make(chan error, 1)
		go func() { done <- r.Follow(ctx, s.source()) }()
		waitFor(r, s.addMany(t, 5))
		s.add(t, toyEvent{"toy.added", "stop", 7})
		s.addMany(t, 20)
		no(t, <-done)
		no(t, r.Close(t.Context()))

		r = newRunner(t, db, s, before, middle, after)
		no(t, r.CatchUp(t.Context(), nil))
		agree(t, r, s, before, middle, after)
		no(t, r.Close(t.Context()))
	})
}
