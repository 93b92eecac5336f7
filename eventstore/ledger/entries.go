package ledger

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/casefile-engine/casefile/eventstore"
)

// ErrTooLarge: an entry bundle would hold an entry of more than 65,535 bytes,
// which C2SP tlog-tiles cannot write down. Its hash tile is there all the same.
var ErrTooLarge = errors.New("ledger: a commit's clear metadata is too long for an entry bundle")

// EntryBundle makes the bundle of entries 256n to 256n+width-1 of a log out of
// the stream, in the form of C2SP tlog-tiles (tile/entries/<N>): each entry's
// length in two bytes, big endian, and its bytes, the commit's clear line. Each
// entry has been compared with its leaf.
//
// The bundle holds clear metadata of one agency: who did what to which dossier,
// without what is sealed. Who may see it is the caller's to decide.
//
// Errors: ErrRange, ErrTooLarge, ErrDamaged, eventstore.ErrDamaged for a commit
// that is not its leaf's, eventstore.ErrNotFound for one that is missing.
func EntryBundle(ctx context.Context, store eventstore.Store, log *Log, n int64, width int) ([]byte, error) {
	if n < 0 || width < 1 || width > tileWidth || n*tileWidth+int64(width) > log.Size() {
		return nil, ErrRange
	}
	next, end := n*tileWidth, n*tileWidth+int64(width)
	tile, err := log.leaves(next, end)
	if err != nil {
		return nil, err
	}
	from, err := log.PositionOf(next)
	if err != nil {
		return nil, err
	}
	var out []byte
	err = store.ReadAll(ctx, from-1, func(c *eventstore.Commit) error {
		if c.Envelope.Agency != log.Agency {
			return nil
		}
		if tlog.Hash(eventstore.LeafHash(c.Clear)) != tile[next-n*tileWidth] {
			return fmt.Errorf("%w: position %d differs from leaf %d of the ledger", eventstore.ErrDamaged, c.Position, next)
		}
		if len(c.Clear) > math.MaxUint16 {
			return fmt.Errorf("%w: leaf %d has %d bytes", ErrTooLarge, next, len(c.Clear))
		}
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(c.Clear))), c.Clear...)
		if next++; next == end {
			return errStop
		}
		return nil
	})
	switch {
	case errors.Is(err, errStop):
		return out, nil
	case err == nil:
		err = fmt.Errorf("%w: leaf %d of the ledger", eventstore.ErrNotFound, next)
	}
	return nil, err
}

// leaves gives the leaf hashes from one index up to another, checked.
func (l *Log) leaves(from, to int64) ([]tlog.Hash, error) {
	r, err := l.hashes(to)
	if err != nil {
		return nil, err
	}
	list := make([]int64, 0, to-from)
	for i := from; i < to; i++ {
		list = append(list, tlog.StoredHashIndex(0, i))
	}
	h, err := r.ReadHashes(list)
	return h, damaged(err)
}
