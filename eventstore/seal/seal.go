package seal

import (
	"context"
	"encoding/json"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
)

// Scope names one root key: whose, and of which retention class.
type Scope struct {
	Agency string
	Owner  string // "dossier/<id>", "staff/<id>", "recipient/<id>"
	Class  domain.Class
}

// Place is where a section stands. It goes into the associated data, so that a
// ciphertext can be opened nowhere else.
type Place struct {
	Scope
	Key      string // root key id
	Event    string // event id
	Type     string // event type
	Schema   int
	Category domain.Category
	// Version is the version of the aggregate that the commit made: the leaf of
	// the key tree. Index is the event's place in its commit, from 0.
	Version uint64
	Index   int
}

// Sealed is a ciphertext with what is needed to open it.
type Sealed struct {
	Place
	Ciphertext []byte
}

// Sealer seals new sections. A root key is created on first use and is durable
// in the vault before Prepare returns.
type Sealer interface {
	// Prepare makes sure that the root keys of the scopes exist, durably, with
	// one synced write for all that are new, and returns those that the envelope
	// must announce, in the order of scopes: the keys created now, and those
	// created before whose announcement has not been reported with Announced.
	// So no announcement is lost when an append fails; it can come twice, which
	// readers must bear (same id, same commitment).
	// Errors: domain code "destroyed" when a class's keys were destroyed.
	Prepare(ctx context.Context, scopes []Scope) (created []eventstore.KeyCreated, err error)
	// Announced reports that the commit which announced these keys is durably
	// stored. It is cheap: it is written with the vault's next transaction, and
	// until then a crash only makes Prepare return the keys once more.
	Announced(ctx context.Context, ids []string) error
	// KeyID is the id of a scope's root key, after Prepare.
	KeyID(ctx context.Context, s Scope) (string, error)
	// Seal encrypts plaintext for its place. It decrypts nothing.
	Seal(ctx context.Context, p Place, plaintext []byte) ([]byte, error)
}

// Opener opens sections.
type Opener interface {
	// Open decrypts one section. ack must cover the section's agency, owner and
	// category; otherwise domain code "not_acknowledged" and nothing is
	// decrypted. A section whose key was destroyed gives code "destroyed".
	Open(ctx context.Context, ack Acknowledgement, s Sealed) ([]byte, error)
}

// Digester gives keyed digests for what must be compared without being known:
// command contents, reservations, ids of imported rows. Keys belong to one
// agency and one use.
type Digester interface {
	// Digest is HMAC-SHA-256 under the agency's key for that use
	// ("command", "unique", "import", "login").
	Digest(ctx context.Context, agency, use string, data []byte) ([32]byte, error)
}

// Acknowledgement is the proof that an access event was durably stored. Only
// Acknowledge makes one; its zero value opens nothing.
type Acknowledgement struct {
	position   uint64
	agency     string
	owners     map[string]bool
	categories map[domain.Category]bool
}

// Position is the position of the access event.
func (a Acknowledgement) Position() uint64 { return a.position }

// AccessPayload is what Acknowledge needs to see in an access event's clear data.
type AccessPayload struct {
	Outcome    string            `json:"outcome"`
	Owners     []string          `json:"owners"`
	Categories []domain.Category `json:"categories"`
}

// Acknowledge makes the proof out of a stored access event: the store's
// acknowledgement and the pending commit that it acknowledges. It refuses a
// commit that is not on an access subject, is not "access.recorded" with the
// outcome "allowed", or whose bytes are not those that were acknowledged.
func Acknowledge(p *eventstore.Pending, a eventstore.Appended) (Acknowledgement, error) {
	none := Acknowledgement{}
	if a.Position == 0 || p == nil || p.Leaf != a.Leaf || p.Ref.Kind != domain.KindAccess {
		return none, domain.Refused("not_acknowledged", "C-2.1.4b", "no access event was stored, so nothing can be shown")
	}
	c, err := eventstore.Unmarshal(p.Payload)
	if err != nil {
		return none, err
	}
	if eventstore.LeafHash(c.Clear) != a.Leaf || c.Envelope.Ref() != p.Ref {
		return none, domain.Refused("not_acknowledged", "C-2.1.4b", "another access event was stored than this one, so nothing can be shown")
	}
	if len(c.Envelope.Data.Events) != 1 || c.Envelope.Data.Events[0].Type != "access.recorded" {
		return none, domain.Refused("not_acknowledged", "C-2.1.4b", "the stored event is no access event, so nothing can be shown")
	}
	var d AccessPayload
	if err := json.Unmarshal(c.Envelope.Data.Events[0].Data, &d); err != nil {
		return none, err
	}
	if d.Outcome != "allowed" {
		return none, domain.Refused("not_acknowledged", "C-2.1.4b", "the access was denied, so nothing can be shown")
	}
	l, err := c.List(0)
	if err != nil {
		return none, err
	}
	if l != nil {
		d.Owners = append(d.Owners, domain.OwnersOf(l.Entries)...)
	}
	ack := Acknowledgement{position: a.Position, agency: p.Ref.Agency, owners: map[string]bool{}, categories: map[domain.Category]bool{}}
	for _, o := range d.Owners {
		ack.owners[o] = true
	}
	for _, k := range d.Categories {
		ack.categories[k] = true
	}
	return ack, nil
}

// Covers tells whether the acknowledged access names the section's agency,
// owner and category.
func (a Acknowledgement) Covers(p Place) bool {
	return a.position > 0 && a.agency == p.Agency && a.owners[p.Owner] && a.categories[p.Category]
}
