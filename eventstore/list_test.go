package eventstore_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// listed is a stored commit that names dossiers beside its clear line, behind a
// sealed section.
func listed(t *testing.T, ids ...string) *eventstore.Commit {
	t.Helper()
	n := storetest.Next{Ref: storetest.Dossier(), Lists: ids}
	p := n.Pending(40)
	if err := p.Stamp(p, time.Now().UTC()); err != nil {
		t.Fatal(err)
	}
	c, err := eventstore.Unmarshal(p.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Issue 5 part 3: a list is one more section, no ciphertext, and comes back
// compared with what the clear line commits to; the commit names what it names.
func TestAListStandsBesideItsEvent(t *testing.T) {
	a, b := uuid.NewString(), uuid.NewString()
	c := listed(t, "+"+a, b)
	if bytes.Contains(c.Clear, []byte(a)) || bytes.Contains(c.Clear, []byte(b)) {
		t.Error("the clear line names what its list names")
	}
	refs := c.Envelope.Data.Events[0].Sections
	if len(refs) != 2 || refs[0].IsList() || !refs[1].IsList() || refs[1].Owner+refs[1].Key+string(refs[1].Category) != "" {
		t.Errorf("the sections are %+v", refs)
	}
	l, err := c.List(0)
	if err != nil || !slices.Contains(l.Entries, "+"+a) || !slices.Contains(l.Entries, b) || c.Verify() != nil {
		t.Fatal(l, err)
	}
	want := []string{a, b, c.Envelope.AggregateID}
	slices.Sort(want)
	if names, err := ledger.Names(c); err != nil || !slices.Equal(names, want) {
		t.Errorf("it names %v: %v", names, err)
	}
	plain := listed(t)
	if l, err := plain.List(0); l != nil || err != nil {
		t.Error("a commit without a list has one", l, err)
	}
}

// T2: each changed byte of a list is damage for whoever reads it, and differs from
// the digest; so is a list that is missing, or one too many, however the digests
// were put right.
func TestAChangedListIsDamage_T2(t *testing.T) {
	c := listed(t, "+"+uuid.NewString(), uuid.NewString())
	stored := c.Stored()
	for i := len(stored) - len(c.Sealed[1]); i < len(stored); i++ {
		b := bytes.Clone(stored)
		b[i] ^= 1 << (i % 8)
		got, err := eventstore.Unmarshal(b)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := got.List(0); !errors.Is(err, eventstore.ErrDamaged) || !errors.Is(got.Verify(), eventstore.ErrDamaged) {
			t.Fatalf("byte %d of the list can be changed: %v", i, err)
		}
		if _, err := ledger.Names(got); !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatal(err)
		}
	}
	again := func(change func(ev *eventstore.StoredEvent, sealed *[][]byte)) *eventstore.Commit {
		x, err := eventstore.Unmarshal(bytes.Clone(stored))
		if err != nil {
			t.Fatal(err)
		}
		change(&x.Envelope.Data.Events[0], &x.Sealed)
		payload, _, err := eventstore.Marshal(&x.Envelope, x.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		if x, err = eventstore.Unmarshal(payload); err != nil || x.Verify() != nil {
			t.Fatal(err)
		}
		return x
	}
	if _, err := again(func(*eventstore.StoredEvent, *[][]byte) {}).List(0); err != nil {
		t.Fatal(err)
	}
	other := listed(t, "+"+uuid.NewString(), uuid.NewString())
	for name, change := range map[string]func(ev *eventstore.StoredEvent, sealed *[][]byte){
		"another list": func(ev *eventstore.StoredEvent, sealed *[][]byte) {
			(*sealed)[1] = other.Sealed[1]
			ev.Sections[1] = eventstore.ListSection(other.Sealed[1])
		},
		"another commitment": func(ev *eventstore.StoredEvent, _ *[][]byte) { ev.Data = other.Envelope.Data.Events[0].Data },
		"no list": func(ev *eventstore.StoredEvent, sealed *[][]byte) {
			ev.Sections, *sealed = ev.Sections[:1], (*sealed)[:1]
		},
		"no commitment": func(ev *eventstore.StoredEvent, _ *[][]byte) { ev.Data = []byte(`{}`) },
	} {
		if l, err := again(change).List(0); !errors.Is(err, eventstore.ErrDamaged) {
			t.Errorf("%s: %v %v", name, l, err)
		}
	}
}
