package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/casefile-engine/casefile/domain"
)

// Paths are the three places of an installation. They are bound to each other
// by a random store id, so that data is never opened with other keys or
// another lock.
type Paths struct {
	Data string // stream, views, vault, credentials
	Keys string // key-encryption keys; outside Data by default
	Lock string // tail journal, later the newest checkpoint; outside Data by default
}

// Paths gives the places with their defaults: DATA.keys and DATA.lock.
func (o Options) Paths() Paths {
	p := Paths{Data: filepath.Clean(o.Data), Keys: o.Keys, Lock: o.Lock}
	if p.Keys == "" {
		p.Keys = p.Data + ".keys"
	}
	if p.Lock == "" {
		p.Lock = p.Data + ".lock"
	}
	return p
}

func (p Paths) stream() string  { return filepath.Join(p.Data, "stream") }
func (p Paths) views() string   { return filepath.Join(p.Data, "views.db") }
func (p Paths) vault() string   { return filepath.Join(p.Data, "vault.db") }
func (p Paths) state() string   { return filepath.Join(p.Data, "state.db") }
func (p Paths) journal() string { return filepath.Join(p.Lock, "tail") }

// Socket is the owner-only socket by which the command line reaches a running server.
func (p Paths) Socket() string { return filepath.Join(p.Data, "operator.sock") }

// there asks for a store in the data directory, and makes nothing: whoever
// looks at a mistyped path is told so.
func (p Paths) there() error {
	_, err := os.Stat(filepath.Join(p.Data, "store-id"))
	if err == nil || !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		return nil // what else is wrong with it is told where it is used
	}
	return &domain.Error{Kind: domain.KindNotFound, Code: "no_store", Rule: "C-2.1.4d", Message: "there is no casefile data at that place; check --data, or make it with casefile serve or casefile demo"}
}

// makeData creates the data directory with owner-only rights. One that exists
// keeps its rights; doctor speaks up when others can read it.
func (p Paths) makeData() error {
	if err := os.MkdirAll(p.Data, 0o700); err != nil {
		return unusable(err)
	}
	return nil
}

func unusable(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "directory_unusable", Rule: "C-2.1.4d", Message: "the data directory, its keys or its lock cannot be written; check that the paths exist, belong to you and have room", Cause: err}
}

// hold takes the data directory for this process, until the file is closed.
// The lock is the kernel's, so a killed process never leaves it behind.
func (p Paths) hold() (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(p.Data, "in-use"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, &domain.Error{Kind: domain.KindConflict, Code: "in_use", Rule: "C-2.1.4d", Message: "another casefile has this data directory open; stop it, or work through it with --server"}
	}
	return nil, fmt.Errorf("engine: locking the data directory: %w", err)
}
