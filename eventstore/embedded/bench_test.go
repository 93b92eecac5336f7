//go:build unix

package embedded

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// BenchmarkAppend measures durable appends of commits of about 1.4 kB with 500
// bytes sealed, callers each on an aggregate of its own, beside the server's
// own SyncAlways.
func BenchmarkAppend(b *testing.B) {
	for _, mode := range []struct {
		name   string
		change func(*Options)
	}{
		{"shared", func(*Options) {}},
		{"strict", func(o *Options) { o.StrictJournal = true }},
		{"always", func(o *Options) { o.SyncAlways = true }},
	} {
		for _, callers := range []int{1, 8, 64, 256} {
			b.Run(fmt.Sprintf("%s/%d", mode.name, callers), func(b *testing.B) {
				s := openIn(b, b.TempDir(), mode.change)
				defer s.Close()
				appendFrom(b, s, callers)
			})
		}
	}
}

func appendFrom(b *testing.B, s *Store, callers int) {
	cpu := cpuTime(b)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	start := time.Now()
	for range callers {
		wg.Go(func() {
			n := storetest.Next{Ref: storetest.Dossier()}
			for left.Add(-1) >= 0 {
				a, err := s.Append(b.Context(), n.Pending(500))
				if err != nil {
					b.Error(err)
					return
				}
				n = n.After(a)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/time.Since(start).Seconds(), "appends/s")
	b.ReportMetric(float64((cpuTime(b)-cpu).Microseconds())/float64(b.N), "cpu-us/op")
}

// cpuTime is what this process has used of the processors, which says more than
// the clock on a machine that others use too.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppendFollowed is 64 callers with one subscription that follows.
func BenchmarkAppendFollowed(b *testing.B) {
	s := openIn(b, b.TempDir())
	defer s.Close()
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Subscribe(ctx, 0, func(*eventstore.Commit) error { return nil }) }()
	appendFrom(b, s, 64)
	stop()
	<-ended
}

// BenchmarkWindow measures windows of 1,000 commits, and then reading them all
// from a store that was opened again.
func BenchmarkWindow(b *testing.B) {
	dir := b.TempDir()
	s := openIn(b, dir)
	pending := make([]*eventstore.Pending, 1000)
	b.ResetTimer()
	var spent time.Duration
	for range b.N {
		for i := range pending {
			pending[i] = storetest.Next{Ref: storetest.Dossier()}.Pending(500)
		}
		start := time.Now()
		if _, err := s.AppendWindow(b.Context(), len(pending), func(i int, _ []uint64) (*eventstore.Pending, error) { return pending[i], nil }); err != nil {
			b.Fatal(err)
		}
		spent += time.Since(start)
	}
	b.ReportMetric(float64(b.N*len(pending))/spent.Seconds(), "commits/s")
	s.Close()
	s = openIn(b, dir) // so that nothing of it is in memory
	defer s.Close()
	start := time.Now()
	count := 0
	if err := s.ReadAll(b.Context(), 0, func(*eventstore.Commit) error { count++; return nil }); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(count)/time.Since(start).Seconds(), "read/s")
}
