package search

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// layout rises with every change of the tables, the folding or the tokens; the
// index is then made anew.
const layout = 1

// lease is how long indexing stays with an instance that gives no sign of life,
// by the database's clock. It is renewed with every batch.
const lease = 30 * time.Second

// errLost: another instance has the indexing.
var errLost = errors.New("search: another instance makes the index now")

const schema = `
CREATE TABLE IF NOT EXISTS search_state (
	name TEXT PRIMARY KEY, layout BIGINT NOT NULL, epoch BIGINT NOT NULL, generation BIGINT NOT NULL DEFAULT 0,
	position BIGINT NOT NULL, owner TEXT NOT NULL DEFAULT '', until BIGINT NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS search_names (
	agency TEXT NOT NULL, kind TEXT NOT NULL, id TEXT NOT NULL, tags {bytes} NOT NULL, PRIMARY KEY (agency, kind, id)){compact};
CREATE TABLE IF NOT EXISTS search_bsn (
	agency TEXT NOT NULL, id TEXT NOT NULL, digest {bytes} NOT NULL, PRIMARY KEY (agency, id)){compact};
CREATE INDEX IF NOT EXISTS search_bsn_digest ON search_bsn (agency, digest);
INSERT INTO search_state (name, layout, epoch, position) VALUES ('index', 0, 0, 0) ON CONFLICT (name) DO NOTHING`

// store is the index's tables. They hold no fact: losing them costs time.
type store struct {
	db       *sql.DB
	postgres bool
	owner    string
	held     atomic.Bool // the indexing is ours for good: nobody else has the database
}

// entry is what the index has of one dossier or recipient; without tags it has nothing.
type entry struct {
	agency, kind, id string
	tags             []byte // sorted, tagSize each
	bsn              []byte // nil for none
}

func (s *store) q(text string) string {
	if s.postgres {
		return readdb.Dollars(text)
	}
	return text
}

// now is the database's clock in microseconds since 1970.
func (s *store) now() string {
	if s.postgres {
		return "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
	}
	return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
}

func (s *store) make(ctx context.Context) error {
	text := strings.NewReplacer("{bytes}", "BLOB", "{compact}", " WITHOUT ROWID").Replace(schema)
	if s.postgres {
		text = strings.NewReplacer("{bytes}", "BYTEA", "{compact}", "").Replace(schema)
	}
	var err error
	for stmt := range strings.SplitSeq(text, ";") {
		// Two instances that make a table at the same moment can hinder each other.
		for range 3 {
			if _, err = s.db.ExecContext(ctx, stmt); err == nil {
				break
			}
		}
		if err != nil {
			return failed(err)
		}
	}
	return nil
}

func failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("search: the state database: %w", err)
}

// point is how far the index has come, and by what it was made.
type point struct {
	layout, epoch int
	generation    int64 // rises each time that it is begun anew
	position      uint64
}

func (s *store) point(ctx context.Context) (p point, err error) {
	var position int64
	err = s.db.QueryRowContext(ctx, "SELECT layout, epoch, generation, position FROM search_state WHERE name = 'index'").Scan(&p.layout, &p.epoch, &p.generation, &position)
	p.position = uint64(position)
	return p, failed(err)
}

// claim takes the indexing for this instance, or keeps it. Where no other process
// can have the database it is always ours.
func (s *store) claim(ctx context.Context) (bool, error) {
	if s.held.Load() {
		return true, nil
	}
	q, args := "UPDATE search_state SET owner = ?, until = "+s.now()+" + ? WHERE name = 'index'", []any{s.owner, lease.Microseconds()}
	if s.postgres {
		q, args = q+" AND (owner = ? OR owner = '' OR until < "+s.now()+")", append(args, s.owner)
	}
	r, err := s.db.ExecContext(ctx, s.q(q), args...)
	if err != nil {
		return false, failed(err)
	}
	n, err := r.RowsAffected()
	s.held.Store(!s.postgres && n == 1)
	return n == 1, failed(err)
}

// release lets another instance take the indexing at once.
func (s *store) release(ctx context.Context) error {
	_, err := s.db.ExecContext(ctx, s.q("UPDATE search_state SET owner = '', until = 0 WHERE name = 'index' AND owner = ?"), s.owner)
	return failed(err)
}

// inTx runs f in one transaction.
func (s *store) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return failed(err)
	}
	defer tx.Rollback() //nolint:errcheck // after a commit there is nothing to roll back
	if err := f(tx); err != nil {
		return err
	}
	return failed(tx.Commit())
}

// empty removes everything, and begins anew under a key.
func (s *store) empty(ctx context.Context, epoch int) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, stmt := range []string{"DELETE FROM search_names", "DELETE FROM search_bsn"} {
			if _, err := tx.ExecContext(ctx, stmt); err != nil {
				return failed(err)
			}
		}
		_, err := tx.ExecContext(ctx, s.q("UPDATE search_state SET layout = ?, epoch = ?, generation = generation + 1, position = 0 WHERE name = 'index'"), layout, epoch)
		return failed(err)
	})
}

// save writes entries and moves the position forward with them. errLost when
// another instance has the indexing, or it was begun anew since p.
func (s *store) save(ctx context.Context, list []entry, p point, position uint64) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, s.q("UPDATE search_state SET position = CASE WHEN position < ? THEN ? ELSE position END WHERE name = 'index' AND owner = ? AND generation = ?"),
			int64(position), int64(position), s.owner, p.generation)
		if err != nil {
			return failed(err)
		}
		if n, err := r.RowsAffected(); err != nil || n != 1 {
			return errors.Join(errLost, err)
		}
		for _, e := range list {
			if err := s.put(ctx, tx, e); err != nil {
				return failed(err)
			}
		}
		return nil
	})
}

func (s *store) put(ctx context.Context, tx *sql.Tx, e entry) error {
	q, args := "DELETE FROM search_names WHERE agency = ? AND kind = ? AND id = ?", []any{e.agency, e.kind, e.id}
	if len(e.tags) > 0 {
		q = "INSERT INTO search_names (agency, kind, id, tags) VALUES (?, ?, ?, ?) ON CONFLICT (agency, kind, id) DO UPDATE SET tags = excluded.tags"
		args = append(args, e.tags)
	}
	if _, err := tx.ExecContext(ctx, s.q(q), args...); err != nil || e.kind != kindDossier {
		return err
	}
	q, args = "DELETE FROM search_bsn WHERE agency = ? AND id = ?", []any{e.agency, e.id}
	if e.bsn != nil {
		q = "INSERT INTO search_bsn (agency, id, digest) VALUES (?, ?, ?) ON CONFLICT (agency, id) DO UPDATE SET digest = excluded.digest"
		args = append(args, e.bsn)
	}
	_, err := tx.ExecContext(ctx, s.q(q), args...)
	return err
}

// remove takes dossiers out of the index.
func (s *store) remove(ctx context.Context, agency string, ids []string) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if err := s.put(ctx, tx, entry{agency: agency, kind: kindDossier, id: id}); err != nil {
				return failed(err)
			}
		}
		return nil
	})
}

// chunk is how many ids one query names: a fixed number, so that it has one text.
const chunk = 100

// tags calls f with the entries of a kind of an agency: of the ids, or all when
// ids is nil. The bytes are valid during the call.
func (s *store) tags(ctx context.Context, agency, kind string, ids []string, f func(id string, tags []byte)) error {
	const q = "SELECT id, tags FROM search_names WHERE agency = ? AND kind = ?"
	if ids == nil {
		return s.each(ctx, q, []any{agency, kind}, f)
	}
	for len(ids) > 0 {
		n := min(chunk, len(ids))
		args := []any{agency, kind}
		for i := range chunk {
			args = append(args, ids[min(i, n-1)])
		}
		if err := s.each(ctx, q+" AND id IN (?"+strings.Repeat(",?", chunk-1)+")", args, f); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

func (s *store) each(ctx context.Context, q string, args []any, f func(id string, tags []byte)) error {
	rows, err := s.db.QueryContext(ctx, s.q(q), args...)
	if err != nil {
		return failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var tags sql.RawBytes
		if err := rows.Scan(&id, &tags); err != nil {
			return failed(err)
		}
		f(id, tags)
	}
	return failed(rows.Err())
}

// numbered gives the dossiers with a citizen service number of that digest.
func (s *store) numbered(ctx context.Context, agency string, digest []byte) (out []string, err error) {
	err = s.each(ctx, "SELECT id, digest FROM search_bsn WHERE agency = ? AND digest = ?", []any{agency, digest}, func(id string, found []byte) {
		if bytes.Equal(found, digest) {
			out = append(out, id)
		}
	})
	return out, err
}

// agencies are those that the index has dossiers of.
func (s *store) agencies(ctx context.Context) (out []string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT DISTINCT agency FROM search_names")
	if err != nil {
		return nil, failed(err)
	}
	defer rows.Close()
	for rows.Next() {
		var a string
		if err := rows.Scan(&a); err != nil {
			return nil, failed(err)
		}
		out = append(out, a)
	}
	return out, failed(rows.Err())
}
