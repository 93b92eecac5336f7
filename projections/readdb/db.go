package readdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Config says where the tables live. Exactly one of SQLitePath and PostgresURL
// is set, or neither with Memory.
type Config struct {
	// SQLitePath is the database file. Its folder must exist; the file is made
	// with owner-only rights.
	SQLitePath string
	// PostgresURL is a connection string of PostgreSQL 12 or newer.
	PostgresURL string
	// Schema is the PostgreSQL schema that holds everything; it is made when it
	// is missing. Default "casefile_views".
	Schema string
	// Memory makes a temporary SQLite database in memory, gone with Close.
	Memory bool
	// SpillBytes bounds the rows that one load keeps in memory before it writes
	// them early; 0 means 256 MiB.
	SpillBytes int64
	// CacheBytes bounds the rows that a writer remembers between flushes, for
	// each projection; 0 means 16 MiB.
	CacheBytes int64
}

// DB is a database of projection tables.
//
// Writing goes through Writer and Flush; everything else only reads. Reads and
// writes may come from many goroutines; writes wait for each other on SQLite.
//
// Durability: a flushed transaction is atomic, but the newest ones may be lost
// with the machine's power (SQLite: synchronous=NORMAL in WAL mode, PostgreSQL:
// synchronous_commit=off). The checkpoint is lost with its rows, so nothing is
// missed: what is lost is read from the stream again.
type DB struct {
	read      *sql.DB
	engine    engine
	dialect   dialect
	spill     int64
	cache     int64
	rewritten sync.Map // query with ? -> query with $n; PostgreSQL only
	prepared  sync.Map // query -> *sql.Stmt of read; SQLite only, where the driver keeps none
	kept      atomic.Int32
	closed    sync.Once
}

// dialect is what the texts differ in.
type dialect struct {
	name string // "sqlite" or "postgres"
	// types by ColumnType
	types [3]string
	// now is the database's own clock in microseconds since 1970, so that two
	// instances on two machines agree on a lease.
	now string
	// dollar is true when placeholders are $n.
	dollar bool
	// leases is true when several processes may use one database.
	leases bool
}

// engine does what the two engines do differently.
type engine interface {
	// begin starts a writing transaction; on SQLite it waits for the one writer.
	begin(ctx context.Context) (writeTx, error)
	// get reads one committed row by its key.
	get(ctx context.Context, t *physical, key []any) (Row, bool, error)
	close() error
}

// writeTx is one writing transaction. After commit or rollback it may not be used.
type writeTx interface {
	exec(ctx context.Context, query string, args ...any) (int64, error)
	// scan reads one row; no row is sql.ErrNoRows or pgx.ErrNoRows.
	scan(ctx context.Context, query string, args []any, dest ...any) error
	insert(ctx context.Context, t *physical, rows []Row) error
	upsert(ctx context.Context, t *physical, rows []Row) error
	remove(ctx context.Context, t *physical, keys []Row) error
	commit(ctx context.Context) error
	rollback()
}

const (
	defaultSpill = 256 << 20
	defaultCache = 16 << 20
)

// Open opens or makes the database.
func Open(ctx context.Context, c Config) (*DB, error) {
	db := &DB{spill: c.SpillBytes, cache: c.CacheBytes}
	if db.spill <= 0 {
		db.spill = defaultSpill
	}
	if db.cache <= 0 {
		db.cache = defaultCache
	}
	var err error
	switch {
	case c.Memory && c.SQLitePath == "" && c.PostgresURL == "":
		err = db.openMemory(ctx)
	case c.SQLitePath != "" && c.PostgresURL == "":
		err = db.openSQLite(ctx, c.SQLitePath)
	case c.PostgresURL != "" && c.SQLitePath == "":
		err = db.openPostgres(ctx, c.PostgresURL, c.Schema)
	default:
		return nil, errors.New("readdb: name a SQLite file or a PostgreSQL server, and not both")
	}
	if err != nil {
		return nil, err
	}
	if err := db.prepare(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("readdb: preparing the database of the views: %w", err)
	}
	return db, nil
}

// OpenMemory makes a temporary database in memory, gone with Close.
func OpenMemory(ctx context.Context) (*DB, error) { return Open(ctx, Config{Memory: true}) }

// Engine is "sqlite" or "postgres".
func (db *DB) Engine() string { return db.dialect.name }

// Shared tells whether several processes may follow the stream into this
// database, so that projections are leased.
func (db *DB) Shared() bool { return db.dialect.leases }

// Query reads rows. Placeholders are ? on both engines. Name the tables as the
// projections do: readers see a view of that name, which is switched to another
// generation in one transaction, so never a half-built one.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if st := db.statement(ctx, query); st != nil {
		return st.QueryContext(ctx, args...)
	}
	return db.read.QueryContext(ctx, db.text(query), args...)
}

// QueryRow reads one row; see Query.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	if st := db.statement(ctx, query); st != nil {
		return st.QueryRowContext(ctx, args...)
	}
	return db.read.QueryRowContext(ctx, db.text(query), args...)
}

// Ping tells whether the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Close lets go. A second call does nothing.
func (db *DB) Close() error {
	var err error
	db.closed.Do(func() { err = errors.Join(db.read.Close(), db.engine.close()) })
	return err
}

// mostPrepared bounds the statements that are kept for reading.
const mostPrepared = 200

// statement gives the kept statement of a query on SQLite, where preparing one
// over the views takes longer than reading a few rows; nil where there is none.
// It lives on when the tables are switched: SQLite prepares it anew by itself.
func (db *DB) statement(ctx context.Context, query string) *sql.Stmt {
	if db.dialect.dollar {
		return nil
	}
	if st, ok := db.prepared.Load(query); ok {
		return st.(*sql.Stmt)
	}
	if db.kept.Load() >= mostPrepared {
		return nil
	}
	st, err := db.read.PrepareContext(ctx, query)
	if err != nil {
		return nil // the query itself will tell
	}
	if other, loaded := db.prepared.LoadOrStore(query, st); loaded {
		st.Close()
		return other.(*sql.Stmt)
	}
	db.kept.Add(1)
	return st
}

// text gives the query in the engine's placeholders. Queries are constants of
// the program, or built from few parts, so remembering each is bounded.
func (db *DB) text(query string) string {
	if !db.dialect.dollar {
		return query
	}
	if q, ok := db.rewritten.Load(query); ok {
		return q.(string)
	}
	q := Dollars(query)
	db.rewritten.Store(query, q)
	return q
}

// inTx runs f in one writing transaction.
func (db *DB) inTx(ctx context.Context, f func(tx writeTx) error) error {
	tx, err := db.engine.begin(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.rollback()
		return err
	}
	return tx.commit(ctx)
}
