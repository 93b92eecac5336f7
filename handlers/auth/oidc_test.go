package auth_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/casefile-engine/casefile/handlers/auth"
)

// issuer is a small identity provider: it says what the test wants it to say.
type issuer struct {
	t      *testing.T
	key    *rsa.PrivateKey
	server *httptest.Server

	mu        sync.Mutex
	challenge string         // PKCE, of the newest request for authorisation
	nonce     string         // of the same
	claims    map[string]any // what the next token says otherwise
	foreign   *rsa.PrivateKey
	down      bool
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	i := &issuer{t: t, key: key}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, map[string]any{"issuer": i.server.URL, "authorization_endpoint": i.server.URL + "/authorize", "token_endpoint": i.server.URL + "/token",
			"jwks_uri": i.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"RS256"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		i.json(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &i.key.PublicKey, KeyID: "k1", Algorithm: "RS256", Use: "sig"}}})
	})
	mux.HandleFunc("POST /token", i.token)
	i.server = httptest.NewServer(mux)
	t.Cleanup(i.server.Close)
	return i
}

func (i *issuer) json(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		i.t.Error(err)
	}
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	id, secret, _ := r.BasicAuth()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	switch {
	case i.down:
		w.WriteHeader(http.StatusBadGateway)
		return
	case id != "casefile" || secret != "geheim", r.PostFormValue("code") != "c1", base64.RawURLEncoding.EncodeToString(sum[:]) != i.challenge:
		w.WriteHeader(http.StatusBadRequest)
		i.json(w, map[string]string{"error": "invalid_grant"})
		return
	}
	claims := map[string]any{"iss": i.server.URL, "aud": "casefile", "sub": "anna-1", "nonce": i.nonce, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix()}
	for k, v := range i.claims {
		claims[k] = v
	}
	key := i.key
	if i.foreign != nil {
		key = i.foreign
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "k1"}}, nil)
	if err != nil {
		i.t.Error(err)
		return
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		i.t.Error(err)
		return
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		i.t.Error(err)
		return
	}
	compact, err := signed.CompactSerialize()
	if err != nil {
		i.t.Error(err)
		return
	}
	i.json(w, map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": compact})
}

// visit sends a browser there, as far as its coming back with state and code.
func (i *issuer) visit(v *visitor, invitation string) (state string, err error) {
	var to string
	v.in(func(ctx context.Context) { to, err = v.w.ProviderStart(ctx, "click", "/caseload", invitation) })
	if err != nil {
		return "", err
	}
	u, err := url.Parse(to)
	if err != nil {
		return "", err
	}
	q := u.Query()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.challenge, i.nonce = q.Get("code_challenge"), q.Get("nonce")
	if q.Get("code_challenge_method") != "S256" || q.Get("max_age") != "43200" || q.Get("redirect_uri") != "https://casefile.example/signin/oidc/click/callback" || q.Get("scope") != "openid" {
		i.t.Errorf("asked with %s", u.RawQuery)
	}
	return q.Get("state"), nil
}

func (v *visitor) finish(state, code string) (id auth.Identity, second bool, err error) {
	v.in(func(ctx context.Context) { id, second, _, err = v.w.ProviderFinish(ctx, "click", state, code) })
	return id, second, err
}

func (i *issuer) options(o *auth.Options) {
	o.URL = "https://casefile.example"
	o.Providers = []auth.Provider{{Agency: "click", Issuer: i.server.URL, ClientID: "casefile", ClientSecret: "geheim", ACR: []string{"urn:hoog"}}}
	o.Clock = nil // the tokens are of the real time
}

// C-0c: what the provider's address leads on to is not asked.
func TestProviderRedirectsAreNotFollowed(t *testing.T) {
	asked := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer other.Close()
	leads := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer leads.Close()
	w := open(t, func(o *auth.Options) {
		o.URL = "https://casefile.example"
		o.Providers = []auth.Provider{{Agency: "click", Issuer: leads.URL, ClientID: "casefile", ClientSecret: "geheim"}}
	})
	w.visitor().in(func(ctx context.Context) {
		if _, err := w.ProviderStart(ctx, "click", "/", ""); code(err) != "provider_unavailable" || asked != 0 {
			t.Errorf("%v; asked %d times", err, asked)
		}
	})
}

// C-0c, L-32: the agency's identity provider says who it is, for an account that
// was linked by an invitation, and by nothing else.
func TestOpenIDConnect(t *testing.T) { onBoth(t, testOIDC) }

func testOIDC(t *testing.T, change func(*auth.Options)) {
	i, e := newIssuer(t), &ears{}
	w := open(t, change, e.options, i.options)
	e.listen(w)

	// Given nobody linked the account, then it opens nothing, whatever its e-mail.
	i.claims = map[string]any{"email": "anna@click.example", "email_verified": true}
	v := w.visitor()
	state, err := i.visit(v, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := v.finish(state, "c1"); code(err) != "not_linked" {
		t.Fatalf("not linked: %v", err)
	}
	i.claims = nil

	// An invitation links it, once.
	secret, _, err := w.Invite(t.Context(), bram, "click", anna)
	if err != nil {
		t.Fatal(err)
	}
	if state, err = i.visit(v, secret); err != nil {
		t.Fatal(err)
	}
	if id, second, err := v.finish(state, "c1"); err != nil || second || id.Staff != anna || v.who(t).Staff != anna || !v.who(t).FactorAt.IsZero() || e.last() != "allowed oidc " {
		t.Fatalf("%+v, %v, %v, recorded %q", id, second, err, e.last())
	}
	if _, err := i.visit(w.visitor(), secret); code(err) != "link_gone" {
		t.Fatalf("the invitation again: %v", err)
	}

	// Afterwards it signs in; what the provider says of factors counts.
	for what, c := range map[string]struct {
		claims map[string]any
		factor bool
	}{
		"a password":        {nil, false},
		"two factors (amr)": {map[string]any{"amr": []string{"pwd", "mfa"}}, true},
		"a class (acr)":     {map[string]any{"acr": "urn:hoog"}, true},
		"another class":     {map[string]any{"acr": "urn:laag"}, false},
	} {
		x := w.visitor()
		if state, err = i.visit(x, ""); err != nil {
			t.Fatal(err)
		}
		i.claims = c.claims
		if id, second, err := x.finish(state, "c1"); err != nil || second || id.Staff != anna || x.who(t).FactorAt.IsZero() == c.factor {
			t.Errorf("%s: %+v, %v, %v", what, id, second, err)
		}
	}
	i.claims = nil
	// An account with a second factor here is asked for it unless the provider did.
	v.addTOTPNow(t)
	x := w.visitor()
	if state, err = i.visit(x, ""); err != nil {
		t.Fatal(err)
	}
	if _, second, err := x.finish(state, "c1"); err != nil || !second || x.who(t).Staff != "" || e.last() != "pending oidc " {
		t.Fatalf("%v, %v, recorded %q", second, err, e.last())
	}
}

// C-0c: what does not come from the provider for this very visit is refused.
func TestOpenIDConnectRefuses(t *testing.T) {
	i := newIssuer(t)
	w := open(t, i.options)
	if err := w.LinkSubject(t.Context(), bram, "click", anna, "anna-1"); err != nil {
		t.Fatal(err)
	}
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		claims  map[string]any
		foreign bool
		state   func(string) string
		code    string
		want    string
	}{
		"right":             {nil, false, nil, "c1", ""},
		"another nonce":     {map[string]any{"nonce": "x"}, false, nil, "c1", "wrong_identity"},
		"no nonce":          {map[string]any{"nonce": ""}, false, nil, "c1", "wrong_identity"},
		"another issuer":    {map[string]any{"iss": "https://kwaad.example"}, false, nil, "c1", "wrong_identity"},
		"another audience":  {map[string]any{"aud": "kwaad"}, false, nil, "c1", "wrong_identity"},
		"expired":           {map[string]any{"exp": time.Now().Add(-time.Hour).Unix()}, false, nil, "c1", "wrong_identity"},
		"another key":       {nil, true, nil, "c1", "wrong_identity"},
		"another state":     {nil, false, func(s string) string { return s + "x" }, "c1", "wrong_identity"},
		"no state":          {nil, false, func(string) string { return "" }, "c1", "wrong_identity"},
		"another code":      {nil, false, nil, "c2", "wrong_identity"},
		"no code":           {nil, false, nil, "", "wrong_identity"},
		"somebody else":     {map[string]any{"sub": "bram-1"}, false, nil, "c1", "not_linked"},
		"nobody in the end": {map[string]any{"sub": ""}, false, nil, "c1", "wrong_identity"},
	} {
		v := w.visitor()
		state, err := i.visit(v, "")
		if err != nil {
			t.Fatal(err)
		}
		i.claims, i.foreign = c.claims, nil
		if c.foreign {
			i.foreign = other
		}
		if c.state != nil {
			state = c.state(state)
		}
		if _, _, err := v.finish(state, c.code); code(err) != c.want || (c.want != "") == (v.who(t).Staff != "") {
			t.Errorf("%s: %v", what, err)
		}
		if _, _, err := v.finish(state, c.code); err == nil {
			t.Errorf("%s: the same answer a second time", what)
		}
	}
	i.claims, i.foreign = nil, nil
	// Another's browser cannot finish a visit, so nobody is signed in as another.
	v := w.visitor()
	state, err := i.visit(v, "")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := w.visitor().finish(state, "c1"); code(err) != "wrong_identity" {
		t.Errorf("from another browser: %v", err)
	}
	i.down = true
	if _, _, err := v.finish(state, "c1"); code(err) != "provider_unavailable" {
		t.Errorf("the provider away: %v", err)
	}
	if err := w.LinkSubject(t.Context(), bram, "click", "018f0000-0000-7000-8000-0000000000ff", "anna-1"); code(err) != "linked_elsewhere" {
		t.Errorf("one subject for two: %v", err)
	}
	if err := w.LinkSubject(t.Context(), anna, "click", anna, "anna-2"); code(err) != "own_account" {
		t.Errorf("his own: %v", err)
	}
}

// addTOTPNow is addTOTP by the system's clock.
func (v *visitor) addTOTPNow(t *testing.T) {
	t.Helper()
	v.w.now = time.Now()
	v.addTOTP(t)
}
