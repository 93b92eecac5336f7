package rows

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/casefile-engine/casefile/projections/readdb"
)

// ErrStop, given by a callback, ends a query early without an error.
var ErrStop = errors.New("rows: enough")

// Query runs a query and calls f for each row of the answer; f scans it.
func Query(ctx context.Context, db *readdb.DB, query string, args []any, f func(scan func(dest ...any) error) error) error {
	answer, err := db.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("reading a view: %w", err)
	}
	defer answer.Close()
	for answer.Next() {
		if err := f(answer.Scan); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	if err := answer.Err(); err != nil {
		return fmt.Errorf("reading a view: %w", err)
	}
	return nil
}

// One runs a query that answers at most one row; ok is false for none.
func One(ctx context.Context, db *readdb.DB, query string, args []any, dest ...any) (ok bool, err error) {
	err = db.QueryRow(ctx, query, args...).Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading a view: %w", err)
	}
	return true, nil
}

// Chunks calls f with at most size items at a time.
func Chunks[T any](items []T, size int, f func([]T) error) error {
	for len(items) > 0 {
		n := min(size, len(items))
		if err := f(items[:n]); err != nil {
			return err
		}
		items = items[n:]
	}
	return nil
}
