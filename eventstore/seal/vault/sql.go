package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/casefile-engine/casefile/domain"
)

// schemaVersion is the version of the tables that this program writes.
const schemaVersion = 1

// schema is one text for both engines; {text}, {blob} and {rowless} differ.
// Instants are microseconds since 1970 UTC, 0 for none. Key ids and commitments
// are stored as bytes (keyID): imports write many, and every byte counts.
const schema = `
CREATE TABLE IF NOT EXISTS meta (
	name {text} PRIMARY KEY,
	value {text} NOT NULL
){rowless};
CREATE TABLE IF NOT EXISTS epochs (
	id BIGINT PRIMARY KEY,
	opened BIGINT NOT NULL,
	closed BIGINT NOT NULL DEFAULT 0,
	method {text} NOT NULL DEFAULT '',
	check_value {blob} NOT NULL
);
CREATE TABLE IF NOT EXISTS root_keys (
	id {blob} PRIMARY KEY,
	agency {text} NOT NULL,
	owner {text} NOT NULL,
	class {text} NOT NULL,
	epoch BIGINT NOT NULL,
	created BIGINT NOT NULL,
	commitment {blob} NOT NULL,
	status {text} NOT NULL DEFAULT 'intact',
	changed BIGINT NOT NULL DEFAULT 0,
	announced BIGINT NOT NULL DEFAULT 0,
	UNIQUE (agency, owner, class)
){rowless};
CREATE TABLE IF NOT EXISTS nodes (
	key_id {blob} NOT NULL,
	prefix {text} NOT NULL,
	wrapped {blob} NOT NULL,
	PRIMARY KEY (key_id, prefix)
){rowless};
CREATE TABLE IF NOT EXISTS digest_keys (
	agency {text} NOT NULL,
	use {text} NOT NULL,
	epoch BIGINT NOT NULL,
	wrapped {blob} NOT NULL,
	PRIMARY KEY (agency, use)
){rowless};
`

// database is what differs between SQLite and PostgreSQL, and little else.
type database struct {
	*sql.DB
	postgres bool

	mu    sync.Mutex
	stmts map[string]*sql.Stmt // the long texts of execRows; they are dear to parse
}

// openSQLite opens or creates the file with mode 0600; SQLite gives its log
// the same mode.
func openSQLite(ctx context.Context, path string) (*database, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	err = errors.Join(f.Chmod(0o600), f.Close(), syncDir(filepath.Dir(path)))
	if err != nil {
		return nil, unavailable(err)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, unavailable(err)
	}
	// busy_timeout goes first, so that the pragmas after it can wait. Temporary
	// files stay in memory: a long insert would write its undo log to one.
	query := "_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=secure_delete(ON)&_pragma=temp_store(MEMORY)&_pragma=cache_size(-16384)&_pragma=wal_autocheckpoint(4000)&_txlock=immediate"
	dsn := url.URL{Scheme: "file", Path: abs, RawQuery: query}
	db, err := sql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, unavailable(err)
	}
	db.SetMaxOpenConns(4)
	d := &database{DB: db, stmts: map[string]*sql.Stmt{}}
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "secure_delete": "1"} {
		var got string
		if err := db.QueryRowContext(ctx, "PRAGMA "+pragma).Scan(&got); err != nil {
			return nil, errors.Join(unavailable(err), db.Close())
		}
		if got != want {
			return nil, errors.Join(unavailable(fmt.Errorf("sqlite: %s is %q, not %q", pragma, got, want)), db.Close())
		}
	}
	return d, nil
}

// openPostgres opens the schema casefile_vault, which init creates.
func openPostgres(address string) (*database, error) {
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return nil, unavailable(err)
	}
	c.RuntimeParams["search_path"] = "casefile_vault"
	c.RuntimeParams["synchronous_commit"] = "on"
	db := stdlib.OpenDB(*c)
	db.SetMaxOpenConns(8)
	db.SetMaxIdleConns(4)
	return &database{DB: db, postgres: true, stmts: map[string]*sql.Stmt{}}, nil
}

// createTables makes what is missing, inside a transaction that init holds.
func (d *database) createTables(ctx context.Context, tx *sql.Tx) error {
	text := strings.NewReplacer("{text}", "TEXT", "{blob}", "BLOB", "{rowless}", " WITHOUT ROWID").Replace(schema)
	if d.postgres {
		text = strings.NewReplacer("{text}", `TEXT COLLATE "C"`, "{blob}", "BYTEA", "{rowless}", "").Replace(schema)
		text = "CREATE SCHEMA IF NOT EXISTS casefile_vault;" + text
	}
	for _, s := range strings.Split(text, ";") {
		if strings.TrimSpace(s) == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// lockInit keeps other instances from setting up the same vault at the same
// time; SQLite's immediate transaction does that by itself.
func (d *database) lockInit(ctx context.Context, tx *sql.Tx) error {
	if !d.postgres {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(hashtext('casefile_vault'))")
	return err
}

// q rewrites the placeholders "?" for PostgreSQL. The texts hold no other "?".
func (d *database) q(text string) string {
	if !d.postgres {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/4)
	n := 0
	for i := range len(text) {
		if text[i] != '?' {
			b.WriteByte(text[i])
			continue
		}
		n++
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(n))
	}
	return b.String()
}

// inTx runs f in a transaction that is durable when inTx returns nil. f may run
// again when PostgreSQL gave up on a deadlock between two instances.
func (d *database) inTx(ctx context.Context, f func(*sql.Tx) error) error {
	var err error
	for range 5 {
		err = d.once(ctx, f)
		var pe *pgconn.PgError
		if !errors.As(err, &pe) || (pe.Code != "40P01" && pe.Code != "40001") {
			break
		}
	}
	return unavailable(err)
}

func (d *database) once(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := d.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, rollback(tx))
	}
	return tx.Commit()
}

func rollback(tx *sql.Tx) error {
	if err := tx.Rollback(); err != nil && !errors.Is(err, sql.ErrTxDone) {
		return err
	}
	return nil
}

// maxParams is the number of parameters in one statement; both engines take
// 32,000 at least, but the texts stay short enough to be parsed cheaply.
const maxParams = 1400

// execRows runs head, a list of rows "(?, …)" of width parameters each, and
// tail, as often as the number of args needs, and sums the affected rows.
func (d *database) execRows(ctx context.Context, tx *sql.Tx, head string, width int, args []any, tail string) (int64, error) {
	row := "(" + strings.Repeat("?,", width-1) + "?)"
	var affected int64
	for len(args) > 0 {
		n := min(len(args), maxParams/width*width)
		exec := tx.ExecContext
		text := d.q(head + strings.Repeat(row+",", n/width-1) + row + tail)
		if n == maxParams/width*width {
			s, err := d.prepared(ctx, text)
			if err != nil {
				return affected, err
			}
			exec = func(ctx context.Context, _ string, args ...any) (sql.Result, error) {
				return tx.StmtContext(ctx, s).ExecContext(ctx, args...)
			}
		}
		res, err := exec(ctx, text, args[:n]...)
		if err != nil {
			return affected, err
		}
		a, err := res.RowsAffected()
		if err != nil {
			return affected, err
		}
		affected += a
		args = args[n:]
	}
	return affected, nil
}

// prepared gives the statement of a text, which lives as long as the database.
func (d *database) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if s := d.stmts[text]; s != nil {
		return s, nil
	}
	s, err := d.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	d.stmts[text] = s
	return s, nil
}

// close lets go of the statements and the connections.
func (d *database) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	var errs []error
	for _, s := range d.stmts {
		errs = append(errs, s.Close())
	}
	clear(d.stmts)
	return errors.Join(errors.Join(errs...), d.Close())
}

// querier is a transaction or the database itself.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// eachRow calls scan for every row and closes the rows.
func eachRow(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
		if err := scan(rows); err != nil {
			return errors.Join(err, rows.Close())
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// unavailable makes a domain error of any error that is none yet.
func unavailable(err error) error {
	var e *domain.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return &domain.Error{
		Kind: domain.KindUnavailable, Code: "vault_unavailable", Rule: "C-2.1.4d",
		Message: "the key vault cannot be used now, so nothing personal can be stored or shown; look in the log for the cause and try again",
		Cause:   err,
	}
}
