package auth

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"sort"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Dialects of the state database.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// store is the SQL behind credentials and sessions. One text serves both
// engines; placeholders are written as ? and numbered for PostgreSQL.
type store struct {
	db      *sql.DB
	dialect string
}

// q rewrites placeholders for the dialect. The texts of this package contain
// no question mark but for placeholders.
func (s *store) q(text string) string {
	if s.dialect != Postgres {
		return text
	}
	var b strings.Builder
	n := 0
	for _, r := range text {
		if r == '?' {
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// migrate brings the tables to the newest version, each step in a transaction
// of its own together with the number that says that it was taken.
func (s *store) migrate(ctx context.Context) error {
	if _, err := s.db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS auth_version (version BIGINT NOT NULL PRIMARY KEY)`); err != nil {
		return fmt.Errorf("auth: making the version table: %w", err)
	}
	var have int
	if err := s.db.QueryRowContext(ctx, `SELECT COALESCE(MAX(version), 0) FROM auth_version`).Scan(&have); err != nil {
		return fmt.Errorf("auth: reading the version: %w", err)
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	sort.Slice(files, func(i, j int) bool { return files[i].Name() < files[j].Name() })
	if have > len(files) {
		return fmt.Errorf("auth: the state database has version %d and this program knows %d; use the newer program", have, len(files))
	}
	for i, f := range files[have:] {
		text, err := migrations.ReadFile("migrations/" + f.Name())
		if err != nil {
			return err
		}
		if err := s.step(ctx, have+i+1, string(text)); err != nil {
			return fmt.Errorf("auth: migration %s: %w", f.Name(), err)
		}
	}
	return nil
}

func (s *store) step(ctx context.Context, version int, text string) error {
	bytesType := "BLOB"
	if s.dialect == Postgres {
		bytesType = "BYTEA"
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	// Claiming the number first makes two processes that start at once wait for
	// each other, and the later one fail instead of migrating twice.
	if _, err := tx.ExecContext(ctx, s.q(`INSERT INTO auth_version (version) VALUES (?)`), version); err != nil {
		return err
	}
	for _, stmt := range strings.Split(stripComments(text), ";") {
		if stmt = strings.TrimSpace(strings.ReplaceAll(stmt, "{{bytes}}", bytesType)); stmt == "" {
			continue
		}
		if _, err := tx.ExecContext(ctx, stmt); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func stripComments(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if j := strings.Index(l, "--"); j >= 0 {
			lines[i] = l[:j]
		}
	}
	return strings.Join(lines, "\n")
}
