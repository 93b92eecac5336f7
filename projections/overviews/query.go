package overviews

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Asked is one question.
type Asked struct {
	access.OverviewAsked
	Position uint64
	Recorded time.Time
	Actor    string
}

// Answered calls f with the questions of an agency that were answered since, in
// stream order. f may give rows.ErrStop.
func Answered(ctx context.Context, db *readdb.DB, agency string, since time.Time, f func(Asked) error) error {
	const q = `SELECT position, recorded, actor, asked FROM overviews WHERE agency = ? AND outcome = ? AND recorded >= ? ORDER BY position, event`
	return rows.Query(ctx, db, q, []any{agency, access.Allowed, rows.Instant(since)}, func(scan func(...any) error) error {
		var (
			a        Asked
			recorded int64
			asked    string
		)
		if err := scan(&a.Position, &recorded, &a.Actor, &asked); err != nil {
			return fmt.Errorf("reading the overviews: %w", err)
		}
		if err := json.Unmarshal([]byte(asked), &a.OverviewAsked); err != nil {
			return fmt.Errorf("overviews: a question of the view has another form: %w", err)
		}
		a.Recorded = rows.Time(recorded)
		return f(a)
	})
}

// Population gives the dossiers of an agency as they stood at a position, by id,
// with the minutes worked for them by entries up to it, corrections since then
// included. The database must have the view hours too.
func Population(ctx context.Context, db *readdb.DB, agency string, position uint64) ([]overview.Dossier, error) {
	minutes := map[string]int{}
	const worked = `SELECT dossier, CAST(SUM(minutes) AS BIGINT) FROM hours WHERE agency = ? AND position <= ? GROUP BY dossier`
	err := rows.Query(ctx, db, worked, []any{agency, position}, func(scan func(...any) error) error {
		var id string
		var n int
		if err := scan(&id, &n); err != nil {
			return fmt.Errorf("reading the hours: %w", err)
		}
		minutes[id] = n
		return nil
	})
	if err != nil {
		return nil, err
	}
	const q = `SELECT dossier, codes FROM overviews_dossiers WHERE agency = ? AND since <= ?
		UNION ALL SELECT dossier, codes FROM overviews_past WHERE agency = ? AND since <= ? AND until > ? ORDER BY 1`
	var list []overview.Dossier
	err = rows.Query(ctx, db, q, []any{agency, position, agency, position, position}, func(scan func(...any) error) error {
		var d overview.Dossier
		var packed string
		if err := scan(&d.ID, &packed); err != nil {
			return fmt.Errorf("reading the overviews: %w", err)
		}
		codes, ok := overview.Unpack(packed)
		if !ok {
			return fmt.Errorf("overviews: the codes of a dossier have another form")
		}
		d.Codes, d.Minutes = codes, minutes[d.ID]
		list = append(list, d)
		return nil
	})
	return list, err
}
