package engine_test

import (
	"encoding/hex"
	"strings"
	"testing"

	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// C-2.1.4b, T2: whoever has the signing key can anchor a map that lacks a look, so
// that an evidence bundle seems complete without it. Each anchor is worked out
// anew from the commits: such a one is found, named, and ends all writing.
func TestAnAnchorOfAnotherMapIsFound_C_2_1_4b(t *testing.T) {
	type forge func(a *domainledger.Anchored)
	flip := func(s string) string {
		b, _ := hex.DecodeString(s)
		b[0] ^= 1
		return hex.EncodeToString(b)
	}
	for name, c := range map[string]struct {
		forge forge
		says  string
	}{
		"true":      {func(*domainledger.Anchored) {}, ""},
		"the map":   {func(a *domainledger.Anchored) { a.MapRoot = flip(a.MapRoot) }, "another map"},
		"the log":   {func(a *domainledger.Anchored) { a.Root = flip(a.Root) }, "another root"},
		"too great": {func(a *domainledger.Anchored) { a.Size += 10 }, "cannot be"},
	} {
		t.Run(name, func(t *testing.T) {
			e := open(t, t.TempDir(), false)
			_, dossier, _ := small(t, e)
			said := event(anchored(t, e))
			// It names no dossier, so the map stays as it is.
			do(t, e, operator, "EnrolStaff", "", "2020-02-01T01:00:00Z", m{"staff": "d0000000-0000-4000-8000-0000000000aa", "name": "Ada Ander", "login": "ada"})
			if err := e.Ledger.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			log, _ := e.Ledger.Log("click")
			at := log.LatestCheckpoint()
			said.Size, said.Root = at.Size, hex.EncodeToString(at.Root[:])
			c.forge(said)
			position, err := e.Commands.RecordAnchor(t.Context(), "click", said)
			if err != nil {
				t.Fatal(err)
			}
			if err := e.Ledger.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
			r, err := e.Guard.Scrub(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if c.says == "" {
				if !r.Whole() {
					t.Fatalf("%+v", r.Findings)
				}
				return
			}
			f := r.Findings[0]
			if r.Total != 1 || f.Kind != scrub.Altered || f.Part != "ledger" || f.Position != position || f.Agency != "click" || !strings.Contains(f.Message, c.says) {
				t.Fatalf("%d, %+v", r.Total, f)
			}
			refusesToWrite(t, e, dossier, "integrity")
		})
	}
}

func anchored(t *testing.T, e *engine.Engine) ledger.Anchored {
	t.Helper()
	a, err := e.Ledger.Anchor(t.Context(), "click")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func event(a ledger.Anchored) *domainledger.Anchored {
	return &domainledger.Anchored{Size: a.Size, Root: hex.EncodeToString(a.Root[:]), MapRoot: hex.EncodeToString(a.MapRoot[:])}
}
