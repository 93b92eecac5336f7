package readdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// State is what a projection is doing, as its checkpoint says.
type State string

// The states.
const (
	Running    State = "running"
	CatchingUp State = "catching_up"
	Stalled    State = "stalled"
	Rebuilding State = "rebuilding"
)

// Checkpoint says how far a projection is. It is committed in the transaction
// of the rows that it stands for.
type Checkpoint struct {
	Name string
	// Version is the projection's when its live generation was built.
	Version int
	// Generation is the live one; 0 while nothing has been built.
	Generation int64
	// Position is that of the last commit folded; Leaf is its leaf hash in hex.
	Position uint64
	Leaf     string
	State    State
	// ErrorCode and ErrorPosition say at which commit, and by which code, it stalled.
	ErrorCode     string
	ErrorPosition uint64
	Updated       time.Time
	// Owner is the instance that follows it, until LeaseUntil by the database's clock.
	Owner      string
	LeaseUntil time.Time
}

const checkpointColumns = "name, version, generation, position, leaf, state, error_code, error_position, updated_at, owner, lease_until"

func scanCheckpoint(scan func(...any) error) (c Checkpoint, err error) {
	var version, position, errorPosition, updated, lease int64
	var state string
	err = scan(&c.Name, &version, &c.Generation, &position, &c.Leaf, &state, &c.ErrorCode, &errorPosition, &updated, &c.Owner, &lease)
	c.Version, c.Position, c.State, c.ErrorPosition = int(version), uint64(position), State(state), uint64(errorPosition)
	c.Updated, c.LeaseUntil = time.UnixMicro(updated).UTC(), time.UnixMicro(lease).UTC()
	return c, err
}

// Checkpoints reads all checkpoints, by name.
func (db *DB) Checkpoints(ctx context.Context) (map[string]Checkpoint, error) {
	rows, err := db.Query(ctx, "SELECT "+checkpointColumns+" FROM casefile_checkpoints")
	if err != nil {
		return nil, fmt.Errorf("readdb: reading the checkpoints: %w", err)
	}
	defer rows.Close()
	out := map[string]Checkpoint{}
	for rows.Next() {
		c, err := scanCheckpoint(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("readdb: reading the checkpoints: %w", err)
		}
		out[c.Name] = c
	}
	return out, rows.Err()
}

// Lease is how long a projection stays with an instance that does not write.
const Lease = 5 * time.Second

// Claim makes owner the one who follows a projection, when nobody does, the
// owner's lease has run out, or force says so. ok is false when another has it;
// the checkpoint is then that one's.
func (db *DB) Claim(ctx context.Context, name, owner string, force bool) (c Checkpoint, ok bool, err error) {
	err = db.inTx(ctx, func(tx writeTx) error {
		if _, err := tx.exec(ctx, "INSERT INTO casefile_checkpoints (name) VALUES (?) ON CONFLICT (name) DO NOTHING", name); err != nil {
			return err
		}
		free := "(owner = ? OR owner = ''"
		if db.dialect.leases {
			free += " OR lease_until < " + db.dialect.now
		}
		args := []any{owner, int64(Lease / time.Microsecond), name, owner}
		where := " WHERE name = ? AND " + free + ")"
		if force {
			where, args = " WHERE name = ?", args[:3]
		}
		n, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET owner = ?, lease_until = "+db.dialect.now+" + ?"+where, args...)
		if err != nil {
			return err
		}
		ok = n == 1
		c, err = scanCheckpoint(func(dest ...any) error {
			return tx.scan(ctx, "SELECT "+checkpointColumns+" FROM casefile_checkpoints WHERE name = ?", []any{name}, dest...)
		})
		return err
	})
	if err != nil {
		return Checkpoint{}, false, fmt.Errorf("readdb: claiming %s: %w", name, err)
	}
	return c, ok, nil
}

// Renew prolongs all leases of an owner and gives the names of what it still has.
func (db *DB) Renew(ctx context.Context, owner string) error {
	err := db.inTx(ctx, func(tx writeTx) error {
		_, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET lease_until = "+db.dialect.now+" + ? WHERE owner = ?",
			int64(Lease/time.Microsecond), owner)
		return err
	})
	if err != nil {
		return fmt.Errorf("readdb: renewing the leases: %w", err)
	}
	return nil
}

// Release lets go of all that an owner has, so that another instance need not
// wait for its leases to end.
func (db *DB) Release(ctx context.Context, owner string) error {
	return db.inTx(ctx, func(tx writeTx) error {
		_, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET owner = '', lease_until = 0 WHERE owner = ?", owner)
		return err
	})
}

// SetState notes what a projection is doing, without moving it. ErrFenced when
// owner does not have it any more.
func (db *DB) SetState(ctx context.Context, name, owner string, s State, code string, position uint64) error {
	return db.inTx(ctx, func(tx writeTx) error {
		n, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET state = ?, error_code = ?, error_position = ?, updated_at = "+db.dialect.now+
			" WHERE name = ? AND owner = ?", string(s), code, int64(position), name, owner)
		return fenced(n, err)
	})
}

func fenced(n int64, err error) error {
	if err == nil && n != 1 {
		return ErrFenced
	}
	return err
}

// Advance is the move of one projection's checkpoint together with the rows of
// its writer.
type Advance struct {
	Writer *Writer
	Owner  string
	// From is the position that the checkpoint must have, To the one it gets.
	From, To uint64
	Leaf     string // of the commit at To, hex
	State    State
}

// Flush writes the pending rows of several projections and moves their
// checkpoints, in one transaction. Each move is a compare-and-swap on owner,
// generation and position: ErrFenced when it fails, so that two instances never
// both write. After an error nothing is written, and the writers still hold
// what they held; *FlushError names the projection that it failed on.
func (db *DB) Flush(ctx context.Context, moves []Advance) error {
	err := db.inTx(ctx, func(tx writeTx) error {
		for _, m := range moves {
			if err := db.advance(ctx, tx, m); err != nil {
				return &FlushError{Projection: m.Writer.projection, Err: err}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, m := range moves {
		m.Writer.written()
	}
	return nil
}

// advance moves the checkpoint first: on PostgreSQL that locks its row, so that
// a second instance waits here and then fails before it has written anything.
func (db *DB) advance(ctx context.Context, tx writeTx, m Advance) error {
	n, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET position = ?, leaf = ?, state = ?, error_code = '', error_position = 0, updated_at = "+
		db.dialect.now+", lease_until = "+db.dialect.now+" + ? WHERE name = ? AND owner = ? AND generation = ? AND position = ?",
		int64(m.To), m.Leaf, string(m.State), int64(Lease/time.Microsecond), m.Writer.projection, m.Owner, m.Writer.generation, int64(m.From))
	if err := fenced(n, err); err != nil {
		return err
	}
	return m.Writer.write(ctx, tx)
}

// none tells whether a read found no row, on either engine.
func none(err error) bool { return errors.Is(err, sql.ErrNoRows) || errors.Is(err, pgx.ErrNoRows) }
