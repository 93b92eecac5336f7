// Package tsa is a time-stamping authority (RFC 3161) for tests: OpenSSL's, behind
// HTTP, with certificates of its own.
package tsa

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// Authority stamps until it is closed.
type Authority struct {
	URL   string
	Roots string // file with its root certificate
	Asked atomic.Int64
	// Instead, when set, answers in its place.
	Instead atomic.Pointer[http.HandlerFunc]

	dir  string
	http *httptest.Server
}

// purpose is the extended key usage of the authority's certificate.
var purpose = []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08}

// Start makes certificates in dir and serves; critical is whether the certificate
// says critically that it is for time stamps, as RFC 3161 has it.
func Start(dir string, critical bool) (*Authority, error) {
	a := &Authority{dir: dir, Roots: filepath.Join(dir, "root.pem")}
	if err := a.certificates(critical); err != nil {
		return nil, err
	}
	conf := fmt.Sprintf("[tsa]\ndefault_tsa = t\n[t]\nserial = %s\ncrypto_device = builtin\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\ndigests = sha256\naccuracy = secs:1\nordering = no\ntsa_name = no\ness_cert_id_chain = no\ness_cert_id_alg = sha256\n", a.file("serial"))
	for name, text := range map[string]string{"conf": conf, "serial": "01\n"} {
		if err := os.WriteFile(a.file(name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	a.http = httptest.NewServer(http.HandlerFunc(a.serve))
	a.URL = a.http.URL
	return a, nil
}

// Close ends it.
func (a *Authority) Close() { a.http.Close() }

func (a *Authority) file(name string) string { return filepath.Join(a.dir, name) }

func (a *Authority) serve(w http.ResponseWriter, r *http.Request) {
	n := a.Asked.Add(1)
	if f := a.Instead.Load(); f != nil {
		(*f)(w, r)
		return
	}
	b, err := io.ReadAll(r.Body)
	if err == nil {
		b, err = a.Reply(r.Context(), b, fmt.Sprint(n))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(b) // nobody is left to tell
}

// Reply answers a request; name keeps requests at once apart.
func (a *Authority) Reply(ctx context.Context, request []byte, name string) ([]byte, error) {
	q, out := a.file("query"+name), a.file("reply"+name)
	if err := os.WriteFile(q, request, 0o600); err != nil {
		return nil, err
	}
	c := exec.CommandContext(ctx, "openssl", "ts", "-reply", "-config", a.file("conf"), "-section", "t", "-queryfile", q, "-inkey", a.file("key.pem"), "-signer", a.file("cert.pem"), "-out", out)
	if said, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("openssl ts -reply: %w: %s", err, said)
	}
	return os.ReadFile(out)
}

// Verify has OpenSSL check an answer over data.
func (a *Authority) Verify(ctx context.Context, answer, data string) error {
	said, err := exec.CommandContext(ctx, "openssl", "ts", "-verify", "-in", answer, "-data", data, "-CAfile", a.Roots).CombinedOutput()
	if err != nil {
		return fmt.Errorf("openssl ts -verify: %w: %s", err, said)
	}
	return nil
}

func (a *Authority) certificates(critical bool) error {
	root, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	day := 24 * time.Hour
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test root"}, NotBefore: time.Now().Add(-day), NotAfter: time.Now().Add(day),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, ca, ca, &root.PublicKey, root)
	if err != nil {
		return err
	}
	own := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Test stamps"}, NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature}
	own.ExtraExtensions = []pkix.Extension{{Id: []int{2, 5, 29, 37}, Critical: critical, Value: purpose}}
	cert, err := x509.CreateCertificate(rand.Reader, own, ca, &key.PublicKey, root)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, b := range map[string]*pem.Block{
		"root.pem": {Type: "CERTIFICATE", Bytes: raw}, "cert.pem": {Type: "CERTIFICATE", Bytes: cert}, "key.pem": {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(a.file(name), pem.EncodeToMemory(b), 0o600); err != nil {
			return err
		}
	}
	return nil
}
