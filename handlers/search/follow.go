package search

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/agency"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/eventstore"
)

const (
	// batchMax is how many dossiers one access event of the engine names at most.
	batchMax = 1000
	// gather is how long a batch waits for more, so that an import costs one
	// access event for many dossiers.
	gather = 50 * time.Millisecond
	// idle is how often the follower notes what it has passed, and looks whether
	// the keys have a new epoch.
	idle = 10 * time.Second
	// sweepEvery is how often dossiers are looked for whose keys are gone.
	sweepEvery = 6 * time.Hour
	// patience is how long a search waits for the index.
	patience = 2 * time.Second
	pause    = 500 * time.Millisecond

	classDossier = domain.ClassDossier
)

// item is a dossier or recipient whose names have changed.
type item struct {
	agency, kind, id string
	position         uint64
}

// items are those of a commit.
func items(c *eventstore.Commit) (out []item) {
	e := &c.Envelope
	for i := range e.Data.Events {
		kind := ""
		switch e.Data.Events[i].Type {
		case dossier.TypeOpened, dossier.TypeClientChanged:
			kind = kindDossier
		case agency.TypeRecipientRegistered, agency.TypeRecipientChanged:
			kind = kindRecipient
		default:
			continue
		}
		for _, s := range e.Data.Events[i].Sections {
			id, ok := ownerID(s.Owner, kind)
			if ok && (s.Category == domain.CatContact || s.Category == domain.CatBSN || s.Category == domain.CatRecipient) {
				out = append(out, item{e.Agency, kind, id, c.Position})
				break
			}
		}
	}
	return out
}

// ownerID is the id in the owner of a section.
func ownerID(owner, kind string) (string, bool) {
	before, id, ok := strings.Cut(owner, "/")
	return id, ok && before == kind
}

func codeOf(err error) string {
	var e *domain.Error
	if errors.As(err, &e) {
		return e.Code
	}
	return "failed"
}

// Start begins to keep the index up with the stream until Close. It runs beside
// everything else: nothing waits for it but a search.
func (x *Index) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	x.stop, x.done = cancel, make(chan struct{})
	x.following.Store(true)
	go func() {
		defer close(x.done)
		for ctx.Err() == nil {
			err := x.follow(ctx)
			if ctx.Err() != nil || errors.Is(err, errAgain) {
				continue
			}
			if !errors.Is(err, errLost) {
				x.Log.Warn("the search index waits; it is taken up again where it was", "code", code(err))
			}
			sleep(ctx, pause)
		}
		last, end := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer end()
		x.pass(last)
		_ = x.store.release(last) // it runs out by itself
	}()
}

// Close ends what Start began. It is safe to call twice, and without Start.
func (x *Index) Close() error {
	if x.stop != nil {
		x.stop()
		<-x.done
		x.stop = nil
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// errAgain: the index was begun anew.
var errAgain = errors.New("search: the index is made anew")

// place gives where the index stands, after beginning it anew when it was made in
// another way or under keys of another epoch.
func (x *Index) place(ctx context.Context) (point, error) {
	epoch, err := x.epoch(ctx)
	if err != nil {
		return point{}, err
	}
	p, err := x.store.point(ctx)
	if err == nil && (p.layout != layout || p.epoch != epoch) {
		if err = x.store.empty(ctx, epoch); err == nil {
			p, err = x.store.point(ctx)
		}
	}
	return p, err
}

// follow reads the stream from the index's place on, until ctx ends or something
// fails.
func (x *Index) follow(ctx context.Context) error {
	p, err := x.place(ctx)
	if err != nil {
		return err
	}
	x.wanted.Store(p.position)
	x.seen.Store(p.position)
	if err := x.Sweep(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	ch, ended := make(chan item, 256), make(chan struct{})
	defer func() {
		cancel(nil)
		<-ended
	}()
	go func() {
		defer close(ended)
		cancel(x.Store.Subscribe(ctx, p.position, func(c *eventstore.Commit) error {
			for _, i := range items(c) {
				x.wanted.Store(i.position)
				select {
				case ch <- i:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			x.seen.Store(c.Position)
			return nil
		}))
	}()
	return x.work(ctx, ch, p)
}

// work takes what has changed in batches, each with its place in one transaction.
func (x *Index) work(ctx context.Context, ch <-chan item, p point) error {
	tick := time.NewTicker(idle)
	defer tick.Stop()
	swept := time.Now()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-x.again:
			return errAgain
		case <-tick.C:
			x.pass(ctx)
			now, err := x.place(ctx)
			switch {
			case err != nil:
				return err
			case now.generation != p.generation:
				return errAgain
			}
			if time.Since(swept) > sweepEvery {
				if err := x.Sweep(ctx); err != nil {
					return err
				}
				swept = time.Now()
			}
		case first := <-ch:
			batch := collect(ctx, ch, first)
			if err := x.batch(ctx, batch, p); err != nil {
				return err
			}
		}
	}
}

// collect gathers a batch: until it is full, or nothing comes for a moment.
func collect(ctx context.Context, ch <-chan item, first item) []item {
	batch := []item{first}
	t := time.NewTimer(gather)
	defer t.Stop()
	for len(batch) < batchMax {
		select {
		case i := <-ch:
			batch = append(batch, i)
			continue
		default:
		}
		select {
		case i := <-ch:
			batch = append(batch, i)
		case <-t.C:
			return batch
		case <-ctx.Done():
			return batch
		}
	}
	return batch
}

// batch indexes a batch, unless another instance does the indexing: then it waits
// until that one has.
func (x *Index) batch(ctx context.Context, list []item, p point) error {
	last := list[len(list)-1].position
	for ctx.Err() == nil {
		ours, err := x.store.claim(ctx)
		if err != nil {
			return err
		}
		now, err := x.store.point(ctx)
		switch {
		case err != nil:
			return err
		case now.generation != p.generation:
			return errAgain
		case now.position >= last:
			return nil
		case ours:
			return x.write(ctx, list, p, last)
		}
		sleep(ctx, pause/5)
	}
	return ctx.Err()
}

// pass notes how far the stream was read when nothing waits to be indexed, so
// that it is not read again after the next start.
func (x *Index) pass(ctx context.Context) {
	seen := x.seen.Load()
	p, err := x.store.point(ctx)
	if err != nil || seen <= p.position || p.position < x.wanted.Load() {
		return
	}
	if ours, err := x.store.claim(ctx); err == nil && ours {
		_ = x.store.save(ctx, nil, p, seen) // it is passed again otherwise
	}
}

// Ready waits a while for the index to have everything that is on the stream by
// now; behind tells that it has not. Where nobody follows the stream it is brought
// up to it, however long that takes.
func (x *Index) Ready(ctx context.Context) (behind bool, err error) {
	if !x.following.Load() {
		return false, x.catchUp(ctx)
	}
	head, err := x.Store.Head(ctx)
	if err != nil {
		return true, err
	}
	until := time.Now().Add(patience)
	for wait := time.Millisecond; ; wait = min(2*wait, 20*time.Millisecond) {
		if x.seen.Load() >= head {
			wanted := x.wanted.Load()
			if p, err := x.store.point(ctx); err != nil || p.position >= wanted && p.layout == layout {
				return false, err
			}
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return true, ctx.Err()
		}
		sleep(ctx, wait)
	}
}

// catchUp brings the index to the head of the stream.
func (x *Index) catchUp(ctx context.Context) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	p, err := x.place(ctx)
	if err != nil {
		return err
	}
	last := p.position
	var list []item
	flush := func(position uint64) error {
		if ours, err := x.store.claim(ctx); err != nil || !ours {
			return err // a server has the database, and does it
		}
		err := x.write(ctx, list, p, position)
		list = list[:0]
		return err
	}
	err = x.Store.ReadAll(ctx, p.position, func(c *eventstore.Commit) error {
		list = append(list, items(c)...)
		last = c.Position
		if len(list) >= batchMax {
			return flush(last)
		}
		return nil
	})
	if err == nil && last > p.position {
		err = flush(last)
	}
	return err
}
