package verify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/verify"
)

// every gives the distance between the bytes of a file that are flipped: each byte
// with CASEFILE_FLIP_EVERY=1, as a nightly run does, which takes some hours.
func every(t *testing.T, distance int) int {
	t.Helper()
	if s := os.Getenv("CASEFILE_FLIP_EVERY"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			t.Fatalf("CASEFILE_FLIP_EVERY is %q", s)
		}
		return n
	}
	return distance
}

// flipped calls f with the file at path, one byte after the other flipped, and
// puts it back. Bytes in the empty parts of SQLite's pages are passed over.
func flipped(t *testing.T, path string, distance int, f func(at int)) (n int) {
	t.Helper()
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}()
	for i := 0; i < len(whole); i += distance {
		if bytes.Count(whole[max(0, i-8):min(len(whole), i+8)], []byte{0}) >= 16 && distance > 1 {
			continue
		}
		bad := bytes.Clone(whole)
		bad[i] ^= 1 << (i % 8)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		n++
		f(i)
	}
	return n
}

// T2: flipped bytes of the views are found; what is not found is no part of what
// is read from them, since all rows, keys and definitions were compared.
func TestFlippedBytesOfTheViews(t *testing.T) {
	dir := installation(t)
	o := verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")}
	db, err := verify.Built(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	o = o.WithBuilt(db)
	found := 0
	n := flipped(t, filepath.Join(dir, "data", "views.db"), every(t, 397), func(at int) {
		r, err := verify.Run(t.Context(), o)
		if err != nil {
			t.Errorf("byte %d: %v", at, err)
		} else if !r.Whole() {
			found++
			for _, f := range r.Findings {
				if f.Part != "views" {
					t.Errorf("byte %d of the views is told as %s", at, f)
				}
			}
		}
	})
	t.Logf("%d bytes flipped, %d found", n, found)
	if found == 0 {
		t.Fatal("none was found")
	}
	if r := look(t, dir); !r.Whole() {
		t.Fatalf("the file is not as it was: %v", r.Findings)
	}
}

// T2: flipped bytes of the vault and of the keys are found by verify, refused by
// who opens the vault, or change nothing that is read from it.
func TestFlippedBytesOfVaultAndKeys(t *testing.T) {
	dir := installation(t)
	o := verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")}
	db, err := verify.Built(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	store, err := os.ReadFile(filepath.Join(dir, "data", "store-id"))
	if err != nil {
		t.Fatal(err)
	}
	id := strings.TrimSpace(string(store))
	want, err := inVault(t.Context(), dir, id)
	if err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	judge := func(at int, withVerify bool) {
		if withVerify {
			if r, err := verify.Run(t.Context(), o.WithBuilt(db)); err != nil || !r.Whole() {
				outcomes["found"]++
				return
			}
		}
		got, err := inVault(t.Context(), dir, id)
		switch {
		case err != nil:
			outcomes["refused"]++
		case got != want:
			t.Errorf("byte %d flipped gives another answer: %s, not %s", at, got, want)
		default:
			outcomes["harmless"]++
		}
	}
	flipped(t, filepath.Join(dir, "data", "vault.db"), every(t, 97), func(at int) { judge(at, true) })
	t.Logf("vault.db: %v", outcomes)
	clear(outcomes)
	flipped(t, filepath.Join(dir, "data.keys", "kek-1"), 1, func(at int) { judge(at, false) })
	t.Logf("kek-1: %v", outcomes)
	lock := ledger.NewFileLock(filepath.Join(dir, "data.lock", "ledger"))
	key, err := ledger.OpenKey(t.Context(), filepath.Join(dir, "data.keys"), id, lock)
	if err != nil {
		t.Fatal(err)
	}
	flipped(t, filepath.Join(dir, "data.keys", "ledger.key"), 1, func(at int) {
		k, err := ledger.OpenKey(t.Context(), filepath.Join(dir, "data.keys"), id, lock)
		if err == nil && k.Public() != key.Public() {
			t.Errorf("byte %d of ledger.key flipped gives another key", at)
		}
	})
}

// inVault is what a vault answers: its keys with their states, each opened and
// compared with its commitment, and a digest.
func inVault(ctx context.Context, dir, store string) (string, error) {
	path := filepath.Join(dir, "data", "vault.db")
	copied := filepath.Join(dir, "copy.db") // opening writes
	b, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(copied, b, 0o600)
	}
	if err != nil {
		return "", err
	}
	defer func() {
		for _, end := range []string{"", "-wal", "-shm"} {
			os.Remove(copied + end)
		}
	}()
	v, err := vault.Open(ctx, vault.Options{Path: copied, Store: store, Existing: true, Keys: filepath.Join(dir, "data.keys")})
	if err != nil {
		return "", err
	}
	defer v.Close()
	n, err := v.Check(ctx)
	if err != nil {
		return "", err
	}
	sum, err := v.Digest(ctx, "click", "command", []byte("x"))
	if err != nil {
		return "", err
	}
	out := fmt.Sprintf("%d %x", n, sum[:4])
	err = v.Inspect(ctx, func(r vault.Record) error {
		out += fmt.Sprintf(" %s %s %s %s %s %d", r.ID, r.Owner, r.Class, r.Commitment, r.Status, r.Nodes)
		return nil
	})
	return out, err
}

// T2: with flipped bytes anywhere but in the keys, an engine refuses to open or to
// write, or verify finds it, or all its views answer as before; and no position is
// ever given out twice.
func TestAnEngineOnFlippedBytes(t *testing.T) {
	whole := installation(t)
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(copied(t, whole), "data")})
	if err != nil {
		t.Fatal(err)
	}
	want, err := answers(t.Context(), e)
	if err = errors.Join(err, e.Close()); err != nil {
		t.Fatal(err)
	}
	outcomes := map[string]int{}
	distance := every(t, 1499)
	err = filepath.WalkDir(whole, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.Contains(path, "data.keys") {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() == 0 {
			return err
		}
		rel, err := filepath.Rel(whole, path)
		if err != nil {
			return err
		}
		step := distance
		if strings.HasSuffix(path, ".db") && step > 1 {
			step = max(step, int(info.Size())/5) // the tests above have the rest
		}
		for at := int(info.Size()) % 100 % step; at < int(info.Size()); at += step {
			outcomes[opened(t, whole, rel, at, want)]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%v", outcomes)
}

// opened opens an engine on a copy with one byte flipped.
func opened(t *testing.T, whole, rel string, at int, want map[string]string) string {
	t.Helper()
	dir := copied(t, whole)
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, rel)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[at] ^= 1 << (at % 8)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := verify.Run(t.Context(), verify.Options{Data: filepath.Join(dir, "data"), Lock: filepath.Join(dir, "data.lock")})
	found := err != nil || !r.Whole()
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data")})
	if err != nil {
		return "refused to open"
	}
	defer e.Close()
	o := e.Commands.Execute(t.Context(), operator, commands.Request{ID: uuid.NewString(), Agency: "click", Command: "EnrolStaff", At: "2020-02-01T09:00:00Z", Data: []byte(`{"staff":"` + uuid.NewString() + `","name":"Jan","login":"jan"}`)})
	var head uint64
	_, _ = fmt.Sscan(want["head"], &head)
	if o.Outcome == commands.Accepted && o.Position <= head {
		t.Errorf("byte %d of %s flipped: position %d is given out twice", at, rel, o.Position)
	}
	if e.Store.Status(t.Context()).ReadOnly {
		return "read-only"
	}
	if found {
		return "found by verify"
	}
	got, err := answers(t.Context(), e)
	if err != nil {
		return "refused to answer"
	}
	got["head"] = want["head"]
	if !maps.Equal(got, want) {
		t.Errorf("byte %d of %s flipped: other answers, and nothing was found", at, rel)
	}
	return "harmless"
}
