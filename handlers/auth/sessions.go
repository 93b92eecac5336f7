package auth

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/alexedwards/scs/v2"
)

// touchEvery is how stale the last use of a session may be before it is
// written again, so that reading a page does not cost a synced write.
const touchEvery = time.Minute

// The keys of a session. It holds ids and times only.
const (
	keyAgency  = "agency"
	keyStaff   = "staff"
	keyStarted = "started" // microseconds since 1970
	keySeen    = "seen"
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
	return s.sessions.LoadAndSave(next)
}

// Start begins a session under a new token (an old one is never taken over).
func (s *Service) Start(ctx context.Context, id Identity) error {
	if err := s.sessions.RenewToken(ctx); err != nil {
		return unavailable(err)
	}
	now := s.clock.Now().UnixMicro()
	s.sessions.Put(ctx, keyAgency, id.Agency)
	s.sessions.Put(ctx, keyStaff, id.Staff)
	s.sessions.Put(ctx, keyStarted, now)
	s.sessions.Put(ctx, keySeen, now)
	return nil
}

// End ends the session.
func (s *Service) End(ctx context.Context) error {
	if err := s.sessions.Destroy(ctx); err != nil {
		return unavailable(err)
	}
	return nil
}

// Current says who is signed in. A session that was not used for the idle
// limit, is older than the absolute limit, or whose account was closed or got
// another password since, is ended.
func (s *Service) Current(ctx context.Context) (id Identity, ok bool, err error) {
	id = Identity{Agency: s.sessions.GetString(ctx, keyAgency), Staff: s.sessions.GetString(ctx, keyStaff)}
	if id.Staff == "" {
		return Identity{}, false, nil
	}
	now := s.clock.Now()
	started := time.UnixMicro(s.sessions.GetInt64(ctx, keyStarted))
	seen := time.UnixMicro(s.sessions.GetInt64(ctx, keySeen))
	open := now.Sub(started) < s.absolute && now.Sub(seen) < s.idle
	if open {
		if open, err = s.accountOpen(ctx, id, started); err != nil {
			return Identity{}, false, err
		}
	}
	if !open {
		return Identity{}, false, s.End(ctx)
	}
	if now.Sub(seen) >= touchEvery {
		s.sessions.Put(ctx, keySeen, now.UnixMicro())
	}
	return id, true, nil
}

func (s *Service) accountOpen(ctx context.Context, id Identity, started time.Time) (bool, error) {
	var n int
	err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT COUNT(*) FROM users WHERE agency = ? AND staff = ? AND disabled = 0 AND changed <= ?`),
		id.Agency, id.Staff, started.UnixMicro()).Scan(&n)
	if err != nil {
		return false, unavailable(err)
	}
	return n > 0, nil
}

// CollectGarbage removes the sessions that have run out. Call it now and then.
func (s *Service) CollectGarbage(ctx context.Context) error {
	_, err := s.store.db.ExecContext(ctx, s.store.q(`DELETE FROM sessions WHERE expires <= ?`), s.clock.Now().UnixMicro())
	return err
}

// sessionStore keeps sessions in SQL under the digest of their token, so that
// the table, a dump or a backup of it opens no session.
type sessionStore struct{ s *Service }

var _ scs.CtxStore = (*sessionStore)(nil)

func tokenKey(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

func (st *sessionStore) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := st.s.store.db.QueryRowContext(ctx, st.s.store.q(`SELECT data FROM sessions WHERE token = ? AND expires > ?`),
		tokenKey(token), st.s.clock.Now().UnixMicro()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return data, err == nil, err
}

func (st *sessionStore) CommitCtx(ctx context.Context, token string, data []byte, expiry time.Time) error {
	_, err := st.s.store.db.ExecContext(ctx, st.s.store.q(`INSERT INTO sessions (token, data, expires) VALUES (?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`), tokenKey(token), data, expiry.UnixMicro())
	return err
}

func (st *sessionStore) DeleteCtx(ctx context.Context, token string) error {
	_, err := st.s.store.db.ExecContext(ctx, st.s.store.q(`DELETE FROM sessions WHERE token = ?`), tokenKey(token))
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
