package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// replayRoutes are the operations by which an auditor replays.
func (s *service) replayRoutes(a huma.API, who huma.Middlewares) {
	get := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodGet, Path: "/api/v1/agencies/{agency}" + path, Summary: summary,
			Description: description, Tags: []string{"replay"}, Middlewares: who, Errors: readErrors}
	}
	const clear = "Clear facts are for whoever may read the dossier, or the register history whole; `open=true` opens sealed values for who may see them, after the access is on record."
	huma.Register(a, get("replay-agency", "/replay", "An agency as it was", "Counts, rules and staff without names, and the digest of each register as its export as of that time has it. For whoever may read the register history whole."), s.serveAgencyReplay)
	huma.Register(a, get("compare-agency", "/difference", "What changed in an agency between two times", "For whoever may read the register history whole."), s.serveAgencyDifference)
	huma.Register(a, get("compare-dossier", "/dossiers/{dossier}/difference", "What changed in a dossier between two times", clear), s.serveDifference)
	huma.Register(a, get("step-dossier", "/dossiers/{dossier}/steps", "A dossier commit by commit, with what each changed", clear), s.serveSteps)
	huma.Register(a, get("read-step", "/dossiers/{dossier}/timeline/{position}", "One commit of a dossier, with the whole state before and after it", clear), s.serveStep)
	huma.Register(a, get("read-seen", "/dossiers/{dossier}/seen", "What a member of staff could have seen of a dossier, and what was shown to him",
		"By what was known then and by his rights and the agency's policies of then; `recorded_policy_digests` are those that the looks of that day carry. For whoever may read the registers history and access whole."), s.serveSeen)
	history := get("export-history", "/history", "The register history, or an event log for process mining", "With `format` an event log without anything personal: OCEL 2.0 or XES.")
	history.Responses = registerResponses()
	history.Responses["200"].Content["application/xml"] = &huma.MediaType{Schema: &huma.Schema{Type: "string"}}
	huma.Register(a, history, s.serveHistory)
}

// ReplayTimes are the two clocks of a replay.
type ReplayTimes struct {
	AsOf    string `query:"as_of" doc:"What had occurred by the end of this date, or by this time"`
	KnownAt string `query:"known_at" doc:"What was known then: the stream up to the last commit recorded by the end of this date, or by this time"`
	Purpose string `query:"purpose" doc:"A purpose of the catalogue; recorded with the access" default:"audit"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

func (in *ReplayTimes) reader(ctx context.Context, agency string) (queries.Reader, error) {
	purpose, err := ParsePurpose(in.Purpose)
	if err != nil {
		return queries.Reader{}, err
	}
	return reader(ctx, agency, purpose, "view", in.After)
}

func (in *ReplayTimes) options(open bool) (o queries.ReplayOptions, err error) {
	o.Open = open
	if o.AsOf, err = ParseInstant("as_of", in.AsOf, true); err == nil {
		o.KnownAt, err = ParseInstant("known_at", in.KnownAt, true)
	}
	return o, err
}

// ReplayPeriod is the two times that are compared.
type ReplayPeriod struct {
	From string `query:"from" required:"true" doc:"The earlier time; a date means its end"`
	To   string `query:"to" required:"true" doc:"The later time; a date means its end"`
	Axis string `query:"axis" enum:"occurred,recorded" default:"occurred" doc:"Whether from and to say what had occurred, or what had been recorded; the other clock is held still with known_at or as_of"`
}

func (p *ReplayPeriod) options(t *ReplayTimes, open bool) (o queries.DifferenceOptions, err error) {
	r, err := t.options(open)
	if err != nil {
		return o, err
	}
	o = queries.DifferenceOptions{Axis: p.Axis, AsOf: r.AsOf, KnownAt: r.KnownAt, Open: open}
	for _, x := range []struct {
		name, text string
		to         *time.Time
	}{{"from", p.From, &o.From}, {"to", p.To, &o.To}} {
		at, err := ParseInstant(x.name, x.text, true)
		if err != nil {
			return o, err
		}
		if at != nil {
			*x.to = *at
		}
	}
	return o, nil
}

// answer is what every replay answers with.
type answer[T any] struct {
	Position uint64 `header:"Casefile-Position"`
	Body     T
}

func answered[T any](s *service, position uint64, v T, err error) (*answer[T], error) {
	if err != nil {
		return nil, s.failed(err)
	}
	return &answer[T]{position, v}, nil
}

type agencyReplayInput struct {
	Agency string `path:"agency"`
	ReplayTimes
}

func (s *service) serveAgencyReplay(ctx context.Context, in *agencyReplayInput) (*answer[*queries.AgencyView], error) {
	v, err := func() (*queries.AgencyView, error) {
		r, err := in.reader(ctx, in.Agency)
		if err != nil {
			return nil, err
		}
		o, err := in.options(false)
		if err != nil {
			return nil, err
		}
		return s.Queries.AgencyReplay(ctx, r, o)
	}()
	if err != nil {
		return nil, s.failed(err)
	}
	return answered(s, v.Position, v, nil)
}

type agencyDifferenceInput struct {
	Agency string `path:"agency"`
	ReplayPeriod
	ReplayTimes
}

func (s *service) serveAgencyDifference(ctx context.Context, in *agencyDifferenceInput) (*answer[*queries.AgencyDifference], error) {
	v, err := func() (*queries.AgencyDifference, error) {
		r, err := in.reader(ctx, in.Agency)
		if err != nil {
			return nil, err
		}
		o, err := in.ReplayPeriod.options(&in.ReplayTimes, false)
		if err != nil {
			return nil, err
		}
		return s.Queries.AgencyDifference(ctx, r, o)
	}()
	if err != nil {
		return nil, s.failed(err)
	}
	return answered(s, v.ToPosition, v, nil)
}

// ReplayInput names the dossier of a replay.
type ReplayInput struct {
	Agency  string `path:"agency"`
	Dossier string `path:"dossier" doc:"A UUID"`
	ReplayTimes
	Open bool `query:"open" doc:"Open sealed values, after the access is on record"`
}

type differenceInput struct {
	ReplayInput
	ReplayPeriod
}

func (s *service) serveDifference(ctx context.Context, in *differenceInput) (*answer[*queries.Difference], error) {
	v, err := func() (*queries.Difference, error) {
		r, err := in.reader(ctx, in.Agency)
		if err != nil {
			return nil, err
		}
		o, err := in.ReplayPeriod.options(&in.ReplayTimes, in.Open)
		if err != nil {
			return nil, err
		}
		return s.Queries.Difference(ctx, r, in.Dossier, o)
	}()
	if err != nil {
		return nil, s.failed(err)
	}
	return answered(s, v.ToPosition, v, nil)
}

func (s *service) serveSteps(ctx context.Context, in *ReplayInput) (*answer[*queries.Steps], error) {
	v, err := s.processSteps(ctx, in, 0)
	if err != nil {
		return nil, s.failed(err)
	}
	return answered(s, v.Steps[len(v.Steps)-1].Position, v, nil)
}

type stepInput struct {
	ReplayInput
	Position uint64 `path:"position" minimum:"1" doc:"The stream position of a commit of the dossier"`
}

func (s *service) serveStep(ctx context.Context, in *stepInput) (*answer[*queries.Steps], error) {
	v, err := s.processSteps(ctx, &in.ReplayInput, in.Position)
	return answered(s, in.Position, v, err)
}

func (s *service) processSteps(ctx context.Context, in *ReplayInput, position uint64) (*queries.Steps, error) {
	r, err := in.reader(ctx, in.Agency)
	if err != nil {
		return nil, err
	}
	o, err := in.options(in.Open)
	if err != nil {
		return nil, err
	}
	return s.Queries.Steps(ctx, r, in.Dossier, position, o)
}

type seenInput struct {
	Agency  string `path:"agency"`
	Dossier string `path:"dossier" doc:"A UUID"`
	As      string `query:"as" required:"true" doc:"The member of staff, by id"`
	KnownAt string `query:"known_at" required:"true" doc:"The moment; a date means its end"`
	Open    bool   `query:"open" doc:"Open what the reader may see himself"`
	Purpose string `query:"purpose" doc:"A purpose of the catalogue; recorded with the access" default:"audit"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

func (s *service) serveSeen(ctx context.Context, in *seenInput) (*answer[*queries.Seen], error) {
	v, err := func() (*queries.Seen, error) {
		t := ReplayTimes{KnownAt: in.KnownAt, Purpose: in.Purpose, After: in.After}
		r, err := t.reader(ctx, in.Agency)
		if err != nil {
			return nil, err
		}
		o, err := t.options(in.Open)
		if err != nil {
			return nil, err
		}
		if o.KnownAt == nil {
			return nil, domain.Invalid("invalid_time", "known_at", "say for which moment, as 2017-02-01 or 2017-02-01T09:00:00+01:00")
		}
		return s.Queries.Seen(ctx, r, in.Dossier, in.As, *o.KnownAt, in.Open)
	}()
	if err != nil {
		return nil, s.failed(err)
	}
	return answered(s, v.Position, v, nil)
}

type historyInput struct {
	Agency     string `path:"agency"`
	Dossier    string `query:"dossier" doc:"Rows of this dossier alone"`
	From       string `query:"from" doc:"Rows that occurred at or after this time, or on or after this date"`
	Until      string `query:"until" doc:"Rows that occurred before this time, or on or before this date"`
	AsOf       string `query:"as_of" doc:"What had occurred by the end of this date, or by this time"`
	KnownAt    string `query:"known_at" doc:"What was known then"`
	Purpose    string `query:"purpose" default:"guidance" doc:"A purpose of the catalogue; recorded with the access"`
	After      uint64 `query:"after" doc:"Wait until the views have reached this position"`
	Format     string `query:"format" enum:"ocel,xes" doc:"In place of the register's own rows an event log: OCEL 2.0 (JSON), or XES (IEEE 1849-2016)"`
	Pseudonyms bool   `query:"pseudonyms" doc:"Of an event log: pseudonyms in place of all ids"`
}

var miningMedia = map[string]string{mining.OCEL: "application/json", mining.XES: "application/xml"}

func (s *service) serveHistory(ctx context.Context, in *historyInput) (*huma.StreamResponse, error) {
	register := &registerInput{Agency: in.Agency, Register: "history", Dossier: in.Dossier, From: in.From, Until: in.Until,
		AsOf: in.AsOf, KnownAt: in.KnownAt, Purpose: in.Purpose, After: in.After}
	if in.Format == "" {
		return s.serveRegister(ctx, register)
	}
	r, plain, err := registerOptions(ctx, register)
	if err != nil {
		return nil, s.failed(err)
	}
	o := queries.MiningOptions{ExportOptions: plain, ByDossier: in.Format == mining.XES, Pseudonyms: in.Pseudonyms}
	position := uint64(0)
	if s.Position != nil {
		if position, err = s.Position(ctx); err != nil {
			return nil, s.failed(err)
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		s.writeLog(ctx, w, r, o, in.Format, max(position, in.After))
	}}, nil
}

// writeLog writes an event log. Nothing is written before the first event or the
// end, so that an error until then is a problem document; after that a broken
// connection is the one way left to say that the log is not whole.
func (s *service) writeLog(ctx context.Context, w http.ResponseWriter, r queries.Reader, o queries.MiningOptions, format string, position uint64) {
	var log mining.Writer
	rc, n := http.NewResponseController(w), 0
	begin := func() {
		w.Header().Set("Content-Type", miningMedia[format])
		w.Header().Set(PositionHeader, strconv.FormatUint(position, 10))
		w.WriteHeader(http.StatusOK)
		log = mining.New(format, w)
	}
	err := s.Queries.Mining(ctx, r, o, func(e *mining.Event) error {
		if log == nil {
			begin()
		}
		if n++; n%stretch == 0 {
			_ = rc.SetWriteDeadline(time.Now().Add(stallLimit)) // a recorder in a test has none
		}
		return log.Event(e)
	})
	if err == nil {
		if log == nil {
			begin()
		}
		err = log.Close()
	}
	switch {
	case err == nil:
	case log == nil:
		WriteProblem(w, FromError(s.failed(err)))
	default:
		s.failed(err) //nolint:errcheck // logged
		panic(http.ErrAbortHandler)
	}
}
