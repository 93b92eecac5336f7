package replay

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// couldModel is what somebody could have seen of a dossier on a day, beside what
// was shown to him.
type couldModel struct {
	shared
	On    string
	Who   string
	Staff []ui.Option
	Asked bool

	Answer  string // could he, in a sentence
	Allowed bool
	Rights  []fact
	Changed bool // other policies were at work too
	Rows    []couldRow
	Looks   []look
	View    []told // what the dossier said then
	State   []fact
}

// couldRow is a category: could it be seen, and was it shown.
type couldRow struct {
	Category, Could, Shown string
	Yes                    bool
	Beyond                 bool // shown, though these rights did not open it
}

// look is one look at the dossier that is on record.
type look struct {
	Time, What, Purpose, Ground, Data string
	Denied                            bool
}

// ServeCould answers what somebody could have seen, and what he was shown.
func (p *Page) ServeCould(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	c := p.choose(r, "could")
	q := r.URL.Query()
	m := couldModel{shared: c.shared, On: strings.TrimSpace(q.Get("on")), Who: q.Get("as"), Asked: q.Has("as")}
	d := ui.Dates{Words: words}
	on := d.End("on", m.On)
	if m.Asked && m.On == "" {
		d.Errors = append(d.Errors, ui.FieldError{Field: "on", Text: words.T("replay.period.missing")})
	}
	if m.Asked && m.Who == "" {
		d.Errors = append(d.Errors, ui.FieldError{Field: "as", Text: words.T("replay.could.missing")})
	}
	names, staff, err := p.people(r)
	if err == nil && m.Asked && d.Errors == nil {
		err = p.could(r, writer{words, names}, &m, *on)
	}
	if err != nil {
		p.kit.Fail(w, r, err)
		return
	}
	m.Staff = []ui.Option{{Label: words.T("replay.could.choose")}}
	for _, s := range staff {
		m.Staff = append(m.Staff, ui.Option{Value: s.Staff, Label: s.Name, Selected: s.Staff == m.Who})
	}
	p.render(w, r, d.Errors, m)
}

func (p *Page) could(r *http.Request, w writer, m *couldModel, on time.Time) error {
	v, err := p.queries.Seen(r.Context(), p.reader(r, "view"), m.Dossier, m.Who, on, m.Open)
	if err != nil {
		return err
	}
	m.recorded(w.Printer, v.AccessRecord)
	who, date := w.actor(v.Staff), nl.DateOf(v.KnownAt).Long(w.Lang)
	m.Allowed, m.Changed = v.Rights.Allowed, v.Rights.Changed
	if m.Allowed {
		m.Answer = w.T("replay.could.yes", "who", who, "date", date)
	} else {
		m.Answer = w.T("replay.could.no", "who", who, "date", date, "why", w.why(&v.Rights))
	}
	m.Rights = w.rights(v)
	m.Rows = w.compare(v)
	for _, l := range slices.Backward(v.Looks) {
		m.Looks = append(m.Looks, w.look(l))
	}
	if v.View != nil {
		m.view(w, v.View)
	}
	return nil
}

// why is the reason of a denial in words, of somebody else and of then.
func (w writer) why(r *queries.SeenRights) string {
	text, rule := w.T("replay.why"), r.Rule
	switch {
	case r.Code == "not_assigned" && r.Assigned && !r.Counts:
		text, rule = w.T("replay.why.guidance_over"), "C-0g"
	case w.Has("replay.why." + r.Code):
		text = w.T("replay.why." + r.Code)
	}
	if rule != "" {
		text += " " + w.T("rule.label") + " " + w.Rule(rule)
	}
	return text
}

func (w writer) rights(v *queries.Seen) []fact {
	r := &v.Rights
	yes := func(b bool) string {
		if b {
			return w.T("accounts.yes")
		}
		return w.T("accounts.no")
	}
	assigned := yes(r.Assigned)
	if r.Assigned && !r.Counts {
		assigned = w.T("replay.could.assigned.over")
	}
	roles := w.Codes("role", r.Roles)
	if roles == "" {
		roles = w.T("seen.norole")
	}
	list := []fact{{w.T("column.role"), roles}, {w.T("replay.could.active"), yes(r.Active)}, {w.T("replay.could.bound"), yes(r.Bound)},
		{w.T("replay.could.assigned"), assigned}, {w.T("replay.could.glass"), yes(r.Broken)}, {w.T("replay.could.grants"), nl.Count(len(r.Grants), w.Lang)}}
	if r.Profile != "" {
		list = append(list, fact{w.T("column.profile"), w.text([]string{"profile"}, r.Profile)})
	}
	list = append(list, fact{w.T("replay.position"), i18n.Position(v.Position)}, fact{w.T("replay.policies"), r.Digest})
	for _, d := range r.Recorded {
		if d != r.Digest {
			list = append(list, fact{w.T("replay.policies.also"), d})
		}
	}
	return list
}

// compare lays what could be seen beside what was shown.
func (w writer) compare(v *queries.Seen) (out []couldRow) {
	at := map[string]int{}
	row := func(category string) *couldRow {
		i, ok := at[category]
		if !ok {
			i = len(out)
			at[category] = i
			out = append(out, couldRow{Category: w.Code("category", category), Could: w.T("accounts.no"), Shown: w.T("replay.could.never")})
		}
		return &out[i]
	}
	for _, c := range v.Rights.Categories {
		x := row(string(c.Category))
		var grounds []string
		for _, ground := range []string{"assignment", "grant", "break_glass", "request", "role"} {
			if p := c.Purposes[ground]; p != nil {
				grounds = append(grounds, w.T("replay.could.ground", "ground", w.Code("access_ground", ground), "purposes", w.Codes("purpose", p)))
			}
		}
		x.Yes, x.Could = true, strings.Join(grounds, "; ")
	}
	for _, s := range v.Shown {
		x := row(string(s.Category))
		x.Shown = w.N("replay.could.shown", s.Times, "first", nl.DateTime(s.First, w.Lang), "last", nl.DateTime(s.Last, w.Lang))
		x.Beyond = !x.Yes
	}
	return out
}

func (w writer) look(l queries.AccessLook) look {
	var kinds []string
	for _, c := range l.Categories {
		kinds = append(kinds, string(c))
	}
	out := look{Time: nl.DateTime(l.OccurredAt, w.Lang), What: w.Code("access_action", l.Action), Purpose: w.T("seen.nopurpose"), Ground: w.Code("access_ground", l.Ground), Data: w.Codes("category", kinds), Denied: l.Outcome != "allowed"}
	if l.Purpose != "" {
		out.Purpose = w.Code("purpose", l.Purpose)
	}
	if l.Ground == "" {
		out.Ground = w.Code("access_ground", "none")
	}
	return out
}

// view is the dossier as he could have seen it: its events, newest first, and
// what stands in them where the reader may know that too.
func (m *couldModel) view(w writer, v *queries.DossierView) {
	m.State = append(m.State, fact{w.T("column.status"), w.Code("status", v.Status)}, fact{w.T("replay.count.label"), nl.Count(len(v.Timeline), w.Lang)})
	for _, e := range slices.Backward(v.Timeline) {
		if e.Hidden {
			m.View = append(m.View, told{origin{Text: w.T("replay.could.hidden"), When: nl.DateOf(e.Occurred).Long(w.Lang)}})
			continue
		}
		ev := newEvent(w, e)
		text := ev.Sentence
		for _, x := range ev.Values {
			if s := x.Text + x.State; s != "" {
				text += " · " + x.Category + ": " + s
			}
		}
		m.View = append(m.View, told{origin{Text: text, When: nl.DateTime(e.Occurred, w.Lang), URL: "/dossiers/" + m.Dossier + "/replay/" + i18n.Position(e.Position)}})
	}
}
