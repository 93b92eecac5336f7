package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Change lets do change a copy of the row with that key, and puts it back. A row
// that is not there is an error: absent says what the commit did about it, as in
// "is about a request that was never received".
func Change(ctx context.Context, tx readdb.Tx, meta *domain.Meta, absent string, do func(readdb.Row) error, table string, key ...any) error {
	found, err := ChangeAny(ctx, tx, do, table, key...)
	if err == nil && !found {
		return fmt.Errorf("%s: the commit at %d %s", table, meta.Position, absent)
	}
	return err
}

// ChangeAny is Change where there need be no such row; found tells.
func ChangeAny(ctx context.Context, tx readdb.Tx, do func(readdb.Row) error, table string, key ...any) (found bool, err error) {
	row, found, err := tx.Get(ctx, table, key...)
	if err != nil || !found {
		return false, err
	}
	row = slices.Clone(row)
	if err := do(row); err != nil {
		return true, err
	}
	return true, tx.Put(ctx, table, row)
}

// Set makes a change that cannot fail one for Change.
func Set(do func(readdb.Row)) func(readdb.Row) error {
	return func(row readdb.Row) error {
		do(row)
		return nil
	}
}

// Give calls f with each of a list; f may give ErrStop.
func Give[R any](list []R, f func(R) error) error {
	for _, r := range list {
		if err := f(r); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}
