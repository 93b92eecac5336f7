package eventstore

import (
	"context"
	"errors"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Errors that every Store gives, wrapped or bare; test with errors.Is.
var (
	// ErrConflict: the aggregate's last position was not the expected one.
	// Nothing was stored. Reload, decide again.
	ErrConflict = errors.New("eventstore: the aggregate changed meanwhile")
	// ErrUnavailable: the stream cannot be written or read now. It is known
	// that nothing was stored.
	ErrUnavailable = errors.New("eventstore: the stream is not available")
	// ErrUnknown: an append's outcome could not be found out in time; it may or
	// may not be stored. The same command may be sent again: the command id tells.
	ErrUnknown = errors.New("eventstore: the outcome of the append is unknown")
	// ErrReadOnly: the guard found damage, or the store was opened for reading.
	ErrReadOnly = errors.New("eventstore: the store is read-only")
	// ErrNotFound: no commit there.
	ErrNotFound = errors.New("eventstore: no such commit")
	// ErrDamaged: stored bytes do not have their form or their hash.
	ErrDamaged = errors.New("eventstore: a stored commit is damaged")
)

// Appended is the durable acknowledgement of an append: the commit is on disk
// (a quorum's disks in a cluster) and will be delivered to every reader.
type Appended struct {
	Position uint64
	Leaf     Leaf
}

// Store is the stream.
//
// Durability: Append returns without error only when the commit is on disk.
// Many callers share one sync. Readers (ReadAll, Subscribe, Head) see synced
// commits only, so a checkpoint never outruns the stream.
//
// Order: the stream has one order of commits, that of their positions.
// Positions rise but may have gaps (never rely on their being consecutive).
// recorded_at never falls along the stream as long as callers take it from
// RecordedNow.
//
// All methods may be called from many goroutines.
type Store interface {
	// Append stores one commit under the expectation that p.Expect is the
	// position of the last commit on its subject. Errors: ErrConflict,
	// ErrUnavailable, ErrUnknown, ErrReadOnly, or the context's.
	//
	// A time-out inside is resolved by reading back and comparing the command
	// id, so ErrUnknown is rare; a stored commit found that way is success.
	Append(ctx context.Context, p *Pending) (Appended, error)

	// AppendWindow stores many commits in order with one shared sync, for
	// imports. Expect of a commit whose predecessor on the same subject stands
	// earlier in the window is ExpectInWindow(i), i being the predecessor's
	// index. make builds the i-th commit once the positions of the earlier ones
	// are foreseen, because the envelope names its predecessor. If the stream
	// turns out to have another writer, the rest is not stored: results has one
	// entry for each commit that is durable, and err says why it stopped.
	AppendWindow(ctx context.Context, n int, build func(i int, positions []uint64) (*Pending, error)) (results []Appended, err error)

	// RecordedNow gives a recorded time for a commit: the later of the clock and
	// the newest commit's recorded time.
	RecordedNow() time.Time

	// Last gives the newest stored commit of one aggregate, synced or not, for
	// the decision on expectations. ErrNotFound if there is none.
	Last(ctx context.Context, ref domain.Ref) (*Commit, error)

	// At gives the commit at one position.
	At(ctx context.Context, position uint64) (*Commit, error)

	// ReadAggregate calls f with every commit of one aggregate whose position is
	// greater than after, oldest first. It walks back from the last commit
	// along the previous positions; it never scans the stream.
	ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*Commit) error) error

	// ReadAll calls f with every synced commit whose position is greater than
	// after, in order, up to the head at the time of the call. Commits are
	// decoded only as far as Options say.
	ReadAll(ctx context.Context, after uint64, f func(*Commit) error) error

	// Subscribe is ReadAll that goes on: it calls f with new commits as they
	// become synced until the context ends or f fails, and gives f's error.
	Subscribe(ctx context.Context, after uint64, f func(*Commit) error) error

	// Head is the position of the newest synced commit; 0 for an empty stream.
	Head(ctx context.Context) (uint64, error)

	// Status describes the store for the status page and doctor.
	Status(ctx context.Context) Status

	// Close syncs and lets go. It is safe to call twice.
	Close() error
}

// Status is a store's own account of itself.
type Status struct {
	Implementation string // "embedded", "jetstream", "memory"
	Head           uint64 // newest synced position
	Commits        uint64
	Bytes          uint64
	SyncMode       string // "shared", "always", "none"
	ReadOnly       bool
	Reason         string // why read-only or unavailable; no personal data
}
