package ledger

import (
	"context"
	"crypto/hmac"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/casefile-engine/casefile/domain"
	domainledger "github.com/casefile-engine/casefile/domain/ledger"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Options say what a ledger is of and where it is kept.
type Options struct {
	Dir     string // of the ledger's own files; made when missing
	Keys    string // directory of the file ledger.key
	StoreID string // binds the checkpoints to one store
	Store   eventstore.Store
	Lock    Lock // kept apart from Dir
	Clock   clock.Clock
	Log     *slog.Logger
	// Coded says that the store writes its commits with the key's code
	// (eventstore.MarshalCoded): one without stops its agency's log with a
	// ForeignError, and is never signed.
	Coded bool
	// Append stores an event ledger.anchored durably on the agency's aggregate of
	// kind ledger, once for each size, and gives its position. nil: no anchors.
	Append func(ctx context.Context, agency string, ev *domainledger.Anchored) (position uint64, err error)
	// Every is the time between two rounds, AnchorEvery between two anchors of an
	// agency while there is traffic; 0: half a second, and a minute.
	Every, AnchorEvery time.Duration
}

// Ledger sequences the commits of a store into the logs of their agencies.
// Of several instances on one Lock exactly one signs; the others keep their own
// copies up to what it signed, and prove from these.
type Ledger struct {
	o    Options
	key  *Key
	maps *mapStore

	// turn is held for a round. It guards the fields below and all trees.
	turn     sync.Mutex
	trees    map[string]*tree
	position uint64 // up to which the stream was read
	leads    bool
	begun    bool      // the first round has been
	failed   string    // what was logged last
	since    time.Time // when Start was called

	mu   sync.RWMutex // guards logs
	logs map[string]*Log

	told   atomic.Pointer[[]Status]
	readTo atomic.Uint64 // position, for those outside

	stop context.CancelFunc
	done chan struct{}
}

// Open opens the ledger of a store, as far as it was signed; it reads nothing of
// the stream. Logs can be asked at once. What is behind is brought up by Start's
// rounds, Checkpoint or CatchUp.
//
// Errors: ErrOtherKey, or what keeps its files from being opened. What is wrong
// with one agency's log stops that log alone: Status tells.
func Open(ctx context.Context, o Options) (*Ledger, error) {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Every == 0 {
		o.Every = time.Second / 2
	}
	if o.AnchorEvery == 0 {
		o.AnchorEvery = time.Minute
	}
	l := &Ledger{o: o, trees: map[string]*tree{}, logs: map[string]*Log{}}
	if err := l.open(ctx); err != nil {
		l.closeFiles()
		return nil, err
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context) (err error) {
	var w writer
	if err := errors.Join(w.mkdir(l.o.Dir), w.sync()); err != nil {
		return fmt.Errorf("ledger: its directory: %w", err)
	}
	var newLock bool
	beside, err := read(filepath.Join(l.o.Dir, pubFile))
	if err != nil {
		return fmt.Errorf("ledger: %s: %w", pubFile, err)
	}
	if l.key, newLock, err = loadKey(ctx, l.o.Keys, l.o.StoreID, l.o.Lock, strings.TrimSuffix(string(beside), "\n")); err != nil {
		return err
	}
	if string(beside) != l.key.Public()+"\n" {
		if err := writeDurably(filepath.Join(l.o.Dir, pubFile), []byte(l.key.Public()+"\n")); err != nil {
			return err
		}
	}
	var fresh bool
	if l.maps, fresh, err = openMapStore(ctx, filepath.Join(l.o.Dir, "map.db"), l.key); err != nil {
		return fmt.Errorf("ledger: map.db: %w", err)
	}
	if fresh {
		l.o.Log.Warn("the maps of the ledger were damaged, and are made anew out of the stream")
	}
	notes, err := l.o.Lock.Load(ctx)
	if err != nil {
		return fmt.Errorf("ledger: the lock: %w", err)
	}
	agencies, err := l.known(notes)
	if err != nil {
		return err
	}
	if newLock {
		if notes, err = l.fill(ctx, agencies, notes); err != nil {
			return err
		}
	}
	if err := l.key.pin(ctx, l.o.Lock); err != nil {
		return err
	}
	l.position = l.sequenced()
	for _, a := range agencies {
		t := l.newTree(ctx, a, notes[a])
		switch {
		case t.edge == nil || t.edge.size == 0:
			l.position = 0 // its leaves may stand anywhere
		case t.must != nil: // what was signed and is not in the files
			l.position = min(l.position, t.last.position)
		}
	}
	l.readTo.Store(l.position)
	l.note()
	return nil
}

// fill begins a lock that was made anew, in the place of a lost one: at the newest
// checkpoints that the histories beside the data have. The stream still has to
// agree with these. It is done before the key is pinned, so that a lock that knows
// the key is never taken for a new one.
func (l *Ledger) fill(ctx context.Context, agencies []string, notes map[string][]byte) (map[string][]byte, error) {
	for _, a := range agencies {
		h, err := openHistory(filepath.Join(l.o.Dir, a, "checkpoints"))
		if err != nil || h.last() == 0 || notes[a] != nil {
			continue // a damaged history is told when its tree is opened
		}
		note, err := h.note(h.list[len(h.list)-1])
		if err = errors.Join(err, h.close()); err != nil {
			return nil, err
		}
		if leads, err := l.o.Lock.Lead(ctx); err != nil || !leads {
			return notes, err
		}
		if err := l.o.Lock.Swap(ctx, a, nil, note); err != nil && !errors.Is(err, ErrLockMoved) {
			return nil, err
		}
		l.o.Log.Warn("a new lock begins at the newest checkpoint beside the data", "agency", a)
	}
	return l.o.Lock.Load(ctx)
}

// known lists the agencies that have a log here or a checkpoint in the lock.
func (l *Ledger) known(notes map[string][]byte) ([]string, error) {
	list, err := os.ReadDir(l.o.Dir)
	if err != nil {
		return nil, err
	}
	out := slices.Collect(maps.Keys(notes))
	for _, d := range list {
		if d.IsDir() && domain.ValidAgency(d.Name()) {
			out = append(out, d.Name())
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// The file sequenced holds the position up to which all commits are covered by
// checkpoints, so that an idle agency's old position costs nothing at the next
// start, and the key's code of it: by an edited one the ledger would pass commits
// by. Without it the stream is read from its beginning.
func (l *Ledger) sequenced() uint64 {
	b, err := os.ReadFile(filepath.Join(l.o.Dir, "sequenced"))
	if err != nil || len(b) < 8 || !hmac.Equal(b[8:], l.key.code("sequenced", b[:8])) {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

func (l *Ledger) saveSequenced() error {
	p := l.position
	for _, t := range l.trees {
		if len(t.queue) > 0 { // what the leader has not signed yet is read again
			p = min(p, t.queue[0].position-1)
		}
	}
	b := binary.BigEndian.AppendUint64(nil, p)
	return writeDurably(filepath.Join(l.o.Dir, "sequenced"), append(b, l.key.code("sequenced", b)...))
}

// newTree opens the tree of one agency. What is wrong with it is in its err.
func (l *Ledger) newTree(ctx context.Context, agency string, note []byte) *tree {
	t := &tree{l: l, log: &Log{Agency: agency, tiles: tiles{filepath.Join(l.o.Dir, agency)}, key: l.key, maps: l.maps}}
	l.trees[agency] = t
	if err := t.open(ctx, note); err != nil {
		t.stall(err)
		return t
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[agency] = t.log
	return t
}

// Log gives the log of an agency; ok is false when it has none, or one that
// cannot be opened.
func (l *Ledger) Log(agency string) (log *Log, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	log, ok = l.logs[agency]
	return log, ok
}

// Agencies lists the agencies that have a log, in byte order.
func (l *Ledger) Agencies() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return slices.Sorted(maps.Keys(l.logs))
}

// Locate gives the agency and leaf index of a stream position; ok is false when
// no checkpoint covers it.
func (l *Ledger) Locate(position uint64) (agency string, index int64, ok bool, err error) {
	for _, a := range l.Agencies() {
		log, _ := l.Log(a)
		if index, ok, err = log.IndexOf(position); ok || err != nil {
			return a, index, ok, err
		}
	}
	return "", 0, false, nil
}

// Locked gives an agency's checkpoint as the lock has it now, which every instance
// shares; Size 0 when it has none.
func (l *Ledger) Locked(ctx context.Context, agency string) (c verify.Checkpoint, err error) {
	notes, err := l.o.Lock.Load(ctx)
	if err != nil || notes[agency] == nil {
		return c, err
	}
	return verify.Open(notes[agency], l.key.verifier(agency))
}

// Key gives the public keys.
func (l *Ledger) Key() *Key { return l.key }

// Status is how one agency's log stands.
type Status struct {
	Agency  string
	Size    int64     // covered by the newest checkpoint
	Signed  time.Time // when this instance signed or took it over; else when its newest commit was recorded
	Problem error     // why it does not go on; nil when it does
}

// Status tells how the logs stood after the last round, in the order of their
// agencies. It waits for nothing.
func (l *Ledger) Status() []Status {
	if list := l.told.Load(); list != nil {
		return *list
	}
	return nil
}

// note keeps the status for those who ask; the turn is held.
func (l *Ledger) note() {
	list := make([]Status, 0, len(l.trees))
	for _, a := range slices.Sorted(maps.Keys(l.trees)) {
		t := l.trees[a]
		list = append(list, Status{a, t.log.Size(), t.signed, t.problem()})
	}
	l.told.Store(&list)
}

// Lag is how many stream positions the ledger has not read yet.
func (l *Ledger) Lag(ctx context.Context) (uint64, error) {
	head, err := l.o.Store.Head(ctx)
	if err != nil {
		return 0, err
	}
	return head - min(head, l.readTo.Load()), nil
}

// Start begins to follow the store until Close: each round reads what is new and
// synced, signs one checkpoint for each agency that it concerns, and anchors.
func (l *Ledger) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	l.stop, l.done, l.since = cancel, make(chan struct{}), l.o.Clock.Now()
	go func() {
		defer close(l.done)
		tick := time.NewTicker(l.o.Every)
		defer tick.Stop()
		for {
			l.tell(ctx, l.round(ctx))
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}()
}

// tell logs a failure when it begins, and when it has ended.
func (l *Ledger) tell(ctx context.Context, err error) {
	l.turn.Lock()
	defer l.turn.Unlock()
	text := ""
	if err != nil && ctx.Err() == nil {
		text = err.Error()
	}
	switch {
	case text == l.failed:
	case text != "":
		l.o.Log.Error("the ledger does not go on", "error", text)
	default:
		l.o.Log.Info("the ledger goes on")
	}
	l.failed = text
}

// Checkpoint reads what is synced by now and returns when a checkpoint covers it:
// a signed one where this instance leads, else as far as the one that leads has
// signed. Its error joins those of the agencies' logs: ErrForked, ErrDamaged, or
// the store's or the lock's.
func (l *Ledger) Checkpoint(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.step(ctx)
}

// CatchUp is Checkpoint for a program that does not follow; it saves the maps
// too, so that the next start reads nothing twice.
func (l *Ledger) CatchUp(ctx context.Context) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	return l.settle(ctx)
}

func (l *Ledger) settle(ctx context.Context) error {
	errs := []error{l.step(ctx)}
	for _, t := range l.trees {
		if t.problem() == nil && t.naming != nil {
			errs = append(errs, t.naming.save(ctx, t.edge.size))
		}
	}
	return errors.Join(errs...)
}

// Rebuild makes the tiles, positions and the map of an agency anew out of the
// stream. The lock's checkpoint decides whether the stream is the one that was
// signed: ErrForked when not.
func (l *Ledger) Rebuild(ctx context.Context, agency string) error {
	l.turn.Lock()
	defer l.turn.Unlock()
	t := l.trees[agency]
	if t == nil || t.log.history == nil {
		return fmt.Errorf("%w: there is no log of that agency", ErrRange)
	}
	notes, err := l.o.Lock.Load(ctx)
	if err == nil {
		err = t.reset(ctx, notes[agency])
	}
	if err != nil {
		return err
	}
	l.position = 0
	return l.step(ctx)
}

// Close ends what Start began, signs what is synced by now, where any round was,
// saves the maps and lets go. It is safe to call twice. Its error tells what could not be signed;
// nothing is lost by that: the next start signs it.
func (l *Ledger) Close() error {
	if l.stop != nil {
		l.stop()
		<-l.done
		l.stop = nil
	}
	l.turn.Lock()
	defer l.turn.Unlock()
	if l.maps == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	var err error
	if l.begun { // else nobody has asked for it
		err = l.settle(ctx)
	}
	if l.leads {
		err = errors.Join(err, l.o.Lock.Resign(ctx))
	}
	l.closeFiles()
	return err
}

// closeLimit is how long the end may take; an import's 100,000 commits take a
// few seconds.
const closeLimit = time.Minute

func (l *Ledger) closeFiles() {
	for _, t := range l.trees {
		t.close()
	}
	if l.maps != nil {
		_ = l.maps.close() // what it holds can be made anew
		l.maps = nil
	}
}

// gone tells that a file is not there.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) }
