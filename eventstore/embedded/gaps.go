package embedded

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// gaps are the positions that are known to hold no commit and never held an
// acknowledged one. The file beside the journal has a line for each: first and
// last position and a checksum. It is nearly always empty.
type gaps struct {
	path string
	list [][2]uint64
}

func loadGaps(path string) (*gaps, error) {
	g := &gaps{path: path}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return g, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		var from, to uint64
		var sum uint32
		// A line that was cut or damaged is not known: the gap is then reported
		// as damage, which is the safe side.
		if _, err := fmt.Sscanf(sc.Text(), "%d %d %x", &from, &to, &sum); err == nil && sum == gapSum(from, to) {
			g.list = append(g.list, [2]uint64{from, to})
		}
	}
	return g, nil
}

func gapSum(from, to uint64) uint32 {
	return crc32.ChecksumIEEE(fmt.Appendf(nil, "%d %d", from, to))
}

// add records a gap durably.
func (g *gaps) add(from, to uint64) error {
	if g.known(from, to) {
		return nil
	}
	f, err := os.OpenFile(g.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d %d %x\n", from, to, gapSum(from, to))
	if err = errors.Join(err, f.Sync(), f.Close(), syncFile(filepath.Dir(g.path))); err != nil {
		return err
	}
	g.list = append(g.list, [2]uint64{from, to})
	return nil
}

// known tells whether every position of from..to is in a recorded gap.
func (g *gaps) known(from, to uint64) bool {
	for _, x := range g.list { // in rising order
		if x[0] <= from && from <= x[1] {
			from = x[1] + 1
		}
	}
	return from > to
}
