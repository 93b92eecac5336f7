// Package unique reserves what one subject cannot guard: a login, a trajectory
// number, a client (architecture §2). An aggregate's id is the keyed digest of
// the reserved value in hex, so it says nothing; it has one commit, appended
// with expectation 0 under the command id of the command that it serves.
package unique

import "github.com/casefile-engine/casefile/domain"

// TypeReserved is the type of the one event of a reservation.
const TypeReserved = "unique.reserved"

// Reserved says for whom the value is taken. No sections.
type Reserved struct {
	Use    string    `json:"use"`    // login, trajectory, bsn, name_birth
	Kind   string    `json:"kind"`   // kind of the aggregate that has it
	Holder domain.ID `json:"holder"` // its id
}

// EventType names the constant above.
func (*Reserved) EventType() string { return TypeReserved }
