package ledger_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger"
)

// T2: where commits bear the key's code, one without stops the log of its agency,
// and is never signed; the logs of others go on.
func TestACommitWithoutTheCodeIsNeverSigned(t *testing.T) {
	w := newWorld(t)
	o := w.options()
	o.Coded = true
	l, err := ledger.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	click, sol := domain.Ref{Agency: "click", Kind: domain.KindDossier, ID: uuid.NewString()}, domain.Ref{Agency: "sol", Kind: domain.KindDossier, ID: uuid.NewString()}
	w.code = l.Key().Code
	w.commit(click, "dossier.opened", `{}`)
	w.commit(sol, "dossier.opened", `{}`)
	if err := l.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.code = nil
	at := w.commit(click, "dossier.opened", `{}`)
	w.code = l.Key().Code
	w.commit(click, "dossier.opened", `{}`)
	w.commit(sol, "dossier.opened", `{}`)
	for range 2 {
		var foreign *ledger.ForeignError
		if err := l.Checkpoint(t.Context()); !errors.As(err, &foreign) || foreign.Position != at || foreign.Agency != "click" || !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatal(err)
		}
	}
	for agency, size := range map[string]int64{"click": 1, "sol": 2} {
		if log, _ := l.Log(agency); log.Size() != size {
			t.Errorf("the log of %s covers %d commits, want %d", agency, log.Size(), size)
		}
	}
	var foreign *ledger.ForeignError // also when everything ends
	if err := l.Close(); !errors.As(err, &foreign) || foreign.Position != at {
		t.Errorf("it closed with %v", err)
	}
	other := newWorld(t)
	k, err := ledger.OpenKey(t.Context(), other.keys, store, other.lock)
	if err != nil {
		t.Fatal(err)
	}
	line := w.clear["sol"][1]
	if !l.Key().Wrote(line) || k.Wrote(line) {
		t.Error("a code passes under another key, or not under its own")
	}
}
