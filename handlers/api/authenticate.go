package api

import (
	"context"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

type identityKey struct{}

// authenticate lets nobody through who is not signed in (C-0c): by token, by
// session, or by HTTP Basic for accounts without a second factor. A token goes
// before a session: whoever sends one means it.
func (s *service) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	w.Header().Set("Cache-Control", "no-store")
	id, ok, err := s.who(r)
	if err != nil {
		p := FromError(err)
		if p.Code == "wrong_credentials" {
			p = unauthenticated()
		}
		WriteProblem(w, p)
		return
	}
	if !ok {
		WriteProblem(w, unauthenticated())
		return
	}
	next(huma.WithValue(ctx, identityKey{}, id))
}

func (s *service) who(r *http.Request) (id auth.Identity, ok bool, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		id, err = s.SignIn.Bearer(r.Context(), strings.TrimSpace(token))
		return id, err == nil, err
	}
	if id, ok, err = s.SignIn.Current(r.Context()); err != nil || ok {
		if ok && id.Enrol {
			return id, false, errEnrol
		}
		return id, ok, err
	}
	if name, password, given := r.BasicAuth(); given {
		id, err = s.SignIn.Authenticate(r.Context(), name, password, r.RemoteAddr)
		return id, err == nil, err
	}
	return id, false, nil
}

var errEnrol = &domain.Error{Kind: domain.KindForbidden, Code: "second_factor_needed", Rule: "C-0c",
	Message: "this account needs a second factor first; add one on the page Account"}

func identity(ctx context.Context) auth.Identity {
	id, _ := ctx.Value(identityKey{}).(auth.Identity)
	return id
}

func caller(ctx context.Context, traceparent string) commands.Caller {
	id := identity(ctx)
	return commands.Caller{Door: commands.DoorAPI, Agency: id.Agency, Staff: id.Staff, TraceParent: traceparent,
		Token: id.Token, Scopes: id.Scopes, FactorAt: id.FactorAt}
}

// reader is the caller looking at one agency. Any agency but his own answers
// as one that does not exist (C-2.8): the policies say so, and the attempt is on
// record with his own agency.
func reader(ctx context.Context, agency, purpose, action string, after uint64) (queries.Reader, error) {
	if !domain.ValidAgency(agency) {
		return queries.Reader{}, notFound("unknown_agency", "there is no such agency here; check its code")
	}
	return queries.Reader{Caller: caller(ctx, ""), Agency: agency, Purpose: purpose, Action: action, After: after}, nil
}
