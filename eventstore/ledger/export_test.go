package ledger

import "database/sql"

// DB is the lock's database, for tests that play with time.
func (l *PostgresLock) DB() *sql.DB { return l.db }
