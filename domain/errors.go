package domain

import (
	"errors"
	"fmt"
)

// Kind says which sort of answer an error is; one map turns it into an HTTP
// status and one into an exit code.
type Kind int

// The kinds of error.
const (
	KindRefused     Kind = iota // a rule of the regulation or the law forbids it
	KindInvalid                 // the input has the wrong form
	KindConflict                // somebody else changed it meanwhile; load and try again
	KindNotFound                // it does not exist, or may not be known to exist
	KindForbidden               // the caller has no right to it
	KindUnavailable             // the stream or the database cannot be used now; try later
	KindInternal                // a defect of the program
)

// RuleForm is the rule named when input has the wrong form: article 2.1(4)(a)
// lets the keeper of the system set the requirements for programs and
// procedures.
const RuleForm = "C-2.1.4a"

// Error is every error that reaches a person. Code is a stable word, Rule the
// id of the requirement it rests on, Message says what happened and what to do
// next and never contains personal data, not even what was typed.
type Error struct {
	Kind    Kind
	Code    string
	Rule    string
	Field   string // the field of the command, in JSON path form, where there is one
	Message string
	Cause   error // for logs; never shown
}

func (e *Error) Error() string {
	if e.Field != "" {
		return fmt.Sprintf("%s (%s, %s): %s", e.Code, e.Rule, e.Field, e.Message)
	}
	return fmt.Sprintf("%s (%s): %s", e.Code, e.Rule, e.Message)
}

func (e *Error) Unwrap() error { return e.Cause }

// Refused is a refusal on the ground of a rule.
func Refused(code, rule, message string) *Error {
	return &Error{Kind: KindRefused, Code: code, Rule: rule, Message: message}
}

// RefusedField is a refusal that names the field of the command it is about.
func RefusedField(field, code, rule, message string) *Error {
	return &Error{Kind: KindRefused, Code: code, Rule: rule, Field: field, Message: message}
}

// Invalid is an error in the form of the input.
func Invalid(code, field, message string) *Error {
	return &Error{Kind: KindInvalid, Code: code, Rule: RuleForm, Field: field, Message: message}
}

// AsError finds the *Error in err's chain; any other error becomes KindInternal
// with code "internal", so that no foreign text reaches a person.
func AsError(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: KindInternal, Code: "internal", Rule: "C-2.1.4d", Message: "the program failed here; look in its log, and report it if it happens again", Cause: err}
}
