package api

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/casefile-engine/casefile/handlers/auth"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/queries"
)

type identityKey struct{}

// authenticate lets nobody through who is not signed in (C-0c): by session, or
// by HTTP Basic for programs.
func (s *service) authenticate(ctx huma.Context, next func(huma.Context)) {
	r, w := humago.Unwrap(ctx)
	w.Header().Set("Cache-Control", "no-store")
	id, ok, err := s.SignIn.Current(r.Context())
	if err == nil && !ok {
		if name, password, given := r.BasicAuth(); given {
			id, err = s.SignIn.Authenticate(r.Context(), name, password, r.RemoteAddr)
			ok = err == nil
		}
	}
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

func identity(ctx context.Context) auth.Identity {
	id, _ := ctx.Value(identityKey{}).(auth.Identity)
	return id
}

func caller(ctx context.Context, traceparent string) commands.Caller {
	id := identity(ctx)
	return commands.Caller{Door: commands.DoorAPI, Agency: id.Agency, Staff: id.Staff, TraceParent: traceparent}
}

// reader is the caller looking at one agency. Any agency but his own answers
// as one that does not exist (C-2.8).
func reader(ctx context.Context, agency, purpose, action string, after uint64) (queries.Reader, error) {
	id := identity(ctx)
	if agency != id.Agency {
		return queries.Reader{}, notFound("unknown_agency", "there is no such agency here; check its code")
	}
	return queries.Reader{Caller: caller(ctx, ""), Agency: agency, Purpose: purpose, Action: action, After: after}, nil
}
