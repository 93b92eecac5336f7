package projections_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/internal/testkit/pg"
	"github.com/casefile-engine/casefile/projections"
	"github.com/casefile-engine/casefile/projections/readdb"
)

var toy = sums{name: "toy", version: 1}

func code(err error) string {
	var e *domain.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.Code
}

// T4: given any history, when it is followed live, caught up with after a crash
// at any point, and rebuilt, then all have the digest of a plain fold, on both
// engines.
func TestLiveCatchUpAndRebuildAgree(t *testing.T) {
	sqlite := openDB(t, readdb.Config{SQLitePath: t.TempDir() + "/v.db", CacheBytes: 1})
	postgres := openDB(t, readdb.Config{PostgresURL: pg.Start(t)})
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		p := sums{name: fmt.Sprint("toy", round), version: 1}
		other := sums{name: fmt.Sprint("few", round), version: 1, reads: []string{"toy.removed"}}
		s := newStream()
		dbs := []*readdb.DB{sqlite, postgres}
		for range rapid.IntRange(1, 4).Draw(rt, "runs") {
			for range rapid.IntRange(0, 30).Draw(rt, "commits") {
				s.add(t, rapid.SliceOfN(rapid.Custom(drawEvent), 1, 3).Draw(rt, "events")...)
			}
			crash := rapid.Bool().Draw(rt, "crash")
			after := time.Duration(rapid.IntRange(0, 3000).Draw(rt, "µs")) * time.Microsecond
			for _, db := range dbs {
				// Each run is a new runner, as after a restart; some are killed.
				r := newRunner(t, db, s, p, other)
				ctx, cancel := context.WithCancel(t.Context())
				if crash {
					time.AfterFunc(after, cancel)
				}
				if err := r.CatchUp(ctx, nil); err != nil && !crash {
					t.Fatal(err)
				}
				cancel()
				no(t, r.Close(t.Context()))
			}
		}
		for _, db := range dbs {
			r := newRunner(t, db, s, p, other)
			no(t, r.Prepare(t.Context())) // of an empty stream nothing else would wait for the tables
			stop := follow(t, r, s)
			for range rapid.IntRange(0, 10).Draw(rt, "live") {
				s.add(t, rapid.Custom(drawEvent).Draw(rt, "event"))
			}
			head, err := s.Head(t.Context())
			no(t, err)
			waitFor(t, r, head)
			agree(t, r, s, p, other)
			no(t, r.Rebuild(t.Context(), nil, nil))
			agree(t, r, s, p, other)
			stop()
		}
	})
}

func agree(t *testing.T, r *projections.Runner, s *toyStream, list ...sums) {
	t.Helper()
	for _, p := range list {
		if want, got := folded(t, s, p), digestOf(t, r, p.name).SHA256; want != got {
			t.Fatalf("%s: digest %s, a plain fold gives %s", p.name, got, want)
		}
	}
	results, err := r.Check(t.Context(), nil, nil)
	no(t, err)
	for _, c := range results {
		if !c.Equal || c.Live != c.Rebuilt {
			t.Fatalf("the check says %+v", c)
		}
	}
}

func drawEvent(rt *rapid.T) toyEvent {
	return toyEvent{Type: rapid.SampledFrom([]string{"toy.added", "toy.added", "toy.removed"}).Draw(rt, "type"),
		Key: rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(rt, "key"), N: rapid.Int64Range(-5, 5).Draw(rt, "n")}
}

// Given a follower, when a commit is stored, then readers see it within moments,
// and who waits for its position sees it at once: no polling.
func TestReadYourWrites(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		db, s := open(), newStream()
		r := newRunner(t, db, s, toy)
		follow(t, r, s)
		waitFor(t, r, s.addMany(t, 1))
		var took []time.Duration
		for range 50 {
			p := s.addMany(t, 1)
			began := time.Now()
			waitFor(t, r, p)
			took = append(took, time.Since(began))
			var n uint64
			no(t, db.QueryRow(t.Context(), "SELECT max(position) FROM toy_log").Scan(&n))
			if n < p {
				t.Fatalf("the row of %d is not there", p)
			}
		}
		slices.Sort(took)
		t.Logf("visible after: median %v, slowest %v", took[len(took)/2], took[len(took)-1])
		if took[len(took)/2] > time.Second { // milliseconds, on a machine that does nothing else
			t.Errorf("it took %v", took[len(took)/2])
		}
		p := s.addMany(t, 1)
		for r.Position("toy") < p { // nobody waits: an idle moment flushes
			time.Sleep(time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if err := r.WaitFor(ctx, p+1); code(err) != "views_behind" {
			t.Errorf("waiting for what is not there gives %v", err)
		}
	})
}

// Given a projection that fails at one commit, when it gets there, then it has
// everything before that commit, says where and why, skips nothing, and the
// others go on; once the cause is gone it goes on by itself.
func TestStalled(t *testing.T) {
	for name, bad := range map[string]struct {
		event toyEvent
		code  string
	}{
		"error":       {toyEvent{Type: "toy.bad"}, "on_purpose"},
		"panic":       {toyEvent{Type: "toy.bad", N: 1}, "panic"},
		"two rows":    {toyEvent{Type: "toy.twice"}, "row_refused"},
		"undecodable": {toyEvent{Type: "toy.undecodable"}, "undecodable"},
	} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, open func() *readdb.DB) { stalledAt(t, open(), bad.event, bad.code) })
		})
	}
}

func stalledAt(t *testing.T, db *readdb.DB, bad toyEvent, wantCode string) {
	fails := &atomic.Bool{}
	fails.Store(true)
	ill := sums{name: "ill", version: 1, fails: fails}
	well := sums{name: "well", version: 1, reads: []string{"toy.added"}}
	s := newStream()
	r := newRunner(t, db, s, ill, well)
	follow(t, r, s)
	before := s.addMany(t, 20)
	waitFor(t, r, before)
	before = s.addMany(t, 20)
	at := s.add(t, bad)
	head := s.addMany(t, 20)
	waitFor(t, r, head, "well")

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := r.WaitFor(ctx, at, "ill"); code(err) != "projection_stalled" {
		t.Fatalf("waiting for a stalled projection gives %v", err)
	}
	st := statusOf(t, r, "ill")
	if st.State != readdb.Stalled || st.Position != before || st.ErrorCode != wantCode || st.ErrorPosition != at || st.Lag != head-before {
		t.Fatalf("status %+v, want stalled at %d by %d", st, before, at)
	}
	var n uint64
	no(t, db.QueryRow(t.Context(), "SELECT max(position) FROM ill_log").Scan(&n))
	if n != before {
		t.Fatalf("the newest row is of %d, want %d", n, before)
	}
	points, err := db.Checkpoints(t.Context())
	no(t, err)
	if c := points["ill"]; c.State != readdb.Stalled || c.Position != before || c.ErrorCode != wantCode {
		t.Fatalf("checkpoint %+v", c)
	}
	if bad.Type != "toy.bad" {
		return
	}
	fails.Store(false)
	waitFor2(t, func() bool { return r.Position("ill") == head })
	agree(t, r, s, ill, well)
	if st := statusOf(t, r, "ill"); st.State != readdb.Running || st.ErrorCode != "" {
		t.Fatalf("status %+v after it went on", st)
	}
}

func statusOf(t *testing.T, r *projections.Runner, name string) projections.Status {
	t.Helper()
	all, err := r.Status(t.Context())
	no(t, err)
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no status of %s", name)
	return projections.Status{}
}

func waitFor2(t *testing.T, f func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not come about in time")
		}
	}
}

// Given two runners on one database, when both follow, then one of them writes
// and the other sees its progress; when the first lets go, the second takes over.
func TestTwoRunners(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		s := newStream()
		s.addMany(t, 10)
		first, second := newRunner(t, open(), s, toy), newRunner(t, open(), s, toy)
		stop := follow(t, first, s)
		waitFor(t, first, 10)
		follow(t, second, s)
		waitFor(t, second, s.addMany(t, 10))
		waitFor(t, first, s.addMany(t, 10))
		// On SQLite the newest takes over, on PostgreSQL the lease decides.
		waitFor2(t, func() bool { return statusOf(t, first, "toy").Owned != statusOf(t, second, "toy").Owned })
		owner, other := first, second
		if statusOf(t, second, "toy").Owned {
			owner, other = second, first
		}
		if err := other.Rebuild(t.Context(), nil, nil); code(err) != "followed_elsewhere" {
			t.Errorf("a rebuild by another instance gives %v", err)
		}
		if owner == first {
			stop()
		}
		waitFor(t, second, s.addMany(t, 10))
		waitFor2(t, func() bool { return statusOf(t, second, "toy").Owned })
		agree(t, second, s, toy)
	})
}

// Given an empty database, when a runner is prepared and nothing follows yet,
// then queries find the tables; and what was prepared is carried on with.
func TestPreparedTablesAreThere(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		s := newStream()
		s.addMany(t, 10)
		r, db := newRunner(t, open(), s, toy), open()
		count := func() (n int, err error) {
			return n, db.QueryRow(t.Context(), "SELECT count(*) FROM toy_log").Scan(&n)
		}
		if _, err := count(); err == nil {
			t.Fatal("the tables are there before anybody made them")
		}
		no(t, r.Prepare(t.Context()))
		if n, err := count(); err != nil || n != 0 {
			t.Fatalf("%d rows, %v", n, err)
		}
		no(t, newRunner(t, open(), s, toy).Prepare(t.Context())) // another finds them made
		follow(t, r, s)
		waitFor(t, r, 10)
		agree(t, r, s, toy)
	})
}

// Given readers that look all the time, when projections are rebuilt under a
// follower, then no reader ever sees less than before, or an error.
func TestRebuildUnderReaders(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		db, s := open(), newStream()
		r := newRunner(t, db, s, toy)
		follow(t, r, s)
		waitFor(t, r, s.addMany(t, 500))
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				seen := 0
				for ctx.Err() == nil {
					var n, keys int
					err := db.QueryRow(ctx, "SELECT (SELECT count(*) FROM toy_log), (SELECT count(*) FROM toy_sums)").Scan(&n, &keys)
					if ctx.Err() == nil && (err != nil || n < seen || keys != 7) {
						t.Errorf("a reader saw %d rows after %d, %d keys: %v", n, seen, keys, err)
						return
					}
					seen = n
				}
			})
		}
		for range 5 {
			s.addMany(t, 100)
			no(t, r.Rebuild(t.Context(), nil, nil))
		}
		head := s.addMany(t, 50)
		waitFor(t, r, head)
		cancel()
		readers.Wait()
		if g := statusOf(t, r, "toy").Generation; g != 6 {
			t.Errorf("generation %d, want the first and five more", g)
		}
		agree(t, r, s, toy)
	})
}

// Given a checkpoint that is ahead of the stream, or at another commit than the
// stream's, when the engine starts, then the projection is built anew.
func TestCheckpointThatIsNotOfThisStream(t *testing.T) {
	for name, n := range map[string]int{"ahead": 5, "differs": 10, "behind and differs": 20} {
		t.Run(name, func(t *testing.T) {
			engines(t, func(t *testing.T, open func() *readdb.DB) {
				s := newStream()
				s.addMany(t, 10)
				r := newRunner(t, open(), s, toy)
				no(t, r.CatchUp(t.Context(), nil))
				no(t, r.Close(t.Context()))
				lost := newStream()
				head := lost.addMany(t, n)
				r2 := newRunner(t, open(), lost, toy)
				follow(t, r2, lost)
				waitFor(t, r2, head)
				agree(t, r2, lost, toy)
			})
		})
	}
}

// Given a projection whose version changed, when the engine starts, then it is
// built anew with its new tables, and the old ones are gone.
func TestVersionChange(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		s := newStream()
		head := s.addMany(t, 10)
		r := newRunner(t, open(), s, toy)
		no(t, r.CatchUp(t.Context(), nil))
		changed := sums{name: "toy", version: 2, reads: []string{"toy.removed"}}
		db := open()
		r2 := newRunner(t, db, s, changed)
		var progress [][2]uint64
		no(t, r2.CatchUp(t.Context(), func(done, head uint64) { progress = append(progress, [2]uint64{done, head}) }))
		if last := progress[len(progress)-1]; last != [2]uint64{head, head} {
			t.Errorf("progress ended at %v", last)
		}
		var n int
		no(t, db.QueryRow(t.Context(), "SELECT count(*) FROM toy_log").Scan(&n))
		if st := statusOf(t, r2, "toy"); n != 0 || st.Version != 2 || st.Generation != 2 {
			t.Errorf("%d rows, %+v", n, st)
		}
		no(t, db.QueryRow(t.Context(), "SELECT count(*) FROM casefile_generations").Scan(&n))
		if n != 2 {
			t.Errorf("%d tables are left, want 2", n)
		}
	})
}

// Given rows that somebody changed in the database, when they are checked, then
// the check says so.
func TestCheckFindsAChangedRow(t *testing.T) {
	s := newStream()
	s.addMany(t, 10)
	address := pg.Start(t)
	db := openDB(t, readdb.Config{PostgresURL: address})
	r := newRunner(t, db, s, toy)
	no(t, r.CatchUp(t.Context(), nil))
	agree(t, r, s, toy)
	rows, err := db.Query(t.Context(), "UPDATE toy_sums SET total = total + 1 WHERE key = 'k1' RETURNING key")
	no(t, err)
	no(t, rows.Close())
	results, err := r.Check(t.Context(), nil, nil)
	no(t, err)
	if results[0].Equal {
		t.Error("the check calls the changed rows equal")
	}
}

// Given a long stream and nothing built, when it is caught up with, then it is
// loaded in bulk and agrees with a plain fold; a failing one stops in place.
func TestFirstLoadOfALongStream(t *testing.T) {
	s := newStream()
	before := s.addMany(t, 6000)
	s.add(t, toyEvent{Type: "toy.bad"})
	s.addMany(t, 100)
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		fails := &atomic.Bool{}
		fails.Store(true)
		ill := sums{name: "ill", version: 1, fails: fails}
		r := newRunner(t, open(), s, toy, ill)
		if err := r.CatchUp(t.Context(), nil); code(err) != "projection_stalled" {
			t.Fatalf("got %v", err)
		}
		if st := statusOf(t, r, "ill"); st.State != readdb.Stalled || st.Position != before {
			t.Fatalf("status %+v", st)
		}
		agree(t, r, s, toy)
		fails.Store(false)
		no(t, r.CatchUp(t.Context(), nil))
		agree(t, r, s, toy, ill)
	})
}

// T12: given a follower on PostgreSQL, when the server ends all connections again
// and again, then the projections recover by themselves and nothing is missed.
func TestLostConnections(t *testing.T) {
	address := pg.Start(t)
	s := newStream()
	r := newRunner(t, openDB(t, readdb.Config{PostgresURL: address}), s, toy)
	follow(t, r, s)
	waitFor(t, r, s.addMany(t, 10))
	conn, err := pgx.Connect(t.Context(), address)
	no(t, err)
	defer conn.Close(context.Background())
	for range 5 {
		_, err := conn.Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
		no(t, err)
		s.addMany(t, 20)
		time.Sleep(20 * time.Millisecond)
	}
	head := s.addMany(t, 1)
	waitFor2(t, func() bool { return r.Position("toy") == head })
	agree(t, r, s, toy)
}

// Given tables that a killed rebuild left behind, when the engine starts, then
// they are gone.
func TestLeftoversOfAKilledRebuild(t *testing.T) {
	engines(t, func(t *testing.T, open func() *readdb.DB) {
		s := newStream()
		s.addMany(t, 10)
		db := open()
		r := newRunner(t, db, s, toy)
		no(t, r.CatchUp(t.Context(), nil))
		no(t, r.Close(t.Context()))
		_, _, err := db.Claim(t.Context(), "toy", "killed", true)
		no(t, err)
		_, err = db.NewGeneration(t.Context(), "toy", "killed", toy.Tables())
		no(t, err)
		no(t, db.Release(t.Context(), "killed"))
		r = newRunner(t, open(), s, toy)
		no(t, r.CatchUp(t.Context(), nil))
		var n int
		no(t, db.QueryRow(t.Context(), "SELECT count(*) FROM casefile_generations").Scan(&n))
		if n != 2 {
			t.Errorf("%d tables, want 2", n)
		}
	})
}

// Given the commits up to some moment, when a projection is folded in memory,
// then its queries run on it as on the live one, also one within another.
func TestFoldInMemoryAsOf(t *testing.T) {
	s := newStream()
	s.addMany(t, 20)
	r := newRunner(t, openDB(t, readdb.Config{Memory: true}), s, toy)
	db, err := r.FoldInMemory(t.Context(), toy, func(each func(*eventstore.Commit) error) error {
		return s.ReadAll(t.Context(), 0, func(c *eventstore.Commit) error {
			if c.Position > 7 {
				return nil
			}
			return each(c)
		})
	})
	no(t, err)
	defer db.Close()
	rows, err := db.Query(t.Context(), "SELECT key, total FROM toy_sums ORDER BY key")
	no(t, err)
	defer rows.Close()
	n := 0
	for ; rows.Next(); n++ {
		var key string
		var total, again int64
		no(t, rows.Scan(&key, &total))
		no(t, db.QueryRow(t.Context(), "SELECT total FROM toy_sums WHERE key = ?", key).Scan(&again))
		if total != again || total != int64(n) {
			t.Errorf("%s: %d and %d, want %d", key, total, again, n)
		}
	}
	if n != 7 {
		t.Errorf("%d keys, want 7", n)
	}
}
