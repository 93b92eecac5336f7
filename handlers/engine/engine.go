// Package engine opens the parts of casefile on one installation and ties them
// together: stream, vault, views, command handler, queries. The server, the
// command line and the tests all start here.
package engine

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/nats-io/nats.go"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/outside"
	"github.com/casefile-engine/casefile/handlers/policy"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/reactions"
	follows "github.com/casefile-engine/casefile/handlers/reactions/all"
	"github.com/casefile-engine/casefile/handlers/search"
	"github.com/casefile-engine/casefile/handlers/stream"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/all"
	"github.com/casefile-engine/casefile/projections/dossiers"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Options say where an installation is and how it is opened.
type Options struct {
	Data string // directory of the data
	Keys string // "" for Data+".keys"
	Lock string // "" for Data+".lock"
	// NATSURL and PostgresURL, when set, take the place of the embedded stream
	// and of SQLite: the data directory then holds only what is local.
	NATSURL, PostgresURL string
	// Replicas of the stream in an external cluster, when it is created there; 0 is 3.
	Replicas int
	Clock    clock.Clock
	Log      *slog.Logger
	// Follow keeps the views up with the stream until Close. Without it CatchUp
	// brings them to the head.
	Follow bool
	// React runs the reactions until Close: what must follow from what happened,
	// and from the calendar. It needs Follow. Without it they take up later what
	// they have missed.
	React bool
	// Index keeps the search index up with the stream until Close. It needs
	// Follow. Without it a search brings the index up to the stream first.
	Index bool
	// ScrubEvery is how often the guard looks over the whole stream, with Follow: at
	// the start, and after this again; 0 is ScrubEvery, negative never.
	ScrubEvery time.Duration
	// Witnesses and Authorities vouch for the ledger's checkpoints, with Follow;
	// StampEvery is the least time between two time stamps of an agency, 0: an hour.
	Witnesses   []outside.Witness
	Authorities []outside.Authority
	StampEvery  time.Duration
	// Create makes an installation where there is none; without it an empty
	// place is an error, so that a mistyped path is not taken for a new store.
	Create bool
}

// Engine is an open installation.
type Engine struct {
	Paths    Paths
	Store    eventstore.Store
	Vault    *vault.Vault
	DB       *readdb.DB
	Views    *projections.Runner
	Policies *policy.Book
	Commands *commands.Handler
	Queries  *queries.Service
	// Reactions are what must follow. Whether they run here is up to Options.React.
	Reactions *reactions.Runner
	// Search is the index of names. Whether it follows the stream is up to Options.Index.
	Search *search.Index
	// Ledger signs what is on the stream. With Options.Follow it keeps up with it;
	// else CatchUp and Close bring it up. No append waits for it.
	Ledger *ledger.Ledger
	// Outside asks witnesses and time-stamping authorities, where there are any.
	Outside *outside.Runner
	// Guard looks whether the stream is what was acknowledged and signed.
	Guard *Guard
	// State holds credentials, sessions and snapshots: SQLite in the data
	// directory, written with full synchronisation, or a schema in PostgreSQL.
	State        *sql.DB
	StateDialect string // "sqlite" or "postgres"

	log     *slog.Logger
	closers []func() error
	stop    context.CancelFunc
	done    chan struct{} // closed when following has ended
}

// Open opens an installation. Errors: domain codes "in_use" (another process
// has it), "no_store" (nothing there and Create not set), those of the vault's
// binding, and "unavailable" for a server that cannot be reached.
//
// It returns as soon as commands can be accepted; views may still be behind.
func Open(ctx context.Context, o Options) (*Engine, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	e := &Engine{Paths: o.Paths(), log: o.Log}
	if err := e.open(ctx, o); err != nil {
		e.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) open(ctx context.Context, o Options) error {
	if err := catalog.Check(); err != nil {
		return err
	}
	if !o.Create {
		if err := e.Paths.there(); err != nil {
			return err
		}
	}
	if err := e.Paths.makeData(); err != nil {
		return err
	}
	f, err := e.Paths.hold()
	if err != nil {
		return err
	}
	e.closers = append(e.closers, f.Close)
	store, err := e.bind(ctx, o)
	if err != nil {
		return err
	}
	if err := e.openStore(ctx, o); err != nil {
		return err
	}
	if err := e.openVault(ctx, o, store); err != nil {
		return err
	}
	if err := e.openDatabases(ctx, o); err != nil {
		return err
	}
	if err := e.openHandlers(ctx, o); err != nil {
		return err
	}
	if err := e.openLedger(ctx, o); err != nil {
		return err
	}
	if err := e.openGuard(ctx, o); err != nil {
		return err
	}
	if e.Reactions, err = reactions.New(ctx, reactions.Config{
		Tools: reactions.Tools{Commands: e.Commands, Store: e.Store, DB: e.DB, Views: e.Views, Opener: e.Vault, Clock: o.Clock},
		List:  follows.List(), State: e.State, Postgres: e.StateDialect == "postgres", Log: o.Log,
	}); err != nil {
		return err
	}
	if err := e.damaged(ctx); err != nil {
		e.log.Error("the stream is read-only, so the views stay as they are", "code", err.Code)
		if o.Follow {
			e.Guard.start() // to say what exactly is wrong
		}
		return nil
	}
	if o.Follow {
		if err := e.Views.Prepare(ctx); err != nil {
			return err
		}
		e.follow()
		e.Ledger.Start()
		e.Outside.Start()
		e.Guard.start()
	}
	if o.Index {
		e.Search.Start()
	}
	if o.React {
		return e.Reactions.Start(ctx)
	}
	return nil
}

// damaged is the error of a stream that is read-only from the start, nil for
// any other. The views may then hold what the stream has lost: made anew from
// what is left they would be wrong, and the copies in them gone.
func (e *Engine) damaged(ctx context.Context) *domain.Error {
	s := e.Store.Status(ctx)
	if !s.ReadOnly {
		return nil
	}
	return &domain.Error{Kind: domain.KindUnavailable, Code: "read_only", Rule: "C-2.1.4d", Message: "the stream is read-only, and nothing is answered from views that it may contradict: " + s.Reason}
}

func (e *Engine) openStore(ctx context.Context, o Options) error {
	if o.NATSURL == "" {
		s, err := embedded.Open(ctx, embedded.Options{Dir: e.Paths.stream(), TailJournal: e.Paths.journal(), Signed: e.Paths.signed(ctx), Clock: o.Clock, Log: o.Log})
		if err != nil {
			return err
		}
		e.Store = s
		e.closers = append(e.closers, s.Close)
		return nil
	}
	nc, err := nats.Connect(o.NATSURL, nats.Name("casefile"), nats.MaxReconnects(-1), nats.ReconnectWait(250*time.Millisecond))
	if err != nil {
		return &domain.Error{Kind: domain.KindUnavailable, Code: "nats_unreachable", Rule: "C-2.1.2", Message: "the NATS server cannot be reached; check --nats-url and that the server runs with JetStream", Cause: err}
	}
	e.closers = append(e.closers, func() error { nc.Close(); return nil })
	replicas := o.Replicas
	if replicas == 0 {
		replicas = 3
	}
	s, err := jetstream.Open(ctx, nc, jetstream.Options{Replicas: replicas, Clock: o.Clock, Log: o.Log})
	if err != nil {
		return err
	}
	e.Store = s
	e.closers = append(e.closers, s.Close)
	return nil
}

// bind checks that data, keys and lock belong together, or binds those of a new
// store, and gives the store id. It comes before the stream is opened: opening
// it writes beside the lock, which must not be another store's. It gives "" for
// a cluster without a shared vault, whose head has to be known first.
func (e *Engine) bind(ctx context.Context, o Options) (store string, err error) {
	b := e.binding()
	if o.PostgresURL != "" {
		b.Shared, err = vault.StoreID(ctx, o.PostgresURL)
		if e := domain.AsError(err); e != nil && e.Code == "vault_unavailable" {
			return "", postgresUnreachable(err)
		}
		if err != nil {
			return "", err
		}
	}
	switch {
	case b.Shared == "" && o.NATSURL != "":
		return "", nil
	case !o.Create && b.Shared == "":
		return vault.CheckBinding(b)
	}
	if b.Shared == "" {
		// What is bound already is only checked, so that a mistyped path of the
		// keys or the lock makes no directory.
		if store, err := vault.CheckBinding(b); err == nil || domain.AsError(err).Code != "no_store" {
			return store, err
		}
	}
	return vault.Bind(b)
}

func (e *Engine) binding() vault.Binding {
	return vault.Binding{Data: e.Paths.Data, Keys: e.Paths.Keys, Lock: e.Paths.Lock}
}

// openVault opens the keys that belong to the data. That the stream holds
// commits means that there must be a vault: new keys are never made silently
// beside data that they cannot open.
func (e *Engine) openVault(ctx context.Context, o Options, store string) error {
	head, err := e.Store.Head(ctx)
	if err != nil {
		return err
	}
	if store == "" {
		if store, err = e.bindTo(head); err != nil {
			return err
		}
	}
	v, err := vault.Open(ctx, vault.Options{Path: e.Paths.vault(), PostgresURL: o.PostgresURL, Store: store, Existing: head > 0, Keys: e.Paths.Keys, Clock: o.Clock})
	if err != nil {
		return err
	}
	e.Vault = v
	e.closers = append(e.closers, v.Close)
	return nil
}

// bindTo binds the directories of the one instance on a cluster that has a vault
// of its own. Where the cluster has commits, they were sealed by a store that is
// not here: binding these directories would give them the id of a store that
// never was, and the right keys, once they are brought, would not fit them.
func (e *Engine) bindTo(head uint64) (store string, err error) {
	if head == 0 {
		return vault.Bind(e.binding())
	}
	store, err = vault.CheckBinding(e.binding())
	if err != nil && domain.AsError(err).Code == "no_store" {
		err = &domain.Error{Kind: domain.KindConflict, Code: "keys_missing", Rule: "C-2.1.4c", Message: "the cluster has the commits of a store, and its keys and vault are not here; give --postgres-url of the database that has the vault, and copy the keys directory of a running instance"}
	}
	return store, err
}

func (e *Engine) openDatabases(ctx context.Context, o Options) error {
	c := readdb.Config{SQLitePath: e.Paths.views()}
	if o.PostgresURL != "" {
		c = readdb.Config{PostgresURL: o.PostgresURL}
	}
	db, err := readdb.Open(ctx, c)
	if err != nil {
		return err
	}
	e.DB = db
	e.closers = append(e.closers, db.Close)
	e.State, e.StateDialect, err = openState(ctx, e.Paths.state(), o.PostgresURL)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, e.State.Close)
	e.Views, err = projections.NewRunner(db, e.Store, commands.Decode, all.Projections(), o.Log, o.Clock)
	return err
}

func (e *Engine) openHandlers(ctx context.Context, o Options) error {
	var err error
	if e.Policies, err = policy.Open(); err != nil {
		return err
	}
	e.Commands = commands.New(commands.Config{
		Store: e.Store, Sealer: e.Vault, Digester: e.Vault, View: commitView{e.DB},
		Snapshots: &snapshots{db: e.State, digester: e.Vault, dollar: e.StateDialect == "postgres"},
		Policies:  e.Policies, Code: func(line []byte) []byte { return e.Ledger.Key().Code(line) }, Clock: o.Clock, Log: o.Log, Exclusive: o.NATSURL == "",
		Responsible: e.responsible(o.Follow),
	})
	current := e.upToDate(o.Follow)
	if e.Search, err = search.New(ctx, search.Config{
		State: e.State, Postgres: e.StateDialect == "postgres", Store: e.Store, Commands: e.Commands, DB: e.DB, Current: current,
		Opener: e.Vault, Digester: e.Vault, Keys: e.Vault, Log: o.Log,
	}); err != nil {
		return err
	}
	e.Queries = queries.New(queries.Config{Commands: e.Commands, Opener: e.Vault, Digester: e.Vault, DB: e.DB, Views: e.Views, UpToDate: current, Index: e.Search, Clock: o.Clock, Log: o.Log})
	return nil
}

// responsible counts the dossiers for which a member of staff is responsible.
// The answer decides whether somebody may be ended, so the view is first brought
// to all that is on the stream by now.
func (e *Engine) responsible(followed bool) func(context.Context, string, string, time.Time) (int, error) {
	current := e.upToDate(followed)
	return func(ctx context.Context, agency, staff string, at time.Time) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, responsibleLimit)
		defer cancel()
		if err := current(ctx, dossiers.Name); err != nil {
			return 0, err
		}
		return dossiers.Responsible(ctx, e.DB, agency, staff, at)
	}
}

// upToDate brings views to all that is on the stream by now: what decides on
// rights or on ending somebody must not rest on yesterday.
func (e *Engine) upToDate(followed bool) func(context.Context, ...string) error {
	return func(ctx context.Context, names ...string) error {
		if !followed {
			return e.Views.CatchUp(ctx, nil)
		}
		head, err := e.Store.Head(ctx)
		if err != nil {
			return err
		}
		return e.Views.WaitFor(ctx, head, names...)
	}
}

// responsibleLimit is how long ending somebody waits for the view of dossiers.
const responsibleLimit = 10 * time.Second

// follow keeps the views up with the stream until Close.
func (e *Engine) follow() {
	ctx, cancel := context.WithCancel(context.Background())
	e.stop, e.done = cancel, make(chan struct{})
	go func() {
		defer close(e.done)
		err := e.Views.Follow(ctx, projections.Source{
			Topic: "CASEFILE",
			Subscribe: func(after uint64) (message.Subscriber, error) {
				return stream.NewSubscriber(e.Store, func() uint64 { return after }, stream.Options{Log: e.log}), nil
			},
			Commit: stream.CommitOf,
		})
		if err != nil && ctx.Err() == nil {
			e.log.Error("the views no longer follow the stream", "error", err)
		}
	}()
}

// CatchUp brings the views and the ledger to the stream's head. progress, when given, hears
// of it from time to time. A stream that is read-only is the error "read_only":
// the views stay as they are.
func (e *Engine) CatchUp(ctx context.Context, progress func(done, head uint64)) error {
	if err := e.damaged(ctx); err != nil {
		return err
	}
	if err := e.Views.CatchUp(ctx, progress); err != nil {
		return err
	}
	return e.catchUpLedger(ctx)
}

// Close stops following, syncs and lets go of everything, the newest part
// first. It is safe to call twice.
func (e *Engine) Close() error {
	if e.Reactions != nil {
		_ = e.Reactions.Close() // it gives no error
	}
	if e.Search != nil {
		_ = e.Search.Close() // it gives no error
	}
	if e.stop != nil {
		e.stop()
		<-e.done
		e.stop = nil
	}
	var errs []error
	for i := len(e.closers) - 1; i >= 0; i-- {
		errs = append(errs, e.closers[i]())
	}
	e.closers = nil
	return errors.Join(errs...)
}
