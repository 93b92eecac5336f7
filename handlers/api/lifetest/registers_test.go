package lifetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
)

// Fields that stand in no golden row: the agency is that of the story; positions
// and recorded times are compared by themselves, since the engine's own commits
// and looks stand between; the wording of an explanation is judged by the tests
// of the rules; by which role and ground somebody looks is up to the policies.
var (
	unsaid = []string{"agency", "position", "recorded_at", "explanation", "role", "ground", "profile"}
	said   = map[string][]string{
		"disclosures": {"profile", "ground"}, "retention": {"profile"},
		"activities": {"activity", "rule", "categories", "special", "recipients", "retention"}, // and nothing else
	}
)

// kept are the registers whose rows stand in the stories. The history is
// compared with the steps themselves; reminders are the engine's, a moment after
// the deadlines that stand here, and tests of their own wait for them.
func kept() []string {
	return slices.DeleteFunc(slices.Clone(queries.Registers), func(r string) bool { return r == "history" || r == "reminders" })
}

// table is what a register has to hold, or holds: its rows in byte order.
type table []string

// state is what every register of a story has to hold at the end of a day.
type state map[string]table

func (s state) clone() state {
	out := maps.Clone(s)
	for k, v := range out {
		out[k] = slices.Clone(v)
	}
	return out
}

// apply makes of what had to stand on the day before what has to stand now.
func (s state) apply(t *testing.T, agency string, d day) {
	t.Helper()
	for register, changes := range d.expected {
		for _, c := range changes {
			list := s[register]
			if c.sort == '+' {
				s[register] = append(list, tokens(c.match))
				continue
			}
			found := false
			var out table
			for _, row := range list {
				fields := strings.Fields(row)
				switch {
				case slices.ContainsFunc(c.match, func(m string) bool { return !slices.Contains(fields, m) }):
					out = append(out, row)
				case c.sort == '~':
					out = append(out, tokens(set(fields, c.set)))
					found = true
				default:
					found = true
				}
			}
			if !found {
				t.Errorf("%s.story:%d: no row of %s stood there like this", agency, c.line, register)
			}
			s[register] = out
		}
	}
}

func tokens(fields []string) string { return strings.Join(slices.Sorted(slices.Values(fields)), " ") }

// set puts values in the place of those that the fields have; -field takes one out.
func set(fields, values []string) []string {
	for _, v := range values {
		key, _, _ := strings.Cut(strings.TrimPrefix(v, "-"), "=")
		fields = slices.DeleteFunc(fields, func(f string) bool { return strings.HasPrefix(f, key+"=") })
		if !strings.HasPrefix(v, "-") {
			fields = append(fields, v)
		}
	}
	return fields
}

// read gives every register as it stands, or stood; looks are those at dossiers.
func (w *world) read(agency string, query func() url.Values) state {
	w.t.Helper()
	out := state{}
	for _, register := range kept() {
		list := w.rows(agency, register, query())
		w.inOrder(agency, register, list)
		out[register] = table{}
		for _, row := range list {
			if text := w.render(agency, register, row); register != "access" || !strings.Contains(text, "action=export") {
				out[register] = append(out[register], text)
			}
		}
	}
	return out
}

// render gives a row as a story has it: names for ids, and local time to the minute.
func (w *world) render(agency, register, row string) string {
	w.t.Helper()
	keys, values, err := object([]byte(row))
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, k := range keys {
		if (register == "activities" || slices.Contains(unsaid, k)) && !slices.Contains(said[register], k) {
			continue
		}
		var v any
		if err := json.Unmarshal(values[k], &v); err != nil {
			w.t.Fatal(err)
		}
		if register == "activities" && slices.Contains([]string{"categories", "special"}, k) {
			v = float64(len(v.([]any)))
		}
		out = append(out, k+"="+w.value(agency, k, v))
	}
	return tokens(out)
}

func (w *world) value(agency, key string, v any) string {
	switch v := v.(type) {
	case []any:
		var list []string
		for _, e := range v {
			list = append(list, w.value(agency, "", e))
		}
		slices.Sort(list)
		return strings.Join(list, ",")
	case map[string]any:
		if v["term"] != nil { // of a class, in the register of activities
			return fmt.Sprint(v["class"], ":", v["term"])
		}
		var list []string
		for _, k := range slices.Sorted(maps.Keys(v)) {
			list = append(list, k+":"+w.value(agency, k, v[k]))
		}
		return "{" + strings.Join(list, ",") + "}"
	case string:
		if name, ok := w.names[v]; ok {
			return "$" + strings.TrimPrefix(name, agency+".")
		}
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil && (strings.HasSuffix(key, "_at") || key == "notify_by" || key == "out_since") {
			return t.In(nl.Amsterdam()).Format("2006-01-02T15:04")
		}
		return v
	}
	return fmt.Sprint(v)
}

// inOrder holds the order that catalogue §3 gives each register, and that a row
// with a position is one of this agency.
func (w *world) inOrder(agency, register string, list []string) {
	w.t.Helper()
	before := ""
	for _, row := range list {
		var r struct {
			Agency, Due, Dossier, Since string
			Position                    uint64
		}
		if err := json.Unmarshal([]byte(row), &r); err != nil {
			w.t.Fatal(err)
		}
		if r.Agency != "" && r.Agency != agency {
			w.t.Errorf("%s of %s has a row of %s (C-2.8)", register, agency, r.Agency)
		}
		if owner := w.position[r.Position].agency; owner != "" && owner != agency {
			w.t.Errorf("%s of %s has a row at a position of another agency (C-2.8)", register, agency)
		}
		key := fmt.Sprintf("%020d", r.Position)
		switch register {
		case "retention":
			key = or(r.Due, "9999") + r.Dossier
		case "deadlines":
			key = r.Due[:10] + r.Dossier
		case "obligations":
			key = r.Since + r.Dossier
		case "recipients", "hours", "dossiers", "activities": // by when they came in, which the row does not say
			continue
		}
		if key < before {
			w.t.Errorf("%s of %s is not in its order", register, agency)
		}
		before = key
	}
}

// compare tells where what stands differs from what has to stand.
func (w *world) compare(agency, when string, want, got state) {
	w.t.Helper()
	for _, register := range kept() {
		for _, row := range without(want[register], got[register]) {
			w.t.Errorf("%s of %s, %s: worked out by hand and not there:\n\t%s", register, agency, when, row)
		}
		for _, row := range without(got[register], want[register]) {
			w.t.Errorf("%s of %s, %s: there and not worked out by hand:\n\t%s", register, agency, when, row)
		}
	}
}

// without gives what is in a and not in b, as often as it is there more.
func without(a, b table) (out table) {
	rest := slices.Clone(b)
	for _, row := range a {
		if i := slices.Index(rest, row); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			continue
		}
		out = append(out, row)
	}
	return out
}
