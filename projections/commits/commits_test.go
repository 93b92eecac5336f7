package commits_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/projections/commits"
	"github.com/casefile-engine/casefile/projections/readdb"
	"github.com/casefile-engine/casefile/projections/rows"
	"github.com/casefile-engine/casefile/projections/rows/rowstest"
)

var (
	anna = rowstest.ID(1)
	jan  = rowstest.On("click", domain.KindDossier, rowstest.ID(11))
	kees = rowstest.On("sol", domain.KindDossier, rowstest.ID(11)) // the same id in another agency
)

func history(t *testing.T) *rowstest.History {
	h := &rowstest.History{}
	for i, at := range []string{"2017-02-01T09:00:00Z", "2017-02-03T09:00:00Z", "2017-02-02T09:00:00Z"} {
		for _, ref := range []domain.Ref{jan, kees} {
			if i == 2 && ref == kees {
				continue
			}
			e := &dossier.HoursLogged{Entry: rowstest.ID(20 + i), Trajectory: "TR-1", Date: nl.MustDate("2017-02-01"), Minutes: 10, Activity: "travel", WorkedBy: anna}
			h.Add(t, rowstest.Commit{Ref: ref, Actor: anna, At: at}, rowstest.Sealed(e, "dossier/"+ref.ID, domain.ClassDossier, domain.CatFile))
		}
	}
	return h
}

func read(t *testing.T, db *readdb.DB, ref domain.Ref, after uint64) (out []commits.Entry) {
	t.Helper()
	return rowstest.Collect(t, func(f func(commits.Entry) error) error { return commits.ReadAggregate(t.Context(), db, ref, after, f) })
}

// architecture §2: state, timeline and replay read one aggregate from here, in
// order, byte for byte as it was stored.
func TestReadAggregate(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		h := history(t)
		rowstest.Rebuild(t, db, commits.Projection{}, h)
		got := read(t, db, jan, 0)
		if len(got) != 3 || len(read(t, db, jan, 2)) != 1 || len(read(t, db, jan, 3)) != 0 {
			t.Fatalf("got %d commits", len(got))
		}
		for i, e := range got {
			c, err := e.Checked()
			if err != nil {
				t.Fatal(err)
			}
			want := h.Deliveries[e.Position-1]
			if c.Envelope.Ref() != jan || c.Envelope.Version != uint64(i+1) || c.Position != e.Position || !bytes.Equal(e.Payload, want.Payload) {
				t.Errorf("commit %d is that of %v, version %d", i, c.Envelope.Ref(), c.Envelope.Version)
			}
		}
		version, position, err := commits.Last(t.Context(), db, jan)
		if err != nil || version != 3 || position != 5 {
			t.Errorf("last %d at %d, %v", version, position, err)
		}
		if v, err := commits.LastVersion(t.Context(), db, rowstest.On("click", domain.KindDossier, rowstest.ID(99))); v != 0 || err != nil {
			t.Errorf("an unknown aggregate has version %d, %v", v, err)
		}
	})
}

// catalogue §2, "Idempotency": a command id is found again for ever, on its own
// aggregate alone.
func TestFindCommand(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		h := history(t)
		rowstest.Rebuild(t, db, commits.Projection{}, h)
		id := h.Deliveries[2].Commit.Envelope.CommandID
		if p, ok, err := commits.FindCommand(t.Context(), db, jan, id); p != 3 || !ok || err != nil {
			t.Errorf("found at %d, %v, %v", p, ok, err)
		}
		if _, ok, err := commits.FindCommand(t.Context(), db, kees, id); ok || err != nil {
			t.Errorf("found on another agency's aggregate: %v, %v", ok, err)
		}
		if e, ok, err := commits.At(t.Context(), db, "click", 3); !ok || err != nil || e.Position != 3 {
			t.Errorf("at 3: %v, %v", ok, err)
		}
		if _, ok, err := commits.At(t.Context(), db, "sol", 3); ok || err != nil {
			t.Errorf("another agency finds it: %v, %v", ok, err)
		}
	})
}

// catalogue §3: the history is each commit's clear metadata as stored, with its
// position and leaf.
func TestHistory(t *testing.T) {
	rowstest.OnBoth(t, func(t *testing.T, db *readdb.DB) {
		rowstest.Rebuild(t, db, commits.Projection{}, history(t))
		all := rowstest.Collect(t, func(f func(commits.HistoryRow) error) error {
			return commits.History(t.Context(), db, "click", commits.HistoryFilter{}, f)
		})
		rowstest.Golden(t, "history", all)
		recorded := all[1].Recorded
		for name, c := range map[string]struct {
			agency string
			filter commits.HistoryFilter
			want   []uint64
		}{
			"all agencies":      {"", commits.HistoryFilter{}, []uint64{1, 2, 3, 4, 5}},
			"dossier":           {"sol", commits.HistoryFilter{Dossier: kees.ID}, []uint64{2, 4}},
			"occurred":          {"click", commits.HistoryFilter{From: rowstest.At("2017-02-02T00:00:00Z"), Until: rowstest.At("2017-02-03T00:00:00Z")}, []uint64{5}},
			"known at":          {"click", commits.HistoryFilter{KnownAt: recorded}, []uint64{1, 3}},
			"known just before": {"click", commits.HistoryFilter{KnownAt: recorded.Add(-time.Nanosecond)}, []uint64{1}},
			"reading on":        {"click", commits.HistoryFilter{After: 3}, []uint64{5}},
		} {
			var got []uint64
			for _, r := range rowstest.Collect(t, func(f func(commits.HistoryRow) error) error {
				return commits.History(t.Context(), db, c.agency, c.filter, f)
			}) {
				got = append(got, r.Position)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	})
}

// T2: a copy that differs from its leaf is found.
func TestDamagedCopy(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, commits.Projection{}, history(t))
	for i := range read(t, db, jan, 2)[0].Payload {
		e := read(t, db, jan, 2)[0]
		e.Payload = bytes.Clone(e.Payload)
		e.Payload[i] ^= 1
		if _, err := e.Checked(); !errors.Is(err, eventstore.ErrDamaged) {
			t.Fatalf("a changed byte %d gives %v", i, err)
		}
	}
}

// A callback ends the reading without an error.
func TestEnough(t *testing.T) {
	db := rowstest.Memory(t)
	rowstest.Rebuild(t, db, commits.Projection{}, history(t))
	n := 0
	err := commits.ReadAggregate(t.Context(), db, jan, 0, func(commits.Entry) error {
		n++
		return rows.ErrStop
	})
	if n != 1 || err != nil {
		t.Errorf("called %d times, %v", n, err)
	}
}

func TestCommitsLiveAndRebuilt(t *testing.T) {
	rowstest.SameLiveAndRebuilt(t, commits.Projection{}, history(t))
}
