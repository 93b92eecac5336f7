package storetest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

// Dossier is a new aggregate of kind dossier.
func Dossier() domain.Ref {
	return domain.Ref{Agency: "agency-one", Kind: domain.KindDossier, ID: uuid.NewString()}
}

// Next is what the next commit on an aggregate must name: its version and the
// commit before it.
type Next struct {
	Ref      domain.Ref
	Version  uint64 // of the commit before it; 0 for the first
	Position uint64
	Leaf     eventstore.Leaf
	// Lists are dossiers that the event names beside its clear line; none: it has no list.
	Lists []string
}

// After gives the Next after a commit that was appended as n.
func (n Next) After(a eventstore.Appended) Next {
	return Next{Ref: n.Ref, Version: n.Version + 1, Position: a.Position, Leaf: a.Leaf}
}

// Pending makes a commit of one event with size random bytes in a sealed
// section, as they would be in use; it takes its recorded time when it is sent.
func (n Next) Pending(size int) *eventstore.Pending {
	return n.PendingFor(uuid.NewString(), size)
}

// PendingFor is Pending for one command id.
func (n Next) PendingFor(command string, size int) *eventstore.Pending {
	e, sealed := n.envelope(command, size)
	if len(n.Lists) > 0 {
		sealed = append(sealed, list(&e.Data.Events[0], n.Lists))
	}
	return &eventstore.Pending{
		Ref: n.Ref, Expect: n.Position, CommandID: command,
		Stamp: func(p *eventstore.Pending, recorded time.Time) (err error) {
			e.Recorded = recorded
			p.Recorded = recorded
			p.Payload, p.Leaf, err = eventstore.Marshal(e, sealed)
			return err
		},
	}
}

// list gives an event a list of dossiers, as it is stored.
func list(ev *eventstore.StoredEvent, dossiers []string) []byte {
	l, err := verify.NewList(slices.Clone(dossiers))
	if err != nil {
		panic("storetest: " + err.Error()) // the test's own dossiers
	}
	block := l.Block()
	ev.Data, ev.Sections = l.Head().Into(ev.Data), append(ev.Sections, eventstore.ListSection(block))
	return block
}

func (n Next) envelope(command string, size int) (*eventstore.Envelope, [][]byte) {
	ciphertext := make([]byte, size)
	_, _ = rand.Read(ciphertext)
	sum := sha256.Sum256(ciphertext)
	prev := ""
	if n.Position > 0 {
		prev = n.Leaf.String()
	}
	return &eventstore.Envelope{
		SpecVersion: "1.0", ID: uuid.Must(uuid.NewV7()).String(), Source: "casefile/" + n.Ref.Agency, Type: "record.added",
		Subject: n.Ref.Kind + "/" + n.Ref.ID, Time: time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC), DataSchema: "casefile:record.added:1",
		Agency: n.Ref.Agency, Kind: n.Ref.Kind, AggregateID: n.Ref.ID, Version: n.Version + 1,
		Command: "AddRecord", CommandID: command, Actor: domain.Operator, Door: "cli", RecordedBy: domain.Operator,
		PrevPosition: n.Position, PrevLeaf: prev,
		Data: eventstore.Data{
			Categories: []domain.Category{domain.CatReport},
			Events: []eventstore.StoredEvent{{
				ID: uuid.NewString(), Type: "record.added", Schema: 1, Data: json.RawMessage(`{"record":"` + uuid.NewString() + `"}`),
				Sections: []eventstore.SectionRef{{
					Owner: "dossier/" + n.Ref.ID, Class: domain.ClassDossier, Category: domain.CatReport, Key: uuid.NewString(),
					SHA256: hex.EncodeToString(sum[:]), Size: size,
				}},
			}},
		},
	}, [][]byte{ciphertext}
}
