package queries

import (
	"encoding/json"
	"strconv"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/catalog"
	"github.com/casefile-engine/casefile/eventstore"
)

// origins keeps of each value of a clear state the event that it came from, by
// its JSON Pointer.
type origins map[string]Source

// take takes over what one event changed.
func (o origins) take(changes []Change, src Source) error {
	for _, c := range changes {
		if err := eachValue(c.Path, c.Old, func(path string) { delete(o, path) }); err != nil {
			return err
		}
		if err := eachValue(c.Path, c.New, func(path string) { o[path] = src }); err != nil {
			return err
		}
	}
	return nil
}

// eachValue names every value under a path as differ tells them apart: what is
// neither an object nor a list of objects. Nothing at all has no values.
func eachValue(path string, raw json.RawMessage, f func(path string)) error {
	if raw == nil {
		return nil
	}
	v, err := treeOf(raw)
	if err != nil {
		return err
	}
	values(path, v, f)
	return nil
}

func values(path string, v any, f func(path string)) {
	if m, ok := v.(map[string]any); ok {
		for k, x := range m {
			values(path+"/"+pointer(k), x, f)
		}
		return
	}
	if list, ok := objects(v); ok && len(list) > 0 {
		for i, x := range list {
			values(path+"/"+strconv.Itoa(i), x, f)
		}
		return
	}
	f(path)
}

// evolve folds a commit's events one by one, so that each value is put down to
// the event that it came from and not to the commit alone. only is as for tree.
func (f *folder) evolve(c *eventstore.Commit, facts []domain.Recorded, only map[string]bool) error {
	agg, _ := catalog.AggregateOf(domain.KindDossier)
	keep := f.origins != nil
	before, err := f.tree(only, keep)
	if err != nil {
		return err
	}
	if p := profileOf(&c.Envelope); p != "" {
		f.profile = p
	}
	sources := sourcesOf(c)
	for i, r := range facts {
		f.state = agg.Evolve(f.state, r)
		if !keep {
			continue
		}
		after, err := f.tree(only, true)
		if err != nil {
			return err
		}
		var changes []Change
		differ("", before, after, &changes)
		if err := f.origins.take(changes, sources[i]); err != nil {
			return err
		}
		before = after
	}
	return nil
}
