package verify

import (
	"context"

	"github.com/casefile-engine/casefile/projections/all"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Built builds the views of an installation a second time, once for many looks.
func Built(ctx context.Context, o Options) (*readdb.DB, error) {
	v := &run{o: o, keys: map[string]announced{}}
	if err := v.scrub(ctx, ids{}); err != nil {
		return nil, err
	}
	return v.build(ctx, v.head, all.Projections())
}

// WithBuilt has the views compared with these.
func (o Options) WithBuilt(db *readdb.DB) Options {
	o.built = db
	return o
}
