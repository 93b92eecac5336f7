package replay

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/casefile-engine/casefile/domain"
	"github.com/casefile-engine/casefile/domain/nl"
	"github.com/casefile-engine/casefile/handlers/queries"
	"github.com/casefile-engine/casefile/handlers/web/i18n"
	"github.com/casefile-engine/casefile/handlers/web/ui"
)

// agencyModel is the agency as it was on a day.
type agencyModel struct {
	shared
	Which      string // the dossier that was typed
	Asked      bool
	Facts      []fact
	Dossiers   []fact // by status
	Recipients []fact // by class
	Staff      []member
	Registers  []register
	Withheld   string
	Proof      *proof
}

type member struct{ Name, Roles, Since, Until string }

type register struct{ Name, Rows, Digest string }

// ServeAgency is where an auditor begins: which dossier, or the agency on a day.
func (p *Page) ServeAgency(w http.ResponseWriter, r *http.Request) {
	words, q := p.kit.Printer(r), r.URL.Query()
	c := p.choose(r, "agency")
	m := agencyModel{shared: c.shared, Which: strings.TrimSpace(q.Get("dossier")), Asked: q.Has("ask")}
	if !p.kit.MayReplay(r) {
		p.kit.Refuse(w, r, &domain.Error{Kind: domain.KindForbidden, Code: "not_permitted", Rule: "C-2.1.4b", Message: "the history of the agency is open to the compliance officer and the auditor"})
		return
	}
	errs := c.errors
	if q.Has("dossier") {
		id, err := domain.ParseID("dossier", m.Which)
		if err == nil {
			http.Redirect(w, r, "/dossiers/"+id+"/replay", http.StatusSeeOther)
			return
		}
		errs = append(errs, ui.FieldError{Field: "dossier", Text: words.T("registers.dossier.wrong")})
	}
	if m.Asked && errs == nil {
		if err := p.agency(r, words, &m, c.options); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
	}
	p.render(w, r, errs, m)
}

func (p *Page) agency(r *http.Request, words *i18n.Printer, m *agencyModel, o queries.ReplayOptions) error {
	o.Open = false
	v, err := p.queries.AgencyReplay(r.Context(), p.reader(r, "view"), o)
	if err != nil {
		return err
	}
	names, _, err := p.people(r)
	if err != nil {
		return err
	}
	w := writer{words, names}
	m.recorded(words, v.AccessRecord)
	m.Facts = []fact{{words.T("replay.evaluated"), nl.DateTime(v.EvaluatedAt, words.Lang)}, {words.T("replay.count.label"), nl.Count(v.Commits, words.Lang)}, {words.T("replay.position"), i18n.Position(v.Position)}}
	if g := v.Regulation; g != nil {
		m.Facts = append(m.Facts, fact{words.T("column.profile"), words.T("replay.regulation", "profile", words.Code("profile", g.Profile), "version", g.Version, "date", g.EffectiveFrom.Long(words.Lang))})
	}
	m.Dossiers, m.Recipients = w.counts("status", v.Dossiers), w.counts("recipient_class", v.Recipients)
	for _, s := range v.Staff {
		one := member{Name: w.actor(s.Staff), Roles: words.Codes("role", s.Roles), Since: nl.DateOf(s.Enrolled).Long(words.Lang), Until: w.text(nil, s.LeftOn)}
		if names[s.Staff] == "" {
			one.Name = short(s.Staff)
		}
		m.Staff = append(m.Staff, one)
	}
	for _, x := range v.Registers {
		m.Registers = append(m.Registers, register{words.T("register." + x.Register), nl.Count(x.Rows, words.Lang), x.SHA256})
	}
	if len(v.Withheld) > 0 {
		m.Withheld = words.T("replay.withheld", "registers", words.Codes("register", v.Withheld))
	}
	m.Proof, err = p.prove(r, words, []queries.Step{{Position: v.Position, Leaf: v.Leaf}})
	return err
}

func (w writer) counts(list string, n map[string]int) (out []fact) {
	for _, k := range slices.Sorted(maps.Keys(n)) {
		out = append(out, fact{w.Code(list, k), nl.Count(n[k], w.Lang)})
	}
	return out
}

// changesModel is what changed in the agency between two times.
type changesModel struct {
	shared
	period
	Groups    []group
	Registers []registerChange
}

// group is the rows of one kind that changed.
type group struct {
	Title string
	Rows  []changedRow
}

type changedRow struct {
	What, Name, URL string
	Changes         []change
	Events          []origin
}

type registerChange struct{ Name, Before, After string }

// ServeChanges compares the agency at two times.
func (p *Page) ServeChanges(w http.ResponseWriter, r *http.Request) {
	words := p.kit.Printer(r)
	c := p.choose(r, "changes")
	m := changesModel{shared: c.shared}
	var o queries.DifferenceOptions
	var errs []ui.FieldError
	if m.period, o, errs = p.choosePeriod(r, words); m.Asked && errs == nil {
		o.Open = false
		if err := p.compare(r, words, &m, o); err != nil {
			p.kit.Fail(w, r, err)
			return
		}
	}
	p.render(w, r, errs, m)
}

func (p *Page) compare(r *http.Request, words *i18n.Printer, m *changesModel, o queries.DifferenceOptions) error {
	d, err := p.queries.AgencyDifference(r.Context(), p.reader(r, "view"), o)
	if err != nil {
		return err
	}
	names, _, err := p.people(r)
	if err != nil {
		return err
	}
	w := writer{words, names}
	m.recorded(words, d.AccessRecord)
	for _, part := range []struct {
		name string
		rows []queries.RowChange
	}{{"dossiers", d.Dossiers}, {"staff", d.Staff}, {"recipients", d.Recipients}, {"rules", d.Rules}} {
		if len(part.rows) == 0 {
			continue
		}
		g := group{Title: words.T("replay.group." + part.name)}
		for _, x := range part.rows {
			one := changedRow{What: words.T("replay.op." + x.Op), Name: w.name(nil, x.ID), Changes: w.changes("", x.Changes, ""), Events: w.origins("", x.Events, "")}
			if part.name == "dossiers" {
				one.URL = "/dossiers/" + x.ID + "/replay"
				one.Events = w.origins(x.ID, x.Events, "")
			}
			g.Rows = append(g.Rows, one)
		}
		m.Groups = append(m.Groups, g)
	}
	for _, x := range d.Registers {
		m.Registers = append(m.Registers, registerChange{words.T("register." + x.Register), w.snapshot(x.Before), w.snapshot(x.After)})
	}
	return nil
}

func (w writer) snapshot(s *queries.RegisterSnapshot) string {
	if s == nil {
		return ""
	}
	return w.N("registers.count", s.Rows) + ", " + short(s.SHA256)
}
