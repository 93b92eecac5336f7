package verify

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // the digest by which older authorities name their certificate
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// ErrStamp: bytes are no good time stamp of this checkpoint (RFC 3161).
var ErrStamp = errors.New("ledger: not a time stamp of this checkpoint")

// MaxStamp is the largest answer of a time-stamping authority in bytes that is
// looked at; theirs take some 2 to 8 KB.
const MaxStamp = 64 << 10

// Stamp is what a time-stamping authority says.
type Stamp struct {
	// Time is when the checkpoint existed by the authority's clock; Accuracy is how
	// far off it may be, 0 where the authority does not say.
	Time     time.Time
	Accuracy time.Duration
	// Authority is the subject of the authority's certificate.
	Authority string
	// Rooted tells that the certificate leads to one of the roots that were given.
	Rooted bool
}

// Nonce is whether the answer repeats the nonce of the request.
type Nonce struct{ want *big.Int }

// StampRequest gives a request (RFC 3161, DER) for a time stamp over the SHA-256
// of a signed checkpoint as its file holds it, which asks for the certificates too.
func StampRequest(signed []byte, nonce *big.Int) (request []byte, expect Nonce, err error) {
	sum := sha256.Sum256(signed)
	request, err = (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}).Marshal()
	return request, Nonce{nonce}, err
}

// CheckStamp checks an authority's answer (RFC 3161 TimeStampResp, DER) over a
// signed checkpoint: that it is granted, is of this checkpoint, and is signed by
// the one certificate in it that may stamp times and that it names (RFC 5816).
// roots, when given, say whether that certificate leads to one of them at the
// stamp's own time. expect is the request's nonce, zero when it is no longer
// known. Errors wrap ErrStamp.
func CheckStamp(response, signed []byte, roots *x509.CertPool, expect Nonce) (s Stamp, err error) {
	defer func() {
		if r := recover(); r != nil { // the parser of another's ASN.1 may fall over what nobody should send
			s, err = Stamp{}, fmt.Errorf("%w: it has no form", ErrStamp)
		}
	}()
	if len(response) > MaxStamp {
		return s, fmt.Errorf("%w: it is over %d bytes", ErrStamp, MaxStamp)
	}
	t, err := timestamp.ParseResponse(response)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrStamp, err)
	}
	sum := sha256.Sum256(signed)
	switch {
	case t.HashAlgorithm != crypto.SHA256 || !bytes.Equal(t.HashedMessage, sum[:]):
		return s, fmt.Errorf("%w: it is of something else", ErrStamp)
	case expect.want != nil && (t.Nonce == nil || t.Nonce.Cmp(expect.want) != 0):
		return s, fmt.Errorf("%w: it answers another request", ErrStamp)
	}
	p, err := pkcs7.Parse(t.RawToken)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrStamp, err)
	}
	cert, err := stamper(p)
	if err != nil {
		return s, fmt.Errorf("%w: %w", ErrStamp, err)
	}
	s = Stamp{Time: t.Time.UTC(), Accuracy: t.Accuracy, Authority: cert.Subject.String()}
	s.Rooted = roots != nil && rooted(cert, p.Certificates, roots, t.Time)
	return s, nil
}

var (
	oidTSTInfo        = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidContentType    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidSigningCert    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage    = asn1.ObjectIdentifier{2, 5, 29, 37}
	oidSHA256         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA384         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}
	oidSHA512         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	errNotSigned      = errors.New("nobody signed it, or more than one")
	errNoStamper      = errors.New("its signer's certificate is not one for time stamps alone")
	errOtherStamper   = errors.New("its signer's certificate is not the one that it names")
	errOtherContent   = errors.New("what is signed is no time stamp")
	errBadSignature   = errors.New("its signature does not hold")
	errNoCertificates = errors.New("it has no certificates")
)

// stamper gives the certificate that signed the token, after checking that it may.
func stamper(p *pkcs7.PKCS7) (*x509.Certificate, error) {
	if len(p.Certificates) == 0 {
		return nil, errNoCertificates
	}
	cert := p.GetOnlySigner()
	if cert == nil {
		return nil, errNotSigned
	}
	var content asn1.ObjectIdentifier
	if p.UnmarshalSignedAttribute(oidContentType, &content) != nil || !content.Equal(oidTSTInfo) {
		return nil, errOtherContent
	}
	if p.Verify() != nil {
		return nil, errBadSignature
	}
	critical := slices.ContainsFunc(cert.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	if !critical || len(cert.ExtKeyUsage) != 1 || cert.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(cert.UnknownExtKeyUsage) > 0 {
		return nil, errNoStamper
	}
	if !names(p, cert) {
		return nil, errOtherStamper
	}
	return cert, nil
}

// names tells whether the signed attributes name the certificate: ESSCertIDv2
// (RFC 5816), or ESSCertID with SHA-1 (RFC 3161).
func names(p *pkcs7.PKCS7, cert *x509.Certificate) bool {
	var v2 struct {
		Certs []struct {
			Hash   pkix.AlgorithmIdentifier `asn1:"optional"`
			Digest []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	if p.UnmarshalSignedAttribute(oidSigningCertV2, &v2) == nil && len(v2.Certs) > 0 {
		var sum []byte
		switch of := v2.Certs[0].Hash.Algorithm; {
		case len(of) == 0 || of.Equal(oidSHA256):
			b := sha256.Sum256(cert.Raw)
			sum = b[:]
		case of.Equal(oidSHA384):
			b := sha512.Sum384(cert.Raw)
			sum = b[:]
		case of.Equal(oidSHA512):
			b := sha512.Sum512(cert.Raw)
			sum = b[:]
		}
		return sum != nil && bytes.Equal(v2.Certs[0].Digest, sum)
	}
	var v1 struct {
		Certs []struct {
			Digest []byte
			Issuer asn1.RawValue `asn1:"optional"`
		}
		Policies asn1.RawValue `asn1:"optional"`
	}
	sum := sha1.Sum(cert.Raw) //nolint:gosec // as the token has it
	return p.UnmarshalSignedAttribute(oidSigningCert, &v1) == nil && len(v1.Certs) > 0 && bytes.Equal(v1.Certs[0].Digest, sum[:])
}

// rooted tells whether the certificate led to a root when it stamped.
func rooted(cert *x509.Certificate, others []*x509.Certificate, roots *x509.CertPool, at time.Time) bool {
	between := x509.NewCertPool()
	for _, c := range others {
		between.AddCert(c)
	}
	_, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	return err == nil
}
