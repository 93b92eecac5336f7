package queries

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/dossier"
)

// Change is one thing that differs between two clear states, in the words of
// JSON Patch (RFC 6902), with what stood there before.
type Change struct {
	Op   string          `json:"op"`   // add, replace, remove
	Path string          `json:"path"` // JSON Pointer (RFC 6901) into the clear state
	Old  json.RawMessage `json:"old,omitempty"`
	New  json.RawMessage `json:"new,omitempty"`
	// Events are those that the change came from, in stream order.
	Events []Source `json:"events,omitempty"`
}

// The operations of a Change, and those of a ContentChange.
const (
	opAdd     = "add"
	opReplace = "replace"
	opRemove  = "remove"
	opHide    = "hide" // was shown, is shielded or destroyed
	opShow    = "show" // was shielded
)

// fullNames are the names of a part of the state in full; its stored form has short
// ones, since a dossier may have ten thousand records.
type fullNames struct {
	names map[string]string     // "" leaves out
	under map[string]*fullNames // by the short name
	each  *fullNames            // of every entry of a map or a list
}

var (
	spanNames  = &fullNames{names: map[string]string{"f": "from", "u": "until"}}
	pointNames = &fullNames{names: map[string]string{"t": "at", "v": "version"}}
	spans      = &fullNames{each: spanNames}

	stateNames = &fullNames{
		// The newest time orders commands and is no fact of its own.
		names: map[string]string{"newest": "", "entries": "hours", "used": "documents_and_questions"},
		under: map[string]*fullNames{
			"trajectories": {each: &fullNames{under: map[string]*fullNames{"open": spans}}},
			"assignments":  spans, "objections": spans, "holds": spans, "representatives": spans, "views": spans, "glasses": spans,
			"changed": {each: pointNames},
			"records": {each: &fullNames{
				names: map[string]string{"c": "category", "i": "contains", "k": "class", "s": "source", "j": "judgement", "a": "added", "d": "date",
					"t": "trajectory", "r": "restricted", "n": "changed", "m": "moved", "o": "moved_to"},
				under: map[string]*fullNames{"r": spans, "n": pointNames},
			}},
			"disclosures": {each: &fullNames{
				names: map[string]string{"r": "recipient", "m": "made", "i": "items", "u": "unlawful", "t": "told"},
				under: map[string]*fullNames{"m": pointNames, "t": {each: pointNames}},
			}},
		},
	}
)

// say puts the full names in place of the short ones.
func (w *fullNames) say(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for k, x := range v {
			name, sub := k, w.sub(k)
			if full, ok := w.name(k); ok {
				if name = full; full == "" {
					continue
				}
			}
			out[name] = sub.say(x)
		}
		return out
	case []any:
		for i, x := range v {
			v[i] = w.sub("").say(x)
		}
	}
	return v
}

func (w *fullNames) name(k string) (string, bool) {
	if w == nil {
		return "", false
	}
	full, ok := w.names[k]
	return full, ok
}

func (w *fullNames) sub(k string) *fullNames {
	if w == nil {
		return nil
	}
	if s := w.under[k]; s != nil {
		return s
	}
	return w.each
}

// clearState is the folded state of a dossier with full names. Trajectories
// stand by their number. With only, of records, hours, consents, disclosures and
// ids in use those alone that it holds.
func clearState(st *dossier.State, profile string, only map[string]bool) (map[string]any, error) {
	part := *st
	if only != nil {
		part.Records, part.Entries, part.Consents = some(st.Records, only), some(st.Entries, only), some(st.Consents, only)
		part.Disclosures, part.Used = some(st.Disclosures, only), some(st.Used, only)
	}
	raw, err := json.Marshal(&part)
	if err != nil {
		return nil, err
	}
	v, err := treeOf(raw)
	if err != nil {
		return nil, err
	}
	out, _ := stateNames.say(v).(map[string]any)
	if list, ok := out["trajectories"].([]any); ok {
		by := map[string]any{}
		for _, t := range list {
			if t, ok := t.(map[string]any); ok {
				number, _ := t["number"].(string)
				by[number] = t
			}
		}
		out["trajectories"] = by
	}
	for _, name := range collections {
		if out[name] == nil {
			out[name] = map[string]any{}
		}
	}
	for _, name := range []string{"assignments", "objections"} {
		if out[name] == nil {
			out[name] = []any{}
		}
	}
	if st.Exists() {
		out["status"] = statusOf(st)
	}
	if profile != "" {
		out["profile"] = profile
	}
	return out, nil
}

// collections are there when they are empty too, so that a change names the entry.
var collections = []string{"changed", "complaints", "consents", "disclosures", "documents_and_questions", "glasses", "holds", "hours",
	"records", "representatives", "requests", "trajectories", "views"}

func some[V any](m map[domain.ID]V, only map[string]bool) map[domain.ID]V {
	out := map[domain.ID]V{}
	for id := range only {
		if v, ok := m[id]; ok {
			out[id] = v
		}
	}
	return out
}

// treeOf decodes JSON with its numbers as they are written.
func treeOf(raw []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

// rawOf is a tree as JSON: names in byte order, so that the same state has the
// same bytes.
func rawOf(v any) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil { // a tree that came from JSON can always be written
		return nil
	}
	return json.RawMessage(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// differ adds what has to be done to a to make b of it, in the order of the paths.
func differ(path string, a, b any, out *[]Change) {
	ma, okA := a.(map[string]any)
	mb, okB := b.(map[string]any)
	if okA && okB {
		for _, k := range slices.Sorted(maps.Keys(union(ma, mb))) {
			va, inA := ma[k]
			vb, inB := mb[k]
			differAt(path+"/"+pointer(k), va, vb, inA, inB, out)
		}
		return
	}
	la, okA := objects(a)
	lb, okB := objects(b)
	if okA && okB {
		for i := range max(len(la), len(lb)) {
			var va, vb any
			if i < len(la) {
				va = la[i]
			}
			if i < len(lb) {
				vb = lb[i]
			}
			differAt(path+"/"+strconv.Itoa(i), va, vb, i < len(la), i < len(lb), out)
		}
		return
	}
	if x, y := rawOf(a), rawOf(b); !bytes.Equal(x, y) {
		*out = append(*out, Change{Op: opReplace, Path: path, Old: x, New: y})
	}
}

func differAt(path string, a, b any, inA, inB bool, out *[]Change) {
	switch {
	case inA && inB:
		differ(path, a, b, out)
	case inB:
		*out = append(*out, Change{Op: opAdd, Path: path, New: rawOf(b)})
	case inA:
		*out = append(*out, Change{Op: opRemove, Path: path, Old: rawOf(a)})
	}
}

// objects is a list of objects; a list of codes differs as a whole.
func objects(v any) ([]any, bool) {
	list, ok := v.([]any)
	return list, ok && !slices.ContainsFunc(list, func(x any) bool {
		_, ok := x.(map[string]any)
		return !ok
	})
}

func union(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, b)
	return out
}

// pointer escapes one name of a JSON Pointer.
func pointer(name string) string {
	return strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}
