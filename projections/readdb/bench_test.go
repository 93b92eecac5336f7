package readdb_test

import (
	"fmt"
	"testing"

	"github.com/casefile-engine/casefile/internal/testkit/pg"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// register is shaped like a register: many short columns, only ever inserted.
var register = readdb.Table{Name: "register", KeyColumns: 2, Indexes: [][]string{{"agency", "position"}, {"dossier"}}, Columns: []readdb.Column{
	{Name: "position", Type: readdb.Int}, {Name: "place", Type: readdb.Int}, {Name: "agency", Type: readdb.Text}, {Name: "dossier", Type: readdb.Text},
	{Name: "type", Type: readdb.Text}, {Name: "occurred", Type: readdb.Int}, {Name: "recorded", Type: readdb.Int}, {Name: "actor", Type: readdb.Text},
	{Name: "categories", Type: readdb.Text}, {Name: "purpose", Type: readdb.Text}, {Name: "ground", Type: readdb.Text}, {Name: "sealed", Type: readdb.Bytes},
}}

func registerRow(i int) readdb.Row {
	id := fmt.Sprintf("%08x-0000-7000-8000-%012x", uint32(i)*2654435761, i)
	return readdb.Row{int64(i), int64(0), "click", id, "dossier.opened", int64(i), int64(i), id, "contact plan", "guidance", "assignment", make([]byte, 60)}
}

// storedCommit is shaped like the copy of a commit: a key in random order and a
// kilobyte.
var storedCommit = readdb.Table{Name: "commits", KeyColumns: 2, Indexes: [][]string{{"position"}}, Columns: []readdb.Column{
	{Name: "aggregate", Type: readdb.Text}, {Name: "version", Type: readdb.Int}, {Name: "position", Type: readdb.Int}, {Name: "payload", Type: readdb.Bytes},
}}

func storedCommitRow(i int) readdb.Row {
	return readdb.Row{fmt.Sprintf("%08x-0000-7000-8000-%012x", uint32(i)*2654435761, i), int64(1), int64(i), make([]byte, 1100)}
}

// BenchmarkLoad measures rows/s of a load with its key and indexes, and of
// following: flushes of 500 rows that are inserted, and of 500 that are put.
func BenchmarkLoad(b *testing.B) {
	for _, engine := range []string{"sqlite", "postgres"} {
		for name, shape := range map[string]struct {
			table readdb.Table
			row   func(int) readdb.Row
		}{"register": {register, registerRow}, "commits": {storedCommit, storedCommitRow}} {
			for _, way := range []string{"load inserts", "load puts", "follow inserts", "follow puts"} {
				b.Run(engine+"/"+name+"/"+way, func(b *testing.B) {
					c := readdb.Config{SQLitePath: b.TempDir() + "/v.db"}
					if engine == "postgres" {
						c = readdb.Config{PostgresURL: pg.Start(b)}
					}
					db, err := readdb.Open(b.Context(), c)
					fatal(b, err)
					defer db.Close()
					rows := make([]readdb.Row, b.N)
					for i := range rows {
						rows[i] = shape.row(i)
					}
					b.ResetTimer()
					write(b, db, shape.table, rows, way)
					b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
				})
			}
		}
	}
}

func write(b *testing.B, db *readdb.DB, table readdb.Table, rows []readdb.Row, way string) {
	ctx := b.Context()
	_, _, err := db.Claim(ctx, "p", "me", true)
	fatal(b, err)
	w, err := db.NewGeneration(ctx, "p", "me", []readdb.Table{table})
	fatal(b, err)
	batch := 5000
	if way[0] == 'f' {
		batch = 500
		fatal(b, w.Finish(ctx))
	}
	for i, row := range rows {
		if way == "load inserts" || way == "follow inserts" {
			err = w.Insert(ctx, table.Name, row)
		} else {
			err = w.Put(ctx, table.Name, row)
		}
		fatal(b, err)
		if i%batch == batch-1 {
			fatal(b, w.Stream(ctx))
		}
	}
	fatal(b, w.Stream(ctx))
	if way[0] == 'l' {
		fatal(b, w.Finish(ctx))
	}
}

func fatal(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
