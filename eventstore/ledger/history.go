package ledger

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// history is the file of an agency's checkpoints, oldest first, so that
// consistency can be proved between any two that it kept. A record is
//
//	length of the note (4, big endian) ‖ CRC-32C of the note (4) ‖ note
//
// A record that a crash cut short at the end is dropped: its checkpoint is the
// lock's, from which it is written again. Its growth is bounded: all of the last
// hour before the newest, one a minute of the last day, one an hour before that,
// of each minute or hour also the newest that a witness cosigned, and each on
// which an anchor rests or that was time-stamped.
//
// Ownership: the log's mutex guards it.
type history struct {
	path string
	f    *os.File
	list []kept
	grew int // records since the last compaction
}

// kept is where a checkpoint stands in the file.
type kept struct {
	size     int64
	recorded time.Time
	offset   int64
	length   int
}

const (
	historyHeader = 8
	// maxRecord is the greatest length of a record in bytes; ours have some 450.
	maxRecord = 1024
	// compactEvery is how many records the file grows before it is gone through.
	compactEvery = 2048
)

func openHistory(path string) (*history, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	h := &history{path: path, f: f}
	if err := h.load(); err != nil {
		f.Close()
		return nil, err
	}
	return h, nil
}

func (h *history) load() error {
	b, err := os.ReadFile(h.path)
	if err != nil {
		return err
	}
	at := 0
	for at < len(b) {
		note, ok := takeRecord(b[at:])
		if !ok {
			if tornTail(b[at:]) {
				break
			}
			return fmt.Errorf("%w: the history of checkpoints is damaged behind its record %d", ErrDamaged, len(h.list))
		}
		c, err := verify.Peek(note)
		if err != nil || len(h.list) > 0 && c.Size <= h.list[len(h.list)-1].size {
			return fmt.Errorf("%w: record %d of the history of checkpoints is none that comes next", ErrDamaged, len(h.list)+1)
		}
		h.list = append(h.list, kept{c.Size, c.Recorded, int64(at + historyHeader), len(note)})
		at += historyHeader + len(note)
	}
	return h.f.Truncate(int64(at))
}

func takeRecord(b []byte) (note []byte, ok bool) {
	if len(b) < historyHeader {
		return nil, false
	}
	n := int(binary.BigEndian.Uint32(b))
	if n > len(b)-historyHeader {
		return nil, false
	}
	note = b[historyHeader:][:n]
	return note, crc32.Checksum(note, castagnoli) == binary.BigEndian.Uint32(b[4:])
}

// recordOf is the record of a checkpoint.
func recordOf(note []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(note)))
	return append(binary.BigEndian.AppendUint32(b, crc32.Checksum(note, castagnoli)), note...)
}

// tornTail tells whether b, which begins with no record, can be what a crash left
// of the last one: it is no longer than a checkpoint of ours may be.
func tornTail(b []byte) bool { return len(b) <= maxRecord }

// add appends a checkpoint, durable when it returns.
func (h *history) add(c verify.Checkpoint, note []byte) error {
	end := h.end()
	if _, err := h.f.WriteAt(recordOf(note), end); err != nil {
		return err
	}
	if err := h.f.Sync(); err != nil {
		return err
	}
	if len(h.list) == 0 { // perhaps a new file
		if err := errors.Join(syncDir(filepath.Dir(h.path)), syncDir(filepath.Dir(filepath.Dir(h.path)))); err != nil {
			return err
		}
	}
	h.list = append(h.list, kept{c.Size, c.Recorded, end + historyHeader, len(note)})
	h.grew++
	return nil
}

func (h *history) end() int64 {
	if len(h.list) == 0 {
		return 0
	}
	l := h.list[len(h.list)-1]
	return l.offset + int64(l.length)
}

func (h *history) note(k kept) ([]byte, error) {
	b := make([]byte, k.length)
	if _, err := h.f.ReadAt(b, k.offset); err != nil {
		return nil, fmt.Errorf("%w: a checkpoint of the history cannot be read: %w", ErrDamaged, err)
	}
	return b, nil
}

// last is the size of the newest checkpoint; 0 for none.
func (h *history) last() int64 {
	if len(h.list) == 0 {
		return 0
	}
	return h.list[len(h.list)-1].size
}

// compact drops what need not be kept, in one rename. always tells for which
// sizes a checkpoint stays, cosigned of which one in each minute or hour does.
func (h *history) compact(always, cosigned func(size int64) bool) error {
	h.grew = 0
	stay := thin(h.list, always, cosigned)
	if len(stay) == len(h.list) {
		return nil
	}
	var b []byte
	list := make([]kept, 0, len(stay))
	for _, k := range stay {
		note, err := h.note(k)
		if err != nil {
			return err
		}
		b = binary.BigEndian.AppendUint32(b, uint32(len(note)))
		b = binary.BigEndian.AppendUint32(b, crc32.Checksum(note, castagnoli))
		list = append(list, kept{k.size, k.recorded, int64(len(b)), k.length})
		b = append(b, note...)
	}
	if err := writeDurably(h.path, b); err != nil {
		return err
	}
	f, err := os.OpenFile(h.path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	old := h.f
	h.f, h.list = f, list
	return old.Close()
}

// thin gives what stays of a list of checkpoints: of each minute or hour that is
// to have one the newest, and the newest that was cosigned.
func thin(list []kept, always, cosigned func(size int64) bool) []kept {
	if len(list) == 0 {
		return nil
	}
	newest := list[len(list)-1].recorded
	var out []kept
	var witnessed time.Time // of the newest that stays for its cosignature
	for i := len(list) - 1; i >= 0; i-- {
		k := list[i]
		each := time.Duration(0)
		switch age := newest.Sub(k.recorded); {
		case age > 24*time.Hour:
			each = time.Hour
		case age > time.Hour:
			each = time.Minute
		}
		slot := k.recorded.Truncate(each)
		stays := each == 0 || i == len(list)-1 || always(k.size) || list[i+1].recorded.Truncate(each) != slot
		if cosigned(k.size) && (witnessed.IsZero() || witnessed.Truncate(each) != slot) {
			stays, witnessed = true, k.recorded
		}
		if stays {
			out = append(out, k)
		}
	}
	slices.Reverse(out)
	return slices.Clip(out)
}

func (h *history) close() error { return h.f.Close() }
