package outside

import (
	"context"
	"crypto/x509"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/eventstore/ledger"
	"github.com/casefile-engine/casefile/eventstore/ledger/verify"
	"github.com/casefile-engine/casefile/internal/clock"
)

// Witness is a witness of one agency's log.
type Witness struct {
	Agency string
	URL    string // its submission prefix
	Key    verify.Witness
}

// Authority is the time-stamping authority of one agency's log.
type Authority struct {
	Agency string
	URL    string
	// Roots, when given, are what its certificate has to lead to.
	Roots *x509.CertPool
}

// Options say who is asked, and how often.
type Options struct {
	Ledger      *ledger.Ledger
	Witnesses   []Witness
	Authorities []Authority
	Clock       clock.Clock  // default: the system's
	Log         *slog.Logger // default: nothing is logged
	// CosignEvery and StampEvery are the least times between two checkpoints that a
	// witness, or an authority, is asked about; 0: five seconds, and an hour.
	CosignEvery, StampEvery time.Duration
	// Retry is the wait after a first failure; it doubles up to RetryMost. 0: two
	// seconds, and five minutes.
	Retry, RetryMost time.Duration
	// Poll is how often it looks whether something was signed; 0: half a second.
	Poll time.Duration
	// CoverLimit is how long Cover waits for all answers; 0: ten seconds.
	CoverLimit time.Duration
}

// Runner asks those outside until Close. It is safe for many goroutines.
type Runner struct {
	o      Options
	client *http.Client
	list   []*target
	stop   context.CancelFunc
	wg     sync.WaitGroup
}

// State is how one of them stands.
type State struct {
	Agency string
	Kind   string // cosignature or time_stamp
	Name   string // of the witness by its key; "" for an authority
	// Size and At are the newest checkpoint that it vouched for, and when by its
	// clock; 0 before the first.
	Size int64
	At   time.Time
	// Behind is how many commits of the log's newest checkpoint it has not vouched for.
	Behind int64
	// Problem is why it does not go on; "" when it does. Alarm tells that it is a
	// contradiction between the log and what the witness saw.
	Problem string
	Alarm   bool
}

// target is one of them, with its loop's state.
type target struct {
	agency, name string
	kind         string
	key          string // the text of a witness's; "" for an authority
	every        time.Duration
	// ask asks about a checkpoint and stores the answer.
	ask func(ctx context.Context, log *ledger.Log, c ledger.Signed) error

	wake chan struct{}

	mu      sync.Mutex
	problem error
	tries   int           // asked, whatever came of it
	tried   chan struct{} // closed and made anew after each
}

const (
	kindCosignature = "cosignature"
	kindStamp       = "time_stamp"
	// answerLimit is how long an answer may take.
	answerLimit = 30 * time.Second
)

// New gives a runner, which asks nobody before Start.
func New(o Options) *Runner {
	if o.Clock == nil {
		o.Clock = clock.System{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.CosignEvery = orDefault(o.CosignEvery, 5*time.Second)
	o.StampEvery = orDefault(o.StampEvery, time.Hour)
	o.Retry = orDefault(o.Retry, 2*time.Second)
	o.RetryMost = orDefault(o.RetryMost, 5*time.Minute)
	o.Poll = orDefault(o.Poll, time.Second/2)
	o.CoverLimit = orDefault(o.CoverLimit, 10*time.Second)
	r := &Runner{o: o, client: &http.Client{
		Timeout:       answerLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, w := range o.Witnesses {
		r.add(&target{agency: w.Agency, name: w.Key.Name, key: w.Key.Text, kind: kindCosignature, every: o.CosignEvery, ask: r.cosigned(w)})
	}
	for _, a := range o.Authorities {
		r.add(&target{agency: a.Agency, kind: kindStamp, every: o.StampEvery, ask: r.stamped(a)})
	}
	return r
}

func orDefault(d, or time.Duration) time.Duration {
	if d == 0 {
		return or
	}
	return d
}

func (r *Runner) add(t *target) {
	t.wake, t.tried = make(chan struct{}, 1), make(chan struct{})
	r.list = append(r.list, t)
}

// Start begins to ask, each by itself.
func (r *Runner) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	for _, t := range r.list {
		r.wg.Go(func() { r.follow(ctx, t) })
	}
}

// Close ends what Start began; what is under way is broken off. It is safe to call
// twice.
func (r *Runner) Close() error {
	if r.stop != nil {
		r.stop()
	}
	r.wg.Wait()
	return nil
}

// follow asks one of them about each newest checkpoint, as often as may be.
func (r *Runner) follow(ctx context.Context, t *target) {
	tick := time.NewTicker(r.o.Poll)
	defer tick.Stop()
	var next time.Time // not before, unless woken
	failures := 0
	for {
		woken := false
		select {
		case <-ctx.Done():
			return
		case <-t.wake:
			woken = true
		case <-tick.C:
		}
		log, c, due := r.due(t)
		if !due || !woken && time.Now().Before(next) {
			if woken {
				t.done(t.trouble()) // there is nothing to ask
			}
			continue
		}
		err := t.ask(ctx, log, c)
		if ctx.Err() != nil {
			return
		}
		r.tell(t, c, err)
		if failures++; err == nil {
			failures = 0
		}
		next = time.Now().Add(r.pause(t, failures))
		t.done(err)
	}
}

// pause is the wait after so many failures in a row, with some of it by chance.
func (r *Runner) pause(t *target, failures int) time.Duration {
	if failures == 0 {
		return t.every
	}
	d := r.o.RetryMost
	if failures < 16 {
		d = min(d, r.o.Retry<<(failures-1))
	}
	return d/2 + rand.N(d/2+1)
}

// due gives the newest checkpoint of a log when it was not vouched for yet.
func (r *Runner) due(t *target) (log *ledger.Log, c ledger.Signed, due bool) {
	log, ok := r.o.Ledger.Log(t.agency)
	if !ok {
		return nil, c, false
	}
	c = log.LatestCheckpoint()
	return log, c, c.Size > 0 && log.OutsideNewest(t.key).Size < c.Size
}

// tell logs a failure when it begins, and when it has ended.
func (r *Runner) tell(t *target, c ledger.Signed, err error) {
	before := t.trouble()
	switch {
	case err != nil && (before == nil || before.Error() != err.Error()):
		if isAlarm(err) {
			r.o.Log.Error("a witness contradicts the log", "agency", t.agency, "witness", t.name, "size", c.Size, "error", err)
			return
		}
		r.o.Log.Warn("a checkpoint was not vouched for; it is tried again", "agency", t.agency, "kind", t.kind, "witness", t.name, "size", c.Size, "error", err)
	case err == nil && before != nil:
		r.o.Log.Info("checkpoints are vouched for again", "agency", t.agency, "kind", t.kind, "witness", t.name, "size", c.Size)
	}
}

func (t *target) trouble() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.problem
}

func (t *target) done(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.problem = err
	t.tries++
	close(t.tried)
	t.tried = make(chan struct{})
}

// Cover has everybody asked once about an agency's newest checkpoint, and returns
// when each has answered, or failed to, or after CoverLimit.
func (r *Runner) Cover(ctx context.Context, agency string) {
	if r.stop == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, r.o.CoverLimit)
	defer cancel()
	var waits []func()
	for _, t := range r.list {
		if t.agency != agency {
			continue
		}
		_, _, due := r.due(t)
		if !due {
			continue
		}
		waits = append(waits, func() { r.settled(ctx, t) })
		select {
		case t.wake <- struct{}{}:
		default:
		}
	}
	for _, wait := range waits {
		wait()
	}
}

// settled waits until there is nothing to ask any more, or twice was asked: what
// was under way when it began may be about an older checkpoint.
func (r *Runner) settled(ctx context.Context, t *target) {
	t.mu.Lock()
	until := t.tries + 2
	t.mu.Unlock()
	for {
		t.mu.Lock()
		tries, tried, failing := t.tries, t.tried, t.problem != nil
		t.mu.Unlock()
		if _, _, due := r.due(t); !due || tries >= until || failing && tries > until-2 {
			return
		}
		select {
		case <-tried:
		case <-ctx.Done():
			return
		}
	}
}

// States tells how each of them stands. It waits for nothing.
func (r *Runner) States() (list []State) {
	for _, t := range r.list {
		s := State{Agency: t.agency, Kind: t.kind, Name: t.name}
		if log, ok := r.o.Ledger.Log(t.agency); ok {
			x := log.OutsideNewest(t.key)
			s.Size, s.At = x.Size, x.At
			s.Behind = max(0, log.Size()-x.Size)
			if err := log.OutsideProblem(); err != nil {
				s.Problem = err.Error()
			}
		}
		if err := t.trouble(); err != nil {
			s.Problem, s.Alarm = err.Error(), isAlarm(err)
		}
		list = append(list, s)
	}
	return list
}
