package engine

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/binary"
	"errors"
	"sync"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// snapshots keeps folded states beside the credentials. They hold clear facts
// only. Each carries a keyed digest, so that nobody can put another state
// under the commands by editing the database; a snapshot that fails it counts
// as absent, since all can be folded again from the stream.
type snapshots struct {
	db       *sql.DB
	digester seal.Digester
	dollar   bool // placeholders are $n

	once sync.Once
	err  error
}

const snapshotTable = `CREATE TABLE IF NOT EXISTS snapshots (
	subject TEXT PRIMARY KEY, version BIGINT NOT NULL, position BIGINT NOT NULL,
	leaf TEXT NOT NULL, state_schema BIGINT NOT NULL, state TEXT NOT NULL, mac TEXT NOT NULL)`

func (s *snapshots) ready(ctx context.Context) error {
	s.once.Do(func() { _, s.err = s.db.ExecContext(ctx, snapshotTable) })
	return s.err
}

func (s *snapshots) Load(ctx context.Context, ref domain.Ref) (commands.Snapshot, bool, error) {
	var out commands.Snapshot
	if err := s.ready(ctx); err != nil {
		return out, false, err
	}
	q := `SELECT version, position, leaf, state_schema, state, mac FROM snapshots WHERE subject = ?`
	if s.dollar {
		q = `SELECT version, position, leaf, state_schema, state, mac FROM snapshots WHERE subject = $1`
	}
	var version, position int64
	var leaf, state, mac string
	err := s.db.QueryRowContext(ctx, q, ref.Subject()).Scan(&version, &position, &leaf, &out.Schema, &state, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		return out, false, nil
	}
	if err != nil {
		return out, false, err
	}
	out.Version, out.Position, out.State = uint64(version), uint64(position), []byte(state)
	if out.Leaf, err = eventstore.ParseLeaf(leaf); err != nil {
		return out, false, nil
	}
	want, err := s.mac(ctx, ref, out)
	return out, err == nil && hmac.Equal([]byte(want), []byte(mac)), err
}

func (s *snapshots) Save(ctx context.Context, ref domain.Ref, n commands.Snapshot) error {
	if err := s.ready(ctx); err != nil {
		return err
	}
	mac, err := s.mac(ctx, ref, n)
	if err != nil {
		return err
	}
	q := `INSERT INTO snapshots (subject, version, position, leaf, state_schema, state, mac) VALUES (?,?,?,?,?,?,?)
	ON CONFLICT (subject) DO UPDATE SET version=excluded.version, position=excluded.position, leaf=excluded.leaf, state_schema=excluded.state_schema, state=excluded.state, mac=excluded.mac`
	if s.dollar {
		q = `INSERT INTO snapshots (subject, version, position, leaf, state_schema, state, mac) VALUES ($1,$2,$3,$4,$5,$6,$7)
	ON CONFLICT (subject) DO UPDATE SET version=excluded.version, position=excluded.position, leaf=excluded.leaf, state_schema=excluded.state_schema, state=excluded.state, mac=excluded.mac`
	}
	_, err = s.db.ExecContext(ctx, q, ref.Subject(), int64(n.Version), int64(n.Position), n.Leaf.String(), n.Schema, string(n.State), mac)
	return err
}

func (s *snapshots) mac(ctx context.Context, ref domain.Ref, n commands.Snapshot) (string, error) {
	b := append([]byte(ref.Subject()), 0)
	b = binary.BigEndian.AppendUint64(b, n.Version)
	b = binary.BigEndian.AppendUint64(b, n.Position)
	b = binary.BigEndian.AppendUint64(b, uint64(n.Schema))
	b = append(b, n.Leaf[:]...)
	b = append(b, n.State...)
	sum, err := s.digester.Digest(ctx, ref.Agency, "snapshot", b)
	return eventstore.Leaf(sum).String(), err
}
