package vault

import (
	"encoding/json"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
)

const testStore = "0190a0a0-0000-4000-8000-00000000cafe"

// opening opens one and the same vault each time it is called.
type opening func(t testing.TB, change ...func(*Options)) *Vault

// eachEngine runs a test over both engines, each with a vault of its own.
func eachEngine(t *testing.T, test func(t *testing.T, open opening)) {
	t.Run("sqlite", func(t *testing.T) { test(t, sqliteVault(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, postgresVault(t)) })
}

func sqliteVault(t testing.TB) opening {
	dir := t.TempDir()
	return openWith(Options{Path: filepath.Join(dir, "vault.db"), Store: testStore, Keys: filepath.Join(dir, "keys")})
}

func postgresVault(t testing.TB) opening {
	return openWith(Options{PostgresURL: pg.Start(t), Store: testStore, Keys: filepath.Join(t.TempDir(), "keys")})
}

func openWith(o Options) opening {
	var ticks atomic.Int64
	o.Clock = clock.Func(func() time.Time { return time.Unix(1_700_000_000+ticks.Add(1), 0) })
	return func(t testing.TB, change ...func(*Options)) *Vault {
		t.Helper()
		o := o
		for _, c := range change {
			c(&o)
		}
		v, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := v.Close(); err != nil {
				t.Error(err)
			}
		})
		return v
	}
}

func dossier(n int) seal.Scope {
	id := uuid.UUID{0: 1, 6: 0x40, 8: 0x80, 14: byte(n >> 8), 15: byte(n)}
	return seal.Scope{Agency: "noord", Owner: "dossier/" + id.String(), Class: domain.ClassDossier}
}

// prepared gives the key id of a scope, created and announced.
func prepared(t testing.TB, v *Vault, s seal.Scope) string {
	t.Helper()
	created, err := v.Prepare(t.Context(), []seal.Scope{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range created {
		if err := v.Announced(t.Context(), []string{k.ID}); err != nil {
			t.Fatal(err)
		}
	}
	id, err := v.KeyID(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// report is the place of a report in a commit of that version.
func report(s seal.Scope, key string, version uint64) seal.Place {
	return seal.Place{Scope: s, Key: key, Event: "0190a0a0-0000-7000-8000-00000000e0e0", Type: "record.added", Schema: 1,
		Category: domain.CatReport, Version: version}
}

func sealed(t testing.TB, v *Vault, p seal.Place, text string) seal.Sealed {
	t.Helper()
	ct, err := v.Seal(t.Context(), p, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return seal.Sealed{Place: p, Ciphertext: ct}
}

func wantOpen(t testing.TB, v *Vault, s seal.Sealed, text string) {
	t.Helper()
	got, err := v.Open(t.Context(), ackFor(t, s.Place), s)
	if err != nil || string(got) != text {
		t.Fatalf("version %d opens as %q, %v", s.Version, got, err)
	}
}

// wantCode checks the code of a domain error.
func wantCode(t testing.TB, err error, code string) {
	t.Helper()
	if err == nil || domain.AsError(err).Code != code {
		t.Fatalf("want code %s, have %v", code, err)
	}
}

// ackFor acknowledges a stored access event that names the place.
func ackFor(t testing.TB, p seal.Place) seal.Acknowledgement {
	t.Helper()
	data, err := json.Marshal(seal.AccessPayload{Outcome: "allowed", Owners: []string{p.Owner}, Categories: []domain.Category{p.Category}})
	if err != nil {
		t.Fatal(err)
	}
	env := &eventstore.Envelope{Agency: p.Agency, Kind: domain.KindAccess, AggregateID: "a",
		Data: eventstore.Data{Events: []eventstore.StoredEvent{{Type: "access.recorded", Schema: 1, Data: data}}}}
	payload, leaf, err := eventstore.Marshal(env, nil)
	if err != nil {
		t.Fatal(err)
	}
	ack, err := seal.Acknowledge(&eventstore.Pending{Ref: env.Ref(), Payload: payload, Leaf: leaf}, eventstore.Appended{Position: 7, Leaf: leaf})
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

func mustExec(t testing.TB, v *Vault, text string, args ...any) {
	t.Helper()
	if _, err := v.db.ExecContext(t.Context(), v.db.q(text), args...); err != nil {
		t.Fatal(err)
	}
}
