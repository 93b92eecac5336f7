package auth

import (
	"context"
	"database/sql"
	"errors"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// Set gives a member of staff a sign-in name and password, or replaces the
// password; durable on return. The sessions of that member end. A name that
// belongs to somebody else is refused (login_in_use). It records nothing: the
// act is the caller's to put on record first. Rules: C-0c, S-Bev2.
func (s *Service) Set(ctx context.Context, agency, login, staff, password string) error {
	c, err := s.prepare(ctx, agency, login, staff, password)
	if err != nil {
		return err
	}
	return s.open(ctx, c, nil)
}

// Reset is Set by an actor other than the member of staff, such as the operator. It
// is on record first. All that there was of sessions and tokens ends in the same
// transaction, and each is on record as ended by him; second factors stay.
func (s *Service) Reset(ctx context.Context, actor, agency, login, staff, password string) error {
	c, err := s.prepare(ctx, agency, login, staff, password)
	if err != nil {
		return err
	}
	if err := s.act(ctx, agency, actor, &access.PasswordChanged{Staff: staff}); err != nil {
		return err
	}
	var sessions, tokens []string
	err = s.open(ctx, c, func(tx *sql.Tx) (err error) {
		now := s.clock.Now().UnixMicro()
		if sessions, err = s.ended(ctx, tx, `DELETE FROM signed_in WHERE agency = ? AND staff = ? RETURNING id`, agency, staff); err != nil {
			return err
		}
		tokens, err = s.ended(ctx, tx, `UPDATE tokens SET revoked = ? WHERE agency = ? AND staff = ? AND revoked = 0 AND expires > ? RETURNING id`, now, agency, staff, now)
		return err
	})
	if err != nil {
		return err
	}
	for _, x := range sessions {
		s.noteEnd(ctx, agency, actor, &access.SessionEnded{Session: x, Reason: "account"})
	}
	for _, x := range tokens {
		s.noteEnd(ctx, agency, actor, &access.TokenRevoked{Staff: staff, Token: x})
	}
	return nil
}

// ended gives the ids of what a statement ends.
func (s *Service) ended(ctx context.Context, tx *sql.Tx, text string, args ...any) (ids []string, err error) {
	rows, err := tx.QueryContext(ctx, s.store.q(text), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// credential is a sign-in name and password that may be stored.
type credential struct{ agency, key, staff, hash string }

// prepare checks a name and a password, and does the work of hashing it.
func (s *Service) prepare(ctx context.Context, agency, login, staff, password string) (c credential, err error) {
	login = normalLogin(login)
	if !domain.ValidAgency(agency) {
		return c, domain.Invalid("invalid_agency", "agency", "an agency's name is 1 to 32 of a-z, 0-9 and -")
	}
	if login == "" || len(login) > 200 {
		return c, domain.Invalid("invalid_login", "login", "a sign-in name has 1 to 200 characters")
	}
	if staff, err = domain.ParseID("staff", staff); err != nil {
		return c, err
	}
	if err := s.judge(agency, login, password); err != nil {
		return c, err
	}
	key, err := s.key(agency, login)
	if err != nil {
		return c, err
	}
	var owner string
	err = s.store.db.QueryRowContext(ctx, s.store.q(`SELECT staff FROM users WHERE agency = ? AND login = ?`), agency, key).Scan(&owner)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return c, unavailable(err)
	}
	if err == nil && owner != staff {
		return c, errLoginInUse
	}
	return credential{agency, key, staff, s.hash(password)}, nil
}

// open writes a sign-in name with its hash and opens the account, in one
// transaction together with also.
func (s *Service) open(ctx context.Context, c credential, also func(tx *sql.Tx) error) error {
	now := s.clock.Now().UnixMicro()
	return s.within(ctx, func(tx *sql.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, s.store.q(`INSERT INTO users (agency, login, staff, password, disabled, changed) VALUES (?, ?, ?, ?, 0, ?)
			ON CONFLICT (agency, login) DO UPDATE SET password = excluded.password, disabled = 0, changed = excluded.changed
			WHERE users.staff = excluded.staff`), c.agency, c.key, c.staff, c.hash, now)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errLoginInUse)
		}
		return s.reopen(ctx, tx, c.agency, c.staff, now)
	})
}

var errLoginInUse = domain.Refused("login_in_use", "S-Bev2", "another member of staff has this sign-in name; choose another name")

// reopen opens an account, and ends the sessions that it has.
func (s *Service) reopen(ctx context.Context, tx *sql.Tx, agency, staff string, now int64) error {
	_, err := tx.ExecContext(ctx, s.store.q(`INSERT INTO accounts (agency, staff, closed, since) VALUES (?, ?, 0, ?)
		ON CONFLICT (agency, staff) DO UPDATE SET closed = 0, since = excluded.since`), agency, staff, now)
	return err
}

// within runs f in a transaction. An error of f that is no *domain.Error means
// that the database does not do its work.
func (s *Service) within(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.store.db.BeginTx(ctx, nil)
	if err != nil {
		return unavailable(err)
	}
	defer tx.Rollback() //nolint:errcheck // after Commit it does nothing
	err = f(tx)
	if err == nil {
		err = tx.Commit()
	}
	if err == nil || errors.As(err, new(*domain.Error)) {
		return err
	}
	return unavailable(err)
}

// Disable closes the accounts of a member of staff; their sessions end at
// their next use. Closing is never refused (catalogue §2, EndStaff).
func (s *Service) Disable(ctx context.Context, agency, staff string) error {
	now := s.clock.Now().UnixMicro()
	return s.within(ctx, func(tx *sql.Tx) error {
		for _, text := range []string{
			`UPDATE users SET disabled = 1, changed = ? WHERE agency = ? AND staff = ?`,
			`UPDATE accounts SET closed = 1, since = ? WHERE agency = ? AND staff = ?`,
		} {
			if _, err := tx.ExecContext(ctx, s.store.q(text), now, agency, staff); err != nil {
				return err
			}
		}
		return nil
	})
}

// Agencies lists the agencies in which somebody can sign in, in byte order.
func (s *Service) Agencies(ctx context.Context) ([]string, error) {
	return list(ctx, s, `SELECT agency FROM users UNION SELECT agency FROM linked ORDER BY agency`, func(scan func(...any) error) (a string, err error) {
		return a, scan(&a)
	})
}

// ChangePassword replaces the password of who is signed in, who gives the old one
// again. All other sessions end; this one goes on under another token.
func (s *Service) ChangePassword(ctx context.Context, old, fresh, address string) error {
	id, err := s.mustBeSignedIn(ctx)
	if err != nil {
		return err
	}
	cs := append(s.callers(address), s.of(byLogin, id.Agency+"|"+id.Staff))
	if err := s.take(ctx, cs...); err != nil {
		return err
	}
	key, ok, err := s.ownName(ctx, id, old)
	if err != nil {
		return err
	}
	if !ok {
		s.tell(ctx, id.Agency, id.Staff, denied("password", "wrong_password"))
		return &domain.Error{Kind: domain.KindForbidden, Code: "wrong_password", Rule: "C-0c", Field: "old", Message: "the present password is not right; type it again"}
	}
	s.back(ctx, cs...)
	if err := s.judge(id.Agency, "", fresh); err != nil {
		return err
	}
	c := credential{id.Agency, key, id.Staff, s.hash(fresh)}
	if err := s.act(ctx, id.Agency, id.Staff, &access.PasswordChanged{Staff: id.Staff}); err != nil {
		return err
	}
	if err := s.open(ctx, c, nil); err != nil {
		return err
	}
	if err := s.know(ctx, id.Agency, key); err != nil {
		return err
	}
	return s.Start(ctx, id)
}

// ownName finds which of an account's names has that password.
func (s *Service) ownName(ctx context.Context, id Identity, password string) (key string, ok bool, err error) {
	keys, err := list(ctx, s, `SELECT login FROM users WHERE agency = ? AND staff = ? AND disabled = 0 ORDER BY login`, func(scan func(...any) error) (k string, err error) {
		return k, scan(&k)
	}, id.Agency, id.Staff)
	for _, k := range keys {
		if _, ok, err := s.check(ctx, id.Agency, k, password); ok || err != nil {
			return k, ok, err
		}
	}
	return "", false, err
}

// list reads rows into values.
func list[T any](ctx context.Context, s *Service, text string, row func(scan func(...any) error) (T, error), args ...any) ([]T, error) {
	rows, err := s.store.db.QueryContext(ctx, s.store.q(text), args...)
	if err != nil {
		return nil, unavailable(err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := row(rows.Scan)
		if err != nil {
			return nil, unavailable(err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

// URL is where people reach the pages; "" when that is not known.
func (s *Service) URL() string { return s.url }
