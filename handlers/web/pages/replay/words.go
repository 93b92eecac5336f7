package replay

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/pages/dossier"
)

// writer puts clear facts into words. names are those of people, by id.
type writer struct {
	*i18n.Printer
	names map[string]string
}

// lists name the list of codes that a value takes its words from;
// "<collection>/<name>" goes before "<name>".
var lists = map[string]string{
	"service": "service", "referral": "referral", "standing": "standing", "status": "status", "capacity": "capacity", "category": "category", "contains": "category",
	"class": "class", "classes": "class", "source": "source", "for": "consent_for", "categories": "category", "purpose": "purpose", "items": "category", "profile": "profile",
	"requests/kind": "request_kind", "representatives/kind": "representative_kind", "decision": "request_decision", "scope": "scope", "roles": "role",
	"recipient_class": "recipient_class", "subtype": "recipient_subtype",
}

// steps are the names on the way to a value, from its JSON Pointer.
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	out := strings.Split(strings.TrimPrefix(pointer, "/"), "/")
	for i, s := range out {
		out[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(s)
	}
	return out
}

// path names the place of a value: "Stukken › …82c37a47 › Soort".
func (w writer) path(pointer string) string {
	list := steps(pointer)
	if len(list) == 0 {
		return w.T("replay.whole")
	}
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = w.name(list[:i], s)
	}
	return strings.Join(out, " › ")
}

// byCategory are the collections whose entries stand under a data category.
var byCategory = []string{"records", "changed", "told"}

// name is one name on the way to a value; under is what it stands under.
func (w writer) name(under []string, s string) string {
	if len(under) > 0 && slices.Contains(byCategory, under[len(under)-1]) && w.Has("category."+s) {
		return w.T("category." + s)
	}
	for _, list := range []string{"state.", "column.", "field."} {
		if w.Has(list + s) {
			return w.T(list + s)
		}
	}
	if _, err := domain.ParseID("", s); err == nil {
		if n := w.names[s]; n != "" {
			return n
		}
		return short(s)
	}
	if n, err := strconv.Atoi(s); err == nil && len(s) < 5 {
		return strconv.Itoa(n + 1) // the first of a list is the first
	}
	return s
}

// value writes what stands at a place; "" for nothing.
func (w writer) value(pointer string, raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return w.T("unknown.code")
	}
	return w.say(steps(pointer), v)
}

func (w writer) say(at []string, v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case bool:
		if x {
			return w.T("accounts.yes")
		}
		return w.T("accounts.no")
	case json.Number:
		return w.number(at, x)
	case string:
		return w.text(at, x)
	case []any:
		var out []string
		for _, e := range x {
			out = append(out, w.say(at, e))
		}
		return strings.Join(out, ", ")
	case map[string]any:
		var out []string
		for _, k := range slices.Sorted(maps.Keys(x)) {
			if s := w.say(append(slices.Clone(at), k), x[k]); s != "" {
				out = append(out, w.name(at, k)+": "+s)
			}
		}
		return strings.Join(out, "; ")
	}
	return w.T("unknown.code")
}

func (w writer) number(at []string, n json.Number) string {
	if i, err := strconv.Atoi(n.String()); err == nil && len(at) == 2 && at[0] == "hours" {
		return nl.Minutes(i, w.Lang)
	}
	return n.String()
}

func (w writer) text(at []string, s string) string {
	coded := false
	if len(at) > 0 {
		last := at[len(at)-1]
		list, ok := lists[at[0]+"/"+last]
		if !ok {
			list, ok = lists[last]
		}
		coded = ok
		code, version, _ := strings.Cut(s, "/")
		switch {
		case ok && list == "profile" && w.Has("profile."+code):
			return w.T("replay.profile", "profile", w.Code(list, code), "version", version)
		case ok && w.Has(list+"."+s):
			return w.Code(list, s)
		case last == "class" && w.Has("recipient_class."+s): // not of records
			return w.Code("recipient_class", s)
		}
	}
	if s == domain.Operator || s == domain.Engine {
		return w.T("actor." + s)
	}
	if _, err := domain.ParseID("", s); err == nil {
		if n := w.names[s]; n != "" {
			return n
		}
		return short(s)
	}
	if d, err := nl.ParseDate(s); err == nil {
		return d.Long(w.Lang)
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return nl.DateTime(t, w.Lang)
	}
	if coded && s != "" {
		return w.T("unknown.code") // codes never reach the eye (ui.md §1)
	}
	return s
}

// readable is JSON as people read it: indented, names in their own order.
func readable(raw json.RawMessage) string {
	if len(raw) == 0 {
		return ""
	}
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return ""
	}
	return b.String()
}

// origin is the event that something came from, as a link to its step.
type origin struct{ URL, Text, When string }

// origin names an event: what happened, when, and where it is on the stream.
func (w writer) origin(dossierID string, s queries.Source, keep string) origin {
	o := origin{Text: w.eventName(s.Type), When: w.T("replay.from.when", "time", nl.DateTime(s.Occurred, w.Lang), "position", i18n.Position(s.Position))}
	if dossierID != "" {
		o.URL = "/dossiers/" + dossierID + "/replay/" + i18n.Position(s.Position) + keep
	}
	return o
}

func (w writer) origins(dossierID string, list []queries.Source, keep string) (out []origin) {
	for _, s := range list {
		out = append(out, w.origin(dossierID, s, keep))
	}
	return out
}

// eventName is the sentence of an event without what stands in its places.
func (w writer) eventName(eventType string) string {
	if w.Has("event_name." + eventType) {
		return w.T("event_name." + eventType)
	}
	return dossier.Say(w.Printer, w.names, eventType, nil)
}

// actor is who did something: by name where it is known.
func (w writer) actor(id string) string {
	switch {
	case id == domain.Operator || id == domain.Engine:
		return w.T("actor." + id)
	case w.names[id] != "":
		return w.names[id]
	}
	return w.T("actor.someone")
}

// change is one difference as people read it.
type change struct {
	Where, Old, New, What string // What: added, changed, gone
	From                  []origin
}

func (w writer) changes(dossierID string, list []queries.Change, keep string) (out []change) {
	for _, c := range list {
		out = append(out, change{Where: w.path(c.Path), Old: w.value(c.Path, c.Old), New: w.value(c.Path, c.New), What: w.T("replay.op." + c.Op), From: w.origins(dossierID, c.Events, keep)})
	}
	return out
}
