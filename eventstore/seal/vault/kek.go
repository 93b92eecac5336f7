package vault

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/casefile-engine/casefile/domain"
)

// ErrNoKEK is what a KEKProvider's Open wraps when it has no key for the epoch.
var ErrNoKEK = errors.New("vault: no key-encryption key for this epoch")

// The methods by which a key-encryption key can have been destroyed, as they
// stand in a certificate of destruction (architecture §5).
const (
	// MethodOverwritten: the file was overwritten and removed; whether the medium
	// still holds it is not proven.
	MethodOverwritten = "overwritten_medium_not_proven"
	// MethodIrrecoverable: a key service has destroyed the key.
	MethodIrrecoverable = "irrecoverable"
)

// KEKProvider has the key-encryption keys, one for each epoch, from 1.
//
// FileKeys is the one for files. One over a key service (KMS) wraps a key of
// its own per epoch and gives an AEAD over that, since the vault wraps some
// thousands of keys a second; destroying the service's key then ends the epoch.
type KEKProvider interface {
	// Create makes the key of an epoch, durably, before it returns. An epoch that
	// has one already is an error that wraps fs.ErrExist, and nothing changes.
	Create(ctx context.Context, epoch int) error
	// Open gives the AEAD under the key of an epoch, or an error that wraps ErrNoKEK.
	Open(ctx context.Context, epoch int) (tink.AEAD, error)
	// Destroy ends the key of an epoch for good and tells by what method. An
	// epoch without a key is an error that wraps ErrNoKEK.
	Destroy(ctx context.Context, epoch int) (method string, err error)
}

// FileKeys keeps key-encryption keys as files kek-<epoch> of mode 0600 in a
// directory of mode 0700. It refuses to work when others than the owner can
// get at them.
type FileKeys struct {
	dir, store string
}

// NewFileKeys gives the keys of a store in a directory, which Create makes.
func NewFileKeys(dir, store string) *FileKeys { return &FileKeys{dir: dir, store: store} }

const kekHead = "casefile key-encryption key v1"

func (k *FileKeys) path(epoch int) string { return filepath.Join(k.dir, fmt.Sprintf("kek-%d", epoch)) }

// Create draws 32 random bytes and writes them to a new file. File and
// directory are synced before it returns; the name appears with its whole
// content or not at all.
func (k *FileKeys) Create(_ context.Context, epoch int) error {
	if err := makePrivateDir(k.dir); err != nil {
		return err
	}
	var key [32]byte
	if _, err := rand.Read(key[:]); err != nil {
		return fmt.Errorf("vault: drawing a key: %w", err)
	}
	text := fmt.Sprintf("%s\nstore %s\nepoch %d\nkey %s\ncheck %s\n", kekHead, k.store, epoch,
		base64.StdEncoding.EncodeToString(key[:]), kekCheck(k.store, epoch, key[:]))
	return writeNew(k.path(epoch), []byte(text))
}

// Open reads the file of an epoch.
func (k *FileKeys) Open(_ context.Context, epoch int) (tink.AEAD, error) {
	if err := checkPrivate(k.dir); err != nil {
		return nil, err
	}
	if err := checkPrivate(k.path(epoch)); err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(k.path(epoch))
	if err != nil {
		return nil, unavailable(err)
	}
	key, err := k.parse(raw, epoch)
	if err != nil {
		return nil, err
	}
	return subtle.NewAESGCM(key)
}

// Destroy overwrites the file with random bytes, syncs and removes it. What a
// medium with wear levelling or snapshots still holds is not known.
func (k *FileKeys) Destroy(_ context.Context, epoch int) (string, error) {
	f, err := os.OpenFile(k.path(epoch), os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return "", ErrNoKEK
	}
	if err != nil {
		return "", unavailable(err)
	}
	err = func() error {
		info, err := f.Stat()
		if err != nil {
			return err
		}
		noise := make([]byte, info.Size())
		if _, err := rand.Read(noise); err != nil {
			return err
		}
		if _, err := f.WriteAt(noise, 0); err != nil {
			return err
		}
		return f.Sync()
	}()
	if err = errors.Join(err, f.Close()); err != nil {
		return "", unavailable(err)
	}
	if err := errors.Join(os.Remove(k.path(epoch)), syncDir(k.dir)); err != nil {
		return "", unavailable(err)
	}
	return MethodOverwritten, nil
}

func (k *FileKeys) parse(raw []byte, epoch int) ([]byte, error) {
	text, whole := strings.CutSuffix(string(raw), "\n")
	lines := strings.Split(text, "\n")
	if !whole || len(lines) != 5 || lines[0] != kekHead || lines[2] != fmt.Sprintf("epoch %d", epoch) {
		return nil, keysDamaged()
	}
	store, okStore := strings.CutPrefix(lines[1], "store ")
	encoded, okKey := strings.CutPrefix(lines[3], "key ")
	check, okCheck := strings.CutPrefix(lines[4], "check ")
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !okStore || !okKey || !okCheck || err != nil || len(key) != 32 || check != kekCheck(store, epoch, key) {
		return nil, keysDamaged()
	}
	if store != k.store {
		return nil, wrongKeys()
	}
	return key, nil
}

// kekCheck tells a damaged file from a whole one. Eight bytes of a hash over a
// random key of 256 bits give nothing of it away.
func kekCheck(store string, epoch int, key []byte) string {
	h := sha256.Sum256(bytes.Join([][]byte{[]byte(kekHead), []byte(store), fmt.Append(nil, epoch), key}, []byte{0}))
	return hex.EncodeToString(h[:8])
}

func keysDamaged() error {
	return domain.Refused("keys_damaged", "C-2.1.4c",
		"the file of the key-encryption key is damaged; put a whole copy of the keys directory in its place")
}

// checkPrivate refuses what others than the owner can get at; a file that does
// not exist gives an error that wraps ErrNoKEK.
func checkPrivate(path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w", ErrNoKEK)
	}
	if err != nil {
		return unavailable(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return domain.Refused("keys_readable", "C-2.1.4c",
			"others than the owner can get at the key-encryption keys; run chmod -R go= on the keys directory, and find out who has read them")
	}
	return nil
}

// makePrivateDir makes a directory of mode 0700, durably, or checks the one there is.
func makePrivateDir(dir string) error {
	err := os.MkdirAll(filepath.Dir(dir), 0o755)
	if err == nil {
		if err = os.Mkdir(dir, 0o700); errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	if err == nil {
		err = syncDir(filepath.Dir(dir))
	}
	if err != nil {
		return unavailable(err)
	}
	return checkPrivate(dir)
}

// writeNew writes a file of mode 0600 that must not exist yet, whole or not at
// all, and durably. If it exists, the error wraps fs.ErrExist.
func writeNew(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // mode 0600
	if err != nil {
		return unavailable(err)
	}
	_, err = f.Write(content)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path) // unlike a rename, never replaces a file
	}
	err = errors.Join(err, os.Remove(f.Name()), syncDir(filepath.Dir(path)))
	return unavailable(err)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
