package people

import (
	"context"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Column of people_grants that a revocation changes.
const grantEnds = 5

// Grant lets a member of staff see what no assignment lets him (C-2.7a), or is a
// supplier's window (C-2.7f), from Begins to Ends, excluded. One that was
// revoked ended then.
type Grant struct {
	Agency       string
	Staff        string
	Grant        string
	Begins, Ends time.Time
	Position     uint64
}

// Grants calls f with the grants of an agency, or of all for "", that hold at an
// instant, by agency, staff and beginning. It does not ask whether the member of
// staff still works there. f may give rows.ErrStop.
func Grants(ctx context.Context, db *readdb.DB, agency string, at time.Time, f func(Grant) error) error {
	var w rows.Where
	w.If(agency != "", "agency = ?", agency)
	w.And("begins <= ?", rows.Instant(at))
	w.And("ends > ?", rows.Instant(at))
	q := "SELECT agency, staff, grant_id, begins, ends, position FROM people_grants" + w.String() + " ORDER BY agency, staff, begins, grant_id"
	return rows.Query(ctx, db, q, w.Args, func(scan func(...any) error) error {
		var (
			g            Grant
			begins, ends int64
		)
		if err := scan(&g.Agency, &g.Staff, &g.Grant, &begins, &ends, &g.Position); err != nil {
			return fmt.Errorf("reading the grants: %w", err)
		}
		g.Begins, g.Ends = rows.Time(begins), rows.Time(ends)
		return f(g)
	})
}

func (s site) grant(id domain.ID, from, until time.Time) error {
	return s.tx.Put(s.ctx, tableGrants, readdb.Row{
		s.meta.Agency, s.meta.Aggregate, id, int64(s.meta.Position), rows.Instant(from), rows.Instant(until),
	})
}

// revoke ends a grant; one that had not begun never does.
func (s site) revoke(id domain.ID) error {
	do := rows.Set(func(row readdb.Row) { row[grantEnds] = min(row[grantEnds].(int64), rows.Instant(s.meta.Occurred)) })
	return rows.Change(s.ctx, s.tx, s.meta, "revokes a grant that was never given", do, tableGrants, s.meta.Agency, s.meta.Aggregate, id)
}
