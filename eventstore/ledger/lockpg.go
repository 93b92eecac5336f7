package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// lease is how long sequencing stays with an instance that gives no sign of
// life, by the database's clock; another takes over soon after.
const lease = 6 * time.Second

// PostgresLock is a Lock in a PostgreSQL database that all instances of a
// cluster share. Exactly one of them leads: it holds a lease that it renews each
// round, and every taking-over raises a fencing number that each Swap names, so
// that an instance that slept through its lease swaps nothing.
type PostgresLock struct {
	db    *sql.DB
	owner string
	fence atomic.Int64 // of the lease that this instance took last
}

// NewPostgresLock makes the tables, in the schema that the connections search
// first, where they are missing. owner tells instances apart: a random id.
func NewPostgresLock(ctx context.Context, db *sql.DB, owner string) (*PostgresLock, error) {
	var err error
	for range 3 { // two instances that make a table at the same moment can hinder each other
		if _, err = db.ExecContext(ctx, lockTables); err == nil {
			return &PostgresLock{db: db, owner: owner}, nil
		}
	}
	return nil, fmt.Errorf("ledger: the lock's tables: %w", err)
}

const lockTables = `
CREATE TABLE IF NOT EXISTS ledger_lock (agency TEXT PRIMARY KEY, note BYTEA NOT NULL, fence BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_key (one BOOLEAN PRIMARY KEY CHECK (one), vkey TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger_lease (one BOOLEAN PRIMARY KEY CHECK (one), owner TEXT NOT NULL, fence BIGINT NOT NULL, until TIMESTAMPTZ NOT NULL);
INSERT INTO ledger_lease (one, owner, fence, until) VALUES (true, '', 0, 'epoch') ON CONFLICT DO NOTHING`

// Load implements Lock.
func (l *PostgresLock) Load(ctx context.Context) (map[string][]byte, error) {
	rows, err := l.db.QueryContext(ctx, "SELECT agency, note FROM ledger_lock")
	if err != nil {
		return nil, fmt.Errorf("ledger: the lock: %w", err)
	}
	defer rows.Close()
	out := map[string][]byte{}
	for rows.Next() {
		var agency string
		var note []byte
		if err := rows.Scan(&agency, &note); err != nil {
			return nil, err
		}
		out[agency] = note
	}
	return out, rows.Err()
}

// leading is the condition that this instance has the lease, with the row held
// so that nobody takes it over before the swap is committed.
const leading = "EXISTS (SELECT 1 FROM ledger_lease WHERE owner = $1 AND fence = $2 AND until > clock_timestamp() FOR SHARE)"

// Swap implements Lock, in one statement.
func (l *PostgresLock) Swap(ctx context.Context, agency string, old, next []byte) error {
	q := "UPDATE ledger_lock SET note = $4, fence = $2 WHERE agency = $3 AND note = $5 AND fence <= $2 AND " + leading
	args := []any{l.owner, l.fence.Load(), agency, next, old}
	if old == nil {
		q = "INSERT INTO ledger_lock (agency, note, fence) SELECT $3, $4, $2 WHERE " + leading + " ON CONFLICT DO NOTHING"
		args = args[:4]
	}
	r, err := l.db.ExecContext(ctx, q, args...)
	if err != nil {
		return fmt.Errorf("ledger: the lock: %w", err)
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(err, ErrLockMoved)
	}
	return nil
}

// Pin implements Lock.
func (l *PostgresLock) Pin(ctx context.Context, vkey string) (string, error) {
	if _, err := l.db.ExecContext(ctx, "INSERT INTO ledger_key (one, vkey) VALUES (true, $1) ON CONFLICT DO NOTHING", vkey); err != nil {
		return "", fmt.Errorf("ledger: the lock: %w", err)
	}
	return l.Pinned(ctx)
}

// Pinned implements Lock.
func (l *PostgresLock) Pinned(ctx context.Context) (vkey string, err error) {
	err = l.db.QueryRowContext(ctx, "SELECT vkey FROM ledger_key").Scan(&vkey)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return vkey, err
}

// Lead implements Lock: it renews the lease, or takes one that has run out.
func (l *PostgresLock) Lead(ctx context.Context) (bool, error) {
	var fence int64
	err := l.db.QueryRowContext(ctx, `UPDATE ledger_lease SET until = clock_timestamp() + make_interval(secs => $3),
		fence = CASE WHEN owner = $1 AND fence = $2 THEN fence ELSE fence + 1 END, owner = $1
		WHERE (owner = $1 AND fence = $2) OR until < clock_timestamp() RETURNING fence`,
		l.owner, l.fence.Load(), lease.Seconds()).Scan(&fence)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("ledger: the lock: %w", err)
	}
	l.fence.Store(fence)
	return true, nil
}

// Resign implements Lock.
func (l *PostgresLock) Resign(ctx context.Context) error {
	_, err := l.db.ExecContext(ctx, "UPDATE ledger_lease SET until = 'epoch' WHERE owner = $1 AND fence = $2", l.owner, l.fence.Load())
	return err
}
