package scrub_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/eventstore/scrub"
)

// harmless are the files of which a flipped byte changes no answer: what has them
// makes them again when they fail their checksum, or looks at what they lead to.
func harmless(path string) string {
	switch base := filepath.Base(path); {
	case base == "index.db":
		return "the server drops an index that fails its checksum"
	case base == "sequenced":
		return "the ledger reads the stream again when it fails its checksum"
	case strings.HasPrefix(base, "map.db"):
		return "what is read from the maps is checked against an anchored root"
	case base == "swap", base == "store.lock":
		return "an empty file to lock"
	case base == "tail":
		return "an older record of the ring"
	case base == "checkpoint":
		return "the last bits of the signature's base64 stand for nothing"
	}
	return ""
}

// T2: each byte of the stream's blocks, the server's configuration and index, the
// tiles, positions, checkpoints, the lock and the tail journal of a tiny store,
// flipped in turn: found, or in a file where it changes nothing, with all that was
// read as it was. handlers/verify does the same with the SQL files.
func TestEachFlippedByteIsFoundOrHarmless(t *testing.T) {
	w := newWorld(t, 4)
	want := w.scrub()
	outcomes := map[string][2]int{}
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(d.Name(), "map.db") || strings.Contains(path, "/keys/") {
			return err
		}
		whole, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		n := outcomes[d.Name()]
		for i := range whole {
			if d.Name() == "tail" && i%64 > 0 && len(bytes.Trim(whole[i-i%64:][:64], "\x00")) == 0 {
				continue // of the ring's empty records one byte each will do
			}
			if _, err := f.WriteAt([]byte{whole[i] ^ 1<<(i%8)}, int64(i)); err != nil {
				return err
			}
			r := w.scrub()
			if _, err := f.WriteAt(whole[i:i+1], int64(i)); err != nil {
				return err
			}
			switch {
			case !r.Whole():
				n[0]++
			case harmless(path) == "":
				t.Errorf("byte %d of %s flipped is not found", i, path)
			case r.Commits != want.Commits || r.Position != want.Position || r.Checkpoints[0] != want.Checkpoints[0]:
				t.Errorf("byte %d of %s flipped gives another answer", i, path)
			default:
				n[1]++
			}
		}
		outcomes[d.Name()] = n
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if r := w.scrub(); !r.Whole() {
		t.Fatalf("the files are not as they were: %s", says(r))
	}
	for name, n := range outcomes {
		t.Logf("%s: %d found, %d harmless", name, n[0], n[1])
		if name == "checkpoint" && n[1] > 2*2 {
			t.Errorf("%d flipped bytes of the lock's two checkpoints are not found", n[1])
		}
	}
}

// T2: a damaged commit is named by what the ledger knows of it.
func TestADamagedCommitIsNamed(t *testing.T) {
	w := newWorld(t, 12)
	path := filepath.Join(w.stream(), "jetstream", "$G", "streams", "CASEFILE", "msgs", "1.blk")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 4
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r := w.scrub()
	if len(r.Findings) != 1 || r.Findings[0].Kind != scrub.Damaged || r.Findings[0].Agency == "" || r.Findings[0].Position == 0 || r.Findings[0].File != "1.blk" {
		t.Fatalf("found %v", r.Findings)
	}
}
