package readdb

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

var sqliteDialect = dialect{
	name:  "sqlite",
	types: [3]string{Text: "TEXT", Int: "INTEGER", Bytes: "BLOB"}, // TEXT compares as BINARY: byte order
	now:   "CAST(unixepoch('subsec')*1000000 AS INTEGER)",
}

// What every connection is set to. busy_timeout comes first, so that setting
// the rest waits its turn too. The write-ahead log is folded in at 64 MiB:
// bulk loads gain from it, and each folding costs two syncs. analysis_limit
// makes ANALYZE look at a sample. Pages of 8 KiB cost about a tenth less than
// those of 4 KiB, of the processor and of writing, for rows of 0.3 and 1.2 kB.
const (
	sqlitePragmas = "_pragma=busy_timeout(10000)&_pragma=page_size(8192)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)" +
		"&_pragma=foreign_keys(1)&_pragma=wal_autocheckpoint(8192)&_pragma=journal_size_limit(67108864)"
	// The writer's cache is also what sorting for an index may take.
	writePragmas = "&_pragma=cache_size(-64000)&_pragma=analysis_limit(1000)"
	readPragmas  = "&_pragma=cache_size(-8000)&_pragma=query_only(1)"
)

// What is set only in memory, where there is neither log nor sync.
const memoryPragmas = "vfs=memdb&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"

func (db *DB) openSQLite(ctx context.Context, path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("readdb: the path of the database: %w", err)
	}
	// Made here for its rights; SQLite gives its log files the same.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("readdb: the file of the database cannot be opened: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	uri := (&url.URL{Scheme: "file", Path: path}).String()
	return db.connectSQLite(ctx, uri+"?"+sqlitePragmas+writePragmas, uri+"?"+sqlitePragmas+readPragmas)
}

func (db *DB) openMemory(ctx context.Context) error {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		return err
	}
	// A name that begins with a slash is shared by the connections of this process.
	uri := "file:/casefile-" + hex.EncodeToString(id[:]) + "?" + memoryPragmas
	return db.connectSQLite(ctx, uri, uri+"&_pragma=query_only(1)")
}

func (db *DB) connectSQLite(ctx context.Context, write, read string) error {
	wc, err := sqlite.NewConnector(write)
	if err != nil {
		return fmt.Errorf("readdb: %w", err)
	}
	pool := sql.OpenDB(wc)
	pool.SetMaxOpenConns(1)
	conn, err := pool.Conn(ctx)
	if err != nil {
		pool.Close()
		return fmt.Errorf("readdb: opening SQLite: %w", err)
	}
	rc, err := sqlite.NewConnector(read)
	if err != nil {
		return errors.Join(err, conn.Close(), pool.Close())
	}
	db.dialect = sqliteDialect
	db.read = sql.OpenDB(rc)
	db.read.SetMaxOpenConns(max(4, 2*runtime.GOMAXPROCS(0)))
	db.read.SetMaxIdleConns(4)
	db.engine = &sqliteEngine{pool: pool, conn: conn, read: db.read, stmts: map[string]driver.Stmt{}, gets: map[string]*sql.Stmt{}}
	return nil
}

// sqliteEngine writes on one connection. mu is held by the writing transaction
// and guards conn and stmts; getMu guards gets.
type sqliteEngine struct {
	mu    sync.Mutex
	pool  *sql.DB
	conn  *sql.Conn
	stmts map[string]driver.Stmt
	read  *sql.DB

	getMu sync.Mutex
	gets  map[string]*sql.Stmt
}

func (e *sqliteEngine) begin(ctx context.Context) (writeTx, error) {
	e.mu.Lock()
	if err := ctx.Err(); err != nil {
		e.mu.Unlock()
		return nil, err
	}
	if _, err := e.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		// The context may have ended just after the transaction began.
		_, _ = e.conn.ExecContext(context.Background(), "ROLLBACK")
		e.mu.Unlock()
		return nil, fmt.Errorf("readdb: beginning to write: %w", err)
	}
	return &sqliteTx{e: e}, nil
}

func (e *sqliteEngine) get(ctx context.Context, t *physical, key []any) (Row, bool, error) {
	e.getMu.Lock()
	st := e.gets[t.name]
	if st == nil {
		var err error
		if st, err = e.read.PrepareContext(ctx, t.selects); err != nil {
			e.getMu.Unlock()
			return nil, false, err
		}
		e.gets[t.name] = st
	}
	e.getMu.Unlock()
	row, err := scanRow(t.Columns, st.QueryRowContext(ctx, key...).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return row, err == nil, err
}

// forget closes the remembered statements, so that a dropped table leaves none.
// The caller holds mu.
func (e *sqliteEngine) forget() {
	for q, st := range e.stmts {
		st.Close()
		delete(e.stmts, q)
	}
	e.getMu.Lock()
	defer e.getMu.Unlock()
	for q, st := range e.gets {
		st.Close()
		delete(e.gets, q)
	}
}

func (e *sqliteEngine) close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.forget()
	return errors.Join(e.conn.Close(), e.pool.Close())
}

// sqliteTx is the one writing transaction; it holds the engine's mu.
type sqliteTx struct {
	e    *sqliteEngine
	done bool
}

func (tx *sqliteTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	switch {
	case strings.HasPrefix(query, "DROP TABLE"):
		tx.e.forget()
	case strings.HasPrefix(query, "UPDATE "): // few texts, and several with each flush
		return tx.update(query, args)
	}
	res, err := tx.e.conn.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// update runs a statement that is kept.
func (tx *sqliteTx) update(query string, args []any) (n int64, err error) {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		v, err := driver.DefaultParameterConverter.ConvertValue(a)
		if err != nil {
			return 0, err
		}
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	err = tx.e.conn.Raw(func(c any) error {
		st, err := tx.keep(c, query)
		if err != nil {
			return err
		}
		res, err := st.(driver.StmtExecContext).ExecContext(context.Background(), values)
		if err == nil {
			n, err = res.RowsAffected()
		}
		return err
	})
	return n, err
}

func (tx *sqliteTx) scan(ctx context.Context, query string, args []any, dest ...any) error {
	return tx.e.conn.QueryRowContext(ctx, query, args...).Scan(dest...)
}

// insertInto begins an insertion of many rows. A transaction in which one fails
// is rolled back as a whole, so SQLite need not keep the pages for taking back
// the statement alone, which costs as much as writing them.
const insertInto = "INSERT OR FAIL INTO "

func (tx *sqliteTx) insert(_ context.Context, t *physical, rows []Row) error {
	return tx.bulk(insertInto+quote(t.name)+" ("+t.columns+") VALUES ", "", len(t.Columns), rows)
}

func (tx *sqliteTx) upsert(_ context.Context, t *physical, rows []Row) error {
	return tx.bulk(insertInto+quote(t.name)+" ("+t.columns+") VALUES ", " "+t.onConflict(), len(t.Columns), rows)
}

func (tx *sqliteTx) remove(_ context.Context, t *physical, keys []Row) error {
	return tx.bulk("DELETE FROM "+quote(t.name)+" WHERE ("+strings.Join(t.keys, ",")+") IN (VALUES ", ")", t.KeyColumns, keys)
}

// bulkParams bounds the parameters of one statement. Measured with 12 columns
// and rows of 300 bytes: one row a statement 98,000 rows/s, twenty 180,000, a
// hundred 243,000, five hundred 265,000.
const bulkParams = 1200

// bulk runs one statement for each batch of rows. The statement of a full batch
// and those of 1, 2, 4, … rows are kept, so that any number of rows needs few.
func (tx *sqliteTx) bulk(head, tail string, width int, rows []Row) error {
	full := max(1, bulkParams/width)
	return tx.e.conn.Raw(func(c any) error {
		args := make([]driver.NamedValue, 0, full*width)
		for len(rows) > 0 {
			n := full
			if len(rows) < full {
				n = 1 << (bits.Len(uint(len(rows))) - 1)
			}
			st, err := tx.statement(c, head, tail, width, n)
			if err != nil {
				return err
			}
			args = args[:0]
			for _, row := range rows[:n] {
				for _, v := range row {
					args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: v})
				}
			}
			// The batch is short; a transaction that its caller gave up is rolled back.
			if _, err := st.(driver.StmtExecContext).ExecContext(context.Background(), args); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
}

func (tx *sqliteTx) statement(c any, head, tail string, width, n int) (driver.Stmt, error) {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	return tx.keep(c, head+strings.Repeat(row+",", n-1)+row+tail)
}

// keep gives a statement of the connection c, prepared once.
func (tx *sqliteTx) keep(c any, q string) (driver.Stmt, error) {
	if st := tx.e.stmts[q]; st != nil {
		return st, nil
	}
	st, err := c.(driver.ConnPrepareContext).PrepareContext(context.Background(), q)
	if err != nil {
		return nil, err
	}
	tx.e.stmts[q] = st
	return st, nil
}

func (tx *sqliteTx) commit(context.Context) error {
	// Not with the caller's context: a commit that is under way is finished.
	_, err := tx.e.conn.ExecContext(context.Background(), "COMMIT")
	if err != nil {
		tx.rollback()
		return fmt.Errorf("readdb: committing: %w", err)
	}
	tx.done = true
	tx.e.mu.Unlock()
	return nil
}

func (tx *sqliteTx) rollback() {
	if tx.done {
		return
	}
	tx.done = true
	// Some errors have rolled back already; then there is nothing to do.
	_, _ = tx.e.conn.ExecContext(context.Background(), "ROLLBACK")
	tx.e.mu.Unlock()
}

// sqliteRefused tells whether SQLite refused the data itself.
func sqliteRefused(err error) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG:
		return true
	}
	return false
}
