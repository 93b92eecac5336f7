package commands_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/memory"
	"github.com/casefile-engine/casefile/eventstore/seal/vault"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/internal/clock"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

type kit struct {
	*testing.T
	store *memory.Store
	vault *vault.Vault
	h     *commands.Handler
}

func newKit(t *testing.T) *kit {
	t.Helper()
	dir := t.TempDir()
	b := vault.Binding{Data: filepath.Join(dir, "data"), Keys: filepath.Join(dir, "keys"), Lock: filepath.Join(dir, "lock")}
	id, err := vault.Bind(b)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(t.Context(), vault.Options{Path: filepath.Join(b.Data, "vault.db"), Store: id, Keys: b.Keys})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	k := &kit{T: t, store: memory.New(clock.Func(func() time.Time { return noon })), vault: v}
	k.h = k.handler()
	return k
}

// handler gives a handler that remembers nothing, as after a restart.
func (k *kit) handler() *commands.Handler {
	return commands.New(commands.Config{Store: k.store, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(),
		Clock: clock.Func(func() time.Time { return noon }), Exclusive: true})
}

var operator = commands.Caller{Door: commands.DoorImport, Staff: domain.Operator}

func request(id, command, dossier, at string, data any) commands.Request {
	raw, err := json.Marshal(data)
	if err != nil {
		panic(err)
	}
	return commands.Request{ID: id, Agency: "click", Command: command, Dossier: dossier, At: at, Data: raw}
}

type m = map[string]any

func newID() string { return uuid.NewString() }

// adopted is an agency with a regulation in force.
func adopted(at string) commands.Request {
	return request(newID(), "AdoptRegulation", "", at, m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"})
}

func opened(dossier, name string) commands.Request {
	return request(newID(), "OpenDossier", dossier, "2020-01-01T09:00:00+01:00", m{
		"client": m{"family_name": name, "given_names": "Anna"}, "service": "reintegration", "referral": "self", "standing": "none"})
}

func trajectory(dossier, number string) commands.Request {
	return request(newID(), "StartTrajectory", dossier, "2020-01-02T09:00:00+01:00", m{"trajectory": number})
}

func report(dossier string) commands.Request {
	return request(newID(), "AddRecord", dossier, "2020-01-03T09:00:00+01:00", m{
		"record": newID(), "category": "report", "title": "Kennismaking", "text": "Zonnebloem.", "source": "staff_report"})
}

func (k *kit) want(o commands.Outcome, outcome, code string) commands.Outcome {
	k.Helper()
	if o.Outcome != outcome || o.Code != code {
		k.Fatalf("got %+v, want %s %q", o, outcome, code)
	}
	return o
}

func (k *kit) all() (out []*eventstore.Commit) {
	k.Helper()
	if err := k.store.ReadAll(k.Context(), 0, func(c *eventstore.Commit) error { out = append(out, c); return nil }); err != nil {
		k.Fatal(err)
	}
	return out
}

// Catalogue §2: an id is unique within its aggregate for ever; a repetition is
// a duplicate with the first outcome, another content under it is refused.
func TestIdempotencyOutlivesTheProcess(t *testing.T) {
	k := newKit(t)
	d := newID()
	open := opened(d, "Jansen")
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	first := k.want(k.h.Execute(t.Context(), operator, open), commands.Accepted, "")
	for _, h := range []*commands.Handler{k.h, k.handler()} {
		again := k.want(h.Execute(t.Context(), operator, open), commands.Duplicate, "")
		if again.Position != first.Position || !cmp.Equal(again.Events, first.Events) {
			t.Errorf("a repetition answers %+v, not the first outcome %+v", again, first)
		}
		spaced := open
		spaced.Data = append(json.RawMessage("  "), open.Data...)
		k.want(h.Execute(t.Context(), operator, spaced), commands.Duplicate, "")
		other := opened(d, "Pietersen")
		other.ID = open.ID
		k.want(h.Execute(t.Context(), operator, other), commands.Refused, "id_reused")
	}
	if n := len(k.all()); n != 2 {
		t.Errorf("%d commits, want 2", n)
	}
}

// Architecture §1.4, T8: nothing that describes a person stands in the clear.
func TestNothingPersonalInTheStoredForm(t *testing.T) {
	k := newKit(t)
	d := newID()
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(d, "Merkwaarde")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, report(d)), commands.Accepted, "")
	for _, c := range k.all() {
		payload, _, err := eventstore.Marshal(&c.Envelope, c.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"Merkwaarde", "Anna", "Kennismaking", "Zonnebloem"} {
			if bytes.Contains(bytes.ToLower(payload), []byte(strings.ToLower(word))) {
				t.Errorf("%s stands in the clear in %s", word, c.Envelope.Type)
			}
		}
		if err := c.Verify(); err != nil {
			t.Error(err)
		}
	}
}

// C-2.7e, C-0a: a number, a login is one's alone; a client twice is a warning.
func TestReservations(t *testing.T) {
	k := newKit(t)
	a, b := newID(), newID()
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(a, "Jansen")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, opened(b, "Jansen")), commands.Accepted, "")
	k.want(k.h.Execute(t.Context(), operator, trajectory(a, "T-1")), commands.Accepted, "")
	o := k.h.Execute(t.Context(), operator, trajectory(b, "T-1"))
	if o.Outcome != commands.Refused || o.Rule == "" || !strings.Contains(o.Code, "trajectory") {
		t.Errorf("a second dossier got the same number: %+v", o)
	}
	for _, r := range k.all() {
		if strings.HasPrefix(r.Envelope.Subject, "unique/") && strings.Contains(string(r.Clear), "T-1\"") {
			t.Error("the reserved value stands in its reservation")
		}
	}
}

// Architecture §2: a window decides and stores what one by one would.
func TestWindowEqualsOneByOne(t *testing.T) {
	requests := func() []commands.Request {
		rs := []commands.Request{adopted("2019-01-01T00:00:00Z")}
		for i := range 20 {
			d := newID()
			rs = append(rs, opened(d, fmt.Sprintf("Naam%d", i)), trajectory(d, fmt.Sprintf("T-%d", i%15)), report(d))
			if i%4 == 0 {
				rs = append(rs, rs[len(rs)-1], opened(d, "Twee")) // a repetition; a dossier opened twice
			}
			if i%5 == 0 {
				bad := report(newID())
				rs = append(rs, bad)
			}
		}
		return rs
	}()
	one, win := newKit(t), newKit(t)
	var want []commands.Outcome
	for _, r := range requests {
		want = append(want, one.h.Execute(t.Context(), operator, r))
	}
	got := win.h.ExecuteWindow(t.Context(), operator, requests)
	for i := range want {
		w, g := want[i], got[i]
		if w.Outcome != g.Outcome || w.Code != g.Code || !cmp.Equal(w.Events, g.Events) || !cmp.Equal(w.Warnings, g.Warnings) {
			t.Errorf("line %d: one by one %+v, window %+v", i, w, g)
		}
	}
	a, b := one.all(), win.all()
	if len(a) != len(b) {
		t.Fatalf("one by one stored %d commits, the window %d", len(a), len(b))
	}
	chain := map[string]*eventstore.Commit{}
	for i := range b {
		if a[i].Envelope.Type != b[i].Envelope.Type || a[i].Envelope.Version != b[i].Envelope.Version {
			t.Errorf("commit %d: %s %d and %s %d", i, a[i].Envelope.Type, a[i].Envelope.Version, b[i].Envelope.Type, b[i].Envelope.Version)
		}
		if prev := chain[b[i].Envelope.Subject]; prev != nil &&
			(b[i].Envelope.PrevPosition != prev.Position || b[i].Envelope.PrevLeaf != eventstore.LeafHash(prev.Clear).String()) {
			t.Errorf("commit %d does not name the one before it", i)
		}
		chain[b[i].Envelope.Subject] = b[i]
	}
	// What the window folded ahead is what a restart folds from the stream.
	for _, r := range requests {
		if o := win.handler().Execute(t.Context(), operator, r); o.Outcome == commands.Accepted {
			t.Errorf("%s was accepted a second time", r.Command)
		}
	}
}

// Architecture §2: many callers on one aggregate and on many lose nothing,
// keep one chain, and recorded_at never runs backwards.
func TestConcurrentCommands(t *testing.T) {
	k := newKit(t)
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	ds := []string{newID(), newID(), newID()}
	for _, d := range ds {
		k.want(k.h.Execute(t.Context(), operator, opened(d, "Naam")), commands.Accepted, "")
	}
	handlers := []*commands.Handler{k.shared(), k.shared()} // two instances on one stream
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 25 {
				if o := handlers[w%2].Execute(context.Background(), operator, report(ds[(w+i)%3])); o.Outcome != commands.Accepted {
					t.Errorf("got %+v", o)
				}
			}
		})
	}
	wg.Wait()
	all := k.all()
	if len(all) != 1+3+200+reservations(all) {
		t.Errorf("%d commits", len(all))
	}
	for i := 1; i < len(all); i++ {
		if all[i].Envelope.Recorded.Before(all[i-1].Envelope.Recorded) {
			t.Errorf("recorded_at runs backwards at %d", i)
		}
	}
}

func (k *kit) shared() *commands.Handler {
	return commands.New(commands.Config{Store: k.store, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn(), Clock: clock.System{}})
}

func reservations(all []*eventstore.Commit) (n int) {
	for _, c := range all {
		if c.Envelope.Kind == domain.KindUnique {
			n++
		}
	}
	return n
}

// failing is a stream that cannot be written.
type failing struct {
	*memory.Store
	err error
}

func (f failing) Append(context.Context, *eventstore.Pending) (eventstore.Appended, error) {
	return eventstore.Appended{}, f.err
}

// T5: when the access event cannot be appended there is no acknowledgement,
// and a command says that it may be sent again.
func TestNoAppendNoAcknowledgement(t *testing.T) {
	for _, err := range []error{eventstore.ErrUnavailable, eventstore.ErrUnknown, eventstore.ErrReadOnly, context.DeadlineExceeded} {
		k := newKit(t)
		k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
		h := commands.New(commands.Config{Store: failing{k.store, err}, Sealer: k.vault, Digester: k.vault, Policies: policytest.BuiltIn()})
		ack, _, got := h.RecordAccess(t.Context(), commands.Caller{Staff: domain.Operator, Door: commands.DoorCLI}, "click", commands.Basis{},
			&access.Recorded{Action: "view", Outcome: access.Allowed, Owners: []string{"dossier/x"}, Categories: []domain.Category{domain.CatContact}})
		if got == nil || ack.Position() != 0 {
			t.Errorf("%v: an acknowledgement without a stored event", err)
		}
		o := h.Execute(t.Context(), operator, opened(newID(), "Jansen"))
		if o.Outcome != commands.Refused || !o.Retry || o.Message == "" {
			t.Errorf("%v: got %+v", err, o)
		}
	}
}

// Architecture §1.3: a refused disclosure is a fact, and sending it again
// answers with the recorded refusal.
func TestRefusedDisclosureIsRecorded(t *testing.T) {
	k := newKit(t)
	d, r := newID(), newID()
	for _, rq := range []commands.Request{
		adopted("2019-01-01T00:00:00Z"),
		request(newID(), "RegisterRecipient", "", "2019-01-02T00:00:00Z", m{"recipient": r, "name": "Bakkerij", "class": "employer", "subtype": "current"}),
		opened(d, "Jansen"),
	} {
		k.want(k.h.Execute(t.Context(), operator, rq), commands.Accepted, "")
	}
	dis := request(newID(), "Disclose", d, "2020-02-01T09:00:00+01:00", m{
		"disclosure": newID(), "recipient": r, "recipient_person": "De Vries", "address_used": "Dorpsstraat 1", "categories": []string{"bsn"},
		"ground": "guidance", "evidence": m{"necessity": "nodig"}, "purpose": "guidance", "channel": "letter"})
	o := k.h.Execute(t.Context(), operator, dis)
	if o.Outcome != commands.Refused || o.Position == 0 || o.Rule == "" || !cmp.Equal(o.Events, []string{dossier.TypeDisclosureRefused}) {
		t.Fatalf("got %+v", o)
	}
	again := k.handler().Execute(t.Context(), operator, dis)
	if again.Outcome != commands.Duplicate || again.Code != o.Code || again.Rule != o.Rule || again.Position != o.Position {
		t.Errorf("again: %+v", again)
	}
}

// T9: bad input is refused with code, rule and what to do, and leaves nothing.
func TestBadInputLeavesNothing(t *testing.T) {
	k := newKit(t)
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	d := newID()
	open := opened(d, "Jansen")
	with := func(f func(*commands.Request)) commands.Request { r := open; f(&r); return r }
	for _, c := range []struct {
		code string
		r    commands.Request
	}{
		{"invalid_id", with(func(r *commands.Request) { r.ID = "1" })},
		{"invalid_agency", with(func(r *commands.Request) { r.Agency = "Klik Klak" })},
		{"unknown_command", with(func(r *commands.Request) { r.Command = "EraseEverything" })},
		{"invalid_time", with(func(r *commands.Request) { r.At = "gisteren" })},
		{"in_future", with(func(r *commands.Request) { r.At = "2031-01-01T00:00:00Z" })},
		{"unknown_field", with(func(r *commands.Request) { r.Data = json.RawMessage(`{"klant":1}`) })},
		{"invalid_json", with(func(r *commands.Request) { r.Data = json.RawMessage(`{`) })},
		{"bsn_invalid", with(func(r *commands.Request) {
			r.Data = json.RawMessage(`{"client":{"family_name":"J","given_names":"A","bsn":"123456789"},"service":"reintegration","referral":"self","standing":"none"}`)
		})},
		{"invalid_utf8", with(func(r *commands.Request) { r.Data = json.RawMessage("{\"client\":\"\xff\"}") })},
	} {
		o := k.h.Execute(t.Context(), operator, c.r)
		if o.Outcome != commands.Refused || o.Code != c.code || o.Rule == "" || o.Message == "" {
			t.Errorf("%s: got %+v", c.code, o)
		}
	}
	if n := len(k.all()); n != 1 {
		t.Errorf("%d commits, want only the adoption", n)
	}
}

// C-2.8, C-2.7e: a caller of one agency is nobody in another, and nobody acts
// in another's name outside an import.
func TestCallersStayWhereTheyBelong(t *testing.T) {
	k := newKit(t)
	k.want(k.h.Execute(t.Context(), operator, adopted("2019-01-01T00:00:00Z")), commands.Accepted, "")
	caller := commands.Caller{Door: commands.DoorAPI, Agency: "sol", Staff: newID()}
	k.want(k.h.Execute(t.Context(), caller, opened(newID(), "Jansen")), commands.Refused, "unknown_agency")
	caller.Agency = "click"
	k.want(k.h.Execute(t.Context(), caller, opened(newID(), "Jansen")), commands.Refused, "not_active")
	r := opened(newID(), "Jansen")
	r.Actor = newID()
	k.want(k.h.Execute(t.Context(), caller, r), commands.Refused, "not_the_actor")
	r.Actor = domain.Engine // an import names members of staff and the operator
	k.want(k.h.Execute(t.Context(), operator, r), commands.Refused, "not_the_actor")
}
