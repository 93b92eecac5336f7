package vault

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore/seal"
)

func TestKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "keys")
	k := NewFileKeys(dir, testStore)
	if _, err := k.Open(t.Context(), 1); !errors.Is(err, ErrNoKEK) {
		t.Fatal(err)
	}
	if err := k.Create(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for path, mode := range map[string]fs.FileMode{dir: 0o700, filepath.Join(dir, "kek-1"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%v, %v", info.Mode(), err)
		}
	}
	if files, err := os.ReadDir(dir); err != nil || len(files) != 1 {
		t.Errorf("%v, %v", files, err)
	}
	a, err := k.Open(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := a.Encrypt([]byte("x"), []byte("y"))
	if err != nil {
		t.Fatal(err)
	}

	// A second Create changes nothing.
	if err := k.Create(t.Context(), 1); !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	if a, err = k.Open(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if got, err := a.Decrypt(wrapped, []byte("y")); err != nil || string(got) != "x" {
		t.Fatal(got, err)
	}
}

func TestKeyFileThatOthersCanRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k := NewFileKeys(dir, testStore)
	if err := k.Create(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		mode fs.FileMode
	}{{dir, 0o750}, {dir, 0o701}, {filepath.Join(dir, "kek-1"), 0o640}, {filepath.Join(dir, "kek-1"), 0o604}} {
		before, err := os.Stat(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(c.path, c.mode); err != nil {
			t.Fatal(err)
		}
		_, err = k.Open(t.Context(), 1)
		wantCode(t, err, "keys_readable")
		if err := os.Chmod(c.path, before.Mode().Perm()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := k.Open(t.Context(), 1); err != nil {
		t.Error(err)
	}
}

// T2: each byte of the key file flipped in turn is found, and so is a file cut short.
func TestDamagedKeyFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	k := NewFileKeys(dir, testStore)
	if err := k.Create(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "kek-1")
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := k.Open(t.Context(), 1)
		wantCode(t, err, "keys_damaged")
	}
	for i := range whole {
		flipped := bytes.Clone(whole)
		flipped[i] ^= 1
		bad(flipped)
		bad(whole[:i])
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, filepath.Join(dir, "kek-2")); err != nil {
		t.Fatal(err)
	}
	_, err = k.Open(t.Context(), 2)
	wantCode(t, err, "keys_damaged") // one epoch's key is no other's
	_, err = NewFileKeys(dir, "0190a0a0-0000-4000-8000-00000000beef").Open(t.Context(), 1)
	if !errors.Is(err, ErrNoKEK) {
		t.Error(err)
	}
}

func TestDestroyedKeyFile(t *testing.T) {
	open := sqliteVault(t)
	v := open(t)
	x := sealed(t, v, report(dossier(1), prepared(t, v, dossier(1)), 1), "x")
	epochs, err := v.Epochs(t.Context())
	if err != nil || len(epochs) != 1 || epochs[0].ID != 1 || epochs[0].Opened.IsZero() || !epochs[0].Closed.IsZero() || epochs[0].Method != "" {
		t.Fatalf("%+v, %v", epochs, err)
	}
	k := v.kek.(*FileKeys)
	method, err := k.Destroy(t.Context(), 1)
	if err != nil || method != MethodOverwritten {
		t.Fatal(method, err)
	}
	if files, err := os.ReadDir(k.dir); err != nil || len(files) != 0 {
		t.Errorf("%v, %v", files, err)
	}
	if _, err := k.Destroy(t.Context(), 1); !errors.Is(err, ErrNoKEK) {
		t.Error(err)
	}
	// Whatever copy of the tables remains is worthless; a new key is not made.
	o := Options{Store: testStore, KEK: k}
	open(t, func(p *Options) {
		o.Path = p.Path
		p.Path, p.Keys = filepath.Join(t.TempDir(), "other.db"), filepath.Join(t.TempDir(), "keys")
	})
	for _, existing := range []bool{false, true} {
		o.Existing = existing
		_, err = Open(t.Context(), o)
		wantCode(t, err, "keys_missing")
	}
	wantOpen(t, v, x, "x") // from the memory of this process alone, until it ends
}

// Everything that was wrapped comes back from the second copy, by its own
// lines and the key-encryption key.
func TestSecondCopy(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		path := filepath.Join(t.TempDir(), "copy")
		with := func(o *Options) { o.SecondCopy = path }
		v := open(t, with)
		ids := []string{prepared(t, v, dossier(1)), prepared(t, v, dossier(2)), prepared(t, v, dossier(3))}
		if _, err := v.Digest(t.Context(), "noord", "command", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Puncture(t.Context(), dossier(2), 9); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Destroy(t.Context(), dossier(3)); err != nil {
			t.Fatal(err)
		}
		// A crash in the middle of a line spoils no other.
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(`{"store":"019`); err != nil {
			t.Fatal(err)
		}
		f.Close()
		w := open(t, with)
		ids = append(ids, prepared(t, w, dossier(4)))

		last := readCopy(t, path)
		if len(last) != 5 {
			t.Fatalf("%d keys in the copy", len(last))
		}
		for i, nodes := range []int{1, 90, 0, 1} {
			line, id := last[ids[i]], ids[i]
			if len(line.Wrapped) != nodes || line.Store != testStore {
				t.Errorf("key %d has %d nodes", i, len(line.Wrapped))
			}
			s := seal.Scope{Agency: line.Agency, Owner: line.Owner, Class: line.Class}
			for prefix, wrapped := range line.Wrapped {
				k, err := v.unwrapKey(t.Context(), line.Epoch, wrapped, v.nodeData(id, s, prefix, line.Epoch))
				if err != nil {
					t.Fatal(err)
				}
				m, err := v.material(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				found := false
				for _, n := range m.nodes {
					found = found || n.Prefix == prefix && n.Key == k
				}
				if !found {
					t.Errorf("key %d: node %q is another", i, prefix)
				}
			}
		}
		if last[""].Use != "command" || len(last[""].Wrapped) != 1 {
			t.Errorf("digest key %+v", last[""])
		}
	})
}

func readCopy(t *testing.T, path string) map[string]CopyLine {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	last := map[string]CopyLine{}
	broken := 0
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line CopyLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			broken++
			continue
		}
		last[line.Key] = line
	}
	if err := lines.Err(); err != nil || broken != 1 {
		t.Fatalf("%d broken lines, %v", broken, err)
	}
	return last
}

// A key that cannot be copied is not created.
func TestSecondCopyThatFails(t *testing.T) {
	open := sqliteVault(t)
	v := open(t, func(o *Options) { o.SecondCopy = filepath.Join(t.TempDir(), "copy") })
	prepared(t, v, dossier(1))
	v.copy.f.Close()
	_, err := v.Prepare(t.Context(), []seal.Scope{dossier(2)})
	wantCode(t, err, "vault_unavailable")
	if _, ok, err := v.Status(t.Context(), dossier(2)); ok || err != nil {
		t.Errorf("the key exists: %v, %v", ok, err)
	}
	if strings.Contains(err.Error(), "copy") {
		t.Errorf("the message says %v", err)
	}
	v.copy = nil
}
