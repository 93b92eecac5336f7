package commits

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// disorder is within how many positions the recorded times of several instances
// may stand in another order than the stream: those of the commits that were in
// flight before one had seen the other's (docs/adr/0003).
const disorder = 4096

// Horizon is the position of the last commit of the stream that had been recorded
// by an instant, whosever it is; 0 for none. What was known then is the stream up
// to there (architecture §2): a beginning of it, and no choice of commits.
//
// It asks for some twenty rows of each agency, however long the stream is.
func Horizon(ctx context.Context, db *readdb.DB, at time.Time) (uint64, error) {
	last, agency := uint64(0), ""
	for {
		ok, err := rows.One(ctx, db, "SELECT agency FROM commits WHERE agency > ? ORDER BY agency LIMIT 1", []any{agency}, &agency)
		if err != nil || !ok {
			return last, err
		}
		p, err := horizonOf(ctx, db, agency, rows.Instant(at))
		if err != nil {
			return 0, err
		}
		last = max(last, p)
	}
}

// horizonOf halves the agency's positions until a commit that was recorded by
// then stands before one that was not, and looks a little further for those that
// overtook it.
func horizonOf(ctx context.Context, db *readdb.DB, agency string, at int64) (uint64, error) {
	const (
		newest = "SELECT position FROM commits WHERE agency = ? ORDER BY position DESC LIMIT 1"
		first  = "SELECT position, recorded FROM commits WHERE agency = ? AND position >= ? ORDER BY position LIMIT 1"
		later  = "SELECT position FROM commits WHERE agency = ? AND position > ? AND position <= ? AND recorded <= ? ORDER BY position DESC LIMIT 1"
	)
	var head int64
	if _, err := rows.One(ctx, db, newest, []any{agency}, &head); err != nil {
		return 0, err
	}
	known, low, high := int64(0), int64(1), head // what is below low was recorded by then, what is above high was not
	for low <= high {
		middle := low + (high-low)/2
		var position, recorded int64
		ok, err := rows.One(ctx, db, first, []any{agency, middle}, &position, &recorded)
		switch {
		case err != nil:
			return 0, err
		case ok && recorded <= at:
			known, low = position, position+1
		default:
			high = middle - 1
		}
	}
	for {
		ok, err := rows.One(ctx, db, later, []any{agency, known, known + disorder, at}, &known)
		if err != nil || !ok {
			return uint64(known), err
		}
	}
}

// EachOfKind calls f with the commits on all aggregates of one kind of an agency
// up to a position, one aggregate after the other and each in its order. f may
// give rows.ErrStop.
func EachOfKind(ctx context.Context, db *readdb.DB, agency, kind string, upTo uint64, f func(Entry) error) error {
	const q = `SELECT position, leaf, payload FROM commits
		WHERE agency = ? AND kind = ? AND position <= ? ORDER BY aggregate, version`
	return rows.Query(ctx, db, q, []any{agency, kind, int64(upTo)}, func(scan func(...any) error) error {
		e, err := scanEntry(scan)
		if err != nil {
			return err
		}
		return f(e)
	})
}
