package main

import (
	"context"

	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/importing"
	"github.com/casefile-engine/casefile/internal/clock"
)

// dryRun decides over a store in memory that begins where the engine's is.
func dryRun(ctx context.Context, e *engine.Engine) (importing.Executor, func() error, error) {
	return importing.DryRun(ctx, e.Store, e.Vault, e.Policies, clock.System{})
}
