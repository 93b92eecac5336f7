package embedded

import (
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/eventstore/storetest"
)

// openIn opens a store in dir; the test closes it.
func openIn(t testing.TB, dir string, change ...func(*Options)) *Store {
	t.Helper()
	o := Options{Dir: filepath.Join(dir, "stream"), TailJournal: filepath.Join(dir, "lock", "tail")}
	for _, f := range change {
		f(&o)
	}
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		s := openIn(t, t.TempDir())
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestConformanceWithSyncAlways(t *testing.T) {
	storetest.Run(t, func(t *testing.T) eventstore.Store {
		s := openIn(t, t.TempDir(), func(o *Options) { o.SyncAlways = true })
		t.Cleanup(func() { s.Close() })
		return s
	})
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := openIn(t, t.TempDir())
	n := storetest.Next{Ref: storetest.Dossier()}
	if _, err := s.Append(t.Context(), n.Pending(100)); err != nil {
		t.Fatal(err)
	}
	if err := s.ReadAll(t.Context(), 0, func(*eventstore.Commit) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before)
}
