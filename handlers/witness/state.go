package witness

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/domain"
)

// head is the newest checkpoint of a log that was cosigned.
type head struct {
	Size int64     `json:"size"`
	Root tlog.Hash `json:"root"`
}

// errMoved: the head is not the one that was to be replaced.
var errMoved = errors.New("witness: another checkpoint was cosigned meanwhile")

const (
	stateFormat = "casefile-witness/1"
	stateFile   = "state"
)

// state holds the heads by origin. It is safe for many goroutines; other processes
// are kept out by a lock on the directory.
type state struct {
	dir  string
	held *os.File
	key  string // public, to which the state belongs

	mu    sync.Mutex
	heads map[string]head
	err   error // the state on disk is no longer known
}

// document is the file: JSON, and behind it its digest on a line of its own.
type document struct {
	Format string          `json:"format"`
	Key    string          `json:"key"`
	Logs   map[string]head `json:"logs"`
}

// openState takes the directory for this process. Errors: domain codes "in_use",
// "directory_unusable", "state_damaged", "state_lost" and "other_key".
func openState(dir string) (*state, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unusable(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "in-use"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unusable(err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, &domain.Error{Kind: domain.KindConflict, Code: "in_use", Rule: "C-2.1.4d", Message: "another witness works in that directory; stop it, or choose another --dir"}
		}
		return nil, unusable(err)
	}
	return &state{dir: dir, held: f, heads: map[string]head{}}, nil
}

func unusable(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "directory_unusable", Rule: "C-2.1.4d", Cause: err,
		Message: "the witness's directory cannot be used; check that the path exists, belongs to you and has room"}
}

func lost(code, message string) error {
	return &domain.Error{Kind: domain.KindConflict, Code: code, Rule: "C-2.1.4d", Message: message}
}

// load reads the state of a key, which is begun when nothing is there. fresh tells
// that the key is new as well; one that may have signed has to have its state.
func (s *state) load(key string, fresh bool) error {
	s.key = key
	b, err := os.ReadFile(filepath.Join(s.dir, stateFile))
	switch {
	case errors.Is(err, fs.ErrNotExist) && fresh:
		_, err := s.write(s.heads)
		return err
	case errors.Is(err, fs.ErrNotExist):
		return lost("state_lost", "the witness has its key and no longer knows what it cosigned with it; put its newest state back, or begin in an empty directory with a new key and give that to the agencies")
	case err != nil:
		return unusable(err)
	}
	var d document
	text, sum, ok := bytes.Cut(b, []byte("\nsha256 "))
	if !ok || string(sum) != digest(text)+"\n" || json.Unmarshal(text, &d) != nil || d.Format != stateFormat {
		return lost("state_damaged", "the witness's state is not what was written, and nothing is cosigned on it; put its newest copy back, or begin in an empty directory with a new key and give that to the agencies")
	}
	if d.Key != key && fresh && len(d.Logs) == 0 {
		_, err := s.write(s.heads) // a first start that did not come to its end
		return err
	}
	if d.Key != key {
		return lost("other_key", "the state in that directory belongs to another key; give the key that belongs to it, or another --dir")
	}
	if d.Logs != nil {
		s.heads = d.Logs
	}
	return nil
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// get gives the head of an origin; zero when there is none.
func (s *state) get(origin string) (head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heads[origin], s.err
}

// swap replaces the head of an origin when it is old, durable when it returns.
// Where the write fails before the file is replaced, as for want of room, nothing
// has changed. Once it may have been replaced nothing is taken any more until a new
// start: what is on the disk is then not known.
func (s *state) swap(origin string, old, next head) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	if s.heads[origin] != old {
		return errMoved
	}
	if old == next {
		return nil // it stands there already, durably
	}
	heads := map[string]head{}
	for o, h := range s.heads {
		heads[o] = h
	}
	heads[origin] = next
	replaced, err := s.write(heads)
	if err == nil {
		s.heads = heads
	} else if replaced {
		s.err = err
	}
	return err
}

// write writes the state; replaced tells, of an error, that the file may be the
// new one already.
func (s *state) write(heads map[string]head) (replaced bool, err error) {
	text, err := json.Marshal(document{stateFormat, s.key, heads})
	if err != nil {
		return false, err
	}
	return writeDurably(filepath.Join(s.dir, stateFile), fmt.Appendf(text, "\nsha256 %s\n", digest(text)))
}

// writeDurably writes a whole file, its owner's alone, durable when it returns.
// replaced tells, of an error, that the file may be the new one already.
func writeDurably(path string, b []byte) (replaced bool, err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return false, unusable(err)
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(f.Name())
		return false, unusable(err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		os.Remove(f.Name())
		return true, unusable(err)
	}
	d, err := os.Open(dir)
	if err == nil {
		err = errors.Join(d.Sync(), d.Close())
	}
	if err != nil {
		return true, unusable(err)
	}
	return true, nil
}

func (s *state) close() error { return s.held.Close() }
