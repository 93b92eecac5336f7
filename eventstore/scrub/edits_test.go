package scrub_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// T2: a commit whose agency is a path, put behind what was signed, is named.
func TestACommitOfNoAgencyIsNamed(t *testing.T) {
	w := newWorld(t, 6)
	w.rewrite(func(l []*blocks.Record) []*blocks.Record {
		n := storetest.Next{Ref: domain.Ref{Agency: "../../outside", Kind: domain.KindDossier, ID: uuid.NewString()}}
		p := n.Pending(10)
		if err := p.Stamp(p, mustTime(l[5])); err != nil {
			t.Fatal(err)
		}
		r := clone(l[5])
		r.Sequence, r.Subject, r.Payload, r.Headers = 7, n.Ref.Subject(), p.Payload, nil
		return append(l, r)
	})
	if got := says(w.scrub()); got != "stream altered 7" {
		t.Fatalf("found %q", got)
	}
	if got := says(w.tail()); got != "stream altered 7" {
		t.Fatalf("the quick look found %q", got)
	}
}

// tail is the quick look.
func (w world) tail() *scrub.Report {
	w.t.Helper()
	o := w.looks()
	o.Head = 1 << 40
	r, err := scrub.Tail(w.t.Context(), o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}
