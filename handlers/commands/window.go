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

// syncWindow is the number of commands that share one sync.
const syncWindow = 1000

// window is a run of commands of an import that share one sync. While a window
// is decided or stored no other command is (Handler.gate), so its entries need
// no locks. States are folded ahead of the store, which lets the next window be
// decided while this one is stored; if the store stops in the middle, every
// entry that either touched is forgotten, the rest of this one is executed one
// by one and the next one is decided again.
type window struct {
	h        *Handler
	before   *window // the one that is being stored while this one is decided; nil
	recorded time.Time
	entries  map[domain.Ref]*entry
	origin   map[domain.Ref]link // position and leaf before the window, from begin on
	newest   map[domain.Ref]int  // index + 1 of the newest draft of an aggregate
	seen     map[seenKey]bool    // command ids that the window decided already
	drafts   []*windowDraft

	done   chan struct{} // closed when stored and err are there
	stored []eventstore.Appended
	err    error
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

// ExecuteWindow executes commands in their order and answers each, with one
// shared sync for every thousand. It is the import's way; the outcomes are those
// that Execute would give one after the other.
func (h *Handler) ExecuteWindow(ctx context.Context, c Caller, rs []Request) []Outcome {
	out := make([]Outcome, len(rs))
	ps := h.parseAll(ctx, c, rs, out)
	h.gate.Lock()
	defer h.gate.Unlock()
	if len(rs) >= learnFrom {
		h.learn(ctx)
	}
	var before *window
	for i := 0; i < len(ps) || before != nil; {
		w := h.newWindow(before)
		next := w.decide(ctx, ps, i, out)
		if before != nil && !before.settle(w, out) {
			before = nil
			h.oneByOne(ctx, w.before, ps, out)
			continue // decided again, by what is there now
		}
		i, before, w.before = next, nil, nil
		if len(w.drafts) == 0 {
			w.release()
			continue
		}
		w.begin(ctx)
		before = w
		if !h.exclusive { // what others append meanwhile would be folded twice
			if !w.settle(nil, out) {
				h.oneByOne(ctx, w, ps, out)
			}
			before = nil
		}
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

func (h *Handler) newWindow(before *window) *window {
	return &window{h: h, before: before, recorded: h.store.RecordedNow(), entries: map[domain.Ref]*entry{}, origin: map[domain.Ref]link{},
		newest: map[domain.Ref]int{}, seen: map[seenKey]bool{}, done: make(chan struct{})}
}

// decide decides the commands from index i on and gives the index of the first
// one that it left.
func (w *window) decide(ctx context.Context, ps []*parsed, i int, out []Outcome) int {
	for end := min(i+syncWindow, len(ps)); i < end; i++ {
		p := ps[i]
		if p == nil {
			continue
		}
		key := seenKey{p.target, p.req.ID}
		if w.seen[key] || w.before != nil && w.before.seen[key] {
			break // its first outcome must be stored before it can be repeated
		}
		if p.spec.Responsible && (len(w.drafts) > 0 || w.before != nil) {
			break // it is judged by a view, which shows what is stored
		}
		if err := w.plan(ctx, p, i, out); err != nil {
			out[i] = w.h.failure(p, err)
		}
	}
	return i
}

// begin has the window stored, in a goroutine of its own. The one before it is
// settled.
func (w *window) begin(ctx context.Context) {
	for ref := range w.newest {
		e := w.entries[ref]
		w.origin[ref] = link{e.position, e.leaf}
	}
	go func() {
		defer close(w.done)
		w.stored, w.err = w.store(ctx)
		w.announce()
	}()
}

// settle waits until the window is stored, and answers what is. If not all is,
// it forgets the window next, which was decided ahead, and gives false.
func (w *window) settle(next *window, out []Outcome) bool {
	<-w.done
	w.finish(out)
	if w.err != nil && next != nil {
		next.forget(0)
		next.release()
	}
	return w.err == nil
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
		if w.newest[ref] > 0 || w.before != nil && w.before.newest[ref] > 0 {
			// Reserved just now, and so about to be held.
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
		p, err := wd.draft.Finish(w.h.code, w.recorded, prev.position, prev.leaf)
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

// announce tells the vault of the new keys that stand announced on the stream.
func (w *window) announce() {
	var ids []string
	for _, wd := range w.drafts[:len(w.stored)] {
		for _, k := range wd.draft.Created {
			ids = append(ids, k.ID)
		}
	}
	if len(ids) > 0 {
		w.h.announced(context.Background(), ids)
	}
}

// finish settles what is durable: entries and outcomes. Entries that the window
// left ahead of the store are forgotten.
func (w *window) finish(out []Outcome) {
	for i, a := range w.stored {
		wd := w.drafts[i]
		e := w.entries[wd.draft.Ref]
		e.position, e.leaf = a.Position, a.Leaf
		e.commands[wd.draft.Envelope.CommandID] = a.Position
		if wd.request >= 0 {
			out[wd.request] = wd.plan.outcome(wd.draft, a.Position)
		}
	}
	w.forget(len(w.stored))
	w.release()
}

// forget resets the entries that the drafts from index i on have changed.
func (w *window) forget(i int) {
	for _, wd := range w.drafts[i:] {
		w.entries[wd.draft.Ref].reset()
	}
}

func (w *window) release() {
	for _, e := range w.entries {
		w.h.cache.release(e)
	}
	w.entries = nil
}

// oneByOne executes what the store did not take together. The gate, which is
// held, is open meanwhile.
func (h *Handler) oneByOne(ctx context.Context, w *window, ps []*parsed, out []Outcome) {
	h.gate.Unlock()
	defer h.gate.Lock()
	for _, wd := range w.drafts[len(w.stored):] {
		if wd.request < 0 {
			continue
		}
		p := ps[wd.request]
		out[wd.request] = h.Execute(ctx, p.caller, p.req)
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
