package registers

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/exporting"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/pages/dossier"
	"github.com/casefile-engine/casefile/projections/obligations"
)

// value is one cell.
type value struct {
	Label, Text string // the column's, for narrow screens
	URL         string
	Warn        bool // it asks for attention
	Number      bool
	Fixed       bool // an id, a number or a date, which stays on one line
}

// leftOut are columns that say nothing on a page: the agency is the reader's own,
// and ids by which programs find their way. A file has them all.
var leftOut = []string{"agency", "name_en", "disclosure", "consent", "entry", "glass", "review", "reminder", "item", "list", "disclosures/records", "activities/activity"}

// historyColumns are what a page shows of the history; a file has all of it.
var historyColumns = []string{"position", "time", "dossier", "events", "actor", "door", "purpose"}

func columnsOf(p *i18n.Printer, register string) (out []column) {
	names := exporting.Columns(register)
	if register == "history" {
		names = historyColumns
	}
	for _, c := range names {
		if slices.Contains(leftOut, c) || slices.Contains(leftOut, register+"/"+c) {
			continue
		}
		label := "column." + c
		if p.Has("column." + register + "." + c) {
			label = "column." + register + "." + c
		}
		out = append(out, column{Name: c, Label: p.T(label), Number: slices.Contains(numbers, c)})
	}
	return out
}

var numbers = []string{"position", "minutes", "number", "items", "items_granted", "items_refused", "people", "notices_pending", "sample", "times_out", "version"}

// lists name the list of codes that a column takes its words from;
// "<register>/<column>" goes before "<column>".
var lists = map[string]string{
	"categories": "category", "special": "category", "records": "category", "class": "class", "recipients/class": "recipient_class", "subtype": "recipient_subtype",
	"recipient_class": "recipient_class", "ground": "ground", "access/ground": "access_ground", "grounds": "ground", "purpose": "purpose",
	"channel": "channel", "method": "channel", "paper/method": "paper_destruction", "activity": "activity", "role": "role",
	"activities/role": "processing_role", "profile": "profile", "action": "access_action", "access/outcome": "access_outcome", "complaints/outcome": "complaint_outcome",
	"reviews/outcome": "review_or_finding", "dossiers/status": "status", "retention/status": "retention_status", "deadlines/status": "deadline_status", "reminders/status": "deadline_status",
	"deadlines/kind": "reminder_kind", "requests/kind": "request_kind", "incidents/kind": "incident_kind", "reminders/kind": "reminder_kind", "reviews/kind": "review_kind", "approvals/kind": "approval_kind", "approvals/state": "approval_state",
	"notices/kind": "reminder_kind", "requests/decision": "request_decision", "requests/state": "request_state", "notices/state": "notice_state", "complaints/state": "complaint_state",
	"incidents/state": "incident_state", "paper/state": "paper_state", "reviews/state": "review_state", "risk": "incident_risk", "stage": "reminder_stage",
	"notices/to": "notice_to", "source": "source", "sources": "source", "services": "service", "requests/by": "source", "door": "door", "requests/reason": "request_reason",
	"subjects": "data_subject",
}

// people are the columns with ids of members of staff.
var people = []string{"actor", "assigned", "staff", "holder", "handler", "about_staff", "for", "witnessed_by", "approver"}

// warns are the codes that ask for attention, by list.
var warns = []string{"access_outcome.denied", "access_ground.break_glass", "deadline_status.overdue", "deadline_status.met_late", "review_state.overdue", "approval_state.denied", "retention_status.due", "paper_state.out"}

// names are the opened names of members of staff and recipients, by id.
type names map[string]string

// names opens the names in the rows, once there are any and the reader may know
// them: that is a look of its own. Without them people are "a member of staff".
func (p *Page) names(r *http.Request, rows []map[string]json.RawMessage) (names, error) {
	if !slices.ContainsFunc(rows, func(row map[string]json.RawMessage) bool {
		return row["recipient"] != nil || slices.ContainsFunc(people, func(c string) bool { return row[c] != nil })
	}) {
		return nil, nil
	}
	staff, recipients, err := p.queries.People(r.Context(), p.reader(r, "list"))
	if err != nil {
		if domain.AsError(err).Kind == domain.KindForbidden {
			return nil, nil
		}
		return nil, err
	}
	out := names{}
	for _, s := range staff {
		out[s.Staff] = s.Name
	}
	for _, x := range recipients {
		out[x.Recipient] = x.Name
	}
	return out, nil
}

// fill makes the table of words.
func (m *model) fill(p *i18n.Printer, s shown) {
	m.Columns = columnsOf(p, m.Register)
	used := map[string]bool{}
	for _, row := range s.rows {
		switch {
		case m.Register == "history":
			told(p, s.names, row)
		case m.Register == "activities" && p.Lang == nl.English:
			row["name"] = row["name_en"]
		}
		for c := range row {
			used[c] = true
		}
	}
	// A column with nothing in it takes room from the others.
	m.Columns = slices.DeleteFunc(m.Columns, func(c column) bool { return len(s.rows) > 0 && !used[c.Name] })
	w := writer{p, m.Register, s.names, m.within}
	for _, row := range s.rows {
		line := make([]value, len(m.Columns))
		for i, c := range m.Columns {
			line[i] = w.cell(c, row[c.Name])
		}
		m.Rows = append(m.Rows, line)
	}
}

// told puts into a commit of the history what the page shows of it.
func told(p *i18n.Printer, n names, row map[string]json.RawMessage) {
	var data struct {
		Events []struct {
			Type string          `json:"type"`
			Data json.RawMessage `json:"data"`
		} `json:"events"`
	}
	if json.Unmarshal(row["data"], &data) != nil {
		return
	}
	var texts []string
	for _, e := range data.Events {
		texts = append(texts, dossier.Say(p, n, e.Type, e.Data))
	}
	row["events"], _ = json.Marshal(strings.Join(texts, "; ")) //nolint:errchkjson // a text always has a JSON form
	var kind string
	if json.Unmarshal(row["aggregatekind"], &kind) == nil && (kind == domain.KindDossier || kind == domain.KindReminder) {
		row["dossier"] = row["aggregateid"]
	}
}

// writer writes the cells of one register.
type writer struct {
	p        *i18n.Printer
	register string
	names    names
	within   string // the page of a dossier that links lead to
}

func (w writer) cell(c column, raw json.RawMessage) value {
	v := value{Label: c.Label, Number: c.Number, Fixed: c.Number}
	if raw == nil {
		return v
	}
	list, ok := lists[w.register+"/"+c.Name]
	if !ok {
		list = lists[c.Name]
	}
	v.Text = strings.Join(w.texts(c.Name, list, raw, &v), ", ")
	v.Fixed = v.Fixed && len(v.Text) < 30 // a list of them is broken between two
	return v
}

// texts are the words of a value: of a list each, of an object of counts the
// name with its number.
func (w writer) texts(name, list string, raw json.RawMessage, v *value) (out []string) {
	var one any
	if json.Unmarshal(raw, &one) != nil {
		return nil
	}
	switch x := one.(type) {
	case string:
		return []string{w.text(name, list, x, v)}
	case bool:
		return []string{w.p.T(map[bool]string{true: "accounts.yes", false: "accounts.no"}[x])}
	case []any:
		for _, item := range x {
			if b, err := json.Marshal(item); err == nil {
				out = append(out, w.texts(name, list, b, v)...)
			}
		}
	case map[string]any:
		return w.object(list, x, v)
	default:
		return []string{strings.Trim(string(raw), " ")}
	}
	return out
}

// inOrder are the fields of a trajectory as people tell them: which, from when,
// until when.
var inOrder = []string{"trajectory", "started", "ended"}

// object writes counts by code, and of anything else its values.
func (w writer) object(list string, x map[string]any, v *value) (out []string) {
	keys := slices.SortedFunc(maps.Keys(x), func(a, b string) int {
		return cmp.Or(cmp.Compare(slices.Index(inOrder, a), slices.Index(inOrder, b)), cmp.Compare(a, b))
	})
	for _, k := range keys {
		b, err := json.Marshal(x[k])
		if err != nil {
			continue
		}
		if n, ok := x[k].(float64); ok {
			out = append(out, w.p.Code(list, k)+" "+nl.Count(int(n), w.p.Lang))
			continue
		}
		out = append(out, w.texts(k, lists[k], b, v)...)
	}
	return out
}

// text writes one text: a code by its name, a date as people write it, a person
// by his name.
func (w writer) text(name, list, s string, v *value) string {
	if s == "" {
		return ""
	}
	switch {
	case w.register == "obligations" && name == "kind":
		for _, k := range obligations.Kinds {
			if k.Code == s {
				return w.p.Lang.Pick(k.NL, k.EN)
			}
		}
	case list != "" && w.p.Has(list+"."+s):
		v.Warn = v.Warn || slices.Contains(warns, list+"."+s)
		return w.p.T(list + "." + s)
	case list != "":
		return w.p.T("unknown.code") // codes never reach the eye (ui.md §1)
	case name == "rule":
		return w.p.Rule(s)
	case name == "code" && w.p.Has("code."+s):
		return w.p.T("code." + s)
	case slices.Contains(people, name) || name == "recipient":
		return w.person(name, s)
	}
	if _, err := domain.ParseID("", s); err == nil {
		v.Fixed = true
		if name == "dossier" {
			v.URL = "/dossiers/" + s + w.within
		}
		return Short(s)
	}
	if d, err := nl.ParseDate(s); err == nil {
		v.Fixed = true
		return d.Short()
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		v.Fixed = true
		return nl.DateTime(t, w.p.Lang)
	}
	return s
}

func (w writer) person(name, id string) string {
	switch {
	case w.names[id] != "":
		return w.names[id]
	case id == domain.Operator || id == domain.Engine:
		return w.p.T("actor." + id)
	case name == "recipient":
		return w.p.T("actor.recipient")
	}
	return w.p.T("actor.someone")
}

// Short is the end of an id, by which people tell two apart.
func Short(id string) string { return "…" + id[max(0, len(id)-8):] }
