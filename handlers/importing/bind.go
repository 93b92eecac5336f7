package importing

import (
	"fmt"
	"slices"
)

// bind finds the place of every column that the mapping names in the table's
// first line. The error names the mapping's line.
func (m *Mapping) bind(header []string) error {
	var err error
	find := func(c *columnRef) {
		if err != nil || c.name == refValue || c.name == refKey {
			return
		}
		c.index = slices.Index(header, c.name)
		if c.index < 0 {
			err = invalidMapping(c.path, c.line, fmt.Sprintf("the table has no column %q; the names are those of its first line, letter by letter (and mind the delimiter)", c.name))
		} else if slices.Contains(header[c.index+1:], c.name) {
			err = invalidMapping(c.path, c.line, fmt.Sprintf("the table has two columns %q; give one of them another name", c.name))
		}
	}
	m.eachColumn(find)
	return err
}

func (m *Mapping) eachColumn(f func(*columnRef)) {
	values := func(vs ...value) {
		for _, v := range vs {
			if v != nil {
				v.columns(f)
			}
		}
	}
	steps := func(list []step) {
		for i := range list {
			values(list[i].at, list[i].actor, list[i].dossier, list[i].data)
			for k := range list[i].when {
				f(&list[i].when[k].column)
			}
		}
	}
	distincts := func(list []distinct) {
		for i := range list {
			for k := range list[i].columns {
				f(&list[i].columns[k])
			}
			steps(list[i].steps)
		}
	}
	steps(m.once)
	distincts(m.distinct)
	if c := m.cases; c != nil {
		f(&c.key)
		for i := range c.row {
			f(&c.row[i])
		}
		values(c.order, c.dossier)
		steps(c.first)
		distincts(c.distinct)
		steps(c.rows)
		steps(c.last)
	}
}
