package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Problem is an error as people and programs get it: problem details (RFC
// 9457) with the code and the rule of the refusal, and for a command the
// fields of its outcome as well.
type Problem struct {
	Type   string `json:"type" doc:"urn:casefile:problem: and the code"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail" doc:"What happened and what to do next; never personal data"`
	Code   string `json:"code" doc:"A stable word for the refusal"`
	Rule   string `json:"rule,omitempty" doc:"The requirement it rests on, such as C-2.6.1 or L-19"`
	Field  string `json:"field,omitempty" doc:"The field it concerns, as a path"`

	ID       string   `json:"id,omitempty" doc:"Of a command: its id"`
	Outcome  string   `json:"outcome,omitempty" enum:"refused" doc:"Of a command"`
	Position uint64   `json:"position,omitempty" doc:"Of a command whose refusal was recorded: where"`
	Events   []string `json:"events,omitempty" nullable:"false"`
	Message  string   `json:"message,omitempty" doc:"Of a command: as detail"`
	Warnings []string `json:"warnings,omitempty" nullable:"false"`

	header http.Header
}

var (
	_ huma.StatusError       = (*Problem)(nil)
	_ huma.HeadersError      = (*Problem)(nil)
	_ huma.ContentTypeFilter = (*Problem)(nil)
)

const problemType = "application/problem+json"

func (p *Problem) Error() string             { return p.Code + ": " + p.Detail }
func (p *Problem) GetStatus() int            { return p.Status }
func (p *Problem) GetHeaders() http.Header   { return p.header }
func (p *Problem) ContentType(string) string { return problemType }

// StatusOf is the one map from kinds of error to HTTP status.
func StatusOf(k domain.Kind) int {
	switch k {
	case domain.KindRefused:
		return http.StatusUnprocessableEntity
	case domain.KindInvalid:
		return http.StatusBadRequest
	case domain.KindConflict:
		return http.StatusConflict
	case domain.KindNotFound:
		return http.StatusNotFound
	case domain.KindForbidden:
		return http.StatusForbidden
	case domain.KindUnavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

func newProblem(status int, code, rule, field, detail string) *Problem {
	return &Problem{Type: "urn:casefile:problem:" + code, Title: http.StatusText(status), Status: status, Detail: detail,
		Code: code, Rule: rule, Field: field, header: http.Header{}}
}

// FromError makes a problem of any error. What is no *domain.Error becomes
// "internal", so that no foreign text leaves the program.
func FromError(err error) *Problem {
	var p *Problem
	if errors.As(err, &p) {
		return p
	}
	e := domain.AsError(err)
	p = newProblem(StatusOf(e.Kind), e.Code, e.Rule, e.Field, e.Message)
	if wait, ok := auth.Wait(err); ok {
		p.Status, p.Title = http.StatusTooManyRequests, http.StatusText(http.StatusTooManyRequests)
		p.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	} else if e.Kind == domain.KindUnavailable {
		p.header.Set("Retry-After", "2")
	}
	return p
}

// fromOutcome makes a problem of a refused command.
func fromOutcome(o commands.Outcome) *Problem {
	p := newProblem(StatusOf(o.Kind), o.Code, o.Rule, o.Field, o.Message)
	p.ID, p.Outcome, p.Position, p.Events, p.Message, p.Warnings = o.ID, o.Outcome, o.Position, o.Events, o.Message, o.Warnings
	if o.Retry || o.Kind == domain.KindUnavailable {
		p.header.Set("Retry-After", "2")
	}
	if o.Position > 0 {
		p.header.Set(PositionHeader, strconv.FormatUint(o.Position, 10))
	}
	return p
}

func notFound(code, detail string) *Problem {
	return newProblem(http.StatusNotFound, code, "C-2.8", "", detail)
}

// unauthenticated asks to sign in. A browser's own dialogue is not asked for
// (the scheme is named, the realm says what it is).
func unauthenticated() *Problem {
	p := newProblem(http.StatusUnauthorized, "not_signed_in", "C-0c", "", "sign in first: with a token of the page Account as Authorization: Bearer, with the session of /signin, or with HTTP Basic as login@agency")
	p.header["Www-Authenticate"] = []string{`Bearer realm="casefile"`, `Basic realm="casefile", charset="UTF-8"`}
	return p
}

// WriteProblem answers with p.
func WriteProblem(w http.ResponseWriter, p *Problem) {
	for k, v := range p.header {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", problemType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p) //nolint:errcheck // nobody is left to tell
}

// newError replaces the library's form of error. It keeps where something is
// wrong and drops the value that was sent: an error never repeats it.
func newError(status int, msg string, errs ...error) huma.StatusError {
	code, field, detail := "http_"+strconv.Itoa(status), "", msg
	switch status {
	case http.StatusRequestEntityTooLarge:
		code, detail = "too_large", "the body is over the limit of "+strconv.Itoa(MaxBody>>20)+" MiB; send large imports with casefile import"
	case http.StatusRequestTimeout:
		code, detail = "too_slow", "the body did not come in within "+bodyTimeout.String()+"; send it again"
	case http.StatusUnprocessableEntity, http.StatusBadRequest:
		status, code, detail = http.StatusBadRequest, "invalid_parameter", "a parameter is unknown, missing or has the wrong form; /api/openapi.json describes them"
		if msg == "request body is required" {
			code, detail = "empty_body", "the body is empty; send one command as a JSON object"
		}
		for _, err := range errs {
			if d, ok := err.(huma.ErrorDetailer); ok {
				field = knownField(d.ErrorDetail())
				break
			}
		}
		if field == "register" {
			return notFound("unknown_register", "there is no such register; /api/openapi.json lists those that there are")
		}
	case http.StatusInternalServerError:
		e := domain.AsError(errors.New("internal"))
		return newProblem(status, e.Code, e.Rule, "", e.Message)
	}
	return newProblem(status, code, domain.RuleForm, field, detail)
}

// knownField names the parameter unless its name is the sender's own invention.
func knownField(d *huma.ErrorDetail) string {
	if strings.Contains(d.Message, "unknown") || strings.Contains(d.Message, "unexpected") {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(d.Location, "query."), "path.")
}
