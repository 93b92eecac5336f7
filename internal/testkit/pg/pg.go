// Package pg gives tests a private PostgreSQL: one cluster for each test
// process, made from the binaries that the system has, and an empty database
// for each test. It listens on a Unix socket only.
package pg

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/casefile-engine/casefile/internal/testkit/pgcluster"
)

// Start gives the address of an empty database that is dropped when the test
// ends. The first call in a process makes the cluster, in about a second.
//
// The test fails when there is no PostgreSQL: nothing is left out silently.
func Start(t testing.TB) (address string) {
	t.Helper()
	c, err := shared()
	if err != nil {
		t.Fatalf("a private PostgreSQL cannot be started: %v\n"+
			"Install its server, on Debian with: apt-get install postgresql (no running service is needed).", err)
	}
	name := fmt.Sprintf("test%d", databases.Add(1))
	run(t, c, "CREATE DATABASE "+name+" TEMPLATE template0")
	t.Cleanup(func() { run(t, c, "DROP DATABASE "+name+" WITH (FORCE)") })
	return c.Address(name)
}

// shared makes the cluster once; every later test gets the same answer.
var shared = sync.OnceValues(func() (*pgcluster.Cluster, error) {
	return pgcluster.Start(pgcluster.Options{Settings: "shared_buffers=64MB\n"})
})

var databases atomic.Int64

// run runs a statement on the cluster's own database.
func run(t testing.TB, c *pgcluster.Cluster, statement string) {
	t.Helper()
	if err := c.Exec(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}
