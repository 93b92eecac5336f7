// Package readdb keeps the tables of the projections in SQLite or PostgreSQL,
// from one description of each table, and writes them in bulk.
package readdb

import "context"

// ColumnType is a type that both engines have.
type ColumnType int

// The column types and their Go values in a Row.
const (
	Text  ColumnType = iota // string; TEXT COLLATE "C" / BINARY: byte order
	Int                     // int64; BIGINT / INTEGER
	Bytes                   // []byte; BYTEA / BLOB
)

// Column is one column. Absent values are "" , 0 or nil: no NULLs.
type Column struct {
	Name string
	Type ColumnType
}

// Table describes one table of a projection. The first KeyColumns columns are
// its primary key. Instants are stored as Int, microseconds since 1970 UTC, or
// as RFC 3339 Text where the sub-microsecond or the zone matters; civil dates as Text.
type Table struct {
	Name       string
	Columns    []Column
	KeyColumns int
	// Indexes are further indexes, each a list of column names.
	Indexes [][]string
	// Sealed names the columns that hold sealed sections, for the test that
	// nothing else can hold personal data.
	Sealed []string
}

// Row has a value for each column, in the table's order: string, int64 or []byte.
type Row []any

// Tx is a projection's transaction: a buffer over the tables that is written
// in bulk with the checkpoint. Reads see what was put before in the same Tx.
type Tx interface {
	// Get gives the row with that primary key; ok is false when there is none.
	// The caller may not change the row but may Put a changed copy.
	Get(ctx context.Context, table string, key ...any) (row Row, ok bool, err error)
	// Insert adds a row that is known not to exist yet; the fast path for
	// registers that only grow. A second row with the same key fails the flush.
	Insert(ctx context.Context, table string, row Row) error
	// Put adds the row or replaces the one with its key.
	Put(ctx context.Context, table string, row Row) error
	// Delete removes the row with that key, if there is one.
	Delete(ctx context.Context, table string, key ...any) error
}
