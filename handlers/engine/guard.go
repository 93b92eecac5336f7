package engine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/blocks"
	"github.com/casefile-engine/casefile/eventstore/embedded"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/ledger"
	signed "github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/eventstore/scrub"
	"github.com/casefile-engine/casefile/handlers/verify"
	"github.com/casefile-engine/casefile/internal/clock"
)

// ScrubEvery is how often the whole stream is looked over when Options do not say.
const ScrubEvery = 24 * time.Hour

// Guard looks whether the stream is what was acknowledged and signed: its end
// before the first write, all of it in the background. What is missing, altered,
// reordered or doubled stops all writing, and with it all showing, until somebody
// has looked; nothing is ever repaired here. Damage to the ledger's own files,
// which can be made again, is told and stops nothing but the signing of that log.
//
// All methods may be called from many goroutines.
type Guard struct {
	e     *Engine
	lock  ledger.Lock
	clock clock.Clock
	log   *slog.Logger
	every time.Duration

	stop context.CancelFunc
	done chan struct{}

	short map[string]shortfall // by agency; of the goroutine that looks

	noting sync.Mutex // one alarm at a time goes into the file

	mu       sync.Mutex
	findings []scrub.Finding
	total    int
	scrubbed time.Time
	commits  uint64
	running  bool
	halted   bool
}

// GuardState is what the guard knows.
type GuardState struct {
	// Findings are what the newest look found, the first of them; Total counts all.
	Findings []scrub.Finding
	Total    int
	// Scrubbed is when the whole stream was last looked over, and Commits how many
	// there were; zero: not since the start.
	Scrubbed time.Time
	Commits  uint64
	// Running tells that it is being looked over now.
	Running bool
}

// ReadOnly says why nothing is written any more; nil while it is. It asks no
// server, so that every page can ask it.
func (g *Guard) ReadOnly() error {
	if s, ok := g.e.Store.(interface{ ReadOnly() error }); ok {
		return s.ReadOnly()
	}
	return nil
}

// State tells what the guard knows.
func (g *Guard) State() GuardState {
	g.mu.Lock()
	defer g.mu.Unlock()
	return GuardState{append([]scrub.Finding(nil), g.findings...), g.total, g.scrubbed, g.commits, g.running}
}

// signed is the highest position that a checkpoint in the lock names; its
// signature is looked at later. 0 when there is none.
func (p Paths) signed(ctx context.Context) (position uint64) {
	notes, err := ledger.NewFileLock(p.ledgerLock()).Load(ctx)
	if err != nil {
		return 0 // who opens the ledger tells
	}
	for _, n := range notes {
		if c, err := signed.Peek(n); err == nil {
			position = max(position, c.Position)
		}
	}
	return position
}

// openGuard looks at the stream's end. It comes before the first write.
func (e *Engine) openGuard(ctx context.Context, o Options) error {
	g := e.Guard
	if e.Store.Status(ctx).ReadOnly {
		g.halt(nil)
	}
	so, err := g.scrubOptions(ctx)
	if err != nil {
		return err
	}
	r, err := scrub.Tail(ctx, so)
	if err != nil {
		return unusable(err)
	}
	g.hidden(ctx, so, r)
	g.judge(r)
	return nil
}

// hidden compares how many commits the server shows with how many positions there are.
func (g *Guard) hidden(ctx context.Context, o scrub.Options, r *scrub.Report) {
	s := g.e.Store.Status(ctx)
	if o.Journal == nil || s.Head != o.Head || s.ReadOnly {
		return
	}
	if gaps := o.Journal.Gaps(o.Head); s.Commits+gaps < o.Head {
		r.Add(scrub.Finding{Kind: scrub.Missing, Part: "stream", Message: fmt.Sprintf("the server shows %d commits, and there are %d positions", s.Commits, o.Head)})
	}
}

// scrubOptions say what there is to look at, as of now.
func (g *Guard) scrubOptions(ctx context.Context) (o scrub.Options, err error) {
	// Before the head: the ledger never signs what is not synced.
	if o.Books, err = ledger.OpenBooks(ctx, g.e.Paths.ledger(), g.e.Vault.Store(), g.lock); err != nil {
		return o, unusable(err)
	}
	o.Books.Running = true
	o.Books.Key = g.e.Ledger.Key()
	o.Store = g.e.Store
	if g.e.embedded() {
		journal, head, err := scrub.Acknowledged(ctx, g.e.Store, g.e.Paths.journal())
		if err != nil {
			return o, unusable(err)
		}
		o.Journal, o.Head = &journal, head
		if o.Stream, err = blocks.Open(g.e.Paths.stream(), jetstream.StreamName); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return o, unusable(err)
		}
		return o, nil
	}
	o.Head, err = scrub.HeadAfter(ctx, g.e.Store, nil)
	return o, err
}

func (e *Engine) embedded() bool {
	_, ok := e.Store.(*embedded.Store)
	return ok
}

// Scrub looks over the whole stream now, giving way to everything else.
func (g *Guard) Scrub(ctx context.Context) (*scrub.Report, error) {
	g.mu.Lock()
	g.running = true
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		g.running = false
		g.mu.Unlock()
	}()
	o, err := g.scrubOptions(ctx)
	if err != nil || o.Head == 0 {
		return &scrub.Report{}, err
	}
	o.Pace = pace()
	r, err := scrub.Run(ctx, o)
	if err != nil {
		return nil, err
	}
	g.scrubDone(r)
	return r, nil
}

// pace gives a Pace that takes a quarter of a processor at most.
func pace() func(context.Context) error {
	last := time.Now()
	return func(ctx context.Context) error {
		select {
		case <-time.After(3 * time.Since(last)):
		case <-ctx.Done():
			return ctx.Err()
		}
		last = time.Now()
		return nil
	}
}

func (g *Guard) scrubDone(r *scrub.Report) {
	g.mu.Lock()
	g.scrubbed, g.commits = g.clock.Now(), r.Commits
	g.mu.Unlock()
	g.judge(r)
}

// grave tells whether a finding stops all writing.
func grave(f scrub.Finding) bool {
	switch f.Part {
	case "stream", "journal", "lock", "binding":
		return true
	}
	return f.Part == "ledger" && f.Kind != scrub.Damaged
}

// judge raises the alarm for what a look found.
func (g *Guard) judge(r *scrub.Report) {
	g.mu.Lock()
	g.findings, g.total = r.Findings, r.Total
	g.mu.Unlock()
	if r.Whole() {
		return
	}
	if err := g.note(r); err != nil {
		g.log.Error("the alarm could not be written beside the lock", "error", err)
	}
	var worst *scrub.Finding
	for i, f := range r.Findings {
		if worst == nil && grave(f) {
			worst = &r.Findings[i]
		}
		if i < toldOnce {
			g.log.Error("the stream is not as it was acknowledged and signed", "kind", string(f.Kind), "part", f.Part, "position", f.Position, "until", f.Until,
				"agency", f.Agency, "aggregate", f.AggregateKind+"/"+f.Aggregate, "command", f.CommandID, "file", f.File, "offset", f.Offset, "what", f.Message)
		}
	}
	if worst == nil {
		return
	}
	g.halt(&domain.Error{Kind: domain.KindUnavailable, Code: "integrity", Rule: "C-2.1.4d",
		Message: fmt.Sprintf("%d things are not as they were acknowledged and signed, the first: %s. Nothing is written or shown any more; copy all three directories, and see docs/operations.md, \"What an alarm means\"", r.Total, worst)})
}

// toldOnce bounds the findings of one look that are logged one by one.
const toldOnce = 100

// halt stops writing and signing.
func (g *Guard) halt(because error) {
	g.mu.Lock()
	g.halted = true
	g.mu.Unlock()
	if s, ok := g.e.Store.(interface{ SetReadOnly(error) }); ok && because != nil {
		s.SetReadOnly(because)
	}
}

// start looks over everything in the background: now, and again each time.
func (g *Guard) start() {
	ctx, cancel := context.WithCancel(context.Background())
	g.stop, g.done = cancel, make(chan struct{})
	go func() {
		defer close(g.done)
		watch := time.NewTicker(time.Minute)
		defer watch.Stop()
		next := time.Now()
		for {
			if g.every > 0 && !time.Now().Before(next) {
				if r, err := g.Scrub(ctx); err != nil && ctx.Err() == nil {
					g.log.Error("the stream could not be looked over; it is tried again", "error", err)
				} else if err == nil {
					g.log.Info("the stream was looked over", "commits", r.Commits, "findings", r.Total)
					next = time.Now().Add(g.every)
				}
			}
			g.heed(g.e.Ledger.Status(), time.Now())
			select {
			case <-watch.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// heed takes over what the ledger has found while following.
func (g *Guard) heed(list []ledger.Status, now time.Time) {
	for _, s := range list {
		f, found := found(s)
		if !g.lasts(s, now) || !found {
			continue
		}
		g.mu.Lock()
		known := g.halted
		g.mu.Unlock()
		if known {
			return
		}
		r := &scrub.Report{}
		r.Add(f)
		g.judge(r)
		return
	}
}

// shortFor is for how long a stream that others write too may lack what one of them
// signed: an instance, or the server that it asks, can be behind.
const shortFor = 5 * time.Minute

// shortfall is since when commits are lacking, and up to which size of the log.
type shortfall struct {
	since  time.Time
	signed int64
}

// lasts tells whether a log's problem is one to stop for: each is, but a stream of
// several instances that shows fewer commits than were signed, until what was
// lacking at first has been lacking for shortFor. Nothing of that log is signed
// meanwhile; a stream that grew again after a cut is a fork at once.
func (g *Guard) lasts(s ledger.Status, now time.Time) bool {
	var fork *ledger.ForkError
	if g.e.embedded() || !errors.Is(s.Problem, ledger.ErrShort) || !errors.As(s.Problem, &fork) {
		delete(g.short, s.Agency)
		return true
	}
	was, there := g.short[s.Agency]
	if !there || fork.Found >= was.signed {
		if g.short == nil {
			g.short = map[string]shortfall{}
		}
		g.short[s.Agency] = shortfall{now, fork.Signed}
		return false
	}
	return now.Sub(was.since) >= shortFor
}

// found is what a log's problem says of the stream; ok is false when nothing.
func found(s ledger.Status) (f scrub.Finding, ok bool) {
	var fork *ledger.ForkError
	var foreign *ledger.ForeignError
	f = scrub.Finding{Part: "stream", Commit: scrub.Commit{Agency: s.Agency}}
	switch {
	case errors.As(s.Problem, &fork):
		f.Kind, f.Message = scrub.Altered, fork.Error()
	case errors.As(s.Problem, &foreign):
		f.Kind, f.Message, f.Position = scrub.Inserted, foreign.Error(), foreign.Position
	default:
		return f, false
	}
	return f, true
}

func (g *Guard) close() error {
	if g.stop != nil {
		g.stop()
		<-g.done
		g.stop = nil
	}
	return nil
}

// signable is the stream as the ledger reads it: what the guard has stopped is
// not signed any more.
type signable struct {
	eventstore.Store
	guard *Guard
}

// Head implements eventstore.Store.
func (s signable) Head(ctx context.Context) (uint64, error) {
	s.guard.mu.Lock()
	halted := s.guard.halted
	s.guard.mu.Unlock()
	if halted {
		return 0, fmt.Errorf("%w: what is not whole is not signed", eventstore.ErrReadOnly)
	}
	return s.Store.Head(ctx)
}

// Verify looks over the whole installation while it works: stream, ledger, lock,
// views, vault and credentials; what it finds in the stream, the ledger or the
// lock is an alarm.
func (e *Engine) Verify(ctx context.Context, progress func(part string, done, head uint64)) (*scrub.Report, error) {
	r, err := verify.Run(ctx, verify.Options{
		Data: e.Paths.Data, Lock: e.Paths.Lock, Keys: e.Paths.Keys, Progress: progress,
		Live: &verify.Live{Store: e.Store, Embedded: e.embedded(), Lock: e.Guard.lock, DB: e.DB, Vault: e.Vault, State: e.State, SQLite: e.StateDialect == "sqlite"},
	})
	if err == nil {
		e.Guard.scrubDone(r)
	}
	return r, err
}
