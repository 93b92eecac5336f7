package bench

import (
	"context"
	"slices"
	"sync"
	"time"
)

// load is what some callers did in some time.
type load struct {
	count int
	took  time.Duration
}

func (l *load) add(m load) { l.count += m.count; l.took += m.took }

func (l load) rate() Quantity { return rate(l.count, l.took) }

// callers has n callers call f one time after the other for about d, and counts
// the calls that succeeded. The first error ends it.
func callers(ctx context.Context, n int, d time.Duration, f func(ctx context.Context, caller int) error) (load, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	counts := make([]int, n)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range n {
		wg.Go(func() {
			for ctx.Err() == nil && time.Since(began) < d {
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	l := load{took: time.Since(began)}
	for _, c := range counts {
		l.count += c
	}
	return l, context.Cause(ctx)
}

// timed adds the time that f takes to times.
func timed(times *[]time.Duration, f func() error) error {
	began := time.Now()
	err := f()
	*times = append(*times, time.Since(began))
	return err
}

// percentile is the p-th percentile (0 to 1) of times, which it sorts.
func percentile(times []time.Duration, p float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, int(p*float64(len(times))))]
}
