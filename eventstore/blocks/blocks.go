package blocks

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/minio/highwayhash"
)

// ServerVersion is the version of the server whose files this package reads.
const ServerVersion = "2.15.2"

const (
	header   = 22 // of a record, up to the subject
	checksum = 8
	// longest is the greatest length of a record that the server takes for one.
	longest = 32 << 20

	headersBit   = 1 << 31
	erasedBit    = 1 << 63
	tombstoneBit = 1 << 62
)

// Record is one record of a block file, whose checksum holds.
type Record struct {
	Sequence uint64
	Time     int64 // when the server took it, nanoseconds since 1970
	Subject  string
	Headers  []byte
	Payload  []byte // nobody changes it; it may be kept
	// Gone tells that this is no message, but the mark of one that was erased or
	// deleted: the engine never has the server do that.
	Gone   bool
	File   string // path of the block
	Offset int64  // of the record in it
	Length int    // bytes of the record
}

// Damage is a stretch of a block file that holds no whole record.
type Damage struct {
	File           string
	Offset, Length int64
	// After and Before are the sequences of the whole records around it; 0: none
	// in this block, or none before it in the stream.
	After, Before uint64
	// Last tells that no record follows in the newest block: this is how a write
	// that a crash cut short looks.
	Last bool
	Why  string
}

func (d *Damage) String() string {
	return fmt.Sprintf("%s, bytes %d to %d: %s", d.File, d.Offset, d.Offset+d.Length, d.Why)
}

// Stream is the folder of one stream.
type Stream struct {
	Dir  string // …/streams/<name>
	Name string
}

// StreamDir is where a server with the directory dir keeps a stream of its one account.
func StreamDir(dir, stream string) string {
	return filepath.Join(dir, "jetstream", "$G", "streams", stream)
}

// Open gives the stream in a server's directory. fs.ErrNotExist when it has none.
func Open(dir, stream string) (*Stream, error) {
	s := &Stream{StreamDir(dir, stream), stream}
	if _, err := os.Stat(s.messages()); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *Stream) messages() string { return filepath.Join(s.Dir, "msgs") }

// Blocks lists the block files in their order.
func (s *Stream) Blocks() ([]int, error) {
	list, err := os.ReadDir(s.messages())
	if err != nil {
		return nil, err
	}
	var out []int
	for _, e := range list {
		name, ok := strings.CutSuffix(e.Name(), ".blk")
		if n, err := strconv.Atoi(name); ok && err == nil && strconv.Itoa(n) == name && n > 0 {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// Path is the path of a block file.
func (s *Stream) Path(n int) string { return filepath.Join(s.messages(), strconv.Itoa(n)+".blk") }

// Read calls record with each whole record of the stream in the order of the
// files, and damaged with each stretch that is none, as they come. One of their
// errors ends the reading and is given back. A file that vanishes meanwhile is an
// error: nothing in a stream of the engine is ever deleted.
func (s *Stream) Read(ctx context.Context, record func(*Record) error, damaged func(*Damage) error) error {
	list, err := s.Blocks()
	if err != nil {
		return err
	}
	return s.ReadBlocks(ctx, list, record, damaged)
}

// ReadBlocks is Read for some of the blocks, in rising order.
func (s *Stream) ReadBlocks(ctx context.Context, list []int, record func(*Record) error, damaged func(*Damage) error) error {
	r := &reader{s: s, record: record, damaged: damaged}
	for i, n := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, err := os.ReadFile(s.Path(n))
		if err != nil {
			return err
		}
		if err := r.block(n, b, i == len(list)-1); err != nil {
			return err
		}
	}
	return nil
}

// hashOf gives the server's hash under a key.
func hashOf(key string) hash.Hash64 {
	sum := sha256.Sum256([]byte(key))
	h, err := highwayhash.New64(sum[:])
	if err != nil {
		panic("blocks: a key of another length: " + err.Error()) // it is 32 bytes
	}
	return h
}

// reader goes through block files.
type reader struct {
	s       *Stream
	record  func(*Record) error
	damaged func(*Damage) error
	after   uint64 // sequence of the newest whole record
}

func (r *reader) block(n int, b []byte, newest bool) error {
	h := hashOf(r.s.Name + "-" + strconv.Itoa(n))
	path := r.s.Path(n)
	for at := 0; at < len(b); {
		rec, why := parse(h, b[at:])
		if rec != nil {
			rec.File, rec.Offset = path, int64(at)
			at += rec.Length
			r.after = rec.Sequence
			if err := r.record(rec); err != nil {
				return err
			}
			continue
		}
		next, found := r.resume(h, b, at)
		d := &Damage{File: path, Offset: int64(at), Length: int64(next - at), After: r.after, Why: why, Last: newest && found == nil}
		if found != nil {
			d.Before = found.Sequence
		}
		if err := r.damaged(d); err != nil {
			return err
		}
		at = next
	}
	return nil
}

// resume finds the next whole record behind damage at b[at:]; len(b) and nil when
// there is none. The server itself never looks further.
func (r *reader) resume(h hash.Hash64, b []byte, at int) (int, *Record) {
	for i := at + 1; i+header+checksum <= len(b); i++ {
		seq := binary.LittleEndian.Uint64(b[i+4:]) &^ (erasedBit | tombstoneBit)
		if seq <= r.after || seq > r.after+1<<32 {
			continue // most places end here
		}
		if rec, _ := parse(h, b[i:]); rec != nil {
			return i, rec
		}
	}
	return len(b), nil
}

// parse reads the record at the beginning of b; nil with the reason when there is
// none whose checksum holds.
func parse(h hash.Hash64, b []byte) (*Record, string) {
	if len(b) < header+checksum {
		return nil, "a record is cut short"
	}
	le := binary.LittleEndian
	length, subject := le.Uint32(b), int(le.Uint16(b[20:]))
	hasHeaders := length&headersBit != 0
	length &^= headersBit
	data := int(length) - header - checksum
	switch {
	case length > longest || data < subject || hasHeaders && data < subject+4:
		return nil, "the length of a record is none that there can be"
	case int(length) > len(b):
		return nil, "a record is cut short"
	}
	body := b[header : header+data]
	rest, extent := body[subject:], 0
	if hasHeaders {
		extent = int(le.Uint32(rest))
		rest = rest[4:]
	}
	h.Reset()
	h.Write(b[4:20])
	h.Write(body[:subject])
	h.Write(rest)
	var sum [checksum]byte
	if !bytes.Equal(h.Sum(sum[:0]), b[header+data:int(length)]) {
		return nil, "a record fails its checksum"
	}
	if extent < 0 || extent > len(rest) {
		return nil, "the length of a record's headers is none that there can be"
	}
	seq := le.Uint64(b[4:])
	return &Record{
		Sequence: seq &^ (erasedBit | tombstoneBit), Gone: seq&(erasedBit|tombstoneBit) != 0, Time: int64(le.Uint64(b[12:])),
		Subject: string(body[:subject]), Headers: rest[:extent:extent], Payload: rest[extent:], Length: int(length),
	}, ""
}

// Append gives b with the record behind it as the server writes it into block n
// of the stream: for tests of what an attacker can do who keeps all checksums right.
func Append(b []byte, stream string, n int, r *Record) []byte {
	length := header + len(r.Subject) + len(r.Payload) + checksum
	flag := uint32(0)
	if len(r.Headers) > 0 {
		length += 4 + len(r.Headers)
		flag = headersBit
	}
	le, from := binary.LittleEndian, len(b)
	b = le.AppendUint32(b, uint32(length)|flag)
	b = le.AppendUint64(b, r.Sequence)
	b = le.AppendUint64(b, uint64(r.Time))
	b = le.AppendUint16(b, uint16(len(r.Subject)))
	b = append(b, r.Subject...)
	h := hashOf(stream + "-" + strconv.Itoa(n))
	h.Write(b[from+4 : from+20])
	h.Write([]byte(r.Subject))
	h.Write(r.Headers)
	h.Write(r.Payload)
	if flag != 0 {
		b = append(le.AppendUint32(b, uint32(len(r.Headers))), r.Headers...)
	}
	b = append(b, r.Payload...)
	return h.Sum(b)
}

// ErrMeta: the files that say what the stream is are damaged or missing.
var ErrMeta = errors.New("blocks: the stream's own configuration is damaged")

// missing tells that a file is not there.
func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
