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
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Limits on attempts that fail, within AttemptWindow but for the one of a day.
const (
	AttemptsPerLogin     = 20
	AttemptsPerAddress   = 60
	AttemptsPerFactor    = 5
	AttemptsPerFactorDay = 20
	AttemptWindow        = 15 * time.Minute
)

// Whether accounts need a second factor (Options.SecondFactor).
const (
	Required = "required" // one without is led to enrol one before anything else
	Optional = "optional" // one that has a factor is always asked for it
)

// Options are what the service needs.
type Options struct {
	DB      *sql.DB
	Dialect string // SQLite or Postgres
	// Digest is the keyed digest of a sign-in name, at least 16 bytes; nil when
	// the keys cannot be used. Its key is the engine's: without it the table
	// cannot be searched for a name.
	Digest func(agency, login string) []byte
	// Key is key material of at least 32 bytes for a use within an agency, of an
	// account; nil when the keys cannot be used. Secrets of second factors are
	// sealed under it. Default: made with Digest.
	Key func(agency, use, of string) []byte
	// Record appends an act to the accesses of the actor and returns when it is
	// durable; default: nothing is kept.
	Record func(ctx context.Context, agency, actor string, e domain.Event) error
	// Active tells whether a member of staff is enrolled and has not left, from
	// the stream; default: everybody is. It is asked at each sign-in and each use
	// of a session or token, so that ending somebody closes all of them at once.
	Active func(ctx context.Context, agency, staff string) (bool, error)
	// SecondFactor is Required or Optional (the default).
	SecondFactor string
	// URL is where people reach the pages, as https://host or http://localhost:port;
	// passkeys and identity providers are bound to it and need it. Default: none.
	URL string
	// Providers are the identity providers, one an agency at most.
	Providers []Provider
	// Breached tells whether a password is known from a leak; default: only common
	// ones are refused. An error lets the password through, and is logged.
	Breached func(password string) (bool, error)
	Clock    clock.Clock  // default: the system's
	Log      *slog.Logger // default: slog.Default()
	// Secure says that people reach the pages by https; the cookie then carries
	// the __Host- prefix and Secure. On plain http (localhost) it cannot.
	Secure bool
	// Proxied says that people come through a proxy, whose address is then
	// everybody's: limits by address are the proxy's to keep. Kept here, a stranger's
	// guesses would keep everybody out.
	Proxied bool
	Params  Params // default DefaultParams
	// Idle ends a session without use (default 1 hour), Absolute ends every
	// session (default 12 hours: a working day).
	Idle, Absolute time.Duration
}

// Identity is who is signed in, at which agency, and how.
type Identity struct {
	Agency string
	Staff  string
	// Token is the id of the API token that was presented, "" for none; Scopes are
	// what it may be used for, nil for no limit.
	Token  string
	Scopes []string
	// FactorAt is when a second factor was last proved in this session; zero: never.
	FactorAt time.Time
	// Session is the id of the session, "" for none. It is no secret.
	Session string
	// Enrol says that a second factor is required and the account has none: it
	// may do nothing but add one.
	Enrol bool
}

// Service signs people in and knows their sessions. All methods may be called
// from many goroutines.
type Service struct {
	store     *store
	digest    func(agency, login string) []byte
	material  func(agency, use, of string) []byte
	record    func(ctx context.Context, agency, actor string, e domain.Event) error
	active    func(ctx context.Context, agency, staff string) (bool, error)
	breached  func(password string) (bool, error)
	required  bool
	proxied   bool
	clock     clock.Clock
	log       *slog.Logger
	params    Params
	idle      time.Duration
	absolute  time.Duration
	sessions  *scs.SessionManager
	relying   *webauthn.WebAuthn // nil: no passkeys
	providers map[string]*provider
	url       string

	dummy  string        // a hash that nobody's password made, for unknown names
	cost   chan struct{} // bounds the hashes computed at once, and so their memory
	secret []byte        // of this process, for the memory of verified passwords
	salt   string        // of the counters of attempts

	mu    sync.Mutex // guards hooks and known
	hooks []func(ctx context.Context, a Attempt)
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
	if o.Key == nil {
		// No sign-in name that anybody types begins with a NUL.
		o.Key = func(agency, use, of string) []byte { return o.Digest(agency, "\x00"+use+"\x00"+of) }
	}
	if o.Active == nil {
		o.Active = func(context.Context, string, string) (bool, error) { return true, nil }
	}
	if o.SecondFactor != "" && o.SecondFactor != Required && o.SecondFactor != Optional {
		return nil, fmt.Errorf("auth: a second factor is %q or %q", Required, Optional)
	}
	s := &Service{
		store: &store{db: o.DB, dialect: o.Dialect}, digest: o.Digest, material: o.Key, record: o.Record, active: o.Active,
		breached: o.Breached, required: o.SecondFactor == Required, proxied: o.Proxied, clock: o.Clock, log: o.Log, params: o.Params,
		idle: o.Idle, absolute: o.Absolute, cost: make(chan struct{}, max(2, runtime.GOMAXPROCS(0))),
		secret: make([]byte, 32), known: map[string]verified{}, url: strings.TrimSuffix(o.URL, "/"),
	}
	rand.Read(s.secret) //nolint:errcheck // never fails since Go 1.24
	if err := s.store.migrate(ctx); err != nil {
		return nil, err
	}
	if err := s.openSalt(ctx); err != nil {
		return nil, fmt.Errorf("auth: reading the key of the counters: %w", err)
	}
	s.dummy = hashPassword(s.params, rand.Text())
	s.sessions = s.newSessions(o.Secure)
	var err error
	if s.relying, err = newRelying(s.url); err != nil {
		return nil, err
	}
	if s.providers, err = newProviders(o.Providers, s.url); err != nil {
		return nil, err
	}
	return s, nil
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
