package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"net/url"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/casefile-engine/casefile/domain"
)

// The settings that every authenticator app knows (RFC 6238).
const (
	totpPeriod = 30 // seconds
	totpBytes  = 20 // of the secret
	totpDrift  = 1  // steps of a clock that differs
)

// TOTP is a secret that an app is to take over.
type TOTP struct {
	Factor string // its id, to confirm it with
	Secret string // base32, as it is typed
	URL    string // otpauth:, as it stands in the picture
}

// AddTOTP makes a secret for who is signed in. It counts only once ConfirmTOTP
// has seen a code made with it; one that was begun before no longer can.
func (s *Service) AddTOTP(ctx context.Context) (TOTP, error) {
	id, err := s.mayAdd(ctx)
	if err != nil {
		return TOTP{}, err
	}
	raw := make([]byte, totpBytes)
	rand.Read(raw) //nolint:errcheck // never fails since Go 1.24
	data, err := s.sealed(id.Agency, "totp", id.Staff, raw)
	if err != nil {
		return TOTP{}, err
	}
	factor := newFactor()
	if _, err := s.store.db.ExecContext(ctx, s.store.q(`DELETE FROM factors WHERE agency = ? AND staff = ? AND kind = 'totp' AND confirmed = 0`), id.Agency, id.Staff); err != nil {
		return TOTP{}, unavailable(err)
	}
	_, err = s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO factors (id, agency, staff, kind, data, look_up, counter, confirmed, created, used) VALUES (?, ?, ?, 'totp', ?, ?, 0, 0, ?, 0)`),
		factor, id.Agency, id.Staff, data, factor, s.clock.Now().UnixMicro())
	if err != nil {
		return TOTP{}, unavailable(err)
	}
	return newTOTP(factor, id.Agency, raw), nil
}

func newTOTP(factor, agency string, raw []byte) TOTP {
	t := TOTP{Factor: factor, Secret: base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)}
	t.URL = "otpauth://totp/" + url.PathEscape("casefile:"+agency) + "?" + url.Values{"secret": {t.Secret}, "issuer": {"casefile"}}.Encode()
	return t
}

// PendingTOTP is a secret that waits to be confirmed, to show it again.
func (s *Service) PendingTOTP(ctx context.Context, factor string) (TOTP, error) {
	id, err := s.mayAdd(ctx)
	if err != nil {
		return TOTP{}, err
	}
	_, raw, err := s.waiting(ctx, id, factor)
	if err != nil {
		return TOTP{}, err
	}
	return newTOTP(factor, id.Agency, raw), nil
}

func (s *Service) waiting(ctx context.Context, id Identity, factor string) (f factorRow, raw []byte, err error) {
	rows, err := list(ctx, s, factorColumns+`WHERE id = ? AND agency = ? AND staff = ? AND kind = 'totp' AND confirmed = 0 AND created > ?`, scanFactor,
		factor, id.Agency, id.Staff, s.clock.Now().Add(-enrolLimit).UnixMicro())
	if err != nil {
		return f, nil, err
	}
	if len(rows) == 0 {
		return f, nil, domain.Refused("factor_gone", "C-0c", "this took too long, or was begun anew elsewhere; start again with a new picture")
	}
	raw, err = s.opened(id.Agency, "totp", id.Staff, rows[0].data)
	return rows[0], raw, err
}

// ConfirmTOTP makes a secret count once a code shows that the app has it. codes
// are the recovery codes that come with the first factor, shown this once.
func (s *Service) ConfirmTOTP(ctx context.Context, factor, code string) (codes []string, err error) {
	id, err := s.mayAdd(ctx)
	if err != nil {
		return nil, err
	}
	f, raw, err := s.waiting(ctx, id, factor)
	if err != nil {
		return nil, err
	}
	who := s.of(byFactor, id.Agency+"|"+id.Staff)
	if err := s.take(ctx, who); err != nil {
		return nil, err
	}
	step, ok := matchTOTP(raw, code, s.clock.Now(), f.counter)
	if !ok {
		return nil, errWrongFactor
	}
	s.back(ctx, who)
	return s.added(ctx, id, f.ID, "totp", func() error {
		res, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE factors SET confirmed = 1, counter = ?, used = ? WHERE id = ? AND confirmed = 0`),
			step, s.clock.Now().UnixMicro(), f.ID)
		return once(res, err)
	})
}

// matchTOTP finds the step, later than last, whose code it is.
func matchTOTP(raw []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = digits(strings.TrimSpace(code))
	secret := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	present := now.Unix() / totpPeriod
	for at := present - totpDrift; at <= present+totpDrift; at++ {
		want, err := hotp.GenerateCodeCustom(secret, uint64(at), hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
		// Every step is compared, so that the time says nothing.
		if err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 && at > last {
			step, ok = at, true
		}
	}
	return step, ok
}

// proveTOTP checks a code and uses its step up: of two requests with one code at
// once one passes, and no earlier code counts afterwards (RFC 6238 §5.2).
func (s *Service) proveTOTP(ctx context.Context, id Identity, code string) error {
	have, err := s.factors(ctx, id.Agency, id.Staff)
	if err != nil {
		return err
	}
	for _, f := range have {
		if f.Kind != "totp" {
			continue
		}
		raw, err := s.opened(id.Agency, "totp", id.Staff, f.data)
		if err != nil {
			return err
		}
		step, ok := matchTOTP(raw, code, s.clock.Now(), f.counter)
		if !ok {
			continue
		}
		res, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE factors SET counter = ?, used = ? WHERE id = ? AND confirmed = 1 AND counter < ?`),
			step, s.clock.Now().UnixMicro(), f.ID, step)
		return once(res, err)
	}
	return errWrongFactor
}
