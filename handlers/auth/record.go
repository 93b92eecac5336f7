package auth

import (
	"context"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// Attempt is an attempt to sign in, or to prove a second factor again.
type Attempt struct {
	Agency string // as typed, when Staff is "": it may not exist
	Staff  string // "" when nobody has the name
	// What the event says: outcome allowed, pending or denied, method and code.
	access.SignIn
}

// OnAttempt adds f to what is told of every attempt to sign in, before the
// attempt is answered, except those over the limits on attempts, which would
// let a stranger fill the stream.
func (s *Service) OnAttempt(f func(ctx context.Context, a Attempt)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

// OnSignIn is OnAttempt for those who need to know no more than who and whether
// it was right. A sign-in whose second factor is due is not told.
func (s *Service) OnSignIn(f func(ctx context.Context, agency, staff string, ok bool)) {
	s.OnAttempt(func(ctx context.Context, a Attempt) {
		if a.Outcome != access.Pending {
			f(ctx, a.Agency, a.Staff, a.Outcome == access.Allowed)
		}
	})
}

func (s *Service) tell(ctx context.Context, agency, staff string, e access.SignIn) {
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	for _, f := range hooks {
		f(ctx, Attempt{Agency: agency, Staff: staff, SignIn: e})
	}
}

func allowed(method string) access.SignIn {
	return access.SignIn{Outcome: access.Allowed, Method: method}
}

func denied(method, code string) access.SignIn {
	return access.SignIn{Outcome: access.Denied, Method: method, Code: code}
}

// act puts what an actor does on record; on an error nothing may be changed.
func (s *Service) act(ctx context.Context, agency, actor string, e domain.Event) error {
	if s.record == nil {
		return nil
	}
	return s.record(ctx, agency, actor, e)
}

// noteEnd records the end of something that has ended already. Ending is never
// refused, so a failure is logged.
func (s *Service) noteEnd(ctx context.Context, agency, actor string, e domain.Event) {
	if err := s.act(context.WithoutCancel(ctx), agency, actor, e); err != nil {
		s.log.Error("the end of something could not be recorded", "type", e.EventType(), "code", domain.AsError(err).Code)
	}
}
