package seal

import (
	"bytes"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
)

const allowed = `{"outcome":"allowed","owners":["dossier/1"],"categories":["report"]}`

func accessEvent(t *testing.T, change func(*eventstore.Envelope)) (*eventstore.Pending, eventstore.Appended) {
	t.Helper()
	e := &eventstore.Envelope{Agency: "a", Kind: domain.KindAccess, AggregateID: "s",
		Data: eventstore.Data{Events: []eventstore.StoredEvent{{Type: "access.recorded", Schema: 1, Data: []byte(allowed)}}}}
	change(e)
	payload, leaf, err := eventstore.Marshal(e, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &eventstore.Pending{Ref: e.Ref(), Payload: payload, Leaf: leaf}, eventstore.Appended{Position: 3, Leaf: leaf}
}

// C-2.1.4b: the proof covers what the stored event names, and nothing else.
func TestAcknowledgementCoversWhatTheEventNames(t *testing.T) {
	ack, err := Acknowledge(accessEvent(t, func(*eventstore.Envelope) {}))
	if err != nil || ack.Position() != 3 {
		t.Fatal(ack, err)
	}
	p := Place{Scope: Scope{Agency: "a", Owner: "dossier/1", Class: "dossier"}, Category: "report"}
	if !ack.Covers(p) {
		t.Error("it does not cover what the event names")
	}
	for name, change := range map[string]func(*Place){
		"agency":   func(p *Place) { p.Agency = "b" },
		"owner":    func(p *Place) { p.Owner = "dossier/2" },
		"category": func(p *Place) { p.Category = "medical" },
	} {
		q := p
		change(&q)
		if ack.Covers(q) {
			t.Errorf("it covers another %s", name)
		}
	}
}

// C-2.1.4b: what is no stored, allowed access event proves nothing.
func TestNothingElseIsAnAcknowledgement(t *testing.T) {
	for name, change := range map[string]func(*eventstore.Envelope){
		"another kind":    func(e *eventstore.Envelope) { e.Kind = domain.KindDossier },
		"another type":    func(e *eventstore.Envelope) { e.Data.Events[0].Type = "dossier.opened" },
		"denied":          func(e *eventstore.Envelope) { e.Data.Events[0].Data = []byte(`{"outcome":"denied"}`) },
		"no outcome":      func(e *eventstore.Envelope) { e.Data.Events[0].Data = []byte(`{}`) },
		"two events":      func(e *eventstore.Envelope) { e.Data.Events = append(e.Data.Events, e.Data.Events[0]) },
		"no event at all": func(e *eventstore.Envelope) { e.Data.Events = nil },
	} {
		p, a := accessEvent(t, change)
		refused(t, name, p, a)
	}
	good := func() (*eventstore.Pending, eventstore.Appended) {
		return accessEvent(t, func(*eventstore.Envelope) {})
	}
	p, a := good()
	refused(t, "nothing pending", nil, a)
	refused(t, "not stored", p, eventstore.Appended{Leaf: a.Leaf})
	refused(t, "another leaf", p, eventstore.Appended{Position: 3, Leaf: eventstore.Leaf{1}})

	// The bytes of a wider access under the leaf of the one that was stored.
	wide, _ := accessEvent(t, func(e *eventstore.Envelope) {
		e.Data.Events[0].Data = []byte(`{"outcome":"allowed","owners":["dossier/1","dossier/2"],"categories":["report"]}`)
	})
	p.Payload = wide.Payload
	refused(t, "other bytes", p, a)
	p, a = good()
	p.Ref.Agency = "b"
	refused(t, "another agency", p, a)
}

// C-2.1.4b, issue 5 part 3: the proof covers what the list beside the event names,
// and a list that is not the one of the event gives none.
func TestAcknowledgementCoversWhatTheListNames(t *testing.T) {
	const one, two = "4f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59", "5f2d1c3b-4a59-4d9e-8a55-0d2f1c3b4a59"
	list := func(entries ...string) (*eventstore.Pending, eventstore.Appended) {
		l, err := verify.NewList(entries)
		if err != nil {
			t.Fatal(err)
		}
		ev := eventstore.StoredEvent{Type: "access.recorded", Schema: 1, Data: l.Head().Into([]byte(`{"outcome":"allowed","categories":["report"]}`)),
			Sections: []eventstore.SectionRef{eventstore.ListSection(l.Block())}}
		e := &eventstore.Envelope{Agency: "a", Kind: domain.KindAccess, AggregateID: "s", Data: eventstore.Data{Events: []eventstore.StoredEvent{ev}}}
		payload, leaf, err := eventstore.Marshal(e, [][]byte{l.Block()})
		if err != nil {
			t.Fatal(err)
		}
		return &eventstore.Pending{Ref: e.Ref(), Payload: payload, Leaf: leaf}, eventstore.Appended{Position: 3, Leaf: leaf}
	}
	p, a := list("+"+one, two, "staff/"+two, ">"+two)
	ack, err := Acknowledge(p, a)
	if err != nil {
		t.Fatal(err)
	}
	for owner, want := range map[string]bool{"dossier/" + one: true, "staff/" + two: true, "dossier/" + two: false, "staff/" + one: false, one: false} {
		if ack.Covers(Place{Scope: Scope{Agency: "a", Owner: owner}, Category: "report"}) != want {
			t.Errorf("%s: it should be %v", owner, want)
		}
	}
	for i := bytes.IndexByte(p.Payload, '\n') + 1; i < len(p.Payload); i++ {
		q := *p
		q.Payload = bytes.Clone(p.Payload)
		q.Payload[i] ^= 1
		if ack, err := Acknowledge(&q, a); err == nil || ack.Position() != 0 {
			t.Fatalf("byte %d of the list can be changed", i)
		}
	}
}

func refused(t *testing.T, name string, p *eventstore.Pending, a eventstore.Appended) {
	t.Helper()
	ack, err := Acknowledge(p, a)
	if err == nil || domain.AsError(err).Code != "not_acknowledged" {
		t.Errorf("%s: %v", name, err)
	}
	if ack.Position() != 0 {
		t.Errorf("%s: an acknowledgement came back", name)
	}
}
