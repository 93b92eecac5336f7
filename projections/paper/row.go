package paper

import (
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
)

// The states of a volume.
const (
	StateIn        = "in"
	StateOut       = "out"
	StateDestroyed = "destroyed"
)

// Row is one volume, as the export `paper` gives it. Instants are RFC 3339 in
// UTC, days YYYY-MM-DD; what is not known is absent.
type Row struct {
	Agency       string    `json:"agency"`
	Dossier      string    `json:"dossier"`
	Volume       string    `json:"volume"`
	Cabinet      string    `json:"cabinet"`
	RegisteredAt time.Time `json:"registered_at"`
	State        string    `json:"state"` // in, out, destroyed
	// OutSince, Holder (staff id, or operator) and Purpose are of the present
	// check-out; Times counts all of them.
	OutSince time.Time `json:"out_since,omitzero"`
	Holder   string    `json:"holder,omitempty"`
	Purpose  string    `json:"purpose,omitempty"`
	Times    int       `json:"times_out"`
	// AttestedOn is the newest day on which its cabinet was found closed and
	// complete (S-Bev1).
	AttestedOn nl.Date `json:"attested_on,omitzero"`
	// DestroyedAt, Method, List (id of the destruction list) and WitnessedBy are
	// of its destruction.
	DestroyedAt time.Time `json:"destroyed_at,omitzero"`
	Method      string    `json:"method,omitempty"`
	List        string    `json:"list,omitempty"`
	WitnessedBy string    `json:"witnessed_by,omitempty"`
	Position    uint64    `json:"position"` // of its registration
}

// Out is one time that a volume was out of its cabinet.
type Out struct {
	Agency, Volume, Dossier, Cabinet string
	Since                            time.Time
	Returned                         time.Time // zero while it is out
	// Due is the last day by whose end it had to be back: the day on which it was
	// taken, or the working day after the last day on which it was explained
	// that it was still out (C-2.7d, S-Bev1).
	Due nl.Date
}

// Day is a working day on which a cabinet is to be found closed.
type Day struct {
	Agency, Cabinet string
	Day             nl.Date
	Attested        time.Time // occurred_at of the first attestation; zero for none
}
