package regulation

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"

	"github.com/casefile-engine/casefile/domain"
)

// MaxDocument is the largest profile that is read, in bytes: a profile travels
// whole inside the event that adopts it.
const MaxDocument = 40 << 10

// maxDepth bounds the nesting of a document, which has no lists of lists.
const maxDepth = 16

// Parse reads a profile from YAML or JSON, strictly: an unknown or repeated
// field, a value of the wrong form, an unknown code or a missing part is a
// *domain.Error with the place as Field (a JSON pointer) and the line in the
// message. The law layer is not applied yet: see Effective and Check.
func Parse(doc []byte) (Profile, error) {
	p, _, err := parse(doc)
	return p, err
}

func parse(doc []byte) (Profile, *yaml.Node, error) {
	if len(doc) > MaxDocument {
		return Profile{}, nil, domain.Invalid("profile_too_large", "", "a profile has at most "+strconv.Itoa(MaxDocument>>10)+" KiB")
	}
	root, err := node(doc)
	if err != nil {
		return Profile{}, nil, err
	}
	var text bytes.Buffer
	if err := writeJSON(&text, root, 0); err != nil {
		return Profile{}, nil, err
	}
	var p Profile
	if err := jsonv2.Unmarshal(text.Bytes(), &p, jsonv2.RejectUnknownMembers(true)); err != nil {
		return Profile{}, nil, locate(root, err)
	}
	if p.Law != 0 {
		return Profile{}, nil, atLine(root, domain.Invalid("profile_field", "/law", "the engine fills in this field; leave it out"))
	}
	if e := validate(&p); e != nil {
		return Profile{}, nil, atLine(root, e)
	}
	// One pass through JSON, so that absent and empty lists are the same as after
	// a journey in an event.
	c, err := clone(p)
	return c, root, err
}

// node reads exactly one document.
func node(doc []byte) (*yaml.Node, error) {
	d := yaml.NewDecoder(bytes.NewReader(doc))
	var n yaml.Node
	if err := d.Decode(&n); err != nil || len(n.Content) != 1 {
		e := domain.Invalid("profile_form", "", "this is no readable YAML or JSON document"+yamlLine(err))
		e.Cause = err
		return nil, e
	}
	var more yaml.Node
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		return nil, domain.Invalid("profile_form", "", "a profile is one document; this has several")
	}
	return n.Content[0], nil
}

// yamlLine takes the line number, and nothing of the document, out of an error
// of the YAML reader.
func yamlLine(err error) string {
	if err == nil {
		return ""
	}
	_, rest, ok := strings.Cut(err.Error(), "line ")
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if !ok || n == 0 {
		return ""
	}
	return ", line " + rest[:n]
}

// writeJSON turns the nodes into JSON: dates stay text, aliases are refused
// since they let a small document grow without bound.
func writeJSON(w *bytes.Buffer, n *yaml.Node, depth int) error {
	if depth > maxDepth {
		return formError(n, "this is nested too deep for a profile")
	}
	switch n.Kind {
	case yaml.MappingNode:
		return writeList(w, n, '{', '}', depth)
	case yaml.SequenceNode:
		return writeList(w, n, '[', ']', depth)
	case yaml.ScalarNode:
		return writeScalar(w, n)
	}
	return formError(n, "anchors and aliases are not read here; write the value out")
}

func writeList(w *bytes.Buffer, n *yaml.Node, open, shut byte, depth int) error {
	w.WriteByte(open)
	for i, c := range n.Content {
		key := open == '{' && i%2 == 0
		switch {
		case key && (c.Kind != yaml.ScalarNode || c.ShortTag() != "!!str"):
			return formError(c, "a field's name is plain text")
		case open == '{' && i%2 == 1:
			w.WriteByte(':')
		case i > 0:
			w.WriteByte(',')
		}
		if err := writeJSON(w, c, depth+1); err != nil {
			return err
		}
	}
	w.WriteByte(shut)
	return nil
}

func writeScalar(w *bytes.Buffer, n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!null":
		return formError(n, "this field is empty; give it a value or leave it out")
	case "!!bool", "!!int":
		if json.Valid([]byte(n.Value)) {
			w.WriteString(n.Value)
			return nil
		}
	}
	b, err := jsonv2.Marshal(n.Value)
	if err != nil {
		return formError(n, "this is no valid UTF-8 text")
	}
	w.Write(b)
	return nil
}

func formError(n *yaml.Node, message string) error {
	return domain.Invalid("profile_form", "", "line "+strconv.Itoa(n.Line)+": "+message)
}

// locate turns an error of the JSON reader into one with a place and a line.
// The reader's own text could repeat the document, so it stays in Cause.
func locate(root *yaml.Node, err error) error {
	e := domain.Invalid("profile_field", "", "this field has the wrong form")
	e.Cause = err
	var semantic *jsonv2.SemanticError
	var syntactic *jsontext.SyntacticError
	var value *domain.Error
	switch {
	case errors.As(err, &value): // before the reader's own: it says more
		e.Code, e.Message = value.Code, value.Message
		fallthrough
	case errors.As(err, &semantic):
		if errors.As(err, &semantic) {
			e.Field = string(semantic.JSONPointer)
		}
		if errors.Is(err, jsonv2.ErrUnknownName) {
			e.Code, e.Message = "unknown_field", "the profile knows no field of this name"
		}
	case errors.As(err, &syntactic):
		e.Field = string(syntactic.JSONPointer)
		if errors.Is(err, jsontext.ErrDuplicateName) {
			e.Code, e.Message = "field_twice", "this field stands here twice"
		}
	}
	e = atLine(root, e)
	if e.Code == "unknown_field" { // its name could be anything: the line says where it is
		e.Field = e.Field[:max(0, strings.LastIndexByte(e.Field, '/'))]
	}
	return e
}

// atLine puts the line of e.Field in front of the message.
func atLine(root *yaml.Node, e *domain.Error) *domain.Error {
	if n := lineOf(root, e.Field); n > 0 {
		e.Message = "line " + strconv.Itoa(n) + ": " + e.Message
	}
	return e
}

// lineOf is the line of the node at a JSON pointer, or of the nearest node above
// it that the document has.
func lineOf(n *yaml.Node, pointer string) int {
	if n == nil {
		return 0
	}
	line := n.Line
	for _, step := range strings.Split(pointer, "/")[1:] {
		next, at := child(n, step)
		if next == nil {
			return line
		}
		n, line = next, at
	}
	return line
}

func child(n *yaml.Node, step string) (next *yaml.Node, line int) {
	if n.Kind == yaml.SequenceNode {
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Content) {
			return n.Content[i], n.Content[i].Line
		}
		return nil, 0
	}
	// The last of two fields with one name is the one that was refused.
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == step {
			next, line = n.Content[i+1], n.Content[i].Line
		}
	}
	return next, line
}
