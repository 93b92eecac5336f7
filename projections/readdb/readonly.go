package readdb

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"modernc.org/sqlite"
)

// OpenReadOnly opens a database to look at: nothing is made and nothing written,
// not even beside the file. A SQLite file is read as it is, so nobody may write to
// it meanwhile, and what a crash left in its log (FILE-wal) is not seen: whoever
// finds one there opens a copy of both. Writing through it fails.
func OpenReadOnly(ctx context.Context, c Config) (*DB, error) {
	db := &DB{spill: defaultSpill, cache: defaultCache, engine: readOnly{}}
	switch {
	case c.SQLitePath != "":
		path, err := filepath.Abs(c.SQLitePath)
		if err != nil {
			return nil, err
		}
		uri := (&url.URL{Scheme: "file", Path: path}).String()
		connector, err := sqlite.NewConnector(uri + "?mode=ro&immutable=1&_pragma=query_only(1)")
		if err != nil {
			return nil, err
		}
		db.dialect, db.read = sqliteDialect, sql.OpenDB(connector)
	case c.PostgresURL != "":
		cfg, err := pgxpool.ParseConfig(c.PostgresURL)
		if err != nil {
			return nil, errors.New("readdb: the address of PostgreSQL cannot be read; it is written postgres://user@host/database")
		}
		cfg.ConnConfig.RuntimeParams["search_path"] = cmp.Or(c.Schema, defaultSchema)
		cfg.ConnConfig.RuntimeParams["default_transaction_read_only"] = "on"
		pool, err := pgxpool.NewWithConfig(ctx, cfg)
		if err != nil {
			return nil, fmt.Errorf("readdb: PostgreSQL does not answer: %w", err)
		}
		db.dialect, db.read = postgresDialect, stdlib.OpenDBFromPool(pool)
		db.engine = readOnly{pool.Close}
	default:
		return nil, errors.New("readdb: name a SQLite file or a PostgreSQL server")
	}
	if err := db.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("readdb: the database of the views cannot be read: %w", err), db.Close())
	}
	return db, nil
}

// readOnly is the engine of a database that is only looked at.
type readOnly struct{ end func() }

var errReadOnly = errors.New("readdb: the database was opened for reading alone")

func (readOnly) begin(context.Context) (writeTx, error) { return nil, errReadOnly }

func (readOnly) get(context.Context, *physical, []any) (Row, bool, error) {
	return nil, false, errReadOnly
}

func (e readOnly) close() error {
	if e.end != nil {
		e.end()
	}
	return nil
}

// Checkpoints reads all checkpoints as of the snapshot.
func (s *Snapshot) Checkpoints(ctx context.Context) (map[string]Checkpoint, error) {
	rows, err := s.tx.QueryContext(ctx, "SELECT "+checkpointColumns+" FROM casefile_checkpoints")
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

// Diff calls f with each row that is in one of two copies of a table and not, or
// not so, in the other: a generation of live and one of rebuilt, in the order of
// keys. A row that one has not is nil. f may give an error to end it.
func Diff(ctx context.Context, t Table, live *Snapshot, a int64, rebuilt *Snapshot, b int64, f func(live, rebuilt Row) error) error {
	x, err := live.cursor(ctx, newPhysical(t, a))
	if err != nil {
		return err
	}
	defer x.rows.Close()
	y, err := rebuilt.cursor(ctx, newPhysical(t, b))
	if err != nil {
		return err
	}
	defer y.rows.Close()
	for x.row != nil || y.row != nil {
		order := 0
		switch {
		case x.row == nil:
			order = 1
		case y.row == nil:
			order = -1
		default:
			order = compareRows(x.row[:t.KeyColumns], y.row[:t.KeyColumns])
		}
		switch {
		case order < 0:
			err = f(x.row, nil)
		case order > 0:
			err = f(nil, y.row)
		case compareRows(x.row, y.row) != 0:
			err = f(x.row, y.row)
		}
		if order <= 0 && err == nil {
			err = x.next()
		}
		if order >= 0 && err == nil {
			err = y.next()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

type cursor struct {
	rows *sql.Rows
	cols []Column
	row  Row
}

func (s *Snapshot) cursor(ctx context.Context, p *physical) (*cursor, error) {
	rows, err := s.tx.QueryContext(ctx, "SELECT "+p.columns+" FROM "+quote(p.name)+" ORDER BY "+strings.Join(p.keys, ","))
	if err != nil {
		return nil, err
	}
	c := &cursor{rows: rows, cols: p.Columns}
	if err := c.next(); err != nil {
		rows.Close()
		return nil, err
	}
	return c, nil
}

func (c *cursor) next() (err error) {
	c.row = nil
	if !c.rows.Next() {
		return c.rows.Err()
	}
	c.row, err = scanRow(c.cols, c.rows.Scan)
	return err
}

// compareRows compares values of the same columns, in the order of the databases.
func compareRows(a, b Row) int {
	for i := range a {
		n := 0
		switch v := a[i].(type) {
		case string:
			n = cmp.Compare(v, b[i].(string))
		case int64:
			n = cmp.Compare(v, b[i].(int64))
		case []byte:
			n = bytes.Compare(v, b[i].([]byte))
		}
		if n != 0 {
			return n
		}
	}
	return 0
}

// Shown compares what readers see under the names of the tables with the
// generation that the checkpoint names: the names of those that show something
// else, and of whatever else changes rows by itself (triggers). SQLite alone.
func (s *Snapshot) Shown(ctx context.Context, generation int64, tables []Table) (wrong []string, err error) {
	if s.db.dialect.dollar {
		return nil, nil
	}
	for _, t := range tables {
		p := newPhysical(t, generation)
		want := "CREATE VIEW " + quote(t.Name) + " AS SELECT " + p.columns + " FROM " + quote(p.name)
		var got string
		err := s.tx.QueryRowContext(ctx, "SELECT sql FROM sqlite_master WHERE type = 'view' AND name = ?", t.Name).Scan(&got)
		if err != nil && !none(err) {
			return nil, err
		}
		if got != want {
			wrong = append(wrong, t.Name)
		}
		var n int
		if err := s.tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN (?, ?)", p.name, t.Name).Scan(&n); err != nil {
			return nil, err
		}
		if n > 0 {
			wrong = append(wrong, "triggers on "+t.Name)
		}
	}
	return wrong, nil
}

// Integrity is SQLite's own check of its file: "" when it finds nothing. On
// PostgreSQL it is not asked.
func (db *DB) Integrity(ctx context.Context) (string, error) {
	if db.dialect.dollar {
		return "", nil
	}
	var verdict string
	if err := db.read.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&verdict); err != nil {
		return err.Error(), ctx.Err()
	}
	if verdict == "ok" {
		return "", nil
	}
	return verdict, nil
}
