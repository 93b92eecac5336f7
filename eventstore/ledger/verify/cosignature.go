package verify

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	cosig "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// ErrCosignature: a line is no cosignature of this witness on this checkpoint, or
// a text is no public key of a witness.
var ErrCosignature = errors.New("ledger: not a cosignature of this witness")

// Witness is the public key of a witness by C2SP tlog-cosignature: Ed25519 or
// ML-DSA-44. Two are the same when their Text is.
type Witness struct {
	// Text is the key in the form of C2SP signed-note, with the type of a
	// cosignature: <name>+<hash>+<key>.
	Text string
	Name string

	verifier note.Verifier
}

// ParseWitness reads a public key in the form of C2SP signed-note; one that is
// given as an ordinary Ed25519 key is taken for the same key as a cosigner.
// Errors wrap ErrCosignature.
func ParseWitness(vkey string) (w Witness, err error) {
	vkey = strings.TrimSpace(vkey)
	if own, err := cosig.VKeyToCosignatureV1(vkey); err == nil {
		vkey = own
	}
	v, err := cosig.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return w, fmt.Errorf("%w: a public key is one line, name+hash+key", ErrCosignature)
	}
	p := strings.SplitN(vkey, "+", 3)
	raw, err := base64.StdEncoding.Strict().DecodeString(p[2])
	if err != nil || len(raw) < 33 || raw[0] == 1 || p[1] != fmt.Sprintf("%08x", v.KeyHash()) || p[2] != base64.StdEncoding.EncodeToString(raw) {
		return w, fmt.Errorf("%w: the hash in the key is another one's", ErrCosignature)
	}
	return Witness{vkey, v.Name(), v}, nil
}

// Fingerprint is the SHA-256 of the key's text, in hex.
func (w Witness) Fingerprint() string {
	sum := sha256.Sum256([]byte(w.Text))
	return hex.EncodeToString(sum[:])
}

// Made tells whether a signature line carries the name and the hash of this key.
func (w Witness) Made(line string) bool {
	p := strings.Fields(line)
	if len(p) != 3 || p[1] != w.Name {
		return false
	}
	raw, err := base64.StdEncoding.DecodeString(p[2])
	return err == nil && len(raw) > 4 && hex.EncodeToString(raw[:4]) == fmt.Sprintf("%08x", w.verifier.KeyHash())
}

// Check checks a signature line, without its line feed, of this witness on a
// signed checkpoint, and gives when the witness says that it made it. There is
// one text of each cosignature. Errors wrap ErrCosignature.
func (w Witness) Check(signed []byte, line string) (at time.Time, err error) {
	text, _, ok := bytes.Cut(signed, []byte("\n\n"))
	if !ok || len(signed) > maxNote || len(line) > maxNote {
		return at, fmt.Errorf("%w: that is no signed checkpoint", ErrCosignature)
	}
	n, err := note.Open(slices.Concat(text, []byte("\n\n"+line+"\n")), note.VerifierList(w.verifier))
	if err != nil || len(n.Sigs) != 1 || len(n.UnverifiedSigs) != 0 {
		return at, fmt.Errorf("%w: %s", ErrCosignature, w.Name)
	}
	raw, err := base64.StdEncoding.Strict().DecodeString(n.Sigs[0].Base64)
	if err != nil || line != "— "+w.Name+" "+base64.StdEncoding.EncodeToString(raw) {
		return at, fmt.Errorf("%w: it is written in another way than the one there is", ErrCosignature)
	}
	at, err = cosig.CoSigV1Timestamp(n.Sigs[0])
	if err != nil || at.Unix() < 0 || at.Unix() > latest {
		return at, fmt.Errorf("%w: its time is none", ErrCosignature)
	}
	return at.UTC(), nil
}

// latest is the end of the year 9999 in seconds since 1970: what can be written as
// a time.
const latest = min(253402300799, math.MaxInt64)

// SplitCosigned parts a checkpoint with cosignatures into the note as the log
// signed it, by one signature, and the lines behind it. Errors wrap
// ErrCosignature.
func SplitCosigned(cosigned []byte) (signed []byte, lines []string, err error) {
	text, rest, ok := bytes.Cut(cosigned, []byte("\n\n"))
	if !ok || len(cosigned) > maxNote || !bytes.HasSuffix(rest, []byte("\n")) {
		return nil, nil, fmt.Errorf("%w: that is no signed checkpoint", ErrCosignature)
	}
	lines = strings.Split(strings.TrimSuffix(string(rest), "\n"), "\n")
	return cosigned[:len(text)+2+len(lines[0])+1], lines[1:], nil
}

// Cosign puts lines of witnesses behind a signed checkpoint.
func Cosign(signed []byte, lines []string) []byte {
	b := slices.Clone(signed)
	for _, l := range lines {
		b = append(append(b, l...), '\n')
	}
	return b
}
