package importing

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // the zone of a mapping is there on every machine

	"go.yaml.in/yaml/v3"

	"github.com/casefile-engine/casefile/domain"
)

// MaxMapping is the largest mapping file in bytes.
const MaxMapping = 1 << 20

// Mapping says how the rows of an older system's table become commands. It is
// read strictly: an unknown field, function, column or table is an error that
// names the line. docs/examples/README.md explains the form.
type Mapping struct {
	// Name goes into every id that is made, so that two mappings never meet.
	Name string
	// Agency is whose commands they become.
	Agency string

	delimiter rune
	encoding  string
	layouts   []string
	zone      *time.Location
	tables    map[string]map[string]string

	once     []step
	distinct []distinct
	cases    *caseMapping
}

// distinct are the commands for each different value of some columns.
type distinct struct {
	name    string
	columns []columnRef
	steps   []step
}

// caseMapping turns the rows with one key into the commands of one dossier.
type caseMapping struct {
	key      columnRef
	row      []columnRef // what identifies a row; empty: all that it holds
	order    value       // the time by which rows are put in order; may be nil
	dossier  value
	first    []step
	distinct []distinct
	rows     []step
	last     []step
}

// step is one command.
type step struct {
	path    string
	line    int
	command string
	ordinal int // among the steps of this command in its section
	at      value
	actor   value
	dossier value
	data    value
	when    []condition
}

type condition struct {
	column columnRef
	filled *bool
	in     []string
	not    bool
}

// ParseMapping reads a mapping. Errors are *domain.Error with code
// "invalid_mapping", the place in the mapping as field and its line in the message.
func ParseMapping(r io.Reader) (*Mapping, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxMapping+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(text) > MaxMapping {
		return nil, invalidMapping("", 1, "a mapping is at most 1 MiB long")
	}
	dec := yaml.NewDecoder(strings.NewReader(string(text)))
	var doc, more yaml.Node
	if err := dec.Decode(&doc); err != nil {
		return nil, notYAML(err)
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, invalidMapping("", 1, "a mapping is one YAML document; leave out the others")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, invalidMapping("", 1, "the mapping is empty")
	}
	p := &mappingParser{m: &Mapping{zone: time.UTC, delimiter: ',', encoding: "utf-8", tables: map[string]map[string]string{}}}
	p.mapping(doc.Content[0])
	if p.err != nil {
		return nil, p.err
	}
	return p.m, nil
}

var yamlLine = regexp.MustCompile(`line (\d+)`)

func notYAML(err error) error {
	if errors.Is(err, io.EOF) {
		return invalidMapping("", 1, "the mapping is empty")
	}
	line := 1
	if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ = strconv.Atoi(m[1])
	}
	return invalidMapping("", line, "this is not YAML; look at the indentation and the quotes here and just before")
}

func invalidMapping(field string, line int, what string) *domain.Error {
	return domain.Invalid("invalid_mapping", field, fmt.Sprintf("mapping, line %d: %s", line, what))
}

// mappingParser walks the YAML nodes; it keeps the first error and goes on
// without effect after it.
type mappingParser struct {
	m   *Mapping
	err *domain.Error
}

func (p *mappingParser) fail(path string, n *yaml.Node, format string, args ...any) {
	if p.err == nil {
		line := 1
		if n != nil {
			line = n.Line
		}
		p.err = invalidMapping(path, line, fmt.Sprintf(format, args...))
	}
}

// fields calls f for each field of a YAML mapping; known lists them all.
func (p *mappingParser) fields(path string, n *yaml.Node, known []string, f func(name, path string, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode || custom(n) {
		p.fail(path, n, "here stands a list of fields (name: value)")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content) && p.err == nil; i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		at := join(path, k.Value)
		switch {
		case k.Kind != yaml.ScalarNode:
			p.fail(path, k, "the name of a field is a plain text")
		case seen[k.Value]:
			p.fail(at, k, "the field stands here twice")
		case v.Kind == yaml.AliasNode:
			p.fail(at, v, "aliases (*name) are not known; write it out")
		case known != nil && !contains(known, k.Value):
			p.fail(at, k, "the field is not known; known are %s", strings.Join(known, ", "))
		default:
			seen[k.Value] = true
			f(k.Value, at, v)
		}
	}
}

// list calls f for each entry of a YAML list.
func (p *mappingParser) list(path string, n *yaml.Node, f func(i int, path string, v *yaml.Node)) {
	if n.Kind != yaml.SequenceNode || custom(n) {
		p.fail(path, n, "here stands a list (each entry begins with -)")
		return
	}
	for i, v := range n.Content {
		if p.err != nil {
			return
		}
		at := fmt.Sprintf("%s[%d]", path, i)
		if v.Kind == yaml.AliasNode {
			p.fail(at, v, "aliases (*name) are not known; write it out")
			return
		}
		f(i, at, v)
	}
}

// text gives a plain scalar.
func (p *mappingParser) text(path string, n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || custom(n) || n.Tag == "!!null" {
		p.fail(path, n, "here stands a text")
		return ""
	}
	return n.Value
}

// texts gives one text or a list of texts.
func (p *mappingParser) texts(path string, n *yaml.Node) (out []string) {
	if n.Kind == yaml.ScalarNode {
		return []string{p.text(path, n)}
	}
	p.list(path, n, func(_ int, at string, v *yaml.Node) { out = append(out, p.text(at, v)) })
	return out
}

func (p *mappingParser) yes(path string, n *yaml.Node) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		p.fail(path, n, "here stands true or false")
		return false
	}
	return strings.EqualFold(n.Value, "true")
}

func custom(n *yaml.Node) bool {
	return strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!")
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
