package eventstore

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// The stored form of a commit is its clear line, one line feed, and the
// ciphertexts one after the other. The clear line is compact JSON and contains
// no line feed, so the first one ends it; the sizes and digests in the section
// refs say where each ciphertext ends and that it is whole.

// MaxMessage is the server's limit for a message with its headers, in bytes;
// the embedded server is configured with it, and a cluster must be.
const MaxMessage = 8 << 20

// MaxPayload is the largest stored commit in bytes; the rest of MaxMessage is
// for the headers.
const MaxPayload = MaxMessage - 4096

// LeafHash is the RFC 6962 leaf hash of a clear line: SHA-256 over 0x00 and the line.
func LeafHash(clear []byte) Leaf {
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(clear)
	var l Leaf
	h.Sum(l[:0])
	return l
}

// String is the leaf in lower-case hex.
func (l Leaf) String() string { return hex.EncodeToString(l[:]) }

// ParseLeaf is the reverse of String; any other text is ErrDamaged.
func ParseLeaf(s string) (l Leaf, err error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(l) {
		return Leaf{}, fmt.Errorf("%w: a leaf hash has another form", ErrDamaged)
	}
	return Leaf(b), nil
}

// Marshal gives the stored form and its leaf. The caller has filled in the
// section refs; sealed holds the ciphertexts in their order.
func Marshal(e *Envelope, sealed [][]byte) (payload []byte, leaf Leaf, err error) {
	return marshal(e, sealed, func(line []byte) []byte { return line })
}

// marshal is Marshal with what is done to the clear line at last.
func marshal(e *Envelope, sealed [][]byte, last func(line []byte) []byte) (payload []byte, leaf Leaf, err error) {
	clear, err := json.Marshal(e)
	if err != nil {
		return nil, Leaf{}, fmt.Errorf("eventstore: encoding an envelope: %w", err)
	}
	clear = last(clear)
	if n := storedSize(clear, sealed); n > MaxPayload {
		return nil, Leaf{}, fmt.Errorf("eventstore: a commit of %d bytes is over the limit of %d", n, MaxPayload)
	}
	return joined(clear, sealed), LeafHash(clear), nil
}

// Stored puts the stored form of a commit together again.
func (c *Commit) Stored() []byte { return joined(c.Clear, c.Sealed) }

// joined is the stored form: a clear line, a line feed and the ciphertexts.
func joined(clear []byte, sealed [][]byte) []byte {
	b := append(append(make([]byte, 0, storedSize(clear, sealed)), clear...), '\n')
	for _, s := range sealed {
		b = append(b, s...)
	}
	return b
}

func storedSize(clear []byte, sealed [][]byte) int {
	n := len(clear) + 1
	for _, s := range sealed {
		n += len(s)
	}
	return n
}

// Unmarshal decodes a stored form. It checks the form and the sizes, not the
// digests: the seal does that before it decrypts, and Verify does it for all.
// The commit refers to payload's bytes. Errors wrap ErrDamaged.
func Unmarshal(payload []byte) (*Commit, error) {
	i := bytes.IndexByte(payload, '\n')
	if i < 0 {
		return nil, fmt.Errorf("%w: no end of its clear line", ErrDamaged)
	}
	c := &Commit{Clear: payload[:i:i]}
	if err := decodeEnvelope(c.Clear, &c.Envelope); err != nil {
		return nil, err
	}
	rest := payload[i+1:]
	for _, ev := range c.Envelope.Data.Events {
		for _, s := range ev.Sections {
			if s.Size < 0 || s.Size > len(rest) {
				return nil, fmt.Errorf("%w: a sealed section is cut short", ErrDamaged)
			}
			c.Sealed = append(c.Sealed, rest[:s.Size:s.Size])
			rest = rest[s.Size:]
		}
	}
	if len(rest) != 0 {
		return nil, fmt.Errorf("%w: bytes after its last section", ErrDamaged)
	}
	return c, nil
}

// Verify checks the digests of the sealed sections against the clear line.
func (c *Commit) Verify() error {
	i := 0
	for _, ev := range c.Envelope.Data.Events {
		for _, s := range ev.Sections {
			sum := sha256.Sum256(c.Sealed[i])
			if hex.EncodeToString(sum[:]) != s.SHA256 {
				return fmt.Errorf("%w: a sealed section differs from its digest", ErrDamaged)
			}
			i++
		}
	}
	return nil
}
