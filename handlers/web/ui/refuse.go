package ui

import (
	"context"
	"net/http"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/handlers/commands"
)

// Refusals puts on record that a door kept something back that was sent in
// somebody's name; *commands.Handler does.
type Refusals interface {
	RecordRefused(ctx context.Context, c commands.Caller, action, code, rule string) error
}

// Refuse is Fail for what a page itself keeps from who is signed in, before any
// command or look that would put it on record: that is a fact as well (C-2.1.4b).
// That it could not be recorded changes nothing for him.
func (k *Kit) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	k.RecordRefusal(r, err)
	k.Fail(w, r, err)
}

// RecordRefusal puts a refusal for want of a right on record; any other error is
// none.
func (k *Kit) RecordRefusal(r *http.Request, err error) {
	e := domain.AsError(err)
	if e.Kind != domain.KindForbidden || k.Refusals == nil {
		return
	}
	action := access.ActionChange
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		action = "view"
	}
	if err := k.Refusals.RecordRefused(context.WithoutCancel(r.Context()), Caller(r), action, e.Code, e.Rule); err != nil {
		k.Log.Error("a refusal could not be recorded", "code", domain.AsError(err).Code)
	}
}
