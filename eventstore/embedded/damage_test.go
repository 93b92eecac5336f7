package embedded

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/jetstream"
	"github.com/casefile-engine/casefile/eventstore/storetest"
	"github.com/casefile-engine/casefile/internal/clock"
)

// filled makes a directory with a few commits; crashed leaves it as a crash
// does, without the index that a stop writes.
func filled(t *testing.T, crashed bool) (dir string, acked map[uint64]string) {
	t.Helper()
	dir, acked = t.TempDir(), map[uint64]string{}
	s := openIn(t, dir)
	for range 4 {
		n := storetest.Next{Ref: storetest.Dossier()}
		for range 3 {
			a, err := s.Append(t.Context(), n.Pending(80))
			if err != nil {
				t.Fatal(err)
			}
			n = n.After(a)
			acked[a.Position] = a.Leaf.String()
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if crashed {
		if err := os.Remove(filepath.Join(streamDir(filepath.Join(dir, "stream"), jetstream.StreamName), "msgs", "index.db")); err != nil {
			t.Fatal(err)
		}
	}
	return dir, acked
}

func blockOf(dir string) string {
	return filepath.Join(streamDir(filepath.Join(dir, "stream"), jetstream.StreamName), "msgs", "1.blk")
}

// TestDamageInTheLastBlock: T2. A flipped bit in the newest block is harmless
// or found, and no position is ever given out twice.
func TestDamageInTheLastBlock(t *testing.T) {
	for _, crashed := range []bool{false, true} {
		whole, acked := filled(t, crashed)
		block, err := os.ReadFile(blockOf(whole))
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(3, 4))
		outcomes := map[string]int{}
		for i := range 20 {
			at := rnd.IntN(len(block))
			if i == 0 {
				at = len(block) - 1
			}
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(whole)); err != nil {
				t.Fatal(err)
			}
			bad := append([]byte(nil), block...)
			bad[at] ^= 1 << rnd.IntN(8)
			if err := os.WriteFile(blockOf(dir), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			outcomes[judge(t, dir, acked)]++
		}
		t.Logf("crashed %v: %v", crashed, outcomes)
	}
}

// judge opens a damaged directory and says what became of it.
func judge(t *testing.T, dir string, acked map[uint64]string) string {
	t.Helper()
	s := openIn(t, dir)
	defer s.Close()
	st := s.Status(t.Context())
	a, err := s.Append(t.Context(), storetest.Next{Ref: storetest.Dossier()}.Pending(10))
	if st.ReadOnly {
		var e *domain.Error
		if !errors.Is(err, eventstore.ErrReadOnly) || !errors.As(err, &e) || e.Code != "damaged_tail" || !strings.Contains(st.Reason, "damaged_tail") {
			t.Fatalf("read-only, and an append gives %v, the status %q", err, st.Reason)
		}
		return "read-only"
	}
	if err != nil {
		t.Fatalf("an append to a store that is not read-only: %v", err)
	}
	if _, twice := acked[a.Position]; twice {
		t.Fatalf("position %d was given out twice", a.Position)
	}
	seen := 0
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = s.ReadAll(ctx, 0, func(c *eventstore.Commit) error {
		if leaf, ok := acked[c.Position]; ok {
			seen++
			if eventstore.LeafHash(c.Clear).String() != leaf {
				t.Errorf("position %d reads as another commit", c.Position)
			}
		}
		return c.Verify()
	})
	switch {
	case errors.Is(err, eventstore.ErrDamaged):
		if st := s.Status(t.Context()); !strings.Contains(st.Reason, "damaged_stream") {
			t.Fatalf("found while reading, and the status is %+v", st)
		}
		return "found while reading"
	case err != nil:
		t.Fatalf("reading gives %v", err)
	case seen != len(acked):
		t.Fatalf("reading passes over damage: %d of %d commits", seen, len(acked))
	}
	return "harmless"
}

func TestATailThatIsCutOffIsFound(t *testing.T) {
	dir, _ := filled(t, true)
	block, err := os.ReadFile(blockOf(dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(blockOf(dir), block[:len(block)-300], 0o600); err != nil {
		t.Fatal(err)
	}
	if got := judge(t, dir, nil); got != "read-only" {
		t.Fatal(got)
	}
	if got := judge(t, dir, nil); got != "read-only" { // also the next time
		t.Fatal(got)
	}
}

func TestAStreamThatIsGoneIsFound(t *testing.T) {
	dir, _ := filled(t, false)
	if err := os.RemoveAll(filepath.Join(dir, "stream")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), Options{Dir: filepath.Join(dir, "stream"), TailJournal: filepath.Join(dir, "lock", "tail")})
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != "damaged_tail" {
		t.Fatalf("opened with %v", err)
	}
}

func TestAnotherStreamUnderTheSameJournalIsFound(t *testing.T) {
	dir, _ := filled(t, false)
	other, _ := filled(t, false)
	if err := os.RemoveAll(filepath.Join(dir, "stream")); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "stream"), os.DirFS(filepath.Join(other, "stream"))); err != nil {
		t.Fatal(err)
	}
	if got := judge(t, dir, nil); got != "read-only" {
		t.Fatal(got)
	}
}

func TestALostOrDamagedJournalIsMadeAnew(t *testing.T) {
	dir, acked := filled(t, false)
	path := filepath.Join(dir, "lock", "tail")
	for _, harm := range []func() error{
		func() error { return os.Remove(path) },
		func() error { return os.WriteFile(path, []byte("nonsense"), 0o600) },
		func() error { return os.WriteFile(path, make([]byte, 5000), 0o600) },
	} {
		if err := harm(); err != nil {
			t.Fatal(err)
		}
		s := openIn(t, dir)
		checkAll(t, s, acked)
		s.Close()
		j, newest, err := openJournal(path, false)
		if err != nil {
			t.Fatal(err)
		}
		if newest.position != uint64(len(acked)) || newest.leaf.String() != acked[newest.position] {
			t.Fatalf("the journal has %d %s", newest.position, newest.leaf)
		}
		j.close()
	}
}

func TestASecondStoreOnTheDirectoryIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir)
	defer s.Close()
	_, err := Open(t.Context(), Options{Dir: filepath.Join(dir, "stream"), TailJournal: filepath.Join(dir, "lock", "tail")})
	var e *domain.Error
	if !errors.As(err, &e) || e.Code != "in_use" {
		t.Fatalf("opened with %v", err)
	}
}

func TestRecordedTimeDoesNotFollowAClockThatIsSetBack(t *testing.T) {
	dir := t.TempDir()
	late := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	s := openIn(t, dir, func(o *Options) { o.Clock = clock.Func(func() time.Time { return late }) })
	if _, err := s.Append(t.Context(), storetest.Next{Ref: storetest.Dossier()}.Pending(10)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = openIn(t, dir, func(o *Options) { o.Clock = clock.Func(func() time.Time { return late.Add(-time.Hour) }) })
	defer s.Close()
	if now := s.RecordedNow(); !now.Equal(late) {
		t.Fatalf("RecordedNow gives %v", now)
	}
	n := storetest.Next{Ref: storetest.Dossier()}
	if _, err := s.Append(t.Context(), n.Pending(10)); err != nil {
		t.Fatal(err)
	}
	if c, err := s.Last(t.Context(), n.Ref); err != nil || !c.Envelope.Recorded.Equal(late) {
		t.Fatalf("recorded at %v, %v", c.Envelope.Recorded, err)
	}
}

func TestWithoutTheProofEachMessageIsSyncedByTheServer(t *testing.T) {
	dir := t.TempDir()
	s := openIn(t, dir, func(o *Options) { o.failCheck = true })
	if st := s.Status(t.Context()); st.SyncMode != "always" || st.ReadOnly {
		t.Fatalf("status %+v", st)
	}
	checkAll(t, s, map[uint64]string{})
	s.Close()
	s = openIn(t, dir)
	defer s.Close()
	if st := s.Status(t.Context()); st.SyncMode != "shared" || st.Head != 1 {
		t.Fatalf("status %+v", st)
	}
}

func TestAFailedSyncIsFinal(t *testing.T) {
	s := openIn(t, t.TempDir())
	defer s.Close()
	n := storetest.Next{Ref: storetest.Dossier()}
	if _, err := s.Append(t.Context(), n.Pending(10)); err != nil {
		t.Fatal(err)
	}
	s.sync.blocks.f.Close() // no round is under way
	n = storetest.Next{Ref: storetest.Dossier()}
	if _, err := s.Append(t.Context(), n.Pending(10)); !errors.Is(err, eventstore.ErrUnknown) {
		t.Fatalf("the append gives %v", err)
	}
	for range 6000 {
		if s.Status(t.Context()).ReadOnly {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	st := s.Status(t.Context())
	if !st.ReadOnly || !strings.HasPrefix(st.Reason, "sync_failed") || st.Head != 1 {
		t.Fatalf("status %+v", st)
	}
	if _, err := s.Append(t.Context(), n.Pending(10)); !errors.Is(err, eventstore.ErrReadOnly) {
		t.Fatalf("the next append gives %v", err)
	}
	// what is not synced is not read
	seen := 0
	if err := s.ReadAll(t.Context(), 0, func(*eventstore.Commit) error { seen++; return nil }); err != nil || seen != 1 {
		t.Fatalf("%d commits read, %v", seen, err)
	}
}

func TestGapsAreKnownByTheirWholeExtent(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gaps")
	g, err := loadGaps(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][2]uint64{{5, 7}, {8, 8}, {20, 30}} {
		if err := g.add(x[0], x[1]); err != nil {
			t.Fatal(err)
		}
	}
	if g, err = loadGaps(path); err != nil {
		t.Fatal(err)
	}
	for q, want := range map[[2]uint64]bool{{5, 7}: true, {5, 8}: true, {6, 6}: true, {4, 7}: false, {8, 9}: false, {25, 31}: false, {20, 30}: true} {
		if got := g.known(q[0], q[1]); got != want {
			t.Errorf("%v known: %v", q, got)
		}
	}
}
