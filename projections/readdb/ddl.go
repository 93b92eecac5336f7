package readdb

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// physical is one table of one generation, with the texts that are needed often.
type physical struct {
	Table
	name    string // <table>_g<generation>
	columns string // quoted, with commas
	keys    []string
	selects string // one row by its key
}

func newPhysical(t Table, generation int64) *physical {
	p := &physical{Table: t, name: t.Name + "_g" + strconv.FormatInt(generation, 10)}
	names := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		names[i] = quote(c.Name)
	}
	p.columns = strings.Join(names, ",")
	p.keys = names[:t.KeyColumns]
	p.selects = "SELECT " + p.columns + " FROM " + quote(p.name) + " WHERE " + strings.Join(p.keys, "=? AND ") + "=?"
	return p
}

func quote(name string) string { return `"` + name + `"` }

// A name must leave room for the generation and an index's number within
// PostgreSQL's 63 bytes, and needs no escaping.
var nameForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)

var physicalForm = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}_g[0-9]+$`)

// Validate checks the description of a table.
func (t Table) Validate() error {
	if !nameForm.MatchString(t.Name) {
		return fmt.Errorf("readdb: a table's name is 1 to 40 of a-z, 0-9 and _: %q", t.Name)
	}
	if t.KeyColumns < 1 || t.KeyColumns > len(t.Columns) {
		return fmt.Errorf("readdb: table %s needs a primary key of its first columns", t.Name)
	}
	var names []string
	for _, c := range t.Columns {
		if !nameForm.MatchString(c.Name) || c.Type < Text || c.Type > Bytes || slices.Contains(names, c.Name) {
			return fmt.Errorf("readdb: table %s has a column that cannot be made: %q", t.Name, c.Name)
		}
		names = append(names, c.Name)
	}
	for _, list := range append(slices.Clone(t.Indexes), t.Sealed) {
		for _, c := range list {
			if !slices.Contains(names, c) {
				return fmt.Errorf("readdb: table %s has no column %q to index or to seal", t.Name, c)
			}
		}
	}
	return nil
}

// createTable is without a key: the key is an index that key makes, at once for
// a table that is followed, after the load for one that is loaded.
func (db *DB) createTable(ctx context.Context, tx writeTx, p *physical) error {
	var b strings.Builder
	b.WriteString("CREATE TABLE " + quote(p.name) + " (")
	for i, c := range p.Columns {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(quote(c.Name) + " " + db.dialect.types[c.Type] + " NOT NULL")
	}
	b.WriteString(")")
	_, err := tx.exec(ctx, b.String())
	return err
}

// key makes the primary key's index. It fails when two rows have one key.
func (db *DB) key(ctx context.Context, tx writeTx, p *physical) error {
	_, err := tx.exec(ctx, "CREATE UNIQUE INDEX IF NOT EXISTS "+quote(p.name+"_k")+" ON "+quote(p.name)+" ("+strings.Join(p.keys, ",")+")")
	return err
}

// index makes the further indexes.
func (db *DB) index(ctx context.Context, tx writeTx, p *physical) error {
	for i, cols := range p.Indexes {
		quoted := make([]string, len(cols))
		for j, c := range cols {
			quoted[j] = quote(c)
		}
		if _, err := tx.exec(ctx, "CREATE INDEX IF NOT EXISTS "+quote(p.name+"_i"+strconv.Itoa(i))+" ON "+quote(p.name)+" ("+strings.Join(quoted, ",")+")"); err != nil {
			return err
		}
	}
	return nil
}

// show makes the readers' view of a table, at one generation.
func (db *DB) show(ctx context.Context, tx writeTx, p *physical) error {
	_, err := tx.exec(ctx, "CREATE VIEW "+quote(p.Name)+" AS SELECT "+p.columns+" FROM "+quote(p.name))
	return err
}

// prepare makes the engine's own tables, which say what there is:
//
//   - casefile_checkpoints: one row for each projection;
//   - casefile_generations: one row for each physical table.
func (db *DB) prepare(ctx context.Context) error {
	text, num := db.dialect.types[Text]+" NOT NULL DEFAULT ''", db.dialect.types[Int]+" NOT NULL DEFAULT 0"
	return db.inTx(ctx, func(tx writeTx) error {
		if db.dialect.dollar {
			// Two instances that start at once would both make the tables.
			if _, err := tx.exec(ctx, "SELECT pg_advisory_xact_lock(4861930711)"); err != nil {
				return err
			}
		}
		for _, q := range []string{
			"CREATE TABLE IF NOT EXISTS casefile_checkpoints (name " + text + " PRIMARY KEY, version " + num + ", generation " + num +
				", last_generation " + num + ", position " + num + ", leaf " + text + ", state " + text + ", error_code " + text +
				", error_position " + num + ", updated_at " + num + ", owner " + text + ", lease_until " + num + ")",
			"CREATE TABLE IF NOT EXISTS casefile_generations (table_name " + text + " PRIMARY KEY, view_name " + text +
				", projection " + text + ", generation " + num + ")",
		} {
			if _, err := tx.exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}
