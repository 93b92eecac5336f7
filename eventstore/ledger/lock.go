package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/casefile-engine/casefile/domain"
)

// Errors of a Lock; test with errors.Is.
var (
	// ErrLockMoved: what the lock holds is not what was to be replaced, or this
	// instance no longer sequences. Nothing was changed.
	ErrLockMoved = errors.New("ledger: another checkpoint has been written meanwhile")
	// ErrOtherKey: the lock was made with another signing key than this one.
	ErrOtherKey = errors.New("ledger: the lock belongs to another signing key; put the keys directory of this store back")
)

// Lock keeps the newest checkpoint of each agency apart from the stream's data,
// so that old data put back cannot pass for the newest: whoever appends to the
// ledger has to show that his tree goes on from what the lock has.
//
// Every method may be called from many goroutines and processes at once.
type Lock interface {
	// Load gives the signed checkpoints by agency, as they were last swapped in.
	Load(ctx context.Context) (map[string][]byte, error)
	// Swap replaces an agency's checkpoint in one step, when the bytes that are
	// there are old (nil: none), and is durable when it returns. ErrLockMoved
	// otherwise, or when this instance does not lead.
	Swap(ctx context.Context, agency string, old, next []byte) error
	// Pin stores the public key when the lock has none, durably, and gives the
	// one that it has.
	Pin(ctx context.Context, vkey string) (string, error)
	// Pinned gives the public key that the lock has; "" for none.
	Pinned(ctx context.Context) (string, error)
	// Lead tells whether this instance sequences now, and takes that over where
	// nobody does. It is asked before each round.
	Lead(ctx context.Context) (bool, error)
	// Resign lets another instance lead at once.
	Resign(ctx context.Context) error
}

// FileLock is a Lock in a directory: <dir>/<agency>/checkpoint and <dir>/ledger.pub.
// The stream it is for has one process, so it always leads; two that swap all the
// same are kept apart by flock and by the comparison.
type FileLock struct{ dir string }

// NewFileLock gives the lock in dir, which is made when it is first written to.
func NewFileLock(dir string) *FileLock { return &FileLock{dir} }

// Load implements Lock.
func (l *FileLock) Load(context.Context) (map[string][]byte, error) {
	list, err := os.ReadDir(l.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string][]byte{}
	for _, d := range list {
		if !d.IsDir() || !domain.ValidAgency(d.Name()) {
			continue
		}
		b, err := read(filepath.Join(l.dir, d.Name(), "checkpoint"))
		if err != nil {
			return nil, err
		}
		if b != nil {
			out[d.Name()] = b
		}
	}
	return out, nil
}

// read gives a file's content; nil when there is no such file.
func read(path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return b, err
}

// Swap implements Lock.
func (l *FileLock) Swap(_ context.Context, agency string, old, next []byte) error {
	if !domain.ValidAgency(agency) {
		return fmt.Errorf("ledger: %q is no agency", agency)
	}
	return l.locked(func() error {
		path := filepath.Join(l.dir, agency, "checkpoint")
		now, err := read(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(now, old) {
			return ErrLockMoved
		}
		return writeDurably(path, next)
	})
}

// Pin implements Lock.
func (l *FileLock) Pin(_ context.Context, vkey string) (has string, err error) {
	err = l.locked(func() error {
		path := filepath.Join(l.dir, "ledger.pub")
		b, err := read(path)
		if err == nil && b == nil {
			b = []byte(vkey + "\n")
			err = writeDurably(path, b)
		}
		has = string(bytes.TrimSuffix(b, []byte("\n")))
		return err
	})
	return has, err
}

// Pinned implements Lock.
func (l *FileLock) Pinned(context.Context) (string, error) {
	b, err := read(filepath.Join(l.dir, "ledger.pub"))
	return string(bytes.TrimSuffix(b, []byte("\n"))), err
}

// Lead implements Lock: always.
func (l *FileLock) Lead(context.Context) (bool, error) { return true, nil }

// Resign implements Lock: there is nobody else.
func (l *FileLock) Resign(context.Context) error { return nil }

// locked runs f while no other process is in it.
func (l *FileLock) locked(f func() error) error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(l.dir, "swap"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // which unlocks it
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("ledger: locking the checkpoints: %w", err)
	}
	return f()
}
