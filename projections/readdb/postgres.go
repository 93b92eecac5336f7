package readdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

var postgresDialect = dialect{
	name:   "postgres",
	types:  [3]string{Text: `TEXT COLLATE "C"`, Int: "BIGINT", Bytes: "BYTEA"},
	now:    "CAST(extract(epoch from clock_timestamp())*1000000 AS BIGINT)",
	dollar: true,
	leases: true,
}

const defaultSchema = "casefile_views"

func (db *DB) openPostgres(ctx context.Context, url, schema string) error {
	if schema == "" {
		schema = defaultSchema
	}
	if !nameForm.MatchString(schema) {
		return fmt.Errorf("readdb: a schema's name is 1 to 40 of a-z, 0-9 and _")
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		// The parser's own text would repeat the password.
		return errors.New("readdb: the address of PostgreSQL cannot be read; it is written postgres://user@host/database")
	}
	cfg.ConnConfig.RuntimeParams["search_path"] = schema
	// The checkpoint is lost with its rows, and read from the stream again.
	cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "off"
	cfg.ConnConfig.RuntimeParams["application_name"] = "casefile"
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("readdb: PostgreSQL does not answer: %w", err)
	}
	// In one transaction under a lock: two instances may start at once.
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(4861930711)"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "CREATE SCHEMA IF NOT EXISTS "+quote(schema))
		return err
	})
	if err != nil {
		pool.Close()
		return fmt.Errorf("readdb: PostgreSQL does not answer or does not let us make the schema: %w", err)
	}
	db.dialect = postgresDialect
	db.read = stdlib.OpenDBFromPool(pool)
	db.engine = &pgEngine{pool: pool, text: db.text}
	return nil
}

type pgEngine struct {
	pool *pgxpool.Pool
	text func(string) string
}

func (e *pgEngine) begin(ctx context.Context) (writeTx, error) {
	tx, err := e.pool.Begin(ctx)
	if err != nil {
		return nil, fmt.Errorf("readdb: beginning to write: %w", err)
	}
	return &pgTx{tx: tx, text: e.text}, nil
}

func (e *pgEngine) get(ctx context.Context, t *physical, key []any) (Row, bool, error) {
	row, err := scanRow(t.Columns, e.pool.QueryRow(ctx, e.text(t.selects), key...).Scan)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, nil
	}
	return row, err == nil, err
}

func (e *pgEngine) close() error {
	e.pool.Close()
	return nil
}

type pgTx struct {
	tx   pgx.Tx
	text func(string) string
}

func (t *pgTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := t.tx.Exec(ctx, t.text(query), args...)
	return tag.RowsAffected(), err
}

func (t *pgTx) scan(ctx context.Context, query string, args []any, dest ...any) error {
	return t.tx.QueryRow(ctx, t.text(query), args...).Scan(dest...)
}

// copyFrom is the number of rows from which COPY, which asks the server for the
// columns first, beats one INSERT over arrays.
const copyFrom = 256

// unnestRows bounds the rows of one statement over arrays.
const unnestRows = 5000

func (t *pgTx) insert(ctx context.Context, p *physical, rows []Row) error {
	if len(rows) < copyFrom {
		return t.arrays(ctx, p, p.Columns, rows, "INSERT INTO "+quote(p.name)+" ("+p.columns+") SELECT * FROM ", "")
	}
	names := make([]string, len(p.Columns))
	for i, c := range p.Columns {
		names[i] = c.Name
	}
	_, err := t.tx.CopyFrom(ctx, pgx.Identifier{p.name}, names, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) { return rows[i], nil }))
	return err
}

func (t *pgTx) upsert(ctx context.Context, p *physical, rows []Row) error {
	return t.arrays(ctx, p, p.Columns, rows, "INSERT INTO "+quote(p.name)+" ("+p.columns+") SELECT * FROM ", " "+p.onConflict())
}

func (t *pgTx) remove(ctx context.Context, p *physical, keys []Row) error {
	names := strings.Join(p.keys, ",")
	return t.arrays(ctx, p, p.Columns[:p.KeyColumns], keys,
		"DELETE FROM "+quote(p.name)+" WHERE ("+names+") IN (SELECT * FROM ", ")")
}

// arrays runs one statement over a table made of one array for each column, so
// that any number of rows is one prepared statement and one round trip.
func (t *pgTx) arrays(ctx context.Context, p *physical, columns []Column, rows []Row, head, tail string) error {
	var b strings.Builder
	b.WriteString(head + "unnest(")
	for i, c := range columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("?::" + [3]string{Text: "text", Int: "bigint", Bytes: "bytea"}[c.Type] + "[]")
	}
	b.WriteString(")" + tail)
	query := t.text(b.String())
	for len(rows) > 0 {
		n := min(len(rows), unnestRows)
		if _, err := t.tx.Exec(ctx, query, columnArrays(columns, rows[:n])...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

func columnArrays(columns []Column, rows []Row) []any {
	args := make([]any, len(columns))
	for i, c := range columns {
		switch c.Type {
		case Text:
			args[i] = columnOf[string](rows, i)
		case Int:
			args[i] = columnOf[int64](rows, i)
		default:
			args[i] = columnOf[[]byte](rows, i)
		}
	}
	return args
}

func columnOf[T any](rows []Row, i int) []T {
	out := make([]T, len(rows))
	for j, r := range rows {
		out[j] = r[i].(T)
	}
	return out
}

func (t *pgTx) commit(ctx context.Context) error {
	if err := t.tx.Commit(ctx); err != nil {
		return fmt.Errorf("readdb: committing: %w", err)
	}
	return nil
}

func (t *pgTx) rollback() { _ = t.tx.Rollback(context.Background()) }

// postgresState is the five-character code of an error of the server, or "".
func postgresState(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// postgresRefused tells whether PostgreSQL refused the data itself: its form,
// a constraint, or a limit of the server.
func postgresRefused(err error) bool {
	switch s := postgresState(err); {
	case len(s) != 5:
		return false
	default:
		return s[:2] == "22" || s[:2] == "23" || s[:2] == "54"
	}
}
