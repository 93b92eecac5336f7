package api

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/evidence"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// Evidence makes evidence bundles; *evidence.Maker does. The access is on record
// before anything is read.
type Evidence interface {
	Make(ctx context.Context, r queries.Reader, q evidence.Request) (*evidence.Bundle, error)
}

type evidenceInput struct {
	Agency string `path:"agency"`
	Body   struct {
		Dossier   string `json:"dossier" doc:"A UUID"`
		From      string `json:"from,omitempty" doc:"What was recorded at or after this time, or on or after this date; absent: from the beginning"`
		Until     string `json:"until,omitempty" doc:"What was recorded before this time, or on or before this date; absent: up to now"`
		Purpose   string `json:"purpose,omitempty" enum:"audit,rights_request" default:"audit" doc:"Recorded with the access"`
		Open      bool   `json:"open,omitempty" doc:"With the sealed contents that the caller may see, opened"`
		Recipient string `json:"recipient,omitempty" maxLength:"200" doc:"A public key of age (age1…) to which the whole is encrypted"`
	}
}

func (s *service) serveEvidence(ctx context.Context, in *evidenceInput) (*huma.StreamResponse, error) {
	b, err := s.processEvidence(ctx, in)
	if err != nil {
		return nil, s.failed(err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		if err := SendEvidence(w, b); err != nil {
			s.failed(err) //nolint:errcheck // logged
			panic(http.ErrAbortHandler)
		}
	}}, nil
}

func (s *service) processEvidence(ctx context.Context, in *evidenceInput) (*evidence.Bundle, error) {
	if s.Evidence == nil {
		return nil, NoEvidence()
	}
	purpose, err := ParsePurpose(in.Body.Purpose)
	if err != nil {
		return nil, err
	}
	r, err := reader(ctx, in.Agency, purpose, "export", 0)
	if err != nil {
		return nil, err
	}
	q := evidence.Request{Dossier: in.Body.Dossier, Open: in.Body.Open, Recipient: in.Body.Recipient}
	if q.From, q.Until, err = period(in.Body.From, in.Body.Until); err != nil {
		return nil, err
	}
	return s.Evidence.Make(ctx, r, q)
}

// NoEvidence is the answer of an instance that has no ledger to prove from.
func NoEvidence() error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "ledger_stopped", Rule: "C-2.1.4d", Message: "this instance has no ledger to prove from; ask another, or the operator"}
}

// sendLimit is how long a bundle may take to reach whoever asked for it.
const sendLimit = 15 * time.Minute

// SendEvidence writes a bundle as a file to be kept. An error comes after the
// first byte: the connection is then to be broken off.
func SendEvidence(w http.ResponseWriter, b *evidence.Bundle) error {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendLimit)) // a writer of a test has none
	media := "application/zip"
	if b.Encrypted() {
		media = "application/age-encryption"
	}
	h := w.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Disposition", `attachment; filename="`+b.Name+`"`)
	h.Set("Cache-Control", "no-store")
	h.Set(PositionHeader, strconv.FormatUint(b.Position, 10))
	return b.Write(w)
}

// evidenceOperation describes the route.
func evidenceOperation(who huma.Middlewares) huma.Operation {
	file := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
	return huma.Operation{
		OperationID: "make-evidence", Method: http.MethodPost, Path: "/api/v1/agencies/{agency}/evidence", Summary: "Make an evidence bundle of a dossier",
		Description: "One file with which others can check, offline by `casefile verify`, what was recorded of a dossier and who looked at it. For whoever may export the registers of history and access; opened contents are those that the policies let the caller see. Its making is recorded as an access first.",
		Tags:        []string{"access"}, Middlewares: who, Errors: readErrors,
		Responses: map[string]*huma.Response{"200": {
			Description: "The bundle", Content: map[string]*huma.MediaType{"application/zip": file, "application/age-encryption": file},
			Headers: map[string]*huma.Param{PositionHeader: {Schema: &huma.Schema{Type: "integer"}, Description: "Where its making is on record"}},
		}},
	}
}
