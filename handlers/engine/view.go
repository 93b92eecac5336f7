package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// commitView reads aggregates from the commits view, each copy compared with
// its leaf. While the view has not been made, on a fresh database, it is as a
// view that has seen nothing: the commands then read the stream.
type commitView struct{ db *readdb.DB }

func (v commitView) ReadAggregate(ctx context.Context, ref domain.Ref, after uint64, f func(*eventstore.Commit) error) error {
	err := commits.ReadAggregate(ctx, v.db, ref, after, func(e commits.Entry) error {
		c, err := e.Checked()
		if err != nil {
			return fmt.Errorf("engine: the commits view: %w", err)
		}
		return f(c)
	})
	return unlessUnmade(err)
}

func (v commitView) FindCommand(ctx context.Context, ref domain.Ref, id string) (uint64, bool, error) {
	p, ok, err := commits.FindCommand(ctx, v.db, ref, id)
	return p, ok, unlessUnmade(err)
}

func (v commitView) LastPosition(ctx context.Context, ref domain.Ref) (uint64, error) {
	p, err := commits.LastPosition(ctx, v.db, ref)
	return p, unlessUnmade(err)
}

// unlessUnmade drops the error of a view that does not exist yet.
func unlessUnmade(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "42P01" || err != nil && strings.Contains(err.Error(), "no such table") {
		return nil
	}
	return err
}
