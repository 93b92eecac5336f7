package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
)

// writer writes whole files so that each is either there, or not: into a file
// beside it, synced, then renamed. sync then makes the names durable, once for
// all of a folder's files.
type writer struct{ dirs map[string]bool }

func (w *writer) write(path string, b []byte) error {
	dir := filepath.Dir(path)
	if err := w.mkdir(dir); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*") // owner-only
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	w.note(dir)
	return nil
}

func (w *writer) note(dir string) {
	if w.dirs == nil {
		w.dirs = map[string]bool{}
	}
	w.dirs[dir] = true
}

// mkdir makes a folder and those above it; sync makes their names durable.
func (w *writer) mkdir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	if err := w.mkdir(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	w.note(filepath.Dir(dir))
	return nil
}

// sync makes durable what was written.
func (w *writer) sync() error {
	for dir := range w.dirs {
		if err := syncDir(dir); err != nil {
			return err
		}
	}
	w.dirs = nil
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// writeDurably writes one file, durable when it returns.
func writeDurably(path string, b []byte) error {
	var w writer
	if err := w.write(path, b); err != nil {
		return err
	}
	return w.sync()
}

// positions is the file in which the stream position of each leaf stands: 12
// bytes a leaf, the position and a CRC-32C over leaf index and position, so that
// a flipped bit is an error and not another position.
//
// Ownership: add and flush are the sequencer's; reading is for everybody, up to
// the size of a checkpoint.
type positions struct {
	f     *os.File
	n     int64 // records in the file and waiting
	waits []byte
}

const positionSize = 12

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openPositions opens the file for a log of size leaves; what stands behind
// these belongs to no checkpoint and is dropped. ErrDamaged when it has fewer.
func openPositions(path string, size int64) (*positions, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Size() < size*positionSize {
		err = fmt.Errorf("%w: the file of positions is cut short", ErrDamaged)
	}
	if err == nil {
		err = f.Truncate(size * positionSize)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return &positions{f: f, n: size}, nil
}

func (p *positions) add(position uint64) {
	p.waits = append(p.waits, record(p.n, position)...)
	p.n++
}

func record(index int64, position uint64) []byte {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], uint64(index))
	binary.BigEndian.PutUint64(b[8:], position)
	return binary.BigEndian.AppendUint32(b[8:16:16], crc32.Checksum(b[:], castagnoli))
}

// flush makes durable what was added.
func (p *positions) flush() error {
	if len(p.waits) == 0 {
		return nil
	}
	if _, err := p.f.WriteAt(p.waits, p.n*positionSize-int64(len(p.waits))); err != nil {
		return err
	}
	if err := p.f.Sync(); err != nil {
		return err // they are written again by the next flush
	}
	p.waits = p.waits[:0]
	return nil
}

// at gives the position of a leaf that was flushed.
func (p *positions) at(index int64) (uint64, error) {
	var b [positionSize]byte
	if _, err := p.f.ReadAt(b[:], index*positionSize); err != nil {
		return 0, fmt.Errorf("%w: the position of leaf %d cannot be read: %w", ErrDamaged, index, err)
	}
	position := binary.BigEndian.Uint64(b[:])
	if string(record(index, position)) != string(b[:]) {
		return 0, fmt.Errorf("%w: the position of leaf %d fails its checksum", ErrDamaged, index)
	}
	return position, nil
}

// before counts the leaves, below size, that stand before a position.
func (p *positions) before(size int64, position uint64) (n int64, err error) {
	i := sort.Search(int(size), func(i int) bool {
		at, e := p.at(int64(i))
		if e != nil {
			err = e
		}
		return err != nil || at >= position
	})
	return int64(i), err
}

// find gives the leaf, below size, at a position; ok is false when there is none.
func (p *positions) find(size int64, position uint64) (index int64, ok bool, err error) {
	i, err := p.before(size, position)
	if err != nil || i == size {
		return 0, false, err
	}
	at, err := p.at(i)
	return i, err == nil && at == position, err
}

func (p *positions) close() error { return errors.Join(p.flush(), p.f.Close()) }
