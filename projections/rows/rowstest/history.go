// Package rowstest lets the tests of the views write histories by hand, fold
// them on both engines, live and by a rebuild, and compare rows with golden files.
package rowstest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections"
)

// History is a stream written by hand. Its zero value is empty.
type History struct {
	Deliveries []projections.Delivery // with every event decoded
	last       map[domain.Ref]*eventstore.Commit
	recorded   time.Time
}

// ID gives a readable and constant id: ID(7) is 00000000-0000-4000-8000-000000000007.
func ID(n int) domain.ID { return fmt.Sprintf("00000000-0000-4000-8000-%012d", n) }

// On names an aggregate of an agency.
func On(agency, kind, id string) domain.Ref { return domain.Ref{Agency: agency, Kind: kind, ID: id} }

// At reads an RFC 3339 time.
func At(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t.UTC()
}

// Plain is an event without sections.
func Plain(e domain.Event) domain.Fact { return domain.Fact{Event: e} }

// Sealed is an event with a dummy section of each category, owned by owner.
func Sealed(e domain.Event, owner string, class domain.Class, categories ...domain.Category) domain.Fact {
	f := domain.Fact{Event: e}
	for _, c := range categories {
		f.Sections = append(f.Sections, domain.Section{Owner: owner, Class: class, Category: c})
	}
	return f
}

// Commit is how one commit differs from the rest.
type Commit struct {
	Ref      domain.Ref
	Actor    string
	At       string // occurred_at
	Recorded string // "" for a second after the newest of the two clocks
	Profile  string // "" for click-2017 on dossiers
	Cause    string // the event that it follows from
}

// Add appends a commit of the facts to the history and gives its position.
// Sealed sections are dummy bytes that name their place.
func (h *History) Add(t testing.TB, c Commit, facts ...domain.Fact) uint64 {
	t.Helper()
	if h.last == nil {
		h.last = map[domain.Ref]*eventstore.Commit{}
	}
	position := uint64(len(h.Deliveries) + 1)
	e := h.envelope(c, position)
	var sealed [][]byte
	for i, f := range facts {
		raw, schema, err := catalog.Encode(f.Event)
		if err != nil {
			t.Fatal(err)
		}
		stored := eventstore.StoredEvent{ID: derived("event", position, i), Type: f.Event.EventType(), Schema: schema, Data: raw}
		for j, s := range f.Sections {
			bytes := []byte(fmt.Sprintf("sealed %d.%d.%d", position, i, j))
			sum := sha256.Sum256(bytes)
			sealed = append(sealed, bytes)
			stored.Sections = append(stored.Sections, eventstore.SectionRef{
				Owner: s.Owner, Class: s.Class, Category: s.Category, Key: "key-" + s.Owner + "-" + string(s.Class),
				SHA256: hex.EncodeToString(sum[:]), Size: len(bytes),
			})
		}
		e.Data.Events = append(e.Data.Events, stored)
	}
	e.Type = e.Data.Events[0].Type
	h.deliver(t, e, sealed)
	return position
}

// CommandAt is the id of the command whose commit stands at a position.
func CommandAt(position uint64) domain.ID { return derived("command", position, 0) }

func (h *History) envelope(c Commit, position uint64) *eventstore.Envelope {
	e := &eventstore.Envelope{
		SpecVersion: "1.0", ID: derived("commit", position, 0), Source: "casefile/" + c.Ref.Agency,
		Subject: c.Ref.Kind + "/" + c.Ref.ID, Time: At(c.At),
		Agency: c.Ref.Agency, Kind: c.Ref.Kind, AggregateID: c.Ref.ID, Version: 1,
		Command: "Test", CommandID: derived("command", position, 0), Actor: c.Actor, Door: "import", RecordedBy: domain.Operator, CausationID: c.Cause,
	}
	if c.Ref.Kind == domain.KindDossier {
		e.Profile, e.ProfileVer = "click-2017", 1
	}
	if c.Profile != "" {
		e.Profile = c.Profile
	}
	if before := h.last[c.Ref]; before != nil {
		leaf := eventstore.LeafHash(before.Clear)
		e.Version, e.PrevPosition, e.PrevLeaf = before.Envelope.Version+1, before.Position, leaf.String()
	}
	if c.Recorded != "" {
		h.recorded = At(c.Recorded)
	} else if h.recorded = h.recorded.Add(time.Second); h.recorded.Before(e.Time) {
		h.recorded = e.Time.Add(time.Second)
	}
	e.Recorded = h.recorded
	return e
}

func (h *History) deliver(t testing.TB, e *eventstore.Envelope, sealed [][]byte) {
	t.Helper()
	payload, _, err := eventstore.Marshal(e, sealed)
	if err != nil {
		t.Fatal(err)
	}
	c, err := eventstore.Unmarshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	c.Position = uint64(len(h.Deliveries) + 1)
	h.last[e.Ref()] = c
	d := projections.Delivery{Commit: c, Payload: payload}
	for _, s := range c.Envelope.Data.Events {
		event, err := catalog.Decode(s.Type, s.Schema, s.Data)
		if err != nil {
			t.Fatal(err)
		}
		d.Events = append(d.Events, domain.Recorded{Event: event, Meta: domain.Meta{
			Agency: e.Agency, Aggregate: e.AggregateID, Version: e.Version, Position: c.Position,
			CommandID: e.CommandID, Actor: e.Actor, Occurred: c.Envelope.Time, Recorded: c.Envelope.Recorded,
		}})
	}
	h.Deliveries = append(h.Deliveries, d)
}

// Until is the history as far as it had occurred before an instant, as a view
// of an earlier time is folded (catalogue §3, --as-of).
func (h *History) Until(at time.Time) *History {
	out := &History{}
	for _, d := range h.Deliveries {
		if d.Commit.Envelope.Time.Before(at) {
			out.Deliveries = append(out.Deliveries, d)
		}
	}
	return out
}

func derived(use string, position uint64, i int) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d %d", use, position, i)).String()
}
