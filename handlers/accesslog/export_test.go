package accesslog

import (
	"context"
	"time"
)

// WithoutPauses lets a test hear of the pauses in place of waiting.
func WithoutPauses(s *Sender, heard func(time.Duration)) {
	s.pause = func(ctx context.Context, d time.Duration) error {
		heard(d)
		return ctx.Err()
	}
}
