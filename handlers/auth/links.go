package auth

import (
	"context"
	"crypto/rand"
	"database/sql"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
)

// How long the one-time links count.
const (
	InviteLimit = 7 * 24 * time.Hour
	SetupLimit  = time.Hour
)

const (
	linkInvite = "invite" // opens the account of one member of staff
	linkSetup  = "setup"  // makes the first administrator
)

var errLink = &domain.Error{Kind: domain.KindNotFound, Code: "link_gone", Rule: "C-0c",
	Message: "this link was used, has ended or never was; ask for a new one"}

var errOwnAccount = &domain.Error{Kind: domain.KindForbidden, Code: "own_account", Rule: "C-2.7e",
	Message: "nobody gives rights to himself; ask another administrator"}

type link struct {
	digest, agency, staff string
	expires               time.Time
}

func newSecret() string { return strings.ToLower(rand.Text() + rand.Text()) }

// openLink gives a link that still counts; looking at it uses nothing up.
func (s *Service) openLink(ctx context.Context, kind, secret string) (link, error) {
	return s.linkOf(ctx, kind, plainDigest(secret))
}

func (s *Service) linkOf(ctx context.Context, kind, digest string) (link, error) {
	rows, err := list(ctx, s, `SELECT digest, agency, staff, expires FROM links WHERE digest = ? AND kind = ? AND used = 0 AND expires > ?`,
		func(scan func(...any) error) (l link, err error) {
			var expires int64
			err = scan(&l.digest, &l.agency, &l.staff, &expires)
			l.expires = time.UnixMicro(expires).UTC()
			return l, err
		}, digest, kind, s.clock.Now().UnixMicro())
	if err != nil {
		return link{}, err
	}
	if len(rows) == 0 {
		return link{}, errLink
	}
	return rows[0], nil
}

// use uses a link up within a transaction: of two at once one passes.
func (s *Service) use(ctx context.Context, tx *sql.Tx, digest string) error {
	now := s.clock.Now().UnixMicro()
	res, err := tx.ExecContext(ctx, s.store.q(`UPDATE links SET used = ? WHERE digest = ? AND used = 0 AND expires > ?`), now, digest, now)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil {
		return err
	} else if n != 1 {
		return errLink
	}
	return nil
}

// newLink stores a link; the ones of the same kind for the same account no longer count.
func (s *Service) newLink(ctx context.Context, kind, agency, staff string, life time.Duration) (secret string, err error) {
	secret = newSecret()
	now := s.clock.Now()
	err = s.within(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM links WHERE kind = ? AND agency = ? AND staff = ? AND used = 0`), kind, agency, staff); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.store.q(`INSERT INTO links (digest, kind, agency, staff, created, expires, used) VALUES (?, ?, ?, ?, ?, ?, 0)`),
			plainDigest(secret), kind, agency, staff, now.UnixMicro(), now.Add(life).UnixMicro())
		return err
	})
	return secret, err
}

// Invite makes a one-time link with which a member of staff opens his account, or
// opens it anew: a new password, and second factors to be added again. actor is
// an administrator, never the member of staff himself; that he may is the door's
// to know. It is on record before the link counts. secret is shown this once.
func (s *Service) Invite(ctx context.Context, actor, agency, staff string) (secret string, until time.Time, err error) {
	if actor == staff {
		return "", until, errOwnAccount
	}
	if active, err := s.active(ctx, agency, staff); err != nil {
		return "", until, err
	} else if !active {
		return "", until, &domain.Error{Kind: domain.KindRefused, Code: "not_active", Rule: "C-2.7e", Message: "this member of staff is not enrolled, or has left; enrol him first"}
	}
	until = s.clock.Now().Add(InviteLimit).UTC()
	if err := s.act(ctx, agency, actor, &access.AccountInvited{Staff: staff, Until: until}); err != nil {
		return "", until, err
	}
	secret, err = s.newLink(ctx, linkInvite, agency, staff, InviteLimit)
	return secret, until, err
}

// Invited says at which agency an invitation counts, and for whom.
func (s *Service) Invited(ctx context.Context, secret string) (agency, staff string, err error) {
	l, err := s.openLink(ctx, linkInvite, secret)
	return l.agency, l.staff, err
}

// Accept uses an invitation up: the account opens with that sign-in name and
// password, without the names, the link to an identity provider and the second
// factors that it may have had, and the session starts.
// That the name is the one with which the member of staff was enrolled is the
// door's to know.
func (s *Service) Accept(ctx context.Context, secret, login, password string) (Identity, error) {
	l, err := s.openLink(ctx, linkInvite, secret)
	if err != nil {
		return Identity{}, err
	}
	c, err := s.prepare(ctx, l.agency, login, l.staff, password)
	if err != nil {
		return Identity{}, err
	}
	id := Identity{Agency: l.agency, Staff: l.staff}
	if err := s.mayOpen(ctx, id); err != nil {
		return Identity{}, err
	}
	if err := s.act(ctx, l.agency, l.staff, &access.PasswordChanged{Staff: l.staff}); err != nil {
		return Identity{}, err
	}
	err = s.open(ctx, c, func(tx *sql.Tx) error {
		if err := s.use(ctx, tx, l.digest); err != nil {
			return err
		}
		// What the account had before, names and links, opens nothing any more.
		if _, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM users WHERE agency = ? AND staff = ? AND login <> ?`), c.agency, c.staff, c.key); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM linked WHERE agency = ? AND staff = ?`), c.agency, c.staff)
		return err
	})
	if err != nil {
		return Identity{}, err
	}
	if err := s.forget(ctx, id); err != nil {
		return Identity{}, err
	}
	id, _, err = s.passed(ctx, id, "link")
	return id, err
}

// mayOpen refuses to open the account of somebody who has left.
func (s *Service) mayOpen(ctx context.Context, id Identity) error {
	active, err := s.active(ctx, id.Agency, id.Staff)
	if err == nil && !active {
		err = errLink
	}
	return err
}

// forget removes the second factors and tokens of an account that is opened anew.
func (s *Service) forget(ctx context.Context, id Identity) error {
	have, err := s.factors(ctx, id.Agency, id.Staff)
	if err != nil {
		return err
	}
	for i, f := range have {
		if err := s.removeFactor(ctx, id.Staff, f, i == len(have)-1); err != nil {
			return err
		}
	}
	tokens, err := s.tokens(ctx, id.Agency, id.Staff)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := s.RevokeTokenFor(ctx, id.Staff, id.Agency, id.Staff, t.ID); err != nil {
			return err
		}
	}
	return nil
}

// linkInvited uses an invitation up to link an account at the provider; the
// passwords from before open nothing any more.
func (s *Service) linkInvited(ctx context.Context, digest, subject string) error {
	l, err := s.linkOf(ctx, linkInvite, digest)
	if err != nil {
		return err
	}
	if err := s.mayOpen(ctx, Identity{Agency: l.agency, Staff: l.staff}); err != nil {
		return err
	}
	if err := s.act(ctx, l.agency, l.staff, &access.AccountLinked{Staff: l.staff}); err != nil {
		return err
	}
	err = s.link(ctx, l.agency, l.staff, subject, func(tx *sql.Tx) error {
		if err := s.use(ctx, tx, l.digest); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM users WHERE agency = ? AND staff = ?`), l.agency, l.staff)
		return err
	})
	if err != nil {
		return err
	}
	return s.forget(ctx, Identity{Agency: l.agency, Staff: l.staff})
}

// link writes that a subject is a member of staff's, and opens the account.
func (s *Service) link(ctx context.Context, agency, staff, subject string, also func(tx *sql.Tx) error) error {
	now := s.clock.Now().UnixMicro()
	return s.within(ctx, func(tx *sql.Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		res, err := tx.ExecContext(ctx, s.store.q(`INSERT INTO linked (agency, subject, staff, created) VALUES (?, ?, ?, ?)
			ON CONFLICT (agency, subject) DO UPDATE SET created = excluded.created WHERE linked.staff = excluded.staff`), agency, subject, staff, now)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil {
			return err
		} else if n == 0 {
			return domain.Refused("linked_elsewhere", "S-Bev2", "this account at the identity provider is linked to another member of staff; compare the subject")
		}
		if _, err := tx.ExecContext(ctx, s.store.q(`DELETE FROM linked WHERE agency = ? AND staff = ? AND subject <> ?`), agency, staff, subject); err != nil {
			return err
		}
		return s.reopen(ctx, tx, agency, staff, now)
	})
}

// Setup makes the one-time link of the first administrator, once, while nobody
// can sign in anywhere; secret is "" when somebody can.
func (s *Service) Setup(ctx context.Context) (secret string, err error) {
	if begun, err := s.begun(ctx); err != nil || begun {
		return "", err
	}
	return s.newLink(ctx, linkSetup, "", "", SetupLimit)
}

// begun tells whether somebody can sign in.
func (s *Service) begun(ctx context.Context) (bool, error) {
	var open int
	if err := s.store.db.QueryRowContext(ctx, `SELECT COUNT(*) FROM accounts WHERE closed = 0`).Scan(&open); err != nil {
		return false, unavailable(err)
	}
	return open > 0, nil
}

// openSetup is openLink for a setup link, which ends when somebody can sign in.
func (s *Service) openSetup(ctx context.Context, secret string) (link, error) {
	begun, err := s.begun(ctx)
	switch {
	case err != nil:
		return link{}, err
	case begun:
		return link{}, errLink
	}
	return s.openLink(ctx, linkSetup, secret)
}

// SettingUp tells whether a setup link still counts; the error is link_gone
// otherwise.
func (s *Service) SettingUp(ctx context.Context, secret string) error {
	_, err := s.openSetup(ctx, secret)
	return err
}

// FinishSetup uses a setup link up: the account opens and the session starts.
func (s *Service) FinishSetup(ctx context.Context, secret, agency, login, staff, password string) (Identity, error) {
	l, err := s.openSetup(ctx, secret)
	if err != nil {
		return Identity{}, err
	}
	c, err := s.prepare(ctx, agency, login, staff, password)
	if err != nil {
		return Identity{}, err
	}
	if err := s.act(ctx, agency, domain.Operator, &access.PasswordChanged{Staff: staff}); err != nil {
		return Identity{}, err
	}
	if err := s.open(ctx, c, func(tx *sql.Tx) error { return s.use(ctx, tx, l.digest) }); err != nil {
		return Identity{}, err
	}
	id, _, err := s.passed(ctx, Identity{Agency: agency, Staff: staff}, "link")
	return id, err
}

// Judge tells whether a password may be chosen, before anything else is done.
func (s *Service) Judge(agency, login, password string) error {
	return s.judge(agency, normalLogin(login), password)
}

// Account is the state of a member of staff's account, for administrators.
type Account struct {
	Open    bool
	Factor  bool
	Linked  bool
	Invited time.Time // until when an invitation counts; zero: none
}

// Accounts are the accounts of an agency and the invitations, by member of staff.
func (s *Service) Accounts(ctx context.Context, agency string) (map[string]Account, error) {
	out := map[string]Account{}
	type row struct {
		staff string
		n     int64
	}
	read := func(text string, put func(a *Account, n int64), args ...any) error {
		rows, err := list(ctx, s, text, func(scan func(...any) error) (r row, err error) { return r, scan(&r.staff, &r.n) }, args...)
		for _, r := range rows {
			a := out[r.staff]
			put(&a, r.n)
			out[r.staff] = a
		}
		return err
	}
	for _, q := range []struct {
		text string
		put  func(a *Account, n int64)
		args []any
	}{
		{`SELECT staff, 1 FROM accounts WHERE agency = ? AND closed = 0`, func(a *Account, _ int64) { a.Open = true }, []any{agency}},
		{`SELECT DISTINCT staff, 1 FROM factors WHERE agency = ? AND confirmed = 1`, func(a *Account, _ int64) { a.Factor = true }, []any{agency}},
		{`SELECT DISTINCT staff, 1 FROM linked WHERE agency = ?`, func(a *Account, _ int64) { a.Linked = true }, []any{agency}},
		{`SELECT staff, expires FROM links WHERE agency = ? AND kind = 'invite' AND used = 0 AND expires > ?`,
			func(a *Account, n int64) { a.Invited = time.UnixMicro(n).UTC() }, []any{agency, s.clock.Now().UnixMicro()}},
	} {
		if err := read(q.text, q.put, q.args...); err != nil {
			return nil, err
		}
	}
	return out, nil
}
