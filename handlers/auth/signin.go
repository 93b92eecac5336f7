package auth

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"net"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// CodeTooMany is the code of the refusal after too many attempts; the doors
// answer it with 429 and Retry-After.
const CodeTooMany = "too_many_attempts"

// verifiedFor is how long a verified password is remembered, so that a program
// that signs each request with it does not cost a hash each time.
const verifiedFor = time.Minute

type verified struct {
	hash  string // the stored hash that it was verified against
	staff string
	until time.Time
}

var errCredentials = &domain.Error{Kind: domain.KindForbidden, Code: "wrong_credentials", Rule: "C-0c",
	Message: "the sign-in name or the password is not right; try again, or ask whoever manages the accounts"}

// Verify gives the member of staff whose sign-in name and password these are.
// An unknown name, a closed account and a wrong password give the same error
// (wrong_credentials) after the same work, so that nobody learns which names
// exist.
func (s *Service) Verify(ctx context.Context, agency, login, password string) (staff string, err error) {
	key, err := s.knownKey(ctx, agency, normalLogin(login))
	if err != nil {
		return "", err
	}
	staff, ok, err := s.check(ctx, agency, key, password)
	switch {
	case err != nil:
		return "", err
	case !ok:
		return "", errCredentials
	}
	return staff, nil
}

// check does the work of Verify; staff is also given for a known name whose
// password is wrong, for the record of the attempt.
func (s *Service) check(ctx context.Context, agency, key, password string) (staff string, ok bool, err error) {
	hash, disabled := s.dummy, 0
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT staff, password, disabled FROM users WHERE agency = ? AND login = ?`), agency, key).
		Scan(&staff, &hash, &disabled)
	known := err == nil
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", false, unavailable(err)
	}
	if len(password) > MaxPassword {
		password = "" // as wrong as any other, at the same cost
	}
	now := s.clock.Now()
	memo := s.seal(key, password)
	if known && disabled == 0 && s.remembered(memo, hash, now) {
		return staff, true, nil
	}
	select {
	case s.cost <- struct{}{}:
	case <-ctx.Done():
		return "", false, unavailable(ctx.Err())
	}
	match, params, err := checkPassword(hash, password)
	<-s.cost
	if err != nil {
		s.log.Error("a stored password hash cannot be read", "agency", agency)
		return staff, false, nil
	}
	if !known || disabled != 0 || !match {
		return staff, false, nil
	}
	if params != s.params {
		hash = s.renew(ctx, agency, key, hash, password)
	}
	s.remember(memo, verified{hash: hash, staff: staff, until: now.Add(verifiedFor)})
	return staff, true, nil
}

// renew replaces a hash of older parameters. Failing is no reason to keep
// somebody out: the next sign-in tries again.
func (s *Service) renew(ctx context.Context, agency, key, old, password string) string {
	fresh := s.hash(password)
	_, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE users SET password = ? WHERE agency = ? AND login = ? AND password = ?`), fresh, agency, key, old)
	if err != nil {
		s.log.Warn("a password hash could not be renewed", "agency", agency, "err", err)
		return old
	}
	return fresh
}

func (s *Service) remembered(memo, hash string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.known[memo]
	return ok && v.hash == hash && now.Before(v.until)
}

func (s *Service) remember(memo string, v verified) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) > 10_000 {
		clear(s.known)
	}
	s.known[memo] = v
}

// Authenticate takes the sign-in name (login@agency, or login alone where the
// store has one agency) and password that a program sends with each request, and
// the caller's address; it keeps to the limits on attempts, tells the hooks, and
// says who it is. A password alone is not enough for an account that has a second
// factor, or needs one: its programs use tokens (use_a_token). Errors:
// wrong_credentials, too_many_attempts (with the wait, see Wait), use_a_token,
// state_unavailable.
func (s *Service) Authenticate(ctx context.Context, name, password, address string) (Identity, error) {
	id, _, err := s.password(ctx, name, password, address)
	if err != nil {
		return Identity{}, err
	}
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	switch {
	case err != nil:
		return Identity{}, err
	case s.required || len(have) > 0:
		s.tell(ctx, id.Agency, id.Staff, denied("password", errUseToken.Code))
		return Identity{}, errUseToken
	}
	s.tell(ctx, id.Agency, id.Staff, allowed("password"))
	return id, nil
}

var errUseToken = &domain.Error{Kind: domain.KindForbidden, Code: "use_a_token", Rule: "C-0c",
	Message: "a password alone is not enough for this account; make a token on the page Account and send it as: Authorization: Bearer"}

// Begin takes a sign-in name and password as people type it, as Authenticate
// does. When the account has a second factor the sign-in is not done: Confirm
// goes on with it, within PendingLimit, and second says so. Otherwise the session
// has started.
func (s *Service) Begin(ctx context.Context, name, password, address string) (id Identity, second bool, err error) {
	id, key, err := s.password(ctx, name, password, address)
	if err != nil {
		return Identity{}, false, err
	}
	if err := s.know(ctx, id.Agency, key); err != nil {
		return Identity{}, false, err
	}
	return s.passed(ctx, id, "password")
}

// password does the first step, and tells of it when it fails; key is the keyed
// digest of the name.
func (s *Service) password(ctx context.Context, name, password, address string) (id Identity, key string, err error) {
	agency, login, err := s.split(ctx, name)
	if err != nil {
		return Identity{}, "", err
	}
	if key, err = s.knownKey(ctx, agency, login); err != nil {
		return Identity{}, "", err
	}
	byName, err := s.byDevice(ctx, agency, key)
	if err != nil {
		return Identity{}, "", err
	}
	callers := s.callers(address)
	cs := append(callers, byName)
	if wait, err := s.blocked(ctx, cs...); err != nil {
		return Identity{}, "", err
	} else if wait > 0 {
		// Whoever goes on at a name that is blocked uses up his address.
		return Identity{}, "", cmp.Or(s.take(ctx, callers...), tooMany(wait))
	}
	staff, ok, err := s.fromMemory(ctx, agency, key, password)
	if err == nil && !ok {
		// One that was verified a moment ago costs no count either.
		if err = s.take(ctx, cs...); err != nil {
			return Identity{}, "", err
		}
		if staff, ok, err = s.check(ctx, agency, key, password); ok || err != nil {
			s.back(ctx, cs...)
		}
	}
	if err != nil {
		return Identity{}, "", err
	}
	code := "wrong_password"
	if ok {
		code = "not_active"
		if ok, err = s.active(ctx, agency, staff); err != nil {
			return Identity{}, "", err
		}
	}
	if !ok {
		s.tell(ctx, agency, staff, denied("password", code))
		return Identity{}, "", errCredentials
	}
	return Identity{Agency: agency, Staff: staff}, key, nil
}

// fromMemory is check for a password that was verified a moment ago.
func (s *Service) fromMemory(ctx context.Context, agency, key, password string) (staff string, ok bool, err error) {
	if len(password) > MaxPassword {
		return "", false, nil
	}
	var hash string
	var disabled int
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT staff, password, disabled FROM users WHERE agency = ? AND login = ?`), agency, key).
		Scan(&staff, &hash, &disabled)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	if err != nil {
		return "", false, unavailable(err)
	}
	return staff, disabled == 0 && s.remembered(s.seal(key, password), hash, s.clock.Now()), nil
}

// split takes a sign-in name apart. What follows the last @ is an agency when
// it has an agency's form; an e-mail address never has (it has a dot).
func (s *Service) split(ctx context.Context, name string) (agency, login string, err error) {
	name = normalLogin(name)
	if i := strings.LastIndexByte(name, '@'); i > 0 && domain.ValidAgency(name[i+1:]) {
		return name[i+1:], name[:i], nil
	}
	all, err := s.Agencies(ctx)
	if err != nil {
		return "", "", err
	}
	if len(all) == 1 {
		return all[0], name, nil
	}
	return "", name, nil // no agency has this name: wrong, at the usual cost
}

// WaitError is in the chain of a too_many_attempts error.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string { return "wait " + e.Wait.Round(time.Second).String() }

func tooMany(wait time.Duration) error {
	return &domain.Error{Kind: domain.KindForbidden, Code: CodeTooMany, Rule: "C-0c", Cause: &WaitError{wait},
		Message: "there have been too many attempts to sign in; wait a quarter of an hour and try again"}
}

// Wait is how long to wait after err; ok is false for any other error.
func Wait(err error) (wait time.Duration, ok bool) {
	var w *WaitError
	if errors.As(err, &w) {
		return w.Wait, true
	}
	return 0, false
}

// hostOf leaves the port out, and groups an IPv6 address by its /64, which is
// what one connection commonly has.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
