package commits_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

// recordedAt is a stream of two agencies whose commits have these recorded times,
// in milliseconds.
func recordedAt(t *testing.T, times []int) *rowstest.History {
	h := &rowstest.History{}
	for i, ms := range times {
		ref := jan
		if i%3 == 2 {
			ref = kees
		}
		e := &dossier.HoursLogged{Entry: rowstest.ID(100 + i), Trajectory: "TR-1", Date: nl.MustDate("2017-02-01"), Minutes: 10, Activity: "travel", WorkedBy: anna}
		h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: "2017-02-01T09:00:00Z", Recorded: moment(ms).Format(time.RFC3339Nano)},
			rowstest.Sealed(e, "dossier/"+ref.ID, domain.ClassDossier, domain.CatFile))
	}
	return h
}

func moment(ms int) time.Time {
	return rowstest.At("2017-02-01T10:00:00Z").Add(time.Duration(ms) * time.Millisecond)
}

// architecture §2, X-3: known-at T is the stream up to the last commit recorded by
// T, also where instances with clocks that differ a little recorded at once: then
// it is still a beginning of the stream, and no choice of its commits.
func TestKnownAtIsABeginningOfTheStream_X_3(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		h := recordedAt(t, []int{10, 20, 40, 30, 50, 45, 60})
		rowstest.Rebuild(t, db, commits.Projection{}, h)
		for ms, want := range map[int]uint64{0: 0, 10: 1, 29: 2, 30: 4, 40: 4, 44: 4, 45: 6, 50: 6, 60: 7, 1000: 7} {
			if got, err := commits.Horizon(t.Context(), db, moment(ms)); got != want || err != nil {
				t.Errorf("known at %d ms: up to %d, want %d (%v)", ms, got, want, err)
			}
		}
		var got []uint64
		for _, r := range rowstest.Collect(t, func(f func(commits.HistoryRow) error) error {
			return commits.History(t.Context(), db, "click", commits.HistoryFilter{KnownAt: moment(30)}, f)
		}) {
			got = append(got, r.Position)
		}
		// The third is of the other agency; at 35 ms the second of two overtakers
		// brings in all that stands before it.
		if !slices.Equal(got, []uint64{1, 2, 4}) {
			t.Errorf("known at 30 ms: %v", got)
		}
		var kind []uint64
		for _, e := range rowstest.Collect(t, func(f func(commits.Entry) error) error {
			return commits.EachOfKind(t.Context(), db, "click", domain.KindDossier, 4, f)
		}) {
			kind = append(kind, e.Position)
		}
		if !slices.Equal(kind, []uint64{1, 2, 4}) {
			t.Errorf("of a kind up to 4: %v", kind)
		}
	})
}

// The horizon is what looking at every commit would give.
func TestHorizonAgainstASearch(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.IntRange(-3, 10), 1, 30).Draw(rt, "steps")
		var times []int
		now := 0
		for _, s := range steps {
			now = max(0, now+s)
			times = append(times, now)
		}
		db := rowstest.Memory(t)
		rowstest.Rebuild(t, db, commits.Projection{}, recordedAt(t, times))
		for ms := range 40 {
			want := uint64(0)
			for i, x := range times {
				if x <= ms {
					want = uint64(i + 1)
				}
			}
			if got, err := commits.Horizon(t.Context(), db, moment(ms)); got != want || err != nil {
				rt.Fatalf("known at %d of %v: %d, want %d (%v)", ms, times, got, want, err)
			}
		}
	})
}
