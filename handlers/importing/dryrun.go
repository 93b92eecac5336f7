package importing

import (
	"context"
	"crypto/rand"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/internal/clock"
)

// sealOverhead is about what sealing adds to a section, so that a dry run meets
// the same limit of size.
const sealOverhead = 64

// DryRun gives an executor that decides everything as the engine would, over a
// store in memory that begins where base is; nothing is stored and no key is
// made. Close lets the memory go.
func DryRun(ctx context.Context, base eventstore.Store, d seal.Digester, policies *policy.Book, c clock.Clock) (ex Executor, done func() error, err error) {
	store, err := memory.Overlay(ctx, base)
	if err != nil {
		return nil, nil, err
	}
	h := commands.New(commands.Config{Store: store, Sealer: noSeal{}, Digester: d, Policies: policies, Clock: c, Exclusive: true})
	return h, store.Close, nil
}

// noSeal forgets what it is to seal.
type noSeal struct{}

var _ commands.Sealer = noSeal{}

func (noSeal) Prepare(context.Context, []seal.Scope) ([]eventstore.KeyCreated, error) {
	return nil, nil
}

func (noSeal) Announced(context.Context, []string) error { return nil }

func (noSeal) KeyID(context.Context, seal.Scope) (string, error) {
	return "00000000-0000-4000-8000-000000000000", nil
}

func (noSeal) Seal(_ context.Context, _ seal.Place, plaintext []byte) ([]byte, error) {
	b := make([]byte, len(plaintext)+sealOverhead)
	_, err := rand.Read(b)
	return b, err
}
