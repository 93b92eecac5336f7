package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

func TestOpensWhatItSealedAlsoAfterARestart(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		s := dossier(1)
		id := prepared(t, v, s)
		var all []seal.Sealed
		for _, version := range []uint64{1, 2, 16, 17, 4096, 1<<24 - 1} {
			all = append(all, sealed(t, v, report(s, id, version), "geheim"))
		}
		again := open(t, func(o *Options) { o.Existing = true })
		if got := prepared(t, again, s); got != id {
			t.Fatalf("the scope has key %s after a restart, not %s", got, id)
		}
		for _, x := range all {
			wantOpen(t, v, x, "geheim")
			wantOpen(t, again, x, "geheim")
		}
	})
}

func TestPrepareTellsWhatItCreated(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		want := []seal.Scope{dossier(3), dossier(1), dossier(2), dossier(1)}
		created, err := v.Prepare(t.Context(), want)
		if err != nil || len(created) != 3 {
			t.Fatalf("created %v, %v", created, err)
		}
		for i, k := range created { // in the order of scopes, each once
			if k.Owner != want[i].Owner || k.Class != want[i].Class || len(k.Commitment) != 64 {
				t.Errorf("key %d is %+v", i, k)
			}
			if id, err := v.KeyID(t.Context(), want[i]); err != nil || id != k.ID {
				t.Errorf("scope %d has key %s, %v", i, id, err)
			}
		}
		m, err := v.material(t.Context(), created[0].ID)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(slices.Concat([]byte("casefile root key v1"), []byte(created[0].ID), m.nodes[0].Key[:]))
		if hex.EncodeToString(sum[:]) != created[0].Commitment {
			t.Error("the commitment is another")
		}
	})
}

// Given a key whose announcing commit was not stored, when the scope is
// prepared again, also by another process, then it is announced again; once
// Announced was called, no more.
func TestAnnouncementIsNotLost(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		scopes := []seal.Scope{dossier(1)}
		first, err := v.Prepare(t.Context(), scopes)
		if err != nil || len(first) != 1 {
			t.Fatal(first, err)
		}
		for _, w := range []*Vault{v, open(t)} {
			if again, err := w.Prepare(t.Context(), scopes); err != nil || !slices.Equal(again, first) {
				t.Fatalf("announced %v, %v; want %v", again, err, first)
			}
		}
		if err := v.Announced(t.Context(), []string{first[0].ID}); err != nil {
			t.Fatal(err)
		}
		silent := func(w *Vault) {
			t.Helper()
			if more, err := w.Prepare(t.Context(), scopes); err != nil || len(more) != 0 {
				t.Fatalf("announced %v, %v", more, err)
			}
		}
		silent(v)
		prepared(t, v, dossier(2)) // the next transaction writes it
		silent(open(t))
		if err := v.flushAnnounced(t.Context()); err != nil { // as Close does
			t.Fatal(err)
		}
		w := open(t)
		if more, err := w.Prepare(t.Context(), []seal.Scope{dossier(2)}); err != nil || len(more) != 0 {
			t.Fatalf("announced %v, %v", more, err)
		}
	})
}

// Given many callers, in two processes, that prepare the same new scopes at the
// same time, then each scope has one key and everybody has the same.
func TestPrepareIsFreeOfRaces(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		vaults := []*Vault{open(t), open(t)}
		const callers, scopes = 16, 40
		got := make([]map[seal.Scope]string, callers)
		var wg sync.WaitGroup
		for c := range callers {
			got[c] = map[seal.Scope]string{}
			wg.Go(func() {
				v := vaults[c%2]
				for i := range scopes {
					// Some alone, some together, in different orders.
					part := []seal.Scope{dossier(i), dossier((i * 7) % scopes)}
					if c%3 == 0 {
						slices.Reverse(part)
					}
					if _, err := v.Prepare(t.Context(), part); err != nil {
						t.Error(err)
						return
					}
					for _, s := range part {
						id, err := v.KeyID(t.Context(), s)
						if err != nil {
							t.Error(err)
						}
						got[c][s] = id
						if _, err := v.Seal(t.Context(), report(s, id, 1), []byte("x")); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wg.Wait()
		for c := range got {
			for s, id := range got[c] {
				if id == "" || id != got[0][s] {
					t.Fatalf("caller %d has another key", c)
				}
			}
		}
		if n, err := vaults[0].Check(t.Context()); err != nil || n != scopes {
			t.Fatalf("%d keys, %v", n, err)
		}
	})
}

func TestPrepareManyAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		var scopes []seal.Scope
		for i := range 2100 {
			scopes = append(scopes, dossier(i))
		}
		prepared(t, v, scopes[1000]) // one of them exists
		created, err := v.Prepare(t.Context(), scopes)
		if err != nil || len(created) != len(scopes)-1 {
			t.Fatalf("created %d, %v", len(created), err)
		}
		n := 0
		var before string
		err = v.List(t.Context(), "noord", func(k KeyInfo) error {
			if k.Owner <= before || k.Status != Intact || k.Epoch != 1 || k.Created.IsZero() {
				t.Errorf("listed %+v", k)
			}
			before = k.Owner
			n++
			return nil
		})
		if err != nil || n != len(scopes) {
			t.Fatalf("listed %d, %v", n, err)
		}
		stop := errors.New("stop")
		if err := v.List(t.Context(), "noord", func(KeyInfo) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("List gave %v", err)
		}
	})
}

func TestPrepareRefusesBadScopes(t *testing.T) {
	v := sqliteVault(t)(t)
	for _, s := range []seal.Scope{{}, {Agency: "A", Owner: "dossier/1", Class: "dossier"}, {Agency: "a", Class: "dossier"}, {Agency: "a", Owner: "x"}} {
		if _, err := v.Prepare(t.Context(), []seal.Scope{s}); err == nil {
			t.Errorf("prepared %+v", s)
		}
	}
	if _, err := v.KeyID(t.Context(), dossier(1)); err == nil {
		t.Error("a scope that was never prepared has a key")
	}
}

// C-2.1.4b: no record, no plaintext; and C-2.8: nothing crosses. Every field of
// the place is changed, with an acknowledgement that covers the changed place.
func TestOpensNowhereElse(t *testing.T) {
	v := sqliteVault(t)(t)
	s, other := dossier(1), dossier(2)
	medical := s
	medical.Class = domain.ClassMedical
	abroad := s
	abroad.Agency = "zuid"
	keys := map[seal.Scope]string{}
	for _, x := range []seal.Scope{s, other, medical, abroad} {
		keys[x] = prepared(t, v, x)
	}
	x := sealed(t, v, report(s, keys[s], 5), "geheim")
	for name, change := range map[string]func(*seal.Place){
		"agency":           func(p *seal.Place) { p.Agency = "zuid" },
		"agency and key":   func(p *seal.Place) { p.Scope, p.Key = abroad, keys[abroad] },
		"owner":            func(p *seal.Place) { p.Owner = other.Owner },
		"owner and key":    func(p *seal.Place) { p.Scope, p.Key = other, keys[other] },
		"class":            func(p *seal.Place) { p.Class = domain.ClassMedical },
		"class and key":    func(p *seal.Place) { p.Scope, p.Key = medical, keys[medical] },
		"key":              func(p *seal.Place) { p.Key = keys[other] },
		"key unknown":      func(p *seal.Place) { p.Key = testStore },
		"event":            func(p *seal.Place) { p.Event = testStore },
		"type":             func(p *seal.Place) { p.Type = "record.corrected" },
		"schema":           func(p *seal.Place) { p.Schema = 2 },
		"category":         func(p *seal.Place) { p.Category = domain.CatMedical },
		"version":          func(p *seal.Place) { p.Version = 6 },
		"version far":      func(p *seal.Place) { p.Version = 600 },
		"version 0":        func(p *seal.Place) { p.Version = 0 },
		"version too high": func(p *seal.Place) { p.Version = 1 << 24 },
		"index":            func(p *seal.Place) { p.Index = 1 },
	} {
		y := x
		change(&y.Place)
		if got, err := v.Open(t.Context(), ackFor(t, y.Place), y); err == nil || got != nil {
			t.Errorf("%s: opened as %q, %v", name, got, err)
		}
		_, err := v.Open(t.Context(), seal.Acknowledgement{}, y)
		wantCode(t, err, "not_acknowledged")
	}
	wantOpen(t, v, x, "geheim")
}

func TestTooManyCommits(t *testing.T) {
	v := sqliteVault(t)(t)
	id := prepared(t, v, dossier(1))
	_, err := v.Seal(t.Context(), report(dossier(1), id, 1<<24), nil)
	wantCode(t, err, "too_many_commits")
}

func TestDigestBelongsToAgencyAndUse(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		v := open(t)
		seen := map[[32]byte]string{}
		for _, agency := range []string{"noord", "zuid"} {
			for _, use := range []string{"command", "unique"} {
				for _, data := range []string{"", "a"} {
					sum, err := v.Digest(t.Context(), agency, use, []byte(data))
					if err != nil {
						t.Fatal(err)
					}
					again, err := open(t).Digest(t.Context(), agency, use, []byte(data))
					if err != nil || again != sum {
						t.Errorf("another process gives another digest: %v", err)
					}
					if before, ok := seen[sum]; ok {
						t.Errorf("%s and %s/%s/%s have the same digest", before, agency, use, data)
					}
					seen[sum] = agency + "/" + use + "/" + data
				}
			}
		}
		if _, err := v.Digest(t.Context(), "Noord", "command", nil); err == nil {
			t.Error("an agency's name in another form has a digest")
		}
	})
}

func TestDigestKeyIsCreatedOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		vaults := []*Vault{open(t), open(t)}
		var sums [8][32]byte
		var wg sync.WaitGroup
		for i := range sums {
			wg.Go(func() {
				var err error
				if sums[i], err = vaults[i%2].Digest(t.Context(), "noord", "login", []byte("x")); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		for _, s := range sums {
			if s != sums[0] {
				t.Fatal("two keys for one use")
			}
		}
	})
}

// A small cache changes nothing but the speed.
func TestCacheIsBounded(t *testing.T) {
	v := sqliteVault(t)(t, func(o *Options) { o.CacheKeys = 3 })
	var all []seal.Sealed
	for i := range 10 {
		all = append(all, sealed(t, v, report(dossier(i), prepared(t, v, dossier(i)), 1), "x"))
	}
	for _, x := range all {
		wantOpen(t, v, x, "x")
	}
	if n := len(v.keys.entries); n > 3 {
		t.Errorf("%d keys are cached", n)
	}
}

// Rapid: random sequences of sealing, puncturing, destroying and restarting
// against the plain rule of what may open.
func TestVaultAgainstItsRule(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		n := 0
		rapid.Check(t, func(rt *rapid.T) {
			v := open(t, func(o *Options) { o.CacheKeys = 2 })
			defer func() { v.Close() }()
			n++
			ctx := context.Background()
			type leaf struct {
				scope   int
				version uint64
			}
			texts := map[leaf]seal.Sealed{}
			gone := map[leaf]bool{}
			ended := map[int]bool{}
			scope := func(i int) seal.Scope { return dossier(n*8 + i) }
			for range rapid.IntRange(5, 25).Draw(rt, "steps") {
				l := leaf{rapid.IntRange(0, 2).Draw(rt, "scope"), rapid.Uint64Range(1, 40).Draw(rt, "version")}
				s := scope(l.scope)
				switch rapid.SampledFrom([]string{"seal", "seal", "seal", "puncture", "destroy", "restart"}).Draw(rt, "step") {
				case "seal":
					_, err := v.Prepare(ctx, []seal.Scope{s})
					if ended[l.scope] {
						wantCode(t, err, "destroyed")
						continue
					}
					id, err := v.KeyID(ctx, s)
					if err != nil {
						rt.Fatal(err)
					}
					p := report(s, id, l.version)
					ct, err := v.Seal(ctx, p, []byte("x"))
					if gone[l] {
						wantCode(t, err, "destroyed")
						continue
					}
					if err != nil {
						rt.Fatal(err)
					}
					texts[l] = seal.Sealed{Place: p, Ciphertext: ct}
				case "puncture":
					_, ok, err := v.Status(ctx, s)
					if err != nil {
						rt.Fatal(err)
					}
					_, err = v.Puncture(ctx, s, l.version, l.version+1)
					switch {
					case !ok:
						wantCode(t, err, "key_missing")
					case ended[l.scope]:
						wantCode(t, err, "destroyed")
					case err != nil:
						rt.Fatal(err)
					default:
						gone[l], gone[leaf{l.scope, l.version + 1}] = true, true
					}
				case "destroy":
					if rapid.IntRange(0, 3).Draw(rt, "really") > 0 {
						continue
					}
					if _, err := v.Destroy(ctx, s); err != nil {
						rt.Fatal(err)
					}
					ended[l.scope] = true
				case "restart":
					if err := v.Close(); err != nil {
						rt.Fatal(err)
					}
					v = open(t, func(o *Options) { o.CacheKeys = 2 })
				}
			}
			for l, x := range texts {
				got, err := v.Open(ctx, ackFor(t, x.Place), x)
				if gone[l] || ended[l.scope] {
					wantCode(t, err, "destroyed")
				} else if err != nil || !bytes.Equal(got, []byte("x")) {
					rt.Fatalf("%+v opens as %q, %v", l, got, err)
				}
			}
		})
	})
}

// Two instances on one vault: what one destroys, the other opens no more.
func TestOtherInstancesDropDestroyedKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, open opening) {
		a, b := open(t), open(t)
		s := dossier(1)
		x := sealed(t, a, report(s, prepared(t, a, s), 1), "x")
		wantOpen(t, b, x, "x")
		if _, err := a.Destroy(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		b.checked.Store(0) // a second later
		_, err := b.Open(t.Context(), ackFor(t, x.Place), x)
		wantCode(t, err, "destroyed")
		_, err = b.Prepare(t.Context(), []seal.Scope{s})
		wantCode(t, err, "destroyed")
	})
}
