package duties

import (
	"cmp"
	"slices"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/projections/rows"
)

// Group is what a client must be told of at once: items of one source, one set
// of categories and one trajectory (L-14).
type Group struct {
	File
	Source     string
	Categories []domain.Category
	Trajectory string
	Items      []string
	// Also are further ids by which a notice may have named it: of items that
	// were moved to the client whose they are, and those that items had in a
	// wrong file.
	Also []string
	// Obtained is the day on which the first of them was obtained.
	Obtained nl.Date
	Position uint64 // of the first item
}

// Names tells whether an id is of one of the group's items, then or now.
func (g *Group) Names(id string) bool {
	return slices.Contains(g.Items, id) || slices.Contains(g.Also, id)
}

// Groups are what came from others than the client, in stream order of their
// first items. What was moved to another client's file is that one's to hear.
func (f *Facts) Groups() []*Group {
	type key struct {
		File
		source, categories, trajectory string
	}
	var list []*Group
	found := map[key]*Group{}
	for _, i := range f.Items {
		if !slices.Contains(Others, i.Source) {
			continue
		}
		k := key{i.File, i.Source, rows.Join(i.Categories), i.Trajectory}
		g := found[k]
		if g == nil {
			g = &Group{File: i.File, Source: i.Source, Categories: i.Categories, Trajectory: i.Trajectory}
			found[k] = g
			list = append(list, g)
		}
		g.add(i)
	}
	list = slices.DeleteFunc(list, func(g *Group) bool { return len(g.Items) == 0 })
	slices.SortStableFunc(list, func(a, b *Group) int { return cmp.Compare(a.Position, b.Position) })
	return list
}

func (g *Group) add(i Item) {
	if !i.Moved.IsZero() {
		g.Also = append(g.Also, i.Item)
		return
	}
	if i.Was != "" {
		g.Also = append(g.Also, i.Was)
	}
	if len(g.Items) == 0 {
		g.Obtained, g.Position = i.Obtained, i.Position
	}
	g.Items = append(g.Items, i.Item)
	if i.Obtained.Before(g.Obtained) {
		g.Obtained = i.Obtained
	}
}
