package bench

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// many is the number of concurrent callers of P1, each on a dossier of its own.
const many, some = 64, 8

// appenders are the three that P1, P2 and P7 compare.
type appenders struct {
	r         *run
	bare      *bare
	held      *engine.Engine // its views stand still
	following *engine.Engine // its views follow
	payload   []byte         // of a stored commit
}

// appends measures P1, P2 and P7: the reference and both engines take turns, so
// that a noisy moment of the machine strikes all alike.
func (r *run) appends(ctx context.Context) (err error) {
	a := &appenders{r: r}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.open(ctx); err != nil {
		return err
	}
	if r.wants("P1") || r.wants("P7") {
		if err := a.concurrent(ctx); err != nil {
			return err
		}
	}
	if r.wants("P2") {
		return a.alone(ctx)
	}
	return nil
}

func (a *appenders) open(ctx context.Context) (err error) {
	if a.bare, err = startBare(a.r.path("bare"), true); err != nil {
		return err
	}
	if err := a.bare.newStream(ctx); err != nil {
		return err
	}
	if a.held, err = engine.Open(ctx, engine.Options{Data: a.r.path("held"), Create: true}); err != nil {
		return err
	}
	if a.following, err = engine.Open(ctx, engine.Options{Data: a.r.path("following"), Create: true, Follow: true}); err != nil {
		return err
	}
	for _, e := range []*engine.Engine{a.held, a.following} {
		if err := begin(ctx, e, many); err != nil {
			return err
		}
	}
	if _, err := accepted(ctx, a.held, asCoach(0), addRecord(0)); err != nil {
		return err
	}
	c, err := a.held.Store.Last(ctx, domain.Ref{Agency: agency, Kind: domain.KindDossier, ID: dossierID(0)})
	if err != nil {
		return err
	}
	a.payload = payloadOf(c.Clear, c.Sealed)
	return nil
}

func payloadOf(clear []byte, sealed [][]byte) []byte {
	b := append(append([]byte(nil), clear...), '\n')
	for _, s := range sealed {
		b = append(b, s...)
	}
	return b
}

func (a *appenders) close() error {
	var errs []error
	for _, e := range []*engine.Engine{a.held, a.following} {
		if e != nil {
			errs = append(errs, e.Close())
		}
	}
	if a.bare != nil {
		a.bare.close()
	}
	return errors.Join(errs...)
}

// reference has n callers publish with a sync for each message.
func (a *appenders) reference(ctx context.Context, n int, d time.Duration) (load, error) {
	return callers(ctx, n, d, func(ctx context.Context, i int) error { return a.bare.publish(ctx, subject(i), a.payload) })
}

// commands has n callers send commands, each to its own dossier; acked, if set,
// hears of each acknowledgement.
func (a *appenders) commands(ctx context.Context, e *engine.Engine, n int, d time.Duration, acked func(commands.Outcome)) (load, error) {
	return callers(ctx, n, d, func(ctx context.Context, i int) error {
		o, err := accepted(ctx, e, asCoach(i), addRecord(i))
		if err == nil && acked != nil {
			acked(o)
		}
		return err
	})
}

// concurrent measures P1 and P7.
func (a *appenders) concurrent(ctx context.Context) error {
	rounds, slice := full(a.r, 3, 1), full(a.r, 2*time.Second, 300*time.Millisecond)
	a.r.say("P1, P7: %d and %d callers beside a bare server", many, some)
	var ref, held, following, ref8, held8 load
	var lags []time.Duration
	add := func(to *load) func(load, error) error {
		return func(l load, err error) error { to.add(l); return err }
	}
	for range rounds {
		l := &lag{e: a.following}
		err := errors.Join(
			add(&ref)(a.reference(ctx, many, slice)),
			a.r.profiled("P1-held", func() error { return add(&held)(a.commands(ctx, a.held, many, slice, nil)) }),
			add(&ref8)(a.reference(ctx, some, slice/2)),
			add(&held8)(a.commands(ctx, a.held, some, slice/2, nil)),
			l.during(ctx, func() error {
				return a.r.profiled("P1-following", func() error { return add(&following)(a.commands(ctx, a.following, many, 2*slice, l.acked)) })
			}),
		)
		if err != nil {
			return err
		}
		lags = append(lags, l.times...)
	}
	if a.r.wants("P1") {
		a.r.row("P1", "durable appends, 64 callers, views held back", held.rate(), ref.rate(), atLeast(4))
		a.r.row("P1", "the same, views following", following.rate(), ref.rate(), atLeast(3))
		a.r.row("P1", "durable appends, 8 callers, views held back", held8.rate(), ref8.rate(), atLeast(2))
	}
	if a.r.wants("P7") {
		mean := millis(time.Duration(float64(many) / following.rate().N * float64(time.Second)))
		mean.Note = "to be acknowledged"
		a.r.row("P7", "lag of the views under that load, p99", millis(percentile(lags, 0.99)), mean, Target{Most: 250, Text: "≤ 250 ms"})
	}
	return nil
}

// lag samples how long after its acknowledgement a commit is in all views.
type lag struct {
	e *engine.Engine

	mu     sync.Mutex
	newest uint64
	at     time.Time
	times  []time.Duration
}

func (l *lag) acked(o commands.Outcome) {
	l.mu.Lock()
	if o.Position > l.newest {
		l.newest, l.at = o.Position, time.Now()
	}
	l.mu.Unlock()
}

// lagEvery is the pause between two samples.
const lagEvery = 10 * time.Millisecond

// during samples while f runs, each sample by itself so that a slow one does
// not keep the next one from being taken, and returns when all are through.
func (l *lag) during(ctx context.Context, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	var samples sync.WaitGroup
	errs := make(chan error, 1)
	end := make(chan struct{})
	samples.Go(func() {
		tick := time.NewTicker(lagEvery)
		defer tick.Stop()
		last := uint64(0)
		for {
			select {
			case <-end:
				return
			case <-tick.C:
			}
			l.mu.Lock()
			position, at := l.newest, l.at
			l.mu.Unlock()
			if position == last {
				continue
			}
			last = position
			samples.Go(func() { l.sample(ctx, position, at, errs) })
		}
	})
	err := f()
	close(end)
	samples.Wait()
	select {
	case e := <-errs:
		return errors.Join(err, e)
	default:
		return err
	}
}

func (l *lag) sample(ctx context.Context, position uint64, at time.Time, errs chan<- error) {
	if err := l.e.Views.WaitFor(ctx, position); err != nil {
		select {
		case errs <- err:
		default:
		}
		return
	}
	l.mu.Lock()
	l.times = append(l.times, time.Since(at))
	l.mu.Unlock()
}

// alone measures P2, one call of each in turn.
func (a *appenders) alone(ctx context.Context) error {
	a.r.say("P2: one caller")
	var ref, held, following []time.Duration
	for i := range full(a.r, 600, 60) {
		dossier := i % many
		err := errors.Join(
			timed(&ref, func() error { return a.bare.publish(ctx, subject(dossier), a.payload) }),
			timed(&held, func() error { _, err := accepted(ctx, a.held, asCoach(dossier), addRecord(dossier)); return err }),
			timed(&following, func() error { _, err := accepted(ctx, a.following, asCoach(dossier), addRecord(dossier)); return err }),
		)
		if err != nil {
			return err
		}
	}
	median := millis(percentile(ref, 0.5))
	a.r.row("P2", "one caller, median latency, views held back", millis(percentile(held, 0.5)), median, atMost(2))
	a.r.row("P2", "the same, views following", millis(percentile(following, 0.5)), median, atMost(2))
	return nil
}
