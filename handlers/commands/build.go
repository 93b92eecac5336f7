package commands

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

// Basis is why a commit was allowed: what the envelope says of authorisation.
type Basis struct {
	Purpose, Ground, PolicyDigest string
	Profile                       string
	ProfileVersion                int
}

// Draft is a commit that was decided but not yet stored: the envelope lacks
// only its recorded time and its predecessor, the sections are sealed.
type Draft struct {
	Ref      domain.Ref
	Version  uint64
	Occurred time.Time // zero: the recorded time
	Envelope eventstore.Envelope
	Sealed   [][]byte
	Facts    []domain.Fact
	Created  []eventstore.KeyCreated
}

// Sealer is what building a commit needs of the vault.
type Sealer = seal.Sealer

// NewDraft makes the envelope of facts on one aggregate and seals their
// sections. Root keys that do not exist yet are created, durably, first.
func NewDraft(ctx context.Context, s Sealer, ref domain.Ref, version uint64, p Attribution, facts []domain.Fact) (*Draft, error) {
	d := &Draft{Ref: ref, Version: version, Facts: facts, Occurred: p.Occurred}
	scopes := scopesOf(ref.Agency, facts)
	if len(scopes) > 0 {
		created, err := s.Prepare(ctx, scopes)
		if err != nil {
			return nil, err
		}
		d.Created = created
	}
	return d, d.fill(ctx, s, p)
}

// Attribution is what the envelope says about who, why and through which door.
type Attribution struct {
	Basis
	Command, CommandID, CommandDigest string
	Actor, RecordedBy                 string
	Caller                            Caller
	Occurred                          time.Time
	Warnings                          []string
}

func (d *Draft) fill(ctx context.Context, s Sealer, p Attribution) error {
	first := d.Facts[0].Event.EventType()
	d.Envelope = eventstore.Envelope{
		SpecVersion: "1.0", ID: newID(), Source: "casefile/" + d.Ref.Agency,
		Type: first, Subject: d.Ref.Kind + "/" + d.Ref.ID,
		DataSchema: fmt.Sprintf("casefile:%s:%d", first, catalog.SchemaOf(first)),
		Agency:     d.Ref.Agency, Kind: d.Ref.Kind, AggregateID: d.Ref.ID, Version: d.Version,
		Command: p.Command, CommandID: p.CommandID, CommandDigest: p.CommandDigest,
		CorrelationID: p.Caller.CorrelationID, CausationID: p.Caller.CausationID, TraceParent: traceParent(p.Caller.TraceParent),
		Actor: p.Actor, OnBehalfOf: p.Caller.OnBehalfOf, Door: string(p.Caller.Door), RecordedBy: p.RecordedBy,
		Purpose: p.Purpose, Ground: p.Ground, Policy: p.PolicyDigest,
		Profile: p.Profile, ProfileVer: p.ProfileVersion,
		Data: eventstore.Data{Keys: d.Created, Warnings: p.Warnings, Events: make([]eventstore.StoredEvent, len(d.Facts))},
	}
	cats := map[domain.Category]bool{}
	for i, f := range d.Facts {
		ev, err := d.seal(ctx, s, i, f, cats)
		if err != nil {
			return err
		}
		d.Envelope.Data.Events[i] = ev
	}
	for c := range cats {
		d.Envelope.Data.Categories = append(d.Envelope.Data.Categories, c)
	}
	slices.Sort(d.Envelope.Data.Categories)
	return nil
}

// traceForm is the form of a trace's context (W3C). What else a caller writes
// into that header could be anything, a name even, and metadata are clear.
var traceForm = regexp.MustCompile(`^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$`)

func traceParent(s string) string {
	if traceForm.MatchString(s) {
		return s
	}
	return ""
}

func (d *Draft) seal(ctx context.Context, s Sealer, i int, f domain.Fact, cats map[domain.Category]bool) (eventstore.StoredEvent, error) {
	rest, entries, err := catalog.Apart(d.Ref, f.Event)
	if err != nil {
		return eventstore.StoredEvent{}, err
	}
	data, schema, err := catalog.Encode(rest)
	if err != nil {
		return eventstore.StoredEvent{}, err
	}
	typ := f.Event.EventType()
	ev := eventstore.StoredEvent{ID: newID(), Type: typ, Schema: schema, Data: data}
	for _, sec := range f.Sections {
		scope := seal.Scope{Agency: d.Ref.Agency, Owner: sec.Owner, Class: sec.Class}
		key, err := s.KeyID(ctx, scope)
		if err != nil {
			return ev, err
		}
		ct, err := s.Seal(ctx, seal.Place{
			Scope: scope, Key: key, Event: ev.ID, Type: typ, Schema: ev.Schema,
			Category: sec.Category, Version: d.Version, Index: i,
		}, sec.Data)
		if err != nil {
			return ev, err
		}
		sum := sha256.Sum256(ct)
		ev.Sections = append(ev.Sections, eventstore.SectionRef{
			Owner: sec.Owner, Class: sec.Class, Category: sec.Category, Key: key,
			SHA256: hex.EncodeToString(sum[:]), Size: len(ct),
		})
		d.Sealed = append(d.Sealed, ct)
		cats[sec.Category] = true
	}
	return ev, d.list(&ev, entries)
}

// list puts entries that were taken out of an event behind its sealed sections,
// and what commits to them into its clear data (docs/adr/0009).
func (d *Draft) list(ev *eventstore.StoredEvent, entries []string) error {
	if len(entries) == 0 {
		return nil
	}
	l, err := verify.NewList(entries)
	if err != nil {
		return err
	}
	block := l.Block()
	ev.Data = l.Head().Into(ev.Data)
	ev.Sections = append(ev.Sections, eventstore.ListSection(block))
	d.Sealed = append(d.Sealed, block)
	return nil
}

// Finish gives the draft its recorded time and predecessor and encodes it, with the
// store's code.
func (d *Draft) Finish(code eventstore.Code, recorded time.Time, prev uint64, prevLeaf eventstore.Leaf) (*eventstore.Pending, error) {
	e := &d.Envelope
	e.Recorded = recorded.UTC()
	e.Time = d.Occurred
	if e.Time.IsZero() {
		e.Time = e.Recorded
	}
	e.PrevPosition, e.PrevLeaf = prev, ""
	if prev > 0 {
		e.PrevLeaf = prevLeaf.String()
	}
	payload, leaf, err := eventstore.MarshalCoded(e, d.Sealed, code)
	if err != nil {
		return nil, domain.Invalid("too_large", "data", "the command's text is larger than one commit may be; split it, or attach it as a document")
	}
	return &eventstore.Pending{Ref: d.Ref, Expect: prev, Recorded: recorded, CommandID: e.CommandID, Payload: payload, Leaf: leaf}, nil
}

// recorded gives the facts as Evolve takes them once the commit is stored.
func (d *Draft) recorded(position uint64) []domain.Recorded {
	e := &d.Envelope
	m := domain.Meta{
		Agency: e.Agency, Aggregate: e.AggregateID, Version: e.Version, Position: position,
		CommandID: e.CommandID, Actor: e.Actor, Occurred: e.Time, Recorded: e.Recorded,
	}
	out := make([]domain.Recorded, len(d.Facts))
	for i, f := range d.Facts {
		out[i] = domain.Recorded{Meta: m, Event: f.Event}
	}
	return out
}

func (d *Draft) types() []string {
	out := make([]string, len(d.Facts))
	for i, f := range d.Facts {
		out[i] = f.Event.EventType()
	}
	return out
}

// scopesOf lists the root keys that the sections of facts need, each once.
func scopesOf(agency string, facts []domain.Fact) []seal.Scope {
	var out []seal.Scope
	for _, f := range facts {
		for _, s := range f.Sections {
			sc := seal.Scope{Agency: agency, Owner: s.Owner, Class: s.Class}
			if !slices.Contains(out, sc) {
				out = append(out, sc)
			}
		}
	}
	return out
}

func newID() string {
	id, err := uuid.NewV7()
	if err != nil { // only when the machine gives no randomness at all
		panic("commands: no randomness for an id: " + err.Error())
	}
	return id.String()
}
