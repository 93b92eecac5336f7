package readdb

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"modernc.org/sqlite"
)

// write brings everything that is pending in followed tables into tx, and in
// fresh ones the rows that are only inserted. written says that it was committed.
func (w *Writer) write(ctx context.Context, tx writeTx) error {
	for _, b := range w.order {
		if len(b.inserts) > 0 {
			if err := tx.insert(ctx, b.physical, b.inserts); err != nil {
				return fmt.Errorf("readdb: inserting into %s: %w", b.Name, err)
			}
		}
		if b.fresh {
			continue
		}
		if err := b.writeDirty(ctx, tx); err != nil {
			return err
		}
	}
	return nil
}

// writeDirty writes the changed entries in the order of their keys: it is the
// fastest for the index, and two writers cannot lock each other out.
func (b *buffer) writeDirty(ctx context.Context, tx writeTx) error {
	inserts, puts, dels := b.changes()
	if len(dels) > 0 {
		if err := tx.remove(ctx, b.physical, dels); err != nil {
			return fmt.Errorf("readdb: deleting from %s: %w", b.Name, err)
		}
	}
	if len(puts) > 0 {
		if err := tx.upsert(ctx, b.physical, puts); err != nil {
			return fmt.Errorf("readdb: putting into %s: %w", b.Name, err)
		}
	}
	if len(inserts) > 0 {
		if err := tx.insert(ctx, b.physical, inserts); err != nil {
			return fmt.Errorf("readdb: inserting into %s: %w", b.Name, err)
		}
	}
	return nil
}

// changes sorts the changed entries by key and by what is to be done; dels are
// keys, as values.
func (b *buffer) changes() (inserts, puts, dels []Row) {
	slices.SortFunc(b.dirty, func(x, y *entry) int { return cmp.Compare(x.key, y.key) })
	for _, e := range b.dirty {
		switch e.op {
		case insert:
			inserts = append(inserts, e.row)
		case put:
			puts = append(puts, e.row)
		case del:
			dels = append(dels, b.keyOf(e.key))
		}
	}
	return inserts, puts, dels
}

// keyOf decodes what appendKey encoded.
func (b *buffer) keyOf(k string) Row {
	row := make(Row, 0, b.KeyColumns)
	for _, c := range b.Columns[:b.KeyColumns] {
		switch c.Type {
		case Text:
			i := strings.IndexByte(k, 0)
			row, k = append(row, k[:i]), k[i+1:]
		case Int:
			var n uint64
			for i := range 8 {
				n = n<<8 | uint64(k[i])
			}
			row, k = append(row, int64(n^(1<<63))), k[8:]
		default:
			n := int(k[0])<<24 | int(k[1])<<16 | int(k[2])<<8 | int(k[3])
			row, k = append(row, []byte(k[4:4+n])), k[4+n:]
		}
	}
	return row
}

// written notes that what write wrote is committed.
func (w *Writer) written() {
	w.journal = w.journal[:0]
	for _, b := range w.order {
		if len(b.inserts) > 0 {
			b.streamed = true
			for _, r := range b.inserts {
				b.account(r, insert, -1)
			}
			clear(b.inserts)
			b.inserts, b.mark = b.inserts[:0], 0
		}
		if !b.fresh {
			b.settled(w.db.cache / int64(len(w.order)))
		}
	}
}

// settled makes the written entries clean and forgets those not used for long:
// when the younger half of the cache is full it becomes the older one.
func (b *buffer) settled(limit int64) {
	for _, e := range b.dirty {
		e.op, e.listed = clean, false
	}
	clear(b.dirty)
	b.dirty, b.pending = b.dirty[:0], 0
	if b.bytes > limit/2 {
		b.old, b.entries, b.bytes = b.entries, map[string]*entry{}, 0
	}
}

// Stream writes the rows of a load that are only inserted, in a goroutine of its
// own, so that folding goes on; its error comes with the next call. Once
// everything else takes more memory than the limit, that is written too. What
// waits in followed tables is written before it returns. To be called between
// commits.
func (w *Writer) Stream(ctx context.Context) error {
	if w.held() > w.db.spill {
		return w.loaded(ctx, false)
	}
	if err := w.drain(); err != nil || w.Pending() == 0 {
		return err
	}
	streams := w.take()
	if w.Pending() > 0 {
		if err := w.db.inTx(ctx, func(tx writeTx) error { return w.write(ctx, tx) }); err != nil {
			return err
		}
		w.written()
	}
	if len(streams) == 0 {
		return nil
	}
	done := make(chan error, 1)
	w.inflight = done
	go func() {
		done <- w.db.inTx(ctx, func(tx writeTx) error {
			for _, s := range streams {
				if err := tx.insert(ctx, s.physical, s.rows); err != nil {
					return fmt.Errorf("readdb: loading %s: %w", s.Name, err)
				}
			}
			return nil
		})
	}()
	return nil
}

// stream is some rows on their way into a table that is being loaded.
type stream struct {
	*physical
	rows []Row
}

// take takes out the rows of fresh tables that are only inserted.
func (w *Writer) take() (out []stream) {
	for _, b := range w.order {
		if !b.fresh || len(b.inserts) == 0 {
			continue
		}
		out = append(out, stream{b.physical, b.inserts})
		for _, r := range b.inserts {
			b.account(r, insert, -1)
		}
		b.streamed = true
		b.inserts, b.mark = make([]Row, 0, len(b.inserts)), 0
	}
	return out
}

// drain waits for the rows that another goroutine writes.
func (w *Writer) drain() error {
	if w.inflight == nil {
		return nil
	}
	err := <-w.inflight
	w.inflight = nil
	return err
}

// Wait waits until no goroutine of the writer writes any more, whatever came of
// it; for a load that is given up.
func (w *Writer) Wait() { _ = w.drain() }

// Finish ends a load: what is in memory is written, keys and indexes are made
// and the database's statistics of the tables too. From then on the tables are
// followed. Two rows with one key are an error here at the latest.
func (w *Writer) Finish(ctx context.Context) error { return w.loaded(ctx, true) }

// loaded turns fresh tables into followed ones, one transaction a table, so
// that the live projections can write in between.
func (w *Writer) loaded(ctx context.Context, indexes bool) error {
	if err := w.drain(); err != nil {
		return err
	}
	if err := w.db.inTx(ctx, func(tx writeTx) error { return w.write(ctx, tx) }); err != nil {
		return err
	}
	w.written()
	for _, b := range w.order {
		err := w.db.inTx(ctx, func(tx writeTx) error {
			if err := w.db.roomy(ctx, tx); err != nil {
				return err
			}
			if b.fresh {
				if err := w.db.writeLoaded(ctx, tx, b); err != nil {
					return err
				}
			}
			if !indexes {
				return nil
			}
			if err := w.db.index(ctx, tx, b.physical); err != nil {
				return err
			}
			_, err := tx.exec(ctx, "ANALYZE "+quote(b.name))
			return err
		})
		if err != nil {
			return fmt.Errorf("readdb: loading %s: %w", b.Name, err)
		}
		if b.fresh {
			b.fresh = false
			b.settled(w.db.cache / int64(len(w.order)))
		}
	}
	return nil
}

// roomy lets PostgreSQL sort for an index in more memory than its default 64 MB.
func (db *DB) roomy(ctx context.Context, tx writeTx) error {
	if !db.dialect.dollar {
		return nil
	}
	_, err := tx.exec(ctx, "SET LOCAL maintenance_work_mem = '192MB'")
	return err
}

// writeLoaded writes what a load kept in memory: first what is new to the
// table, then the key, then what changes rows that were streamed before.
func (db *DB) writeLoaded(ctx context.Context, tx writeTx, b *buffer) error {
	inserts, puts, dels := b.changes()
	for rows := range slices.Chunk(inserts, 20000) {
		if err := tx.insert(ctx, b.physical, rows); err != nil {
			return err
		}
	}
	if err := db.key(ctx, tx, b.physical); err != nil {
		return err
	}
	if len(dels) > 0 {
		if err := tx.remove(ctx, b.physical, dels); err != nil {
			return err
		}
	}
	if len(puts) > 0 {
		return tx.upsert(ctx, b.physical, puts)
	}
	return nil
}

// settle gives a table its key in the middle of a load, because rows that were
// streamed to it are looked up now. Nothing pending is written: the commit may
// still be taken back.
func (w *Writer) settle(ctx context.Context, b *buffer) error {
	if err := w.drain(); err != nil {
		return err
	}
	if err := w.db.inTx(ctx, func(tx writeTx) error { return w.db.key(ctx, tx, b.physical) }); err != nil {
		return fmt.Errorf("readdb: giving %s its key: %w", b.Name, err)
	}
	b.fresh = false
	return nil
}

// Refused tells whether the database refused the data itself (two rows with one
// key, a value over a limit), rather than being unavailable: trying again does
// not help then.
func Refused(err error) bool { return sqliteRefused(err) || postgresRefused(err) }

// ErrorCode is the database's own code of an error, such as "postgres 23505" or
// "sqlite 5", which says what happened without repeating data; "" for an error
// that is not the database's.
func ErrorCode(err error) string {
	if s := postgresState(err); s != "" {
		return "postgres " + s
	}
	var e *sqlite.Error
	if errors.As(err, &e) {
		return "sqlite " + strconv.Itoa(e.Code())
	}
	return ""
}

// ErrFenced: another instance writes this projection now.
var ErrFenced = errors.New("readdb: another instance follows this projection")

// FlushError names the projection that a flush failed on.
type FlushError struct {
	Projection string
	Err        error
}

func (e *FlushError) Error() string { return "flushing " + e.Projection + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *FlushError) Unwrap() error { return e.Err }
