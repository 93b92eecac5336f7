package api

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/queries"
)

type dossierInput struct {
	Agency  string `path:"agency"`
	Dossier string `path:"dossier" doc:"A UUID"`
	AsOf    string `query:"as_of" doc:"What had occurred by the end of this date, or by this time"`
	KnownAt string `query:"known_at" doc:"What had been recorded by then"`
	Purpose string `query:"purpose" doc:"A purpose of the catalogue; recorded with the access" default:"guidance"`
	View    string `query:"view" doc:"A third party's view: its records alone, looked at on behalf of its recipient"`
	After   uint64 `query:"after" doc:"Wait until the views have reached this position"`
	Open    bool   `query:"open" default:"true" doc:"false gives clear facts alone, also to whoever may read the register history and not the dossier"`
}

type dossierOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     *queries.DossierView
}

func (s *service) serveDossier(ctx context.Context, in *dossierInput) (*dossierOutput, error) {
	v, err := s.processDossier(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &dossierOutput{Position: v.Position, Body: v}, nil
}

type timelineOutput struct {
	Position uint64 `header:"Casefile-Position"`
	Body     []queries.TimelineEntry
}

func (s *service) serveTimeline(ctx context.Context, in *dossierInput) (*timelineOutput, error) {
	v, err := s.processDossier(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	out := &timelineOutput{Position: v.Position, Body: v.Timeline}
	if out.Body == nil {
		out.Body = []queries.TimelineEntry{}
	}
	return out, nil
}

func (s *service) processDossier(ctx context.Context, in *dossierInput) (*queries.DossierView, error) {
	purpose, err := ParsePurpose(in.Purpose)
	if err != nil {
		return nil, err
	}
	r, err := reader(ctx, in.Agency, purpose, "view", in.After)
	if err != nil {
		return nil, err
	}
	id, err := domain.ParseID("dossier", in.Dossier)
	if err != nil {
		return nil, err
	}
	o := queries.DossierOptions{Open: in.Open, Clear: !in.Open, View: in.View}
	if o.AsOf, err = ParseInstant("as_of", in.AsOf, true); err != nil {
		return nil, err
	}
	if o.KnownAt, err = ParseInstant("known_at", in.KnownAt, true); err != nil {
		return nil, err
	}
	return s.Queries.Dossier(ctx, r, id, o)
}

// failed logs what is the program's own fault, once, here at the edge.
func (s *service) failed(err error) error {
	p := FromError(err)
	if p.Status >= 500 {
		s.Log.Error("a read failed", "code", p.Code, "err", domain.AsError(err).Cause)
	}
	return p
}

type registerInput struct {
	Agency   string `path:"agency"`
	Register string `path:"register" enum:"access,activities,approvals,complaints,deadlines,disclosures,dossiers,history,hours,incidents,notices,obligations,paper,recipients,reminders,requests,retention,reviews"`
	Dossier  string `query:"dossier" doc:"Rows of this dossier alone"`
	From     string `query:"from" doc:"Rows that occurred at or after this time, or on or after this date"`
	Until    string `query:"until" doc:"Rows that occurred before this time, or on or before this date"`
	AsOf     string `query:"as_of" doc:"What had occurred by the end of this date, or by this time; terms are evaluated on it"`
	KnownAt  string `query:"known_at" doc:"What had been recorded by then"`
	Purpose  string `query:"purpose" default:"guidance" doc:"A purpose of the catalogue; recorded with the access"`
	After    uint64 `query:"after" doc:"Wait until the views have reached this position"`
}

func (s *service) serveRegister(ctx context.Context, in *registerInput) (*huma.StreamResponse, error) {
	r, o, err := registerOptions(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	position := uint64(0)
	if s.Position != nil {
		if position, err = s.Position(ctx); err != nil {
			return nil, s.failed(err)
		}
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		req, w := humago.Unwrap(hc)
		out := newRows(w, wantsLines(req.Header.Get("Accept")), max(position, in.After))
		err := s.Queries.Export(ctx, r, o, out.emit)
		s.finish(w, out, err)
	}}, nil
}

// finish ends an answer of rows: a problem document as long as nothing was
// written, and otherwise a broken connection, which is the one way left to say
// that the rows are not all.
func (s *service) finish(w http.ResponseWriter, out *rows, err error) {
	if err == nil {
		err = out.close()
	}
	switch {
	case err == nil:
	case !out.begun:
		WriteProblem(w, FromError(s.failed(err)))
	default:
		s.failed(err) //nolint:errcheck // logged
		panic(http.ErrAbortHandler)
	}
}

func registerOptions(ctx context.Context, in *registerInput) (r queries.Reader, o queries.ExportOptions, err error) {
	purpose, err := ParsePurpose(in.Purpose)
	if err != nil {
		return r, o, err
	}
	if r, err = reader(ctx, in.Agency, purpose, "export", in.After); err != nil {
		return r, o, err
	}
	o.Register = in.Register
	if in.Dossier != "" {
		if o.Dossier, err = domain.ParseID("dossier", in.Dossier); err != nil {
			return r, o, err
		}
	}
	for _, p := range []struct {
		name, text string
		end        bool
		to         **time.Time
	}{{"from", in.From, false, &o.From}, {"until", in.Until, true, &o.Until}, {"as_of", in.AsOf, true, &o.AsOf}, {"known_at", in.KnownAt, true, &o.KnownAt}} {
		if *p.to, err = ParseInstant(p.name, p.text, p.end); err != nil {
			return r, o, err
		}
	}
	if o.Until != nil && len(in.Until) == len("2006-01-02") {
		next := o.Until.Add(time.Nanosecond) // until is excluded, its day is not
		o.Until = &next
	}
	return r, o, nil
}

func registerResponses() map[string]*huma.Response {
	row := &huma.Schema{Type: "object", AdditionalProperties: true, Description: "A row with the field names of the export; absent values are absent"}
	return map[string]*huma.Response{"200": {
		Description: "The rows",
		Headers:     map[string]*huma.Param{PositionHeader: {Schema: &huma.Schema{Type: "integer"}, Description: "The stream position that the answer shows at least"}},
		Content: map[string]*huma.MediaType{
			"application/json":  {Schema: &huma.Schema{Type: "array", Items: row}},
			"application/jsonl": {Schema: row},
		},
	}}
}

// wantsLines tells whether the caller asked for JSON lines.
func wantsLines(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		if t, _, err := mime.ParseMediaType(strings.TrimSpace(part)); err == nil && (t == "application/jsonl" || t == "application/x-ndjson") {
			return true
		}
	}
	return false
}

// rows writes the rows of a register as they come. Nothing is written before
// the first row or the end, so that an error until then is a problem document.
type rows struct {
	w        http.ResponseWriter
	rc       *http.ResponseController
	buf      *bufio.Writer
	enc      *json.Encoder
	lines    bool
	media    string // "" for what lines says
	begun    bool
	n        int
	position uint64
}

// stallLimit is how long one stretch of rows may take to reach the caller.
const (
	stallLimit = time.Minute
	stretch    = 500
)

func newRows(w http.ResponseWriter, lines bool, position uint64) *rows {
	r := &rows{w: w, rc: http.NewResponseController(w), buf: bufio.NewWriterSize(w, 64<<10), lines: lines, position: position}
	r.enc = json.NewEncoder(r.buf)
	r.enc.SetEscapeHTML(false)
	return r
}

func (r *rows) begin() {
	r.begun = true
	r.w.Header().Set("Content-Type", "application/json")
	if r.lines {
		r.w.Header().Set("Content-Type", cmp.Or(r.media, "application/jsonl"))
	}
	r.w.Header().Set(PositionHeader, strconv.FormatUint(r.position, 10))
	r.w.WriteHeader(http.StatusOK)
	if !r.lines {
		r.buf.WriteString("[\n") //nolint:errcheck // a broken writer says so at Flush
	}
}

func (r *rows) emit(row any) error {
	if !r.begun {
		r.begin()
	} else if !r.lines {
		r.buf.WriteString(",") //nolint:errcheck // a broken writer says so at Flush
	}
	if r.n++; r.n%stretch == 0 {
		// Not every writer has deadlines (a recorder in a test has none).
		_ = r.rc.SetWriteDeadline(time.Now().Add(stallLimit))
	}
	return r.enc.Encode(row)
}

func (r *rows) close() error {
	if !r.begun {
		r.begin()
	}
	if !r.lines {
		r.buf.WriteString("]\n") //nolint:errcheck // a broken writer says so at Flush
	}
	return r.buf.Flush()
}
