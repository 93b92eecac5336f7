package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/internal/keytree"
)

// Destroy removes every node of a scope's key, durably, and drops it from
// memory (C-2.5c). What was sealed under it opens no more, and Prepare gives no
// key for the scope ever again, also when it never had one. Destroying it again
// changes nothing and gives the first date.
//
// Irrecoverable it is once the epoch of its key-encryption key is closed; see
// the package comment.
func (v *Vault) Destroy(ctx context.Context, s seal.Scope) (KeyInfo, error) {
	r, err := v.change(ctx, s, func(tx *sql.Tx, r *record) error {
		if r.status == Destroyed {
			return nil
		}
		_, err := tx.ExecContext(ctx, v.db.q("DELETE FROM nodes WHERE key_id = ?"), keyID(r.id))
		if err != nil {
			return err
		}
		r.status, r.changed = Destroyed, v.now()
		if err := v.saveStatus(ctx, tx, r); err != nil {
			return err
		}
		return v.copy.append([]CopyLine{copyLine(r, nil)})
	})
	return r.info(), err
}

// Puncture destroys the leaves of single commits under a scope's key: what was
// sealed in the commits of these aggregate versions opens no more, everything
// else does (C-2.9.3b). Puncturing a leaf again changes nothing.
//
// Errors: domain code "key_missing" when the scope has no key, "destroyed" when
// the whole key is.
func (v *Vault) Puncture(ctx context.Context, s seal.Scope, versions ...uint64) (KeyInfo, error) {
	paths := make([]keytree.Path, len(versions))
	for i, version := range versions {
		p, ok := keytree.PathOf(version)
		if !ok || version == 0 {
			return KeyInfo{}, fmt.Errorf("vault: no commit has version %d", version)
		}
		paths[i] = p
	}
	r, err := v.change(ctx, s, func(tx *sql.Tx, r *record) error {
		switch {
		case r.status == Destroyed:
			return destroyed()
		case len(r.commitment) == 0:
			return keyMissing("the scope has no key")
		}
		return v.puncture(ctx, tx, r, paths)
	})
	return r.info(), err
}

// puncture replaces the nodes above the paths by those beside them.
func (v *Vault) puncture(ctx context.Context, tx *sql.Tx, r *record, paths []keytree.Path) error {
	m, err := v.load(ctx, tx, r.id)
	if err != nil {
		return err
	}
	defer m.wipe()
	before := map[string]bool{}
	for _, n := range m.nodes {
		before[n.Prefix] = true
	}
	for _, p := range paths {
		if i := slices.IndexFunc(m.nodes, func(n keytree.Node) bool { return n.Covers(p) }); i >= 0 {
			beside := m.nodes[i].Puncture(p)
			m.nodes = append(slices.Delete(m.nodes, i, i+1), beside...)
		}
	}
	now := map[string]bool{}
	var added []any
	// The record's epoch is what its nodes are wrapped under: a key changes
	// epochs as a whole.
	aead, err := v.aead(ctx, r.epoch)
	if err != nil {
		return err
	}
	copied := map[string][]byte{}
	for _, n := range m.nodes {
		now[n.Prefix] = true
		if before[n.Prefix] {
			continue
		}
		wrapped, err := aead.Encrypt(n.Key[:], v.nodeData(r.id, r.scope, n.Prefix, r.epoch))
		if err != nil {
			return err
		}
		added = append(added, keyID(r.id), n.Prefix, wrapped)
		copied[n.Prefix] = wrapped
	}
	for prefix := range before {
		if now[prefix] {
			continue
		}
		if _, err := tx.ExecContext(ctx, v.db.q("DELETE FROM nodes WHERE key_id = ? AND prefix = ?"), keyID(r.id), prefix); err != nil {
			return err
		}
	}
	if len(before) == len(now) && len(added) == 0 {
		return nil // all of them were punctured before
	}
	if _, err := v.db.execRows(ctx, tx, "INSERT INTO nodes (key_id, prefix, wrapped) VALUES ", 3, added, ""); err != nil {
		return err
	}
	r.status, r.changed = Punctured, v.now()
	if err := v.saveStatus(ctx, tx, r); err != nil {
		return err
	}
	return v.copy.append([]CopyLine{copyLine(r, copied)})
}

func (v *Vault) saveStatus(ctx context.Context, tx *sql.Tx, r *record) error {
	_, err := tx.ExecContext(ctx, v.db.q("UPDATE root_keys SET status = ?, changed = ? WHERE id = ?"), r.status, r.changed, keyID(r.id))
	return err
}

// change runs f on the locked record of a scope, in a transaction; a scope
// without a key gets a record without one, which only Destroy keeps. Then it
// drops the key from this instance's memory and makes the others drop theirs.
func (v *Vault) change(ctx context.Context, s seal.Scope, f func(*sql.Tx, *record) error) (*record, error) {
	v.write.Lock()
	defer v.write.Unlock()
	var r *record
	err := v.db.inTx(ctx, func(tx *sql.Tx) (err error) {
		if r, err = v.lockRecord(ctx, tx, s); err != nil {
			return err
		}
		if err := f(tx, r); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE name = 'revision'")
		return err
	})
	if err != nil {
		return &record{}, err
	}
	v.mu.Lock()
	v.purges++
	v.scopes.remove(s)
	v.keys.remove(r.id)
	v.mu.Unlock()
	return r, v.truncateLog(ctx)
}

// lockRecord gives the record of a scope, locked against other instances. The
// insert that does nothing when there is one waits for whoever is creating it.
func (v *Vault) lockRecord(ctx context.Context, tx *sql.Tx, s seal.Scope) (*record, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("vault: drawing a key id: %w", err)
	}
	_, err = v.db.execRows(ctx, tx, "INSERT INTO root_keys (id, agency, owner, class, epoch, created, commitment, announced) VALUES ", 8,
		[]any{id[:], s.Agency, s.Owner, string(s.Class), v.epoch, v.now(), []byte{}, 1}, " ON CONFLICT (agency, owner, class) DO NOTHING")
	if err != nil {
		return nil, err
	}
	_, err = tx.ExecContext(ctx, v.db.q("UPDATE root_keys SET changed = changed WHERE agency = ? AND owner = ? AND class = ?"), s.Agency, s.Owner, string(s.Class))
	if err != nil {
		return nil, err
	}
	found, err := v.selectScopes(ctx, tx, []seal.Scope{s})
	if err == nil && found[s] == nil {
		err = vaultDamaged("a key that exists cannot be found by its scope")
	}
	return found[s], err
}

// truncateLog empties SQLite's write-ahead log, in which the removed nodes
// still stand. A reader may hold it back; the close of the epoch covers that.
func (v *Vault) truncateLog(ctx context.Context) error {
	if v.db.postgres {
		return nil
	}
	var busy, frames, moved int
	err := v.db.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &frames, &moved)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return unavailable(err)
	}
	return nil
}
