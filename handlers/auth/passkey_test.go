package auth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"github.com/casefile-engine/casefile/handlers/auth"
)

const origin = "https://casefile.example"

// device is an authenticator in software, which does as the test tells it.
type device struct {
	t        *testing.T
	key      *ecdsa.PrivateKey
	id       []byte
	handle   []byte
	count    uint32
	origin   string
	rpid     string
	verifies bool // the person shows who it is
}

func newDevice(t *testing.T) *device {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id) //nolint:errcheck // never fails
	return &device{t: t, key: key, id: id, origin: origin, rpid: "casefile.example", verifies: true}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type asked struct {
	Challenge string
	RP        struct{ ID string } `json:"rp"`
	User      struct{ ID string }
	AuthenticatorSelection,
	Selection struct{ UserVerification, ResidentKey string }
	UserVerification string
}

func (d *device) read(options []byte) (a asked) {
	d.t.Helper()
	if err := json.Unmarshal(options, &a); err != nil {
		d.t.Fatal(err)
	}
	return a
}

func (d *device) client(kind, challenge string) []byte {
	raw, err := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return raw
}

func (d *device) data(flags byte) []byte {
	sum := sha256.Sum256([]byte(d.rpid))
	flags |= 1 // somebody is there
	if d.verifies {
		flags |= 4
	}
	return binary.BigEndian.AppendUint32(append(sum[:], flags), d.count)
}

// create answers to options for a new passkey.
func (d *device) create(options []byte) string {
	d.t.Helper()
	a := d.read(options)
	if a.AuthenticatorSelection.UserVerification != "required" || a.AuthenticatorSelection.ResidentKey != "required" {
		d.t.Errorf("asked with %s", options)
	}
	d.handle, _ = base64.RawURLEncoding.DecodeString(a.User.ID)
	public, err := d.key.PublicKey.Bytes()
	if err != nil {
		d.t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: public[1:33], -3: public[33:]})
	if err != nil {
		d.t.Fatal(err)
	}
	data := append(d.data(0x40), make([]byte, 16)...)
	data = append(binary.BigEndian.AppendUint16(data, uint16(len(d.id))), d.id...)
	data = append(data, cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(d.client("webauthn.create", a.Challenge)), "attestationObject": b64(object)})
}

// get answers to a challenge.
func (d *device) get(options []byte) string {
	d.t.Helper()
	a := d.read(options)
	if a.UserVerification != "required" {
		d.t.Errorf("asked with %s", options)
	}
	d.count++
	client, data := d.client("webauthn.get", a.Challenge), d.data(0)
	sum := sha256.Sum256(client)
	hash := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, d.key, hash[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(d.handle)})
}

func (d *device) answer(response map[string]any) string {
	raw, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		d.t.Fatal(err)
	}
	return string(raw)
}

func (v *visitor) addPasskey(d *device) (codes []string, err error) {
	v.in(func(ctx context.Context) {
		var options []byte
		if options, err = v.w.AddPasskey(ctx); err == nil {
			codes, err = v.w.ConfirmPasskey(ctx, d.create(options))
		}
	})
	return codes, err
}

// passkeyIn signs in with a passkey alone.
func (v *visitor) passkeyIn(answer func(options []byte) string) (err error) {
	v.in(func(ctx context.Context) {
		var options []byte
		if options, err = v.w.PasskeyStart(ctx); err == nil {
			_, err = v.w.PasskeySignIn(ctx, answer(options), "192.0.2.3:1")
		}
	})
	return err
}

func withURL(o *auth.Options) { o.URL = origin }

// C-0c, L-32: a passkey is a second factor, and a whole sign-in.
func TestPasskeys(t *testing.T) { onBoth(t, testPasskeys) }

func testPasskeys(t *testing.T, change func(*auth.Options)) {
	e := &ears{}
	left := false
	w := open(t, change, e.options, withURL, func(o *auth.Options) {
		o.Active = func(context.Context, string, string) (bool, error) { return !left, nil }
	})
	e.listen(w)
	v, d := member(t, w), newDevice(t)
	if codes, err := v.addPasskey(d); err != nil || len(codes) != auth.RecoveryCodes || len(d.handle) != 32 {
		t.Fatalf("%d codes, %v", len(codes), err)
	}

	// As the second factor.
	second := func(v *visitor, change func(answer string) string) (err error) {
		if !v.signIn(t, "anna@click") {
			t.Fatal("no second step")
		}
		v.in(func(ctx context.Context) {
			var options []byte
			if options, err = w.PasskeyChallenge(ctx); err == nil {
				_, err = w.Confirm(ctx, auth.Proof{Kind: "passkey", Value: change(d.get(options))})
			}
		})
		return err
	}
	same := func(s string) string { return s }
	var seen string
	x := w.visitor()
	if err := second(x, func(s string) string { seen = s; return s }); err != nil || x.who(t).FactorAt.IsZero() || e.last() != "allowed passkey " {
		t.Fatalf("%v, recorded %q", err, e.last())
	}
	y := w.visitor()
	if err := second(y, func(string) string { return seen }); code(err) != "wrong_passkey" || e.last() != "denied passkey wrong_passkey" {
		t.Fatalf("an answer of before: %v, recorded %q", err, e.last())
	}

	// Alone.
	z := w.visitor()
	if err := z.passkeyIn(d.get); err != nil || z.who(t).Staff != anna || z.who(t).FactorAt.IsZero() {
		t.Fatalf("%v, %+v", err, z.who(t))
	}

	// What is refused, alone and as the second factor.
	for what, c := range map[string]struct{ begin, end func() }{
		"another site (origin)":    {func() { d.origin = "https://casefile.example.kwaad.example" }, func() { d.origin = origin }},
		"plain http":               {func() { d.origin = "http://casefile.example" }, func() { d.origin = origin }},
		"another site (rp)":        {func() { d.rpid = "kwaad.example" }, func() { d.rpid = "casefile.example" }},
		"nobody showed who it was": {func() { d.verifies = false }, func() { d.verifies = true }},
		"another key":              {func() { d.key = newDevice(t).key }, func() {}},
	} {
		key := d.key
		c.begin()
		n := w.visitor()
		if err := n.passkeyIn(d.get); code(err) != "wrong_passkey" || n.who(t).Staff != "" {
			t.Errorf("%s, alone: %v", what, err)
		}
		if e.last() != "denied passkey wrong_passkey" {
			t.Errorf("%s: recorded %q", what, e.last())
		}
		c.end()
		d.key = key
	}
	d.origin = "https://kwaad.example"
	if err := second(w.visitor(), same); code(err) != "wrong_passkey" {
		t.Errorf("another site, second step: %v", err)
	}
	d.origin = origin

	// A count that does not grow: the key was copied.
	d.count = 0
	if err := w.visitor().passkeyIn(d.get); code(err) != "passkey_copied" || e.last() != "denied passkey passkey_copied" {
		t.Errorf("a copied key: %v, recorded %q", err, e.last())
	}
	d.count = 100
	n := w.visitor()
	if err := n.passkeyIn(func([]byte) string { return `{"id":"x"}` }); code(err) != "wrong_passkey" {
		t.Errorf("no answer at all: %v", err)
	}
	heard := len(e.attempts)
	if err := n.passkeyIn(newDevice(t).get); code(err) != "wrong_passkey" || len(e.attempts) != heard {
		t.Errorf("a passkey that nobody has: %v", err)
	}
	left = true
	if err := w.visitor().passkeyIn(d.get); code(err) != "wrong_passkey" {
		t.Errorf("somebody who left: %v", err)
	}
	left = false
	if err := w.visitor().passkeyIn(d.get); err != nil {
		t.Errorf("at last: %v", err)
	}
}

// C-0c: a passkey is not added for another site, unverified, or twice; and not
// where the server does not know its own address.
func TestAddPasskeyRefuses(t *testing.T) {
	w := open(t, withURL)
	v := member(t, w)
	for what, change := range map[string]func(d *device){
		"another site":             func(d *device) { d.origin = "https://kwaad.example" },
		"nobody showed who it was": func(d *device) { d.verifies = false },
		"another party":            func(d *device) { d.rpid = "kwaad.example" },
	} {
		d := newDevice(t)
		change(d)
		if _, err := v.addPasskey(d); code(err) != "wrong_passkey" {
			t.Errorf("%s: %v", what, err)
		}
	}
	d := newDevice(t)
	if _, err := v.addPasskey(d); err != nil {
		t.Fatal(err)
	}
	if _, err := v.addPasskey(d); err == nil {
		t.Error("the same passkey twice")
	}
	var err error
	v.in(func(ctx context.Context) {
		_, err = w.ConfirmPasskey(ctx, d.create([]byte(`{"authenticatorSelection":{"userVerification":"required","residentKey":"required"}}`)))
	})
	if code(err) != "start_again" {
		t.Errorf("without having begun: %v", err)
	}
	for _, url := range []string{"", "http://192.0.2.1:8080", "http://casefile.example", "https://192.0.2.1"} {
		x := open(t, func(o *auth.Options) { o.URL = url })
		if x.Passkeys() {
			t.Errorf("%q: passkeys are offered", url)
		}
		if _, err := member(t, x).addPasskey(newDevice(t)); code(err) != "no_passkeys" {
			t.Errorf("%q: %v", url, err)
		}
	}
}
