package vault

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
)

// digestName names a digest key: one agency, one use.
type digestName struct{ agency, use string }

// Digest is HMAC-SHA-256 of data under the agency's key for that use. The key
// is created, durably, on first use, and lives as long as the vault: digests
// stand in the stream for ever.
func (v *Vault) Digest(ctx context.Context, agency, use string, data []byte) (sum [32]byte, err error) {
	if !domain.ValidAgency(agency) || use == "" {
		return sum, errors.New("vault: a digest needs an agency and a use")
	}
	key, err := v.digestKey(ctx, digestName{agency, use})
	if err != nil {
		return sum, err
	}
	h := hmac.New(sha256.New, key[:])
	h.Write(data)
	h.Sum(sum[:0])
	return sum, nil
}

func (v *Vault) digestKey(ctx context.Context, n digestName) (key [32]byte, err error) {
	v.mu.Lock()
	k := v.digests[n]
	v.mu.Unlock()
	if k != nil {
		return *k, nil
	}
	if key, err = v.readDigestKey(ctx, v.db, n); errors.Is(err, sql.ErrNoRows) {
		key, err = v.createDigestKey(ctx, n)
	}
	if err != nil {
		return key, unavailable(err)
	}
	v.mu.Lock()
	v.digests[n] = &key
	v.mu.Unlock()
	return key, nil
}

func (v *Vault) readDigestKey(ctx context.Context, q querier, n digestName) (key [32]byte, err error) {
	var epoch int
	var wrapped []byte
	row := q.QueryRowContext(ctx, v.db.q("SELECT epoch, wrapped FROM digest_keys WHERE agency = ? AND use = ?"), n.agency, n.use)
	if err := row.Scan(&epoch, &wrapped); err != nil {
		return key, err
	}
	return v.unwrapKey(ctx, epoch, wrapped, v.digestData(n, epoch))
}

// createDigestKey makes the key, or reads the one that somebody else made first.
func (v *Vault) createDigestKey(ctx context.Context, n digestName) (key [32]byte, err error) {
	if _, err := rand.Read(key[:]); err != nil {
		return key, fmt.Errorf("vault: drawing a key: %w", err)
	}
	v.write.Lock()
	defer v.write.Unlock()
	aead, err := v.aead(ctx, v.epoch)
	if err != nil {
		return key, err
	}
	wrapped, err := aead.Encrypt(key[:], v.digestData(n, v.epoch))
	if err != nil {
		return key, err
	}
	err = v.db.inTx(ctx, func(tx *sql.Tx) error {
		inserted, err := v.db.execRows(ctx, tx, "INSERT INTO digest_keys (agency, use, epoch, wrapped) VALUES ", 4,
			[]any{n.agency, n.use, v.epoch, wrapped}, " ON CONFLICT (agency, use) DO NOTHING")
		if err != nil {
			return err
		}
		if inserted == 0 {
			key, err = v.readDigestKey(ctx, tx, n)
			return err
		}
		return v.copy.append([]CopyLine{{Agency: n.agency, Use: n.use, Epoch: v.epoch, Wrapped: map[string][]byte{"": wrapped}}})
	})
	return key, err
}
