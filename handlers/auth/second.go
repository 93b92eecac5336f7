package auth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// PendingLimit is how long a sign-in may wait for its second factor.
const PendingLimit = 10 * time.Minute

// FreshFactor is how recently a second factor must have been proved to change
// what protects an account that has one.
const FreshFactor = 10 * time.Minute

// Proof is a second factor as it was given.
type Proof struct {
	Kind  string // totp, recovery_code or passkey
	Value string // the code, or the browser's answer in JSON
}

// CodeWrongFactor is the code of a second factor that is not right.
const CodeWrongFactor = "wrong_code"

var errWrongFactor = &domain.Error{Kind: domain.KindForbidden, Code: CodeWrongFactor, Rule: "C-0c",
	Message: "this code is not right, or was used already; wait for the next one, or use another way"}

// ErrStartAgain is the error of a sign-in that waited too long for its second step.
var ErrStartAgain = &domain.Error{Kind: domain.KindForbidden, Code: "start_again", Rule: "C-0c",
	Message: "this sign-in took too long; start again with the sign-in name and the password"}

// passed goes on after a right first step: to the second, or into the session.
func (s *Service) passed(ctx context.Context, id Identity, method string) (_ Identity, second bool, err error) {
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	if err != nil {
		return Identity{}, false, err
	}
	if len(have) == 0 || !id.FactorAt.IsZero() {
		s.tell(ctx, id.Agency, id.Staff, allowed(method))
		id.Enrol = s.required && id.FactorAt.IsZero()
		return id, false, s.Start(ctx, id)
	}
	s.tell(ctx, id.Agency, id.Staff, access.SignIn{Outcome: access.Pending, Method: method})
	if err := s.sessions.RenewToken(ctx); err != nil {
		return Identity{}, false, unavailable(err)
	}
	s.sessions.Put(ctx, keyAgency, id.Agency)
	s.sessions.Put(ctx, keyStaff, id.Staff)
	s.sessions.Put(ctx, keyUntil, s.clock.Now().Add(PendingLimit).UnixMicro())
	return id, true, nil
}

// pending is the sign-in of this session whose second factor is due.
func (s *Service) pending(ctx context.Context) (id Identity, ok bool) {
	id = Identity{Agency: s.sessions.GetString(ctx, keyAgency), Staff: s.sessions.GetString(ctx, keyStaff)}
	return id, id.Staff != "" && s.clock.Now().UnixMicro() < s.sessions.GetInt64(ctx, keyUntil)
}

// Pending are the ways in which the sign-in of this session can be completed:
// totp, passkey and recovery_code; none when no second factor is due.
func (s *Service) Pending(ctx context.Context) ([]string, error) {
	id, ok := s.pending(ctx)
	if !ok {
		return nil, nil
	}
	return s.Ways(ctx, id)
}

// Ways are the ways in which an account can prove a second factor now.
func (s *Service) Ways(ctx context.Context, id Identity) ([]string, error) {
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	if err != nil || len(have) == 0 {
		return nil, err
	}
	left, err := s.recoveryLeft(ctx, id.Agency, id.Staff)
	if err != nil {
		return nil, err
	}
	if left > 0 {
		have = append(have, "recovery_code")
	}
	return have, nil
}

// Confirm completes a sign-in with its second factor; the session has started.
// Errors: wrong_code, too_many_attempts, start_again, state_unavailable.
func (s *Service) Confirm(ctx context.Context, p Proof) (Identity, error) {
	id, ok := s.pending(ctx)
	if !ok {
		return Identity{}, ErrStartAgain
	}
	if active, err := s.accountActive(ctx, id); err != nil {
		return Identity{}, err
	} else if !active {
		s.tell(ctx, id.Agency, id.Staff, denied(p.Kind, "not_active"))
		return Identity{}, ErrStartAgain
	}
	if anew, err := s.openedAfter(ctx, id, s.sessions.GetInt64(ctx, keyUntil)-PendingLimit.Microseconds()); err != nil {
		return Identity{}, err
	} else if anew { // the first step was taken with what counts no more
		s.tell(ctx, id.Agency, id.Staff, denied(p.Kind, ErrStartAgain.Code))
		return Identity{}, ErrStartAgain
	}
	if err := s.prove(ctx, id, p); err != nil {
		return Identity{}, err
	}
	id.FactorAt = s.clock.Now().UTC()
	return id, s.Start(ctx, id)
}

// Reprove proves a second factor again in a session: what may be done only by
// whoever proved it a moment ago counts from now (Identity.FactorAt).
func (s *Service) Reprove(ctx context.Context, p Proof) error {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, id, p); err != nil {
		return err
	}
	return s.proved(ctx, id)
}

// proved notes that a second factor was proved in a session now.
func (s *Service) proved(ctx context.Context, id Identity) error {
	_, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE signed_in SET factor = ? WHERE id = ?`), s.clock.Now().UnixMicro(), id.Session)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// accountActive tells whether an account is open and its owner has not left.
func (s *Service) accountActive(ctx context.Context, id Identity) (bool, error) {
	var open int
	err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT COUNT(*) FROM accounts WHERE agency = ? AND staff = ? AND closed = 0`), id.Agency, id.Staff).Scan(&open)
	if err != nil {
		return false, unavailable(err)
	}
	if open == 0 {
		return false, nil
	}
	return s.active(ctx, id.Agency, id.Staff)
}

// openedAfter tells whether an account was opened anew, with another password,
// after a time in microseconds since 1970.
func (s *Service) openedAfter(ctx context.Context, id Identity, t int64) (bool, error) {
	var anew int
	err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT COUNT(*) FROM accounts WHERE agency = ? AND staff = ? AND since > ?`), id.Agency, id.Staff, t).Scan(&anew)
	if err != nil {
		return false, unavailable(err)
	}
	return anew > 0, nil
}

// prove checks a second factor within the limits on attempts, and tells of it.
func (s *Service) prove(ctx context.Context, id Identity, p Proof) error {
	who := id.Agency + "|" + id.Staff
	cs := []counter{s.of(byFactor, who), s.of(byFactorDay, who)}
	if err := s.take(ctx, cs...); err != nil {
		return err
	}
	var err error
	switch p.Kind {
	case "totp":
		err = s.proveTOTP(ctx, id, p.Value)
	case "recovery_code":
		err = s.useRecovery(ctx, id, p.Value)
	case "passkey":
		err = s.provePasskey(ctx, id, p.Value)
	default:
		err = errWrongFactor
	}
	var e *domain.Error
	switch {
	case err == nil:
		s.back(ctx, cs...)
		s.tell(ctx, id.Agency, id.Staff, allowed(p.Kind))
	case errors.As(err, &e) && e.Kind == domain.KindForbidden:
		kind := p.Kind
		if !slices.Contains(access.Methods, kind) {
			kind = "totp" // what was posted is a stranger's word
		}
		s.tell(ctx, id.Agency, id.Staff, denied(kind, e.Code))
	default:
		s.back(ctx, cs...)
	}
	return err
}

// fresh refuses to change what protects an account that has a second factor,
// unless one was proved a moment ago.
func (s *Service) fresh(ctx context.Context, id Identity) error {
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	if err != nil || len(have) == 0 {
		return err
	}
	if id.FactorAt.IsZero() || s.clock.Now().Sub(id.FactorAt) >= FreshFactor {
		return errProveAgain
	}
	return nil
}

// CodeProveAgain is the code of what needs a second factor proved a moment ago.
const CodeProveAgain = "prove_again"

var errProveAgain = &domain.Error{Kind: domain.KindForbidden, Code: CodeProveAgain, Rule: "C-0c",
	Message: "this changes what protects the account; prove the second step once more and do it again"}

// digits leaves of a code what people type between its parts.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' {
			return -1
		}
		return r
	}, code)
}
