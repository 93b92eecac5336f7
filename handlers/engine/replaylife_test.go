package engine_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/handlers/commands"
	"github.com/casefile-engine/casefile/handlers/engine"
	"github.com/casefile-engine/casefile/handlers/mining"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/projections/dossiers"
)

// lived is an agency in which every command was given, with a marker in every
// text, and its dossiers.
func lived(t *testing.T) (l *life, ids []string, r queries.Reader) {
	t.Helper()
	e := open(t, t.TempDir(), true)
	l = newLife(t, e, &output{})
	l.live()
	head, err := e.Store.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r = queries.Reader{Caller: commands.Caller{Door: commands.DoorCLI, Staff: domain.Operator}, Agency: "click", Purpose: "audit", Action: "view", After: head}
	err = e.Queries.Export(t.Context(), r, queries.ExportOptions{Register: "dossiers"}, func(row any) error {
		ids = append(ids, row.(dossiers.Row).Dossier)
		return nil
	})
	if err != nil || len(ids) == 0 {
		t.Fatalf("%d dossiers, %v", len(ids), err)
	}
	return l, ids, r
}

func (l *life) unmarked(what, text string) {
	l.Helper()
	for word, of := range l.sealed {
		if strings.Contains(text, word) {
			l.Errorf("%s has %q of %s in the clear", what, word, of)
		}
	}
}

// X-3, T4: the changes of all steps, done one after the other on nothing, give the
// state after the last; none is missed and none invented, whatever command was
// given. Nothing of it is personal (T8).
func TestStepsAddUpToTheState_X_3_T4_T8(t *testing.T) {
	l, ids, r := lived(t)
	for _, id := range ids {
		all, err := l.e.Queries.Steps(t.Context(), r, id, 0, queries.ReplayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		l.unmarked("a replay", jsonOf(t, all))
		var state any
		for i, st := range all.Steps {
			one, err := l.e.Queries.Steps(t.Context(), r, id, st.Position, queries.ReplayOptions{})
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				state = tree(t, one.Steps[0].Before)
			}
			for _, c := range st.Changes {
				state = patched(t, state, c)
			}
			after := tree(t, one.Steps[0].After)
			if !reflect.DeepEqual(state, after) {
				t.Fatalf("step %d (%s): the changes\n%s\ngive\n%s\nand not\n%s", st.Step, st.Command, jsonOf(t, st.Changes), jsonOf(t, state), one.Steps[0].After)
			}
			long(t, after, "")
		}
		last := all.Steps[len(all.Steps)-1]
		d, err := l.e.Queries.Difference(t.Context(), r, id, queries.DifferenceOptions{From: all.Steps[0].Occurred.Add(-time.Second), To: time.Now().UTC()})
		if err != nil {
			t.Fatal(err)
		}
		l.unmarked("a difference", jsonOf(t, d))
		if d.FromPosition != 0 || d.ToPosition != last.Position {
			t.Errorf("a difference from %d to %d", d.FromPosition, d.ToPosition)
		}
		for _, c := range d.Changes {
			if len(c.Events) == 0 {
				t.Errorf("%s %s names no event", c.Op, c.Path)
			}
		}
	}
}

// long sees to it that no short name of the stored form is left.
func long(t *testing.T, v any, path string) {
	t.Helper()
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if len(k) < 2 {
				t.Errorf("%s has the short name %q", path, k)
			}
			long(t, x, path+"/"+k)
		}
	case []any:
		for _, x := range v {
			long(t, x, path)
		}
	}
}

func tree(t *testing.T, raw json.RawMessage) (v any) {
	t.Helper()
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// patched does one change as JSON Patch says (RFC 6902).
func patched(t *testing.T, state any, c queries.Change) any {
	t.Helper()
	var do func(v any, path []string) any
	do = func(v any, path []string) any {
		name := strings.NewReplacer("~1", "/", "~0", "~").Replace(path[0])
		switch v := v.(type) {
		case map[string]any:
			switch {
			case len(path) > 1:
				v[name] = do(v[name], path[1:])
			case c.Op == "remove":
				delete(v, name)
			default:
				v[name] = tree(t, c.New)
			}
			return v
		case []any:
			i, err := strconv.Atoi(name)
			switch {
			case err != nil || i > len(v):
				t.Fatalf("%s leads nowhere", c.Path)
			case len(path) > 1:
				v[i] = do(v[i], path[1:])
			case c.Op == "remove":
				return slices.Delete(v, i, i+1)
			case i == len(v):
				return append(v, tree(t, c.New))
			default:
				v[i] = tree(t, c.New)
			}
			return v
		}
		t.Fatalf("%s leads nowhere", c.Path)
		return nil
	}
	return do(state, strings.Split(c.Path, "/")[1:])
}

// eventLog is the event log of the agency in a form.
func eventLog(t *testing.T, e *engine.Engine, r queries.Reader, form string, pseudonyms bool) string {
	t.Helper()
	var b bytes.Buffer
	log := mining.New(form, &b)
	if err := e.Queries.Mining(t.Context(), r, queries.MiningOptions{ByDossier: form == mining.XES, Pseudonyms: pseudonyms}, log.Event); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// X-15, T8: the history of every command as event logs: the same each time, times
// in UTC, no text and no trajectory number; with pseudonyms no dossier and no
// member of staff either.
func TestEventLogsOfEveryCommand_X_15_T8(t *testing.T) {
	l, ids, r := lived(t)
	for _, form := range mining.Forms {
		first := eventLog(t, l.e, r, form, false)
		if eventLog(t, l.e, r, form, false) != first {
			t.Errorf("%s is another log each time", form)
		}
		hidden := eventLog(t, l.e, r, form, true)
		l.unmarked(form, first)
		l.unmarked(form, hidden)
		if !strings.Contains(first, ids[0]) || !strings.Contains(first, eva) {
			t.Errorf("%s names no dossier or no member of staff", form)
		}
		for _, id := range append([]string{eva, bob}, ids...) {
			if strings.Contains(hidden, id) {
				t.Errorf("%s with pseudonyms names %s", form, id)
			}
		}
		if form == mining.XES {
			wellFormed(t, first)
		}
	}
	log := mined(t, eventLog(t, l.e, r, mining.OCEL, false))
	numbers := map[string]bool{}
	for _, o := range log.Objects {
		if o.Type == mining.Trajectory {
			numbers[o.ID] = true
		}
	}
	if len(numbers) == 0 {
		t.Error("no trajectory is an object")
	}
	err := l.e.Queries.Export(t.Context(), r, queries.ExportOptions{Register: "dossiers"}, func(row any) error {
		for _, tr := range row.(dossiers.Row).Trajectories {
			if numbers["trajectory:"+tr.Trajectory] {
				t.Errorf("the number %s goes out", tr.Trajectory)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// ocelLog is the form of OCEL 2.0 (JSON).
type ocelLog struct {
	EventTypes, ObjectTypes []struct {
		Name       string
		Attributes []struct{ Name, Type string }
	}
	Objects []struct {
		ID, Type      string
		Attributes    []struct{ Name, Time string }
		Relationships []struct{ ObjectID, Qualifier string }
	}
	Events []struct {
		ID, Type, Time string
		Attributes     []struct {
			Name  string
			Value any
		}
		Relationships []struct{ ObjectID, Qualifier string }
	}
}

// mined checks a log against what OCEL 2.0 demands: ids that are unique, types
// and attributes that are declared with their kind, relations that lead somewhere
// and have a qualifier, times as ISO 8601 in UTC.
func mined(t *testing.T, text string) (log ocelLog) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var strict struct {
		EventTypes  json.RawMessage `json:"eventTypes"`
		ObjectTypes json.RawMessage `json:"objectTypes"`
		Objects     json.RawMessage `json:"objects"`
		Events      json.RawMessage `json:"events"`
	}
	if err := d.Decode(&strict); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(text), &log); err != nil {
		t.Fatal(err)
	}
	declared, types, objects, events := map[string]string{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, x := range log.ObjectTypes {
		types[x.Name] = true
	}
	for _, x := range log.EventTypes {
		declared[x.Name] = "type"
		for _, a := range x.Attributes {
			declared[x.Name+"/"+a.Name] = a.Type
		}
	}
	for _, o := range log.Objects {
		if objects[o.ID] || !types[o.Type] {
			t.Errorf("object %s: twice, or of an undeclared type %s", o.ID, o.Type)
		}
		objects[o.ID] = true
	}
	for _, o := range log.Objects {
		for _, rel := range o.Relationships {
			if !objects[rel.ObjectID] || rel.Qualifier == "" {
				t.Errorf("object %s relates to %q", o.ID, rel.ObjectID)
			}
		}
	}
	for _, e := range log.Events {
		if events[e.ID] || declared[e.Type] == "" || !strings.HasSuffix(e.Time, "Z") {
			t.Errorf("event %s of %s at %s", e.ID, e.Type, e.Time)
		}
		events[e.ID] = true
		for _, a := range e.Attributes {
			want := declared[e.Type+"/"+a.Name]
			switch a.Value.(type) {
			case string:
				if want != "string" && want != "time" {
					t.Errorf("%s/%s is a text, declared %q", e.Type, a.Name, want)
				}
			case float64:
				if want != "integer" {
					t.Errorf("%s/%s is a number, declared %q", e.Type, a.Name, want)
				}
			case bool:
				if want != "boolean" {
					t.Errorf("%s/%s is yes or no, declared %q", e.Type, a.Name, want)
				}
			default:
				t.Errorf("%s/%s is no value of OCEL", e.Type, a.Name)
			}
		}
		for _, rel := range e.Relationships {
			if !objects[rel.ObjectID] || rel.Qualifier == "" {
				t.Errorf("event %s relates to %q as %q", e.ID, rel.ObjectID, rel.Qualifier)
			}
		}
	}
	if len(events) == 0 {
		t.Error("the log is empty")
	}
	return log
}

// wellFormed checks an XES log: well-formed XML; extensions, globals, classifiers
// and attributes before the traces; what the extensions demand in every event;
// no key twice in one element; dates in UTC.
func wellFormed(t *testing.T, text string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	order := []string{"extension", "global", "classifier", "string", "trace"}
	var stack []string
	keys := []map[string]bool{{}}
	at, traces := 0, 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch x := tok.(type) {
		case xml.StartElement:
			name, attrs := x.Name.Local, map[string]string{}
			for _, a := range x.Attr {
				attrs[a.Name.Local] = a.Value
			}
			if len(stack) == 1 {
				i := slices.Index(order, name)
				if i < at {
					t.Fatalf("%s stands after %s", name, order[at])
				}
				at = i
				traces += strings.Count(name, "trace")
			}
			if k := attrs["key"]; k != "" {
				if keys[len(keys)-1][k] {
					t.Errorf("the key %s stands twice", k)
				}
				keys[len(keys)-1][k] = true
				if name == "date" && !strings.HasSuffix(attrs["value"], "Z") {
					t.Errorf("the date %s is not in UTC", attrs["value"])
				}
			}
			stack, keys = append(stack, name), append(keys, map[string]bool{})
		case xml.EndElement:
			has := keys[len(keys)-1]
			if x.Name.Local == "event" && (!has["concept:name"] || !has["time:timestamp"] || !has["org:resource"] || !has["lifecycle:transition"]) {
				t.Errorf("an event has %v", has)
			}
			if x.Name.Local == "trace" && !has["concept:name"] {
				t.Error("a trace has no name")
			}
			stack, keys = stack[:len(stack)-1], keys[:len(keys)-1]
		}
	}
	if traces == 0 {
		t.Error("the log has no trace")
	}
}
