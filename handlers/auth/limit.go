package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"time"
)

// limit is how many attempts of one class may fail within a window. The counts
// are in SQL, so that all instances share them and a restart forgives nothing.
type limit struct {
	class  string
	most   int
	window time.Duration
}

var (
	byLogin   = limit{"login", AttemptsPerLogin, AttemptWindow}
	byAddress = limit{"address", AttemptsPerAddress, AttemptWindow}
	// The second factor has two: six digits withstand few guesses, and whoever
	// guesses them has the password already.
	byFactor    = limit{"factor", AttemptsPerFactor, AttemptWindow}
	byFactorDay = limit{"factor-day", AttemptsPerFactorDay, 24 * time.Hour}
	byToken     = limit{"token", AttemptsPerLogin, AttemptWindow}
)

// counter names one count: a limit and whom it is for.
type counter struct {
	limit
	key string
}

// of makes a counter. The key says neither name nor address.
func (s *Service) of(l limit, who string) counter {
	m := hmac.New(sha256.New, []byte(s.salt))
	m.Write([]byte(l.class + "\x00" + who))
	return counter{l, hex.EncodeToString(m.Sum(nil))}
}

// callers are the counters of a caller's address; none where that is a proxy's.
func (s *Service) callers(address string) []counter {
	if s.proxied {
		return nil
	}
	return []counter{s.of(byAddress, hostOf(address))}
}

// blocked says how long to wait when any of the counters is full.
func (s *Service) blocked(ctx context.Context, cs ...counter) (wait time.Duration, err error) {
	now := s.clock.Now()
	for _, c := range cs {
		var count, until int64
		err := s.store.db.QueryRowContext(ctx, s.store.q(`SELECT count, until FROM attempts WHERE key = ?`), c.key).Scan(&count, &until)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return 0, unavailable(err)
		}
		if left := time.UnixMicro(until).Sub(now); left > 0 && count >= int64(c.most) {
			wait = max(wait, left)
		}
	}
	return wait, nil
}

// take counts an attempt before it is made, so that many at once do not pass
// the limit. The error is too_many_attempts when there have been too many.
func (s *Service) take(ctx context.Context, cs ...counter) error {
	for _, c := range cs {
		now := s.clock.Now()
		var count, until int64
		err := s.store.db.QueryRowContext(ctx, s.store.q(`INSERT INTO attempts (key, count, until) VALUES (?, 1, ?)
			ON CONFLICT (key) DO UPDATE SET
				count = CASE WHEN attempts.until <= ? THEN 1 ELSE attempts.count + 1 END,
				until = CASE WHEN attempts.until <= ? THEN excluded.until ELSE attempts.until END
			RETURNING count, until`), c.key, now.Add(c.window).UnixMicro(), now.UnixMicro(), now.UnixMicro()).Scan(&count, &until)
		if err != nil {
			return unavailable(err)
		}
		if count > int64(c.most) {
			return tooMany(time.UnixMicro(until).Sub(now))
		}
	}
	return nil
}

// back takes an attempt off again: it succeeded, or was not made. That a count
// stays too high keeps nobody out for longer than the window.
func (s *Service) back(ctx context.Context, cs ...counter) {
	for _, c := range cs {
		if _, err := s.store.db.ExecContext(ctx, s.store.q(`UPDATE attempts SET count = count - 1 WHERE key = ? AND count > 0`), c.key); err != nil {
			s.log.Warn("a count of attempts could not be lowered", "class", c.class, "err", err)
		}
	}
}

// openSalt reads the key of the counters, or makes it: one for all instances.
func (s *Service) openSalt(ctx context.Context) error {
	if _, err := s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO auth_salt (id, salt) VALUES (1, ?) ON CONFLICT (id) DO NOTHING`), rand.Text()); err != nil {
		return err
	}
	return s.store.db.QueryRowContext(ctx, `SELECT salt FROM auth_salt WHERE id = 1`).Scan(&s.salt)
}
