package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// Limits on what an account keeps.
const (
	maxFactors    = 10
	RecoveryCodes = 10
	// enrolLimit is how long a second factor may wait to be proved the first time.
	enrolLimit = time.Hour
)

// Factor is a second factor of an account.
type Factor struct {
	ID, Kind      string // kind: totp, passkey
	Created, Used time.Time
}

type factorRow struct {
	Factor
	agency, staff string
	data          []byte
	counter       int64
}

const factorColumns = `SELECT id, agency, staff, kind, data, counter, created, used FROM factors `

func scanFactor(scan func(...any) error) (f factorRow, err error) {
	var created, used int64
	err = scan(&f.ID, &f.agency, &f.staff, &f.Kind, &f.data, &f.counter, &created, &used)
	f.Created = time.UnixMicro(created).UTC()
	if used > 0 {
		f.Used = time.UnixMicro(used).UTC()
	}
	return f, err
}

func (s *Service) factors(ctx context.Context, agency, staff string) ([]factorRow, error) {
	return list(ctx, s, factorColumns+`WHERE agency = ? AND staff = ? AND confirmed = 1 ORDER BY created, id`, scanFactor, agency, staff)
}

// Factors are the second factors of who is signed in, and how many recovery
// codes are left.
func (s *Service) Factors(ctx context.Context) ([]Factor, int, error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return nil, 0, err
	}
	rows, err := s.factors(ctx, id.Agency, id.Staff)
	if err != nil {
		return nil, 0, err
	}
	out := make([]Factor, len(rows))
	for i := range rows {
		out[i] = rows[i].Factor
	}
	left, err := s.recoveryLeft(ctx, id.Agency, id.Staff)
	return out, left, err
}

// kinds are the kinds of factor that an account has, in byte order, each once.
func (s *Service) kinds(ctx context.Context, agency, staff string) ([]string, error) {
	return list(ctx, s, `SELECT DISTINCT kind FROM factors WHERE agency = ? AND staff = ? AND confirmed = 1 ORDER BY kind`,
		func(scan func(...any) error) (k string, err error) { return k, scan(&k) }, agency, staff)
}

// mayAdd is who is signed in, when he may add a factor now.
func (s *Service) mayAdd(ctx context.Context) (Identity, error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return id, err
	}
	if err := s.fresh(ctx, id); err != nil {
		return id, err
	}
	have, err := s.factors(ctx, id.Agency, id.Staff)
	if err == nil && len(have) >= maxFactors {
		err = domain.Refused("too_many_factors", "C-0c", "this account has ten second steps already; remove one that is not used first")
	}
	return id, err
}

// added makes a proved factor count, once that is on record. The first one ends
// all other sessions, which began without it, and brings recovery codes.
func (s *Service) added(ctx context.Context, id Identity, factor, kind string, confirm func() error) (codes []string, err error) {
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	if err != nil {
		return nil, err
	}
	if err := s.act(ctx, id.Agency, id.Staff, &access.FactorAdded{Staff: id.Staff, Factor: factor, Kind: kind}); err != nil {
		return nil, err
	}
	if err := confirm(); err != nil {
		return nil, err
	}
	if err := s.proved(ctx, id); err != nil {
		return nil, err
	}
	if len(have) > 0 {
		return nil, nil
	}
	if err := s.endOthers(ctx, id, ""); err != nil {
		return nil, err
	}
	return s.renewRecovery(ctx, id)
}

// RemoveFactor removes a factor of who is signed in, who proved one a moment ago.
// The last one stays where a second factor is required.
func (s *Service) RemoveFactor(ctx context.Context, factor string) error {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return err
	}
	if err := s.fresh(ctx, id); err != nil {
		return err
	}
	have, err := s.factors(ctx, id.Agency, id.Staff)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(have, func(f factorRow) bool { return f.ID == factor })
	switch {
	case i < 0:
		return nil // removed already
	case len(have) == 1 && s.required:
		return domain.Refused("last_factor", "C-0c", "a second step is required here and this is the only one; add another first")
	}
	return s.removeFactor(ctx, id.Staff, have[i], len(have) == 1)
}

func (s *Service) removeFactor(ctx context.Context, actor string, f factorRow, last bool) error {
	if err := s.act(ctx, f.agency, actor, &access.FactorRemoved{Staff: f.staff, Factor: f.ID, Kind: f.Kind}); err != nil {
		return err
	}
	if _, err := s.store.db.ExecContext(ctx, s.store.q(`DELETE FROM factors WHERE id = ?`), f.ID); err != nil {
		return unavailable(err)
	}
	if !last {
		return nil
	}
	if _, err := s.store.db.ExecContext(ctx, s.store.q(`DELETE FROM recovery WHERE agency = ? AND staff = ?`), f.agency, f.staff); err != nil {
		return unavailable(err)
	}
	return nil
}

func (s *Service) recoveryLeft(ctx context.Context, agency, staff string) (n int, err error) {
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT COUNT(*) FROM recovery WHERE agency = ? AND staff = ? AND used = 0`), agency, staff).Scan(&n)
	if err != nil {
		return 0, unavailable(err)
	}
	return n, nil
}

// RenewRecovery gives new recovery codes, which are shown this once; the ones
// before no longer count.
func (s *Service) RenewRecovery(ctx context.Context) ([]string, error) {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.fresh(ctx, id); err != nil {
		return nil, err
	}
	have, err := s.kinds(ctx, id.Agency, id.Staff)
	if err != nil {
		return nil, err
	}
	if len(have) == 0 {
		return nil, domain.Refused("no_factor", "C-0c", "recovery codes stand in for a second step, and this account has none; add one first")
	}
	return s.renewRecovery(ctx, id)
}

func (s *Service) renewRecovery(ctx context.Context, id Identity) ([]string, error) {
	codes, sums := make([]string, RecoveryCodes), make([]string, RecoveryCodes)
	for i := range codes {
		t := strings.ToLower(rand.Text()[:12]) // 60 bits, and stored under a key
		codes[i] = t[:4] + "-" + t[4:8] + "-" + t[8:]
		var err error
		if sums[i], err = s.keyed(id.Agency, "recovery", id.Staff, t); err != nil {
			return nil, err
		}
	}
	if err := s.act(ctx, id.Agency, id.Staff, &access.RecoveryCodesRenewed{Staff: id.Staff, Count: len(codes)}); err != nil {
		return nil, err
	}
	tx, err := s.store.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, unavailable(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	if _, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM recovery WHERE agency = ? AND staff = ?`), id.Agency, id.Staff); err != nil {
		return nil, unavailable(err)
	}
	for _, sum := range sums {
		if _, err := tx.ExecContext(ctx, s.store.q(`INSERT INTO recovery (agency, staff, digest, used) VALUES (?, ?, ?, 0)`), id.Agency, id.Staff, sum); err != nil {
			return nil, unavailable(err)
		}
	}
	if err := tx.Commit(); err != nil {
		return nil, unavailable(err)
	}
	return codes, nil
}

// useRecovery uses a code up; of two that come with it at once one passes.
func (s *Service) useRecovery(ctx context.Context, id Identity, code string) error {
	sum, err := s.keyed(id.Agency, "recovery", id.Staff, strings.ToLower(digits(strings.TrimSpace(code))))
	if err != nil {
		return err
	}
	res, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE recovery SET used = ? WHERE agency = ? AND staff = ? AND digest = ? AND used = 0`),
		s.clock.Now().UnixMicro(), id.Agency, id.Staff, sum)
	if err != nil {
		return unavailable(err)
	}
	if n, err := res.RowsAffected(); err != nil {
		return unavailable(err)
	} else if n != 1 {
		return errWrongFactor
	}
	return nil
}

func newFactor() string { return uuid.NewString() }

// once tells whether a change was made by this request and no other.
func once(res sql.Result, err error) error {
	if err != nil {
		return unavailable(err)
	}
	n, err := res.RowsAffected()
	switch {
	case err != nil:
		return unavailable(err)
	case n != 1:
		return errWrongFactor
	}
	return nil
}
