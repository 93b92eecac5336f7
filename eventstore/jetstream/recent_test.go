package jetstream

import (
	"testing"

	"pgregory.net/rapid"
)

// TestRecentGivesWhatWasPut: what is taken out is what was put in at that
// position, without a hole, whatever is remembered.
func TestRecentGivesWhatWasPut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := &recent{}
		if got := r.take(nil, 1, 10); len(got) != 0 {
			t.Fatalf("%d commits of nothing", len(got))
		}
		put := map[uint64]*byte{}
		next := uint64(1)
		for range rapid.IntRange(1, 40).Draw(t, "runs") {
			next += uint64(rapid.SampledFrom([]int{0, 0, 0, 3}).Draw(t, "gap"))
			for range rapid.IntRange(1, 600).Draw(t, "length") {
				b := make([]byte, rapid.SampledFrom([]int{1, 10, 100000}).Draw(t, "size"))
				r.put(next, b)
				put[next] = &b[0]
				next++
			}
			from := uint64(rapid.IntRange(1, int(next)+2).Draw(t, "from"))
			to := from + uint64(rapid.IntRange(0, 1000).Draw(t, "more"))
			got := r.take(nil, from, to)
			if len(got) > recentBatch || uint64(len(got)) > to-from+1 {
				t.Fatalf("%d of %d..%d", len(got), from, to)
			}
			for i, b := range got {
				if put[from+uint64(i)] != &b[0] {
					t.Fatalf("other bytes at %d", from+uint64(i))
				}
			}
			if newest := r.take(nil, next-1, next+5); len(newest) != 1 {
				t.Fatalf("the newest is not remembered: %d", len(newest))
			}
		}
		if r.bytes > recentBytes+100000 || r.n > recentCommits {
			t.Fatalf("%d bytes in %d commits", r.bytes, r.n)
		}
	})
}
