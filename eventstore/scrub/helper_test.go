package scrub_test

import (
	"time"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
)

// mustTime is when a record's commit was recorded.
func mustTime(r *blocks.Record) time.Time {
	c, err := eventstore.Unmarshal(r.Payload)
	if err != nil {
		panic(err)
	}
	return c.Envelope.Recorded
}
