package importing

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// functions are the YAML tags that compute a value.
var functions = []string{"!column", "!text", "!int", "!time", "!date", "!map", "!id", "!number"}

// value reads an expression: a plain scalar is itself, a tag is a function of
// the row, fields and lists hold further expressions.
func (p *mappingParser) value(path string, n *yaml.Node, in scopeKind) value {
	if n.Kind == yaml.AliasNode {
		p.fail(path, n, "aliases (*name) are not known; write it out")
		return nil
	}
	if custom(n) {
		return p.function(path, n, in)
	}
	switch n.Kind {
	case yaml.MappingNode:
		o := &object{}
		p.fields(path, n, nil, func(name, path string, v *yaml.Node) {
			o.names = append(o.names, name)
			o.values = append(o.values, p.value(path, v, in))
		})
		return o
	case yaml.SequenceNode:
		l := &list{}
		p.list(path, n, func(_ int, path string, v *yaml.Node) { l.values = append(l.values, p.value(path, v, in)) })
		return l
	}
	switch n.Tag {
	case "!!bool":
		return constant{strings.EqualFold(n.Value, "true")}
	case "!!int":
		i, err := strconv.ParseInt(n.Value, 10, 64)
		if err != nil {
			p.fail(path, n, "this is not a whole number that fits; put a text between quotes")
		}
		return constant{i}
	case "!!str", "!!timestamp":
		return constant{n.Value}
	}
	p.fail(path, n, "here stands a text, a whole number, true or false; put anything else between quotes")
	return nil
}

func (p *mappingParser) function(path string, n *yaml.Node, in scopeKind) value {
	switch n.Tag {
	case "!column":
		return &column{p.ref(path, n, p.argument(path, n, nil), in)}
	case "!int":
		return &whole{p.ref(path, n, p.argument(path, n, nil), in), path}
	case "!text":
		return p.template(path, n, in)
	case "!time", "!date":
		return p.moment(path, n, in)
	case "!map":
		return p.lookup(path, n, in)
	case "!id", "!number":
		return p.digestID(path, n, in)
	}
	p.fail(path, n, "the function %s is not known; known are %s", n.Tag, strings.Join(functions, " "))
	return nil
}

// argument gives the scalar behind a function's tag, or reads its fields.
func (p *mappingParser) argument(path string, n *yaml.Node, field func(name, path string, v *yaml.Node)) string {
	if n.Kind == yaml.ScalarNode {
		if n.Value == "" {
			p.fail(path, n, "%s says what of, such as %s name", n.Tag, n.Tag)
		}
		return n.Value
	}
	if field == nil || n.Kind != yaml.MappingNode {
		p.fail(path, n, "%s is followed by a text on the same line", n.Tag)
		return ""
	}
	plain := *n
	plain.Tag = "!!map"
	p.fields(path, &plain, nil, field)
	return ""
}

func (p *mappingParser) ref(path string, n *yaml.Node, name string, in scopeKind) columnRef {
	switch {
	case name == refValue && in&scopeValue == 0:
		p.fail(path, n, "@value is known under distinct only")
	case name == refKey && in&(scopeCase|scopeRow) == 0:
		p.fail(path, n, "@key is known under case only")
	case name != refValue && name != refKey && in == scopeOnce:
		p.fail(path, n, "there is no row here, so no column; columns are known under distinct and case")
	}
	return columnRef{name: name, path: path, line: n.Line}
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

func (p *mappingParser) template(path string, n *yaml.Node, in scopeKind) value {
	s := p.argument(path, n, nil)
	t := &text{}
	last := 0
	for _, m := range placeholder.FindAllStringSubmatchIndex(s, -1) {
		t.parts = append(t.parts, s[last:m[0]])
		t.refs = append(t.refs, p.ref(path, n, s[m[2]:m[3]], in))
		last = m[1]
	}
	t.parts = append(t.parts, s[last:])
	return t
}

func (p *mappingParser) moment(path string, n *yaml.Node, in scopeKind) value {
	m := &moment{path: path, date: n.Tag == "!date", layouts: p.m.layouts, zone: p.m.zone}
	if len(m.layouts) == 0 {
		m.layouts = []string{time.RFC3339Nano}
	}
	name := p.argument(path, n, func(name, path string, v *yaml.Node) {
		switch name {
		case "column":
			m.ref = p.ref(path, v, p.text(path, v), in)
		case "not_before":
			r := p.ref(path, v, p.text(path, v), in)
			m.notBefore = &r
		default:
			p.fail(path, v, "the field is not known; known are column, not_before")
		}
	})
	if name != "" {
		m.ref = p.ref(path, n, name, in)
	}
	if m.ref.name == "" {
		p.fail(path, n, "%s needs a column", n.Tag)
	}
	return m
}

func (p *mappingParser) lookup(path string, n *yaml.Node, in scopeKind) value {
	l := &lookup{path: path}
	p.argument(path, n, func(name, path string, v *yaml.Node) {
		switch name {
		case "column":
			l.ref = p.ref(path, v, p.text(path, v), in)
		case "table":
			t, ok := p.m.tables[p.text(path, v)]
			if !ok {
				p.fail(path, v, "there is no such table under tables")
			}
			l.table = t
		case "values":
			l.table = p.table(path, v)
		case "default":
			s := p.text(path, v)
			l.fallback = &s
		default:
			p.fail(path, v, "the field is not known; known are column, table, values, default")
		}
	})
	if l.ref.name == "" || l.table == nil {
		p.fail(path, n, "!map needs a column and a table (or values), and may have a default")
	}
	return l
}

var (
	kindForm   = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,31}$`)
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/-]{0,15}$`)
)

func (p *mappingParser) digestID(path string, n *yaml.Node, in scopeKind) value {
	d := &digestID{number: n.Tag == "!number"}
	kind := p.argument(path, n, func(name, path string, v *yaml.Node) {
		switch {
		case name == "kind":
			d.kind = p.text(path, v)
		case name == "of":
			for _, c := range p.texts(path, v) {
				d.of = append(d.of, p.ref(path, v, c, in))
			}
		case name == "prefix" && d.number:
			if d.prefix = p.text(path, v); !prefixForm.MatchString(d.prefix) {
				p.fail(path, v, "a prefix begins with a letter or digit and has at most 16 of letters, digits and . _ / -")
			}
		default:
			p.fail(path, v, "the field is not known; known are kind, of, and for !number prefix")
		}
	})
	if kind != "" {
		d.kind = kind
	}
	if !kindForm.MatchString(d.kind) {
		p.fail(path, n, "%s needs a kind in small letters, such as dossier; it tells ids of one source key apart", n.Tag)
	}
	return d
}
