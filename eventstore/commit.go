// Package eventstore is the truth: an ordered stream of commits, each the
// events that one command produced on one aggregate, stored as one message and
// so atomic by construction (architecture §2). This package fixes the stored
// form and the Store interface; jetstream/, embedded/ and memory/ implement it
// and storetest/ holds the one conformance suite for all of them.
package eventstore

import (
	"encoding/json"
	"time"

	"github.com/casefile-engine/casefile/domain"
)

// Envelope is the clear metadata of a commit. It carries CloudEvents attribute
// names for what they cover and extension attributes for the rest, so that the
// stored line is itself a valid CloudEvent. It never holds personal data.
//
// The exact stored bytes of its JSON form are what the ledger's leaf covers;
// they are never re-encoded. Change the shape only by adding optional fields.
type Envelope struct {
	SpecVersion string `json:"specversion"` // "1.0"
	ID          string `json:"id"`          // commit id, UUIDv7
	Source      string `json:"source"`      // "casefile/<agency>"
	Type        string `json:"type"`        // type of the first event
	Subject     string `json:"subject"`     // "<kind>/<id>"
	// Time is occurred_at (RFC 3339, UTC, to the nanosecond as given).
	Time       time.Time `json:"time"`
	DataSchema string    `json:"dataschema"` // "casefile:<type>:<schema>" of the first event

	Agency      string `json:"agency"`
	Kind        string `json:"aggregatekind"`
	AggregateID string `json:"aggregateid"`
	Version     uint64 `json:"aggregateversion"` // from 1, without gaps
	Command     string `json:"command"`
	// CommandID is unique within the aggregate, for ever (catalogue §2).
	CommandID string `json:"commandid"`
	// CommandDigest is a keyed digest of the command's content, never a plain
	// one, to tell a repetition from another content under a known id.
	CommandDigest string `json:"commanddigest,omitempty"`
	CorrelationID string `json:"correlationid,omitempty"`
	CausationID   string `json:"causationid,omitempty"`
	TraceParent   string `json:"traceparent,omitempty"`

	Actor      string `json:"actor"`
	OnBehalfOf string `json:"onbehalfof,omitempty"`
	Door       string `json:"door"`       // api, web, cli, import, demo, engine
	RecordedBy string `json:"recordedby"` // who brought it in: actor, or operator
	Purpose    string `json:"purpose,omitempty"`
	Ground     string `json:"ground,omitempty"` // ground of access: assignment, role, …
	Policy     string `json:"policydigest,omitempty"`
	Profile    string `json:"profile,omitempty"`
	ProfileVer int    `json:"profileversion,omitempty"`

	// Recorded is recorded_at in UTC; it never runs backwards along the stream of one
	// instance. On a cluster commits of two instances can cross, by as much as their
	// clocks differ.
	Recorded time.Time `json:"recordedtime"`
	// PrevPosition and PrevLeaf name the previous commit of this aggregate: its
	// stream position and its ledger leaf hash (hex); 0 and "" for the first.
	PrevPosition uint64 `json:"previousposition,omitempty"`
	PrevLeaf     string `json:"previousleaf,omitempty"`

	Data Data `json:"data"`
	// MAC is the code by which the store knows the commit as its own (MarshalCoded
	// puts it in, and takes it from nowhere else); "" for none. It stands last.
	MAC string `json:"mac,omitempty"`
}

// Data is the CloudEvents data of a commit.
type Data struct {
	Categories []domain.Category `json:"categories,omitempty"` // present in it, in byte order
	// Keys are the root keys that this commit is the first to use.
	Keys   []KeyCreated  `json:"keys,omitempty"`
	Events []StoredEvent `json:"events"`
	// Warnings are the codes that the first outcome carried.
	Warnings []string `json:"warnings,omitempty"`
}

// KeyCreated announces a root key, with the commitment that is checked on
// every unwrap (architecture §5).
type KeyCreated struct {
	ID         string       `json:"id"`
	Owner      string       `json:"owner"`
	Class      domain.Class `json:"class"`
	Commitment string       `json:"commitment"` // hex
}

// StoredEvent is one event in its stored form.
type StoredEvent struct {
	ID       string          `json:"id"`
	Type     string          `json:"type"`
	Schema   int             `json:"schema"`
	Data     json.RawMessage `json:"data"` // clear
	Sections []SectionRef    `json:"sections,omitempty"`
}

// SectionRef describes one sealed section of an event. Size is its length in
// bytes; the ciphertexts follow the clear line in the order of the refs.
type SectionRef struct {
	Owner    string          `json:"owner"`
	Class    domain.Class    `json:"class"`
	Category domain.Category `json:"category"`
	Key      string          `json:"key"`
	SHA256   string          `json:"sha256"` // of the ciphertext, hex
	Size     int             `json:"size"`
}

// Ref names the aggregate of the commit.
func (e *Envelope) Ref() domain.Ref {
	return domain.Ref{Agency: e.Agency, Kind: e.Kind, ID: e.AggregateID}
}

// Commit is one message of the stream.
//
// Ownership: Clear and Sealed are the stored bytes; nobody changes them.
type Commit struct {
	// Position is the stream sequence, from 1; 0 while not yet stored.
	Position uint64
	// Clear is the exact stored bytes of the envelope: one line of JSON without
	// a line feed.
	Clear []byte
	// Sealed are the ciphertexts in the order of the section refs of all events.
	Sealed [][]byte
	// Envelope is Clear, decoded.
	Envelope Envelope
}

// Pending is a commit ready to be stored: encoded, with its expectation.
type Pending struct {
	Ref domain.Ref
	// Expect is the position of the aggregate's last commit that the decision
	// was based on; 0 means that the aggregate has none.
	Expect uint64
	// Recorded is the envelope's recorded time.
	Recorded time.Time
	// CommandID tells this commit from another one when an append's outcome is unknown.
	CommandID string
	Payload   []byte // Marshal's result; the store keeps it, nobody changes it
	Leaf      Leaf   // LeafHash of the clear line
	// Stamp, when set, is called by Append just before the commit is sent, under
	// the lock that orders this store's sendings, with RecordedNow's time; it
	// fills in Recorded, Payload and Leaf. So recorded_at never runs backwards
	// along the stream, however many callers append at once. It must be quick
	// and must not call the store. It is called once, and again only when a
	// sending failed and another commit has overtaken this one meanwhile.
	Stamp func(p *Pending, recorded time.Time) error
}

// Leaf is the RFC 6962 leaf hash of a commit's clear line.
type Leaf [32]byte
