package bundle

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
)

// Limits of a bundle. A checker holds it in memory, and nothing in it is
// compressed, so it needs no more than the file's own size.
const (
	MaxSize  = 1 << 30 // bytes of a bundle
	MaxFiles = 1 << 20
	maxName  = 128
)

// File is one file of a bundle.
type File struct {
	Name string
	Data []byte // nobody changes it
}

// The signatures and the few values of the zip format that a bundle uses. Sizes
// are under 4 GiB; more than 65,534 files take the format's 64-bit end record.
const (
	sigLocal, sigCentral, sigEnd = 0x04034b50, 0x02014b50, 0x06054b50
	sigEnd64, sigLocator64       = 0x06064b50, 0x07064b50

	localSize, centralSize = 30, 46
	zipVersion             = 20
	zipDate                = 0x0021 // 1980-01-01, the format's first day
)

// Pack writes the one zip of these files, which are in byte order of their names.
func Pack(w io.Writer, files []File) error {
	if err := fits(files); err != nil {
		return err
	}
	sums := make([]uint32, len(files))
	at := uint64(0)
	offsets := make([]uint64, len(files))
	for i, f := range files {
		sums[i], offsets[i] = crc32.ChecksumIEEE(f.Data), at
		if err := write(w, local(f, sums[i]), f.Data); err != nil {
			return err
		}
		at += uint64(localSize + len(f.Name) + len(f.Data))
	}
	start := at
	for i, f := range files {
		b := central(f, sums[i], uint32(offsets[i]))
		if err := write(w, b); err != nil {
			return err
		}
		at += uint64(len(b))
	}
	return write(w, end(uint64(len(files)), at-start, start))
}

// fits tells whether the files make a bundle.
func fits(files []File) error {
	if len(files) > MaxFiles {
		return refuse(CodeTooLarge, "")
	}
	size := uint64(0)
	for i, f := range files {
		if !goodName(f.Name) || i > 0 && files[i-1].Name >= f.Name {
			return refuse(CodeName, "")
		}
		if size += uint64(localSize + centralSize + 2*len(f.Name) + len(f.Data)); size > MaxSize-256 {
			return refuse(CodeTooLarge, "")
		}
	}
	return nil
}

func write(w io.Writer, parts ...[]byte) error {
	for _, p := range parts {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

// local is the header before a file.
func local(f File, sum uint32) []byte {
	b := le32(make([]byte, 0, localSize+len(f.Name)), sigLocal)
	b = le16(b, zipVersion, 0, 0, 0, zipDate)
	b = le32(b, sum, uint32(len(f.Data)), uint32(len(f.Data)))
	b = le16(b, uint16(len(f.Name)), 0)
	return append(b, f.Name...)
}

// central is the entry of a file in the directory at the end.
func central(f File, sum, offset uint32) []byte {
	b := le32(make([]byte, 0, centralSize+len(f.Name)), sigCentral)
	b = le16(b, zipVersion, zipVersion, 0, 0, 0, zipDate)
	b = le32(b, sum, uint32(len(f.Data)), uint32(len(f.Data)))
	b = le16(b, uint16(len(f.Name)), 0, 0, 0, 0)
	b = le32(b, 0, offset)
	return append(b, f.Name...)
}

func end(files, size, start uint64) []byte {
	var b []byte
	n := uint16(min(files, 0xffff))
	if files >= 0xffff {
		at := start + size
		b = le32(b, sigEnd64)
		b = le64(b, 44)
		b = le16(b, zipVersion, 45)
		b = le32(b, 0, 0)
		b = le64(b, files, files, size, start)
		b = le32(b, sigLocator64, 0)
		b = le64(b, at)
		b = le32(b, 1)
	}
	b = le32(b, sigEnd)
	b = le16(b, 0, 0, n, n)
	b = le32(b, uint32(size), uint32(start))
	return le16(b, 0)
}

func le16(b []byte, list ...uint16) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint16(b, v)
	}
	return b
}

func le32(b []byte, list ...uint32) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

func le64(b []byte, list ...uint64) []byte {
	for _, v := range list {
		b = binary.LittleEndian.AppendUint64(b, v)
	}
	return b
}

// Unpack gives the files of a bundle, which refer to b. It takes the one form
// that Pack writes and no other zip: compressed files, names that lead
// elsewhere, gaps and repetitions are refused before anything is used.
func Unpack(b []byte) ([]File, error) {
	if len(b) > MaxSize {
		return nil, refuse(CodeTooLarge, "")
	}
	files, err := split(b)
	if err != nil {
		return nil, err
	}
	c := &comparer{b}
	err = Pack(c, files)
	if err == nil && len(c.rest) > 0 {
		err = errDiffers
	}
	if errors.Is(err, errDiffers) {
		err = refuse(CodeForm, "")
	}
	return files, err
}

// split reads the files from their own headers; Unpack compares all the rest.
func split(b []byte) (files []File, err error) {
	if !bytes.HasPrefix(b, le32(nil, sigLocal)) {
		return nil, refuse(CodeNoBundle, "")
	}
	for at := 0; ; {
		rest := b[at:]
		if len(rest) < localSize {
			return nil, refuse(CodeTruncated, "")
		}
		if binary.LittleEndian.Uint32(rest) != sigLocal {
			return files, nil
		}
		if binary.LittleEndian.Uint16(rest[8:]) != 0 {
			return nil, refuse(CodeCompressed, "")
		}
		size, name := int(binary.LittleEndian.Uint32(rest[18:])), int(binary.LittleEndian.Uint16(rest[26:]))
		if name > maxName {
			return nil, refuse(CodeName, "")
		}
		begin := localSize + name
		if len(rest)-begin < size {
			return nil, refuse(CodeTruncated, "")
		}
		f := File{string(rest[localSize:begin]), rest[begin : begin+size : begin+size]}
		if !goodName(f.Name) {
			return nil, refuse(CodeName, "")
		}
		if files = append(files, f); len(files) > MaxFiles {
			return nil, refuse(CodeTooLarge, "")
		}
		at += begin + size
	}
}

// goodName tells whether a name is a relative path of plain characters that
// leads nowhere but down.
func goodName(s string) bool {
	if s == "" || len(s) > maxName {
		return false
	}
	for part := range strings.SplitSeq(s, "/") {
		if part == "" || part[0] == '.' {
			return false
		}
	}
	for i := range len(s) {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '-' || c == '_' || c == '/'
		if !plain {
			return false
		}
	}
	return true
}

var errDiffers = errors.New("bundle: another byte")

// comparer takes writes of what rest begins with.
type comparer struct{ rest []byte }

func (c *comparer) Write(p []byte) (int, error) {
	if !bytes.HasPrefix(c.rest, p) {
		return 0, errDiffers
	}
	c.rest = c.rest[len(p):]
	return len(p), nil
}
