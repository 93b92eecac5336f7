package projections

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

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

// feed reads the synced commits after a position, up to the head at the time of
// the call, decodes those that wants says, and calls f with each in order. The
// reading, the decoding and f run in goroutines of their own, so that the
// database is written while the next commits are decoded. f may give errEnough.
func (r *Runner) feed(ctx context.Context, after uint64, wants func(*eventstore.Commit) bool, f func(*item) error) error {
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
			if err := f(&c.items[i]); errors.Is(err, errEnough) {
				return nil
			} else if err != nil {
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
		return fmt.Errorf("projections: reading the stream: %w", err)
	}
	if len(c.items) > 0 {
		return send(c)
	}
	return nil
}

// decodeItem fills in the payload and, where they are wanted, the events.
func (r *Runner) decodeItem(it *item, wants func(*eventstore.Commit) bool) {
	defer func() {
		if v := recover(); v != nil {
			it.err = fmt.Errorf("decoding: a panic of type %T", v)
		}
	}()
	if !wants(it.Commit) {
		return
	}
	it.Payload = payload(it.Commit)
	it.Events, it.err = r.decode(it.Commit)
}

// payload is the stored form of a commit: its clear line and its ciphertexts
// stand one after the other in it.
func payload(c *eventstore.Commit) []byte {
	n := len(c.Clear) + 1
	for _, s := range c.Sealed {
		n += len(s)
	}
	b := append(append(make([]byte, 0, n), c.Clear...), '\n')
	for _, s := range c.Sealed {
		b = append(b, s...)
	}
	return b
}

// wantedBy is what any of the targets wants.
func wantedBy(targets []*target) func(*eventstore.Commit) bool {
	return func(c *eventstore.Commit) bool {
		for _, t := range targets {
			if t.wants(c) {
				return true
			}
		}
		return false
	}
}
