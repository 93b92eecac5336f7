package api

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// MaxBody is the most bytes of a request body: a stored commit is at most
// 8 MiB, and a document comes in as base64.
const MaxBody = 12 << 20

const bodyTimeout = 30 * time.Second

type commandInput struct {
	TraceParent string `header:"traceparent" doc:"W3C trace context; kept with the commit"`
	RawBody     []byte
}

type commandOutput struct {
	Status   int
	Position uint64 `header:"Casefile-Position"`
	Body     commands.Outcome
}

func (s *service) serveCommand(ctx context.Context, in *commandInput) (*commandOutput, error) {
	req, err := decodeCommand(in.RawBody)
	if err != nil {
		return nil, FromError(err)
	}
	out := s.processCommand(ctx, req, in.TraceParent)
	if out.Outcome == commands.Refused {
		return nil, fromOutcome(out)
	}
	return &commandOutput{Status: http.StatusOK, Position: out.Position, Body: out}, nil
}

// processCommand fills in what the door knows and gives the command to the
// engine, which judges the rest: that the actor is whoever is signed in (C-2.7e) and
// the agency his own (C-2.8). It puts an attempt on record.
func (s *service) processCommand(ctx context.Context, req commands.Request, traceparent string) commands.Outcome {
	id := identity(ctx)
	if req.Agency == "" {
		req.Agency = id.Agency
	}
	if req.ID == "" {
		v7, err := uuid.NewV7()
		if err != nil {
			e := domain.AsError(err)
			return commands.Outcome{Outcome: commands.Refused, Code: e.Code, Rule: e.Rule, Message: e.Message, Kind: e.Kind}
		}
		req.ID = v7.String()
	}
	refuse := func(kind domain.Kind, code, rule, field, message string) commands.Outcome {
		return commands.Outcome{Outcome: commands.Refused, Code: code, Rule: rule, Field: field, Message: message, Kind: kind}
	}
	if _, err := domain.ParseID("id", req.ID); err != nil {
		e := domain.AsError(err)
		return refuse(e.Kind, e.Code, e.Rule, e.Field, e.Message) // without the id: it could be a name
	}
	return s.Commands.Execute(ctx, caller(ctx, traceparent), req)
}

// decodeCommand reads the envelope strictly: valid UTF-8, one JSON object,
// each name once and known. Errors say where, not what was sent.
func decodeCommand(body []byte) (commands.Request, error) {
	var req commands.Request
	if !utf8.Valid(body) {
		return req, domain.Invalid("invalid_utf8", "", "the body is not valid UTF-8; encode it as UTF-8 and send it again")
	}
	err := json.Unmarshal(body, &req, json.RejectUnknownMembers(true), jsontext.AllowDuplicateNames(false))
	var sem *json.SemanticError
	var syn *jsontext.SyntacticError
	switch {
	case err == nil:
		return req, nil
	case errors.Is(err, json.ErrUnknownName):
		return req, domain.Invalid("unknown_field", "", "the envelope has a field that is not known; it has id, agency, actor, at, command, dossier and data")
	case errors.Is(err, jsontext.ErrDuplicateName):
		return req, domain.Invalid("duplicate_field", "", "the body has a field twice; send each once")
	case errors.As(err, &sem):
		return req, domain.Invalid("invalid_field", strings.TrimPrefix(string(sem.JSONPointer), "/"), "a field has the wrong type: all are text but data, which is an object")
	case errors.As(err, &syn):
		return req, domain.Invalid("invalid_json", "", fmt.Sprintf("the body is no JSON object, or is cut short: see byte %d", syn.ByteOffset))
	}
	return req, domain.Invalid("invalid_json", "", "the body is no JSON object; send one command")
}

// requestBody documents the envelope; the body is decoded by hand because its
// errors must have codes and must not repeat what was sent.
func requestBody() *huma.RequestBody {
	text := func(doc string) *huma.Schema { return &huma.Schema{Type: "string", Description: doc} }
	s := &huma.Schema{
		Type: "object", AdditionalProperties: false, Required: []string{"command"},
		Properties: map[string]*huma.Schema{
			"id":      {Type: "string", Format: "uuid", Description: "Chosen by the sender, unique within the aggregate for ever; absent: chosen here"},
			"agency":  text("Absent: that of the sign-in"),
			"actor":   {Type: "string", Format: "uuid", Description: "The signed-in member of staff, or absent"},
			"at":      {Type: "string", Format: "date-time", Description: "When it happened; absent: now"},
			"command": text("A name of the catalogue, such as AddRecord"),
			"dossier": {Type: "string", Format: "uuid"},
			"data":    {Type: "object", Description: "The command's data", AdditionalProperties: true},
		},
		Examples: []any{map[string]any{
			"id": "0199f3a0-5b1c-7d2e-8f00-000000000001", "agency": "click", "command": "LogHours", "dossier": "0199f3a0-5b1c-7d2e-8f00-000000000002",
			"data": stdjson.RawMessage(`{"entry":"0199f3a0-5b1c-7d2e-8f00-000000000003","trajectory":"T-2017-001","date":"2017-02-01","minutes":45,"activity":"conversation"}`),
		}},
	}
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: s}}}
}
