package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
)

// Binding names the three directories that belong together. The lock is kept
// apart from the data, so that old data put back cannot pass for the newest.
type Binding struct {
	Data, Keys, Lock string
	// Shared is the store id of the PostgreSQL vault that this instance joins
	// (StoreID), "" otherwise. Data and lock without an id then take it; keys
	// must have it.
	Shared string
}

const storeFile = "store-id"

// Bind checks that the three directories belong together, or binds them by a new
// random store id when none of them has one, making those that are missing. It
// returns the id.
//
// The id is written to the keys, then to the lock, then to the data, so that a
// Bind that was cut short is carried on by the next: no key exists before it.
//
// Errors: domain codes "keys_missing" (the data has an id, the keys have not),
// "wrong_keys" and "wrong_lock" (another id; or an id, and the data has none),
// "keys_readable" (others than the owner can get at the keys).
func Bind(b Binding) (store string, err error) {
	data, keys, lock, err := b.read()
	if err != nil {
		return "", err
	}
	if data == "" && keys == "" && lock == "" && b.Shared == "" {
		keys = uuid.NewString()
		if err := writeStoreID(b.Keys, keys, true); err != nil {
			return "", err
		}
	}
	switch {
	case b.Shared != "" && keys == "":
		return "", keysMissing()
	case b.Shared != "" && keys != b.Shared:
		return "", wrongKeys()
	case data == "" && lock != "" && lock != keys:
		return "", wrongLock()
	case b.Shared == "" && data == "" && hasKEK(b.Keys):
		return "", domain.Refused("wrong_keys", "C-2.1.4c",
			"the keys directory belongs to a store, but the data directory is empty; put the data of that store in its place, or name another keys directory for a new store")
	}
	if data == "" && lock == "" {
		if err := writeStoreID(b.Lock, keys, false); err != nil {
			return "", err
		}
	}
	if data == "" {
		if err := writeStoreID(b.Data, keys, false); err != nil {
			return "", err
		}
	}
	return CheckBinding(b)
}

// CheckBinding is Bind for directories that must be bound already; it writes nothing.
func CheckBinding(b Binding) (store string, err error) {
	data, keys, lock, err := b.read()
	switch {
	case err != nil:
		return "", err
	case data == "":
		return "", &domain.Error{Kind: domain.KindNotFound, Code: "no_store", Rule: "C-2.1.4c",
			Message: "there is no store in the data directory; look whether its path is right"}
	case lock != "" && lock != data:
		return "", wrongLock()
	case keys == "":
		return "", keysMissing()
	case keys != data:
		return "", wrongKeys()
	case lock == "":
		return "", domain.Refused("wrong_lock", "C-2.1.4c",
			"the lock of this store is missing, and without it nobody can tell whether the newest events are; put it back, or name its path")
	}
	return data, checkPrivate(b.Keys)
}

func (b Binding) read() (data, keys, lock string, err error) {
	ids := make([]string, 3)
	for i, dir := range []string{b.Data, b.Keys, b.Lock} {
		raw, err := os.ReadFile(filepath.Join(dir, storeFile))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return "", "", "", unavailable(err)
		}
		id := strings.TrimSuffix(string(raw), "\n")
		if parsed, err := uuid.Parse(id); err != nil || parsed.String() != id {
			return "", "", "", domain.Refused("store_id_damaged", "C-2.1.4c",
				"a file store-id does not hold a store id; it is the same in the data directory, the keys directory and the lock, so copy it from another of these")
		}
		ids[i] = id
	}
	return ids[0], ids[1], ids[2], nil
}

func writeStoreID(dir, id string, private bool) error {
	if private {
		if err := makePrivateDir(dir); err != nil {
			return err
		}
	} else if err := os.MkdirAll(dir, 0o700); err != nil {
		return unavailable(err)
	}
	return writeNew(filepath.Join(dir, storeFile), []byte(id+"\n"))
}

func hasKEK(dir string) bool {
	files, err := os.ReadDir(dir)
	return err == nil && slices.ContainsFunc(files, func(f fs.DirEntry) bool { return strings.HasPrefix(f.Name(), "kek-") })
}

func keysMissing() error {
	return domain.Refused("keys_missing", "C-2.1.4c",
		"the keys of this store are not where they should be, and without them nothing personal can be read; put the keys directory and the vault back, or name their path. New keys are not made in their place: they would open nothing")
}

func wrongKeys() error {
	return domain.Refused("wrong_keys", "C-2.1.4c",
		"these keys belong to another store than this data; name the keys directory and the vault that belong to it")
}

func wrongLock() error {
	return domain.Refused("wrong_lock", "C-2.1.4c",
		"this lock belongs to another store than this data; name the lock that belongs to it, or another one for a new store")
}
