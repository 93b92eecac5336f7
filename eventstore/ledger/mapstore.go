package ledger

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"

	// The SQLite driver of database/sql.
	_ "modernc.org/sqlite"
)

// mapStore is the file map.db: for each agency the heads of its dossiers at each
// size of the log at which they were saved, so that the map can be had again as
// it was at any anchor. All of it follows from the stream, so it may be deleted;
// what is read from it is checked against a root before it is used. The root of
// the newest save bears the key's code: a map that was edited would be anchored.
type mapStore struct {
	path string
	key  *Key
	file atomic.Pointer[sql.DB]
}

func (m *mapStore) db() *sql.DB { return m.file.Load() }

const mapSchema = `
CREATE TABLE IF NOT EXISTS heads (agency TEXT NOT NULL, key BLOB NOT NULL, size INTEGER NOT NULL,
	count INTEGER NOT NULL, chain BLOB NOT NULL, leaves BLOB NOT NULL, PRIMARY KEY (agency, key, size)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS saved (agency TEXT PRIMARY KEY, size INTEGER NOT NULL, root BLOB NOT NULL, code BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS anchors (agency TEXT NOT NULL, leaf INTEGER NOT NULL, size INTEGER NOT NULL,
	root BLOB NOT NULL, map_root BLOB NOT NULL, PRIMARY KEY (agency, leaf)) WITHOUT ROWID`

// openMapStore opens the file, and begins a new one where it cannot be read;
// fresh tells that.
func openMapStore(ctx context.Context, path string, key *Key) (m *mapStore, fresh bool, err error) {
	m = &mapStore{path: path, key: key}
	db, err := tryMapStore(ctx, path)
	if err != nil {
		return m, true, m.renew(ctx)
	}
	m.file.Store(db)
	return m, false, nil
}

// renew puts an empty file in the place of one that is damaged.
func (m *mapStore) renew(ctx context.Context) error {
	if db := m.db(); db != nil {
		_ = db.Close() // it is thrown away
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(m.path + end); err != nil && !gone(err) {
			return err
		}
	}
	db, err := tryMapStore(ctx, m.path)
	if err == nil {
		m.file.Store(db)
	}
	return err
}

func tryMapStore(ctx context.Context, path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) // the driver would give it the rights of any file
	if err != nil {
		return nil, err
	}
	f.Close()
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_txlock=immediate")
	if err != nil {
		return nil, err
	}
	if _, err = db.ExecContext(ctx, mapSchema); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// change is what a save has of one dossier.
type change struct {
	head   verify.Head
	leaves []int64 // that name it, since the save before
}

// save stores the heads that changed, the size that they are of, and the root of
// the map then, in one transaction.
func (m *mapStore) save(ctx context.Context, agency string, size int64, root tlog.Hash, changed map[tlog.Hash]change) error {
	tx, err := m.db().BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	put, err := tx.PrepareContext(ctx, "INSERT OR REPLACE INTO heads (agency, key, size, count, chain, leaves) VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer put.Close()
	for key, c := range changed {
		if _, err := put.ExecContext(ctx, agency, key[:], size, c.head.Count, c.head.Chain[:], packLeaves(c.leaves)); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO saved (agency, size, root, code) VALUES (?, ?, ?, ?)", agency, size, root[:], m.code(agency, size, root[:])); err != nil {
		return err
	}
	return tx.Commit()
}

// saved gives the size of an agency's last save, and the root of the map then; own
// is false when that is not what this ledger saved.
func (m *mapStore) saved(ctx context.Context, agency string) (size int64, root tlog.Hash, own bool, err error) {
	var b, code []byte
	err = m.db().QueryRowContext(ctx, "SELECT size, root, code FROM saved WHERE agency = ?", agency).Scan(&size, &b, &code)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, tlog.Hash{}, true, nil
	}
	copy(root[:], b)
	return size, root, hmac.Equal(code, m.code(agency, size, b)), err
}

func (m *mapStore) code(agency string, size int64, root []byte) []byte {
	return m.key.code("map", []byte(agency), binary.BigEndian.AppendUint64(nil, uint64(size)), root)
}

// heads calls f with the head of each dossier as of a size.
func (m *mapStore) heads(ctx context.Context, agency string, size int64, f func(key tlog.Hash, h verify.Head)) error {
	// Beside max(), SQLite gives the other columns of the same row.
	rows, err := m.db().QueryContext(ctx, "SELECT key, max(size), count, chain FROM heads WHERE agency = ? AND size <= ? GROUP BY key", agency, size)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var key, chain []byte
		var of, count int64
		if err := rows.Scan(&key, &of, &count, &chain); err != nil {
			return err
		}
		if len(key) != 32 || len(chain) != 32 {
			return fmt.Errorf("%w: map.db", ErrDamaged)
		}
		f(tlog.Hash(key), verify.Head{Count: count, Chain: tlog.Hash(chain)})
	}
	return rows.Err()
}

// naming gives the leaves before size that name a dossier.
func (m *mapStore) naming(ctx context.Context, agency string, key tlog.Hash, size int64) (out []int64, err error) {
	rows, err := m.db().QueryContext(ctx, "SELECT leaves FROM heads WHERE agency = ? AND key = ? AND size <= ? ORDER BY size", agency, key[:], size)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		if out, err = unpackLeaves(out, b); err != nil {
			return nil, err
		}
	}
	return out, rows.Err()
}

// forget drops all that is stored of an agency's map.
func (m *mapStore) forget(ctx context.Context, agency string) error {
	for _, table := range []string{"heads", "saved", "anchors"} {
		if _, err := m.db().ExecContext(ctx, "DELETE FROM "+table+" WHERE agency = ?", agency); err != nil {
			return err
		}
	}
	return nil
}

// addAnchor stores an anchor that was read from the stream.
func (m *mapStore) addAnchor(ctx context.Context, agency string, a Anchored) error {
	_, err := m.db().ExecContext(ctx, "INSERT OR REPLACE INTO anchors (agency, leaf, size, root, map_root) VALUES (?, ?, ?, ?, ?)",
		agency, a.Leaf, a.Size, a.Root[:], a.MapRoot[:])
	return err
}

// anchors gives an agency's anchors in the order of the log.
func (m *mapStore) anchors(ctx context.Context, agency string) (out []Anchored, err error) {
	rows, err := m.db().QueryContext(ctx, "SELECT leaf, size, root, map_root FROM anchors WHERE agency = ? ORDER BY leaf", agency)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var a Anchored
		var root, mapRoot []byte
		if err := rows.Scan(&a.Leaf, &a.Size, &root, &mapRoot); err != nil {
			return nil, err
		}
		copy(a.Root[:], root)
		copy(a.MapRoot[:], mapRoot)
		out = append(out, a)
	}
	return out, rows.Err()
}

func (m *mapStore) close() error { return m.db().Close() }

// packLeaves writes leaf indexes as their differences.
func packLeaves(leaves []int64) []byte {
	b := []byte{}
	last := int64(0)
	for _, n := range leaves {
		b = binary.AppendUvarint(b, uint64(n-last))
		last = n
	}
	return b
}

func unpackLeaves(out []int64, b []byte) ([]int64, error) {
	last := int64(0)
	for len(b) > 0 {
		d, n := binary.Uvarint(b)
		if n <= 0 || d > 1<<62-1 {
			return nil, fmt.Errorf("%w: map.db", ErrDamaged)
		}
		last += int64(d)
		out, b = append(out, last), b[n:]
	}
	return out, nil
}
