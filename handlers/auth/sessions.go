package auth

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// touchEvery is how stale the last use of a session may be before it is
// written again, so that reading a page does not cost a synced write.
const touchEvery = time.Minute

// The keys of a session. It holds ids and times only; what counts about a
// session that is signed in stands in signed_in, so that a request which was
// under way when it ended brings nothing back.
const (
	keySession  = "session"   // id in signed_in
	keyAgency   = "agency"    // of a sign-in whose second factor is due
	keyStaff    = "staff"     // of the same
	keyUntil    = "until"     // of the same: when it has to be done anew, microseconds since 1970
	keyCeremony = "ceremony-" // and its kind: of a passkey or of an identity provider
)

func (s *Service) newSessions(secure bool) *scs.SessionManager {
	m := scs.New()
	m.Store = &sessionStore{s}
	m.Lifetime = s.absolute
	m.Cookie.Name = "casefile"
	m.Cookie.HttpOnly = true
	m.Cookie.SameSite = http.SameSiteLaxMode
	m.Cookie.Path = "/"
	m.Cookie.Persist = false // gone with the browser
	if secure {
		m.Cookie.Name = "__Host-casefile"
		m.Cookie.Secure = true
	}
	m.ErrorFunc = func(w http.ResponseWriter, r *http.Request, err error) {
		s.log.Error("sessions cannot be read or written", "err", err)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "sessions are not available now; try again in a moment", http.StatusServiceUnavailable)
	}
	return m
}

// Middleware loads the session of each request and saves what changed. It must
// stand around every handler that calls Start, End or Current.
func (s *Service) Middleware(next http.Handler) http.Handler {
	h := s.sessions.LoadAndSave(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(w, s.withDevice(w, r)) })
}

// Start begins a session under a new token (an old one is never taken over).
// That it begins is on record first.
func (s *Service) Start(ctx context.Context, id Identity) error {
	session := uuid.NewString()
	if err := s.act(ctx, id.Agency, id.Staff, &access.SessionStarted{Session: session, Factor: !id.FactorAt.IsZero()}); err != nil {
		return err
	}
	if err := s.sessions.RenewToken(ctx); err != nil {
		return unavailable(err)
	}
	if old := s.sessions.GetString(ctx, keySession); old != "" {
		if _, err := s.drop(ctx, old); err != nil {
			return err
		}
	}
	now, factor := s.clock.Now(), int64(0)
	if !id.FactorAt.IsZero() {
		factor = id.FactorAt.UnixMicro()
	}
	_, err := s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO signed_in (id, agency, staff, started, seen, factor, expires) VALUES (?, ?, ?, ?, ?, ?, ?)`),
		session, id.Agency, id.Staff, now.UnixMicro(), now.UnixMicro(), factor, now.Add(s.absolute).UnixMicro())
	if err != nil {
		return unavailable(err)
	}
	for _, k := range []string{keyAgency, keyStaff, keyUntil} {
		s.sessions.Remove(ctx, k)
	}
	s.sessions.Put(ctx, keySession, session)
	return nil
}

// drop removes a session that is signed in; there tells whether it was.
func (s *Service) drop(ctx context.Context, session string) (there bool, err error) {
	res, err := s.store.db.ExecContext(ctx, s.store.q(`DELETE FROM signed_in WHERE id = ?`), session)
	if err != nil {
		return false, unavailable(err)
	}
	n, err := res.RowsAffected()
	if err != nil {
		return false, unavailable(err)
	}
	return n > 0, nil
}

// End ends the session: here, so that its cookie opens nothing any more,
// whoever has a copy of it.
func (s *Service) End(ctx context.Context) error { return s.end(ctx, "signed_out") }

func (s *Service) end(ctx context.Context, reason string) error {
	if session := s.sessions.GetString(ctx, keySession); session != "" {
		var agency, staff string
		err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT agency, staff FROM signed_in WHERE id = ?`), session).Scan(&agency, &staff)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return unavailable(err)
		}
		// Of two requests that find it ended, one records it.
		if there, err := s.drop(ctx, session); err != nil {
			return err
		} else if there {
			s.noteEnd(ctx, agency, staff, &access.SessionEnded{Session: session, Reason: reason})
		}
	}
	if err := s.sessions.Destroy(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// Current says who is signed in. A session that was not used for the idle
// limit, is older than the absolute limit, or whose account was closed or got
// another password since, is ended; so is that of somebody who has left.
func (s *Service) Current(ctx context.Context) (id Identity, ok bool, err error) {
	session := s.sessions.GetString(ctx, keySession)
	if session == "" {
		return Identity{}, false, nil
	}
	r, err := s.readSession(ctx, session)
	if errors.Is(err, sql.ErrNoRows) {
		return Identity{}, false, s.end(ctx, "ended_elsewhere")
	}
	if err != nil {
		return Identity{}, false, unavailable(err)
	}
	now := s.clock.Now()
	switch {
	case now.Sub(r.started) >= s.absolute:
		return Identity{}, false, s.end(ctx, "absolute")
	case now.Sub(r.seen) >= s.idle:
		return Identity{}, false, s.end(ctx, "idle")
	case r.closed:
		return Identity{}, false, s.end(ctx, "account")
	}
	if active, err := s.active(ctx, r.id.Agency, r.id.Staff); err != nil {
		return Identity{}, false, err
	} else if !active {
		return Identity{}, false, s.end(ctx, "account")
	}
	if _, alone := ctx.Value(unattendedKey{}).(bool); !alone && now.Sub(r.seen) >= touchEvery {
		if _, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE signed_in SET seen = ? WHERE id = ?`), now.UnixMicro(), session); err != nil {
			return Identity{}, false, unavailable(err)
		}
	}
	return r.id, true, nil
}

type unattendedKey struct{}

// Unattended marks what a page asks by itself, with nobody at it: such a request
// is no use of the session, which runs out as if it had not been made.
func Unattended(ctx context.Context) context.Context {
	return context.WithValue(ctx, unattendedKey{}, true)
}

type sessionRow struct {
	id            Identity
	started, seen time.Time
	closed        bool // the account is, or was opened anew since
}

func (s *Service) readSession(ctx context.Context, session string) (r sessionRow, err error) {
	var started, seen, factor int64
	var open, factors int
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT i.agency, i.staff, i.started, i.seen, i.factor,
			(SELECT COUNT(*) FROM accounts a WHERE a.agency = i.agency AND a.staff = i.staff AND a.closed = 0 AND a.since <= i.started),
			(SELECT COUNT(*) FROM factors f WHERE f.agency = i.agency AND f.staff = i.staff AND f.confirmed = 1)
		FROM signed_in i WHERE i.id = ?`), session).Scan(&r.id.Agency, &r.id.Staff, &started, &seen, &factor, &open, &factors)
	if err != nil {
		return r, err
	}
	r.started, r.seen, r.closed = time.UnixMicro(started).UTC(), time.UnixMicro(seen).UTC(), open == 0
	r.id.Session = session
	if factor > 0 {
		r.id.FactorAt = time.UnixMicro(factor).UTC()
	}
	r.id.Enrol = s.required && factors == 0 && factor == 0
	return r, nil
}

func (s *Service) mustBeSignedIn(ctx context.Context) (Identity, error) {
	id, ok, err := s.Current(ctx)
	if err == nil && !ok {
		err = ErrSignedOut
	}
	return id, err
}

// ErrSignedOut is the error of what only who is signed in may do.
var ErrSignedOut = &domain.Error{Kind: domain.KindForbidden, Code: "not_signed_in", Rule: "C-0c", Message: "you are not signed in any more; sign in and do it again"}

// Session is one session of an account.
type Session struct {
	ID            string
	Started, Seen time.Time
	Factor        bool // a second factor was proved in it
	Current       bool // it is the one that asks
}

// Sessions are the open sessions of who is signed in, the newest first.
func (s *Service) Sessions(ctx context.Context) ([]Session, error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	now := s.clock.Now()
	return list(ctx, s, `SELECT i.id, i.started, i.seen, i.factor FROM signed_in i JOIN accounts a ON a.agency = i.agency AND a.staff = i.staff
		WHERE i.agency = ? AND i.staff = ? AND i.expires > ? AND i.seen > ? AND a.since <= i.started ORDER BY i.started DESC, i.id`,
		func(scan func(...any) error) (x Session, err error) {
			var started, seen, factor int64
			err = scan(&x.ID, &started, &seen, &factor)
			x.Started, x.Seen, x.Factor, x.Current = time.UnixMicro(started).UTC(), time.UnixMicro(seen).UTC(), factor > 0, x.ID == id.Session
			return x, err
		}, id.Agency, id.Staff, now.UnixMicro(), now.Add(-s.idle).UnixMicro())
}

// EndSession ends one session of who is signed in; session "" ends all but this
// one. What is not his, or is not there, is left alone.
func (s *Service) EndSession(ctx context.Context, session string) error {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return err
	}
	if session == id.Session {
		return s.End(ctx)
	}
	return s.endOthers(ctx, id, session)
}

func (s *Service) endOthers(ctx context.Context, id Identity, session string) error {
	ended, err := list(ctx, s, `DELETE FROM signed_in WHERE agency = ? AND staff = ? AND id <> ? AND (id = ? OR ? = '') RETURNING id`,
		func(scan func(...any) error) (x string, err error) { return x, scan(&x) }, id.Agency, id.Staff, id.Session, session, session)
	if err != nil {
		return err
	}
	for _, x := range ended {
		s.noteEnd(ctx, id.Agency, id.Staff, &access.SessionEnded{Session: x, Reason: "ended_elsewhere"})
	}
	return nil
}

// CollectGarbage removes what has run out. Call it now and then.
func (s *Service) CollectGarbage(ctx context.Context) error {
	now := s.clock.Now()
	for text, before := range map[string]time.Time{
		`DELETE FROM sessions WHERE expires <= ?`:                  now,
		`DELETE FROM signed_in WHERE expires <= ?`:                 now,
		`DELETE FROM signed_in WHERE seen <= ?`:                    now.Add(-s.idle),
		`DELETE FROM attempts WHERE until <= ?`:                    now,
		`DELETE FROM ceremonies WHERE expires <= ?`:                now,
		`DELETE FROM links WHERE expires <= ?`:                     now.Add(-30 * 24 * time.Hour),
		`DELETE FROM factors WHERE confirmed = 0 AND created <= ?`: now.Add(-enrolLimit),
		`DELETE FROM tokens WHERE revoked = 0 AND expires <= ?`:    now.Add(-400 * 24 * time.Hour),
		`DELETE FROM tokens WHERE revoked <> 0 AND revoked <= ?`:   now.Add(-400 * 24 * time.Hour),
	} {
		if _, err := s.store.db.ExecContext(ctx, s.store.q(text), before.UnixMicro()); err != nil {
			return err
		}
	}
	return nil
}

// sessionStore keeps sessions in SQL under the digest of their token, so that
// the table, a dump or a backup of it opens no session.
type sessionStore struct{ s *Service }

var _ scs.CtxStore = (*sessionStore)(nil)

func (st *sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := st.s.store.db.QueryRowContext(ctx, st.s.store.q(`SELECT data FROM sessions WHERE token = ? AND expires > ?`),
		plainDigest(token), st.s.clock.Now().UnixMicro()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (st *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := st.s.store.db.ExecContext(ctx, st.s.store.q(`INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`), plainDigest(token), data, expiry.UnixMicro())
	return err
}

func (st *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := st.s.store.db.ExecContext(ctx, st.s.store.q(`DELETE FROM sessions WHERE token = ?`), plainDigest(token))
	return err
}

// The forms without a context exist for the interface's sake; the manager
// calls those with one.

func (st *sessionStore) Find(token string) ([]byte, bool, error) {
	return st.FindCtx(context.Background(), token)
}

func (st *sessionStore) Commit(token string, data []byte, expiry time.Time) error {
	return st.CommitCtx(context.Background(), token, data, expiry)
}

func (st *sessionStore) Delete(token string) error {
	return st.DeleteCtx(context.Background(), token)
}
