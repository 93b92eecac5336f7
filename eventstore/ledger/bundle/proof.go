package bundle

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// maxHashes is how many hashes a proof in a tree of 2^63 leaves can have.
const maxHashes = 128

// Proof is a C2SP tlog-proof without extra data: that an entry stands at an index
// of a log, whose checkpoint comes with it.
type Proof struct {
	Index      int64
	Hashes     tlog.RecordProof
	Checkpoint []byte // signed note, as it was given out
}

// Format is its text.
func (p Proof) Format() []byte {
	b := append([]byte(proofHeader), "index "...)
	b = strconv.AppendInt(b, p.Index, 10)
	b = appendHashes(append(b, '\n'), p.Hashes)
	return append(append(b, '\n'), p.Checkpoint...)
}

// ParseProof reads the one text of a Proof.
func ParseProof(b []byte) (p Proof, err error) {
	rest, ok := bytes.CutPrefix(b, []byte(proofHeader))
	if !ok {
		return p, refuse(CodeProof, "")
	}
	head, note, ok := bytes.Cut(rest, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	index, found := strings.CutPrefix(lines[0], "index ")
	if p.Index, err = strconv.ParseInt(index, 10, 64); err != nil || !ok || !found || p.Index < 0 {
		return p, refuse(CodeProof, "")
	}
	if p.Hashes, err = parseHashes(lines[1:]); err != nil {
		return p, err
	}
	p.Checkpoint = note
	if !bytes.Equal(p.Format(), b) {
		return p, refuse(CodeProof, "")
	}
	return p, nil
}

// Consistency is the body of a C2SP tlog-witness add-checkpoint request: that the
// log of the checkpoint begins with the Old leaves that an earlier one covered.
// Old is 0, and there are no hashes, where there is no earlier one.
type Consistency struct {
	Old        int64
	Hashes     tlog.TreeProof
	Checkpoint []byte // the newer one, signed
}

// Format is its text.
func (c Consistency) Format() []byte {
	b := fmt.Appendf(nil, "old %d\n", c.Old)
	b = appendHashes(b, c.Hashes)
	return append(append(b, '\n'), c.Checkpoint...)
}

// ParseConsistency reads the one text of a Consistency.
func ParseConsistency(b []byte) (c Consistency, err error) {
	head, note, ok := bytes.Cut(b, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	old, found := strings.CutPrefix(lines[0], "old ")
	if c.Old, err = strconv.ParseInt(old, 10, 64); err != nil || !ok || !found || c.Old < 0 {
		return c, refuse(CodeProof, "")
	}
	hashes, err := parseHashes(lines[1:])
	c.Hashes, c.Checkpoint = tlog.TreeProof(hashes), note
	if err != nil || !bytes.Equal(c.Format(), b) {
		return c, refuse(CodeProof, "")
	}
	return c, nil
}

func appendHashes(b []byte, list []tlog.Hash) []byte {
	for _, h := range list {
		b = append(base64.StdEncoding.AppendEncode(b, h[:]), '\n')
	}
	return b
}

func parseHashes(lines []string) ([]tlog.Hash, error) {
	if len(lines) > maxHashes {
		return nil, refuse(CodeProof, "")
	}
	var out []tlog.Hash
	for _, l := range lines {
		h, err := base64.StdEncoding.Strict().DecodeString(l)
		if err != nil || len(h) != tlog.HashSize {
			return nil, refuse(CodeProof, "")
		}
		out = append(out, tlog.Hash(h))
	}
	return out, nil
}
