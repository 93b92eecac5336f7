package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/eventstore"
)

// chunk is some commits in a row, decoded together.
type chunk struct {
	items []item
	done  chan struct{} // closed when they are decoded
}

const chunkCommits = 64

// errEnough ends a reading early; it is no error.
var errEnough = errors.New("projections: read enough")

// readTries bounds how often a reading that breaks off is taken up again
// without having got any further.
const readTries = 5

// readError is an error of reading the stream, not of what was read: nothing is
// wrong with any projection.
type readError struct{ err error }

func (e *readError) Error() string { return "projections: reading the stream: " + e.err.Error() }
func (e *readError) Unwrap() error { return e.err }

// feed reads the synced commits after a position, up to the head at the time of
// the call, decodes those that wants says, and calls f with each in order. The
// reading, the decoding and f run in goroutines of their own, so that the
// database is written while the next commits are decoded. f may give errEnough.
//
// A reading that breaks off is taken up again where it stopped; *readError when
// that does not help.
func (r *Runner) feed(ctx context.Context, after uint64, wants reader, f func(*item) error) error {
	for try := 1; ; try++ {
		before := after
		err := r.feedOnce(ctx, after, wants, func(it *item) error {
			after = it.Commit.Position
			return f(it)
		})
		var broken *readError
		if !errors.As(err, &broken) || ctx.Err() != nil || errors.Is(err, eventstore.ErrDamaged) {
			return err
		}
		if after > before {
			try = 1
		}
		if try == readTries {
			return err
		}
		r.log.Warn("reading the stream broke off; it is taken up again", "after", after, "kind", errorKind(err))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 100 * time.Millisecond):
		}
	}
}

func (r *Runner) feedOnce(ctx context.Context, after uint64, wants reader, f func(*item) error) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	// Nothing is left running when feed returns.
	defer running.Wait()
	defer cancel()

	workers := max(1, runtime.GOMAXPROCS(0)-1)
	todo := make(chan *chunk, 2*workers)
	order := make(chan *chunk, 64)
	for range workers {
		running.Go(func() {
			for c := range todo {
				for i := range c.items {
					r.decodeItem(&c.items[i], wants)
				}
				close(c.done)
			}
		})
	}
	var readErr error // read after order is closed
	running.Go(func() {
		defer close(order)
		defer close(todo)
		readErr = r.read(ctx, after, func(c *chunk) error {
			for _, ch := range []chan *chunk{order, todo} {
				select {
				case ch <- c:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for c := range order {
		select {
		case <-c.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		for i := range c.items {
			err := f(&c.items[i])
			if errors.Is(err, errEnough) {
				return nil
			}
			if err != nil {
				return err
			}
		}
	}
	return readErr
}

// read gathers the commits of the stream into chunks.
func (r *Runner) read(ctx context.Context, after uint64, send func(*chunk) error) error {
	fresh := func() *chunk { return &chunk{items: make([]item, 0, chunkCommits), done: make(chan struct{})} }
	c := fresh()
	err := r.store.ReadAll(ctx, after, func(commit *eventstore.Commit) error {
		c.items = append(c.items, item{Delivery: Delivery{Commit: commit}})
		if len(c.items) < chunkCommits {
			return nil
		}
		full := c
		c = fresh()
		return send(full)
	})
	if err != nil {
		return &readError{err}
	}
	if len(c.items) > 0 {
		return send(c)
	}
	return nil
}

// decodeItem fills in the payload and, where they are wanted, the events.
func (r *Runner) decodeItem(it *item, wants reader) {
	defer func() {
		if v := recover(); v != nil {
			it.err = fmt.Errorf("decoding: a panic of type %T", v)
		}
	}()
	if !wants.wants(it.Commit) {
		return
	}
	if wants.all {
		it.Payload = it.Commit.Stored()
	}
	it.Events, it.err = r.decode(it.Commit)
}

// wantedBy is what any of the targets wants.
func wantedBy(targets []*target) reader {
	all := reader{reads: map[string]bool{}}
	for _, t := range targets {
		all.add(t.reader)
	}
	return all
}
