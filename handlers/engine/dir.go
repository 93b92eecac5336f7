package engine

import (
	"errors"
	"fmt"
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

// make creates the directories with owner-only rights. A directory that exists
// keeps its rights; doctor speaks up when others can read it.
func (p Paths) make() error {
	for _, d := range []string{p.Data, p.stream(), p.Keys, p.Lock} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return unusable(err)
		}
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
