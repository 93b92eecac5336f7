package engine_test

import (
	"path/filepath"
	"testing"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/eventstore"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
)

// finds waits for a search to show so many dossiers.
func finds(t *testing.T, e *engine.Engine, coach, text string, want int) {
	t.Helper()
	after := head(t, e)
	shows(t, e, after)
	for range 10 { // an index that is behind says so, and is asked again
		r, err := e.Queries.Search(t.Context(), reader(coach, "search", after), text)
		if err != nil {
			t.Fatal(err)
		}
		if r.Behind {
			continue
		}
		if len(r.Hits) != want {
			t.Errorf("%d dossiers, want %d", len(r.Hits), want)
		}
		return
	}
	t.Error("the index stays behind")
}

// indexed counts the looks of the engine.
func indexed(t *testing.T, e *engine.Engine) (n int) {
	t.Helper()
	err := e.Store.ReadAggregate(t.Context(), domain.Ref{Agency: "click", Kind: domain.KindAccess, ID: domain.Engine}, 0, func(*eventstore.Commit) error {
		n++
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// of two instances one makes the index, both search in it, and the other
// goes on when that one ends.
func TestTwoInstancesSearch_X_2(t *testing.T) {
	p, one, two := newPlace(t), t.TempDir(), t.TempDir()
	with := func(dir string) engine.Options {
		o := p.options(dir, true)
		o.Index = true
		return o
	}
	a := openWith(t, with(one))
	coach, dossier, _ := small(t, a)
	copyKeys(t, one, two)
	b := openWith(t, with(two))
	finds(t, a, coach, "jans", 1)
	finds(t, b, coach, "jans", 1)
	if n := indexed(t, a); n == 0 || n > 3 {
		t.Errorf("the engine looked %d times", n)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	do(t, b, commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, "ChangeClient", dossier, "",
		map[string]any{"fields": map[string]any{"family_name": "Zijlstra"}, "valid_from": "2020-02-01", "source": "client"})
	finds(t, b, coach, "jans", 0)
	finds(t, b, coach, "zijl", 1)
}

// Architecture §4: the index's keys change with each epoch; an index of another
// epoch, or of another form, is made anew by itself.
func TestTheIndexFollowsTheKeys(t *testing.T) {
	dir, coach := t.TempDir(), ""
	for i, change := range []string{"", "epoch = 0", "layout = 0"} {
		e, err := engine.Open(t.Context(), engine.Options{Data: filepath.Join(dir, "data"), Create: true})
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			coach, _, _ = small(t, e)
		} else if _, err := e.State.ExecContext(t.Context(), "UPDATE search_state SET "+change); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := e.CatchUp(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			r, err := e.Queries.Search(t.Context(), reader(coach, "search", 0), "jans")
			if err != nil || len(r.Hits) != 1 {
				t.Errorf("%q: %+v, %v", change, r, err)
			}
		}
		if n := indexed(t, e); n != i+1 {
			t.Errorf("%q: the engine looked %d times", change, n)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
