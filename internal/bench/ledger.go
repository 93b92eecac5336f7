package bench

import (
	"context"
	"time"

	"github.com/casefile-engine/casefile/handlers/engine"
)

// ledger is P11: what the import stored is brought into the ledger, beside the
// rate at which it was stored. Leaf by leaf it must be faster, or it would be
// behind for ever.
func (w *world) ledger(ctx context.Context) error {
	return with(ctx, w.data, func(e *engine.Engine) error {
		bar := w.r.bar("P11: the ledger", "commits")
		defer bar.Done()
		began := time.Now()
		if err := w.r.profiled("P11", func() error { return e.Ledger.CatchUp(ctx) }); err != nil {
			return err
		}
		took := time.Since(began)
		leaves := 0
		for _, s := range e.Ledger.Status() {
			leaves += int(s.Size)
		}
		ref := w.stored.rate()
		ref.Note = "commits of P3"
		w.r.row("P11", "ledger, leaves", rate(leaves, took), ref, atLeast(1))
		return nil
	})
}
