package queries_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/policy/policytest"
	"github.com/casefile-engine/casefile/handlers/queries"
)

type m = map[string]any

// marker stands in every personal field of the dossier below.
const marker = "Zeldzaamwoord"

// life opens an engine with one coach and one dossier full of markers.
func life(t *testing.T) (e *engine.Engine, coach, dossier string) {
	t.Helper()
	e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(t.TempDir(), "data"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	coach, dossier = uuid.NewString(), uuid.NewString()
	for _, c := range []struct {
		name, dossier, at string
		data              m
	}{
		{"AdoptRegulation", "", "2019-01-01T00:00:00Z", m{"profile": "click-2017", "version": 1, "effective_from": "2017-01-19"}},
		{"RegisterRecipient", "", "2019-01-01T00:30:00Z", m{"recipient": uuid.NewString(), "name": marker, "class": "employer", "subtype": "current"}},
		{"EnrolStaff", "", "2019-01-01T01:00:00Z", m{"staff": coach, "name": marker, "login": "eva"}},
		{"SignConfidentiality", "", "2019-01-01T02:00:00Z", m{"staff": coach, "signed_on": "2019-01-01", "reference": "map 1"}},
		{"GrantRole", "", "2019-01-01T03:00:00Z", m{"staff": coach, "role": "coach"}},
		{"OpenDossier", dossier, "2020-01-01T09:00:00Z", m{"client": m{"family_name": marker, "given_names": "A"}, "service": "reintegration", "referral": "self", "standing": "none"}},
		{"AssignStaff", dossier, "2020-01-01T10:00:00Z", m{"staff": coach}},
		{"AddRecord", dossier, "2020-01-03T09:00:00Z", m{"record": uuid.NewString(), "category": "report", "title": marker, "text": marker, "source": "staff_report"}},
	} {
		raw, err := json.Marshal(c.data)
		if err != nil {
			t.Fatal(err)
		}
		o := e.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorImport, Staff: domain.Operator},
			commands.Request{ID: uuid.NewString(), Agency: "click", Command: c.name, Dossier: c.dossier, At: c.at, Data: raw})
		if o.Outcome != commands.Accepted {
			t.Fatalf("%s: %+v", c.name, o)
		}
	}
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return e, coach, dossier
}

// closed is a stream that can be read and not written.
type closed struct {
	eventstore.Store
	err error
}

func (c closed) Append(context.Context, *eventstore.Pending) (eventstore.Appended, error) {
	return eventstore.Appended{}, c.err
}

// door is one way to see something personal.
type door struct {
	name string
	see  func(s *queries.Service, r queries.Reader) (any, error)
}

func doors(ctx context.Context, dossier string) []door {
	export := func(o queries.ExportOptions) func(*queries.Service, queries.Reader) (any, error) {
		return func(s *queries.Service, r queries.Reader) (any, error) {
			var rows []any
			err := s.Export(ctx, r, o, func(row any) error { rows = append(rows, row); return nil })
			return rows, err
		}
	}
	return []door{
		{"dossier", func(s *queries.Service, r queries.Reader) (any, error) {
			return s.Dossier(ctx, r, dossier, queries.DossierOptions{Open: true})
		}},
		{"difference", func(s *queries.Service, r queries.Reader) (any, error) {
			return s.Difference(ctx, r, dossier, queries.DifferenceOptions{From: time.Unix(0, 0), To: time.Now(), Open: true})
		}},
		{"steps", func(s *queries.Service, r queries.Reader) (any, error) {
			return s.Steps(ctx, r, dossier, 0, queries.ReplayOptions{Open: true})
		}},
		{"search", func(s *queries.Service, r queries.Reader) (any, error) { return s.Search(ctx, r, marker[2:8]) }},
		{"caseload", func(s *queries.Service, r queries.Reader) (any, error) { return s.Caseload(ctx, r) }},
		{"people", func(s *queries.Service, r queries.Reader) (any, error) {
			a, b, err := s.People(ctx, r)
			return []any{a, b}, err
		}},
		{"export of dossiers, opened", export(queries.ExportOptions{Register: "dossiers", Open: true})},
		{"export of one dossier, opened", export(queries.ExportOptions{Register: "dossiers", Dossier: dossier, Open: true})},
	}
}

// T5: no record, no plaintext. When the access event cannot be appended, times
// out, or the look is denied, nothing personal comes out of any door; when it
// can, the marker does come out, so that this test sees something.
func TestNoRecordNoPlaintext(t *testing.T) {
	e, coach, dossier := life(t)
	service := func(store eventstore.Store) *queries.Service {
		h := commands.New(commands.Config{Store: store, Sealer: e.Vault, Digester: e.Vault, Policies: policytest.BuiltIn(), Exclusive: true})
		return queries.New(queries.Config{Commands: h, Opener: e.Vault, DB: e.DB, Index: e.Search})
	}
	reader := queries.Reader{Caller: commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: coach}, Agency: "click", Purpose: "guidance", Action: "view"}
	for _, d := range doors(t.Context(), dossier) {
		got, err := d.see(service(e.Store), reader)
		if err != nil || !strings.Contains(text(t, got), marker) {
			t.Errorf("%s shows nothing even when the look is on record: %v", d.name, err)
		}
		for _, broken := range []error{eventstore.ErrUnavailable, eventstore.ErrUnknown, eventstore.ErrReadOnly, context.DeadlineExceeded, errors.New("disk on fire")} {
			got, err := d.see(service(closed{e.Store, broken}), reader)
			if err == nil || strings.Contains(text(t, got), marker) {
				t.Errorf("%s, append failing with %v: something personal came out, error %v", d.name, broken, err)
			}
			if de := domain.AsError(err); de.Code == "" || de.Rule == "" || strings.Contains(de.Message, marker) {
				t.Errorf("%s: the error does not say why: %+v", d.name, de)
			}
		}
		for _, c := range []commands.Caller{{Door: commands.DoorAPI, Agency: "click", Staff: uuid.NewString()}, {Door: commands.DoorAPI, Agency: "sol", Staff: coach}} {
			r := reader
			r.Caller = c
			got, err := d.see(service(e.Store), r)
			if err == nil || strings.Contains(text(t, got), marker) {
				t.Errorf("%s: a caller without right saw something, error %v", d.name, err)
			}
		}
		r := reader
		r.Purpose = "curiosity"
		if got, err := d.see(service(e.Store), r); err == nil || strings.Contains(text(t, got), marker) {
			t.Errorf("%s: a look without a purpose (C-I1) showed something", d.name)
		}
	}
}

// The registers hold ids and codes alone, whoever asks (catalogue §3).
func TestRegistersShowNothingPersonal(t *testing.T) {
	e, coach, _ := life(t)
	// The whole of each register is the compliance officer's.
	o := e.Commands.Execute(t.Context(), commands.Caller{Door: commands.DoorImport, Staff: domain.Operator},
		commands.Request{ID: uuid.NewString(), Agency: "click", Command: "GrantRole", At: "2019-02-01T00:00:00Z", Data: []byte(`{"staff":"` + coach + `","role":"compliance_officer"}`)})
	if o.Outcome != commands.Accepted {
		t.Fatalf("%+v", o)
	}
	reader := queries.Reader{Caller: commands.Caller{Door: commands.DoorAPI, Agency: "click", Staff: coach}, Agency: "click", Purpose: "audit", Action: "export"}
	for _, reg := range queries.Registers {
		n := 0
		err := e.Queries.Export(t.Context(), reader, queries.ExportOptions{Register: reg}, func(row any) error {
			n++
			if strings.Contains(text(t, row), marker) {
				t.Errorf("%s shows a name or text", reg)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", reg, err)
		}
		if reg == "history" && n == 0 {
			t.Error("the history is empty")
		}
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
