package ledger

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Outside is what somebody outside said of one checkpoint: a witness that it goes
// on from all it saw before, or a time-stamping authority that it existed then.
type Outside struct {
	Signed Signed // with the log's signature alone
	// At is when it was said, by the clock of who said it.
	At time.Time
	// Witness and Line are the key and the signature line of a cosignature; zero for
	// a time stamp.
	Witness verify.Witness
	Line    string
	// Stamp is the answer of a time-stamping authority (RFC 3161, DER).
	Stamp []byte
}

// OutsideRef tells that there is an Outside.
type OutsideRef struct {
	Size    int64
	At      time.Time // whole seconds
	Witness string    // the text of its key; "" for a time stamp

	offset int64
	length int
}

// outsides is the file <agency>/outside, in which stands what others said of the
// checkpoints, in the order in which it came. A record is
//
//	length of the rest (4, big endian) ‖ CRC-32C of the rest (4) ‖ kind (1) ‖
//	time, seconds since 1970 (8) ‖ length of the text (4) ‖ text ‖ signed checkpoint
//
// The text of kind c is a witness's key, a line feed and its signature line; that
// of kind t an authority's answer. Each record stands by itself: it proves what it
// says also when the history beside it is gone. A record that a crash cut short at
// the end is dropped; any other damage stops the file, not the log.
type outsides struct {
	mu   sync.Mutex
	path string
	list []OutsideRef
	err  error // why nothing is added
}

const (
	outsideCosigned = 'c'
	outsideStamp    = 't'
	outsideHeader   = 13
	// maxOutside bounds a record in bytes.
	maxOutside = verify.MaxStamp + 1<<16
)

// openOutsides looks through the file; signatures are checked when a record is
// read. What is wrong with the file is in err.
func openOutsides(path string) *outsides {
	o := &outsides{path: path}
	b, err := read(path)
	if err != nil {
		o.err = err
		return o
	}
	end, err := eachOutside(b, func(offset int, payload []byte) error {
		ref, err := peekOutside(payload)
		ref.offset, ref.length = int64(offset), len(payload)
		if n := len(o.list); n > 0 && o.list[n-1].Witness == ref.Witness {
			ref.Witness = o.list[n-1].Witness // one copy of a key that comes again
		}
		o.list = append(o.list, ref)
		return err
	})
	if err == nil && end < len(b) {
		err = os.Truncate(path, int64(end))
	}
	if err != nil {
		o.err = fmt.Errorf("%w: the file of cosignatures and time stamps: %w; put it aside, as evidence, and start again", ErrDamaged, err)
	}
	return o
}

// eachOutside gives the records of a file, and tells where a last one begins that
// a crash cut short.
func eachOutside(b []byte, f func(offset int, payload []byte) error) (end int, err error) {
	for n := 1; end < len(b); n++ {
		payload, ok := takeRecord(b[end:])
		if !ok {
			if cutShort(b[end:]) {
				return end, nil
			}
			return end, fmt.Errorf("%w: its record %d, at byte %d", ErrDamaged, n, end)
		}
		if err := f(end+historyHeader, payload); err != nil {
			return end, fmt.Errorf("its record %d, at byte %d: %w", n, end, err)
		}
		end += historyHeader + len(payload)
	}
	return end, nil
}

// cutShort tells whether b is one record that was not written to its end.
func cutShort(b []byte) bool {
	if len(b) < historyHeader {
		return true
	}
	n := int64(binary.BigEndian.Uint32(b))
	return n <= maxOutside && int64(len(b)-historyHeader) <= n
}

// splitOutside gives the parts of a record.
func splitOutside(b []byte) (kind byte, at time.Time, text, signed []byte, err error) {
	if len(b) < outsideHeader || int64(binary.BigEndian.Uint32(b[9:])) > int64(len(b)-outsideHeader) || b[0] != outsideCosigned && b[0] != outsideStamp {
		return 0, at, nil, nil, fmt.Errorf("%w: it has another form", ErrDamaged)
	}
	text = b[outsideHeader:][:binary.BigEndian.Uint32(b[9:])]
	return b[0], time.Unix(int64(binary.BigEndian.Uint64(b[1:])), 0).UTC(), text, b[outsideHeader+len(text):], nil
}

func peekOutside(b []byte) (r OutsideRef, err error) {
	kind, at, text, signed, err := splitOutside(b)
	if err != nil {
		return r, err
	}
	c, err := verify.Peek(signed)
	r = OutsideRef{Size: c.Size, At: at}
	if kind == outsideCosigned {
		r.Witness, _, _ = strings.Cut(string(text), "\n")
	}
	return r, err
}

// openOutside reads a record and checks the signatures in it.
func openOutside(b []byte, v note.Verifier) (x Outside, err error) {
	kind, at, text, signed, err := splitOutside(b)
	if err != nil {
		return x, err
	}
	if x.Signed.Checkpoint, err = verify.Open(signed, v); err != nil {
		return x, err
	}
	x.Signed.Note = signed
	if kind == outsideStamp {
		x.Stamp = text
		s, err := verify.CheckStamp(text, signed, nil, verify.Nonce{})
		if x.At = s.Time; err == nil && x.At.Unix() != at.Unix() {
			err = ErrDamaged
		}
		return x, err
	}
	key, line, _ := strings.Cut(string(text), "\n")
	if x.Witness, err = verify.ParseWitness(key); err != nil {
		return x, err
	}
	x.Line = line
	if x.At, err = x.Witness.Check(signed, line); err == nil && !x.At.Equal(at) {
		err = ErrDamaged
	}
	return x, err
}

func (x Outside) payload() []byte {
	kind, text := byte(outsideStamp), x.Stamp
	if x.Stamp == nil {
		kind, text = outsideCosigned, []byte(x.Witness.Text+"\n"+x.Line)
	}
	b := binary.BigEndian.AppendUint64([]byte{kind}, uint64(x.At.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	return append(append(b, text...), x.Signed.Note...)
}

func framed(payload []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	return append(binary.BigEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli)), payload...)
}

// add appends a record, durable when it returns.
func (o *outsides) add(x Outside) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return o.err
	}
	f, err := os.OpenFile(o.path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	payload, end := x.payload(), o.end()
	_, err = f.WriteAt(framed(payload), end) // over what an earlier failure left
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil && end == 0 {
		err = syncDir(filepath.Dir(o.path))
	}
	if err == nil {
		o.list = append(o.list, OutsideRef{x.Signed.Size, time.Unix(x.At.Unix(), 0).UTC(), x.Witness.Text, end + historyHeader, len(payload)})
	}
	return err
}

func (o *outsides) end() int64 {
	if len(o.list) == 0 {
		return 0
	}
	l := o.list[len(o.list)-1]
	return l.offset + int64(l.length)
}

func (o *outsides) refs() []OutsideRef {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.list)
}

// payloads reads the records that are asked for.
func (o *outsides) payloads(wanted func(OutsideRef) bool) (refs []OutsideRef, out [][]byte, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.read(wanted)
}

func (o *outsides) read(wanted func(OutsideRef) bool) (refs []OutsideRef, out [][]byte, err error) {
	var f *os.File
	for _, r := range o.list {
		if !wanted(r) {
			continue
		}
		if f == nil {
			if f, err = os.Open(o.path); err != nil {
				return nil, nil, err
			}
			defer f.Close()
		}
		b := make([]byte, r.length)
		if _, err := f.ReadAt(b, r.offset); err != nil {
			return nil, nil, fmt.Errorf("%w: the file of cosignatures and time stamps: %w", ErrDamaged, err)
		}
		refs, out = append(refs, r), append(out, b)
	}
	return refs, out, nil
}

// keep drops the records of the sizes that need not stay, in one rename. What
// keeps it from that is in err, and in nobody's way.
func (o *outsides) keep(stays func(size int64) bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return // it is evidence of what it is
	}
	refs, list, err := o.read(func(r OutsideRef) bool { return stays(r.Size) })
	if err == nil && len(refs) == len(o.list) {
		return
	}
	var b []byte
	for i, p := range list {
		refs[i].offset = int64(len(b) + historyHeader)
		b = append(b, framed(p)...)
	}
	if err == nil {
		err = writeDurably(o.path, b)
	}
	if err != nil {
		o.err = err
		return
	}
	o.list = refs
}

// OutsideRefs tells what others said of the log's checkpoints, in the order in
// which it came.
func (l *Log) OutsideRefs() []OutsideRef { return l.outside.refs() }

// OutsideNewest tells of the newest checkpoint that the witness with that key
// cosigned, or with key "" that was time-stamped; zero when there is none.
func (l *Log) OutsideNewest(key string) OutsideRef {
	l.outside.mu.Lock()
	defer l.outside.mu.Unlock()
	for _, r := range slices.Backward(l.outside.list) { // they came by size
		if r.Witness == key {
			return r
		}
	}
	return OutsideRef{}
}

// Outside gives what others said of the checkpoint of a size. Each is checked by
// the key or certificate that it names; whether to trust these is for the reader
// to say. ErrDamaged when one does not hold, ErrForked when one is of another
// history than the log's.
func (l *Log) Outside(size int64) (list []Outside, err error) {
	_, payloads, err := l.outside.payloads(func(r OutsideRef) bool { return r.Size == size })
	if err != nil {
		return nil, err
	}
	for _, p := range payloads {
		x, err := openOutside(p, l.key.verifier(l.Agency))
		if err != nil {
			return nil, damaged(err)
		}
		if own, err := l.exactly(size); err == nil && !bytes.Equal(own.Note, x.Signed.Note) {
			return nil, fmt.Errorf("%w: others vouched for another checkpoint of %d commits than the log's own", ErrForked, size)
		}
		list = append(list, x)
	}
	return list, nil
}

// OutsideProblem tells why nothing more of it is stored; nil when it is.
func (l *Log) OutsideProblem() error {
	l.outside.mu.Lock()
	defer l.outside.mu.Unlock()
	return l.outside.err
}

// AddCosignature stores a witness's signature line on a kept checkpoint, durable
// when it returns. Errors: verify.ErrCosignature, ErrRange for a checkpoint that
// is not kept, or what kept it from being written.
func (l *Log) AddCosignature(size int64, w verify.Witness, line string) error {
	s, err := l.exactly(size)
	if err != nil {
		return err
	}
	at, err := w.Check(s.Note, line)
	if err != nil {
		return err
	}
	return l.outside.add(Outside{Signed: s, Witness: w, Line: line, At: at})
}

// AddStamp stores an authority's answer over a kept checkpoint, durable when it
// returns. Errors: verify.ErrStamp, and those of AddCosignature.
func (l *Log) AddStamp(size int64, response []byte) error {
	s, err := l.exactly(size)
	if err != nil {
		return err
	}
	stamp, err := verify.CheckStamp(response, s.Note, nil, verify.Nonce{})
	if err != nil {
		return err
	}
	return l.outside.add(Outside{Signed: s, At: stamp.Time, Stamp: response})
}

// exactly gives the kept checkpoint of a size.
func (l *Log) exactly(size int64) (Signed, error) {
	s, err := l.CheckpointFor(size)
	if err == nil && s.Size != size {
		err = ErrRange
	}
	return s, err
}

// compact thins the history, and what others said of the checkpoints that go.
// l.mu is held.
func (l *Log) compact() error {
	cosigned, always := map[int64]bool{}, map[int64]bool{}
	for _, x := range l.outside.refs() {
		if x.Witness != "" {
			cosigned[x.Size] = true
		} else {
			always[x.Size] = true
		}
	}
	for _, a := range l.anchors {
		always[a.Size] = true
	}
	if err := l.history.compact(func(size int64) bool { return always[size] }, func(size int64) bool { return cosigned[size] }); err != nil {
		return err
	}
	list := l.history.list
	l.outside.keep(func(size int64) bool {
		i := sort.Search(len(list), func(i int) bool { return list[i].size >= size })
		return i < len(list) && list[i].size == size
	})
	return nil
}
