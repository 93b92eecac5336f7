package ledger

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Key signs the checkpoints of all agencies of a store: one Ed25519 key, under
// the name casefile/<store id>/<agency> for each agency.
type Key struct {
	store string
	seed  ed25519.PrivateKey
	notes []byte // of the codes; see code
}

const (
	keyFile = "ledger.key"
	pubFile = "ledger.pub"
	// algEd25519 is the type byte of a note's key (x/mod sumdb/note).
	algEd25519 = 1
)

// OpenKey gives the signing key of a store, from the file ledger.key in dir; it
// is made, durably and for its owner alone, when neither the file nor the lock
// has one. A key that the lock knows is never replaced: ErrOtherKey when the
// file is missing or another's. The public key is pinned in the lock.
func OpenKey(ctx context.Context, dir, store string, lock Lock) (*Key, error) {
	k, _, err := loadKey(ctx, dir, store, lock, "")
	if err != nil {
		return nil, err
	}
	return k, k.pin(ctx, lock)
}

// loadKey is OpenKey without the pinning; fresh tells that the lock knows no key.
// A new lock takes the one whose public key stands beside the data; "" for none.
func loadKey(ctx context.Context, dir, store string, lock Lock, beside string) (k *Key, fresh bool, err error) {
	pinned, err := lock.Pinned(ctx)
	if err != nil {
		return nil, false, err
	}
	known := cmp.Or(pinned, beside)
	path := filepath.Join(dir, keyFile)
	b, err := read(path)
	if err != nil {
		return nil, false, fmt.Errorf("ledger: the signing key cannot be read: %w", err)
	}
	if b == nil {
		if known != "" {
			return nil, false, fmt.Errorf("%w: its file %s is missing", ErrOtherKey, keyFile)
		}
		if b, err = newKey(path, store); err != nil {
			return nil, false, err
		}
	}
	k, err = parseKey(strings.TrimSuffix(string(b), "\n"), store)
	if err == nil && known != "" && known != k.Public() {
		err = ErrOtherKey
	}
	return k, pinned == "", err
}

// pin stores the public key in a lock that has none.
func (k *Key) pin(ctx context.Context, lock Lock) error {
	pinned, err := lock.Pin(ctx, k.Public())
	if err == nil && pinned != k.Public() {
		err = ErrOtherKey
	}
	return err
}

func newKey(path, store string) ([]byte, error) {
	skey, _, err := note.GenerateKey(rand.Reader, "casefile/"+store)
	if err != nil {
		return nil, fmt.Errorf("ledger: making a signing key: %w", err)
	}
	if err := writeDurably(path, []byte(skey+"\n")); err != nil {
		return nil, fmt.Errorf("ledger: the signing key cannot be written: %w", err)
	}
	return os.ReadFile(path)
}

// parseKey reads PRIVATE+KEY+<name>+<hash>+<type and seed>, the form of x/mod.
func parseKey(skey, store string) (*Key, error) {
	damaged := errors.New("ledger: the file ledger.key does not hold a signing key of this store; put the keys directory of this store back")
	if _, err := note.NewSigner(skey); err != nil {
		return nil, damaged
	}
	p := strings.SplitN(skey, "+", 5)
	raw, err := base64.StdEncoding.DecodeString(p[4])
	if err != nil || len(raw) != 1+ed25519.SeedSize || p[2] != "casefile/"+store {
		return nil, damaged
	}
	notes, err := hkdf.Key(sha256.New, raw[1:], nil, "casefile ledger notes", sha256.Size)
	if err != nil {
		return nil, damaged
	}
	return &Key{store, ed25519.NewKeyFromSeed(raw[1:]), notes}, nil
}

// Public is the public key under the name casefile/<store id>, as it stands in
// ledger.pub and in the lock. VerifierKey is that of one agency.
func (k *Key) Public() string { return k.vkey("casefile/" + k.store) }

// VerifierKey is the public key of an agency's log, in the form of C2SP
// signed-note: what a verifier, a witness or an auditor is given.
func (k *Key) VerifierKey(agency string) string { return k.vkey(verify.Origin(k.store, agency)) }

func (k *Key) vkey(name string) string {
	s, err := note.NewEd25519VerifierKey(name, k.seed.Public().(ed25519.PublicKey))
	if err != nil {
		panic("ledger: an Ed25519 key of another size: " + err.Error())
	}
	return s
}

func (k *Key) verifier(agency string) note.Verifier {
	v, err := note.NewVerifier(k.VerifierKey(agency))
	if err != nil {
		panic("ledger: a key of our own making is none: " + err.Error()) // names are checked before
	}
	return v
}

// code is by what the ledger knows a note of its own beside the data again: an
// HMAC-SHA-256 under a key that follows from the signing key. An edit by whoever
// has no keys is told by it, as a checksum tells a flipped bit.
func (k *Key) code(what string, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, k.notes)
	for _, p := range append([][]byte{[]byte(what)}, parts...) {
		m.Write(binary.BigEndian.AppendUint64(nil, uint64(len(p))))
		m.Write(p)
	}
	return m.Sum(nil)
}

// Code is the code of a commit that this store writes (eventstore.MarshalCoded).
func (k *Key) Code(line []byte) []byte { return k.code("commit", line)[:eventstore.MACSize] }

// Wrote tells whether a clear line bears the key's code: whoever has no keys can
// put no commit onto the stream that passes for the store's own (docs/adr/0010).
func (k *Key) Wrote(clear []byte) bool {
	line, code, ok := eventstore.Coded(clear)
	return ok && hmac.Equal(code, k.Code(line))
}

// sign gives the signed checkpoint.
func (k *Key) sign(agency string, c verify.Checkpoint) ([]byte, error) {
	return k.signText(agency, c.Text())
}

func (k *Key) signText(agency, text string) ([]byte, error) {
	name := verify.Origin(k.store, agency)
	public := append([]byte{algEd25519}, k.seed.Public().(ed25519.PublicKey)...)
	sum := sha256.Sum256([]byte(name + "\n" + string(public)))
	skey := fmt.Sprintf("PRIVATE+KEY+%s+%08x+%s", name, binary.BigEndian.Uint32(sum[:]),
		base64.StdEncoding.EncodeToString(append([]byte{algEd25519}, k.seed.Seed()...)))
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	return note.Sign(&note.Note{Text: text}, s)
}
