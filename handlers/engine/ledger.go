package engine

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/handlers/outside"
)

func (p Paths) ledger() string     { return filepath.Join(p.Data, "ledger") }
func (p Paths) ledgerLock() string { return filepath.Join(p.Lock, "ledger") }

// openLedger opens the ledger as far as it was signed. Of a cluster's instances
// the lock in PostgreSQL lets one sign; where the stream is this process's own,
// the lock is a directory.
func (e *Engine) openLedger(ctx context.Context, o Options) error {
	var lock ledger.Lock = ledger.NewFileLock(e.Paths.ledgerLock())
	if o.NATSURL != "" && o.PostgresURL != "" {
		var err error
		if lock, err = ledger.NewPostgresLock(ctx, e.State, uuid.NewString()); err != nil {
			return postgresUnreachable(err)
		}
	}
	e.Guard = &Guard{e: e, lock: lock, clock: o.Clock, log: o.Log, every: o.ScrubEvery}
	if e.Guard.every == 0 {
		e.Guard.every = ScrubEvery
	}
	l, err := ledger.Open(ctx, ledger.Options{
		Dir: e.Paths.ledger(), Keys: e.Paths.Keys, StoreID: e.Vault.Store(), Store: signable{e.Store, e.Guard}, Lock: lock, Coded: true,
		Clock: o.Clock, Log: o.Log, Append: e.Commands.RecordAnchor,
	})
	switch {
	case errors.Is(err, ledger.ErrOtherKey):
		return &domain.Error{Kind: domain.KindConflict, Code: "ledger_key_missing", Rule: "C-2.1.4d", Message: "the key that signs the ledger is not the one that signed it before; put the file ledger.key back into the keys directory, in a cluster the one of a running instance. No other is made in its place", Cause: err}
	case err != nil:
		return unusable(err)
	}
	e.Ledger = l
	if s, ok := e.Store.(*jetstream.Store); ok { // others can reach its stream too
		s.Own(l.Key().Wrote)
	}
	e.closers = append(e.closers, func() error {
		if err := l.Close(); err != nil { // the next start signs what is not signed now
			e.log.Error("the ledger was not brought up to the end of the stream", "error", err)
		}
		return nil
	}, e.Guard.close)
	e.Outside = outside.New(outside.Options{Ledger: l, Witnesses: o.Witnesses, Authorities: o.Authorities, StampEvery: o.StampEvery, Clock: o.Clock, Log: o.Log})
	e.closers = append(e.closers, e.Outside.Close)
	return nil
}

// catchUpLedger signs what is synced by now. What is wrong with the ledger keeps
// nobody from his work here: the log tells, and so does Ledger.Status.
func (e *Engine) catchUpLedger(ctx context.Context) error {
	err := e.Ledger.CatchUp(ctx)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		e.log.Error("the ledger does not go on", "error", err)
	}
	return nil
}
