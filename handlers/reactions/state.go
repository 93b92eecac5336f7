package reactions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// lease is how long the reactions stay with an instance that gives no sign of
// life, by the database's clock.
const lease = 5 * time.Second

// errLost: another instance has taken the reactions over.
var errLost = errors.New("reactions: another instance runs the reactions now")

// state is how far each reaction has come, kept beside the credentials: it is
// no fact, and losing it costs repetitions that the command ids make harmless.
type state struct {
	db       *sql.DB
	postgres bool
	owner    string
}

const schema = `
CREATE TABLE IF NOT EXISTS reactions (
	name TEXT PRIMARY KEY, position BIGINT NOT NULL, day TEXT NOT NULL DEFAULT '',
	code TEXT NOT NULL DEFAULT '', updated BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS reactions_lease (
	name TEXT PRIMARY KEY, owner TEXT NOT NULL, until BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS reactions_done (
	name TEXT NOT NULL, item TEXT NOT NULL, position BIGINT NOT NULL, PRIMARY KEY (name, item));
CREATE TABLE IF NOT EXISTS reactions_dead (
	name TEXT NOT NULL, cause TEXT NOT NULL, position BIGINT NOT NULL, agency TEXT NOT NULL,
	type TEXT NOT NULL, code TEXT NOT NULL, rule TEXT NOT NULL, refused BIGINT NOT NULL, attempts BIGINT NOT NULL,
	PRIMARY KEY (name, cause))`

// now is the database's clock in microseconds since 1970.
func (s *state) now() string {
	if s.postgres {
		return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
}

func (s *state) q(text string) string {
	if s.postgres {
		return readdb.Dollars(text)
	}
	return text
}

func (s *state) exec(ctx context.Context, text string, args ...any) (int64, error) {
	r, err := s.db.ExecContext(ctx, s.q(text), args...)
	if err != nil {
		return 0, fmt.Errorf("reactions: the state database: %w", err)
	}
	return r.RowsAffected()
}

func (s *state) make(ctx context.Context) error {
	var err error
	for _, stmt := range strings.Split(schema, ";") {
		// Two instances that make a table at the same moment can hinder each other.
		for range 3 {
			if _, err = s.exec(ctx, stmt); err == nil {
				break
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// begin makes the row of a reaction that was never started; one that has a row
// keeps it.
func (s *state) begin(ctx context.Context, name string, position uint64) error {
	_, err := s.exec(ctx, "INSERT INTO reactions (name, position, updated) VALUES (?, ?, "+s.now()+") ON CONFLICT (name) DO NOTHING", name, int64(position))
	return err
}

// point is how far one reaction or timer has come.
type point struct {
	position uint64
	day      string // of a timer: the last day worked out
	code     string // why it does not go on; "" when it does
	updated  time.Time
}

func (s *state) points(ctx context.Context) (map[string]point, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT name, position, day, code, updated FROM reactions")
	if err != nil {
		return nil, fmt.Errorf("reactions: the state database: %w", err)
	}
	defer rows.Close()
	out := map[string]point{}
	for rows.Next() {
		var (
			name              string
			p                 point
			position, updated int64
		)
		if err := rows.Scan(&name, &position, &p.day, &p.code, &updated); err != nil {
			return nil, err
		}
		p.position, p.updated = uint64(position), time.UnixMicro(updated).UTC()
		out[name] = p
	}
	return out, rows.Err()
}

// claim takes the lease, when nobody has it, its holder's has run out, or it is
// ours. Where no other process can have the database, it is always ours.
func (s *state) claim(ctx context.Context) (bool, error) {
	if _, err := s.exec(ctx, "INSERT INTO reactions_lease (name, owner, until) VALUES ('reactions', '', 0) ON CONFLICT (name) DO NOTHING"); err != nil {
		return false, err
	}
	q, args := "UPDATE reactions_lease SET owner = ?, until = "+s.now()+" + ? WHERE name = 'reactions'", []any{s.owner, lease.Microseconds()}
	if s.postgres {
		q, args = q+" AND (owner = ? OR owner = '' OR until < "+s.now()+")", append(args, s.owner)
	}
	n, err := s.exec(ctx, q, args...)
	return n == 1, err
}

// renew prolongs the lease; errLost when somebody else has it.
func (s *state) renew(ctx context.Context) error {
	n, err := s.exec(ctx, "UPDATE reactions_lease SET until = "+s.now()+" + ? WHERE name = 'reactions' AND owner = ?", lease.Microseconds(), s.owner)
	return fenced(n, err)
}

// release lets go of the lease, so that another instance need not wait.
func (s *state) release(ctx context.Context) error {
	_, err := s.exec(ctx, "UPDATE reactions_lease SET owner = '', until = 0 WHERE name = 'reactions' AND owner = ?", s.owner)
	return err
}

const ours = " AND EXISTS (SELECT 1 FROM reactions_lease l WHERE l.name = 'reactions' AND l.owner = ?)"

// advance moves a checkpoint forward; it never moves back. errLost when another
// instance has the reactions.
func (s *state) advance(ctx context.Context, name string, position uint64) error {
	n, err := s.exec(ctx, "UPDATE reactions SET position = CASE WHEN position < ? THEN ? ELSE position END, code = '', updated = "+s.now()+" WHERE name = ?"+ours,
		int64(position), int64(position), name, s.owner)
	return fenced(n, err)
}

// worked notes the day that a timer has worked out, or why it could not.
func (s *state) worked(ctx context.Context, name, day, code string) error {
	q, args := "UPDATE reactions SET code = ?, updated = "+s.now(), []any{code}
	if day != "" {
		q, args = q+", day = ?", append(args, day)
	}
	n, err := s.exec(ctx, q+" WHERE name = ?"+ours, append(args, name, s.owner)...)
	return fenced(n, err)
}

// done gives the position up to which an item was done; 0 for never.
func (s *state) done(ctx context.Context, name, item string) (uint64, error) {
	var n int64
	err := s.db.QueryRowContext(ctx, s.q("SELECT position FROM reactions_done WHERE name = ? AND item = ?"), name, item).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return uint64(n), err
}

func (s *state) setDone(ctx context.Context, name, item string, position uint64) error {
	_, err := s.exec(ctx, "INSERT INTO reactions_done (name, item, position) VALUES (?, ?, ?) ON CONFLICT (name, item) DO UPDATE SET position = excluded.position",
		name, item, int64(position))
	return err
}

func fenced(n int64, err error) error {
	if err == nil && n != 1 {
		return errLost
	}
	return err
}
