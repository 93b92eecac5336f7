package commands

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/domain/unique"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/seal"
)

// window is a run of commands of an import that share one sync. While it is
// decided and stored no other command is (Handler.gate), so its entries need
// no locks. States are folded ahead of the store; if the store stops in the
// middle, every entry that the window touched is forgotten and the rest is
// executed one by one.
type window struct {
	h        *Handler
	recorded time.Time
	entries  map[domain.Ref]*entry
	origin   map[domain.Ref]link // position and leaf before the window
	newest   map[domain.Ref]int  // index of the newest draft of an aggregate
	seen     map[seenKey]bool    // command ids that the window decided already
	drafts   []*windowDraft
}

type link struct {
	position uint64
	leaf     eventstore.Leaf
}

type seenKey struct {
	ref domain.Ref
	id  string
}

type windowDraft struct {
	plan    *plan
	request int // index of the request it answers; -1 for a reservation
	pred    int // index of the draft before it on the same aggregate; -1
	draft   *Draft
	leaf    eventstore.Leaf
}

// ExecuteWindow executes commands in their order with one shared sync for all,
// and answers each. It is the import's way; the outcomes are those that Execute
// would give one after the other.
func (h *Handler) ExecuteWindow(ctx context.Context, c Caller, rs []Request) []Outcome {
	out := make([]Outcome, len(rs))
	ps := h.parseAll(ctx, c, rs, out)
	if len(rs) >= learnFrom {
		h.gate.Lock()
		h.learn(ctx)
		h.gate.Unlock()
	}
	for i := 0; i < len(ps); {
		i = h.runWindow(ctx, ps, i, out)
	}
	return out
}

// parseAll checks the forms side by side; a refused one leaves nil and its outcome.
func (h *Handler) parseAll(ctx context.Context, c Caller, rs []Request, out []Outcome) []*parsed {
	ps := make([]*parsed, len(rs))
	parallel(len(rs), func(i int) {
		p, err := h.parse(c, rs[i])
		if err == nil {
			err = h.seal(ctx, p)
		}
		if err != nil {
			out[i] = refusal(rs[i].ID, err)
			return
		}
		ps[i] = p
	})
	return ps
}

// runWindow decides the commands from index i on, stores them together, and
// gives the index of the first one that it left.
func (h *Handler) runWindow(ctx context.Context, ps []*parsed, i int, out []Outcome) int {
	h.gate.Lock()
	w := &window{h: h, recorded: h.store.RecordedNow(), entries: map[domain.Ref]*entry{}, origin: map[domain.Ref]link{}, newest: map[domain.Ref]int{}, seen: map[seenKey]bool{}}
	for ; i < len(ps); i++ {
		p := ps[i]
		if p == nil {
			continue
		}
		if w.seen[seenKey{p.target, p.req.ID}] {
			break // its first outcome must be stored before it can be repeated
		}
		if err := w.plan(ctx, p, i, out); err != nil {
			out[i] = h.failure(p, err)
		}
	}
	stored, err := w.store(ctx)
	w.finish(stored, out)
	h.gate.Unlock()
	if err != nil {
		w.oneByOne(ctx, ps, stored, out)
	}
	return i
}

func (w *window) entry(ctx context.Context, ref domain.Ref) (*entry, error) {
	if e := w.entries[ref]; e != nil {
		return e, nil
	}
	e := w.h.cache.acquire(ref)
	if err := w.h.load(ctx, e); err != nil {
		w.h.cache.release(e)
		return nil, err
	}
	w.entries[ref] = e
	w.origin[ref] = link{e.position, e.leaf}
	return e, nil
}

// plan decides one command and adds its drafts.
func (w *window) plan(ctx context.Context, p *parsed, request int, out []Outcome) error {
	s := &session{h: w.h}
	var err error
	if s.target, err = w.entry(ctx, p.target); err != nil {
		return err
	}
	for _, ref := range refsOf(p) {
		e, err := w.entry(ctx, ref)
		if err != nil {
			return err
		}
		s.others = append(s.others, e)
	}
	if o, done, err := w.h.duplicate(ctx, p, s.target); done || err != nil {
		out[request] = o
		return err
	}
	pl, err := w.h.decide(ctx, p, s)
	if err != nil {
		return err
	}
	if pl.refusal == nil {
		if err := w.reserve(ctx, pl); err != nil {
			return err
		}
	}
	w.add(pl, p.target, pl.facts, request)
	return nil
}

func (w *window) reserve(ctx context.Context, pl *plan) error {
	p := pl.p
	for _, r := range catalog.Reserves(pl.p.cmd) {
		ref, err := w.h.reservation(ctx, pl.p.req.Agency, r)
		if err != nil {
			return err
		}
		e, err := w.entry(ctx, ref)
		if err != nil {
			return err
		}
		if w.newest[ref] > 0 {
			// Reserved earlier in this window, and so about to be held.
			if st, _ := e.state.(*unique.State); st == nil || st.Holder != p.target.ID {
				if err := pl.taken(r); err != nil {
					return err
				}
			}
			continue
		}
		free, err := w.h.free(ctx, pl, e, r)
		if err != nil {
			return err
		}
		if free {
			w.add(pl, ref, []domain.Fact{unique.Reserve(r.Use, p.target)}, -1)
		}
	}
	return nil
}

// add takes facts into the window and folds them ahead of the store.
func (w *window) add(pl *plan, ref domain.Ref, facts []domain.Fact, request int) {
	e := w.entries[ref]
	w.h.known.Load().add(ref)
	pred := -1
	if n, ok := w.newest[ref]; ok {
		pred = n - 1
	}
	attr := pl.attr
	if attr.Occurred.IsZero() {
		attr.Occurred = w.recorded
	}
	d := &Draft{Ref: ref, Version: e.version + 1, Facts: facts, Occurred: attr.Occurred}
	w.drafts = append(w.drafts, &windowDraft{plan: pl, request: request, pred: pred, draft: d})
	w.newest[ref] = len(w.drafts) // index + 1, so that 0 means none
	w.seen[seenKey{ref, pl.p.req.ID}] = true
	agg, _ := catalog.AggregateOf(ref.Kind)
	meta := domain.Meta{Agency: ref.Agency, Aggregate: ref.ID, Version: d.Version, CommandID: pl.p.req.ID, Actor: pl.p.req.Actor, Occurred: d.Occurred.UTC(), Recorded: w.recorded}
	for _, f := range facts {
		e.state = agg.Evolve(e.state, domain.Recorded{Meta: meta, Event: f.Event})
	}
	e.version = d.Version
}

// store seals and appends all drafts; it gives the durable ones in order.
func (w *window) store(ctx context.Context) ([]eventstore.Appended, error) {
	if len(w.drafts) == 0 {
		return nil, nil
	}
	if err := w.seal(ctx); err != nil {
		return nil, err
	}
	return w.h.store.AppendWindow(ctx, len(w.drafts), func(i int, positions []uint64) (*eventstore.Pending, error) {
		wd := w.drafts[i]
		prev := w.origin[wd.draft.Ref]
		if wd.pred >= 0 {
			prev = link{positions[wd.pred], w.drafts[wd.pred].leaf}
		}
		p, err := wd.draft.Finish(w.recorded, prev.position, prev.leaf)
		if err != nil {
			return nil, err
		}
		wd.leaf = p.Leaf
		return p, nil
	})
}

// seal creates all new root keys with one synced write, then seals side by side.
func (w *window) seal(ctx context.Context) error {
	var scopes []seal.Scope
	first := map[seal.Scope]int{}
	for i, wd := range w.drafts {
		for _, s := range scopesOf(wd.draft.Ref.Agency, wd.draft.Facts) {
			if _, ok := first[s]; !ok {
				first[s] = i
				scopes = append(scopes, s)
			}
		}
	}
	if len(scopes) > 0 {
		created, err := w.h.sealer.Prepare(ctx, scopes)
		if err != nil {
			return err
		}
		agency := map[string]string{}
		for _, s := range scopes {
			agency[s.Owner] = s.Agency
		}
		for _, k := range created {
			i := first[seal.Scope{Agency: agency[k.Owner], Owner: k.Owner, Class: k.Class}]
			w.drafts[i].draft.Created = append(w.drafts[i].draft.Created, k)
		}
	}
	errs := make([]error, len(w.drafts))
	parallel(len(w.drafts), func(i int) {
		errs[i] = w.drafts[i].draft.fill(ctx, w.h.sealer, w.drafts[i].plan.attr)
	})
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// finish settles what is durable: entries, announced keys, outcomes. Entries
// that the window left ahead of the store are forgotten.
func (w *window) finish(stored []eventstore.Appended, out []Outcome) {
	var announced []string
	for i, a := range stored {
		wd := w.drafts[i]
		e := w.entries[wd.draft.Ref]
		e.position, e.leaf = a.Position, a.Leaf
		e.commands[wd.draft.Envelope.CommandID] = a.Position
		for _, k := range wd.draft.Created {
			announced = append(announced, k.ID)
		}
		if wd.request >= 0 {
			out[wd.request] = wd.plan.outcome(wd.draft, a.Position)
		}
	}
	if len(announced) > 0 {
		w.h.announced(context.Background(), announced)
	}
	for _, wd := range w.drafts[len(stored):] {
		w.entries[wd.draft.Ref].reset()
	}
	for _, e := range w.entries {
		w.h.cache.release(e)
	}
}

// oneByOne executes what the store did not take together.
func (w *window) oneByOne(ctx context.Context, ps []*parsed, stored []eventstore.Appended, out []Outcome) {
	for _, wd := range w.drafts[len(stored):] {
		if wd.request < 0 {
			continue
		}
		p := ps[wd.request]
		out[wd.request] = w.h.Execute(ctx, p.caller, p.req)
	}
}

// parallel calls f for 0 … n-1 from as many goroutines as there are processors.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	var wg sync.WaitGroup
	for k := range workers {
		wg.Go(func() {
			for i := k; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
