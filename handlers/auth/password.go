package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Params are the cost of a password hash. They stand in every hash, so that
// raising them leaves old hashes readable; those are renewed at the next
// successful sign-in.
type Params struct {
	MemoryKiB uint32
	Passes    uint32
	Lanes     uint8
}

// DefaultParams take about a tenth of a second of one core and 64 MiB.
var DefaultParams = Params{MemoryKiB: 64 << 10, Passes: 2, Lanes: 1}

const (
	saltBytes = 16
	keyBytes  = 32
)

var errHash = errors.New("auth: a stored password hash does not have its form")

// hashPassword gives the PHC form: $argon2id$v=19$m=…,t=…,p=…$salt$key.
func hashPassword(p Params, password string) string {
	salt := make([]byte, saltBytes)
	rand.Read(salt) //nolint:errcheck // never fails since Go 1.24
	key := argon2.IDKey(canonical(password), salt, p.Passes, p.MemoryKiB, p.Lanes, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.MemoryKiB, p.Passes, p.Lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// checkPassword tells whether password made the hash, in time that depends on
// the hash's parameters alone, and gives those parameters.
func checkPassword(hash, password string) (ok bool, p Params, err error) {
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return false, p, errHash
	}
	var version int
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false, p, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.MemoryKiB, &p.Passes, &p.Lanes); err != nil {
		return false, p, errHash
	}
	// Bounds on what a damaged or planted row can make us spend.
	if p.MemoryKiB < 8 || p.MemoryKiB > 1<<20 || p.Passes < 1 || p.Passes > 16 || p.Lanes < 1 {
		return false, p, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	want, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(want) < 16 {
		return false, p, errHash
	}
	got := argon2.IDKey(canonical(password), salt, p.Passes, p.MemoryKiB, p.Lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, p, nil
}

// canonical makes one form of what different keyboards compose differently.
func canonical(password string) []byte { return norm.NFC.Bytes([]byte(password)) }
