package operator

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// A frame is one byte for its kind, four for the length of its payload (big
// endian), and the payload. The client begins with kindHello; then the server
// sends output and calls, and the client answers each call with one reply.
// There is at most one call at a time.
const (
	kindHello  = 'h' // client: hello as JSON
	kindReply  = 'r' // client: reply as JSON, then for a read one frame kindData
	kindData   = 'd' // bytes of a read or a write
	kindStdout = '1' // server: bytes
	kindStderr = '2' // server: bytes
	kindCall   = 'c' // server: call as JSON, for a write followed by kindData
	kindExit   = 'x' // server: the exit code as JSON; the end
)

// maxFrame bounds what either side takes in as one frame.
const maxFrame = 1 << 20

// chunk is how much of a file or of output goes into one frame.
const chunk = 256 << 10

type hello struct {
	Version  int               `json:"version"`
	Args     []string          `json:"args"`
	Env      map[string]string `json:"env,omitempty"`
	Terminal bool              `json:"terminal,omitempty"`
}

// protocol is the version of the frames; both sides must speak the same.
const protocol = 1

type call struct {
	Do     string `json:"do"` // open, create, read, write, sync, close, secret
	Name   string `json:"name,omitempty"`
	Handle int    `json:"handle,omitempty"` // 0: standard input
	Size   int    `json:"size,omitempty"`   // of a read
}

type reply struct {
	Handle int    `json:"handle,omitempty"`
	Size   int64  `json:"size,omitempty"`
	Text   string `json:"text,omitempty"`
	Data   bool   `json:"data,omitempty"`  // a data frame follows
	Error  string `json:"error,omitempty"` // eof, not_exist, permission, no_terminal, failed
}

var errBroken = errors.New("operator: the connection is broken")

func readFrame(r io.Reader) (kind byte, payload []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, err
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("%w: a frame of %d bytes", errBroken, n)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0], payload, err
}

// frameWriter writes whole frames; many goroutines may use it.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (f *frameWriter) frame(kind byte, payload []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.put(kind, payload)
}

func (f *frameWriter) put(kind byte, payload []byte) error {
	if len(payload) > maxFrame {
		return fmt.Errorf("%w: a frame of %d bytes", errBroken, len(payload))
	}
	b := make([]byte, 5, 5+len(payload))
	b[0] = kind
	binary.BigEndian.PutUint32(b[1:], uint32(len(payload)))
	_, err := f.w.Write(append(b, payload...))
	return err
}

// json writes v and, when data is not nil, a data frame right behind it.
func (f *frameWriter) json(kind byte, v any, data []byte) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.put(kind, b); err != nil || data == nil {
		return err
	}
	return f.put(kindData, data)
}

// output sends what is written as frames of one kind.
type output struct {
	f    *frameWriter
	kind byte
}

func (o output) Write(b []byte) (n int, err error) {
	for n < len(b) {
		k := min(len(b)-n, chunk)
		if err := o.f.frame(o.kind, b[n:n+k]); err != nil {
			return n, err
		}
		n += k
	}
	return n, nil
}

// The words for errors that go over the wire, so that no text of the operating
// system does.
func errorWord(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, io.EOF):
		return "eof"
	case errors.Is(err, fs.ErrNotExist):
		return "not_exist"
	case errors.Is(err, fs.ErrPermission):
		return "permission"
	case errors.Is(err, ErrNoTerminal):
		return "no_terminal"
	}
	return "failed"
}

func wordError(word string) error {
	switch word {
	case "":
		return nil
	case "eof":
		return io.EOF
	case "not_exist":
		return fs.ErrNotExist
	case "permission":
		return fs.ErrPermission
	case "no_terminal":
		return ErrNoTerminal
	}
	return errors.New("operator: the file could not be used on the client's side")
}
