package readdb

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// Digest is a SHA-256 over the rows of a projection's tables in the order of
// their primary keys. It is the same on both engines.
type Digest struct {
	SHA256   string // hex
	Position uint64 // of the checkpoint that the rows belong to
	Rows     int64
}

// Snapshot reads the database as it is at one moment: checkpoints and rows
// agree, however much is written meanwhile. Close it soon; while it is open
// SQLite cannot fold in its log, and PostgreSQL keeps dead rows.
type Snapshot struct {
	db *DB
	tx *sql.Tx
}

// Snapshot begins a snapshot.
func (db *DB) Snapshot(ctx context.Context) (*Snapshot, error) {
	o := &sql.TxOptions{ReadOnly: true}
	if db.dialect.dollar {
		o.Isolation = sql.LevelRepeatableRead
	}
	tx, err := db.read.BeginTx(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("readdb: beginning a snapshot: %w", err)
	}
	return &Snapshot{db: db, tx: tx}, nil
}

// Checkpoint reads one checkpoint; ok is false when there is none.
func (s *Snapshot) Checkpoint(ctx context.Context, name string) (c Checkpoint, ok bool, err error) {
	c, err = scanCheckpoint(s.tx.QueryRowContext(ctx, s.db.text("SELECT "+checkpointColumns+" FROM casefile_checkpoints WHERE name = ?"), name).Scan)
	if none(err) {
		return Checkpoint{}, false, nil
	}
	return c, err == nil, err
}

// Close ends the snapshot.
func (s *Snapshot) Close() error { return s.tx.Rollback() }

// Digest computes the digest of one generation.
func (s *Snapshot) Digest(ctx context.Context, generation int64, tables []Table) (Digest, error) {
	h := sha256.New()
	var d Digest
	for _, t := range tables {
		n, err := s.digestTable(ctx, h, newPhysical(t, generation))
		if err != nil {
			return Digest{}, fmt.Errorf("readdb: the digest of %s: %w", t.Name, err)
		}
		d.Rows += n
	}
	d.SHA256 = hex.EncodeToString(h.Sum(nil))
	return d, nil
}

// digestTable adds the table's name and columns, each row as its values, and
// the number of rows. Each value is preceded by its type and length, so that no
// two different tables give the same bytes.
func (s *Snapshot) digestTable(ctx context.Context, h hash.Hash, p *physical) (int64, error) {
	b := appendValue(nil, p.Name)
	for _, c := range p.Columns {
		b = appendValue(b, c.Name)
	}
	h.Write(b)
	rows, err := s.tx.QueryContext(ctx, "SELECT "+p.columns+" FROM "+quote(p.name)+" ORDER BY "+strings.Join(p.keys, ","))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	n := int64(0)
	for ; rows.Next(); n++ {
		row, err := scanRow(p.Columns, rows.Scan)
		if err != nil {
			return 0, err
		}
		b = b[:0]
		for _, v := range row {
			b = appendValue(b, v)
		}
		h.Write(b)
	}
	h.Write(appendValue(b[:0], n))
	return n, rows.Err()
}

func appendValue(b []byte, v any) []byte {
	switch v := v.(type) {
	case string:
		b = append(binary.BigEndian.AppendUint32(append(b, 't'), uint32(len(v))), v...)
	case int64:
		b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v))
	case []byte:
		b = append(binary.BigEndian.AppendUint32(append(b, 'b'), uint32(len(v))), v...)
	}
	return b
}
