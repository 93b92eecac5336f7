package domain

import (
	"regexp"
	"strings"

	"github.com/google/uuid"
)

// ID identifies anything that is not an agency or a trajectory number: a
// dossier, record, staff member, consent, command … It is a UUID of any
// version in lower-case 36-character form, so that it can stand in subjects
// and metadata without saying anything about a person (architecture §1.4).
type ID = string

// ParseID accepts a UUID in its 36-character form, in either case, and returns
// it in lower case. Anything else is an error with code "invalid_id": a
// readable id could carry a name into clear metadata.
func ParseID(field, s string) (ID, error) {
	if len(s) != 36 {
		return "", Invalid("invalid_id", field, "an id is a UUID of 36 characters; choose one, for example with uuidgen")
	}
	u, err := uuid.Parse(s)
	if err != nil {
		return "", Invalid("invalid_id", field, "an id is a UUID of 36 characters; choose one, for example with uuidgen")
	}
	return strings.ToLower(u.String()), nil
}

// The two actors that are no member of staff (catalogue §2, architecture §4).
const (
	// Operator is whoever works at the command line on a data directory.
	Operator = "operator"
	// Engine is the program itself, for indexing, reactions and upkeep.
	Engine = "engine"
)

var agencyForm = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

// ValidAgency tells whether s can name an agency (catalogue §1). An agency's
// name is a token of subjects and a column of rows, hence the narrow alphabet.
func ValidAgency(s string) bool { return agencyForm.MatchString(s) }

var trajectoryForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,39}$`)

// ValidTrajectoryForm tells whether s has the form of a trajectory's
// registration number (catalogue §1). That it is no valid BSN is checked by
// the command, which knows the eleven test.
func ValidTrajectoryForm(s string) bool { return trajectoryForm.MatchString(s) }

// Kinds of aggregate; each is a token of the subject casefile.<agency>.<kind>.<id>.
const (
	KindDossier = "dossier"
	KindStaff   = "staff"
	KindAgency  = "agency"
	KindAccess  = "access"
	// KindUnique holds reservations of what must be unique in an agency; its id
	// is a keyed hash.
	KindUnique = "unique"
	// KindIncident is a calamity or breach (C-2.1.2).
	KindIncident = "incident"
	// KindPaper has all paper volumes of an agency (C-1.1b); see docs/adr/0005.
	KindPaper = "paper"
	// KindReminder has the reminders of one dossier, whose id it bears, or of the
	// agency itself.
	KindReminder = "reminder"
	// KindReview is a review of access (C-2.1.4b).
	KindReview = "review"
	// KindLedger has the anchors of an agency's ledger (architecture §6).
	KindLedger = "ledger"
)

// Ref names one aggregate of one agency. ID is a UUID, but for KindAgency,
// KindLedger and KindPaper (the agency's own name; for KindReminder that or a dossier), KindAccess (the actor) and KindUnique (a
// keyed hash in lower-case hex).
type Ref struct {
	Agency string `json:"agency"`
	Kind   string `json:"kind"`
	ID     string `json:"id"`
}

// Subject is the literal stream subject of the aggregate (architecture §2).
func (r Ref) Subject() string { return "casefile." + r.Agency + "." + r.Kind + "." + r.ID }

// RefOfSubject is the reverse of Subject; ok is false for any other subject.
func RefOfSubject(subject string) (r Ref, ok bool) {
	p := strings.SplitN(subject, ".", 4)
	if len(p) != 4 || p[0] != "casefile" || p[3] == "" {
		return Ref{}, false
	}
	return Ref{Agency: p[1], Kind: p[2], ID: p[3]}, true
}
