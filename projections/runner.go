package projections

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/clock"
	"github.com/casefile-engine/casefile/projections/readdb"
)

// Decode turns a commit's stored events into domain events, upcast.
type Decode func(*eventstore.Commit) ([]domain.Recorded, error)

// Runner keeps all projections up with the stream: one reader and one decoding
// for all of them, one transaction for the rows and checkpoints of all.
//
// No commit is ever skipped. A projection whose Apply fails stops before that
// commit, says stalled and why, and tries again; the others go on.
//
// Several runners, in one process or many, may share one database: each
// projection is followed by exactly one of them, which its checkpoint fences.
//
// All methods may be called from many goroutines.
type Runner struct {
	db     *readdb.DB
	store  eventstore.Store
	decode Decode
	log    *slog.Logger
	clock  clock.Clock
	owner  string // random, new with each start
	lanes  []*lane
	wanted reader // what any of them wants

	// work is held by whoever brings lanes forward outside the live loop: a
	// catch-up, a rebuild, a check. It comes before drive.
	work sync.Mutex
	// drive is held while commits are folded into following lanes and flushed,
	// and while a lane joins or leaves them. It comes before info.
	drive sync.Mutex
	// info guards each lane's published, and changed.
	info    sync.Mutex
	changed chan struct{} // closed and replaced when a lane moves

	followed atomic.Bool   // Follow runs
	accepted atomic.Uint64 // newest position taken from the live subscription
	waiters  atomic.Int32  // callers in WaitFor
	queue    chan *item    // from the live handler to the live loop
	nudge    chan struct{} // a caller waits for what is folded already
	kick     chan struct{} // a lane needs bringing forward
}

// mode is what a lane needs.
type mode int

const (
	standby   mode = iota // another runner has it, or nobody yet
	behind                // ours; must be brought forward
	following             // ours; has all that went through the live loop
	stalled               // ours; waits for retry
)

// lane is one projection. live, rebuild, careful, failures and retry are guarded
// by the runner's drive while the mode is following, and by its work otherwise;
// the mode changes to and from following under drive, and last of all.
type lane struct {
	Projection
	reader
	tables  []readdb.Table
	claimed bool // was asked for once
	mode    atomic.Int32
	live    *target
	rebuild string // why its tables cannot be carried on with; "" when they can
	// careful: a batch was refused; flush each commit, to stop at the right one.
	careful  bool
	failures int
	retry    time.Time

	published published // guarded by the runner's info
}

// Live batches: what a flush costs is shared, and nobody waits long for one.
const (
	liveCommits = 500
	liveWait    = 50 * time.Millisecond
	liveIdle    = 2 * time.Millisecond
	liveShare   = 10 * time.Millisecond
	liveBytes   = 4 << 20
)

// Batches while catching up and loading.
const (
	batchCommits = 4000
	batchBytes   = 8 << 20
)

// NewRunner makes a runner of projections with unique names and tables. It does
// nothing until CatchUp or Follow.
func NewRunner(db *readdb.DB, store eventstore.Store, decode Decode, list []Projection, log *slog.Logger, c clock.Clock) (*Runner, error) {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	if c == nil {
		c = clock.System{}
	}
	r := &Runner{
		db: db, store: store, decode: decode, log: log, clock: c, owner: uuid.NewString(),
		wanted: reader{reads: map[string]bool{}}, changed: make(chan struct{}), queue: make(chan *item, 1024), nudge: make(chan struct{}, 1), kick: make(chan struct{}, 1),
	}
	seen := map[string]bool{}
	for _, p := range list {
		l := &lane{Projection: p, reader: newReader(p), tables: p.Tables()}
		l.published.state = readdb.CatchingUp
		if seen["projection "+p.Name()] {
			return nil, fmt.Errorf("projections: two are named %s", p.Name())
		}
		seen["projection "+p.Name()] = true
		for _, t := range l.tables {
			if err := t.Validate(); err != nil {
				return nil, err
			}
			if seen["table "+t.Name] {
				return nil, fmt.Errorf("projections: two have a table %s", t.Name)
			}
			seen["table "+t.Name] = true
		}
		r.lanes = append(r.lanes, l)
		r.wanted.add(l.reader)
	}
	return r, nil
}

// Names lists the projections in their order.
func (r *Runner) Names() []string {
	names := make([]string, len(r.lanes))
	for i, l := range r.lanes {
		names[i] = l.Name()
	}
	return names
}

// named finds lanes by name; no names means all.
func (r *Runner) named(names []string) ([]*lane, error) {
	if len(names) == 0 {
		return r.lanes, nil
	}
	var out []*lane
	for _, n := range names {
		i := slices.IndexFunc(r.lanes, func(l *lane) bool { return l.Name() == n })
		if i < 0 {
			return nil, &domain.Error{Kind: domain.KindNotFound, Code: "unknown_projection", Rule: domain.RuleForm,
				Message: "there is no projection of that name; leave the name out to take all of them"}
		}
		if !slices.Contains(out, r.lanes[i]) {
			out = append(out, r.lanes[i])
		}
	}
	return out, nil
}

// Prepare makes the tables of projections that have none yet, so that a query
// finds them, empty, before Follow has begun. What another runner is making is
// waited for.
func (r *Runner) Prepare(ctx context.Context) error {
	r.work.Lock()
	defer r.work.Unlock()
	for {
		made, err := r.db.Checkpoints(ctx)
		if err != nil {
			return err
		}
		waits := false
		for _, l := range r.lanes {
			if made[l.Name()].Generation > 0 {
				continue
			}
			if err := r.load(ctx, l); err != nil {
				return err
			}
			waits = waits || l.is(standby)
		}
		if !waits {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Close lets go of the projections, so that another runner need not wait.
// Follow does so itself when it ends.
func (r *Runner) Close(ctx context.Context) error {
	r.work.Lock()
	defer r.work.Unlock()
	r.drive.Lock()
	defer r.drive.Unlock()
	for _, l := range r.lanes {
		l.live = nil
		l.to(standby)
	}
	return r.db.Release(ctx, r.owner)
}

// load claims a lane and reads its checkpoint; the caller holds work
// and the lane is not following. It leaves the lane behind, or standby when another runner has it.
func (r *Runner) load(ctx context.Context, l *lane) error {
	// A SQLite file belongs to one process, so whoever opens it has taken over.
	first := !l.claimed
	force := !r.db.Shared() && first
	l.claimed = true
	c, ok, err := r.db.Claim(ctx, l.Name(), r.owner, force)
	if err != nil {
		return err
	}
	if !ok {
		l.live = nil
		l.to(standby)
		r.publish(l, func(p *published) { p.fromCheckpoint(c); p.owned = false })
		return nil
	}
	if first { // a rebuild that a crash cut short left its tables
		if err := r.db.DropOthers(ctx, l.Name()); err != nil {
			return err
		}
	}
	why, err := r.judge(ctx, l, c)
	if err != nil {
		return err
	}
	if c.Generation == 0 {
		if c, err = r.firstGeneration(ctx, l); err != nil {
			return err
		}
		why = ""
	}
	l.rebuild = why
	t := newTarget(l.Projection, r.db.OpenGeneration(l.Name(), c.Generation, l.tables))
	t.folded, t.durable = c.Position, c.Position
	l.live = t
	l.to(behind)
	r.publish(l, func(p *published) {
		p.fromCheckpoint(c)
		p.owned, p.alive = true, false
		if why != "" {
			p.state, p.position = readdb.Rebuilding, 0
		} else if p.state != readdb.Stalled {
			p.state = readdb.CatchingUp
		}
	})
	return nil
}

func (l *lane) is(m mode) bool { return mode(l.mode.Load()) == m }
func (l *lane) to(m mode)      { l.mode.Store(int32(m)) }

// judge tells why a checkpoint cannot be carried on from; "" when it can. A
// crash may have left the database ahead of the stream or beside it, which
// would pass over the commits that came in its place (architecture §2).
func (r *Runner) judge(ctx context.Context, l *lane, c readdb.Checkpoint) (string, error) {
	if c.Version != l.Version() {
		return "its version changed", nil
	}
	if c.Position == 0 {
		return "", nil
	}
	head, err := r.store.Head(ctx)
	if err != nil {
		return "", err
	}
	if c.Position > head {
		return "its checkpoint is ahead of the stream", nil
	}
	at, err := r.store.At(ctx, c.Position)
	if isNotFound(err) {
		return "its checkpoint is at no commit of the stream", nil
	}
	if err != nil {
		return "", err
	}
	if eventstore.LeafHash(at.Clear).String() != c.Leaf {
		return "its checkpoint is at another commit than the stream's", nil
	}
	return "", nil
}

// firstGeneration makes empty tables that are followed from the start, so that
// queries find them.
func (r *Runner) firstGeneration(ctx context.Context, l *lane) (readdb.Checkpoint, error) {
	w, err := r.db.NewGeneration(ctx, l.Name(), r.owner, l.tables)
	if err != nil {
		return readdb.Checkpoint{}, err
	}
	if err := w.Finish(ctx); err != nil {
		return readdb.Checkpoint{}, err
	}
	s := readdb.Switch{Writer: w, Owner: r.owner, Version: l.Version(), State: readdb.CatchingUp}
	if err := r.db.Switch(ctx, s); err != nil {
		return readdb.Checkpoint{}, err
	}
	return readdb.Checkpoint{Name: l.Name(), Version: l.Version(), Generation: w.Generation(), State: readdb.CatchingUp, Owner: r.owner}, nil
}
