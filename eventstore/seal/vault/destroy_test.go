package vault

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

// C-2.5c: given sections under two classes of a dossier, when one class is
// destroyed, then its sections open no more, for nobody, and the other's do.
func TestDestroyTakesOneClass(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		s, medical := dossier(1), dossier(1)
		medical.Class = domain.ClassMedical
		kept := sealed(t, v, report(s, prepared(t, v, s), 1), "kept")
		gone := sealed(t, v, report(medical, prepared(t, v, medical), 1), "gone")

		info, err := v.Destroy(t.Context(), medical)
		if err != nil || info.Status != Destroyed || info.Changed.IsZero() || info.ID != gone.Key {
			t.Fatalf("%+v, %v", info, err)
		}
		for _, w := range []*Vault{v, open(t)} {
			wantOpen(t, w, kept, "kept")
			_, err = w.Open(t.Context(), ackFor(t, gone.Place), gone)
			wantCode(t, err, "destroyed")
			_, err = w.Seal(t.Context(), gone.Place, nil)
			wantCode(t, err, "destroyed")
			_, err = w.Prepare(t.Context(), []seal.Scope{s, medical})
			wantCode(t, err, "destroyed")
			_, err = w.KeyID(t.Context(), medical)
			wantCode(t, err, "destroyed")
			_, err = w.Puncture(t.Context(), medical, 1)
			wantCode(t, err, "destroyed")
		}
		again, err := v.Destroy(t.Context(), medical)
		if err != nil || again != info {
			t.Errorf("destroyed again: %+v, %v", again, err)
		}
		for _, look := range []func() (KeyInfo, bool, error){
			func() (KeyInfo, bool, error) { return v.Status(t.Context(), medical) },
			func() (KeyInfo, bool, error) { return v.KeyStatus(t.Context(), gone.Key) },
		} {
			if got, ok, err := look(); err != nil || !ok || got != info {
				t.Errorf("status %+v, %v, %v", got, ok, err)
			}
		}
		if n, err := v.Check(t.Context()); err != nil || n != 2 {
			t.Errorf("%d keys, %v", n, err)
		}
	})
}

// A class that never held anything can be destroyed too, and gets no key later.
func TestDestroyWithoutAKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		s := dossier(1)
		if _, ok, err := v.Status(t.Context(), s); ok || err != nil {
			t.Fatal(ok, err)
		}
		_, err := v.Puncture(t.Context(), s, 1)
		wantCode(t, err, "key_missing")
		if _, ok, err := v.Status(t.Context(), s); ok || err != nil {
			t.Fatal("a failed puncture left a row", ok, err)
		}
		if _, err := v.Destroy(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		_, err = v.Prepare(t.Context(), []seal.Scope{s})
		wantCode(t, err, "destroyed")
	})
}

// C-2.9.3b: single records can be destroyed, the others stay.
func TestPunctureTakesSingleCommits(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		s := dossier(1)
		id := prepared(t, v, s)
		var all []seal.Sealed
		for version := range uint64(40) {
			all = append(all, sealed(t, v, report(s, id, version+1), "x"))
		}
		info, err := v.Puncture(t.Context(), s, 3, 17)
		if err != nil || info.Status != Punctured || info.ID != id {
			t.Fatalf("%+v, %v", info, err)
		}
		if again, err := v.Puncture(t.Context(), s, 3); err != nil || again != info {
			t.Errorf("punctured again: %+v, %v", again, err)
		}
		if _, err := v.Puncture(t.Context(), s, 4); err != nil { // a node, no root any more
			t.Fatal(err)
		}
		for _, w := range []*Vault{v, open(t)} {
			for _, x := range all {
				if x.Version == 3 || x.Version == 4 || x.Version == 17 {
					_, err := w.Open(t.Context(), ackFor(t, x.Place), x)
					wantCode(t, err, "destroyed")
					continue
				}
				wantOpen(t, w, x, "x")
			}
			wantOpen(t, w, sealed(t, w, report(s, id, 41), "later"), "later")
			if n, err := w.Check(t.Context()); err != nil || n != 1 {
				t.Errorf("%d keys, %v", n, err)
			}
		}
		if _, err := v.Puncture(t.Context(), s, 0); err == nil {
			t.Error("version 0 was punctured")
		}
	})
}

// T7 in little: after destruction the wrapped key stands in no file of the
// SQLite vault; before, it does.
func TestDestroyedKeysLeaveTheFiles(t *testing.T) {
	dir := t.TempDir()
	v := openWith(Options{Path: filepath.Join(dir, "vault.db"), Store: testStore, Keys: filepath.Join(dir, "keys")})(t)
	var wrapped [][]byte
	for i := range 300 {
		id := prepared(t, v, dossier(i))
		var w []byte
		if err := v.db.QueryRowContext(t.Context(), "SELECT wrapped FROM nodes WHERE key_id = ?", keyID(id)).Scan(&w); err != nil {
			t.Fatal(err)
		}
		wrapped = append(wrapped, w)
	}
	if n := countIn(t, dir, wrapped); n != 300 {
		t.Fatalf("%d of 300 wrapped keys are in the files", n)
	}
	for i := range 300 {
		if i%3 == 0 {
			_, err := v.Puncture(t.Context(), dossier(i), 1)
			if err != nil {
				t.Fatal(err)
			}
		} else if _, err := v.Destroy(t.Context(), dossier(i)); err != nil {
			t.Fatal(err)
		}
	}
	if n := countIn(t, dir, wrapped); n != 0 {
		t.Errorf("%d of 300 wrapped keys are still in the files", n)
	}
}

// countIn tells how many of the values stand in any file directly in dir.
func countIn(t *testing.T, dir string, values [][]byte) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := map[int]bool{}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("a file of the vault has mode %v, %v", info.Mode(), err)
		}
		for i, v := range values {
			if bytes.Contains(raw, v) {
				found[i] = true
			}
		}
	}
	return len(found)
}

// No key stands in the clear in the files, in the second copy neither.
func TestNoKeyInTheClear(t *testing.T) {
	dir := t.TempDir()
	v := openWith(Options{Path: filepath.Join(dir, "vault.db"), Store: testStore, Keys: filepath.Join(dir, "keys"), SecondCopy: filepath.Join(dir, "copy")})(t)
	var roots [][]byte
	for i := range 20 {
		m, err := v.material(t.Context(), prepared(t, v, dossier(i)))
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, slices.Clone(m.nodes[0].Key[:]))
	}
	if n := countIn(t, dir, roots); n != 0 {
		t.Errorf("%d roots stand in the clear", n)
	}
}

// T2 in little: whatever row is changed or swapped, no key comes out of it.
func TestDamagedRowsAreFound(t *testing.T) {
	for name, damage := range map[string]string{
		"commitment":    "UPDATE root_keys SET commitment = x'00'",
		"owner":         "UPDATE root_keys SET owner = 'dossier/x' WHERE id = ?1",
		"class":         "UPDATE root_keys SET class = 'medical' WHERE id = ?1",
		"agency":        "UPDATE root_keys SET agency = 'zuid' WHERE id = ?1",
		"epoch":         "UPDATE root_keys SET epoch = 2",
		"status":        "UPDATE root_keys SET status = 'intacT'",
		"punctured":     "UPDATE root_keys SET status = 'punctured'",
		"destroyed":     "UPDATE root_keys SET status = 'destroyed'",
		"prefix":        "UPDATE nodes SET prefix = '0' WHERE key_id = ?1",
		"nodes lost":    "DELETE FROM nodes WHERE key_id = ?1",
		"other's node":  "UPDATE nodes SET wrapped = (SELECT wrapped FROM nodes WHERE key_id <> ?1) WHERE key_id = ?1",
		"flipped":       "UPDATE nodes SET wrapped = x'01' || substr(wrapped, 2) WHERE key_id = ?1",
		"root restored": "INSERT INTO nodes SELECT key_id, '1', wrapped FROM nodes WHERE key_id = ?1",
	} {
		t.Run(name, func(t *testing.T) {
			open := sqliteVault(t)
			v := open(t)
			id := prepared(t, v, dossier(1))
			prepared(t, v, dossier(2))
			x := sealed(t, v, report(dossier(1), id, 1), "x")
			mustExec(t, v, damage, keyID(id))
			w := open(t)
			if got, err := w.Open(t.Context(), ackFor(t, x.Place), x); err == nil {
				t.Errorf("opened as %q", got)
			}
			if _, err := w.Check(t.Context()); err == nil {
				t.Error("Check found nothing")
			}
		})
	}
}
