package ledger_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// followed is a lock in which another instance leads. held are checkpoints as they
// were a moment ago: the leader swaps one agency's after the other.
type followed struct {
	ledger.Lock
	held map[string][]byte
}

func (l *followed) Lead(context.Context) (bool, error) { return false, nil }

func (l *followed) Load(ctx context.Context) (map[string][]byte, error) {
	notes, err := l.Lock.Load(ctx)
	for agency, note := range l.held {
		notes[agency] = note
	}
	return notes, err
}

// T10, C-2.1.4d: an instance that looked at the lock between two agencies' swaps,
// and then ended, goes on with all commits when it starts again, and raises no alarm.
func TestAFollowerThatEndsBetweenTwoSwapsLosesNothing(t *testing.T) {
	w := newWorld(t)
	leader := w.open()
	defer leader.Close()
	lock := &followed{Lock: w.lock}
	instance := func() *ledger.Ledger {
		o := w.options()
		o.Dir, o.Lock = filepath.Join(w.dir, "data2", "ledger"), lock
		l, err := ledger.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	w.fill("click", 2)
	w.fill("solutions", 2)
	w.checkpoint(leader)
	l := instance()
	w.checkpoint(l)
	before, err := w.lock.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	w.fill("solutions", 3)
	w.fill("click", 3)
	w.checkpoint(leader)
	lock.held = map[string][]byte{"solutions": before["solutions"]}
	w.checkpoint(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lock.held = nil
	l = instance()
	defer l.Close()
	w.checkpoint(l)
	w.sound(l, "click")
	w.sound(l, "solutions")
}

// T2, C-2.1.4d: whoever can write into the data directory, and has no key, cannot
// have the ledger anchor a map that lacks a commit: the map is made anew.
func TestAnEditedMapIsNotAnchored(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 3)
	w.complete(l, "click")
	id := dossier("click", 1).ID
	w.commit(domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: "operator"}, "access.recorded", `{"dossiers":["`+id+`"]}`)
	if err := l.CatchUp(t.Context()); err != nil { // the look is in the saved map
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	forgetNewest(t, filepath.Join(w.dir, "data", "ledger", "map.db"), "click", id)
	l = w.open()
	defer l.Close()
	w.fill("click", 2)
	w.complete(l, "click") // compares the new anchor with the commits
}

// forgetNewest takes the newest row of a dossier out of map.db and puts the root
// right that stands beside the rows.
func forgetNewest(t *testing.T, path, agency, dossier string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key := verify.KeyOf(dossier)
	r, err := db.Exec("DELETE FROM heads WHERE agency = ? AND key = ? AND size = (SELECT max(size) FROM heads WHERE agency = ? AND key = ?)", agency, key[:], agency, key[:])
	if err != nil {
		t.Fatal(err)
	}
	if n, err := r.RowsAffected(); n != 1 {
		t.Fatal(n, err)
	}
	rows, err := db.Query("SELECT key, max(size), count, chain FROM heads WHERE agency = ? GROUP BY key", agency)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	m := &verify.Map{}
	for rows.Next() {
		var k, chain []byte
		var size, count int64
		if err := rows.Scan(&k, &size, &count, &chain); err != nil {
			t.Fatal(err)
		}
		m.Set([32]byte(k), verify.ValueOf(verify.Head{Count: count, Chain: [32]byte(chain)}))
	}
	root := m.Root()
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("UPDATE saved SET root = ? WHERE agency = ?", root[:], agency); err != nil {
		t.Fatal(err)
	}
}

// T2, C-2.1.4d: whoever can write into the data directory, and has no key, cannot
// have the ledger pass over a commit that was not signed yet.
func TestAnEditedPositionLeavesNoCommitOut(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 3)
	w.checkpoint(l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	w.fill("click", 1) // and the process dies before it is signed
	b := binary.BigEndian.AppendUint64(nil, 4)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
	path := filepath.Join(w.dir, "data", "ledger", "sequenced")
	if old, err := os.ReadFile(path); err != nil || len(old) < len(b) {
		t.Fatal(err)
	} else if err := os.WriteFile(path, append(b, old[len(b):]...), 0o600); err != nil {
		t.Fatal(err)
	}
	l = w.open()
	defer l.Close()
	w.fill("click", 2)
	w.checkpoint(l)
	w.sound(l, "click")
}

// T2: a commit whose agency is a path, as only another hand puts it on the stream,
// makes no file anywhere and has no log.
func TestAnAgencyThatIsAPathMakesNoFile(t *testing.T) {
	for _, agency := range []string{"../../outside", "..", ""} {
		w := newWorld(t)
		l := w.open()
		w.fill("click", 2)
		w.checkpoint(l)
		before := files(t, w.dir)
		w.commit(domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: dossier("click", 1).ID}, "record.added", `{}`)
		w.fill("click", 1)
		if err := l.Checkpoint(t.Context()); err == nil {
			t.Errorf("%q: nothing is said", agency)
		}
		for path := range files(t, w.dir) {
			if !before[path] {
				t.Errorf("%q: there is now %s", agency, path)
			}
		}
		if _, ok := l.Log(agency); ok {
			t.Errorf("%q has a log", agency)
		}
		l.Close()
	}
}

func files(t *testing.T, dir string) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if out[path] = true; err != nil {
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// C-2.1.4d: where the lock is lost, the key beside the data still says which one
// signed: no other is made or taken in its place.
func TestTheKeyStaysAlsoWithoutTheLock(t *testing.T) {
	w := newWorld(t)
	l := w.open()
	w.fill("click", 1)
	w.checkpoint(l)
	l.Close()
	public := l.Key().Public()
	other := filepath.Join(w.dir, "other")
	if _, err := ledger.OpenKey(t.Context(), other, store, ledger.NewFileLock(filepath.Join(w.dir, "otherlock"))); err != nil {
		t.Fatal(err)
	}
	for what, keys := range map[string]string{"no key": filepath.Join(w.dir, "empty"), "another key": other} {
		o := w.options()
		o.Keys, o.Lock = keys, ledger.NewFileLock(filepath.Join(w.dir, "newlock", what))
		_, err := ledger.Open(t.Context(), o)
		wantErr(t, what, err, ledger.ErrOtherKey)
		if b, err := os.ReadFile(filepath.Join(o.Dir, "ledger.pub")); err != nil || string(b) != public+"\n" {
			t.Fatalf("%s: beside the data stands %s, %v", what, b, err)
		}
		if _, err := os.Stat(filepath.Join(w.dir, "empty", "ledger.key")); err == nil {
			t.Fatal("a key was made")
		}
		if pinned, err := o.Lock.Pinned(t.Context()); err != nil || pinned != "" {
			t.Fatalf("%s: the lock knows %q, %v", what, pinned, err)
		}
	}
	o := w.options()
	o.Lock = ledger.NewFileLock(filepath.Join(w.dir, "newlock", "the same"))
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.fill("click", 1)
	w.checkpoint(l)
	w.sound(l, "click")
	l.Close()
}

// The files of one agency, put back from an older copy, are brought up out of the
// stream again: that is work to be done again and no fork.
func TestAnOlderFolderOfOneAgencyIsBroughtUp(t *testing.T) {
	w := newWorld(t)
	folder, old := filepath.Join(w.dir, "data", "ledger", "click"), filepath.Join(w.dir, "old")
	again := func() *ledger.Ledger {
		l := w.open()
		w.fill("click", 3)
		w.fill("solutions", 3)
		w.checkpoint(l)
		l.Close()
		return l
	}
	again()
	if err := os.CopyFS(old, os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	again()
	if err := errors.Join(os.RemoveAll(folder), os.CopyFS(folder, os.DirFS(old))); err != nil {
		t.Fatal(err)
	}
	w.sound(again(), "click")
}
