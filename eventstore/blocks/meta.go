package blocks

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Meta is the configuration of a stream, as far as commits could vanish by it.
type Meta struct {
	Name        string   `json:"name"`
	Subjects    []string `json:"subjects"`
	Retention   string   `json:"retention"`
	MaxMsgs     int64    `json:"max_msgs"`
	MaxBytes    int64    `json:"max_bytes"`
	MaxAge      int64    `json:"max_age"`
	PerSubject  int64    `json:"max_msgs_per_subject"`
	Storage     string   `json:"storage"`
	Compression string   `json:"compression"`
	DenyDelete  bool     `json:"deny_delete"`
	DenyPurge   bool     `json:"deny_purge"`
	Rollup      bool     `json:"allow_rollup_hdrs"`
	MessageTTL  bool     `json:"allow_msg_ttl"`
}

// Keeps tells whether a stream of this configuration keeps all that is written to it.
func (m *Meta) Keeps() bool {
	return m.DenyDelete && m.DenyPurge && !m.Rollup && !m.MessageTTL && m.MaxAge == 0 && m.MaxMsgs <= 0 && m.MaxBytes <= 0 &&
		m.PerSubject <= 0 && m.Retention == "limits" && m.Storage == "file" && (m.Compression == "" || m.Compression == "none")
}

// ReadMeta reads the configuration and compares it with its checksum; ErrMeta.
func (s *Stream) ReadMeta() (*Meta, error) {
	b, err := os.ReadFile(filepath.Join(s.Dir, "meta.inf"))
	if err != nil {
		return nil, fmt.Errorf("%w: meta.inf: %w", ErrMeta, err)
	}
	sum, err := os.ReadFile(filepath.Join(s.Dir, "meta.sum"))
	if err != nil {
		return nil, fmt.Errorf("%w: meta.sum: %w", ErrMeta, err)
	}
	h := hashOf(s.Name)
	h.Write(b)
	if hex.EncodeToString(h.Sum(nil)) != strings.TrimSpace(string(sum)) {
		return nil, fmt.Errorf("%w: meta.inf fails its checksum in meta.sum", ErrMeta)
	}
	m := &Meta{}
	if err := json.Unmarshal(b, m); err != nil || m.Name != s.Name {
		return nil, fmt.Errorf("%w: meta.inf is of another stream or form", ErrMeta)
	}
	return m, nil
}

// Index is what index.db says of the stream.
type Index struct {
	Messages, First, Last uint64
	// Fits tells that the newest block ends with the checksum that index.db names,
	// so that a server would take the rest of the file as it is.
	Fits bool
}

// The file begins with a magic byte and one of these versions.
const (
	indexMagic = 11
	indexMin   = 1
	indexMax   = 4
)

// ReadIndex reads the beginning and the end of index.db. ok is false when a
// server would drop the file and read the blocks instead, which is harmless: it
// is missing (as after a crash), or fails its checksum, which why tells.
func (s *Stream) ReadIndex() (x Index, ok bool, why string, err error) {
	b, err := os.ReadFile(filepath.Join(s.messages(), "index.db"))
	if missing(err) {
		return x, false, "", nil
	}
	if err != nil {
		return x, false, "", err
	}
	if len(b) < 32 {
		return x, false, "index.db is cut short", nil
	}
	sum := b[len(b)-checksum:]
	b = b[:len(b)-checksum]
	h := hashOf(s.Name)
	h.Write(b)
	if !bytes.Equal(h.Sum(nil), sum) {
		return x, false, "index.db fails its checksum", nil
	}
	if b[0] != indexMagic || b[1] < indexMin || b[1] > indexMax {
		return x, false, "index.db has another form", nil
	}
	at := 2
	next := func() (v uint64) {
		v, n := binary.Uvarint(b[at:])
		at += max(n, 0)
		return v
	}
	x.Messages = next()
	next() // bytes
	x.First = next()
	next() // time of the first
	x.Last = next()
	list, err := s.Blocks()
	if err != nil || len(list) == 0 {
		return x, false, "", err
	}
	newest, err := os.ReadFile(s.Path(list[len(list)-1]))
	if err != nil {
		return x, false, "", err
	}
	x.Fits = len(newest) >= checksum && bytes.HasSuffix(b, newest[len(newest)-checksum:])
	return x, true, "", nil
}
