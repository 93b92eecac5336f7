package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Options of an embedded store.
type Options struct {
	// Dir is the server's directory; it is created when it is not there.
	Dir string
	// TailJournal is the file of the tail journal, kept away from the data beside
	// the ledger's lock; "" means Dir+".tail".
	TailJournal string
	// StrictJournal syncs the tail journal before each acknowledgement too, which
	// doubles the latency of a lone append.
	StrictJournal bool
	// Signed is a position up to which the ledger has signed commits: what stands up
	// to it was acknowledged, also when the journal does not say so.
	Signed uint64
	// SyncAlways makes the server sync each message by itself, for comparison.
	SyncAlways bool
	Clock      clock.Clock
	Log        *slog.Logger

	// synced hears of all that was synced (blocks.synced); failCheck makes the
	// proof of the way of writing fail. For tests.
	synced    func(path string, size int64)
	failCheck bool
}

// Store is the embedded store. It is safe for many goroutines.
type Store struct {
	*jetstream.Store
	node    *node
	sync    *syncer
	journal *journal
	lock    *os.File

	closing sync.Once
	closed  error
}

var _ eventstore.Store = (*Store)(nil)

// Open starts the server on o.Dir and opens the stream. It fails with a
// domain.Error of code "in_use" when another process has the directory. A
// stream whose end is damaged opens read-only: Status tells why.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.Dir = filepath.Clean(o.Dir)
	if o.TailJournal == "" {
		o.TailJournal = o.Dir + ".tail"
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, unavailable("data_directory", "the data directory cannot be made; check its path and rights", err)
	}
	lock, err := lockFile(filepath.Join(o.Dir, "store.lock"))
	if errors.Is(err, errLocked) {
		return nil, &domain.Error{Kind: domain.KindUnavailable, Code: "in_use", Rule: "C-2.1.4d",
			Message: "another process has this data directory open; stop it, or work through it", Cause: err}
	}
	if err != nil {
		return nil, unavailable("data_directory", "the data directory cannot be written; check its rights", err)
	}
	s := &Store{lock: lock}
	if err := s.open(ctx, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func unavailable(code, message string, cause error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: code, Rule: "C-2.1.4d", Message: message, Cause: fmt.Errorf("%w: %w", eventstore.ErrUnavailable, cause)}
}

// open starts with shared syncs and, should the proof of the way of writing
// fail, again with each message synced by the server.
func (s *Store) open(ctx context.Context, o Options) error {
	j, newest, err := openJournal(o.TailJournal, o.StrictJournal)
	if err != nil {
		return unavailable("tail_journal", "the tail journal cannot be opened; check the path of the lock and its rights", err)
	}
	s.journal = j
	if err := keepDamage(ctx, o, max(newest.position, o.Signed)); err != nil {
		return unavailable("tail_journal", "the newest blocks of the stream cannot be looked at, or a damaged one not be kept; check the disk and the rights of the lock", err)
	}
	known, err := loadGaps(o.TailJournal + ".gaps")
	if err != nil {
		return unavailable("tail_journal", "the list of known gaps beside the tail journal cannot be read; check its rights", err)
	}
	if !o.SyncAlways {
		if s.node, err = startNode(o.Dir, false, o.Log); err != nil {
			return err
		}
		if err = s.openStream(ctx, o, newest, known); !errors.Is(err, errUnexpected) {
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		o.Log.Warn("the embedded server does not write as expected; it will sync each message by itself", "reason", err)
		s.stopNode()
	}
	o.SyncAlways = true
	if s.node, err = startNode(o.Dir, true, o.Log); err != nil {
		return err
	}
	return s.openStream(ctx, o, newest, known)
}

// errUnexpected: the stream's files are not as shared syncing needs them.
var errUnexpected = errors.New("the stream's files are not as expected")

// openStream opens the stream on the running server, settles its tail and
// starts the rounds of syncing.
func (s *Store) openStream(ctx context.Context, o Options, newest tail, known *gaps) error {
	late := &lateSyncer{}
	st, err := jetstream.Open(ctx, s.node.write, jetstream.Options{
		Reads: s.node.read, Sole: true, Syncer: late, KnownGap: known.known, MustExist: newest.position > 0,
		Clock: o.Clock, Log: o.Log, Implementation: "embedded",
	})
	if errors.Is(err, jetstream.ErrNoStream) {
		return damagedTail(newest.position, 0)
	}
	if err != nil {
		return err
	}
	last, end, err := st.Tail(ctx)
	if err != nil {
		st.Close()
		return err
	}
	if err := syncTree(o.Dir); err != nil {
		st.Close()
		return unavailable("sync_failed", "the data directory cannot be synced; check the disk", err)
	}
	var b *blocks
	if !o.SyncAlways {
		b, err = openBlocks(filepath.Join(streamDir(o.Dir, jetstream.StreamName), "msgs"), o.synced)
		if err == nil {
			err = checkBlocks(b, last)
		}
		// Only now, beside the stream: the server deletes a scratch stream in the
		// background, and with the last stream the folder of all of them, from
		// under one that is just being made.
		if err == nil {
			err = checkWrites(ctx, s.node, o.Dir)
		}
		if o.failCheck {
			err = errors.New("told to fail")
		}
		if err != nil {
			if b != nil && b.f != nil {
				b.close()
			}
			st.Close()
			return fmt.Errorf("%w: %w", errUnexpected, err)
		}
	}
	s.Store = st
	now := tail{}
	if last != nil {
		now = tail{last.Position, eventstore.LeafHash(last.Clear)}
	}
	if damage := s.settle(ctx, newest, now, end, o.Signed, known); damage != nil {
		o.Log.Error("the end of the stream is damaged; the store is read-only", "journal", newest.position, "stream", now.position)
		st.SetReadOnly(damage)
	}
	s.sync = newSyncer(b, s.journal, now, func(err error) {
		o.Log.Error("a sync failed; the store is read-only", "error", err)
		st.SetReadOnly(&domain.Error{Kind: domain.KindUnavailable, Code: "sync_failed", Rule: "C-2.1.4d",
			Message: "the disk did not take what was written to it; check the disk, then start again", Cause: err})
	})
	late.set(s.sync)
	return nil
}

// settle compares the stream's tail with the journal's newest record. now is
// the newest commit that is there, end the stream's last sequence, signed what the
// ledger has signed.
func (s *Store) settle(ctx context.Context, newest, now tail, end, signed uint64, known *gaps) error {
	if newest.position > now.position {
		return damagedTail(newest.position, now.position)
	}
	if newest.position > 0 {
		c, err := s.At(ctx, newest.position)
		if err != nil || eventstore.LeafHash(c.Clear) != newest.leaf {
			return damagedTail(newest.position, now.position)
		}
	}
	if end > now.position {
		if err := known.add(now.position+1, end); err != nil {
			return unavailable("tail_journal", "the list of known gaps beside the tail journal cannot be written; check its rights", err)
		}
	}
	// A lock that has checkpoints had a journal too: who took it away could cut off what
	// was not signed yet. It stays empty until somebody has looked (scrub.Tail).
	lost := newest.position == 0 && signed > 0
	if now.position > newest.position && !lost {
		if err := s.journal.put(now); err != nil {
			return unavailable("tail_journal", "the tail journal cannot be written; check the path of the lock and its rights", err)
		}
	}
	return nil
}

func damagedTail(journal, stream uint64) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "damaged_tail", Rule: "C-2.1.4d",
		Message: fmt.Sprintf("commits at the end of the stream are missing or differ from what was acknowledged (acknowledged up to position %d, the stream has %d); nothing is written any more; restore the newest backup, or see docs/operations on a damaged tail", journal, stream)}
}

// lateSyncer stands in for the syncer while the stream is being opened, when
// nothing is appended or followed yet.
type lateSyncer struct {
	mu sync.RWMutex
	s  *syncer
}

func (l *lateSyncer) set(s *syncer) {
	l.mu.Lock()
	l.s = s
	l.mu.Unlock()
}

func (l *lateSyncer) get() *syncer {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.s
}

func (l *lateSyncer) Stored(position uint64, leaf eventstore.Leaf) { l.get().Stored(position, leaf) }
func (l *lateSyncer) Wait(ctx context.Context, position uint64, hurry bool) error {
	return l.get().Wait(ctx, position, hurry)
}
func (l *lateSyncer) Synced() uint64 { return l.get().Synced() }
func (l *lateSyncer) Mode() string   { return l.get().Mode() }

// Conn is the connection for other uses of the embedded server, such as the
// object store. It ends with the Store.
func (s *Store) Conn() *nats.Conn { return s.node.read }

func (s *Store) stopNode() {
	if s.node != nil {
		s.node.stop()
		s.node = nil
	}
}

// Close implements eventstore.Store: it syncs, ends the server and lets go of
// the directory.
func (s *Store) Close() error {
	s.closing.Do(func() {
		if s.Store != nil {
			s.closed = s.Store.Close()
		}
		if s.sync != nil {
			s.sync.close()
		}
		s.stopNode()
		if s.journal != nil {
			s.closed = errors.Join(s.closed, s.journal.close())
		}
		s.closed = errors.Join(s.closed, s.lock.Close())
	})
	return s.closed
}
