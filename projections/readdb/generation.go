package readdb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// NewGeneration makes fresh tables for a projection beside the live ones, to be
// loaded and then shown with Switch. Tables of generations that were left behind
// stay until DropOthers. ErrFenced when owner does not have the projection.
func (db *DB) NewGeneration(ctx context.Context, name, owner string, tables []Table) (*Writer, error) {
	for _, t := range tables {
		if err := t.Validate(); err != nil {
			return nil, err
		}
	}
	var w *Writer
	err := db.inTx(ctx, func(tx writeTx) error {
		var generation int64
		err := tx.scan(ctx, "UPDATE casefile_checkpoints SET last_generation = last_generation + 1 WHERE name = ? AND owner = ? RETURNING last_generation",
			[]any{name, owner}, &generation)
		if none(err) {
			return ErrFenced
		}
		if err != nil {
			return err
		}
		w = db.newWriter(name, generation, tables, true)
		for _, b := range w.order {
			if err := db.createTable(ctx, tx, b.physical); err != nil {
				return err
			}
			if _, err := tx.exec(ctx, "INSERT INTO casefile_generations (table_name, view_name, projection, generation) VALUES (?, ?, ?, ?)",
				b.name, b.Name, name, generation); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("readdb: making a generation of %s: %w", name, err)
	}
	return w, nil
}

// OpenGeneration gives a writer for the live generation of a projection.
func (db *DB) OpenGeneration(name string, generation int64, tables []Table) *Writer {
	return db.newWriter(name, generation, tables, false)
}

// Switch makes a loaded generation the live one.
type Switch struct {
	Writer  *Writer
	Owner   string
	Version int
	// From is the generation that must be live now.
	From     int64
	Position uint64
	Leaf     string
	State    State
}

// switchTries bounds how often a switch gives way to readers.
const switchTries = 60

// Switch shows a loaded generation to the readers and moves the checkpoint, in
// one transaction: a reader sees the old tables or the new ones. What the
// writer holds is written with it. ErrFenced when somebody else was first.
func (db *DB) Switch(ctx context.Context, s Switch) error {
	var err error
	for try := range switchTries {
		if err = db.inTx(ctx, func(tx writeTx) error { return db.switchOne(ctx, tx, s) }); err == nil {
			s.Writer.written()
			return nil
		}
		if !lockedOut(err) {
			break
		}
		// A reader held one of the views and waits for another, or held one for
		// long; let it and those behind it go on.
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(1+rand.IntN(5*(try+1))) * time.Millisecond):
		}
	}
	return fmt.Errorf("readdb: switching to a new generation: %w", err)
}

func (db *DB) switchOne(ctx context.Context, tx writeTx, s Switch) error {
	if err := db.briefly(ctx, tx); err != nil {
		return err
	}
	n, err := tx.exec(ctx, "UPDATE casefile_checkpoints SET version = ?, generation = ?, position = ?, leaf = ?, state = ?, error_code = '', error_position = 0, updated_at = "+
		db.dialect.now+" WHERE name = ? AND owner = ? AND generation = ?",
		int64(s.Version), s.Writer.generation, int64(s.Position), s.Leaf, string(s.State), s.Writer.projection, s.Owner, s.From)
	if err := fenced(n, err); err != nil {
		return err
	}
	if err := s.Writer.write(ctx, tx); err != nil {
		return err
	}
	// In another order with each try: a query over two views locks them in its
	// own order, and one that always crosses ours would always win.
	for _, i := range rand.Perm(len(s.Writer.order)) {
		if _, err := tx.exec(ctx, "DROP VIEW IF EXISTS "+quote(s.Writer.order[i].Name)); err != nil {
			return err
		}
	}
	for _, b := range s.Writer.order {
		if err := db.show(ctx, tx, b.physical); err != nil {
			return err
		}
	}
	return db.hide(ctx, tx, s)
}

// hide drops the views of tables that the projection has no more.
func (db *DB) hide(ctx context.Context, tx writeTx, s Switch) error {
	names, err := db.generationTables(ctx, tx, s.Writer.projection, s.From)
	if err != nil {
		return err
	}
	for _, n := range names {
		if s.Writer.tables[n.view] != nil {
			continue
		}
		if _, err := tx.exec(ctx, "DROP VIEW IF EXISTS "+quote(n.view)); err != nil {
			return err
		}
	}
	return nil
}

// briefly makes a transaction on PostgreSQL give up waiting for a lock before
// the server takes it for a deadlock with a reader and ends the reader instead.
func (db *DB) briefly(ctx context.Context, tx writeTx) error {
	if !db.dialect.dollar {
		return nil
	}
	_, err := tx.exec(ctx, "SET LOCAL lock_timeout = '200ms'")
	return err
}

func lockedOut(err error) bool {
	s := postgresState(err)
	return s == "55P03" || s == "40P01"
}

type generationTable struct {
	table, view string
	generation  int64
}

// generationTables lists the physical tables of one generation, or of all when
// generation is -1.
func (db *DB) generationTables(ctx context.Context, tx writeTx, projection string, generation int64) ([]generationTable, error) {
	var out []generationTable
	last := ""
	for {
		var g generationTable
		err := tx.scan(ctx, "SELECT table_name, view_name, generation FROM casefile_generations WHERE projection = ? AND (generation = ? OR ? = -1) AND table_name > ? ORDER BY table_name LIMIT 1",
			[]any{projection, generation, generation, last}, &g.table, &g.view, &g.generation)
		if none(err) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out, last = append(out, g), g.table
	}
}

// DropOthers drops all generations of a projection but the live one and those
// in keep. A table that a reader still holds stays for the next time; that is
// no error. Only the projection's owner may call it.
func (db *DB) DropOthers(ctx context.Context, name string, keep ...int64) error {
	var tables []generationTable
	err := db.inTx(ctx, func(tx writeTx) error {
		var live int64
		if err := tx.scan(ctx, "SELECT generation FROM casefile_checkpoints WHERE name = ?", []any{name}, &live); err != nil {
			return err
		}
		keep = append(slices.Clone(keep), live)
		var err error
		tables, err = db.generationTables(ctx, tx, name, -1)
		return err
	})
	if err != nil {
		return fmt.Errorf("readdb: listing the generations of %s: %w", name, err)
	}
	for _, t := range tables {
		if slices.Contains(keep, t.generation) {
			continue
		}
		if err := db.drop(ctx, t.table); err != nil && !lockedOut(err) {
			return fmt.Errorf("readdb: dropping a generation of %s: %w", name, err)
		}
	}
	return nil
}

func (db *DB) drop(ctx context.Context, table string) error {
	if !physicalForm.MatchString(table) {
		return errors.New("the list of generations names no table of a generation")
	}
	return db.inTx(ctx, func(tx writeTx) error {
		if err := db.briefly(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, "DROP TABLE IF EXISTS "+quote(table)); err != nil {
			return err
		}
		_, err := tx.exec(ctx, "DELETE FROM casefile_generations WHERE table_name = ?", table)
		return err
	})
}
