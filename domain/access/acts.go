package access

import (
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// The types of event of what people do with accounts. Credentials themselves
// never stand on the stream: these hold ids, codes and times (architecture §1).
const (
	TypeSessionStarted  = "session.started"
	TypeSessionEnded    = "session.ended"
	TypeFactorAdded     = "factor.added"
	TypeFactorRemoved   = "factor.removed"
	TypeRecoveryRenewed = "recovery_codes.renewed"
	TypePasswordChanged = "password.changed"
	TypeAccountInvited  = "account.invited"
	TypeAccountLinked   = "account.linked"
	TypeTokenIssued     = "token.issued"
	TypeTokenRevoked    = "token.revoked"
)

// Methods are the ways of signing in: what was given last. A sign-in with a
// second factor has that factor's method.
var Methods = []string{"password", "totp", "passkey", "recovery_code", "oidc", "token", "link"}

// FactorKinds are the kinds of second factor.
var FactorKinds = []string{"totp", "passkey"}

// SessionEnds are the reasons for which a session ends.
var SessionEnds = []string{"signed_out", "ended_elsewhere", "idle", "absolute", "account"}

// Each event below stands on the aggregate of who did it: the member of staff
// himself, an administrator, or the operator. Staff is whom it is about. None
// has sections. What grants something is on the stream before it takes effect.

// SessionStarted is a session that begins after a sign-in was right.
type SessionStarted struct {
	Session domain.ID `json:"session"`
	// Factor tells that a second factor was proved at its start.
	Factor bool `json:"factor,omitzero"`
}

// SessionEnded is a session that ended, by its owner or by a limit. One that ran
// out without being used again ends without an event.
type SessionEnded struct {
	Session domain.ID `json:"session"`
	Reason  string    `json:"reason"` // SessionEnds
}

// FactorAdded is a second factor that was proved once and counts from now on.
type FactorAdded struct {
	Staff  domain.ID `json:"staff"`
	Factor domain.ID `json:"factor"`
	Kind   string    `json:"kind"` // FactorKinds
}

// FactorRemoved is a second factor that no longer counts.
type FactorRemoved struct {
	Staff  domain.ID `json:"staff"`
	Factor domain.ID `json:"factor"`
	Kind   string    `json:"kind"`
}

// RecoveryCodesRenewed gives a new set of codes; the ones before no longer count.
type RecoveryCodesRenewed struct {
	Staff domain.ID `json:"staff"`
	Count int       `json:"count"`
}

// PasswordChanged is a new password; sessions from before it have ended.
type PasswordChanged struct {
	Staff domain.ID `json:"staff"`
}

// AccountInvited is a one-time link with which a member of staff opens his
// account; a later one replaces it.
type AccountInvited struct {
	Staff domain.ID `json:"staff"`
	Until time.Time `json:"until"` // excluded
}

// AccountLinked ties an account to one at the agency's own identity provider.
type AccountLinked struct {
	Staff domain.ID `json:"staff"`
}

// TokenIssued is a token with which a program works in the name of a member of
// staff, within its scopes.
type TokenIssued struct {
	Staff  domain.ID `json:"staff"`
	Token  domain.ID `json:"token"`
	Scopes []string  `json:"scopes"`
	Until  time.Time `json:"until"` // excluded
}

// TokenRevoked is a token that no longer works.
type TokenRevoked struct {
	Staff domain.ID `json:"staff"`
	Token domain.ID `json:"token"`
}

// EventType names are the constants above.

func (*SessionStarted) EventType() string       { return TypeSessionStarted }
func (*SessionEnded) EventType() string         { return TypeSessionEnded }
func (*FactorAdded) EventType() string          { return TypeFactorAdded }
func (*FactorRemoved) EventType() string        { return TypeFactorRemoved }
func (*RecoveryCodesRenewed) EventType() string { return TypeRecoveryRenewed }
func (*PasswordChanged) EventType() string      { return TypePasswordChanged }
func (*AccountInvited) EventType() string       { return TypeAccountInvited }
func (*AccountLinked) EventType() string        { return TypeAccountLinked }
func (*TokenIssued) EventType() string          { return TypeTokenIssued }
func (*TokenRevoked) EventType() string         { return TypeTokenRevoked }
