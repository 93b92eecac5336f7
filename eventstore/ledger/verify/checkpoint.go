package verify

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// ErrCheckpoint: a checkpoint has another form than C2SP tlog-checkpoint with
// the ledger's extension lines, another origin, or no good signature.
var ErrCheckpoint = errors.New("ledger: not a checkpoint of this log")

// maxNote is the largest checkpoint in bytes that is looked at: the ledger's own
// take some 400, and cosignatures of witnesses about 200 each.
const maxNote = 64 << 10

// Checkpoint is the state of one agency's log that a signature vouches for: a
// C2SP tlog-checkpoint with two extension lines.
//
//	casefile/<store id>/<agency>
//	<size, decimal>
//	<root, standard base64>
//	position <stream position of the newest leaf>
//	recorded <latest recorded time of the leaves, RFC 3339, UTC>
type Checkpoint struct {
	Origin string
	Size   int64 // number of leaves; at least 1
	Root   tlog.Hash
	// Position is that of leaf Size-1, the newest that is covered. Recorded is its
	// recorded time, or that of an earlier leaf which has a later one: on a cluster
	// the clocks of two instances differ, and checkpoints never go backwards.
	Position uint64
	Recorded time.Time
}

// Origin is the first line of an agency's checkpoints, and the name of its key.
func Origin(store, agency string) string { return "casefile/" + store + "/" + agency }

// Agency is the agency that the origin names; "" for any other text.
func (c Checkpoint) Agency() string {
	p := strings.Split(c.Origin, "/")
	if len(p) != 3 || p[0] != "casefile" {
		return ""
	}
	return p[2]
}

// Text is what is signed.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\nposition %d\nrecorded %s\n", c.Origin, c.Size,
		base64.StdEncoding.EncodeToString(c.Root[:]), c.Position, c.Recorded.UTC().Format(time.RFC3339Nano))
}

// ParseCheckpoint reads the signed text; there is one form for each checkpoint.
// Lines after the known ones are passed over, as the format has it. Errors wrap
// ErrCheckpoint.
func ParseCheckpoint(text string) (c Checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 6 || lines[len(lines)-1] != "" {
		return c, fmt.Errorf("%w: it has too few lines", ErrCheckpoint)
	}
	for _, l := range lines[:len(lines)-1] {
		if l == "" {
			return c, fmt.Errorf("%w: it has an empty line", ErrCheckpoint)
		}
	}
	c.Origin = lines[0]
	if c.Size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.Size < 1 {
		return c, fmt.Errorf("%w: its size is no number of leaves", ErrCheckpoint)
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return c, fmt.Errorf("%w: its root is no hash", ErrCheckpoint)
	}
	c.Root = tlog.Hash(root)
	position, ok := strings.CutPrefix(lines[3], "position ")
	if c.Position, err = strconv.ParseUint(position, 10, 64); err != nil || !ok {
		return c, fmt.Errorf("%w: it names no position", ErrCheckpoint)
	}
	recorded, ok := strings.CutPrefix(lines[4], "recorded ")
	if c.Recorded, err = time.Parse(time.RFC3339Nano, recorded); err != nil || !ok {
		return c, fmt.Errorf("%w: it names no recorded time", ErrCheckpoint)
	}
	c.Recorded = c.Recorded.UTC()
	if !strings.HasPrefix(text, c.Text()) {
		return c, fmt.Errorf("%w: it is written in another way than the one there is", ErrCheckpoint)
	}
	return c, nil
}

// Open checks the signature of a checkpoint by the key of its agency, and reads
// it. Signatures by others (witnesses) are passed over. Errors wrap ErrCheckpoint.
func Open(signed []byte, v note.Verifier) (Checkpoint, error) {
	if len(signed) > maxNote {
		return Checkpoint{}, fmt.Errorf("%w: it is over %d bytes", ErrCheckpoint, maxNote)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: its signature is not by the key %s: %w", ErrCheckpoint, v.Name(), err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err == nil && c.Origin != v.Name() {
		err = fmt.Errorf("%w: its origin is another log's", ErrCheckpoint)
	}
	return c, err
}

// Peek reads a checkpoint without checking who signed it.
func Peek(signed []byte) (Checkpoint, error) {
	i := bytes.Index(signed, []byte("\n\n"))
	if i < 0 || len(signed) > maxNote {
		return Checkpoint{}, fmt.Errorf("%w: it has no signature", ErrCheckpoint)
	}
	return ParseCheckpoint(string(signed[:i+1]))
}

// CheckInclusion checks that the leaf stands at index in the tree of size and root.
func CheckInclusion(p tlog.RecordProof, size int64, root tlog.Hash, index int64, leaf tlog.Hash) error {
	return tlog.CheckRecord(p, size, root, index, leaf)
}

// CheckConsistency checks that the newer tree begins with all of the older one.
// Sizes are at least 1.
func CheckConsistency(p tlog.TreeProof, newer int64, newerRoot tlog.Hash, older int64, olderRoot tlog.Hash) error {
	return tlog.CheckTree(p, newer, newerRoot, older, olderRoot)
}
