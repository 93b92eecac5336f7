package commands_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/incident"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/domain/review"
	"github.com/casefile-engine/casefile/domain/staff"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
)

// stored gives the commit of events as it comes back from a stream.
func stored(t interface {
	Helper()
	Fatal(...any)
}, ref domain.Ref, events ...domain.Event) *eventstore.Commit {
	t.Helper()
	facts := make([]domain.Fact, len(events))
	for i, e := range events {
		facts[i] = domain.Fact{Event: e}
	}
	d, err := commands.NewDraft(context.Background(), nil, ref, 1, commands.Attribution{Command: "Test", CommandID: newID(), Actor: domain.Operator, RecordedBy: domain.Operator}, facts)
	if err != nil {
		t.Fatal(err)
	}
	p, err := d.Finish(nil, noon, 0, eventstore.Leaf{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := eventstore.Unmarshal(p.Payload)
	if err == nil {
		err = c.Verify()
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Position = 1
	return c
}

// ids draws ids of dossiers, in byte order.
func ids(t *rapid.T, least int) []domain.ID {
	n := rapid.IntRange(least, 40).Draw(t, "dossiers")
	out := make([]domain.ID, n)
	for i := range out {
		out[i] = uuid.NewSHA1(uuid.Nil, fmt.Append(nil, i, rapid.IntRange(0, 3).Draw(t, "id"))).String()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// lister draws an event that can name several dossiers, and what it is on.
func lister(t *rapid.T) (domain.Ref, domain.Event) {
	on := domain.Ref{Agency: "click", ID: uuid.NewSHA1(uuid.Nil, []byte("on")).String()}
	least := rapid.IntRange(0, 3).Draw(t, "least")
	switch rapid.IntRange(0, 4).Draw(t, "event") {
	case 0:
		e := &access.Recorded{Action: "list", Outcome: access.Allowed, Purpose: "guidance", Ground: "role", Dossiers: ids(t, least)}
		for _, id := range ids(t, 0) {
			e.Owners = append(e.Owners, rapid.SampledFrom([]string{"dossier/", "staff/", "recipient/"}).Draw(t, "owner")+id)
		}
		for _, id := range e.Dossiers {
			if rapid.Bool().Draw(t, "opens") {
				e.Owners = append(e.Owners, "dossier/"+id)
			}
		}
		slices.Sort(e.Owners)
		e.Owners = slices.Compact(e.Owners)
		on.Kind = domain.KindAccess
		return on, e
	case 1:
		on.Kind = domain.KindStaff
		return on, &staff.AccessGranted{Grant: on.ID, Dossiers: ids(t, least), Purpose: "audit", From: noon, Until: noon.Add(time.Hour), AuthorisedBy: on.ID}
	case 2:
		on.Kind = domain.KindIncident
		return on, &incident.Reported{DiscoveredAt: noon, NotifyBy: noon.Add(time.Hour), Kind: "other", Dossiers: ids(t, least), People: 3}
	case 3:
		on.Kind = domain.KindReview
		return on, &review.Reviewed{Dossiers: ids(t, least), Staff: ids(t, 0), Sample: 3, Outcome: review.InOrder}
	}
	on.Kind = domain.KindDossier
	return on, &dossier.RecordMoved{Record: on.ID, ToDossier: ids(t, 1)[0], Incident: on.ID}
}

// Issue 5 part 3: an event that names several dossiers is stored with its lists
// beside the clear line, which then names none, and comes back as it was decided;
// its clear data are those that it would have had. One that names one dossier
// alone is stored as it always was.
func TestListsAreStoredBesideTheClearLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		on, e := lister(t)
		raw, _, err := catalog.Encode(e)
		if err != nil {
			t.Fatal(err)
		}
		named := e.(domain.Lister).Lists().Named()
		// Another event before it, so that the list is not that of the first.
		c := stored(t, on, &staff.RoleGranted{Role: "coach"}, e)
		back, err := commands.Decode(c)
		if err != nil {
			t.Fatal(err)
		}
		got := back[1].Event
		if diff := cmp.Diff(e, got, cmpopts.EquateEmpty(), cmp.Comparer(func(a, b nl.Date) bool { return a == b })); diff != "" {
			t.Fatal(diff)
		}
		alone := len(named) < 2
		if on.Kind == domain.KindDossier {
			alone = len(named) == 0
		}
		clear := verify.Names(c.Envelope.Data.Events[1].Data)
		list, err := c.List(1)
		if err != nil || alone != (list == nil) || !alone && len(clear) > 0 {
			t.Fatalf("%v names %v, and its clear data %v: %v", e, named, clear, err)
		}
		if alone && !bytes.Equal(c.Envelope.Data.Events[1].Data, raw) {
			t.Fatalf("one dossier alone is stored as %s", c.Envelope.Data.Events[1].Data)
		}
		names, err := ledger.Names(c)
		if on.Kind == domain.KindDossier {
			named = []domain.ID{on.ID} // of the other one it is no part of the history
		}
		if err != nil || !slices.Equal(names, named) {
			t.Fatalf("the commit names %v, not %v: %v", names, named, err)
		}
		again, _, err := catalog.Encode(got)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := commands.ClearData(c, 1); err != nil || !alone && !bytes.Equal(data, again) || alone && !bytes.Equal(data, raw) {
			t.Fatalf("the clear data are %s, not %s: %v", data, raw, err)
		}
	})
}

// T2: a flipped byte in a list is no list for whoever decodes the commit.
func TestAFlippedListIsNotDecoded_T2(t *testing.T) {
	on := domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: newID()}
	c := stored(t, on, &access.Recorded{Action: "list", Outcome: access.Allowed, Ground: "role", Dossiers: []domain.ID{newID(), newID()}})
	whole := c.Stored()
	for i := len(c.Clear) + 1; i < len(whole); i++ {
		b := bytes.Clone(whole)
		b[i] ^= 1 << (i % 8)
		got, err := eventstore.Unmarshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if ev, err := commands.Decode(got); !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatalf("byte %d flipped decodes to %v: %v", i, ev, err)
		}
		if _, err := commands.ClearData(got, 0); !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatal(err)
		}
	}
}

// C-2.1.4b: the acknowledgement of a list look opens what it names, and decoding
// it says the same; a list of 1,000 dossiers is one commit.
func TestALookAtAThousandDossiers_C_2_1_4b(t *testing.T) {
	k := newKit(t)
	ev := &access.Recorded{Action: "list", Outcome: access.Allowed, Purpose: "guidance", Ground: "role", Categories: []domain.Category{domain.CatContact}}
	for range access.MaxDossiers {
		id := newID()
		ev.Dossiers, ev.Owners = append(ev.Dossiers, id), append(ev.Owners, "dossier/"+id)
	}
	slices.Sort(ev.Dossiers)
	slices.Sort(ev.Owners)
	coach := commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: newID()}
	ack, position, err := k.h.RecordAccess(t.Context(), coach, "click", commands.Basis{Purpose: "guidance", Ground: "role"}, ev)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range ev.Owners {
		if !ack.Covers(place(o)) {
			t.Fatalf("it does not open what %s owns", o)
		}
	}
	if ack.Covers(place("dossier/" + newID())) {
		t.Error("it opens what it does not name")
	}
	c, err := k.store.At(t.Context(), position)
	if err != nil {
		t.Fatal(err)
	}
	back, err := commands.Decode(c)
	if err != nil || !cmp.Equal(back[0].Event, domain.Event(ev)) {
		t.Errorf("another look came back: %v", err)
	}
}

// place is where a section of contact data of an owner would stand.
func place(owner string) seal.Place {
	return seal.Place{Scope: seal.Scope{Agency: "click", Owner: owner, Class: domain.ClassDossier}, Category: domain.CatContact}
}

func BenchmarkListLook(b *testing.B) {
	for _, n := range []int{1, 1000} {
		ev := &access.Recorded{Action: "list", Outcome: access.Allowed, Purpose: "guidance", Ground: "role", Categories: []domain.Category{domain.CatContact}}
		for range n {
			id := newID()
			ev.Dossiers, ev.Owners = append(ev.Dossiers, id), append(ev.Owners, "dossier/"+id)
		}
		on := domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: newID()}
		c := stored(b, on, ev)
		b.Run(fmt.Sprintf("%d/make", n), func(b *testing.B) {
			for b.Loop() {
				stored(b, on, ev)
			}
			b.ReportMetric(float64(len(c.Clear)), "clear-bytes")
			b.ReportMetric(float64(len(c.Stored())), "bytes")
		})
		b.Run(fmt.Sprintf("%d/append", n), func(b *testing.B) {
			store, err := embedded.Open(b.Context(), embedded.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			h := commands.New(commands.Config{Store: store, Policies: policytest.BuiltIn(), Exclusive: true})
			caller := commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: on.ID}
			for b.Loop() {
				if _, _, err := h.RecordAccess(b.Context(), caller, "click", commands.Basis{}, ev); err != nil {
					b.Fatal(err)
				}
			}
		})
		payload := c.Stored()
		b.Run(fmt.Sprintf("%d/decode", n), func(b *testing.B) {
			for b.Loop() {
				c, err := eventstore.Unmarshal(payload)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := commands.Decode(c); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d/names", n), func(b *testing.B) {
			for b.Loop() {
				_, _ = ledger.Names(c)
			}
		})
	}
}
