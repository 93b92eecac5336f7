package verify_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/internal/testkit/tsa"
)

const stamped = "casefile/s/click\n3\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nposition 3\nrecorded 2026-11-20T09:30:00Z\n\n— casefile/s/click AAAA\n"

func roots(t testing.TB, a *tsa.Authority) *x509.CertPool {
	t.Helper()
	b, err := os.ReadFile(a.Roots)
	pool := x509.NewCertPool()
	if err != nil || !pool.AppendCertsFromPEM(b) {
		t.Fatal(err)
	}
	return pool
}

func authority(t testing.TB, critical bool) *tsa.Authority {
	t.Helper()
	a, err := tsa.Start(t.TempDir(), critical)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

func answer(t testing.TB, a *tsa.Authority, signed string, nonce int64) ([]byte, verify.Nonce) {
	t.Helper()
	q, expect, err := verify.StampRequest([]byte(signed), big.NewInt(nonce))
	if err != nil {
		t.Fatal(err)
	}
	b, err := a.Reply(t.Context(), q, "x")
	if err != nil {
		t.Fatal(err)
	}
	return b, expect
}

func noStamp(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, verify.ErrStamp) {
		t.Errorf("%s: %v", what, err)
	}
}

// C-2.1.4d (RFC 3161): an authority's answer is taken for this checkpoint and this
// request alone, and no byte of what it says can be changed.
func TestTimeStamps(t *testing.T) {
	a := authority(t, true)
	b, expect := answer(t, a, stamped, 77)
	s, err := verify.CheckStamp(b, []byte(stamped), roots(t, a), expect)
	if err != nil || !s.Rooted || s.Authority != "CN=Test stamps" || time.Since(s.Time).Abs() > time.Hour || s.Accuracy != time.Second {
		t.Fatal(s, err)
	}
	if s, err := verify.CheckStamp(b, []byte(stamped), nil, verify.Nonce{}); err != nil || s.Rooted {
		t.Error("without roots:", s, err)
	}
	if s, err := verify.CheckStamp(b, []byte(stamped), roots(t, authority(t, true)), expect); err != nil || s.Rooted {
		t.Error("by others' roots:", s, err)
	}
	_, err = verify.CheckStamp(b, []byte(stamped+" "), nil, expect)
	noStamp(t, "another checkpoint", err)
	_, other := answer(t, a, stamped, 78)
	_, err = verify.CheckStamp(b, []byte(stamped), nil, other)
	noStamp(t, "another request", err)
	_, err = verify.CheckStamp(append(b, 0), []byte(stamped), nil, expect)
	noStamp(t, "a byte more", err)
	_, err = verify.CheckStamp(make([]byte, verify.MaxStamp+1), []byte(stamped), nil, expect)
	noStamp(t, "too long", err)
	pool, passed := roots(t, a), 0
	for i := range b {
		c := append([]byte(nil), b...)
		c[i] ^= 1
		got, err := verify.CheckStamp(c, []byte(stamped), pool, expect)
		if err == nil {
			if passed++; got.Time != s.Time || got.Authority != s.Authority && got.Rooted {
				t.Errorf("byte %d of the time stamp can be changed: %+v", i, got)
			}
		}
	}
	if passed > 40 { // versions and parameters that nobody signs
		t.Errorf("%d of %d bytes are of no account", passed, len(b))
	}
	_, err = verify.CheckStamp(b[:len(b)/2], []byte(stamped), nil, expect)
	noStamp(t, "cut short", err)
	refusal, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	if err != nil {
		t.Fatal(err)
	}
	_, err = verify.CheckStamp(refusal, []byte(stamped), nil, expect)
	noStamp(t, "a rejection", err)
}

// C-2.1.4d (RFC 3161 §2.3): a certificate that is not, critically and alone, for
// time stamps stamps nothing.
func TestCertificatesThatMayNotStamp(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(stamped))
	// made is a stamp of the library's own server side by a self-signed certificate.
	made := func(usage []byte, critical bool) ([]byte, *x509.Certificate) {
		t.Helper()
		c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Own"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
		if usage != nil {
			c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: critical, Value: usage}}
		}
		raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		st := &timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: []int{1, 2, 3}, AddTSACertificate: true}
		b, err := st.CreateResponseWithOpts(cert, key, crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		return b, cert
	}
	stamps := []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08}
	both := []byte{0x30, 0x14, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01}
	good, cert := made(stamps, true)
	pool := x509.NewCertPool()
	pool.AddCert(cert)
	if s, err := verify.CheckStamp(good, []byte(stamped), pool, verify.Nonce{}); err != nil || !s.Rooted {
		t.Fatal(s, err)
	}
	for what, b := range map[string][]byte{
		"not critical":    first(made(stamps, false)),
		"for servers too": first(made(both, true)),
		"for anything":    first(made(nil, false)),
	} {
		_, err := verify.CheckStamp(b, []byte(stamped), nil, verify.Nonce{})
		noStamp(t, what, err)
	}
}

// C-2.1.4d (RFC 5816): a certificate put in the place of the one that the stamp
// names stamps nothing, though its key, issuer and number are the same.
func TestACertificateThatTookAnothersPlace(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := func(days int) *x509.Certificate {
		c := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Own"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, days)}
		c.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: true, Value: []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08}}}
		raw, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return cert
	}
	own, other := cert(1), cert(2)
	for len(own.Raw) != len(other.Raw) { // a signature's length differs by chance
		other = cert(2)
	}
	sum := sha256.Sum256([]byte(stamped))
	st := &timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: time.Now(), Policy: []int{1, 2, 3}, AddTSACertificate: true}
	b, err := st.CreateResponseWithOpts(own, key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verify.CheckStamp(b, []byte(stamped), nil, verify.Nonce{}); err != nil {
		t.Fatal(err)
	}
	_, err = verify.CheckStamp(bytes.Replace(b, own.Raw, other.Raw, 1), []byte(stamped), nil, verify.Nonce{})
	noStamp(t, "another certificate", err)
	if err == nil || !strings.Contains(err.Error(), "not the one that it names") {
		t.Error(err)
	}
}

func first(b []byte, _ *x509.Certificate) []byte { return b }

// T9: whatever is given for a time stamp is refused without a panic.
func FuzzStamp(f *testing.F) {
	a := authority(f, true)
	b, _ := answer(f, a, stamped, 7)
	f.Add(b)
	f.Add([]byte{0x30, 0x80})
	f.Fuzz(func(t *testing.T, c []byte) {
		s, err := verify.CheckStamp(c, []byte(stamped), nil, verify.Nonce{})
		if err == nil && s.Authority != "CN=Test stamps" {
			t.Fatalf("%+v", s)
		}
		if err != nil && !errors.Is(err, verify.ErrStamp) {
			t.Fatal(err)
		}
	})
}
