// Package access holds the looks at dossiers of one actor: each read is a fact
// on the stream before anything is shown (architecture §1.2, C-2.1.4b). An
// aggregate's id is the actor: a staff id, operator or engine.
package access

import "github.com/casefile-engine/casefile/domain"

// The types of event of an actor's access.
const (
	TypeRecorded = "access.recorded"
	TypeSignIn   = "signin.recorded"
)

// MaxDossiers is the number of dossiers that one access event names at most.
const MaxDossiers = 1000

// The outcomes of an access.
const (
	Allowed = "allowed"
	Denied  = "denied"
	// Pending is a sign-in whose password was right and whose second factor is due.
	Pending = "pending"
)

// Recorded is one look, allowed or denied. No sections.
type Recorded struct {
	Action     string            `json:"action"`  // view, search, list, print, export
	Outcome    string            `json:"outcome"` // allowed, denied
	Dossiers   []domain.ID       `json:"dossiers,omitzero"`
	Owners     []string          `json:"owners,omitzero"` // whose keys it may open: "dossier/<id>", …
	Categories []domain.Category `json:"categories,omitzero"`
	Purpose    string            `json:"purpose,omitzero"`
	Ground     string            `json:"ground"` // assignment, role, grant, break_glass, request, engine, none
	Role       string            `json:"role,omitzero"`
	OnBehalfOf string            `json:"on_behalf_of,omitzero"`
	Code       string            `json:"code,omitzero"` // of a denial
	Rule       string            `json:"rule,omitzero"` // of a denial
	// Imported marks a look of an older system's log; it opened nothing here.
	Imported bool `json:"imported,omitzero"`
	// Policies are the ids of the policies that the decision rests on; their
	// texts are those of the commit's policy digest.
	Policies []string `json:"policies,omitzero"`
}

// ActionChange is the action of a denied command in the access register: an
// allowed one is an event of its own.
const ActionChange = "change"

// SignIn is an attempt to sign in. It stands with the member of staff whose name
// it was, and with the engine when nobody has that name. No sections.
type SignIn struct {
	Outcome string `json:"outcome"` // allowed, pending, denied
	Method  string `json:"method"`  // Methods: what was given last
	Code    string `json:"code,omitzero"`
	// Token is the token that was presented, for method token.
	Token domain.ID `json:"token,omitzero"`
}

// EventType names are the constants above.

func (*Recorded) EventType() string { return TypeRecorded }
func (*SignIn) EventType() string   { return TypeSignIn }

// Lists are the dossiers of the look and the keys that it opens.
func (e *Recorded) Lists() domain.Lists {
	return domain.Lists{Dossiers: &e.Dossiers, Owners: &e.Owners}
}
