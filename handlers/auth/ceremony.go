package auth

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"
)

// The kinds of ceremony: an exchange with a browser or an identity provider that
// the engine begins and that is finished once.
const (
	ceremonyAdd    = "add"    // a passkey is added
	ceremonySecond = "second" // a passkey is the second factor
	ceremonySignIn = "signin" // a passkey is the whole sign-in
	ceremonyOIDC   = "oidc"   // an identity provider says who it is
)

// begin keeps what has to be known at the end of a ceremony, bound to this
// session. One begun before under the same kind can no longer be finished.
func (s *Service) begin(ctx context.Context, kind string, data any, life time.Duration) error {
	raw, err := json.Marshal(data)
	if err != nil {
		return err
	}
	secret := rand.Text()
	_, err = s.store.db.ExecContext(ctx, s.store.q(`INSERT INTO ceremonies (id, data, expires) VALUES (?, ?, ?)`),
		plainDigest(kind+":"+secret), raw, s.clock.Now().Add(life).UnixMicro())
	if err != nil {
		return unavailable(err)
	}
	s.sessions.Put(ctx, keyCeremony+kind, secret)
	return nil
}

// finish takes the ceremony of this session away: of two requests at once one
// gets it, so that an answer counts once.
func (s *Service) finish(ctx context.Context, kind string, data any) (ok bool, err error) {
	secret := s.sessions.PopString(ctx, keyCeremony+kind)
	if secret == "" {
		return false, nil
	}
	rows, err := list(ctx, s, `DELETE FROM ceremonies WHERE id = ? AND expires > ? RETURNING data`,
		func(scan func(...any) error) (raw []byte, err error) { return raw, scan(&raw) }, plainDigest(kind+":"+secret), s.clock.Now().UnixMicro())
	if err != nil || len(rows) == 0 {
		return false, err
	}
	return true, json.Unmarshal(rows[0], data)
}
