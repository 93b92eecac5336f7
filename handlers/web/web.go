// Package web is what people and programs reach over HTTP: the pages, the API,
// health and metrics, behind one set of rules (origin, headers, limits). It
// works without scripts, and every look goes through the queries, so that
// nothing personal is shown that is not on record (architecture §1.2).
package web

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/handlers/api"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/pages/account"
	"github.com/casefile-engine/casefile/handlers/web/pages/accounts"
	"github.com/casefile-engine/casefile/handlers/web/pages/approvals"
	"github.com/casefile-engine/casefile/handlers/web/pages/assignments"
	"github.com/casefile-engine/casefile/handlers/web/pages/caseload"
	"github.com/casefile-engine/casefile/handlers/web/pages/dossier"
	"github.com/casefile-engine/casefile/handlers/web/pages/errorpage"
	"github.com/casefile-engine/casefile/handlers/web/pages/evidence"
	"github.com/casefile-engine/casefile/handlers/web/pages/integrity"
	"github.com/casefile-engine/casefile/handlers/web/pages/invite"
	"github.com/casefile-engine/casefile/handlers/web/pages/overviews"
	"github.com/casefile-engine/casefile/handlers/web/pages/registers"
	"github.com/casefile-engine/casefile/handlers/web/pages/replay"
	"github.com/casefile-engine/casefile/handlers/web/pages/reviews"
	"github.com/casefile-engine/casefile/handlers/web/pages/search"
	"github.com/casefile-engine/casefile/handlers/web/pages/seen"
	"github.com/casefile-engine/casefile/handlers/web/pages/signin"
	"github.com/casefile-engine/casefile/handlers/web/pages/start"
	"github.com/casefile-engine/casefile/handlers/web/static"
	"github.com/casefile-engine/casefile/handlers/web/ui"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Commands carries out one command; *commands.Handler does.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Queries is the one way to see anything; *queries.Service does it. Each
// method records the access before it opens anything.
type Queries interface {
	api.Queries
	Caseload(ctx context.Context, r queries.Reader) ([]queries.CaseloadRow, error)
	StillOpen(ctx context.Context, r queries.Reader, dossier string) error
	Search(ctx context.Context, r queries.Reader, text string) (*queries.SearchResult, error)
	People(ctx context.Context, r queries.Reader) ([]queries.StaffName, []queries.Recipient, error)
}

// Staff says what the stream knows of members of staff; *commands.Handler does.
type Staff interface {
	accounts.Staff
	invite.Staff
}

// Rights says what the policies and the regulation in force let somebody do;
// *commands.Handler does.
type Rights interface {
	ui.Rights
	dossier.Limits
}

// Deps are the parts that the pages and the API stand on.
type Deps struct {
	Commands Commands
	Queries  Queries
	Auth     *auth.Service
	Staff    Staff  // default: Commands, when it knows
	Rights   Rights // default: Commands, when it knows
	// Refusals puts on record what a page keeps somebody from, and what other
	// sites' pages try in somebody's name; default: Commands, when it can.
	Refusals ui.Refusals
	// Position is how far the views have come, for the header of the registers;
	// nil when that is not known.
	Position func(ctx context.Context) (uint64, error)
	// Ready says why the engine cannot serve now; nil means always ready. Its
	// text is logged and not shown.
	Ready func(ctx context.Context) error
	// Ledger, when set, has its checkpoints and tiles served to everybody, and is
	// among the metrics.
	Ledger *ledger.Ledger
	// Evidence, when set, makes evidence bundles.
	Evidence api.Evidence
	// Proofs, when set, compares what is shown with the signed tree; default:
	// Evidence, when it can.
	Proofs replay.Prover
	// Integrity, when set, tells what the guard knows of the stream.
	Integrity func(ctx context.Context) ui.Integrity
	// HTTPS says that people reach this by https: all that is kept in the browser
	// then travels by it alone, and the browser is told to use nothing else.
	HTTPS bool
	// MetricsApart says that Metrics is served at an address of its own; otherwise
	// /metrics answers programs of this machine.
	MetricsApart bool
	Registry     *prometheus.Registry // default: one of its own
	Clock        clock.Clock          // default: the system's
	Log          *slog.Logger         // default: slog.Default()
	Version      string
	NewID        func() domain.ID // default: UUIDv7; for tests
}

// New assembles the handler for everything. It panics on what only a defect of
// the program can cause: a catalogue or template that does not parse.
func New(d Deps) http.Handler {
	if d.Registry == nil {
		d.Registry = prometheus.NewRegistry()
	}
	if d.Clock == nil {
		d.Clock = clock.System{}
	}
	if d.Ledger != nil {
		d.Registry.MustRegister(ledgerMeter{d.Ledger, d.Clock})
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.NewID == nil {
		d.NewID = func() domain.ID { return uuid.Must(uuid.NewV7()).String() }
	}
	words, err := i18n.Load()
	if err != nil {
		panic(err)
	}
	assets, err := static.Load()
	if err != nil {
		panic(err)
	}
	if d.Staff == nil {
		d.Staff, _ = d.Commands.(Staff)
	}
	if d.Rights == nil {
		d.Rights, _ = d.Commands.(Rights)
	}
	if d.Refusals == nil {
		d.Refusals, _ = d.Commands.(ui.Refusals)
	}
	if d.Proofs == nil {
		d.Proofs, _ = d.Evidence.(replay.Prover)
	}
	kit := &ui.Kit{HTTPS: d.HTTPS, Integrity: d.Integrity, Words: words, Assets: assets, SignIn: d.Auth, Rights: d.Rights, Refusals: d.Refusals, Clock: d.Clock, Log: d.Log}
	p := pages{
		signin: signin.New(kit, d.Auth), caseload: caseload.New(kit, d.Queries), search: search.New(kit, d.Queries),
		dossier: dossier.New(kit, d.Queries, d.Commands, d.Auth, d.Rights, d.NewID), errors: errorpage.New(kit),
		accounts: accounts.New(kit, d.Auth, d.Queries, d.Staff), invite: invite.New(kit, d.Auth, d.Staff, d.Commands, d.NewID),
	}
	p.start, p.registers = start.New(kit), registers.New(kit, d.Queries)
	p.seen, p.overviews = seen.New(kit, d.Queries), overviews.New(kit, d.Queries)
	p.approvals = approvals.New(kit, d.Queries, d.Commands, d.NewID)
	p.assignments, p.reviews = assignments.New(kit, d.Queries, d.Commands, d.NewID), reviews.New(kit, d.Queries, d.Commands, d.NewID)
	p.evidence = evidence.New(kit, d.Evidence)
	p.seen.Evidence = p.evidence.May
	p.replay, p.integrity = replay.New(kit, d.Queries), integrity.New(kit)
	p.replay.Proofs, p.replay.Evidence, p.integrity.Ledger = d.Proofs, p.evidence.May, d.Ledger
	p.account = account.New(kit, d.Auth, p.accounts.Administers)
	kit.Fail, kit.Ask, kit.AskSecond = p.errors.Serve, p.signin.Ask, p.signin.AskSecond
	refuse := d.Auth.Middleware(&strangers{d: d, page: p.errors.CrossOrigin, last: map[string]time.Time{}})
	return secure(routes(d, kit, p), refuse.ServeHTTP, d.HTTPS, d.Log)
}
