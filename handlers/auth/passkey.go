package auth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/casefile-engine/casefile/domain"
)

// ceremonyLimit is how long people may take with their key.
const ceremonyLimit = 10 * time.Minute

var errNoPasskeys = domain.Refused("no_passkeys", "C-0c", "passkeys work only where the server knows its own https address; ask whoever runs it, and use an app with codes meanwhile")

var errWrongPasskey = &domain.Error{Kind: domain.KindForbidden, Code: "wrong_passkey", Rule: "C-0c",
	Message: "this passkey was not accepted; try again, or use another way"}

// newRelying binds passkeys to the address of the pages; nil where a browser
// would offer none: an address that is a number, or plain http but on localhost.
func newRelying(address string) (*webauthn.WebAuthn, error) {
	if address == "" {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Path != "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("auth: the address of the pages is written as https://host, without a path")
	}
	if net.ParseIP(u.Hostname()) != nil || u.Scheme == "http" && u.Hostname() != "localhost" {
		return nil, nil
	}
	return webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: "casefile", RPOrigins: []string{address},
		AttestationPreference:  protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired},
	})
}

// Passkeys tells whether passkeys can be used here.
func (s *Service) Passkeys() bool { return s.relying != nil }

// owner is an account as the library wants it.
type owner struct {
	handle []byte
	name   string
	keys   []webauthn.Credential
	rows   []factorRow
}

func (o *owner) WebAuthnID() []byte                         { return o.handle }
func (o *owner) WebAuthnName() string                       { return o.name }
func (o *owner) WebAuthnDisplayName() string                { return o.name }
func (o *owner) WebAuthnCredentials() []webauthn.Credential { return o.keys }

// owner reads an account's passkeys. The handle that an authenticator keeps is
// made with a key: nobody else can tell whose it is.
func (s *Service) owner(ctx context.Context, id Identity) (*owner, error) {
	handle := s.material(id.Agency, "webauthn", id.Staff)
	if len(handle) < 32 {
		return nil, unavailable(errors.New("auth: no key of the account"))
	}
	o := &owner{handle: handle[:32], name: id.Agency + " " + id.Staff[:min(8, len(id.Staff))]}
	have, err := s.factors(ctx, id.Agency, id.Staff)
	if err != nil {
		return nil, err
	}
	for _, f := range have {
		if f.Kind != "passkey" {
			continue
		}
		raw, err := s.opened(id.Agency, "passkey", id.Staff, f.data)
		if err != nil {
			return nil, err
		}
		var c webauthn.Credential
		if err := json.Unmarshal(raw, &c); err != nil {
			return nil, unavailable(err)
		}
		c.Authenticator.SignCount = uint32(f.counter)
		o.keys, o.rows = append(o.keys, c), append(o.rows, f)
	}
	return o, nil
}

// AddPasskey begins to add a passkey for who is signed in; options are what the
// browser makes it with, in JSON.
func (s *Service) AddPasskey(ctx context.Context) (options []byte, err error) {
	if s.relying == nil {
		return nil, errNoPasskeys
	}
	id, err := s.mayAdd(ctx)
	if err != nil {
		return nil, err
	}
	o, err := s.owner(ctx, id)
	if err != nil {
		return nil, err
	}
	c, session, err := s.relying.BeginRegistration(o, webauthn.WithExclusions(webauthn.Credentials(o.keys).CredentialDescriptors()))
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx, ceremonyAdd, session, ceremonyLimit); err != nil {
		return nil, err
	}
	return json.Marshal(c.Response)
}

// ConfirmPasskey adds the passkey that the browser made. codes are the recovery
// codes that come with the first factor, shown this once.
func (s *Service) ConfirmPasskey(ctx context.Context, answer string) (codes []string, err error) {
	if s.relying == nil {
		return nil, errNoPasskeys
	}
	id, err := s.mayAdd(ctx)
	if err != nil {
		return nil, err
	}
	var session webauthn.SessionData
	if ok, err := s.finish(ctx, ceremonyAdd, &session); err != nil {
		return nil, err
	} else if !ok {
		return nil, ErrStartAgain
	}
	o, err := s.owner(ctx, id)
	if err != nil {
		return nil, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes([]byte(answer))
	if err != nil {
		return nil, errWrongPasskey
	}
	c, err := s.relying.CreateCredential(o, session, parsed)
	if err != nil {
		return nil, errWrongPasskey
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	data, err := s.sealed(id.Agency, "passkey", id.Staff, raw)
	if err != nil {
		return nil, err
	}
	factor, now := newFactor(), s.clock.Now().UnixMicro()
	return s.added(ctx, id, factor, "passkey", func() error {
		res, err := s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO factors (id, agency, staff, kind, data, look_up, counter, confirmed, created, used) VALUES (?, ?, ?, 'passkey', ?, ?, ?, 1, ?, ?)
			ON CONFLICT (look_up) DO NOTHING`),
			factor, id.Agency, id.Staff, data, plainDigest(string(c.ID)), int64(c.Authenticator.SignCount), now, now)
		return once(res, err)
	})
}

// PasskeyChallenge begins to prove a passkey: of the sign-in of this session
// whose second factor is due, or again in a session. options are what the browser
// asks the key for, in JSON; nil when the account has no passkey.
func (s *Service) PasskeyChallenge(ctx context.Context) (options []byte, err error) {
	id, ok := s.pending(ctx)
	if !ok {
		if id, ok, err = s.Current(ctx); err != nil || !ok {
			return nil, err
		}
	}
	if s.relying == nil {
		return nil, nil
	}
	o, err := s.owner(ctx, id)
	if err != nil || len(o.keys) == 0 {
		return nil, err
	}
	a, session, err := s.relying.BeginLogin(o, webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx, ceremonySecond, session, ceremonyLimit); err != nil {
		return nil, err
	}
	return json.Marshal(a.Response)
}

func (s *Service) provePasskey(ctx context.Context, id Identity, answer string) error {
	if s.relying == nil {
		return errWrongPasskey
	}
	var session webauthn.SessionData
	if ok, err := s.finish(ctx, ceremonySecond, &session); err != nil {
		return err
	} else if !ok {
		return errWrongPasskey
	}
	o, err := s.owner(ctx, id)
	if err != nil {
		return err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return errWrongPasskey
	}
	c, err := s.relying.ValidateLogin(o, session, parsed)
	if err != nil {
		return errWrongPasskey
	}
	return s.usedPasskey(ctx, o, c)
}

// usedPasskey keeps the authenticator's count of signatures. One that does not
// grow means that the key was copied: it is refused.
func (s *Service) usedPasskey(ctx context.Context, o *owner, c *webauthn.Credential) error {
	if c.Authenticator.CloneWarning {
		e := *errWrongPasskey
		e.Code = "passkey_copied"
		return &e
	}
	for i := range o.keys {
		if !bytes.Equal(o.keys[i].ID, c.ID) {
			continue
		}
		res, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE factors SET counter = ?, used = ? WHERE id = ? AND counter = ?`),
			int64(c.Authenticator.SignCount), s.clock.Now().UnixMicro(), o.rows[i].ID, o.rows[i].counter)
		if err := once(res, err); err != nil {
			return errWrongPasskey
		}
		return nil
	}
	return errWrongPasskey
}

// PasskeyStart begins a whole sign-in with a passkey, whosever it is.
func (s *Service) PasskeyStart(ctx context.Context) (options []byte, err error) {
	if s.relying == nil {
		return nil, errNoPasskeys
	}
	a, session, err := s.relying.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, err
	}
	if err := s.begin(ctx, ceremonySignIn, session, ceremonyLimit); err != nil {
		return nil, err
	}
	return json.Marshal(a.Response)
}

// PasskeySignIn signs in with a passkey alone: holding it and having shown to it
// who one is are two factors. Errors: wrong_passkey, too_many_attempts,
// state_unavailable.
func (s *Service) PasskeySignIn(ctx context.Context, answer, address string) (Identity, error) {
	if s.relying == nil {
		return Identity{}, errNoPasskeys
	}
	cs := s.callers(address)
	if err := s.take(ctx, cs...); err != nil {
		return Identity{}, err
	}
	id, err := s.passkeyAlone(ctx, answer)
	switch e := domain.AsError(err); {
	case err == nil:
		s.back(ctx, cs...)
	case e.Kind == domain.KindForbidden && id.Staff != "":
		s.tell(ctx, id.Agency, id.Staff, denied("passkey", e.Code))
		return Identity{}, err
	default:
		return Identity{}, err
	}
	id.FactorAt = s.clock.Now().UTC()
	id, _, err = s.passed(ctx, id, "passkey")
	return id, err
}

// passkeyAlone finds out whose passkey it is; the account is also given when the
// passkey is not accepted.
func (s *Service) passkeyAlone(ctx context.Context, answer string) (id Identity, err error) {
	var session webauthn.SessionData
	if ok, err := s.finish(ctx, ceremonySignIn, &session); err != nil {
		return id, err
	} else if !ok {
		return id, ErrStartAgain
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return id, errWrongPasskey
	}
	rows, err := list(ctx, s, factorColumns+`WHERE look_up = ? AND kind = 'passkey' AND confirmed = 1`, scanFactor, plainDigest(string(parsed.RawID)))
	if err != nil {
		return id, err
	}
	if len(rows) == 0 {
		return id, errWrongPasskey
	}
	id = Identity{Agency: rows[0].agency, Staff: rows[0].staff}
	if active, err := s.accountActive(ctx, id); err != nil {
		return id, err
	} else if !active {
		return id, errWrongPasskey
	}
	o, err := s.owner(ctx, id)
	if err != nil {
		return id, err
	}
	_, c, err := s.relying.ValidatePasskeyLogin(func([]byte, []byte) (webauthn.User, error) { return o, nil }, session, parsed)
	if err != nil {
		return id, errWrongPasskey
	}
	return id, s.usedPasskey(ctx, o, c)
}
