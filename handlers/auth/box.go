package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// box seals what an account keeps (secrets of second factors, names of tokens)
// under a key of the agency's vault for that account: the state database alone,
// a dump or a backup of it opens none of it.
func (s *Service) box(agency, use, staff string) (cipher.AEAD, error) {
	k := s.material(agency, use, staff)
	if len(k) < 32 {
		return nil, unavailable(errors.New("auth: no key of the account"))
	}
	b, err := aes.NewCipher(k[:32])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

// seal gives nonce and ciphertext, bound to the agency and the account.
func (s *Service) sealed(agency, use, staff string, plain []byte) ([]byte, error) {
	a, err := s.box(agency, use, staff)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, a.NonceSize())
	rand.Read(nonce) //nolint:errcheck // never fails since Go 1.24
	return a.Seal(nonce, nonce, plain, []byte(agency+"|"+staff)), nil
}

func (s *Service) opened(agency, use, staff string, sealed []byte) ([]byte, error) {
	a, err := s.box(agency, use, staff)
	if err != nil {
		return nil, err
	}
	if len(sealed) < a.NonceSize() {
		return nil, unavailable(errors.New("auth: a sealed value is too short"))
	}
	plain, err := a.Open(nil, sealed[:a.NonceSize()], sealed[a.NonceSize():], []byte(agency+"|"+staff))
	if err != nil {
		return nil, unavailable(errors.New("auth: a sealed value does not open with the key of its account"))
	}
	return plain, nil
}

// keyed is the keyed digest, in hex, of a secret that people hold.
func (s *Service) keyed(agency, use, staff, secret string) (string, error) {
	k := s.material(agency, use, staff)
	if len(k) < 32 {
		return "", unavailable(errors.New("auth: no key of the account"))
	}
	m := hmac.New(sha256.New, k[:32])
	m.Write([]byte(secret))
	return hex.EncodeToString(m.Sum(nil)), nil
}

// plainDigest is for secrets that are random and long: nobody guesses those.
func plainDigest(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
