package api

import (
	"context"
	"mime"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/accesslog"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// accessLogInput is that of a register, with the form and what bounds it.
type accessLogInput struct {
	Agency   string `path:"agency"`
	Dossier  string `query:"dossier" doc:"Looks at this dossier alone"`
	From     string `query:"from" doc:"Looks that occurred at or after this time, or on or after this date"`
	Until    string `query:"until" doc:"Looks that occurred before this time, or on or before this date"`
	AsOf     string `query:"as_of" doc:"What had occurred by the end of this date, or by this time"`
	KnownAt  string `query:"known_at" doc:"What had been recorded by then"`
	Purpose  string `query:"purpose" default:"guidance" doc:"A purpose of the catalogue; recorded with the access"`
	After    uint64 `query:"after" doc:"Wait until the views have reached this position"`
	Format   string `query:"format" enum:"fhir,nen7513,ldv" doc:"In place of the register's own rows: FHIR R5 AuditEvent, the fields of NEN 7513, or Logboek Dataverwerkingen, one JSON object a line; the Accept header can say it too"`
	Trace    string `query:"trace" pattern:"^[0-9a-f]{32}$" doc:"Of a form: this trace alone"`
	Activity string `query:"activity" maxLength:"200" doc:"Of a form: this processing activity alone"`
	Subject  string `query:"subject" pattern:"^[0-9a-f]{64}$" doc:"Of a form: this data subject alone, by pseudonym"`
	Accept   string `header:"Accept" doc:"application/fhir+ndjson, or application/jsonl with profile=nen7513 or profile=ldv, for a form"`
}

// accessMedia are the media types of the forms.
var accessMedia = map[string]string{
	accesslog.FHIR:    "application/fhir+ndjson",
	accesslog.NEN7513: "application/jsonl; profile=nen7513",
	accesslog.LDV:     "application/jsonl; profile=ldv",
}

// form is the form that is asked for; "" for the register's own rows.
func (in *accessLogInput) form() string {
	if in.Format != "" {
		return in.Format
	}
	for part := range strings.SplitSeq(in.Accept, ",") {
		t, params, err := mime.ParseMediaType(strings.TrimSpace(part))
		switch {
		case err != nil:
		case t == "application/fhir+ndjson" || t == "application/fhir+json":
			return accesslog.FHIR
		case (t == "application/jsonl" || t == "application/x-ndjson") && slices.Contains(accesslog.Forms, params["profile"]):
			return params["profile"]
		}
	}
	return ""
}

func (in *accessLogInput) register() *registerInput {
	return &registerInput{Agency: in.Agency, Register: "access", Dossier: in.Dossier, From: in.From, Until: in.Until,
		AsOf: in.AsOf, KnownAt: in.KnownAt, Purpose: in.Purpose, After: in.After}
}

func (s *service) serveAccessLog(ctx context.Context, in *accessLogInput) (*huma.StreamResponse, error) {
	form := in.form()
	if form == "" {
		if in.Trace != "" || in.Activity != "" || in.Subject != "" {
			return nil, FromError(domain.Invalid("form_missing", "format", "trace, activity and subject are of the forms for other systems; name one with format"))
		}
		return s.serveRegister(ctx, in.register())
	}
	r, plain, err := registerOptions(ctx, in.register())
	if err != nil {
		return nil, s.failed(err)
	}
	o := queries.AccessLogOptions{ExportOptions: plain, Trace: in.Trace, Activity: in.Activity, Subject: in.Subject}
	if form == accesslog.LDV && !o.Bounded() {
		return nil, FromError(domain.Invalid("unbounded", "trace", "this log is read for one trace, one processing activity or one data subject; name one of them"))
	}
	position := uint64(0)
	if s.Position != nil {
		if position, err = s.Position(ctx); err != nil {
			return nil, s.failed(err)
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		out := newRows(w, true, max(position, in.After))
		out.media = accessMedia[form]
		err := s.Queries.AccessLog(ctx, r, o, func(e *accesslog.Entry) error {
			line, ok, err := accesslog.Line(form, e)
			if err != nil || !ok {
				return err
			}
			return out.emit(line)
		})
		s.finish(w, out, err)
	}}, nil
}

type accessLooksInput struct {
	Agency  string `path:"agency"`
	Dossier string `query:"dossier" doc:"Looks at this dossier alone"`
	Staff   string `query:"staff" doc:"Looks of this member of staff alone; operator and engine are known too"`
	From    string `query:"from" doc:"Looks that occurred at or after this time, or on or after this date"`
	Until   string `query:"until" doc:"Looks that occurred before this time, or on or before this date"`
	Action  string `query:"action" enum:"view,search,list,print,export,change" doc:"change is a denied command"`
	Outcome string `query:"outcome" enum:"allowed,denied"`
	Ground  string `query:"ground" enum:"assignment,role,grant,break_glass,request,engine,none"`
	Of      string `query:"of" doc:"Looks with this purpose alone"`
	Newest  bool   `query:"newest" doc:"The newest first"`
	Cursor  uint64 `query:"cursor" doc:"The next of an earlier page"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Looks on the page"`
	Names   bool   `query:"names" doc:"With the names of those who looked, opened"`
	Purpose string `query:"purpose" default:"audit" doc:"A purpose of the catalogue; recorded with this reading"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

func (in *accessLooksInput) filter() (f queries.AccessFilter, err error) {
	f = queries.AccessFilter{Dossier: in.Dossier, Staff: in.Staff, Action: in.Action, Outcome: in.Outcome, Ground: in.Ground,
		Purpose: in.Of, Newest: in.Newest, Cursor: in.Cursor, Limit: in.Limit, Names: in.Names}
	f.From, f.Until, err = period(in.From, in.Until)
	return f, err
}

// period reads from and until; a date is meant whole.
func period(from, until string) (f, u *time.Time, err error) {
	if f, err = ParseInstant("from", from, false); err != nil {
		return nil, nil, err
	}
	if u, err = ParseInstant("until", until, true); err != nil {
		return nil, nil, err
	}
	if u != nil && len(until) == len(time.DateOnly) {
		next := u.Add(time.Nanosecond)
		u = &next
	}
	return f, u, nil
}

type accessPageOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     *queries.AccessPage
}

func (s *service) serveAccessLooks(ctx context.Context, in *accessLooksInput) (*accessPageOutput, error) {
	p, err := s.processAccessLooks(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &accessPageOutput{Position: p.AccessRecord, Body: p}, nil
}

func (s *service) processAccessLooks(ctx context.Context, in *accessLooksInput) (*queries.AccessPage, error) {
	r, err := accessReader(ctx, in.Agency, in.Purpose, in.After)
	if err != nil {
		return nil, err
	}
	f, err := in.filter()
	if err != nil {
		return nil, err
	}
	return s.Queries.AccessRegister(ctx, r, f)
}

func accessReader(ctx context.Context, agency, purpose string, after uint64) (queries.Reader, error) {
	purpose, err := ParsePurpose(purpose)
	if err != nil {
		return queries.Reader{}, err
	}
	return reader(ctx, agency, purpose, "view", after)
}

type patternsInput struct {
	Agency  string `path:"agency"`
	From    string `query:"from" doc:"Looks that occurred at or after this time, or on or after this date; absent: 31 days before until"`
	Until   string `query:"until" doc:"Looks that occurred before this time, or on or before this date; absent: now"`
	Staff   string `query:"staff" doc:"One member of staff alone"`
	Names   bool   `query:"names" doc:"Compare family names of staff and clients as well: the engine opens them, on record, and tells for which looks they are equal"`
	Purpose string `query:"purpose" default:"audit" doc:"A purpose of the catalogue; recorded with this reading"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

type patternsOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     *queries.Patterns
}

func (s *service) servePatterns(ctx context.Context, in *patternsInput) (*patternsOutput, error) {
	p, err := s.processPatterns(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &patternsOutput{Position: max(p.AccessRecord, p.NamesRecord), Body: p}, nil
}

func (s *service) processPatterns(ctx context.Context, in *patternsInput) (*queries.Patterns, error) {
	r, err := accessReader(ctx, in.Agency, in.Purpose, in.After)
	if err != nil {
		return nil, err
	}
	o := queries.PatternOptions{Staff: in.Staff, Names: in.Names}
	if o.From, o.Until, err = period(in.From, in.Until); err != nil {
		return nil, err
	}
	return s.Queries.AccessPatterns(ctx, r, o)
}

type dossierAccessInput struct {
	Agency  string `path:"agency"`
	Dossier string `path:"dossier" doc:"A UUID"`
	Form    string `query:"form" enum:"client,compliance" default:"client" doc:"client: by role, purpose and day, without who it was; compliance: a page of the register"`
	From    string `query:"from" doc:"Looks that occurred at or after this time, or on or after this date"`
	Until   string `query:"until" doc:"Looks that occurred before this time, or on or before this date"`
	Newest  bool   `query:"newest" doc:"Of compliance: the newest first"`
	Cursor  uint64 `query:"cursor" doc:"Of compliance: the next of an earlier page"`
	Limit   int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Of compliance: looks on the page"`
	Names   bool   `query:"names" doc:"Of compliance: with the names of those who looked, opened"`
	Purpose string `query:"purpose" default:"rights_request" doc:"A purpose of the catalogue; recorded with this reading"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

type dossierAccessOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     any    // *queries.ClientAccess or *queries.AccessPage, by form
}

func (s *service) serveDossierAccess(ctx context.Context, in *dossierAccessInput) (*dossierAccessOutput, error) {
	out, err := s.processDossierAccess(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return out, nil
}

func (s *service) processDossierAccess(ctx context.Context, in *dossierAccessInput) (*dossierAccessOutput, error) {
	id, err := domain.ParseID("dossier", in.Dossier)
	if err != nil {
		return nil, err
	}
	if in.Form == "compliance" {
		p, err := s.processAccessLooks(ctx, &accessLooksInput{Agency: in.Agency, Dossier: id, From: in.From, Until: in.Until, Newest: in.Newest,
			Cursor: in.Cursor, Limit: in.Limit, Names: in.Names, Purpose: in.Purpose, After: in.After})
		if err != nil {
			return nil, err
		}
		return &dossierAccessOutput{Position: p.AccessRecord, Body: p}, nil
	}
	r, err := accessReader(ctx, in.Agency, in.Purpose, in.After)
	if err != nil {
		return nil, err
	}
	from, until, err := period(in.From, in.Until)
	if err != nil {
		return nil, err
	}
	c, err := s.Queries.AccessForClient(ctx, r, id, orZero(from), orZero(until))
	if err != nil {
		return nil, err
	}
	return &dossierAccessOutput{Position: c.AccessRecord, Body: c}, nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// accessRoutes are the operations on the access register.
func (s *service) accessRoutes(a huma.API, who huma.Middlewares) {
	const base = "/api/v1/agencies/{agency}"
	huma.Register(a, huma.Operation{
		OperationID: "read-access-register", Method: http.MethodGet, Path: base + "/access", Summary: "Read the access register, in its own form or another system's",
		Description: "Without a form: as any register. The forms name a dossier by its pseudonym, and Logboek Dataverwerkingen has nothing of staff; it is read for one trace, activity or data subject.",
		Tags:        []string{"access"}, Middlewares: who, Errors: readErrors, Responses: accessLogResponses(),
	}, s.serveAccessLog)
	huma.Register(a, huma.Operation{
		OperationID: "read-access-looks", Method: http.MethodGet, Path: base + "/access/looks", Summary: "Read a page of the access register",
		Description: "One entry for each access event, denied attempts included; `next` is the cursor of the following page.",
		Tags:        []string{"access"}, Middlewares: who, Errors: readErrors,
	}, s.serveAccessLooks)
	huma.Register(a, huma.Operation{
		OperationID: "read-access-patterns", Method: http.MethodGet, Path: base + "/access/patterns", Summary: "Seek unusual patterns in the access register",
		Description: "For whoever may see the whole register. The codes are " + strings.Join(queries.PatternCodes, ", ") + ".",
		Tags:        []string{"access"}, Middlewares: who, Errors: readErrors,
	}, s.servePatterns)
	huma.Register(a, huma.Operation{
		OperationID: "read-dossier-access", Method: http.MethodGet, Path: base + "/dossiers/{dossier}/access", Summary: "Read who looked at a dossier",
		Tags: []string{"access"}, Middlewares: who, Errors: readErrors, Responses: dossierAccessResponses(a),
	}, s.serveDossierAccess)
}

func accessLogResponses() map[string]*huma.Response {
	out := registerResponses()
	line := &huma.Schema{Type: "object", AdditionalProperties: true, Description: "One look at one dossier, in the form's own terms"}
	for _, form := range accesslog.Forms {
		out["200"].Content[accessMedia[form]] = &huma.MediaType{Schema: line}
	}
	return out
}

func dossierAccessResponses(a huma.API) map[string]*huma.Response {
	schemas := a.OpenAPI().Components.Schemas
	return map[string]*huma.Response{"200": {
		Description: "The looks, in the form that was asked for",
		Headers:     map[string]*huma.Param{PositionHeader: {Schema: &huma.Schema{Type: "integer"}, Description: "Where this reading is on record"}},
		Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{OneOf: []*huma.Schema{
			schemas.Schema(reflect.TypeFor[queries.ClientAccess](), true, "ClientAccess"), schemas.Schema(reflect.TypeFor[queries.AccessPage](), true, "AccessPage"),
		}}}},
	}}
}
