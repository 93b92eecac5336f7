package vault

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/eventstore/seal/internal/keytree"
)

// The statuses of a root key.
const (
	Intact    = "intact"
	Punctured = "punctured" // single commits under it are destroyed
	Destroyed = "destroyed"
)

const checkText = "casefile kek check v1"

// fields encodes parts, each with its length before it, so that two lists never
// give the same bytes.
func fields(parts ...string) []byte {
	buf := make([]byte, 0, 256)
	for _, p := range parts {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(p)))
		buf = append(buf, p...)
	}
	return buf
}

func (v *Vault) nodeData(id string, s seal.Scope, prefix string, epoch int) []byte {
	return fields("casefile root key wrap v1", id, prefix, s.Agency, s.Owner, string(s.Class), v.store, strconv.Itoa(epoch))
}

func (v *Vault) digestData(n digestName, epoch int) []byte {
	return fields("casefile digest key wrap v1", n.agency, n.use, v.store, strconv.Itoa(epoch))
}

func (v *Vault) checkData(epoch int) []byte { return fields(checkText, v.store, strconv.Itoa(epoch)) }

// commitment is what the announcing event holds of a root key: it tells the key
// from every other without giving anything of it away, since the root is random.
func commitment(id string, root *keytree.Key) []byte {
	h := sha256.New()
	h.Write([]byte("casefile root key v1"))
	h.Write([]byte(id))
	h.Write(root[:])
	return h.Sum(nil)
}

// keyID is how a key id stands in the tables: a UUID, as its 16 bytes. nil, which
// no row has, for what is none.
func keyID(id string) []byte {
	u, err := uuid.Parse(id)
	if err != nil || u.String() != id {
		return nil
	}
	return u[:]
}

func (v *Vault) wrapNode(ctx context.Context, id string, s seal.Scope, n *keytree.Node) ([]byte, error) {
	aead, err := v.aead(ctx, v.epoch)
	if err != nil {
		return nil, err
	}
	return aead.Encrypt(n.Key[:], v.nodeData(id, s, n.Prefix, v.epoch))
}

// unwrapKey decrypts 32 bytes under an epoch's key.
func (v *Vault) unwrapKey(ctx context.Context, epoch int, wrapped, data []byte) (k keytree.Key, err error) {
	aead, err := v.aead(ctx, epoch)
	if err != nil {
		return k, err
	}
	raw, err := aead.Decrypt(wrapped, data)
	if err != nil || len(raw) != len(k) {
		return k, vaultDamaged("a wrapped key does not open in its place")
	}
	copy(k[:], raw)
	clear(raw)
	return k, nil
}
