package embedded

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/eventstore"
)

// The tail journal is a ring of fixed records in a file of one page that is
// written in place, so a sync of it moves no metadata. A record is
//
//	magic (8) ‖ position (8, big endian) ‖ leaf (32) ‖ first 16 bytes of the SHA-256 of these
//
// A torn record is not valid and leaves the ones before it, so the newest valid
// one counts.
const (
	recordSize = 64
	ringSlots  = 64
	journalMag = "cf-tail1"
	// journalPause is the least time between two background syncs, which take
	// from the same disk as the commits' own.
	journalPause = 10 * time.Millisecond
)

// tail is the newest synced commit.
type tail struct {
	position uint64
	leaf     eventstore.Leaf
}

// journal is the open tail journal. put is for one goroutine; the background
// sync runs beside it.
type journal struct {
	f      *os.File
	slot   int
	strict bool
	first  bool // it has no record yet

	dirty chan struct{} // room for one
	quit  chan struct{}
	done  sync.WaitGroup

	mu  sync.Mutex
	err error // of the background sync
}

// openJournal opens or creates the journal at path and gives its newest record;
// a zero tail means that it has none.
func openJournal(path string, strict bool) (*journal, tail, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, tail{}, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, tail{}, err
	}
	j := &journal{f: f, strict: strict, dirty: make(chan struct{}, 1), quit: make(chan struct{})}
	t, err := j.load(path)
	if err != nil {
		f.Close()
		return nil, tail{}, err
	}
	j.done.Go(j.background)
	return j, t, nil
}

func (j *journal) load(path string) (tail, error) {
	b := make([]byte, ringSlots*recordSize)
	n, err := j.f.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return tail{}, err
	}
	var newest tail
	for i := range ringSlots {
		if t, ok := parseRecord(b[i*recordSize:][:recordSize]); ok && t.position >= newest.position {
			newest, j.slot = t, (i+1)%ringSlots
		}
	}
	j.first = newest.position == 0
	if n == len(b) {
		return newest, nil
	}
	if _, err := j.f.WriteAt(b[n:], int64(n)); err != nil {
		return tail{}, err
	}
	return newest, errors.Join(j.f.Sync(), syncFile(filepath.Dir(path)))
}

func parseRecord(b []byte) (tail, bool) {
	sum := sha256.Sum256(b[:48])
	if string(b[:8]) != journalMag || string(sum[:16]) != string(b[48:64]) {
		return tail{}, false
	}
	t := tail{position: binary.BigEndian.Uint64(b[8:])}
	copy(t.leaf[:], b[16:48])
	return t, true
}

// put writes a record. After it the record survives the process; with strict,
// also a loss of power, else a few milliseconds later.
func (j *journal) put(t tail) error {
	var b [recordSize]byte
	copy(b[:], journalMag)
	binary.BigEndian.PutUint64(b[8:], t.position)
	copy(b[16:], t.leaf[:])
	sum := sha256.Sum256(b[:48])
	copy(b[48:], sum[:16])
	if _, err := j.f.WriteAt(b[:], int64(j.slot)*recordSize); err != nil {
		return err
	}
	j.slot = (j.slot + 1) % ringSlots
	if j.strict || j.first {
		// The first one too, so that there is one as soon as the ledger can have signed.
		err := datasync(j.f)
		j.first = j.first && err != nil
		return err
	}
	j.mu.Lock()
	err := j.err
	j.mu.Unlock()
	select {
	case j.dirty <- struct{}{}:
	default:
	}
	return err
}

func (j *journal) background() {
	for {
		select {
		case <-j.dirty:
		case <-j.quit:
			return
		}
		if err := datasync(j.f); err != nil {
			j.mu.Lock()
			j.err = fmt.Errorf("the tail journal could not be synced: %w", err)
			j.mu.Unlock()
			return
		}
		time.Sleep(journalPause)
	}
}

func (j *journal) close() error {
	close(j.quit)
	j.done.Wait()
	return errors.Join(datasync(j.f), j.f.Close())
}
