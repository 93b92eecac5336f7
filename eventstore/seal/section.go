package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

const (
	formatV1  = 1
	label     = "casefile section v1"
	nonceSize = 12
	tagSize   = 16
	headSize  = 1 + nonceSize + sha256.Size

	// Overhead is how much longer a section is than its plaintext, in bytes.
	Overhead = headSize + tagSize
)

// Leaf is the key of one leaf of a key tree. Only the vault has any.
type Leaf = [32]byte

// SealSection encrypts plaintext for its place, under the leaf for p.Version.
// It is for vaults; everybody else goes through a Sealer.
func SealSection(leaf *Leaf, p Place, plaintext []byte) ([]byte, error) {
	var nonce [nonceSize]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return nil, fmt.Errorf("seal: drawing a nonce: %w", err)
	}
	return sealWithNonce(leaf, p, plaintext, &nonce)
}

func sealWithNonce(leaf *Leaf, p Place, plaintext []byte, nonce *[nonceSize]byte) ([]byte, error) {
	key := sectionKey(leaf, p)
	aead, err := newAEAD(&key)
	if err != nil {
		return nil, err
	}
	out := make([]byte, headSize, Overhead+len(plaintext))
	out[0] = formatV1
	copy(out[1:], nonce[:])
	commitment := keyCommitment(&key)
	copy(out[1+nonceSize:], commitment[:])
	return aead.Seal(out, nonce[:], plaintext, associatedData(p)), nil
}

// OpenSection decrypts s under the leaf for s.Version. It is for vaults, which
// ask leafOf for the leaf only after ack was found to cover the place; without
// it the error has the code "not_acknowledged", and neither the key nor the
// ciphertext is touched. A section that does not open has the code
// "section_damaged" and wraps eventstore.ErrDamaged.
func OpenSection(ack Acknowledgement, s Sealed, leafOf func(Place) (Leaf, error)) ([]byte, error) {
	if !ack.Covers(s.Place) {
		return nil, domain.Refused("not_acknowledged", "C-2.1.4b",
			"this reading is not on record, so nothing can be shown; open it again, so that an access event is stored first")
	}
	leaf, err := leafOf(s.Place)
	if err != nil {
		return nil, err
	}
	return openUnder(&leaf, s)
}

func openUnder(leaf *Leaf, s Sealed) ([]byte, error) {
	ct := s.Ciphertext
	if len(ct) < Overhead || ct[0] != formatV1 {
		return nil, damaged()
	}
	key := sectionKey(leaf, s.Place)
	commitment := keyCommitment(&key)
	if !hmac.Equal(commitment[:], ct[1+nonceSize:headSize]) {
		return nil, damaged()
	}
	aead, err := newAEAD(&key)
	if err != nil {
		return nil, err
	}
	plain, err := aead.Open(nil, ct[1:1+nonceSize], ct[headSize:], associatedData(s.Place))
	if err != nil {
		return nil, damaged()
	}
	return plain, nil
}

func damaged() error {
	return &domain.Error{
		Kind: domain.KindInternal, Code: "section_damaged", Rule: "C-2.1.4c",
		Message: "a sealed section cannot be opened in its place: it or what stands around it was changed; run casefile verify and restore what it names",
		Cause:   fmt.Errorf("%w: a sealed section does not open in its place", eventstore.ErrDamaged),
	}
}

func sectionKey(leaf *Leaf, p Place) (k [32]byte) {
	h := hmac.New(sha256.New, leaf[:])
	buf := make([]byte, 0, 64)
	buf = append(buf, label...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(p.Index))
	buf = append(buf, p.Category...)
	h.Write(buf)
	h.Sum(k[:0])
	return k
}

func keyCommitment(key *[32]byte) (c [32]byte) {
	h := hmac.New(sha256.New, key[:])
	h.Write([]byte("commitment"))
	h.Sum(c[:0])
	return c
}

func newAEAD(key *[32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return aead, nil
}

// associatedData encodes the place so that two places never give the same
// bytes: every part has its length before it.
func associatedData(p Place) []byte {
	var schema [20]byte
	buf := make([]byte, 0, 320)
	for _, part := range [...]string{label, p.Agency, p.Owner, string(p.Class), p.Key, p.Event, p.Type} {
		buf = binary.BigEndian.AppendUint32(buf, uint32(len(part)))
		buf = append(buf, part...)
	}
	s := strconv.AppendInt(schema[:0], int64(p.Schema), 10)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(s)))
	buf = append(buf, s...)
	buf = binary.BigEndian.AppendUint32(buf, uint32(len(p.Category)))
	return append(buf, p.Category...)
}
