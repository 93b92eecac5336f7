package dossier

import (
	"html/template"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
)

// model is what the page shows. Without a View it is the form alone: when the
// look cannot be recorded, nothing personal but what was typed comes back.
type model struct {
	URL   string
	Title string
	View  bool

	Name, Number, Coach, Status, StatusClass, Profile string

	AsOf     string // the banner; "" for now
	On       string // the form of the choice
	Then     bool
	Recorded string // that this look was recorded, and where
	Saved    string

	Denied *denied // in place of the dossier
	Print  bool
	Glass  string // until when the dossier is open after the glass was broken
	Part   bool   // the reader may not see all of it
	// Purpose is in words and "" for guidance; Query keeps it, and the date, in links.
	Purpose, PurposeCode string
	Query                template.URL

	Particulars  []pair
	Trajectories []trajectory
	Categories   []category
	Days         []day
	Events       string // how many
	Talk         *talk
}

type pair struct {
	Label, Value string
	Note         string
}

type trajectory struct {
	Number, State, Hours string
	Open                 bool
	Minutes, Budget      int
}

// category is the records of one data category.
type category struct {
	Name, Count string
	Records     []content
}

func build(p *i18n.Printer, v *queries.DossierView, a asOf) *model {
	m := &model{View: true, On: a.text, Then: a.then}
	if !a.day.IsZero() {
		mode := "asof.now"
		if a.then {
			mode = "asof.then"
		}
		m.AsOf = p.T("asof.banner", "date", a.day.Long(p.Lang), "mode", p.T(mode))
		m.On = a.day.Short()
	}
	if v.AccessRecord > 0 {
		m.Recorded = p.T("dossier.recorded", "position", i18n.Position(v.AccessRecord))
	}
	m.Part = v.Partial
	if !v.GlassUntil.IsZero() {
		m.Glass = p.T("glass.banner", "time", nl.DateTime(v.GlassUntil, p.Lang))
	}
	m.head(p, v)
	m.particulars(p, v)
	m.trajectories(p, v)
	m.records(p, v)
	m.Days, m.Events = timeline(p, v)
	return m
}

func (m *model) head(p *i18n.Printer, v *queries.DossierView) {
	m.Name = clientName(v)
	m.Title = p.T("dossier.noname")
	if m.Name != "" {
		m.Title = p.T("dossier.title", "name", m.Name)
	}
	var open []string
	for _, t := range v.Trajectories {
		if t.Ended == "" {
			open = append(open, t.Number)
		}
	}
	if len(open) == 0 && len(v.Trajectories) > 0 {
		open = []string{v.Trajectories[len(v.Trajectories)-1].Number}
	}
	m.Number = strings.Join(open, ", ")
	var coaches []string
	for _, s := range v.Assigned {
		if s.Name != "" {
			coaches = append(coaches, s.Name)
		}
	}
	m.Coach = p.Join(coaches)
	m.Status = p.Code("status", v.Status)
	switch v.Status {
	case "open":
		m.StatusClass = "open"
	case "partly_destroyed", "destroyed":
		m.StatusClass = "warn"
	}
	if v.Profile != "" {
		m.Profile = p.T("dossier.profile.version", "profile", p.Code("profile", v.Profile), "version", v.ProfileVer)
	}
}

// clientName is "given names family name", of the contact details on file.
func clientName(v *queries.DossierView) string {
	var given, family string
	for _, c := range v.Contact {
		for _, f := range fieldsOf(c.Data) {
			switch f.name {
			case "given_names":
				given = f.text()
			case "family_name":
				family = f.text()
			}
		}
	}
	return strings.TrimSpace(given + " " + family)
}

func (m *model) particulars(p *i18n.Printer, v *queries.DossierView) {
	at := map[string]int{}
	for _, val := range append(slices.Clone(v.Contact), v.Personal...) {
		if val.State != "open" {
			m.Particulars = append(m.Particulars, pair{Label: sentence(p.Code("category", string(val.Category))), Value: stateText(p, val.State)})
			continue
		}
		for _, f := range fieldsOf(val.Data) {
			one := f.pair(p)
			if one.Value == "" {
				continue
			}
			if i, ok := at[f.name]; ok {
				m.Particulars[i] = one
				continue
			}
			at[f.name] = len(m.Particulars)
			m.Particulars = append(m.Particulars, one)
		}
	}
	rank := func(label string) int {
		i := slices.IndexFunc(inOrder, func(name string) bool { return p.T("field."+name) == label })
		if i < 0 {
			return len(inOrder)
		}
		return i
	}
	slices.SortStableFunc(m.Particulars, func(a, b pair) int { return rank(a.Label) - rank(b.Label) })
}

// inOrder is how people write particulars down.
var inOrder = []string{"given_names", "family_name", "address", "birth_date", "sex", "nationality", "telephone", "bsn", "bsn_statute", "bank"}

func (m *model) trajectories(p *i18n.Printer, v *queries.DossierView) {
	facts := factsOf(v)
	for _, t := range slices.Backward(v.Trajectories) {
		f := facts[t.Number]
		row := trajectory{Number: t.Number, Open: t.Ended == "", Minutes: f.minutes, Budget: f.budget}
		used := nl.Minutes(f.minutes, p.Lang)
		row.Hours = p.T("dossier.trajectory.hours", "used", used)
		if f.budget > 0 {
			row.Hours = p.T("dossier.trajectory.budget", "used", used, "budget", nl.Minutes(f.budget, p.Lang))
		}
		if row.Open {
			row.State = p.T("dossier.trajectory.running", "date", longDate(p, t.Started))
		} else if f.outcome == "" {
			row.State = p.T("dossier.trajectory.closed", "date", longDate(p, t.Ended))
		} else {
			row.State = p.T("dossier.trajectory.ended", "date", longDate(p, t.Ended), "outcome", p.Code("outcome", f.outcome))
		}
		m.Trajectories = append(m.Trajectories, row)
	}
}

// fact is what the timeline says of a trajectory.
type fact struct {
	minutes, budget int
	outcome         string
}

func factsOf(v *queries.DossierView) map[string]*fact {
	out := map[string]*fact{}
	of := func(number string) *fact {
		if out[number] == nil {
			out[number] = &fact{}
		}
		return out[number]
	}
	for _, t := range v.Trajectories {
		of(t.Number)
	}
	entries := map[string]*fact{} // the trajectory of each entry of hours
	for _, e := range v.Timeline {
		c := clearOf(e.Clear)
		switch e.Type {
		case "trajectory.started":
			of(c.str("trajectory")).budget = c.num("budget_minutes")
		case "trajectory.ended":
			of(c.str("trajectory")).outcome = c.str("outcome")
		case "hours.logged":
			f := of(c.str("trajectory"))
			f.minutes += c.num("minutes")
			entries[c.str("entry")] = f
		case "hours.corrected":
			if f := entries[c.str("entry")]; f != nil {
				f.minutes += c.num("minutes") - c.num("previous")
			}
		}
	}
	return out
}

// records groups what is on file by category, in the catalogue's order.
func (m *model) records(p *i18n.Printer, v *queries.DossierView) {
	by := map[domain.Category][]content{}
	var others []domain.Category
	for _, val := range v.Values {
		if _, seen := by[val.Category]; !seen && !slices.Contains(domain.Categories, val.Category) {
			others = append(others, val.Category)
		}
		by[val.Category] = append(by[val.Category], newContent(p, val))
	}
	for _, c := range append(slices.Clone(domain.Categories), others...) {
		if list := by[c]; len(list) > 0 {
			slices.Reverse(list) // newest first, as the timeline
			m.Categories = append(m.Categories, category{Name: sentence(p.Code("category", string(c))), Count: p.N("dossier.records", len(list)), Records: list})
		}
	}
}

func longDate(p *i18n.Printer, s string) string {
	d, err := nl.ParseDate(s)
	if err != nil {
		return p.T("unknown.code")
	}
	return d.Long(p.Lang)
}

// sentence begins a text with a capital.
func sentence(s string) string {
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}

func stateText(p *i18n.Printer, state string) string {
	switch state {
	case "destroyed", "restricted", "hidden":
		return p.T("dossier." + state)
	}
	return p.T("dossier.unreadable")
}
