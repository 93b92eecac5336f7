// Package auth keeps who may sign in, and their sessions: one of the three
// things that the stream cannot rebuild (architecture §1.1). Sign-in names are
// stored as keyed digests and passwords as argon2id hashes, so the tables hold
// no name and no secret in the clear.
package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/alexedwards/scs/v2"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Limits on attempts, within AttemptWindow.
const (
	AttemptsPerLogin   = 20
	AttemptsPerAddress = 60
	AttemptWindow      = 15 * time.Minute
)

// Options are what the service needs.
type Options struct {
	DB      *sql.DB
	Dialect string // SQLite or Postgres
	// Digest is the keyed digest of a sign-in name, at least 16 bytes; nil when
	// the keys cannot be used. Its key is the engine's: without it the table
	// cannot be searched for a name.
	Digest func(agency, login string) []byte
	Clock  clock.Clock  // default: the system's
	Log    *slog.Logger // default: slog.Default()
	// Secure says that people reach the pages by https; the cookie then carries
	// the __Host- prefix and Secure. On plain http (localhost) it cannot.
	Secure bool
	Params Params // default DefaultParams
	// Idle ends a session without use (default 1 hour), Absolute ends every
	// session (default 12 hours: a working day).
	Idle, Absolute time.Duration
}

// Identity is who is signed in, and at which agency.
type Identity struct {
	Agency string
	Staff  string
}

// Service signs people in and knows their sessions. All methods may be called
// from many goroutines.
type Service struct {
	store    *store
	digest   func(agency, login string) []byte
	clock    clock.Clock
	log      *slog.Logger
	params   Params
	idle     time.Duration
	absolute time.Duration
	sessions *scs.SessionManager

	dummy     string        // a hash that nobody's password made, for unknown names
	cost      chan struct{} // bounds the hashes computed at once, and so their memory
	byLogin   *limiter
	byAddress *limiter
	secret    []byte // of this process, for the memory of verified passwords

	mu    sync.Mutex // guards hooks and known
	hooks []func(ctx context.Context, agency, staff string, ok bool)
	known map[string]verified
}

// Open brings the tables to the newest version and gives the service.
func Open(ctx context.Context, o Options) (*Service, error) {
	if o.Dialect != SQLite && o.Dialect != Postgres {
		return nil, fmt.Errorf("auth: unknown dialect %q", o.Dialect)
	}
	if o.Digest == nil {
		return nil, errors.New("auth: a keyed digest is needed")
	}
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Params == (Params{}) {
		o.Params = DefaultParams
	}
	if o.Idle == 0 {
		o.Idle = time.Hour
	}
	if o.Absolute == 0 {
		o.Absolute = 12 * time.Hour
	}
	s := &Service{
		store: &store{db: o.DB, dialect: o.Dialect}, digest: o.Digest, clock: o.Clock, log: o.Log, params: o.Params,
		idle: o.Idle, absolute: o.Absolute, cost: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		byLogin: newLimiter(AttemptsPerLogin, AttemptWindow), byAddress: newLimiter(AttemptsPerAddress, AttemptWindow),
		secret: make([]byte, 32), known: map[string]verified{},
	}
	rand.Read(s.secret) //nolint:errcheck // never fails since Go 1.24
	if err := s.store.migrate(ctx); err != nil {
		return nil, err
	}
	s.dummy = hashPassword(s.params, rand.Text())
	s.sessions = s.newSessions(o.Secure)
	return s, nil
}

// OnSignIn adds f to what is told of every attempt to sign in, before the
// attempt is answered, except those over the limits on attempts, which would
// let a stranger fill the stream. staff is "" when the name is unknown; the
// agency is then as typed, and may not exist.
func (s *Service) OnSignIn(f func(ctx context.Context, agency, staff string, ok bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

func (s *Service) tell(ctx context.Context, agency, staff string, ok bool) {
	s.mu.Lock()
	hooks := s.hooks
	s.mu.Unlock()
	for _, f := range hooks {
		f(ctx, agency, staff, ok)
	}
}

// Set gives a member of staff a sign-in name and password, or replaces the
// password; durable on return. The sessions of that member end. A name that
// belongs to somebody else is refused (login_in_use). Rules: C-0c, S-Bev2.
func (s *Service) Set(ctx context.Context, agency, login, staff, password string) error {
	login = normalLogin(login)
	if !domain.ValidAgency(agency) {
		return domain.Invalid("invalid_agency", "agency", "an agency's name is 1 to 32 of a-z, 0-9 and -")
	}
	if login == "" || len(login) > 200 {
		return domain.Invalid("invalid_login", "login", "a sign-in name has 1 to 200 characters")
	}
	staff, err := domain.ParseID("staff", staff)
	if err != nil {
		return err
	}
	if err := judge(agency, login, password); err != nil {
		return err
	}
	key, err := s.key(agency, login)
	if err != nil {
		return err
	}
	var owner string
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT staff FROM users WHERE agency = ? AND login = ?`), agency, key).Scan(&owner)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return unavailable(err)
	}
	if err == nil && owner != staff {
		return domain.Refused("login_in_use", "S-Bev2", "another member of staff has this sign-in name; choose another name")
	}
	hash := s.hash(password)
	_, err = s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO users (agency, login, staff, password, disabled, changed) VALUES (?, ?, ?, ?, 0, ?)
		ON CONFLICT (agency, login) DO UPDATE SET password = excluded.password, disabled = 0, changed = excluded.changed
		WHERE users.staff = excluded.staff`), agency, key, staff, hash, s.clock.Now().UnixMicro())
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// Disable closes the accounts of a member of staff; their sessions end at
// their next use. Closing is never refused (catalogue §2, EndStaff).
func (s *Service) Disable(ctx context.Context, agency, staff string) error {
	_, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE users SET disabled = 1, changed = ? WHERE agency = ? AND staff = ?`),
		s.clock.Now().UnixMicro(), agency, staff)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// Agencies lists the agencies in which somebody can sign in, in byte order.
func (s *Service) Agencies(ctx context.Context) ([]string, error) {
	rows, err := s.store.db.QueryContext(ctx, `SELECT DISTINCT agency FROM users ORDER BY agency`)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var a string
		if err := rows.Scan(&a); err != nil {
			return nil, unavailable(err)
		}
		out = append(out, a)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

func normalLogin(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// key is what the table knows a sign-in name by. A digest of nothing means that
// the keys cannot be used now.
func (s *Service) key(agency, login string) (string, error) {
	d := s.digest(agency, login)
	if len(d) < 16 {
		return "", unavailable(errors.New("auth: no digest of a sign-in name"))
	}
	return hex.EncodeToString(d), nil
}

// knownKey is key for an agency in which somebody can sign in, and a stand-in
// that matches nobody for any other: a stranger's typing must not make the
// engine create keys for agencies that do not exist.
func (s *Service) knownKey(ctx context.Context, agency, login string) (string, error) {
	var one int
	err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT 1 FROM users WHERE agency = ? LIMIT 1`), agency).Scan(&one)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return "unknown/" + hex.EncodeToString([]byte(s.seal(agency, login))), nil
	case err != nil:
		return "", unavailable(err)
	}
	return s.key(agency, login)
}

// seal is the memory's own digest of a password: useless outside this process.
func (s *Service) seal(key, password string) string {
	m := hmac.New(sha256.New, s.secret)
	fmt.Fprintf(m, "%d:%s", len(key), key)
	m.Write([]byte(password))
	return string(m.Sum(nil))
}

func (s *Service) hash(password string) string {
	s.cost <- struct{}{}
	defer func() { <-s.cost }()
	return hashPassword(s.params, password)
}

func unavailable(err error) error {
	return &domain.Error{Kind: domain.KindUnavailable, Code: "state_unavailable", Rule: "C-2.1.4d", Cause: err,
		Message: "the credentials cannot be read now; try again in a moment, and look at the status page if it lasts"}
}
