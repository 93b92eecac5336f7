package vault

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"

	"github.com/casefile-engine/casefile/domain"
)

// secondCopy appends every new wrapped key to a file on another medium, one
// JSON line each (CopyLine), and syncs it. Losing the vault loses everything, so
// a key is in both places before its first use (architecture §5).
//
// The caller holds Vault.write. A nil secondCopy does nothing.
type secondCopy struct {
	f     *os.File
	store string
}

// CopyLine is one line of the second copy. A later line on the same key stands
// above an earlier one; a line without a prefix that carries a status ends what
// the earlier ones had.
type CopyLine struct {
	Store      string            `json:"store"`
	Key        string            `json:"key,omitempty"` // root key id; "" for a digest key
	Agency     string            `json:"agency"`
	Owner      string            `json:"owner,omitempty"`
	Class      domain.Class      `json:"class,omitempty"`
	Use        string            `json:"use,omitempty"` // of a digest key
	Epoch      int               `json:"epoch"`
	Created    int64             `json:"created,omitempty"` // microseconds since 1970 UTC
	Commitment string            `json:"commitment,omitempty"`
	Status     string            `json:"status,omitempty"`
	Wrapped    map[string][]byte `json:"wrapped"` // by prefix; a digest key has ""
}

func openSecondCopy(path, store string) (*secondCopy, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, unavailable(err)
	}
	if err := errors.Join(f.Chmod(0o600), endLine(f), f.Sync(), syncDir(filepath.Dir(path))); err != nil {
		return nil, errors.Join(unavailable(err), f.Close())
	}
	return &secondCopy{f: f, store: store}, nil
}

// endLine ends a line that a crash cut short, so that the next one stands alone.
func endLine(f *os.File) error {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil || size == 0 {
		return err
	}
	last := []byte{0}
	if _, err := f.ReadAt(last, size-1); err != nil {
		return err
	}
	if last[0] != '\n' {
		_, err = f.Write([]byte{'\n'})
	}
	return err
}

// keys appends new root keys.
func (c *secondCopy) keys(keys []*newKey) error {
	if c == nil || len(keys) == 0 {
		return nil
	}
	lines := make([]CopyLine, len(keys))
	for i, k := range keys {
		lines[i] = copyLine(&k.record, map[string][]byte{"": k.wrapped})
	}
	return c.append(lines)
}

func copyLine(r *record, wrapped map[string][]byte) CopyLine {
	return CopyLine{Key: r.id, Agency: r.scope.Agency, Owner: r.scope.Owner, Class: r.scope.Class, Epoch: r.epoch,
		Created: r.created, Commitment: hex.EncodeToString(r.commitment), Status: r.status, Wrapped: wrapped}
}

// append writes lines and syncs them.
func (c *secondCopy) append(lines []CopyLine) error {
	if c == nil {
		return nil
	}
	w := bufio.NewWriterSize(c.f, 1<<20)
	enc := json.NewEncoder(w)
	for i := range lines {
		lines[i].Store = c.store
		if err := enc.Encode(&lines[i]); err != nil {
			return err
		}
	}
	return errors.Join(w.Flush(), c.f.Sync())
}

func (c *secondCopy) close() error { return c.f.Close() }
