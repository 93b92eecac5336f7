package auth

import (
	"context"
	"crypto/rand"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/catalog"
)

// TokenPrefix begins every token, so that one that leaks is recognised.
const TokenPrefix = "cft_"

// The scopes of a token beside the names of single commands.
const (
	ScopeRead      = "read"      // dossiers, searches, lists
	ScopeRegisters = "registers" // the registers
	ScopeOverviews = "overviews" // management overviews
	ScopeCommands  = "commands"  // every command
)

// Scopes are the scopes that are no commands, in the order in which they are shown.
var Scopes = []string{ScopeRead, ScopeRegisters, ScopeOverviews, ScopeCommands}

// Limits on tokens.
const (
	MaxTokenLife = 366 * 24 * time.Hour
	maxTokens    = 50
	maxTokenName = 100 // characters
)

// Token is a token of an account, without its secret.
type Token struct {
	ID               string
	Name             string // as its owner typed it
	Scopes           []string
	Created, Expires time.Time
	Used             time.Time // to the minute; zero: never
	Revoked          bool
}

// IssueToken gives who is signed in a token for a program; secret is shown this
// once. Errors: invalid_scope, invalid_expiry, invalid_name, prove_again.
func (s *Service) IssueToken(ctx context.Context, name string, scopes []string, until time.Time) (t Token, secret string, err error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return t, "", err
	}
	if err := s.fresh(ctx, id); err != nil {
		return t, "", err
	}
	return s.IssueTokenFor(ctx, id.Staff, id.Agency, id.Staff, name, scopes, until)
}

// IssueTokenFor is IssueToken by an actor, such as the operator, for a member of
// staff who has an account.
func (s *Service) IssueTokenFor(ctx context.Context, actor, agency, staff, name string, scopes []string, until time.Time) (t Token, secret string, err error) {
	now := s.clock.Now().UTC()
	t = Token{ID: uuid.NewString(), Name: strings.TrimSpace(name), Created: now, Expires: until.UTC()}
	if t.Scopes, err = checkScopes(scopes); err != nil {
		return t, "", err
	}
	switch n := utf8.RuneCountInString(t.Name); {
	case n == 0 || n > maxTokenName || !utf8.ValidString(t.Name):
		return t, "", domain.Invalid("invalid_name", "name", "give the token a name of 1 to 100 characters, by which you know it again")
	case !until.After(now) || until.Sub(now) > MaxTokenLife:
		return t, "", domain.Invalid("invalid_expiry", "until", "a token ends within a year; give a day between tomorrow and then")
	}
	if open, err := s.accountActive(ctx, Identity{Agency: agency, Staff: staff}); err != nil {
		return t, "", err
	} else if !open {
		return t, "", domain.Refused("no_account", "C-2.7e", "this member of staff has no open account; invite him first")
	}
	have, err := s.tokens(ctx, agency, staff)
	if err != nil {
		return t, "", err
	}
	if len(slices.DeleteFunc(have, func(t Token) bool { return t.Revoked || !now.Before(t.Expires) })) >= maxTokens {
		return t, "", domain.Refused("too_many_tokens", "C-0c", "this account has fifty tokens already; revoke those that are not used")
	}
	secret = TokenPrefix + strings.ToLower(rand.Text()+rand.Text())
	sealed, err := s.sealed(agency, "token", staff, []byte(t.Name))
	if err != nil {
		return t, "", err
	}
	if err := s.act(ctx, agency, actor, &access.TokenIssued{Staff: staff, Token: t.ID, Scopes: t.Scopes, Until: t.Expires}); err != nil {
		return t, "", err
	}
	_, err = s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO tokens (id, agency, staff, digest, name, scopes, created, expires, revoked, used) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`),
		t.ID, agency, staff, plainDigest(secret), sealed, strings.Join(t.Scopes, " "), now.UnixMicro(), t.Expires.UnixMicro())
	if err != nil {
		return t, "", unavailable(err)
	}
	return t, secret, nil
}

// checkScopes gives the scopes in byte order, each once.
func checkScopes(scopes []string) ([]string, error) {
	out := slices.Compact(slices.Sorted(slices.Values(scopes)))
	for _, x := range out {
		if _, command := catalog.CommandOf(x); !command && !slices.Contains(Scopes, x) {
			return nil, domain.Invalid("invalid_scope", "scopes", "a scope is read, registers, overviews, commands or the name of a command; choose from those")
		}
	}
	if len(out) == 0 {
		return nil, domain.Invalid("invalid_scope", "scopes", "a token without a scope can do nothing; choose at least one")
	}
	return out, nil
}

// Tokens are those of who is signed in, the newest first, with the ones that
// ended in the past year.
func (s *Service) Tokens(ctx context.Context) ([]Token, error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	return s.tokens(ctx, id.Agency, id.Staff)
}

func (s *Service) tokens(ctx context.Context, agency, staff string) ([]Token, error) {
	return list(ctx, s, `SELECT id, name, scopes, created, expires, revoked, used FROM tokens WHERE agency = ? AND staff = ? ORDER BY created DESC, id`,
		func(scan func(...any) error) (t Token, err error) {
			var sealed []byte
			var scopes string
			var created, expires, revoked, used int64
			if err := scan(&t.ID, &sealed, &scopes, &created, &expires, &revoked, &used); err != nil {
				return t, err
			}
			name, err := s.opened(agency, "token", staff, sealed)
			t.Name, t.Scopes, t.Revoked = string(name), strings.Fields(scopes), revoked > 0
			t.Created, t.Expires = time.UnixMicro(created).UTC(), time.UnixMicro(expires).UTC()
			if used > 0 {
				t.Used = time.UnixMicro(used).UTC()
			}
			return t, err
		}, agency, staff)
}

// RevokeToken ends a token of who is signed in. Ending is never refused: it is
// recorded afterwards.
func (s *Service) RevokeToken(ctx context.Context, token string) error {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return err
	}
	return s.RevokeTokenFor(ctx, id.Staff, id.Agency, id.Staff, token)
}

// RevokeTokenFor is RevokeToken by an actor. One that is not there is left alone.
func (s *Service) RevokeTokenFor(ctx context.Context, actor, agency, staff, token string) error {
	res, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE tokens SET revoked = ? WHERE id = ? AND agency = ? AND staff = ? AND revoked = 0`),
		s.clock.Now().UnixMicro(), token, agency, staff)
	if err != nil {
		return unavailable(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return unavailable(err)
	} else if n > 0 {
		s.noteEnd(ctx, agency, actor, &access.TokenRevoked{Staff: staff, Token: token})
	}
	return nil
}

var errToken = &domain.Error{Kind: domain.KindForbidden, Code: "wrong_credentials", Rule: "C-0c",
	Message: "this token is not known, has ended or was revoked; make another on the page Account"}

// Bearer says whose token it is and what it may be used for. A token that is not
// known, has ended or was revoked gives one and the same error; of those that can
// be told apart the attempt is on record. Errors: wrong_credentials,
// too_many_attempts, state_unavailable.
func (s *Service) Bearer(ctx context.Context, secret string) (Identity, error) {
	if !strings.HasPrefix(secret, TokenPrefix) || len(secret) > 200 {
		return Identity{}, errToken
	}
	var id Identity
	var scopes string
	var expires, revoked, used int64
	rows, err := list(ctx, s, `SELECT id, agency, staff, scopes, expires, revoked, used FROM tokens WHERE digest = ?`, func(scan func(...any) error) (bool, error) {
		return true, scan(&id.Token, &id.Agency, &id.Staff, &scopes, &expires, &revoked, &used)
	}, plainDigest(secret))
	if err != nil {
		return Identity{}, err
	}
	if len(rows) == 0 {
		return Identity{}, errToken // nobody's: there is nobody to record it with
	}
	now := s.clock.Now()
	code := ""
	switch active, err := s.accountActive(ctx, id); {
	case err != nil:
		return Identity{}, err
	case revoked > 0:
		code = "token_revoked"
	case now.UnixMicro() >= expires:
		code = "token_expired"
	case !active:
		code = "not_active"
	}
	if code != "" {
		return Identity{}, s.refuseToken(ctx, id, code)
	}
	if now.Sub(time.UnixMicro(used)) >= touchEvery {
		if _, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE tokens SET used = ? WHERE id = ?`), now.UnixMicro(), id.Token); err != nil {
			return Identity{}, unavailable(err)
		}
	}
	id.Scopes = strings.Fields(scopes)
	return id, nil
}

// refuseToken records a token that no longer works, within a limit: a program
// that goes on with it must not fill the stream.
func (s *Service) refuseToken(ctx context.Context, id Identity, code string) error {
	if err := s.take(ctx, s.of(byToken, id.Token)); err != nil {
		return err
	}
	e := denied("token", code)
	e.Token = id.Token
	s.tell(ctx, id.Agency, id.Staff, e)
	return errToken
}
