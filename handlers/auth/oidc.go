package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// Provider is an agency's own identity provider (OpenID Connect).
type Provider struct {
	Agency       string
	Issuer       string // https://…, as in its tokens
	ClientID     string
	ClientSecret string
	// ACR are the classes of authentication that count as a second factor; so does
	// a token whose amr has "mfa". Neither: the engine asks for its own.
	ACR []string
	// Client is for tests; default: one with a time-out.
	Client *http.Client
}

// providerLimit is how long an identity provider may take to answer.
const providerLimit = 10 * time.Second

// provider is a Provider with what its discovery said, asked at first use: the
// engine starts without it, and its failing keeps nobody else out.
type provider struct {
	Provider
	redirect string

	mu    sync.Mutex // guards found
	found *oidc.Provider
}

func newProviders(list []Provider, address string) (map[string]*provider, error) {
	out := map[string]*provider{}
	for _, p := range list {
		u, err := url.Parse(p.Issuer)
		switch {
		case address == "":
			return nil, errors.New("auth: an identity provider needs the address of the pages (--url)")
		case !domain.ValidAgency(p.Agency) || p.ClientID == "":
			return nil, errors.New("auth: an identity provider needs an agency and a client id")
		case err != nil || u.Host == "" || u.Scheme != "https" && u.Hostname() != "localhost" && u.Hostname() != "127.0.0.1":
			return nil, fmt.Errorf("auth: the issuer of agency %s is written as https://host", p.Agency)
		case out[p.Agency] != nil:
			return nil, fmt.Errorf("auth: agency %s has two identity providers", p.Agency)
		}
		if p.Client == nil {
			p.Client = &http.Client{Timeout: providerLimit}
		}
		// Whoever may redirect at the provider could otherwise have the client's
		// secret and the codes sent to another.
		direct := *p.Client
		direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		p.Client = &direct
		out[p.Agency] = &provider{Provider: p, redirect: address + "/signin/oidc/" + p.Agency + "/callback"}
	}
	return out, nil
}

// ProviderAgencies are the agencies that have an identity provider, in byte order.
func (s *Service) ProviderAgencies() []string {
	var out []string
	for a := range s.providers {
		out = append(out, a)
	}
	slices.Sort(out)
	return out
}

var errProviderAway = &domain.Error{Kind: domain.KindUnavailable, Code: "provider_unavailable", Rule: "C-0c",
	Message: "the identity provider of this agency does not answer; try again in a moment, or sign in with a password"}

var errProvider = &domain.Error{Kind: domain.KindForbidden, Code: "wrong_identity", Rule: "C-0c",
	Message: "the identity provider's answer was not accepted; start again from the sign-in page"}

var errNotLinked = &domain.Error{Kind: domain.KindForbidden, Code: "not_linked", Rule: "C-0c",
	Message: "no account here is linked to the one at your organisation; ask your administrator for an invitation"}

func (p *provider) discover(ctx context.Context) (*oidc.Provider, *oauth2.Config, context.Context, error) {
	// The provider keeps the context for its later requests for keys.
	ctx = oidc.ClientContext(context.WithoutCancel(ctx), p.Client)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		found, err := oidc.NewProvider(ctx, p.Issuer)
		if err != nil {
			e := *errProviderAway
			e.Cause = err
			return nil, nil, ctx, &e
		}
		p.found = found
	}
	return p.found, &oauth2.Config{ClientID: p.ClientID, ClientSecret: p.ClientSecret, Endpoint: p.found.Endpoint(), RedirectURL: p.redirect, Scopes: []string{oidc.ScopeOpenID}}, ctx, nil
}

// visit is what has to be known when somebody comes back from the provider.
type visit struct {
	Agency, State, Nonce, Verifier string
	Next                           string
	Link                           string // digest of the invitation that it uses
}

// ProviderStart begins a sign-in at the agency's identity provider, and gives
// the address to send the browser to. next is where to go afterwards. With an
// invitation's secret the account there is linked to the one that was invited.
func (s *Service) ProviderStart(ctx context.Context, agency, next, invitation string) (string, error) {
	p := s.providers[agency]
	if p == nil {
		return "", &domain.Error{Kind: domain.KindNotFound, Code: "unknown_path", Rule: domain.RuleForm, Message: "there is nothing at this address"}
	}
	_, c, _, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	v := visit{Agency: agency, State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(), Next: next}
	if invitation != "" {
		l, err := s.openLink(ctx, linkInvite, invitation)
		if err != nil {
			return "", err
		}
		if l.agency != agency {
			return "", errLink
		}
		v.Link = l.digest
	}
	if err := s.begin(ctx, ceremonyOIDC, v, ceremonyLimit); err != nil {
		return "", err
	}
	// Asked with a limit, the provider has to say when somebody proved who he is.
	limit := oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(s.absolute.Seconds())))
	return c.AuthCodeURL(v.State, oidc.Nonce(v.Nonce), oauth2.S256ChallengeOption(v.Verifier), limit), nil
}

// ProviderFinish takes the answer that the browser brings from the provider:
// state and code of its address. It signs in the account that is linked to issuer
// and subject, never by an address of e-mail; second says that the provider
// proved one factor only and the account has its own. Errors: wrong_identity,
// not_linked, provider_unavailable, state_unavailable.
func (s *Service) ProviderFinish(ctx context.Context, agency, state, code string) (id Identity, second bool, next string, err error) {
	var v visit
	if ok, err := s.finish(ctx, ceremonyOIDC, &v); err != nil {
		return id, false, "", err
	} else if !ok || v.Agency != agency || subtle.ConstantTimeCompare([]byte(v.State), []byte(state)) != 1 || code == "" {
		return id, false, "", errProvider
	}
	p := s.providers[agency]
	if p == nil {
		return id, false, "", errProvider
	}
	token, err := p.redeem(ctx, v, code, s.clock.Now)
	if err != nil {
		return id, false, "", err
	}
	subject, err := s.subject(agency, token.Issuer, token.Subject)
	if err != nil {
		return id, false, "", err
	}
	if v.Link != "" {
		if err := s.linkInvited(ctx, v.Link, subject); err != nil {
			return id, false, "", err
		}
	}
	staff, err := list(ctx, s, `SELECT staff FROM linked WHERE agency = ? AND subject = ?`,
		func(scan func(...any) error) (x string, err error) { return x, scan(&x) }, agency, subject)
	if err != nil {
		return id, false, "", err
	}
	if len(staff) == 0 {
		return id, false, "", errNotLinked
	}
	id = Identity{Agency: agency, Staff: staff[0]}
	if active, err := s.accountActive(ctx, id); err != nil {
		return id, false, "", err
	} else if !active {
		s.tell(ctx, agency, id.Staff, denied("oidc", "not_active"))
		return id, false, "", errNotLinked
	}
	id.FactorAt = p.factorAt(token, s.clock.Now().UTC())
	id, second, err = s.passed(ctx, id, "oidc")
	return id, second, v.Next, err
}

// redeem exchanges the code and checks the token: signature, issuer, audience,
// expiry and nonce.
func (p *provider) redeem(ctx context.Context, v visit, code string, now func() time.Time) (*oidc.IDToken, error) {
	found, c, ctx, err := p.discover(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.Exchange(ctx, code, oauth2.VerifierOption(v.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) && refused.Response != nil && refused.Response.StatusCode < 500 {
			return nil, errProvider
		}
		return nil, errProviderAway
	}
	raw, _ := t.Extra("id_token").(string)
	token, err := found.Verifier(&oidc.Config{ClientID: p.ClientID, Now: now}).Verify(ctx, raw)
	if err != nil || subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(v.Nonce)) != 1 || token.Subject == "" {
		return nil, errProvider
	}
	if token.AccessTokenHash != "" && token.VerifyAccessToken(t.AccessToken) != nil {
		return nil, errProvider
	}
	return token, nil
}

// factorAt is when somebody proved a second factor at the provider, as far as it
// says: the zero time when he proved none, and too long ago to count as a moment
// ago when it leaves out when.
func (p *provider) factorAt(t *oidc.IDToken, now time.Time) time.Time {
	var claims struct {
		ACR  string          `json:"acr"`
		AMR  []string        `json:"amr"`
		Time json.RawMessage `json:"auth_time"`
	}
	if t.Claims(&claims) != nil || !slices.Contains(claims.AMR, "mfa") && (claims.ACR == "" || !slices.Contains(p.ACR, claims.ACR)) {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(string(claims.Time), 10, 64)
	if at := time.Unix(seconds, 0).UTC(); err == nil && seconds > 0 {
		if at.After(now) {
			return now
		}
		return at
	}
	return now.Add(-FreshFactor)
}

// subject is what the table knows an account at a provider by.
func (s *Service) subject(agency, issuer, subject string) (string, error) {
	return s.keyed(agency, "oidc", "", fmt.Sprintf("%d:%s%s", len(issuer), issuer, subject))
}

// LinkSubject ties the account of a member of staff to a subject at the agency's
// identity provider, by an administrator who knows it.
func (s *Service) LinkSubject(ctx context.Context, actor, agency, staff, subject string) error {
	p := s.providers[agency]
	switch {
	case p == nil:
		return domain.Refused("no_provider", "C-0c", "this agency has no identity provider here; invite the member of staff to choose a password")
	case subject == "" || len(subject) > 255:
		return domain.Invalid("invalid_subject", "subject", "give the subject as the identity provider has it, of at most 255 characters")
	case actor == staff:
		return errOwnAccount
	}
	key, err := s.subject(agency, p.Issuer, subject)
	if err != nil {
		return err
	}
	if err := s.act(ctx, agency, actor, &access.AccountLinked{Staff: staff}); err != nil {
		return err
	}
	return s.link(ctx, agency, staff, key, nil)
}
