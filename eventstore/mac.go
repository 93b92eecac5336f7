package eventstore

import (
	"bytes"
	"encoding/base64"
)

// A commit may bear a code at the end of its clear line, by which the store knows
// it again as its own: what stands on the stream without one was written by
// somebody who does not have the store's key (docs/adr/0010). The code is the last
// attribute of the envelope, of a fixed length, and covers the line without it.

// MACSize is the length of a code in bytes.
const MACSize = 16

const (
	macHead = `,"mac":"`
	macTail = `"}`
)

// Code gives the code, MACSize bytes, of a clear line that has none yet.
type Code func(line []byte) []byte

// MarshalCoded is Marshal for a commit that bears a code; nil: it bears none.
func MarshalCoded(e *Envelope, sealed [][]byte, code Code) (payload []byte, leaf Leaf, err error) {
	if code == nil {
		return Marshal(e, sealed)
	}
	return marshal(e, sealed, func(line []byte) []byte {
		mac := base64.RawURLEncoding.EncodeToString(code(line))
		line = append(line[:len(line)-1], macHead...)
		line = append(line, mac...)
		return append(line, macTail...)
	})
}

// Coded takes a clear line apart into the line that its code covers and the code;
// ok is false when it bears none.
func Coded(clear []byte) (line, code []byte, ok bool) {
	rest, ok := bytes.CutSuffix(clear, []byte(macTail))
	size := base64.RawURLEncoding.EncodedLen(MACSize)
	if !ok || len(rest) < size {
		return nil, nil, false
	}
	rest, text := rest[:len(rest)-size], rest[len(rest)-size:]
	rest, ok = bytes.CutSuffix(rest, []byte(macHead))
	if !ok {
		return nil, nil, false
	}
	code, err := base64.RawURLEncoding.Strict().DecodeString(string(text))
	if err != nil {
		return nil, nil, false
	}
	return append(bytes.Clone(rest), '}'), code, true
}
