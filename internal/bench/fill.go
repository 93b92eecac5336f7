package bench

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/access"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// The dossiers of P5 and P6: thick of them, each of thickEvents commits that are
// spread over the whole stream, so that they lie in as many blocks and pages.
const (
	thick       = 20
	thickEvents = 200
)

// fillWindow is how many commits the filler stores with one sync.
const fillWindow = 4000

// Of a hundred commits of the filler so many put a record on file; the others
// are looks at a dossier.
const recordsPercent = 15

// filler grows a stream quickly: it seals and appends real commits that nobody
// decides. The engine's command handler must not have anything in memory of
// what it appends to; it is for an engine that is then opened anew.
type filler struct {
	e        *engine.Engine
	dossiers int
	rnd      *rand.Rand
	chains   map[domain.Ref]*chain
	digest   string // stands for a command's digest
	left     [thick]int
}

// chain is the newest commit of an aggregate; at is set in the window's order.
type chain struct {
	version  uint64
	position uint64
	leaf     eventstore.Leaf
	at       int // index + 1 of its newest draft in the window; 0 for none
}

// filled is one commit of a window.
type filled struct {
	chain *chain
	prev  int // index + 1 of the draft before it in the window
	draft *commands.Draft
	leaf  eventstore.Leaf
}

// fill grows the engine's stream to head commits. The first dossiers are there,
// each by the commands of step.
func fill(ctx context.Context, e *engine.Engine, dossiers int, head uint64, progress func(head uint64)) error {
	f := &filler{e: e, dossiers: dossiers, rnd: rand.New(rand.NewPCG(1, 2)), chains: map[domain.Ref]*chain{}}
	sum, err := e.Vault.Digest(ctx, agency, "command", []byte("bench"))
	if err != nil {
		return err
	}
	f.digest = hex.EncodeToString(sum[:])
	for i := range f.left {
		f.left[i] = thickEvents - steps
	}
	at, err := e.Store.Head(ctx)
	if err != nil {
		return err
	}
	if head < at+thick*thickEvents {
		return fmt.Errorf("a stream of %d events has no room for %d dossiers beside the %d that are there", head, thick, at)
	}
	windows := make(chan []*filled, 1)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go f.draft(ctx, cancel, int(head-at), windows)
	for w := range windows {
		if err := f.append(ctx, w); err != nil {
			return err
		}
		at += uint64(len(w))
		progress(at)
	}
	return context.Cause(ctx)
}

// draft makes the windows of n commits, the sealing of one while another is appended.
func (f *filler) draft(ctx context.Context, cancel context.CancelCauseFunc, n int, out chan<- []*filled) {
	defer close(out)
	total := n
	for n > 0 {
		w := make([]*filled, min(fillWindow, n))
		facts := make([]domain.Fact, len(w))
		refs := make([]domain.Ref, len(w))
		for i := range w {
			refs[i], facts[i] = f.next(total-n+i, total)
			c, err := f.chain(ctx, refs[i])
			if err != nil {
				cancel(err)
				return
			}
			c.version++
			w[i] = &filled{chain: c, draft: &commands.Draft{Version: c.version}}
		}
		if err := f.seal(ctx, w, refs, facts); err != nil {
			cancel(err)
			return
		}
		n -= len(w)
		select {
		case out <- w:
		case <-ctx.Done():
			return
		}
	}
}

// chain gives an aggregate's newest commit: of a dossier what is stored, of an
// actor's accesses none, as the filler makes the first.
func (f *filler) chain(ctx context.Context, ref domain.Ref) (*chain, error) {
	if c := f.chains[ref]; c != nil {
		return c, nil
	}
	c := &chain{}
	if ref.Kind == domain.KindDossier {
		last, err := f.e.Store.Last(ctx, ref)
		if err != nil {
			return nil, err
		}
		c.version, c.position, c.leaf = last.Envelope.Version, last.Position, eventstore.LeafHash(last.Clear)
	}
	f.chains[ref] = c
	return c, nil
}

// next is what the i-th of n commits is about: a record in a thick dossier at
// even distances, else a look or a record at random.
func (f *filler) next(i, n int) (domain.Ref, domain.Fact) {
	every := max(n/(thick*(thickEvents-steps)), 1)
	if k := i / every % thick; i%every == 0 && f.left[k] > 0 {
		f.left[k]--
		return f.record(k)
	}
	d := thick + f.rnd.IntN(f.dossiers-thick)
	if f.rnd.IntN(100) < recordsPercent {
		return f.record(d)
	}
	return f.look(d)
}

func (f *filler) record(d int) (domain.Ref, domain.Fact) {
	id := dossierID(d)
	data, err := json.Marshal(fields{"title": "Voortgangsgesprek", "text": text(sealedText)})
	if err != nil {
		panic("bench: " + err.Error()) // strings alone
	}
	return domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: id}, domain.Fact{
		Event: &dossier.RecordAdded{Record: uuid.NewString(), Category: domain.CatReport, Class: domain.ClassDossier,
			Source: "staff_report", ObtainedOn: nl.DateOf(time.Now()), Trajectory: trajectory(d)},
		Sections: []domain.Section{{Owner: "dossier/" + id, Class: domain.ClassDossier, Category: domain.CatReport, Data: data}},
	}
}

func (f *filler) look(d int) (domain.Ref, domain.Fact) {
	c := coach(d + f.rnd.IntN(2))
	return domain.Ref{Agency: agency, Kind: domain.KindAccess, ID: c}, domain.Fact{Event: &access.Recorded{
		Action: "view", Outcome: access.Allowed, Dossiers: []domain.ID{dossierID(d)},
		Owners:     []string{"dossier/" + dossierID(d), "staff/" + c},
		Categories: []domain.Category{domain.CatContact, domain.CatPersonal, domain.CatReport, domain.CatStaff},
		Purpose:    "guidance", Ground: "role", Role: "coach",
	}}
}

// seal makes the drafts side by side.
func (f *filler) seal(ctx context.Context, w []*filled, refs []domain.Ref, facts []domain.Fact) error {
	workers := runtime.GOMAXPROCS(0)
	errs := make([]error, workers)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := k; i < len(w) && errs[k] == nil; i += workers {
				w[i].draft, errs[k] = commands.NewDraft(ctx, f.e.Vault, refs[i], w[i].draft.Version, f.attribution(refs[i]), facts[i:i+1])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (f *filler) attribution(ref domain.Ref) commands.Attribution {
	a := commands.Attribution{Command: "RecordAccess", CommandID: uuid.NewString(), CommandDigest: f.digest,
		Basis: commands.Basis{Purpose: "guidance", Ground: "role", PolicyDigest: f.digest}, Caller: asCoach(0)}
	if ref.Kind == domain.KindDossier {
		a.Command, a.Profile, a.ProfileVersion = "AddRecord", profile, 1
	} else {
		a.Caller.Staff = ref.ID
	}
	a.Actor, a.RecordedBy = a.Caller.Staff, a.Caller.Staff
	return a
}

// append stores a window and brings the chains up to it.
func (f *filler) append(ctx context.Context, w []*filled) error {
	for i, d := range w {
		d.prev, d.chain.at = d.chain.at, i+1
	}
	recorded := f.e.Store.RecordedNow()
	stored, err := f.e.Store.AppendWindow(ctx, len(w), func(i int, positions []uint64) (*eventstore.Pending, error) {
		d := w[i]
		position, leaf := d.chain.position, d.chain.leaf
		if d.prev > 0 {
			position, leaf = positions[d.prev-1], w[d.prev-1].leaf
		}
		p, err := d.draft.Finish(f.e.Ledger.Key().Code, recorded, position, leaf)
		if err == nil {
			d.leaf = p.Leaf
		}
		return p, err
	})
	if err != nil {
		return err
	}
	for i, a := range stored {
		w[i].chain.position, w[i].chain.leaf, w[i].chain.at = a.Position, a.Leaf, 0
	}
	return nil
}
