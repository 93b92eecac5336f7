package pg_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

// Given one cluster, when two tests start a database each, then each is empty
// and its own.
func TestEachTestHasAnEmptyDatabase(t *testing.T) {
	for range 2 {
		t.Run("database", func(t *testing.T) {
			conn, err := pgx.Connect(t.Context(), pg.Start(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			if _, err := conn.Exec(t.Context(), "CREATE TABLE mine (a int)"); err != nil {
				t.Fatalf("the database was not empty: %v", err)
			}
		})
	}
}
