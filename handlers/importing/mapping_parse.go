package importing

import (
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/casefile-engine/casefile/domain"
)

var mappingName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (p *mappingParser) mapping(n *yaml.Node) {
	p.fields("", n, []string{"mapping", "agency", "csv", "times", "tables", "once", "distinct", "case"}, func(name, path string, v *yaml.Node) {
		switch name {
		case "mapping":
			if p.m.Name = p.text(path, v); !mappingName.MatchString(p.m.Name) {
				p.fail(path, v, "a mapping's name has small letters, digits, dots, dashes and underscores, at most 64")
			}
		case "agency":
			if p.m.Agency = p.text(path, v); !domain.ValidAgency(p.m.Agency) {
				p.fail(path, v, "an agency has small letters, digits and dashes, at most 32")
			}
		case "csv":
			p.csv(path, v)
		case "times":
			p.times(path, v)
		case "tables":
			p.fields(path, v, nil, func(table, at string, v *yaml.Node) { p.m.tables[table] = p.table(at, v) })
		}
	})
	// The commands come second: their values refer to tables and layouts, which
	// may stand below them.
	if p.err != nil {
		return
	}
	p.fields("", n, nil, func(name, path string, v *yaml.Node) {
		switch name {
		case "once":
			p.m.once = p.steps(path, v, scopeOnce)
		case "distinct":
			p.m.distinct = p.distincts(path, v, scopeValue)
		case "case":
			p.caseOf(path, v)
		}
	})
	switch {
	case p.m.Name == "":
		p.fail("mapping", n, "the mapping has no name; it goes into the ids that are made, so choose one and keep it")
	case p.m.Agency == "":
		p.fail("agency", n, "the mapping does not say whose data it brings in")
	case p.m.once == nil && p.m.distinct == nil && p.m.cases == nil:
		p.fail("", n, "the mapping makes no commands; give it once, distinct or case")
	}
}

func (p *mappingParser) csv(path string, n *yaml.Node) {
	p.fields(path, n, []string{"delimiter", "encoding"}, func(name, path string, v *yaml.Node) {
		switch name {
		case "delimiter":
			r := []rune(p.text(path, v))
			if len(r) != 1 || r[0] == '"' || r[0] == '\r' || r[0] == '\n' || r[0] == 0xfffd || r[0] == 0 {
				p.fail(path, v, "the delimiter is one character, such as \",\" or \";\" or \"\\t\"")
				return
			}
			p.m.delimiter = r[0]
		case "encoding":
			p.m.encoding = p.text(path, v)
			if !contains([]string{"utf-8", "windows-1252"}, p.m.encoding) {
				p.fail(path, v, "the encoding is utf-8 or windows-1252")
			}
		}
	})
}

func (p *mappingParser) times(path string, n *yaml.Node) {
	p.fields(path, n, []string{"layouts", "zone"}, func(name, path string, v *yaml.Node) {
		switch name {
		case "layouts":
			p.m.layouts = p.texts(path, v)
		case "zone":
			zone := p.text(path, v)
			loc, err := time.LoadLocation(zone)
			if err != nil || zone == "" || zone == "Local" {
				p.fail(path, v, "the zone is a name such as Europe/Amsterdam or UTC")
				return
			}
			p.m.zone = loc
		}
	})
}

func (p *mappingParser) table(path string, n *yaml.Node) map[string]string {
	t := map[string]string{}
	p.fields(path, n, nil, func(name, path string, v *yaml.Node) { t[name] = p.text(path, v) })
	return t
}

func (p *mappingParser) caseOf(path string, n *yaml.Node) {
	c := &caseMapping{}
	p.m.cases = c
	p.fields(path, n, []string{"key", "row", "order", "dossier", "first", "distinct", "rows", "last"}, func(name, path string, v *yaml.Node) {
		switch name {
		case "key":
			c.key = columnRef{name: p.text(path, v), path: path, line: v.Line}
		case "row":
			for _, name := range p.texts(path, v) {
				c.row = append(c.row, columnRef{name: name, path: path, line: v.Line})
			}
		case "order":
			c.order = p.value(path, v, scopeRow)
		case "dossier":
			c.dossier = p.value(path, v, scopeCase)
		case "first":
			c.first = p.steps(path, v, scopeCase)
		case "distinct":
			c.distinct = p.distincts(path, v, scopeValue|scopeCase)
		case "rows":
			c.rows = p.steps(path, v, scopeRow)
		case "last":
			c.last = p.steps(path, v, scopeCase)
		}
	})
	if c.key.name == "" {
		p.fail(path+".key", n, "a case needs a key: the column whose value is the same in all of its rows")
	}
	if c.dossier == nil {
		p.fail(path+".dossier", n, "a case needs a dossier, nearly always !id {kind: dossier}")
	}
}

func (p *mappingParser) distincts(path string, n *yaml.Node, in scopeKind) (out []distinct) {
	names := map[string]bool{}
	p.list(path, n, func(_ int, path string, v *yaml.Node) {
		d := distinct{}
		p.fields(path, v, []string{"name", "columns", "do"}, func(name, path string, v *yaml.Node) {
			switch name {
			case "name":
				d.name = p.text(path, v)
			case "columns":
				for _, c := range p.texts(path, v) {
					d.columns = append(d.columns, columnRef{name: c, path: path, line: v.Line})
				}
			case "do":
				d.steps = p.steps(path, v, in)
			}
		})
		switch {
		case d.name == "" || names[d.name]:
			p.fail(path+".name", v, "each entry needs a name of its own, such as staff; it goes into the ids that are made")
		case len(d.columns) == 0:
			p.fail(path+".columns", v, "say which columns' values are meant")
		case len(d.steps) == 0:
			p.fail(path+".do", v, "say which commands each value becomes")
		}
		names[d.name] = true
		out = append(out, d)
	})
	return out
}

func (p *mappingParser) steps(path string, n *yaml.Node, in scopeKind) (out []step) {
	ordinals := map[string]int{}
	p.list(path, n, func(_ int, path string, v *yaml.Node) {
		s := step{path: path, line: v.Line}
		p.fields(path, v, []string{"command", "at", "actor", "dossier", "data", "when"}, func(name, path string, v *yaml.Node) {
			switch name {
			case "command":
				s.command = p.text(path, v)
			case "at":
				s.at = p.value(path, v, in)
			case "actor":
				s.actor = p.value(path, v, in)
			case "dossier":
				s.dossier = p.value(path, v, in)
			case "data":
				s.data = p.value(path, v, in)
				if _, ok := s.data.(*object); !ok {
					p.fail(path, v, "data is a list of fields (name: value)")
				}
			case "when":
				s.when = p.conditions(path, v, in)
			}
		})
		if s.command == "" {
			p.fail(path+".command", v, "the entry names no command")
		}
		s.ordinal = ordinals[s.command]
		ordinals[s.command]++
		out = append(out, s)
	})
	return out
}

func (p *mappingParser) conditions(path string, n *yaml.Node, in scopeKind) (out []condition) {
	if n.Kind == yaml.MappingNode {
		return []condition{p.condition(path, n, in)}
	}
	p.list(path, n, func(_ int, path string, v *yaml.Node) { out = append(out, p.condition(path, v, in)) })
	return out
}

func (p *mappingParser) condition(path string, n *yaml.Node, in scopeKind) (c condition) {
	tests := 0
	p.fields(path, n, []string{"column", "filled", "equals", "not"}, func(name, path string, v *yaml.Node) {
		switch name {
		case "column":
			c.column = p.ref(path, v, p.text(path, v), in)
			return
		case "filled":
			yes := p.yes(path, v)
			c.filled = &yes
		case "equals":
			c.in = p.texts(path, v)
		case "not":
			c.in, c.not = p.texts(path, v), true
		}
		tests++
	})
	if c.column.name == "" || tests != 1 {
		p.fail(path, n, "a condition has a column and one of filled, equals or not")
	}
	return c
}
