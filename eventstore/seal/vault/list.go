package vault

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore/seal"
)

// KeyInfo is what may be known of a root key; it holds no key material.
type KeyInfo struct {
	ID string `json:"id"`
	seal.Scope
	Epoch   int       `json:"epoch"`   // whose key-encryption key wraps it
	Status  string    `json:"status"`  // Intact, Punctured or Destroyed
	Created time.Time `json:"created"` // UTC
	// Changed is when it was destroyed, or punctured last; zero while intact.
	Changed    time.Time `json:"changed,omitzero"`
	Commitment string    `json:"commitment,omitempty"` // hex; "" where there never was a key
}

func (r *record) info() KeyInfo {
	return KeyInfo{ID: r.id, Scope: r.scope, Epoch: r.epoch, Status: r.status,
		Created: instant(r.created), Changed: instant(r.changed), Commitment: hex.EncodeToString(r.commitment)}
}

// listPage is the number of keys that List reads at once, so that no long read
// keeps SQLite from truncating its log.
const listPage = 1000

// List calls f with every root key of an agency, in byte order of owner and
// class. f's error ends it and is returned.
func (v *Vault) List(ctx context.Context, agency string, f func(KeyInfo) error) error {
	var owner, class string
	for {
		page := make([]KeyInfo, 0, listPage)
		rows, err := v.db.QueryContext(ctx, v.db.q("SELECT "+recordColumns+` FROM root_keys k
			WHERE k.agency = ? AND (k.owner > ? OR k.owner = ? AND k.class > ?)
			ORDER BY k.owner, k.class LIMIT ?`), agency, owner, owner, class, listPage)
		err = eachRow(rows, err, func(rows *sql.Rows) error {
			r, err := scanRecord(rows)
			page = append(page, r.info())
			return err
		})
		if err != nil {
			return unavailable(err)
		}
		for _, k := range page {
			if err := f(k); err != nil {
				return err
			}
		}
		if len(page) < listPage {
			return nil
		}
		last := page[len(page)-1]
		owner, class = last.Owner, string(last.Class)
	}
}

// Status tells how it stands with the key of a scope; ok is false when it never
// had one.
func (v *Vault) Status(ctx context.Context, s seal.Scope) (info KeyInfo, ok bool, err error) {
	found, err := v.selectScopes(ctx, v.db, []seal.Scope{s})
	if err != nil || found[s] == nil {
		return KeyInfo{}, false, unavailable(err)
	}
	return found[s].info(), true, nil
}

// KeyStatus is Status by the id of the key.
func (v *Vault) KeyStatus(ctx context.Context, id string) (info KeyInfo, ok bool, err error) {
	rows, err := v.db.QueryContext(ctx, v.db.q("SELECT "+recordColumns+" FROM root_keys k WHERE k.id = ?"), keyID(id))
	err = eachRow(rows, err, func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		info, ok = r.info(), true
		return err
	})
	return info, ok, unavailable(err)
}

// Epoch is the time during which one key-encryption key is in use.
type Epoch struct {
	ID     int       `json:"id"` // from 1
	Opened time.Time `json:"opened"`
	Closed time.Time `json:"closed,omitzero"`
	// Method is how its key was destroyed: MethodOverwritten, MethodIrrecoverable
	// or "" while it is open.
	Method string `json:"method,omitempty"`
}

// Epochs lists the epochs, oldest first.
func (v *Vault) Epochs(ctx context.Context) (out []Epoch, err error) {
	rows, err := v.db.QueryContext(ctx, "SELECT id, opened, closed, method FROM epochs ORDER BY id")
	err = eachRow(rows, err, func(rows *sql.Rows) error {
		var e Epoch
		var opened, closed int64
		err := rows.Scan(&e.ID, &opened, &closed, &e.Method)
		e.Opened, e.Closed = instant(opened), instant(closed)
		out = append(out, e)
		return err
	})
	return out, unavailable(err)
}

// Check unwraps every key of the vault and compares it with its commitment and
// status, for doctor; SQLite checks its own pages and indexes as well. It
// returns the number of whole keys and one error that joins all it found.
func (v *Vault) Check(ctx context.Context) (keys int, err error) {
	if !v.db.postgres {
		var said string
		if err := v.db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&said); err != nil {
			return 0, unavailable(err)
		}
		if said != "ok" {
			return 0, vaultDamaged("sqlite: " + said)
		}
	}
	var bad []error
	for after := []byte{}; ; {
		var ids []uuid.UUID
		rows, err := v.db.QueryContext(ctx, v.db.q("SELECT id FROM root_keys WHERE id > ? ORDER BY id LIMIT ?"), after, listPage)
		err = eachRow(rows, err, func(rows *sql.Rows) error {
			var raw []byte
			if err := rows.Scan(&raw); err != nil {
				return err
			}
			id, err := uuid.FromBytes(raw)
			ids = append(ids, id)
			return err
		})
		if err != nil {
			return keys, unavailable(err)
		}
		for _, id := range ids {
			m, err := v.load(ctx, v.db, id.String())
			if err != nil {
				bad = append(bad, err)
				continue
			}
			m.wipe()
			keys++
		}
		if len(ids) < listPage {
			return keys, errors.Join(bad...)
		}
		after = ids[len(ids)-1][:]
	}
}
