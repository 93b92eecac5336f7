package engine

import (
	"context"
	"database/sql"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/casefile-engine/casefile/domain"

	// The SQLite driver of database/sql.
	_ "modernc.org/sqlite"
)

// stateSchema is the PostgreSQL schema of credentials, sessions and snapshots.
const stateSchema = "casefile_state"

// openState opens the database of credentials and sessions. It is one of the
// three things that are not rebuilt from the stream, so every write is synced.
func openState(ctx context.Context, path, postgresURL string) (*sql.DB, string, error) {
	if postgresURL == "" {
		// Made here, since the driver would give it the rights of any file.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, "", unusable(err)
		}
		f.Close()
		db, err := sql.Open("sqlite", "file:"+path+"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate")
		if err != nil {
			return nil, "", err
		}
		if err := db.PingContext(ctx); err != nil {
			db.Close()
			return nil, "", unusable(err)
		}
		return db, "sqlite", nil
	}
	c, err := pgx.ParseConfig(postgresURL)
	if err != nil {
		return nil, "", postgresUnreachable(err)
	}
	c.RuntimeParams["search_path"] = stateSchema
	db := stdlib.OpenDB(*c)
	if _, err := db.ExecContext(ctx, fmt.Sprintf("CREATE SCHEMA IF NOT EXISTS %s", stateSchema)); err != nil {
		db.Close()
		return nil, "", postgresUnreachable(err)
	}
	return db, "postgres", nil
}

func postgresUnreachable(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "postgres_unreachable", Rule: "C-2.1.2", Message: "PostgreSQL cannot be reached or does not let casefile make its schema; check --postgres-url and the rights of that user", Cause: err}
}
