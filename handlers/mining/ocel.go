package mining

import (
	"bufio"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"slices"
)

// Writer writes events as one log. Events come in the order in which they are to
// stand; Close ends the log and must be called once.
type Writer interface {
	Event(e *Event) error
	Close() error
}

// New begins a log in one of Forms to w.
func New(form string, w io.Writer) Writer {
	if form == XES {
		return NewXES(w)
	}
	return NewOCEL(w)
}

// NewOCEL begins an object-centric event log (OCEL 2.0, JSON) to w. Events are
// written as they come; of objects the ids are kept, and they and the types
// follow at Close, since a JSON object has no order.
func NewOCEL(w io.Writer) Writer {
	return &ocel{w: bufio.NewWriter(w), objects: map[Relation]*ocelObject{}, types: map[string]map[string]string{}}
}

type ocel struct {
	w       *bufio.Writer
	n       int
	objects map[Relation]*ocelObject // by type and id
	order   []*ocelObject
	types   map[string]map[string]string // of events: attributes and their types
}

type ocelEvent struct {
	ID            string         `json:"id"`
	Type          string         `json:"type"`
	Time          string         `json:"time"`
	Attributes    []ocelValue    `json:"attributes"`
	Relationships []ocelRelation `json:"relationships"`
}

type ocelValue struct {
	Name  string `json:"name"`
	Value any    `json:"value"`
}

type ocelRelation struct {
	Object    string `json:"objectId"`
	Qualifier string `json:"qualifier"`
}

type ocelObject struct {
	ID            string         `json:"id"`
	Type          string         `json:"type"`
	Attributes    []ocelTimed    `json:"attributes"`
	Relationships []ocelRelation `json:"relationships"`
}

type ocelTimed struct {
	Name  string `json:"name"`
	Time  string `json:"time"`
	Value any    `json:"value"`
}

type ocelType struct {
	Name       string          `json:"name"`
	Attributes []ocelAttribute `json:"attributes"`
}

type ocelAttribute struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// objectID keeps objects of different types apart: one id may name a dossier and
// its reminders, or a number both.
func objectID(r Relation) string { return r.Type + ":" + r.ID }

func (o *ocel) Event(e *Event) error {
	if o.n == 0 {
		o.text(`{"events":[` + "\n")
	} else {
		o.text(",\n")
	}
	o.n++
	known := o.types[e.Type]
	if known == nil {
		known = map[string]string{"recorded_at": "time"}
		o.types[e.Type] = known
	}
	x := ocelEvent{ID: e.ID, Type: e.Type, Time: Instant(e.Occurred), Attributes: []ocelValue{}, Relationships: []ocelRelation{}}
	for _, a := range e.Attributes {
		known[a.Name] = cmp.Or(known[a.Name], typeOf(a.Value))
		x.Attributes = append(x.Attributes, ocelValue(a))
	}
	x.Attributes = append(x.Attributes, ocelValue{"recorded_at", Instant(e.Recorded)})
	for _, r := range e.Related {
		o.object(e, r)
		x.Relationships = append(x.Relationships, ocelRelation{objectID(r), r.Qualifier})
	}
	return o.json(x)
}

// ofDossier are the objects that belong to the dossier in which they are named.
var ofDossier = []string{Trajectory, "disclosure", "request", "complaint", "consent", "hold"}

// object takes in an object where an event first names it.
func (o *ocel) object(e *Event, r Relation) {
	key := Relation{Type: r.Type, ID: r.ID}
	if o.objects[key] != nil {
		return
	}
	x := &ocelObject{ID: objectID(r), Type: r.Type, Attributes: []ocelTimed{{"first_seen", Instant(e.Occurred), Instant(e.Occurred)}}, Relationships: []ocelRelation{}}
	if e.Case != "" && slices.Contains(ofDossier, r.Type) {
		x.Relationships = append(x.Relationships, ocelRelation{objectID(Relation{Type: Dossier, ID: e.Case}), "of"})
	}
	o.objects[key] = x
	o.order = append(o.order, x)
}

func (o *ocel) Close() error {
	if o.n == 0 {
		o.text(`{"events":[`)
	}
	o.text("\n],\"objects\":[\n")
	found := map[string]bool{}
	for i, x := range o.order {
		if i > 0 {
			o.text(",\n")
		}
		found[x.Type] = true
		if err := o.json(x); err != nil {
			return err
		}
	}
	types := []ocelType{}
	for _, name := range slices.Sorted(maps.Keys(found)) {
		types = append(types, ocelType{name, []ocelAttribute{{"first_seen", "time"}}})
	}
	o.text("\n],\"objectTypes\":")
	if err := o.json(types); err != nil {
		return err
	}
	types = []ocelType{}
	for _, name := range slices.Sorted(maps.Keys(o.types)) {
		t := ocelType{Name: name, Attributes: []ocelAttribute{}}
		for _, a := range slices.Sorted(maps.Keys(o.types[name])) {
			t.Attributes = append(t.Attributes, ocelAttribute{a, o.types[name][a]})
		}
		types = append(types, t)
	}
	o.text(",\n\"eventTypes\":")
	if err := o.json(types); err != nil {
		return err
	}
	o.text("}\n")
	return o.w.Flush()
}

func (o *ocel) json(v any) error {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = o.w.Write(b)
	}
	return err
}

func (o *ocel) text(s string) {
	o.w.WriteString(s) //nolint:errcheck // a broken writer says so at Flush
}

// typeOf is an attribute's type in OCEL.
func typeOf(v any) string {
	switch v.(type) {
	case int64:
		return "integer"
	case bool:
		return "boolean"
	}
	return "string"
}
