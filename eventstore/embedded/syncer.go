package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casefile-engine/casefile/eventstore"
)

// syncer is the group commit: rounds of syncing, each for all who wait at its
// beginning. It implements jetstream.Syncer.
type syncer struct {
	blocks  *blocks // nil when the server syncs each message itself
	journal *journal
	onFail  func(error)

	synced atomic.Uint64
	kick   chan struct{} // room for one
	quit   chan struct{}
	done   sync.WaitGroup

	mu      sync.Mutex
	target  tail // the newest commit that the server acknowledged
	armed   bool // a round will begin within idleSync in any case
	waiters []syncWaiter
	err     error // why no round will ever succeed again
}

type syncWaiter struct {
	position uint64
	ch       chan error // room for one
}

var errSyncerClosed = errors.New("the store was closed before the commit was synced")

// newSyncer starts the rounds; everything up to t is on disk already.
func newSyncer(b *blocks, j *journal, t tail, onFail func(error)) *syncer {
	s := &syncer{blocks: b, journal: j, target: t, onFail: onFail, kick: make(chan struct{}, 1), quit: make(chan struct{})}
	s.synced.Store(t.position)
	s.done.Go(s.run)
	return s
}

// Mode implements jetstream.Syncer.
func (s *syncer) Mode() string {
	if s.blocks == nil {
		return "always"
	}
	return "shared"
}

// Synced implements jetstream.Syncer.
func (s *syncer) Synced() uint64 { return s.synced.Load() }

// idleSync is how long a commit that nobody waits for stays unsynced.
const idleSync = 20 * time.Millisecond

// Stored implements jetstream.Syncer. It begins no round by itself: those who
// wait do, so that a window gets by with one.
func (s *syncer) Stored(position uint64, leaf eventstore.Leaf) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if position <= s.target.position {
		return
	}
	s.target = tail{position, leaf}
	if !s.armed {
		s.armed = true
		time.AfterFunc(idleSync, s.begin)
	}
}

// begin has a round begin, after the one that may be under way.
func (s *syncer) begin() {
	select {
	case s.kick <- struct{}{}:
	default:
	}
}

// Wait implements jetstream.Syncer.
func (s *syncer) Wait(ctx context.Context, position uint64, hurry bool) error {
	s.mu.Lock()
	if s.synced.Load() >= position {
		s.mu.Unlock()
		return nil
	}
	if s.err != nil {
		defer s.mu.Unlock()
		return s.err
	}
	w := syncWaiter{position, make(chan error, 1)}
	s.waiters = append(s.waiters, w)
	s.mu.Unlock()
	if hurry {
		s.begin()
	}
	select {
	case err := <-w.ch:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *syncer) run() {
	for {
		select {
		case <-s.kick:
		case <-s.quit:
			s.round()
			s.finish(errSyncerClosed)
			return
		}
		if err := s.round(); err != nil {
			s.finish(err)
			s.onFail(err)
			return
		}
	}
}

// round syncs what is stored at its beginning and lets go of who waited for it.
func (s *syncer) round() error {
	s.mu.Lock()
	t := s.target
	s.armed = false
	s.mu.Unlock()
	if t.position <= s.synced.Load() {
		return nil
	}
	if s.blocks != nil {
		if err := s.blocks.sync(); err != nil {
			return fmt.Errorf("the stream's blocks could not be synced: %w", err)
		}
	}
	if err := s.journal.put(t); err != nil {
		return err
	}
	s.mu.Lock()
	s.synced.Store(t.position)
	rest := s.waiters[:0]
	for _, w := range s.waiters {
		if w.position <= t.position {
			w.ch <- nil
		} else {
			rest = append(rest, w)
		}
	}
	clear(s.waiters[len(rest):])
	s.waiters = rest
	s.mu.Unlock()
	return nil
}

// finish lets go of all who wait, and of all who will.
func (s *syncer) finish(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
	for _, w := range s.waiters {
		w.ch <- s.err
	}
	s.waiters = nil
}

// close runs a last round and ends.
func (s *syncer) close() {
	close(s.quit)
	s.done.Wait()
	if s.blocks != nil {
		s.blocks.close()
	}
}

// blocks are the block files of the stream, as far as they need syncing: the
// newest one is open, all before it are synced. For one goroutine.
type blocks struct {
	dir string
	n   int // number of the newest block that was seen
	f   *os.File
	// synced, if set, hears of each file and how many of its bytes are now on
	// disk; -1 for a directory. Tests cut the power with it.
	synced func(path string, size int64)
}

// openBlocks opens the newest block of the stream whose messages lie in dir.
func openBlocks(dir string, synced func(string, int64)) (*blocks, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	b := &blocks{dir: dir, synced: synced}
	for _, e := range entries {
		if name, ok := cutSuffix(e.Name(), ".blk"); ok {
			if n, err := strconv.Atoi(name); err == nil {
				b.n = max(b.n, n)
			}
		}
	}
	if b.n == 0 {
		return nil, fmt.Errorf("no block files where they are expected")
	}
	b.f, err = os.Open(b.path(b.n))
	return b, err
}

func cutSuffix(s, suffix string) (string, bool) {
	if len(s) <= len(suffix) || s[len(s)-len(suffix):] != suffix {
		return s, false
	}
	return s[:len(s)-len(suffix)], true
}

func (b *blocks) path(n int) string { return filepath.Join(b.dir, strconv.Itoa(n)+".blk") }

// sync syncs every block from the one synced last to the newest. The next block
// is looked for first: while there is none, all that was acknowledged by now is
// in this one.
func (b *blocks) sync() error {
	newBlock := false
	for {
		_, err := os.Stat(b.path(b.n + 1))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		more := err == nil
		replaced, err := b.reopen()
		if err != nil {
			return err
		}
		newBlock = newBlock || replaced
		if err := b.datasync(b.path(b.n), b.f); err != nil {
			return err
		}
		if !more {
			break
		}
		next, err := os.Open(b.path(b.n + 1))
		if err != nil {
			return err
		}
		b.f.Close()
		b.f, b.n, newBlock = next, b.n+1, true
	}
	if !newBlock {
		return nil
	}
	if err := syncFile(b.dir); err != nil {
		return err
	}
	if b.synced != nil {
		b.synced(b.dir, -1)
	}
	return nil
}

// reopen opens the block anew when its name has come to mean another file,
// which the server never does while nothing is deleted.
func (b *blocks) reopen() (bool, error) {
	named, err := os.Stat(b.path(b.n))
	if err != nil {
		return false, err
	}
	held, err := b.f.Stat()
	if err != nil || os.SameFile(named, held) {
		return false, err
	}
	f, err := os.Open(b.path(b.n))
	if err != nil {
		return false, err
	}
	b.f.Close()
	b.f = f
	return true, nil
}

func (b *blocks) datasync(path string, f *os.File) error {
	var size int64
	if b.synced != nil {
		st, err := f.Stat()
		if err != nil {
			return err
		}
		size = st.Size()
	}
	if err := datasync(f); err != nil {
		return err
	}
	if b.synced != nil {
		b.synced(path, size)
	}
	return nil
}

func (b *blocks) close() { b.f.Close() }
