package readdb

import (
	"context"
	"fmt"
	"slices"
)

// Writer builds one generation of the tables of one projection. It is the Tx
// that the projection's Apply gets: a write-behind buffer, so that a row that
// changes ten times between two flushes is written once, and a row that was
// read or written lately is not read again.
//
// Begin starts a commit and Undo takes back all that was done since, so that a
// commit whose Apply fails leaves no trace.
//
// A table is either followed (it has its key in the database, and what is not
// in the buffer is looked up there) or being loaded (fresh: it has no key yet,
// rows that are only inserted are streamed to it, all others stay in memory and
// are written once, in the order of their keys, when the load ends or when they
// outgrow the limit).
//
// One goroutine uses a Writer at a time. It is the only writer of its tables:
// the fence in Flush is what makes that true.
type Writer struct {
	db         *DB
	projection string
	generation int64
	tables     map[string]*buffer
	order      []*buffer
	journal    []undo
	inflight   chan error // of the goroutine that writes streamed rows; nil without one
}

// buffer is what a Writer knows of one table.
type buffer struct {
	*physical
	// fresh: no key in the database; streamed: it has rows there all the same.
	fresh, streamed bool
	// indexed: entries is in use. It stays off while rows are only inserted.
	indexed bool
	inserts []Row // in their order; only while not indexed
	mark    int   // how many there were at Begin
	entries map[string]*entry
	old     map[string]*entry // an older generation of clean entries
	dirty   []*entry
	// bytes is about what inserts and entries hold, pending the part not yet written.
	bytes, pending int64
	scratch        []byte
}

type op uint8

const (
	clean op = iota
	insert
	put
	del
)

// entry is one row by its key. row is nil when there is none.
type entry struct {
	key    string
	row    Row
	op     op
	listed bool // stands in dirty
}

// cost is about what an entry takes beside its row.
func (e *entry) cost() int64 { return int64(len(e.key)) + 128 }

// undo restores one entry.
type undo struct {
	b   *buffer
	e   *entry
	row Row
	op  op
	new bool // the entry was not known before
}

func (db *DB) newWriter(projection string, generation int64, tables []Table, fresh bool) *Writer {
	w := &Writer{db: db, projection: projection, generation: generation, tables: map[string]*buffer{}}
	for _, t := range tables {
		b := &buffer{physical: newPhysical(t, generation), fresh: fresh, entries: map[string]*entry{}}
		w.tables[t.Name] = b
		w.order = append(w.order, b)
	}
	return w
}

// Generation is the number of the generation that it builds.
func (w *Writer) Generation() int64 { return w.generation }

// Begin starts a commit: Undo goes back to here.
func (w *Writer) Begin() {
	w.journal = w.journal[:0]
	for _, b := range w.order {
		b.mark = len(b.inserts)
	}
}

// Undo takes back everything since Begin.
func (w *Writer) Undo() {
	for _, u := range slices.Backward(w.journal) {
		u.b.account(u.e.row, u.e.op, -1)
		u.e.row, u.e.op = u.row, u.op
		u.b.account(u.e.row, u.e.op, +1)
		if u.new {
			delete(u.b.entries, u.e.key)
		}
	}
	w.journal = w.journal[:0]
	for _, b := range w.order {
		for _, r := range b.inserts[b.mark:] {
			b.account(r, insert, -1)
		}
		clear(b.inserts[b.mark:])
		b.inserts = b.inserts[:b.mark]
	}
}

// Reset forgets everything that is not written, and all that is remembered.
func (w *Writer) Reset() {
	w.journal = w.journal[:0]
	for _, b := range w.order {
		*b = buffer{physical: b.physical, fresh: b.fresh, streamed: b.streamed, entries: map[string]*entry{}}
	}
}

// Pending is about how many bytes wait to be written by the next flush; rows
// that a load keeps in memory are not counted.
func (w *Writer) Pending() (bytes int64) {
	for _, b := range w.order {
		if !b.fresh || !b.indexed {
			bytes += b.pending
		}
	}
	return bytes
}

// held is about how many bytes a load keeps in memory.
func (w *Writer) held() (bytes int64) {
	for _, b := range w.order {
		if b.fresh {
			bytes += b.bytes
		}
	}
	return bytes
}

func (b *buffer) account(row Row, o op, sign int64) {
	if row == nil {
		return
	}
	n := sign * row.size()
	b.bytes += n
	if o != clean {
		b.pending += n
	}
}

func (w *Writer) buffer(table string) (*buffer, error) {
	if b := w.tables[table]; b != nil {
		return b, nil
	}
	return nil, fmt.Errorf("readdb: %s has no table %s", w.projection, table)
}

// Get implements Tx.
func (w *Writer) Get(ctx context.Context, table string, key ...any) (Row, bool, error) {
	b, err := w.buffer(table)
	if err != nil {
		return nil, false, err
	}
	if err := b.checkKey(key); err != nil {
		return nil, false, err
	}
	w.index(b)
	e := b.lookup(key)
	if e == nil {
		if b.fresh && !b.streamed {
			return nil, false, nil
		}
		if b.fresh {
			if err := w.settle(ctx, b); err != nil {
				return nil, false, err
			}
		}
		row, _, err := w.db.engine.get(ctx, b.physical, key)
		if err != nil {
			return nil, false, fmt.Errorf("readdb: reading a row of %s: %w", table, err)
		}
		e = b.remember(string(b.scratch), row)
	}
	return e.row, e.row != nil, nil
}

// Insert implements Tx.
func (w *Writer) Insert(_ context.Context, table string, row Row) error {
	b, err := w.buffer(table)
	if err != nil {
		return err
	}
	if err := b.check(row); err != nil {
		return err
	}
	if !b.indexed {
		b.inserts = append(b.inserts, row)
		b.account(row, insert, +1)
		return nil
	}
	e := b.lookup(row[:b.KeyColumns])
	if e != nil && e.row != nil {
		return fmt.Errorf("readdb: %s has a row with the key of an inserted one already", table)
	}
	if e != nil && e.op == del {
		w.set(b, e, row, put)
		return nil
	}
	w.set(b, e, row, insert)
	return nil
}

// Put implements Tx.
func (w *Writer) Put(_ context.Context, table string, row Row) error {
	b, err := w.buffer(table)
	if err != nil {
		return err
	}
	if err := b.check(row); err != nil {
		return err
	}
	w.index(b)
	e := b.lookup(row[:b.KeyColumns])
	switch {
	case e == nil && b.fresh && !b.streamed, // nothing is there but what is in memory
		e != nil && e.op == insert,
		e != nil && e.op == clean && e.row == nil: // looked up: it is not there
		w.set(b, e, row, insert)
	default:
		w.set(b, e, row, put)
	}
	return nil
}

// Delete implements Tx.
func (w *Writer) Delete(_ context.Context, table string, key ...any) error {
	b, err := w.buffer(table)
	if err != nil {
		return err
	}
	if err := b.checkKey(key); err != nil {
		return err
	}
	w.index(b)
	e := b.lookup(key)
	switch {
	case e == nil && b.fresh && !b.streamed:
	case e != nil && e.row == nil:
	case e != nil && e.op == insert:
		w.set(b, e, nil, clean)
	default:
		w.set(b, e, nil, del)
	}
	return nil
}

func (b *buffer) checkKey(key []any) error {
	if len(key) != b.KeyColumns {
		return fmt.Errorf("readdb: a key of %s has %d values for %d columns", b.Name, len(key), b.KeyColumns)
	}
	for i, v := range key {
		if err := b.checkValue(i, v); err != nil {
			return err
		}
	}
	return nil
}

// lookup finds the entry of a key, whose encoding is left in scratch.
func (b *buffer) lookup(key []any) *entry {
	b.scratch = appendKey(b.scratch[:0], key)
	if e := b.entries[string(b.scratch)]; e != nil {
		return e
	}
	if e := b.old[string(b.scratch)]; e != nil {
		b.entries[e.key] = e
		delete(b.old, e.key)
		b.bytes += e.cost() + e.row.size()
		return e
	}
	return nil
}

// remember adds a clean entry.
func (b *buffer) remember(key string, row Row) *entry {
	e := &entry{key: key, row: row}
	b.entries[e.key] = e
	b.bytes += e.cost()
	b.account(row, clean, +1)
	return e
}

// set changes an entry, or the one for the key in scratch, and notes how it was.
func (w *Writer) set(b *buffer, e *entry, row Row, o op) {
	u := undo{b: b, e: e}
	if e == nil {
		e = &entry{key: string(b.scratch)}
		b.entries[e.key] = e
		b.bytes += e.cost()
		u.e, u.new = e, true
	}
	u.row, u.op = e.row, e.op
	w.journal = append(w.journal, u)
	b.account(e.row, e.op, -1)
	e.row, e.op = row, o
	b.account(e.row, e.op, +1)
	if !e.listed {
		e.listed = true
		b.dirty = append(b.dirty, e)
	}
}

// index moves the rows that were only inserted so far under their keys. Two
// with one key are left to the database to refuse.
func (w *Writer) index(b *buffer) {
	if b.indexed {
		return
	}
	b.indexed = true
	for i, row := range b.inserts {
		b.scratch = appendKey(b.scratch[:0], row[:b.KeyColumns])
		e := &entry{key: string(b.scratch), row: row, op: insert, listed: true}
		b.entries[e.key] = e
		b.dirty = append(b.dirty, e)
		if i >= b.mark {
			w.journal = append(w.journal, undo{b: b, e: e, new: true})
		}
	}
	b.inserts, b.mark = nil, 0
}
