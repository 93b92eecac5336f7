package vault

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Options says where a vault is.
type Options struct {
	// Path is the SQLite file. PostgresURL, when set, is used in its place.
	Path        string
	PostgresURL string
	// Store is the store id, from Bind.
	Store string
	// Existing says that the store holds commits, so that a vault must be there:
	// none is created, the error is "keys_missing".
	Existing bool
	// Keys is the directory of the key-encryption keys, kek-<epoch>. KEK, when
	// set, is used in its place.
	Keys string
	KEK  KEKProvider
	// SecondCopy, when set, is a file on another medium. Every new wrapped key is
	// appended to it and synced before its first use.
	SecondCopy string
	// Clock gives the times of creation and destruction; nil is the machine's.
	Clock clock.Clock
	// CacheKeys bounds how many keys stay unwrapped in memory, at about 1 kB
	// each; 0 is 65,536.
	CacheKeys int
}

// Vault is a seal.Sealer, seal.Opener and seal.Digester over the stored keys.
// Its methods may be called from many goroutines.
type Vault struct {
	db    *database
	store string
	kek   KEKProvider
	clock clock.Clock
	copy  *secondCopy // nil when there is none

	// write is held by the one goroutine that changes the tables; it comes
	// before mu.
	write sync.Mutex

	mu      sync.Mutex // guards what follows
	next    *batch     // scopes that wait for the next creating transaction, or nil
	scopes  *lru[seal.Scope, *record]
	keys    *lru[string, *material]
	digests map[digestName]*[32]byte
	pending map[string]bool // announced key ids that are not yet written
	aeads   map[int]tink.AEAD
	epoch   int    // the current epoch
	purges  uint64 // counts removals, so that no load that began earlier is kept

	checked  atomic.Int64 // when the revision was last read, in nanoseconds since began
	began    time.Time
	revision atomic.Int64

	close func() error // once
}

var (
	_ seal.Sealer   = (*Vault)(nil)
	_ seal.Opener   = (*Vault)(nil)
	_ seal.Digester = (*Vault)(nil)
)

// Open opens the vault, or creates it with its first key-encryption key when
// neither exists.
//
// Errors: domain codes "keys_missing" (tables without their key-encryption key,
// or the reverse), "wrong_keys" (another store's), "keys_damaged",
// "keys_readable", "vault_newer" (written by a newer program),
// "vault_unavailable".
func Open(ctx context.Context, o Options) (*Vault, error) {
	if o.Store == "" {
		return nil, errors.New("vault: Options.Store is empty; Bind gives it")
	}
	v := &Vault{store: o.Store, kek: o.KEK, clock: o.Clock, began: time.Now(),
		digests: map[digestName]*[32]byte{}, pending: map[string]bool{}, aeads: map[int]tink.AEAD{}}
	v.close = sync.OnceValue(v.shut)
	if v.kek == nil {
		v.kek = NewFileKeys(o.Keys, o.Store)
	}
	if v.clock == nil {
		v.clock = clock.System{}
	}
	if o.CacheKeys <= 0 {
		o.CacheKeys = 1 << 16
	}
	v.scopes = newLRU[seal.Scope](o.CacheKeys, func(*record) {})
	v.keys = newLRU[string](o.CacheKeys, (*material).wipe)
	var err error
	if v.db, err = openDatabase(ctx, o); err != nil {
		return nil, err
	}
	if err = v.init(ctx, o.Existing); err == nil && o.SecondCopy != "" {
		v.copy, err = openSecondCopy(o.SecondCopy, o.Store)
	}
	if err != nil {
		return nil, errors.Join(err, v.db.close())
	}
	return v, nil
}

func openDatabase(ctx context.Context, o Options) (*database, error) {
	if o.PostgresURL != "" {
		return openPostgres(o.PostgresURL)
	}
	if _, err := os.Stat(o.Path); o.Existing && errors.Is(err, fs.ErrNotExist) {
		return nil, keysMissing() // and no empty file in its place
	}
	return openSQLite(ctx, o.Path)
}

// init checks what there is and creates what may be created. The tables come
// before the key-encryption key, each in a transaction of its own: so a key file
// without tables always means that the tables were lost, while tables without
// any epoch are a creation that was cut short, and it goes on.
func (v *Vault) init(ctx context.Context, existing bool) error {
	err := v.db.inTx(ctx, func(tx *sql.Tx) error {
		if err := v.db.lockInit(ctx, tx); err != nil {
			return err
		}
		store, version, err := v.readMeta(ctx, tx)
		if err != nil {
			return err
		}
		switch {
		case store != "" && store != v.store:
			return wrongKeys()
		case store != "" && version > schemaVersion:
			return domain.Refused("vault_newer", "C-2.1.4d", "the key vault was written by a newer version of casefile; use that version or a newer one")
		case store != "":
			return nil
		}
		if _, err := v.kek.Open(ctx, 1); existing || !errors.Is(err, ErrNoKEK) {
			if err != nil && !errors.Is(err, ErrNoKEK) {
				return err
			}
			return keysMissing()
		}
		if err := v.db.createTables(ctx, tx); err != nil {
			return err
		}
		_, err = v.db.execRows(ctx, tx, "INSERT INTO meta (name, value) VALUES ", 2,
			[]any{"store", v.store, "schema", strconv.Itoa(schemaVersion), "revision", "0"}, "")
		return err
	})
	if err != nil {
		return err
	}
	return v.db.inTx(ctx, func(tx *sql.Tx) error {
		if err := v.db.lockInit(ctx, tx); err != nil {
			return err
		}
		return v.initEpoch(ctx, tx)
	})
}

// readMeta gives the store id and schema version, or "" where there are no
// tables yet.
func (v *Vault) readMeta(ctx context.Context, tx *sql.Tx) (store string, version int, err error) {
	there := "SELECT count(*) FROM sqlite_master WHERE name = 'meta'"
	if v.db.postgres {
		there = "SELECT count(*) FROM pg_tables WHERE schemaname = 'casefile_vault' AND tablename = 'meta'"
	}
	var n int
	if err := tx.QueryRowContext(ctx, there).Scan(&n); err != nil || n == 0 {
		return "", 0, err
	}
	var text string
	if err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'store'").Scan(&store); err != nil {
		return "", 0, err
	}
	if err := tx.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'schema'").Scan(&text); err != nil {
		return "", 0, err
	}
	version, err = strconv.Atoi(text)
	return store, version, err
}

// initEpoch finds the current epoch and tries its key, or opens the first one.
func (v *Vault) initEpoch(ctx context.Context, tx *sql.Tx) error {
	var check []byte
	err := tx.QueryRowContext(ctx, "SELECT id, check_value FROM epochs WHERE closed = 0 ORDER BY id DESC LIMIT 1").Scan(&v.epoch, &check)
	if errors.Is(err, sql.ErrNoRows) {
		return v.firstEpoch(ctx, tx)
	}
	if err != nil {
		return err
	}
	aead, err := v.aead(ctx, v.epoch)
	if err != nil {
		return err
	}
	if text, err := aead.Decrypt(check, v.checkData(v.epoch)); err != nil || string(text) != checkText {
		return wrongKeys()
	}
	return nil
}

func (v *Vault) firstEpoch(ctx context.Context, tx *sql.Tx) error {
	var used int
	if err := tx.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM root_keys) + (SELECT count(*) FROM epochs)").Scan(&used); err != nil {
		return err
	}
	if used > 0 {
		return vaultDamaged("no epoch is open")
	}
	if err := v.kek.Create(ctx, 1); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	v.epoch = 1
	aead, err := v.aead(ctx, 1)
	if err != nil {
		return err
	}
	check, err := aead.Encrypt([]byte(checkText), v.checkData(1))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, v.db.q("INSERT INTO epochs (id, opened, check_value) VALUES (?, ?, ?)"), 1, v.now(), check)
	return err
}

// aead gives the key-encryption key of an epoch.
func (v *Vault) aead(ctx context.Context, epoch int) (tink.AEAD, error) {
	v.mu.Lock()
	a := v.aeads[epoch]
	v.mu.Unlock()
	if a != nil {
		return a, nil
	}
	a, err := v.kek.Open(ctx, epoch)
	if errors.Is(err, ErrNoKEK) {
		return nil, keysMissing()
	}
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	v.aeads[epoch] = a
	v.mu.Unlock()
	return a, nil
}

// recheck is how long a cached key is used without looking whether another
// instance destroyed it.
const recheck = time.Second

// fresh drops all cached keys when another instance has destroyed or punctured
// any since the last look.
func (v *Vault) fresh(ctx context.Context) error {
	now, last := int64(time.Since(v.began))+1, v.checked.Load()
	if last != 0 && now-last < int64(recheck) || !v.checked.CompareAndSwap(last, now) {
		return nil
	}
	var text string
	err := v.db.QueryRowContext(ctx, "SELECT value FROM meta WHERE name = 'revision'").Scan(&text)
	revision, bad := strconv.ParseInt(text, 10, 64)
	if err = errors.Join(err, bad); err != nil {
		v.checked.Store(last)
		return unavailable(err)
	}
	if v.revision.Swap(revision) != revision {
		v.mu.Lock()
		v.purges++
		v.scopes.clear()
		v.keys.clear()
		v.mu.Unlock()
	}
	return nil
}

// Close writes what is pending and lets go of the tables. Cached keys are
// overwritten as far as Go allows. It is safe to call twice.
func (v *Vault) Close() error { return v.close() }

func (v *Vault) shut() error {
	err := v.flushAnnounced(context.Background())
	v.mu.Lock()
	v.scopes.clear()
	v.keys.clear()
	for _, k := range v.digests {
		clear(k[:])
	}
	clear(v.digests)
	v.mu.Unlock()
	if v.copy != nil {
		err = errors.Join(err, v.copy.close())
	}
	return errors.Join(err, v.db.close())
}

// Store is the id of the store that the vault belongs to.
func (v *Vault) Store() string { return v.store }

// StoreID gives the store id in a PostgreSQL vault, for Binding.Shared; "" when
// there is no vault yet.
func StoreID(ctx context.Context, postgresURL string) (store string, err error) {
	db, err := openPostgres(postgresURL)
	if err != nil {
		return "", err
	}
	v := &Vault{db: db}
	err = db.inTx(ctx, func(tx *sql.Tx) error {
		store, _, err = v.readMeta(ctx, tx)
		return err
	})
	return store, errors.Join(err, db.close())
}

func (v *Vault) now() int64 { return v.clock.Now().UnixMicro() }

func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// vaultDamaged is for tables whose rows contradict each other or their keys.
func vaultDamaged(what string) error {
	return &domain.Error{Kind: domain.KindInternal, Code: "vault_damaged", Rule: "C-2.1.4c",
		Message: "the key vault is damaged; put the newest whole copy of it in its place",
		Cause:   fmt.Errorf("vault: damaged: %s", what)}
}
