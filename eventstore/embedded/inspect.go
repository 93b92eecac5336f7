package embedded

import (
	"os"

	"github.com/casefile-engine/casefile/eventstore"
)

// Journal is what a tail journal says, read without opening or changing it.
type Journal struct {
	// Position and Leaf are the newest commit that was acknowledged; 0: none.
	Position uint64
	Leaf     eventstore.Leaf
	// Torn counts the records that are neither empty nor whole. A loss of power can
	// leave one.
	Torn int

	known *gaps
}

// ReadJournal reads the tail journal at path and the gaps beside it. A journal
// that is not there is one without a record.
func ReadJournal(path string) (j Journal, err error) {
	if j.known, err = loadGaps(path + ".gaps"); err != nil {
		return j, err
	}
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return j, nil
	}
	for ; len(b) >= recordSize; b = b[recordSize:] {
		t, ok := parseRecord(b[:recordSize])
		switch {
		case ok && t.position >= j.Position:
			j.Position, j.Leaf = t.position, t.leaf
		case !ok && !empty(b[:recordSize]):
			j.Torn++
		}
	}
	if !empty(b) {
		j.Torn++
	}
	return j, err
}

// KnownGap tells that the positions from..to never held a commit that was
// acknowledged, as was found at a start after a loss of power.
func (j *Journal) KnownGap(from, to uint64) bool { return j.known.known(from, to) }

func empty(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// Gaps counts the positions up to one that are known to hold no commit.
func (j *Journal) Gaps(upTo uint64) (n uint64) {
	last := uint64(0)
	for _, x := range j.known.list { // in rising order
		if from, to := max(x[0], last+1), min(x[1], upTo); from <= to {
			n += to - from + 1
			last = to
		}
	}
	return n
}
