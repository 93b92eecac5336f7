package jetstream

import (
	"context"
	"sync"

	"github.com/casefile-engine/casefile/eventstore"
)

// Limits of what is remembered of the stream's end.
const (
	recentCommits = 8192
	recentBytes   = 32 << 20
	recentBatch   = 256 // commits taken out at once
)

// recent remembers the payloads of the newest commits of a Sole store, which
// all go through it, so that who follows the stream closely gets them without
// a way through the server. Positions in it are consecutive.
type recent struct {
	mu    sync.Mutex
	first uint64 // position of the oldest; of the next one when it is empty
	n     int
	bytes int
	ring  [recentCommits][]byte // position p stands at p % recentCommits
}

// put takes note of a stored commit. One that does not follow on the newest
// begins anew, since what is between is not known here.
func (r *recent) put(position uint64, payload []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if position < r.first+uint64(r.n) {
		return // known
	}
	if position != r.first+uint64(r.n) {
		clear(r.ring[:])
		r.first, r.n, r.bytes = position, 0, 0
	}
	for r.n > 0 && (r.n == recentCommits || r.bytes+len(payload) > recentBytes) {
		slot := &r.ring[r.first%recentCommits]
		r.bytes -= len(*slot)
		*slot = nil
		r.first++
		r.n--
	}
	r.ring[position%recentCommits] = payload
	r.n++
	r.bytes += len(payload)
}

// take appends the payloads of from..to, or as many as one batch holds, to
// dst; none when from is not remembered.
func (r *recent) take(dst [][]byte, from, to uint64) [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == 0 || from < r.first {
		return dst
	}
	to = min(to, r.first+uint64(r.n)-1, from+recentBatch-1)
	for p := from; p <= to; p++ {
		dst = append(dst, r.ring[p%recentCommits])
	}
	return dst
}

// followSole gives f the commits after..until of a Sole store as they become
// synced: from memory while it is close behind, from the server when not.
func (s *Store) followSole(ctx context.Context, after, until uint64, f func(*eventstore.Commit) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(s.life, func() { cancel(errClosed) })
	defer stop()
	var batch [][]byte
	for after < until {
		synced := s.o.Syncer.Synced()
		if synced <= after {
			if err := s.o.Syncer.Wait(ctx, after+1, false); err != nil {
				return s.readErr(ctx, err)
			}
			continue
		}
		batch = s.recent.take(batch[:0], after+1, min(synced, until))
		if len(batch) == 0 {
			upto := min(synced, until)
			if err := s.run(ctx, after, upto, f); err != nil {
				return err
			}
			after = upto
			continue
		}
		for _, payload := range batch {
			if ctx.Err() != nil {
				return s.readErr(ctx, ctx.Err())
			}
			c, err := s.decode(after+1, payload)
			if err != nil {
				return err
			}
			if err := f(c); err != nil {
				return err
			}
			after = c.Position
		}
		clear(batch)
	}
	return nil
}
