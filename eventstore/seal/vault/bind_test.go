package vault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
)

func newBinding(t *testing.T) Binding {
	dir := t.TempDir()
	return Binding{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "data.keys"), Lock: filepath.Join(dir, "data.lock")}
}

// bound is a binding with a vault in it.
func bound(t *testing.T) (Binding, string) {
	t.Helper()
	b := newBinding(t)
	store := mustBind(t, b)
	v, err := Open(t.Context(), Options{Path: filepath.Join(b.Data, "vault.db"), Store: store, Keys: b.Keys})
	if err != nil {
		t.Fatal(err)
	}
	prepared(t, v, dossier(1))
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	return b, store
}

func mustBind(t *testing.T, b Binding) string {
	t.Helper()
	store, err := Bind(b)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func remove(t *testing.T, path ...string) {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(path...)); err != nil {
		t.Fatal(err)
	}
}

func TestBindOnceAndForAll(t *testing.T) {
	b := newBinding(t)
	_, err := CheckBinding(b)
	wantCode(t, err, "no_store")
	store := mustBind(t, b)
	if _, err := uuid.Parse(store); err != nil {
		t.Fatal(err)
	}
	if again := mustBind(t, b); again != store {
		t.Errorf("bound to %s, then to %s", store, again)
	}
	if got, err := CheckBinding(b); err != nil || got != store {
		t.Error(got, err)
	}
	if info, err := os.Stat(b.Keys); err != nil || info.Mode().Perm() != 0o700 {
		t.Error(info, err)
	}
}

// Given a Bind that was cut short after any of its writes, then the next goes on.
func TestBindGoesOn(t *testing.T) {
	for _, lost := range [][]string{{"data"}, {"data", "lock"}} {
		b := newBinding(t)
		store := mustBind(t, b)
		for _, l := range lost {
			remove(t, map[string]string{"data": b.Data, "lock": b.Lock}[l])
		}
		if again := mustBind(t, b); again != store {
			t.Errorf("without %v: bound to %s, then to %s", lost, store, again)
		}
	}
}

func TestBindRefusesWhatDoesNotBelongTogether(t *testing.T) {
	other, _ := bound(t)
	for name, c := range map[string]struct {
		change func(*testing.T, *Binding)
		code   string
	}{
		"keys of another store":           {func(_ *testing.T, b *Binding) { b.Keys = other.Keys }, "wrong_keys"},
		"lock of another store":           {func(_ *testing.T, b *Binding) { b.Lock = other.Lock }, "wrong_lock"},
		"data of another store":           {func(_ *testing.T, b *Binding) { b.Data = other.Data }, "wrong_lock"},
		"keys gone":                       {func(t *testing.T, b *Binding) { remove(t, b.Keys) }, "keys_missing"},
		"lock gone":                       {func(t *testing.T, b *Binding) { remove(t, b.Lock) }, "wrong_lock"},
		"data gone":                       {func(t *testing.T, b *Binding) { remove(t, b.Data) }, "wrong_keys"},
		"data and lock gone":              {func(t *testing.T, b *Binding) { remove(t, b.Data); remove(t, b.Lock) }, "wrong_keys"},
		"data and keys gone":              {func(t *testing.T, b *Binding) { remove(t, b.Data); remove(t, b.Keys) }, "wrong_lock"},
		"data gone, lock another store's": {func(t *testing.T, b *Binding) { remove(t, b.Data); b.Lock = other.Lock }, "wrong_lock"},
		"keys open to others":             {func(t *testing.T, b *Binding) { os.Chmod(b.Keys, 0o755) }, "keys_readable"},
		"damaged id": {func(t *testing.T, b *Binding) {
			os.WriteFile(filepath.Join(b.Data, "store-id"), []byte("x\n"), 0o600)
		}, "store_id_damaged"},
		"joins another store's vault": {func(t *testing.T, b *Binding) { b.Shared = testStore }, "wrong_keys"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := bound(t)
			c.change(t, &b)
			for range 2 { // the refusal changes nothing
				_, err := Bind(b)
				wantCode(t, err, c.code)
			}
		})
	}
}

// A second instance on one PostgreSQL vault has the keys, but no data yet.
func TestBindSecondInstance(t *testing.T) {
	first, store := bound(t)
	b := newBinding(t)
	b.Shared = store
	_, err := Bind(b)
	wantCode(t, err, "keys_missing")
	b.Keys = first.Keys
	if got := mustBind(t, b); got != store {
		t.Error(got)
	}
}

// Never silently new keys: whatever is lost, Open says so.
func TestOpenWithoutItsKeys(t *testing.T) {
	for name, lost := range map[string]string{"key-encryption key": "kek-1", "vault": "vault.db"} {
		b, store := bound(t)
		remove(t, b.Keys, lost)
		remove(t, b.Data, lost)
		o := Options{Path: filepath.Join(b.Data, "vault.db"), Store: store, Keys: b.Keys}
		for range 2 {
			_, err := Open(t.Context(), o)
			if err == nil {
				t.Errorf("without the %s it opened", name)
			}
			wantCode(t, err, "keys_missing")
		}
	}
	b, store := bound(t)
	remove(t, b.Keys, "kek-1")
	remove(t, b.Data, "vault.db")
	_, err := Open(t.Context(), Options{Path: filepath.Join(b.Data, "vault.db"), Store: store, Keys: b.Keys, Existing: true})
	wantCode(t, err, "keys_missing")
}

func TestOpenAnothersVault(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		if v.Store() != testStore {
			t.Error(v.Store())
		}
		kek := v.kek
		o := Options{Store: uuid.NewString(), KEK: kek}
		open(t, func(p *Options) { o.Path, o.PostgresURL = p.Path, p.PostgresURL })
		if o.PostgresURL != "" {
			if got, err := StoreID(t.Context(), o.PostgresURL); err != nil || got != testStore {
				t.Errorf("store id %s, %v", got, err)
			}
		}
		_, err := Open(t.Context(), o)
		wantCode(t, err, "wrong_keys")

		// Another key under the same name and store does not open it either.
		o.Store, o.KEK = testStore, NewFileKeys(filepath.Join(t.TempDir(), "keys"), testStore)
		if err := o.KEK.Create(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		_, err = Open(t.Context(), o)
		wantCode(t, err, "wrong_keys")

		mustExec(t, v, "UPDATE meta SET value = '2' WHERE name = 'schema'")
		o.KEK = kek
		_, err = Open(t.Context(), o)
		wantCode(t, err, "vault_newer")
	})
}

// Given a creation that was cut short between the tables and the first epoch,
// with or without its key, then the next Open goes on.
func TestOpenGoesOn(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		mustExec(t, v, "DELETE FROM epochs")
		if _, err := open(t).Prepare(t.Context(), nil); err != nil { // the key file is there
			t.Fatal(err)
		}
		mustExec(t, v, "DELETE FROM epochs")
		if _, err := v.kek.Destroy(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		w := open(t)
		wantOpen(t, w, sealed(t, w, report(dossier(1), prepared(t, w, dossier(1)), 1), "x"), "x")
	})
}

func TestVaultThatIsGone(t *testing.T) {
	_, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "no", "vault.db"), Store: testStore, Keys: t.TempDir()})
	wantCode(t, err, "vault_unavailable")
	_, err = Open(t.Context(), Options{PostgresURL: "postgres:///x?host=/nonexistent", Store: testStore, Keys: t.TempDir()})
	wantCode(t, err, "vault_unavailable")
	v := sqliteVault(t)(t)
	prepared(t, v, dossier(1))
	for range 2 {
		if err := v.Close(); err != nil {
			t.Fatal(err)
		}
	}
	v.checked.Store(0)
	_, err = v.Prepare(t.Context(), nil)
	wantCode(t, err, "vault_unavailable")
}
