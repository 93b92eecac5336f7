package outside

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// nonceLimit bounds the nonce of a request: 64 bits, which every authority takes.
var nonceLimit = new(big.Int).Lsh(big.NewInt(1), 64)

// clockSlack is how far an authority's clock and this machine's may differ.
const clockSlack = 24 * time.Hour

// stamped asks an authority for a time stamp on a checkpoint (RFC 3161 over HTTP).
func (r *Runner) stamped(a Authority) func(context.Context, *ledger.Log, ledger.Signed) error {
	return func(ctx context.Context, log *ledger.Log, c ledger.Signed) error {
		nonce, err := rand.Int(rand.Reader, nonceLimit)
		if err != nil {
			return err
		}
		request, expect, err := verify.StampRequest(c.Note, nonce)
		if err != nil {
			return err
		}
		status, answer, err := r.post(ctx, a.URL, "application/timestamp-query", request)
		if err != nil {
			return err
		}
		if status != http.StatusOK {
			return fmt.Errorf("the time-stamping authority answers with status %d", status)
		}
		s, err := verify.CheckStamp(answer, c.Note, a.Roots, expect)
		switch {
		case err != nil:
			return err
		case a.Roots != nil && !s.Rooted:
			return fmt.Errorf("%w: its certificate leads to none of the roots that were given", verify.ErrStamp)
		}
		if d := r.o.Clock.Now().Sub(s.Time); d > clockSlack || d < -clockSlack {
			return fmt.Errorf("%w: its clock and this machine's differ by more than a day", verify.ErrStamp)
		}
		return log.AddStamp(c.Size, answer)
	}
}
