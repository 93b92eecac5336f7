package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/operator"
)

// The exit codes of catalogue §3.
const (
	exitDone      = 0
	exitFailed    = 1 // failed, or some lines refused
	exitUsage     = 2
	exitConflict  = 3
	exitNotFound  = 4
	exitForbidden = 5
	exitVerify    = 6
)

// exitOf is THE map from the kind of an error to an exit code.
var exitOf = map[domain.Kind]int{
	domain.KindRefused:     exitFailed,
	domain.KindInvalid:     exitUsage,
	domain.KindConflict:    exitConflict,
	domain.KindNotFound:    exitNotFound,
	domain.KindForbidden:   exitForbidden,
	domain.KindUnavailable: exitFailed,
	domain.KindInternal:    exitFailed,
}

// result ends a command with a code after it has said itself what there was to say.
type result struct{ code int }

func (r *result) Error() string { return fmt.Sprintf("exit code %d", r.code) }

// wrongUsage is an error of the command line itself.
type wrongUsage struct{ e *domain.Error }

func (w *wrongUsage) Unwrap() error { return w.e }

func (w *wrongUsage) Error() string { return w.e.Error() }

// fail tells a person, or with --json a program, what went wrong, and gives the
// exit code.
func fail(w *operator.IO, asJSON bool, err error) int {
	if err == nil {
		return exitDone
	}
	var r *result
	if errors.As(err, &r) {
		return r.code
	}
	e := domain.AsError(err)
	if asJSON {
		b, _ := json.Marshal(map[string]any{"error": struct { // texts alone cannot fail
			Code    string `json:"code"`
			Rule    string `json:"rule"`
			Field   string `json:"field,omitempty"`
			Message string `json:"message"`
		}{e.Code, e.Rule, e.Field, e.Message}})
		fmt.Fprintln(w.Stderr, string(b))
		return exitOf[e.Kind]
	}
	fmt.Fprintf(w.Stderr, "casefile: %s\n          (%s, rule %s", e.Message, e.Code, e.Rule)
	if e.Field != "" {
		fmt.Fprintf(w.Stderr, ", at %s", e.Field)
	}
	fmt.Fprintln(w.Stderr, ")")
	if e.Kind == domain.KindInternal && e.Cause != nil {
		fmt.Fprintf(w.Stderr, "          cause: %v\n", e.Cause)
	}
	return exitOf[e.Kind]
}

// invalid is wrong usage of a flag or an argument.
func invalid(code, field, message string) error {
	return &wrongUsage{domain.Invalid(code, field, message)}
}

// fileError gives the error of a file that the operator named its code. The
// name is the operator's own.
func fileError(name string, err error) error {
	e := &domain.Error{Kind: domain.KindUnavailable, Code: "file_unusable", Rule: domain.RuleForm, Cause: err,
		Message: fmt.Sprintf("%s cannot be used; check the path and your rights on it", name)}
	if isNotExist(err) {
		e.Kind, e.Code, e.Message = domain.KindNotFound, "no_file", fmt.Sprintf("there is no file %s; check the path", name)
	}
	return e
}
