package engine_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// signed waits for a checkpoint of the agency that covers all of its commits.
func signed(t *testing.T, e *engine.Engine) *ledger.Log {
	t.Helper()
	head, err := e.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for until := time.Now().Add(time.Minute); time.Now().Before(until); time.Sleep(20 * time.Millisecond) {
		if log, ok := e.Ledger.Log("click"); ok && log.LatestCheckpoint().Position >= head {
			return log
		}
	}
	t.Fatalf("no checkpoint covers position %d: %+v", head, e.Ledger.Status())
	return nil
}

// provesAll shows that each commit of the stream is in the log.
func provesAll(t *testing.T, e *engine.Engine, log *ledger.Log) {
	t.Helper()
	c := log.LatestCheckpoint()
	n := int64(0)
	err := e.Store.ReadAll(t.Context(), 0, func(commit *eventstore.Commit) error {
		i, err := log.IndexOfCommit(commit)
		if err != nil {
			return err
		}
		p, err := log.InclusionProof(i, c.Size)
		if err != nil {
			return err
		}
		n++
		return verify.CheckInclusion(p, c.Size, c.Root, i, [32]byte(eventstore.LeafHash(commit.Clear)))
	})
	if err != nil || n != c.Size {
		t.Fatalf("%d of %d leaves: %v", n, c.Size, err)
	}
}

// L-U46, C-2.1.4b: given an engine that runs, when commands come and a dossier is
// looked at, then the ledger signs all of it by itself, an anchor of the map goes
// onto the stream once, and the number of commits on the dossier is proved.
func TestTheEngineSignsAndAnchors(t *testing.T) {
	dir := t.TempDir()
	e := open(t, dir, true)
	_, dossier, _ := small(t, e)
	provesAll(t, e, signed(t, e))
	a, err := e.Ledger.Anchor(t.Context(), "click")
	if err != nil {
		t.Fatal(err)
	}
	log := signed(t, e)
	provesAll(t, e, log)
	p, err := log.MapProof(t.Context(), a.Size, dossier)
	if err != nil || verify.CheckHead(a.MapRoot, dossier, p.Head, p.Proof) != nil {
		t.Fatal(err)
	}
	want := int64(0)
	err = e.Store.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
		names, err := ledger.Names(c)
		if slices.Contains(names, dossier) {
			want++
		}
		return err
	})
	if err != nil || p.Head.Count != want || want < 4 {
		t.Fatalf("%d commits name it, proved are %d: %v", want, p.Head.Count, err)
	}
	last, err := e.Store.Last(t.Context(), domain.Ref{Agency: "click", Kind: domain.KindLedger, ID: "click"})
	if err != nil {
		t.Fatal(err)
	}
	env := last.Envelope
	if env.Actor != domain.Engine || env.Door != "engine" || env.Purpose != "audit" || env.Version != 1 || env.Data.Events[0].Type != domainledger.TypeAnchored {
		t.Fatalf("%+v", env)
	}
	// The same anchor again is the same commit, an older one is refused.
	position, err := e.Commands.RecordAnchor(t.Context(), "click", &domainledger.Anchored{Size: a.Size, Root: "x", MapRoot: "y"})
	if err != nil || position != last.Position {
		t.Fatal(position, err)
	}
	if _, err := e.Commands.RecordAnchor(t.Context(), "click", &domainledger.Anchored{Size: a.Size - 1}); domain.AsError(err).Code != "anchored" {
		t.Fatal(err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	// Without following, as the command line does.
	e = open(t, dir, false)
	do(t, e, operator, "EnrolStaff", "", "2020-02-01T01:00:00Z", m{"staff": "d0000000-0000-4000-8000-0000000000aa", "name": "Ada Ander", "login": "ada"})
	if err := e.CatchUp(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	provesAll(t, e, signed(t, e))
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}

	// The key that signed is never replaced silently.
	if err := os.Remove(filepath.Join(dir, "data.keys", "ledger.key")); err != nil {
		t.Fatal(err)
	}
	_, err = engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data")})
	if domain.AsError(err).Code != "ledger_key_missing" || !errors.Is(err, ledger.ErrOtherKey) {
		t.Fatal(err)
	}
}

// T10: given two instances on a cluster, then one signs and both prove; when it
// goes the other goes on, from the same history. (That it does so after a death,
// when the lease has run out, is shown in eventstore/ledger.)
func TestAnotherInstanceTakesTheLedgerOver(t *testing.T) {
	p := newPlace(t)
	one, two := t.TempDir(), t.TempDir()
	first := p.instance(t, one, true)
	copyKeys(t, one, two)
	second := p.instance(t, two, true)
	small(t, first)
	for _, e := range []*engine.Engine{first, second} {
		provesAll(t, e, signed(t, e))
	}
	was := signed(t, second).LatestCheckpoint()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	do(t, second, operator, "EnrolStaff", "", "2020-02-01T01:00:00Z", m{"staff": "d0000000-0000-4000-8000-0000000000aa", "name": "Ada Ander", "login": "ada"})
	log := signed(t, second)
	if took := time.Since(began); took > time.Minute {
		t.Fatalf("it took %s", took)
	}
	provesAll(t, second, log)
	now := log.LatestCheckpoint()
	proof, err := log.ConsistencyProof(was.Size, now.Size)
	if err != nil || verify.CheckConsistency(proof, now.Size, now.Root, was.Size, was.Root) != nil {
		t.Fatal(err)
	}
}
