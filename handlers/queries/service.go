package queries

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/search"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// waitLimit is how long a query waits for the views to reach a position.
const waitLimit = 5 * time.Second

// Views is what a query needs of the projections' runner.
type Views interface {
	// WaitFor returns when the named views (all when none is named) have reached
	// the position, or the context ends.
	WaitFor(ctx context.Context, position uint64, names ...string) error
	// Position is how far a view has come.
	Position(name string) uint64
}

// Config is what a Service works with.
type Config struct {
	Commands *commands.Handler
	Opener   seal.Opener
	// Digester gives the pseudonyms of dossiers for the logs of others.
	Digester seal.Digester
	DB       *readdb.DB
	Views    Views
	// UpToDate returns when the named views are at the stream's head; nil where
	// nothing is written beside.
	UpToDate func(ctx context.Context, names ...string) error
	// Index is what Search looks in.
	Index *search.Index
	Clock clock.Clock
	Log   *slog.Logger
}

// Service answers queries. It is safe for many goroutines.
type Service struct {
	commands *commands.Handler
	opener   seal.Opener
	digester seal.Digester
	db       *readdb.DB
	views    Views
	clock    clock.Clock
	log      *slog.Logger
	upToDate func(ctx context.Context, names ...string) error
	index    *search.Index

	overviewLocks overviewLocks
}

// New makes a Service.
func New(c Config) *Service {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Clock == nil {
		c.Clock = clock.System{}
	}
	return &Service{commands: c.Commands, opener: c.Opener, digester: c.Digester, db: c.DB, views: c.Views, clock: c.Clock, log: c.Log, upToDate: c.UpToDate, index: c.Index}
}

// wait waits until the views have reached the position that the reader asks for.
func (s *Service) wait(ctx context.Context, r Reader) error {
	if r.After == 0 || s.views == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, waitLimit)
	defer cancel()
	if err := s.views.WaitFor(ctx, r.After); err != nil {
		return behind(err)
	}
	return nil
}

// look is one look that is about to be recorded.
type look struct {
	dossiers   []string
	owners     []string
	categories []domain.Category
}

// record appends the access event and gives the acknowledgement that opens
// what the look names.
func (s *Service) record(ctx context.Context, r Reader, p pass, l look) (seal.Acknowledgement, uint64, error) {
	return s.commands.RecordAccess(ctx, r.Caller, r.Agency, commands.Basis{Purpose: r.Purpose, Ground: p.Ground, PolicyDigest: p.Digest}, p.recorded(r, l))
}

// checkReader refuses a look without a known purpose or action (C-I1).
func checkReader(r Reader) error {
	if !slices.Contains(domain.Purposes, r.Purpose) {
		return &domain.Error{Kind: domain.KindInvalid, Code: "unknown_purpose", Rule: "C-I1", Field: "purpose", Message: "a look at personal data has a purpose; give one of the purposes of the catalogue"}
	}
	if !slices.Contains(domain.AccessActions, r.Action) {
		return domain.Invalid("unknown_action", "action", "an access is one of view, search, list, print, export")
	}
	return nil
}

// opened turns a ciphertext into a Value: the plaintext, or the word for why
// there is none. Only infrastructure failures are errors.
func (s *Service) opened(ctx context.Context, ack seal.Acknowledgement, sealed seal.Sealed, v *Value) error {
	b, err := s.opener.Open(ctx, ack, sealed)
	if err == nil {
		v.State, v.Data = "open", b
		return nil
	}
	var de *domain.Error
	if errors.As(err, &de) {
		switch de.Code {
		case "destroyed":
			v.State = "destroyed"
			return nil
		case "not_acknowledged":
			v.State = "hidden"
			return nil
		}
	}
	return err
}

// sections pairs the refs of a commit's sealed sections with their ciphertexts.
func sections(c *eventstore.Commit, f func(place int, ev *eventstore.StoredEvent, ref eventstore.SectionRef, sealed seal.Sealed) error) error {
	n := 0
	for i := range c.Envelope.Data.Events {
		ev := &c.Envelope.Data.Events[i]
		for _, ref := range ev.Sections {
			ct := c.Sealed[n]
			n++
			if ref.IsList() {
				continue
			}
			err := f(i, ev, ref, seal.Sealed{Ciphertext: ct, Place: seal.Place{
				Scope: seal.Scope{Agency: c.Envelope.Agency, Owner: ref.Owner, Class: ref.Class},
				Key:   ref.Key, Event: ev.ID, Type: ev.Type, Schema: ev.Schema,
				Category: ref.Category, Version: c.Envelope.Version, Index: i,
			}})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
