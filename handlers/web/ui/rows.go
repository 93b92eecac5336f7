package ui

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// Registers gives the rows of registers, and the names of staff and recipients.
type Registers interface {
	Export(ctx context.Context, r queries.Reader, o queries.ExportOptions, emit func(row any) error) error
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Rows reads a register whole, in its order, into rows of a page's own type, by the
// names of the export's fields. The look is on record as the reader says.
func Rows[R any](ctx context.Context, q Registers, r queries.Reader, register string) (out []R, err error) {
	err = q.Export(ctx, r, queries.ExportOptions{Register: register}, func(one any) error {
		raw, err := json.Marshal(one)
		if err != nil {
			return err
		}
		var x R
		if err := json.Unmarshal(raw, &x); err != nil {
			return err
		}
		out = append(out, x)
		return nil
	})
	return out, err
}

// After has a reader wait for a position, as it stands in a page's address; what is
// none leaves the reader as it was.
func After(r queries.Reader, position string) queries.Reader {
	if n, err := strconv.ParseUint(position, 10, 63); err == nil {
		r.After = n
	}
	return r
}
