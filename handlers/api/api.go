// Package api is the HTTP API (catalogue §4): commands in, outcomes out, and
// the views and registers under their agency. It knows HTTP; the rules are in
// handlers/commands and handlers/queries.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain/overview"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// Commands carries out one command; its answer is durable.
type Commands interface {
	Execute(ctx context.Context, c commands.Caller, r commands.Request) commands.Outcome
}

// Queries is the one way to see anything. Each method appends the access event
// and waits for its acknowledgement before anything personal is opened; its
// errors are *domain.Error.
type Queries interface {
	Dossier(ctx context.Context, r queries.Reader, dossier string, o queries.DossierOptions) (*queries.DossierView, error)
	Export(ctx context.Context, r queries.Reader, o queries.ExportOptions, emit func(row any) error) error
	Search(ctx context.Context, r queries.Reader, text string) (*queries.SearchResult, error)
	Overview(ctx context.Context, r queries.Reader, q overview.Query) (*queries.Overview, error)
	AccessRegister(ctx context.Context, r queries.Reader, f queries.AccessFilter) (*queries.AccessPage, error)
	AccessForClient(ctx context.Context, r queries.Reader, dossier string, from, until time.Time) (*queries.ClientAccess, error)
	AccessPatterns(ctx context.Context, r queries.Reader, o queries.PatternOptions) (*queries.Patterns, error)
	AccessLog(ctx context.Context, r queries.Reader, o queries.AccessLogOptions, emit func(*accesslog.Entry) error) error
	AgencyReplay(ctx context.Context, r queries.Reader, o queries.ReplayOptions) (*queries.AgencyView, error)
	AgencyDifference(ctx context.Context, r queries.Reader, o queries.DifferenceOptions) (*queries.AgencyDifference, error)
	Difference(ctx context.Context, r queries.Reader, dossier string, o queries.DifferenceOptions) (*queries.Difference, error)
	Steps(ctx context.Context, r queries.Reader, dossier string, position uint64, o queries.ReplayOptions) (*queries.Steps, error)
	Seen(ctx context.Context, r queries.Reader, dossier, staff string, knownAt time.Time, open bool) (*queries.Seen, error)
	Mining(ctx context.Context, r queries.Reader, o queries.MiningOptions, emit func(*mining.Event) error) error
}

// SignIn is what the API needs of handlers/auth.
type SignIn interface {
	Current(ctx context.Context) (auth.Identity, bool, error)
	Authenticate(ctx context.Context, name, password, address string) (auth.Identity, error)
	Bearer(ctx context.Context, token string) (auth.Identity, error)
}

// Deps are the parts that the API stands on.
type Deps struct {
	Commands Commands
	Queries  Queries
	SignIn   SignIn
	// Position is how far the views have come; nil when that is not known.
	Position func(ctx context.Context) (uint64, error)
	Evidence Evidence // nil where there is no ledger
	Log      *slog.Logger
	Version  string
}

// Mux is the part of http.ServeMux that Register uses.
type Mux interface {
	HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request))
	ServeHTTP(http.ResponseWriter, *http.Request)
}

// PositionHeader carries the stream position that an answer shows at least.
const PositionHeader = "Casefile-Position"

type service struct{ Deps }

var installErrors sync.Once

// Register puts the API's routes on mux. Around it the caller puts the
// sessions' middleware, so that a signed-in browser may use it as well.
func Register(mux Mux, d Deps) huma.API {
	if d.Log == nil {
		d.Log = slog.Default()
	}
	if d.Version == "" {
		d.Version = "dev"
	}
	// The library keeps its form of errors in a variable of the package; ours is
	// the only form in this program.
	installErrors.Do(func() { huma.NewError = newError })

	s := &service{d}
	a := humago.New(mux, config(d.Version))
	s.routes(a)
	mux.HandleFunc("/api/", func(w http.ResponseWriter, r *http.Request) {
		WriteProblem(w, notFound("unknown_path", "there is nothing at this path or for this method; /api/openapi.json lists what there is"))
	})
	return a
}

func config(version string) huma.Config {
	c := huma.DefaultConfig("casefile", version)
	c.Info.Description = "Commands and views of a case-file engine. Each read is itself recorded; each refusal names the rule it rests on."
	c.OpenAPIPath = "/api/openapi"
	c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", nil
	c.RejectUnknownQueryParameters = true
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "casefile", Description: "The cookie that signing in at /signin gives (over https: __Host-casefile)."},
		"token":   {Type: "http", Scheme: "bearer", Description: "A token of the page Account: it begins with cft_, and opens what its scopes say."},
		"basic":   {Type: "http", Scheme: "basic", Description: "Sign-in name as login@agency, and the password, for accounts without a second factor."},
	}
	c.Security = []map[string][]string{{"session": {}}, {"token": {}}, {"basic": {}}}
	return c
}

// routes is THE list of the API's operations.
func (s *service) routes(a huma.API) {
	who := huma.Middlewares{s.authenticate}
	huma.Register(a, huma.Operation{
		OperationID: "execute-command", Method: http.MethodPost, Path: "/api/v1/commands", Summary: "Give a command",
		Description: "Takes one command of the catalogue and answers its outcome. The same id sent again answers `duplicate` with the first outcome.",
		Tags:        []string{"commands"}, Middlewares: who, MaxBodyBytes: MaxBody, BodyReadTimeout: bodyTimeout,
		RequestBody: requestBody(), SkipValidateBody: true,
		Errors: []int{400, 401, 403, 404, 409, 413, 422, 429, 503},
	}, s.serveCommand)
	huma.Register(a, huma.Operation{
		OperationID: "read-dossier", Method: http.MethodGet, Path: "/api/v1/agencies/{agency}/dossiers/{dossier}", Summary: "Read a dossier, opened",
		Description: "The access is recorded before anything personal is opened; `access_position` says where.",
		Tags:        []string{"views"}, Middlewares: who, Errors: readErrors,
	}, s.serveDossier)
	huma.Register(a, huma.Operation{
		OperationID: "read-timeline", Method: http.MethodGet, Path: "/api/v1/agencies/{agency}/dossiers/{dossier}/timeline", Summary: "Read the timeline of a dossier, in stream order",
		Tags: []string{"views"}, Middlewares: who, Errors: readErrors,
	}, s.serveTimeline)
	huma.Register(a, overviewOperation(who), s.serveOverview)
	huma.Register(a, evidenceOperation(who), s.serveEvidence)
	s.accessRoutes(a, who)
	s.replayRoutes(a, who)
	huma.Register(a, searchOperation(who), s.serveSearch)
	huma.Register(a, huma.Operation{
		OperationID: "read-register", Method: http.MethodGet, Path: "/api/v1/agencies/{agency}/{register}", Summary: "Read a register",
		Description: "Rows in stream order (retention and deadlines: by due date, then dossier; obligations: by the day since when, then dossier), with the field names of the exports. `application/jsonl` gives one row a line.",
		Tags:        []string{"registers"}, Middlewares: who, Errors: readErrors, Responses: registerResponses(),
	}, s.serveRegister)
}

var readErrors = []int{400, 401, 403, 404, 429, 503}
