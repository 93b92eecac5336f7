package engine_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/casefile-engine/casefile/handlers/queries"
)

// placesOf names every value in a state by its JSON Pointer.
func placesOf(t *testing.T, state json.RawMessage) (out []string) {
	t.Helper()
	var v any
	if err := json.Unmarshal(state, &v); err != nil {
		t.Fatal(err)
	}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch x := v.(type) {
		case map[string]any:
			for _, k := range slices.Sorted(maps.Keys(x)) {
				walk(path+"/"+k, x[k])
			}
			return
		case []any:
			if len(x) == 0 {
				return
			}
			if _, objects := x[0].(map[string]any); objects {
				for i := range x {
					walk(path+"/"+strconv.Itoa(i), x[i])
				}
				return
			}
		}
		out = append(out, path)
	}
	walk("", v)
	return out
}

// at each step every value of the state names the event that it came from:
// the newest that set it, and never one that came later.
func TestEachValueOfTheStateNamesItsEvent_X_3(t *testing.T) {
	w := replayed(t)
	all, err := w.Queries.Steps(t.Context(), w.operator(), w.dossier, 0, queries.ReplayOptions{})
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for i, st := range all.Steps {
		one, err := w.Queries.Steps(t.Context(), w.operator(), w.dossier, st.Position, queries.ReplayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		got := one.Steps[0]
		for _, path := range placesOf(t, got.After) {
			src, ok := got.Sources[path]
			if !ok || src.Position > st.Position || src.Event == "" {
				t.Errorf("step %d: %s comes from %+v", st.Step, path, src)
			}
			types[path] = src.Type
		}
		for _, c := range got.Changes {
			if c.New != nil && !strings.ContainsAny(string(c.New[:1]), "{[") && got.Sources[c.Path].Position != st.Position {
				t.Errorf("step %d changed %s, which is put down to %d", st.Step, c.Path, got.Sources[c.Path].Position)
			}
		}
		switch link := got.ChainedTo; {
		case i == 0 && link != nil, i > 0 && (link == nil || link.Position != all.Steps[i-1].Position || link.Leaf != all.Steps[i-1].Leaf):
			t.Errorf("step %d goes on from %+v", st.Step, link)
		}
	}
	for path, want := range map[string]string{
		"/status": "dossier.opened", "/records/" + w.record + "/category": "record.added", "/records/" + w.record + "/changed/version": "record.restricted",
		"/records/" + w.record + "/restricted/0/from": "record.restricted", "/assignments/0/until": "staff.unassigned",
	} {
		if types[path] != want {
			t.Errorf("%s comes from %q, want %s", path, types[path], want)
		}
	}
}
